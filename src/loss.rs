//! The notebook's losses, recorded on a tape: `content_loss`, `gram_matrix`, `style_loss`, `tv_loss`.
//!
//! Source: Gatys, Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks",
//! equations 1 (content), 3 (Gram matrix), 4 and 5 (style); total variation as in the notebook.

use impasto_autodiff::{Element, Tape, TapeError, Var};

/// `weight * sum of (features - target)^2`: how far the picture's content is from the target's.
/// Both are feature maps of one shape, (1, H, W, C).
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
/// # Errors
/// [`TapeError::Shape`] if the target does not have the features' channels.
pub fn style_distance<T: Element>(tape: &mut Tape<T>, features: Var, target: Var) -> Result<Var, TapeError> {
    let gram = gram_matrix(tape, features, true)?;
    let distance = tape.squared_difference(gram, target)?;
    tape.name(distance, "style_distance")
}

/// `sum over layers of weight * sum of (gram_matrix(features) - target)^2`.
///
/// # Errors
/// [`TapeError::Shape`] if a target does not have its features' channels.
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
/// image (1, H, W, 3): how rough it is.
///
/// # Errors
/// [`TapeError::Shape`] if the image is not of that shape.
pub fn tv_loss<T: Element>(tape: &mut Tape<T>, weight: f64, image: Var) -> Result<Var, TapeError> {
    let roughness = tape.total_variation(image)?;
    tape.name(roughness, "total_variation")?;
    let loss = tape.weighted_sum(&[(roughness, T::from_f64(weight))])?;
    tape.name(loss, "tv_loss")
}
