//! Step 4: a product of matrices. The windows are copied out of the image (im2col), and both matrices are read in
//! blocks that stay in the L1 cache.

use impasto_kernels::ConvShape;

/// Copies the window of each output into a row of 9 * Cin values.
pub(crate) fn copy_windows(shape: &ConvShape, image: &[f32], windows: &mut [f32]) {
    let [_, height, width, channels] = shape.input();
    for (position, window) in windows.chunks_exact_mut(9 * channels).enumerate() {
        let (y, x) = (position / width, position % width);
        for (tap, pixel) in window.chunks_exact_mut(channels).enumerate() {
            let (row, column) = ((y + tap / 3).wrapping_sub(1), (x + tap % 3).wrapping_sub(1));
            if row < height && column < width {
                pixel.copy_from_slice(&image[(row * width + column) * channels..][..channels]);
            } else {
                pixel.fill(0.0);
            }
        }
    }
}

/// Rows of windows, and values of each, that make a block: with as many rows of weights and the outputs, 26 KiB.
const BLOCK: [usize; 2] = [32, 48];

/// `out[p, n] = sum over k of left[p, k] * right[k, n]` for `k` below `depth` and `n` below `columns`.
pub(crate) fn product([depth, columns]: [usize; 2], left: &[f32], right: &[f32], out: &mut [f32]) {
    let [block_rows, block_depth] = BLOCK;
    out.fill(0.0);
    let blocks = left.chunks(block_rows * depth).zip(out.chunks_mut(block_rows * columns));
    for (left, out) in blocks {
        for first in (0..depth).step_by(block_depth) {
            let block_depth = block_depth.min(depth - first);
            let right = &right[first * columns..][..block_depth * columns];
            for (left, out) in left.chunks_exact(depth).zip(out.chunks_exact_mut(columns)) {
                for (&value, right) in left[first..].iter().zip(right.chunks_exact(columns)) {
                    for (out, &right) in out.iter_mut().zip(right) {
                        *out += value * right;
                    }
                }
            }
        }
    }
}
