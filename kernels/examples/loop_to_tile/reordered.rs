//! Step 2: the same products, with the output channels in the innermost loop.

use impasto_kernels::ConvShape;

/// As step 1; each product is added to its output in memory.
pub(crate) fn convolution(shape: &ConvShape, image: &[f32], weights: &[f32], out: &mut [f32]) {
    let [_, height, width, channels] = shape.input();
    let out_channels = shape.output()[3];
    out.fill(0.0);
    for y in 0..height {
        for x in 0..width {
            for i in 0..3 {
                for j in 0..3 {
                    let (row, column) = ((y + i).wrapping_sub(1), (x + j).wrapping_sub(1));
                    if row < height && column < width {
                        for c in 0..channels {
                            let value = image[(row * width + column) * channels + c];
                            for o in 0..out_channels {
                                out[(y * width + x) * out_channels + o] +=
                                    value * weights[((i * 3 + j) * channels + c) * out_channels + o];
                            }
                        }
                    }
                }
            }
        }
    }
}
