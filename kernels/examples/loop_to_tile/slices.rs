//! Step 3: the same loops over slices, whose bounds are checked before the innermost loop instead of in it.

use impasto_kernels::ConvShape;

/// As step 2.
pub(crate) fn convolution(shape: &ConvShape, image: &[f32], weights: &[f32], out: &mut [f32]) {
    let [_, height, width, channels] = shape.input();
    let out_channels = shape.output()[3];
    out.fill(0.0);
    for (position, out) in out.chunks_exact_mut(out_channels).enumerate() {
        let (y, x) = (position / width, position % width);
        for (tap, weights) in weights.chunks_exact(channels * out_channels).enumerate() {
            let (row, column) = ((y + tap / 3).wrapping_sub(1), (x + tap % 3).wrapping_sub(1));
            if row < height && column < width {
                let pixel = &image[(row * width + column) * channels..][..channels];
                for (&value, weights) in pixel.iter().zip(weights.chunks_exact(out_channels)) {
                    for (out, &weight) in out.iter_mut().zip(weights) {
                        *out += value * weight;
                    }
                }
            }
        }
    }
}
