//! Steps 6 and 7: weights packed once into panels as wide as the tile, and windows read where they lie in an image with
//! a border of zeros, instead of copied (implicit im2col).

use impasto_kernels::ConvShape;

/// Writes the weights (9 * Cin, Cout) panel by panel: all rows of the first `width` columns, then those of the next.
pub(crate) fn pack_weights(columns: usize, width: usize, weights: &[f32]) -> Vec<f32> {
    let mut panels = Vec::with_capacity(weights.len());
    for first in (0..columns).step_by(width) {
        for row in weights.chunks_exact(columns) {
            panels.extend_from_slice(&row[first..first + width]);
        }
    }
    panels
}

/// Copies the image into a frame, which has one more pixel on each side; its border stays as it is, zero.
pub(crate) fn copy_into_frame(shape: &ConvShape, image: &[f32], frame: &mut [f32]) {
    let [_, _, width, channels] = shape.input();
    let rows = frame.chunks_exact_mut((width + 2) * channels).skip(1);
    for (row, target) in image.chunks_exact(width * channels).zip(rows) {
        target[channels..][..row.len()].copy_from_slice(row);
    }
}

/// `out[p, n] = sum over k of window[p][k] * weights[k, n]`, tile by tile of `ROWS` x (`VECTORS` * `LANES`).
#[inline(always)]
pub(crate) fn product<const ROWS: usize, const VECTORS: usize, const LANES: usize, const FUSED: bool>(
    shape: &ConvShape,
    frame: &[f32],
    panels: &[f32],
    out: &mut [f32],
) {
    let [_, height, width, channels] = shape.input();
    let (positions, columns, panel_width) = (height * width, shape.output()[3], VECTORS * LANES);
    let row_stride = (width + 2) * channels;
    for (index, panel) in panels.chunks_exact(9 * channels * panel_width).enumerate() {
        for first in (0..positions).step_by(ROWS) {
            let first = first.min(positions - ROWS);
            let mut windows = [frame; ROWS];
            for r in 0..ROWS {
                let (y, x) = ((first + r) / width, (first + r) % width);
                windows[r] = &frame[y * row_stride + x * channels..];
            }
            let sums = tile::<ROWS, VECTORS, LANES, FUSED>(windows, row_stride, 3 * channels, panel);
            for r in 0..ROWS {
                let out = &mut out[(first + r) * columns + index * panel_width..][..panel_width];
                for v in 0..VECTORS {
                    out[v * LANES..][..LANES].copy_from_slice(&sums[r][v]);
                }
            }
        }
    }
}

/// The sums of one tile. Each window is three segments of `len` consecutive values, `row_stride` apart.
#[inline(always)]
fn tile<const ROWS: usize, const VECTORS: usize, const LANES: usize, const FUSED: bool>(
    windows: [&[f32]; ROWS],
    row_stride: usize,
    len: usize,
    panel: &[f32],
) -> [[[f32; LANES]; VECTORS]; ROWS] {
    let mut sums = [[[0.0; LANES]; VECTORS]; ROWS];
    for i in 0..3 {
        let mut segments = windows;
        for r in 0..ROWS {
            segments[r] = &windows[r][i * row_stride..][..len];
        }
        let panel = &panel[i * len * VECTORS * LANES..][..len * VECTORS * LANES];
        for k in 0..len {
            let right = &panel[k * VECTORS * LANES..][..VECTORS * LANES];
            for r in 0..ROWS {
                let value = segments[r][k];
                for v in 0..VECTORS {
                    for n in 0..LANES {
                        sums[r][v][n] = multiply_add::<FUSED>(value, right[v * LANES + n], sums[r][v][n]);
                    }
                }
            }
        }
    }
    sums
}

/// `a * b + c`. A fused one would be a call of a library where the processor has no such instruction.
#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
