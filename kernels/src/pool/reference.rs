//! Max pooling and its gradient as plain loops.

use crate::options::Accumulate;
use crate::shape::PoolShape;
use num_traits::Float;

/// `out[n, y, x, c] = max over the window of image[n, ., ., c]`; `argmax` receives the place of the
/// maximum in the whole window, row by row. Of equal values the first wins, as in TensorFlow and PyTorch.
///
/// # Panics
/// If a length is not the shape's.
pub fn max_pool<T: Float>(shape: &PoolShape, image: &[T], out: &mut [T], argmax: &mut [u8]) {
    shape.assert_input(image);
    shape.assert_output(out, argmax);
    for_each_window(shape, |output, places| {
        let mut best = None;
        for (input, place) in places {
            if best.is_none_or(|(value, _)| image[input] > value) {
                best = Some((image[input], place));
            }
        }
        if let Some((value, place)) = best {
            out[output] = value;
            argmax[output] = place;
        }
    });
}

/// The gradient of [`max_pool`]: each `d_out` goes to the pixel that was the maximum of its window.
///
/// # Panics
/// If a length is not the shape's.
pub fn max_pool_gradient<T: Float>(
    shape: &PoolShape,
    d_out: &[T],
    argmax: &[u8],
    accumulate: Accumulate,
    d_image: &mut [T],
) {
    shape.assert_input(d_image);
    shape.assert_output(d_out, argmax);
    accumulate.start(d_image);
    for_each_window(shape, |output, places| {
        for (input, place) in places {
            if argmax[output] == place {
                d_image[input] = d_image[input] + d_out[output];
            }
        }
    });
}

/// Calls `visit(output index, (input index, place in the window)...)` for each window.
fn for_each_window(shape: &PoolShape, mut visit: impl FnMut(usize, &mut dyn Iterator<Item = (usize, u8)>)) {
    let [_, height, width, channels] = shape.input();
    let [batch, out_height, out_width, _] = shape.output();
    for n in 0..batch {
        for y in 0..out_height {
            for x in 0..out_width {
                for c in 0..channels {
                    let output = ((n * out_height + y) * out_width + x) * channels + c;
                    let (rows, columns) = (shape.window(0, y), shape.window(1, x));
                    let mut places = rows.clone().flat_map(|row| {
                        let (rows, columns) = (rows.clone(), columns.clone());
                        columns.clone().map(move |column| {
                            let place = (row - rows.start) * shape.kernel()[1] + column - columns.start;
                            (((n * height + row) * width + column) * channels + c, place as u8)
                        })
                    });
                    visit(output, &mut places);
                }
            }
        }
    }
}
