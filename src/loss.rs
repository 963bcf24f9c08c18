//! The notebook's losses, recorded on a tape: `content_loss`, `gram_matrix`, `style_loss`, `tv_loss`.
//!
//! Source: Gatys, Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks",
//! equations 1 (content), 3 (Gram matrix), 4 and 5 (style); total variation as in the notebook. Each function tells
//! where the notebook, which is followed, leaves the paper's factors out. All losses are single numbers of shape ().

pub mod of_arrays;

use impasto_autodiff::{Element, Tape, TapeError, Var};

/// `weight * sum of (features - target)^2`: how far the picture's content is from the target's.
/// Both are feature maps of one shape, (1, H, W, C).
///
/// Equation 1 without its factor 1/2.
///
/// ```
/// use impasto::loss::content_loss;
/// use impasto_autodiff::Tape;
/// use ndarray::Array4;
///
/// let mut tape = Tape::<f64>::new();
/// let features = tape.variable(&Array4::from_elem((1, 2, 2, 1), 3.0));
/// let target = tape.constant(&Array4::from_elem((1, 2, 2, 1), 1.0));
/// let loss = content_loss(&mut tape, 0.5, features, target)?;
/// tape.forward();
/// tape.backward(loss)?;
/// assert_eq!(tape.number(loss)?, 8.0); // 0.5 * 4 * (3 - 1)^2
/// assert_eq!(tape.gradient(features)?[[0, 0, 0, 0]], 2.0); // 0.5 * 2 * (3 - 1)
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
///
/// # Errors
/// [`TapeError::Shape`] if the shapes differ.
pub fn content_loss<T: Element>(
    tape: &mut Tape<T>,
    weight: f64,
    features: Var,
    target: Var,
) -> Result<Var, TapeError> {
    let distance = tape.squared_difference(features, target)?;
    tape.name(distance, "content_distance")?;
    let loss = tape.weighted_sum(&[(distance, T::from_f64(weight))])?;
    tape.name(loss, "content_loss")
}

/// The Gram matrix (C, C) of features (1, H, W, C): which channels respond together, wherever they
/// do. With `normalize` it is divided by H * W * C.
///
/// Equation 3, which is not divided.
///
/// ```
/// use impasto::loss::gram_matrix;
/// use impasto_autodiff::Tape;
/// use ndarray::array;
///
/// let mut tape = Tape::<f64>::new();
/// // (1, 1, 2, 2): two positions, whose channels are (1, 2) and (3, 0).
/// let features = tape.constant(&array![[[[1.0, 2.0], [3.0, 0.0]]]]);
/// let plain = gram_matrix(&mut tape, features, false)?;
/// let normalized = gram_matrix(&mut tape, features, true)?;
/// tape.forward();
/// assert_eq!(tape.value(plain)?, array![[10.0, 2.0], [2.0, 4.0]].into_dyn());
/// assert_eq!(tape.value(normalized)?, array![[2.5, 0.5], [0.5, 1.0]].into_dyn()); // by 1 * 2 * 2
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
///
/// # Errors
/// [`TapeError::Shape`] if the features are not of that shape.
pub fn gram_matrix<T: Element>(tape: &mut Tape<T>, features: Var, normalize: bool) -> Result<Var, TapeError> {
    let neurons = tape.shape(features)?.iter().product::<usize>();
    let scale = if normalize { 1.0 / neurons as f64 } else { 1.0 };
    let gram = tape.gram(features, T::from_f64(scale))?;
    tape.name(gram, "gram_matrix")
}

/// One layer's part in the style loss.
#[derive(Debug, Clone, Copy)]
pub struct StyleTerm {
    /// The picture's features, (1, H, W, C).
    pub features: Var,
    /// The style image's Gram matrix, (C, C).
    pub target: Var,
    /// The layer's weight.
    pub weight: f64,
}

