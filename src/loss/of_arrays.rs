//! The same losses of arrays, as plain functions: for those who want a number and no gradient. Nothing is copied where an
//! array is contiguous, and the results are those of the tape, bit for bit.

use impasto_autodiff::{Element, Mismatch, TapeError};
use impasto_kernels::GramKernels;
use ndarray::{Array, Array2, ArrayView2, ArrayView4, CowArray, Dimension};

/// As [`content_loss`](super::content_loss), of features of one shape, (1, H, W, C).
///
/// ```
/// use impasto::loss::of_arrays::content_loss;
/// use ndarray::Array4;
///
/// let (features, target) = (Array4::from_elem((1, 2, 2, 1), 3.0f32), Array4::from_elem((1, 2, 2, 1), 1.0));
/// assert_eq!(content_loss(0.5, features.view(), target.view())?, 8.0); // 0.5 * 4 * (3 - 1)^2
/// # Ok::<(), impasto::autodiff::TapeError>(())
/// ```
///
/// # Errors
/// [`TapeError::Shape`] if the shapes differ.
pub fn content_loss<T: Element>(
    weight: f64,
    features: ArrayView4<'_, T>,
    target: ArrayView4<'_, T>,
) -> Result<T, TapeError> {
    weighted_sum(&[(squared_difference("content_loss", features, target)?, weight)])
}

/// As [`gram_matrix`](super::gram_matrix): (C, C), of features (1, H, W, C).
///
/// # Errors
/// [`TapeError::Shape`] if the features are of several images, or of none.
pub fn gram_matrix<T: Element>(features: ArrayView4<'_, T>, normalize: bool) -> Result<Array2<T>, TapeError> {
    let (images, _, _, channels) = features.dim();
    if images != 1 || features.is_empty() {
        let reason = "the features must be those of one image, (1, H, W, C), with a position and a channel";
        return Err(mismatch("gram_matrix", &[features.shape()], reason));
    }
    let scale = if normalize { 1.0 / features.len() as f64 } else { 1.0 };
    let mut gram = Array2::from_elem((channels, channels), T::zero());
    let features = contiguous(features);
    if let (Some(features), Some(gram)) = (features.as_slice(), gram.as_slice_mut()) {
        T::Gram::new(channels).forward(T::from_f64(scale), features, gram);
    }
    Ok(gram)
}

/// One layer of the style loss: the features (1, H, W, C), the style image's Gram matrix (C, C), and the weight.
pub type StyleLayer<'a, T> = (ArrayView4<'a, T>, ArrayView2<'a, T>, f64);

