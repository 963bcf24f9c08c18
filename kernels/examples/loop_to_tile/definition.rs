//! Step 1: the definition, one output after the other.

use impasto_kernels::ConvShape;

/// `out[y, x, o] = sum over i, j, c of image[y + i - 1, x + j - 1, c] * weights[i, j, c, o]`, zeros outside the image.
pub(crate) fn convolution(shape: &ConvShape, image: &[f32], weights: &[f32], out: &mut [f32]) {
    let [_, height, width, channels] = shape.input();
    let out_channels = shape.output()[3];
    for y in 0..height {
        for x in 0..width {
            for o in 0..out_channels {
                let mut sum = 0.0;
                for i in 0..3 {
                    for j in 0..3 {
                        // One less than nothing wraps to a number that no image is as large as.
                        let (row, column) = ((y + i).wrapping_sub(1), (x + j).wrapping_sub(1));
                        if row < height && column < width {
                            for c in 0..channels {
                                sum += image[(row * width + column) * channels + c]
                                    * weights[((i * 3 + j) * channels + c) * out_channels + o];
                            }
                        }
                    }
                }
                out[(y * width + x) * out_channels + o] = sum;
            }
        }
    }
}