/// `sum of (gram_matrix(features) - target)^2`: one layer's part in the style loss, before its weight.
///
/// `target` is a normalized Gram matrix, (C, C). Where picture and style image have features of one size, this is 4
/// times equation 4: its factor 1 / (4 N^2 M^2), of N channels and M positions, is that of the normalized matrices but
/// for the 4.
///
/// ```
/// use impasto::loss::{gram_matrix, style_distance};
/// use impasto_autodiff::Tape;
/// use ndarray::array;
///
/// let mut tape = Tape::<f64>::new();
/// let picture = tape.variable(&array![[[[1.0, 2.0], [3.0, 0.0]]]]);
/// let style = tape.constant(&array![[[[3.0, 0.0], [1.0, 2.0]]]]); // the same, elsewhere
/// let target = gram_matrix(&mut tape, style, true)?;
/// let distance = style_distance(&mut tape, picture, target)?;
/// tape.forward();
/// assert_eq!(tape.number(distance)?, 0.0); // a Gram matrix does not know where
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
///
/// # Errors
/// [`TapeError::Shape`] if the target does not have the features' channels.
pub fn style_distance<T: Element>(tape: &mut Tape<T>, features: Var, target: Var) -> Result<Var, TapeError> {
    let gram = gram_matrix(tape, features, true)?;
    gram_distance(tape, gram, target)
}

/// `sum of (gram - target)^2`: [`style_distance`] of features whose normalized Gram matrix is on the tape.
///
/// # Errors
/// [`TapeError::Shape`] if the shapes differ.
pub fn gram_distance<T: Element>(tape: &mut Tape<T>, gram: Var, target: Var) -> Result<Var, TapeError> {
    let distance = tape.squared_difference(gram, target)?;
    tape.name(distance, "style_distance")
}

/// Mean and standard deviation of each channel of features, (C) each.
#[derive(Debug, Clone, Copy)]
pub struct ChannelMoments {
    /// The means.
    pub means: Var,
    /// The standard deviations.
    pub deviations: Var,
}

/// The moments of features (1, H, W, C) whose normalized Gram matrix is `gram`: on its diagonal are the mean squares.
///
/// Not in the notebook. A Gram matrix mixes both: a channel may be weak everywhere or strong in places.
///
/// ```
/// use impasto::loss::{channel_moments, gram_matrix};
/// use impasto_autodiff::Tape;
/// use ndarray::array;
///
/// let mut tape = Tape::<f64>::new();
/// // Two positions, whose only channel is 1 and 5: the mean is 3, the deviation 2.
/// let features = tape.constant(&array![[[[1.0], [5.0]]]]);
/// let gram = gram_matrix(&mut tape, features, true)?;
/// let moments = channel_moments(&mut tape, features, gram)?;
/// tape.forward();
/// assert_eq!(tape.value(moments.means)?, array![3.0].into_dyn());
/// assert!((tape.value(moments.deviations)?[[0]] - 2.0).abs() < 1e-4);
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
///
/// # Errors
/// [`TapeError::Shape`] if the shapes are others.
pub fn channel_moments<T: Element>(
    tape: &mut Tape<T>,
    features: Var,
    gram: Var,
) -> Result<ChannelMoments, TapeError> {
    /// Below this variance a channel is flat; the square root is steep there.
    const FLAT: f64 = 1e-4;
    let means = tape.channel_means(features)?;
    tape.name(means, "means")?;
    let channels = tape.shape(means)?[0];
    let mean_squares = tape.diagonal(gram)?;
    let mean_squares = tape.scale(mean_squares, T::from_f64(channels as f64))?;
    let squares = tape.square(means)?;
    let variances = tape.sub(mean_squares, squares)?;
    // Rounding may leave a little below 0.
    let variances = tape.relu(variances)?;
    let flat = tape.constant(&ndarray::arr0(T::from_f64(FLAT)));
    let variances = tape.add(variances, flat)?;
    let deviations = tape.sqrt(variances)?;
    Ok(ChannelMoments { means, deviations: tape.name(deviations, "deviations")? })
}

/// `(sum of (means - target means)^2 + sum of (deviations - target deviations)^2) / C`.
///
/// Not in the notebook.
///
/// # Errors
/// [`TapeError::Shape`] if the channels are not as many.
pub fn moments_distance<T: Element>(
    tape: &mut Tape<T>,
    moments: ChannelMoments,
    target: ChannelMoments,
) -> Result<Var, TapeError> {
    let share = T::from_f64(1.0 / tape.shape(moments.means)?.iter().product::<usize>() as f64);
    let means = tape.squared_difference(moments.means, target.means)?;
    let deviations = tape.squared_difference(moments.deviations, target.deviations)?;
    let distance = tape.weighted_sum(&[(means, share), (deviations, share)])?;
    tape.name(distance, "moments_distance")
}