/// As [`style_loss`](super::style_loss).
///
/// # Errors
/// [`TapeError::Shape`] if a target does not have its features' channels, or there is no layer.
pub fn style_loss<T: Element>(layers: &[StyleLayer<'_, T>]) -> Result<T, TapeError> {
    let mut distances = Vec::with_capacity(layers.len());
    for &(features, target, weight) in layers {
        let gram = gram_matrix(features, true)?;
        distances.push((squared_difference("style_loss", gram.view(), target)?, weight));
    }
    if distances.is_empty() {
        return Err(mismatch("style_loss", &[], "there must be at least one layer"));
    }
    weighted_sum(&distances)
}

/// As [`tv_loss`](super::tv_loss), of an image (1, H, W, 3).
///
/// # Errors
/// [`TapeError::Shape`] if there are no pixels.
pub fn tv_loss<T: Element>(weight: f64, image: ArrayView4<'_, T>) -> Result<T, TapeError> {
    if image.is_empty() {
        return Err(mismatch(
            "tv_loss",
            &[image.shape()],
            "there must be at least one pixel and one channel",
        ));
    }
    let (images, height, width, channels) = image.dim();
    let image = contiguous(image);
    let values = image.as_slice().unwrap_or_default();
    weighted_sum(&[(T::total_variation([images, height, width, channels], values), weight)])
}

fn squared_difference<T: Element, D: Dimension>(
    operation: &'static str,
    a: ndarray::ArrayView<'_, T, D>,
    b: ndarray::ArrayView<'_, T, D>,
) -> Result<T, TapeError> {
    if a.shape() != b.shape() {
        return Err(mismatch(operation, &[a.shape(), b.shape()], "the shapes must be equal"));
    }
    let (a, b) = (contiguous(a), contiguous(b));
    Ok(T::squared_difference(a.as_slice().unwrap_or_default(), b.as_slice().unwrap_or_default()))
}

/// In f64, as the tape's.
fn weighted_sum<T: Element>(terms: &[(T, f64)]) -> Result<T, TapeError> {
    Ok(T::from_f64(terms.iter().map(|&(term, weight)| T::from_f64(weight).as_f64() * term.as_f64()).sum()))
}

/// The array itself where it lies row by row, else a copy that does.
fn contiguous<T: Element, D: Dimension>(array: ndarray::ArrayView<'_, T, D>) -> CowArray<'_, T, D> {
    match array.is_standard_layout() {
        true => array.into(),
        // Element by element: whoever lends the array may have given it any strides.
        false => Array::from_iter(array.iter().copied())
            .into_shape_with_order(array.raw_dim())
            .expect("a copy has as many elements")
            .into(),
    }
}

fn mismatch(operation: &'static str, inputs: &[&[usize]], reason: &str) -> TapeError {
    let inputs = inputs.iter().map(|shape| shape.to_vec()).collect();
    TapeError::Shape { operation, inputs, reason: Mismatch::new(reason) }
}

#[cfg(test)]
mod tests {
    use super::super::{self as on_tape, StyleTerm};
    use super::*;
    use impasto_autodiff::Tape;
    use ndarray::{Array4, Axis, Slice};

    fn waves(seed: usize, channels: usize) -> Array4<f32> {
        Array4::from_shape_fn((1, 9, 11, channels), |(_, y, x, c)| {
            (((y * 37 + x * seed + c * 11) % 97) as f32 - 40.0) / 7.0
        })
    }

    #[test]
    fn the_tapes_own_bits() {
        let (image, features, other) = (waves(5, 3), waves(7, 24), waves(13, 24));
        let mut tape = Tape::<f32>::new();
        let [i, f, o] = [&image, &features, &other].map(|array| tape.constant(array));
        let content = on_tape::content_loss(&mut tape, 0.06, f, o).unwrap();
        let gram = on_tape::gram_matrix(&mut tape, o, true).unwrap();
        let terms = [300.0, 0.1].map(|weight| StyleTerm { features: f, target: gram, weight });
        let style = on_tape::style_loss(&mut tape, &terms).unwrap();
        let tv = on_tape::tv_loss(&mut tape, 0.02, i).unwrap();
        tape.forward();
        let matrix = gram_matrix(other.view(), true).unwrap();
        assert_eq!(tape.value(gram).unwrap(), matrix.clone().into_dyn());
        let number = |var| tape.number(var).unwrap();
        assert_eq!(number(content), content_loss(0.06, features.view(), other.view()).unwrap());
        let layers = [300.0, 0.1].map(|weight| (features.view(), matrix.view(), weight));
        assert_eq!(number(style), style_loss(&layers).unwrap());
        assert_eq!(number(tv), tv_loss(0.02, image.view()).unwrap());
        // Whatever the layout.
        let mut reversed = image.clone();
        reversed.invert_axis(Axis(2));
        let reversed = reversed.as_standard_layout().into_owned();
        let view = reversed.slice_axis(Axis(2), Slice::new(0, None, -1));
        assert_eq!(tv_loss(0.02, view), tv_loss(0.02, image.view()));
    }

    #[test]
    fn shapes_that_do_not_fit() {
        let (features, other) = (waves(5, 4), waves(5, 3));
        assert!(content_loss(1.0, features.view(), other.view()).is_err());
        let gram = gram_matrix(other.view(), true).unwrap();
        assert!(style_loss(&[(features.view(), gram.view(), 1.0)]).is_err());
        assert!(style_loss::<f32>(&[]).is_err());
        let none = Array4::<f32>::zeros((1, 0, 4, 3));
        assert!(gram_matrix(none.view(), true).is_err() && tv_loss(1.0, none.view()).is_err());
        assert!(gram_matrix(Array4::<f32>::zeros((2, 2, 2, 2)).view(), true).is_err());
    }
}