/// `sum over layers of weight * sum of (gram_matrix(features) - target)^2`.
///
/// Equation 5.
///
/// ```
/// use impasto::loss::{StyleTerm, style_loss};
/// use impasto_autodiff::Tape;
/// use ndarray::array;
///
/// let mut tape = Tape::<f64>::new();
/// let features = tape.variable(&array![[[[2.0]]]]); // one value: its Gram matrix is 2 * 2 / 1
/// let target = tape.constant(&array![[1.0]]);
/// let term = |weight| StyleTerm { features, target, weight };
/// let loss = style_loss(&mut tape, &[term(10.0), term(0.5)])?;
/// tape.forward();
/// assert_eq!(tape.number(loss)?, 94.5); // (10 + 0.5) * (4 - 1)^2
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
///
/// # Errors
/// [`TapeError::Shape`] if a target does not have its features' channels, or there is no term.
pub fn style_loss<T: Element>(tape: &mut Tape<T>, terms: &[StyleTerm]) -> Result<Var, TapeError> {
    let mut distances = Vec::with_capacity(terms.len());
    for term in terms {
        let distance = style_distance(tape, term.features, term.target)?;
        distances.push((distance, T::from_f64(term.weight)));
    }
    weighted_style_loss(tape, &distances)
}

/// `sum over layers of weight * distance`: the style loss of distances that [`style_distance`] recorded.
///
/// # Errors
/// [`TapeError::Shape`] if there is no distance, or one is not a single number.
pub fn weighted_style_loss<T: Element>(tape: &mut Tape<T>, distances: &[(Var, T)]) -> Result<Var, TapeError> {
    let loss = tape.weighted_sum(distances)?;
    tape.name(loss, "style_loss")
}

/// `weight * (sum of squared vertical differences + sum of squared horizontal differences)` of an
/// image (1, H, W, 3), in preprocessed units: how rough it is.
///
/// ```
/// use impasto::loss::tv_loss;
/// use impasto_autodiff::Tape;
/// use ndarray::array;
///
/// let mut tape = Tape::<f64>::new();
/// // Two rows of one pixel: red rises by 1, green by 2, blue stays.
/// let image = tape.variable(&array![[[[0.0, 0.0, 5.0]], [[1.0, 2.0, 5.0]]]]);
/// let loss = tv_loss(&mut tape, 0.1, image)?;
/// tape.forward();
/// assert_eq!(tape.number(loss)?, 0.5); // 0.1 * (1 + 4)
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
///
/// # Errors
/// [`TapeError::Shape`] if the image is not of that shape.
pub fn tv_loss<T: Element>(tape: &mut Tape<T>, weight: f64, image: Var) -> Result<Var, TapeError> {
    let roughness = tape.total_variation(image)?;
    tape.name(roughness, "total_variation")?;
    let loss = tape.weighted_sum(&[(roughness, T::from_f64(weight))])?;
    tape.name(loss, "tv_loss")
}

/// `weight * mean of (trust * (image - before))^2`: how far an image (1, H, W, 3) is from what the frame before makes one
/// expect, `before`, of the same shape, where `trust`, (1, H, W, 1), is not 0.
///
/// Equation 7 of Ruder, Dosovitskiy and Brox 2016, "Artistic style transfer for videos", where `trust` is 0 or 1. Not in
/// the notebook.
///
/// ```
/// use impasto::loss::temporal_loss;
/// use impasto_autodiff::Tape;
/// use ndarray::array;
///
/// let mut tape = Tape::<f64>::new();
/// // Two pixels; the second was uncovered.
/// let image = tape.variable(&array![[[[1.0, 1.0, 1.0], [9.0, 9.0, 9.0]]]]);
/// let before = tape.constant(&array![[[[0.0, 1.0, 3.0], [0.0, 0.0, 0.0]]]]);
/// let trust = tape.constant(&array![[[[1.0], [0.0]]]]);
/// let loss = temporal_loss(&mut tape, 6.0, image, before, trust)?;
/// tape.forward();
/// assert_eq!(tape.number(loss)?, 5.0); // 6 * (1 + 0 + 4) / 6
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
///
/// # Errors
/// [`TapeError::Shape`] if the shapes are others.
pub fn temporal_loss<T: Element>(
    tape: &mut Tape<T>,
    weight: f64,
    image: Var,
    before: Var,
    trust: Var,
) -> Result<Var, TapeError> {
    let values = tape.shape(image)?.iter().product::<usize>();
    let [image, before] = [tape.mask(image, trust)?, tape.mask(before, trust)?];
    let distance = tape.squared_difference(image, before)?;
    tape.name(distance, "temporal_distance")?;
    let loss = tape.weighted_sum(&[(distance, T::from_f64(weight / values as f64))])?;
    tape.name(loss, "temporal_loss")
}
