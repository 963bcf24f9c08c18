//! 3x3 convolution at stride 1 with a quarter of the multiplications: Winograd's F(4x4, 3x3), as Lavin and Gray 2016
//! ("Fast Algorithms for Convolutional Neural Networks") apply it.
//!
//! Sixteen outputs, a tile of 4x4 pixels, come from 6x6 pixels `d` and the 3x3 weights `g`, element by element of
//! transforms of both: `A^T ((G g G^T) * (B^T d B)) A`. Over many tiles and channels, each of the 36 elements becomes
//! a product of matrices: (tiles, Cin) with (Cin, Cout).
//!
//! The transforms evaluate polynomials at 0, infinity and four more points. The usual ones, +-1 and +-2, lose a digit
//! of f32: on random data after ReLU the result is off by 9e-7 (relative L2 norm, 16 channels), where the plain sum is
//! by 8e-8. With +-sqrt(1/2) and +-sqrt(2) it is 4e-7; their squares, all that most of the entries hold, are exact.
//! With s = sqrt(1/2) and l = sqrt(2):
//!
//! ```text
//!       | 1    0   -5/2   0   1  0 |       |  1     0     0  |         | 1   1    1    1    1   0 |
//!       | 0  -2s    -2    s   1  0 |       | -2/3 -2s/3 -1/3 |   A^T = | 0   s   -s    l   -l   0 |
//! B^T = | 0   2s    -2   -s   1  0 |   G = | -2/3  2s/3 -1/3 |         | 0  1/2  1/2   2    2   0 |
//!       | 0  -l/2  -1/2   l   1  0 |       |  1/6   l/6  1/3 |         | 0  s^3 -s^3  l^3 -l^3  1 |
//!       | 0   l/2  -1/2  -l   1  0 |       |  1/6  -l/6  1/3 |
//!       | 0   1     0   -5/2  0  1 |       |  0     0     1  |
//! ```

use crate::gemm::micro_kernel::{Epilogue, Segment};
use crate::gemm::nn::{Grid, Product};
use crate::gemm::packed::PackedMatrix;
use crate::shape::MAX_UNIT;
use crate::simd::{Kernel, Level, MAX_MR, Simd};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// Rows and columns of a tile of outputs.
pub(super) const TILE: usize = 4;
const _: () = assert!(TILE <= MAX_UNIT, "shapes check the sizes of frames for whole tiles");

/// Rows and columns of the pixels that a tile is computed from.
const SPAN: usize = TILE + 2;

/// Elements of a transformed tile.
const ELEMENTS: usize = SPAN * SPAN;

/// The points, each with both signs, and their squares.
const SMALL: f64 = FRAC_1_SQRT_2;
const LARGE: f64 = SQRT_2;
const SMALL_SQUARE: f32 = 0.5;
const LARGE_SQUARE: f32 = 2.0;

/// Tiles that are transformed, multiplied and transformed back together: as many as the highest register tile has rows,
/// and few enough for their transforms to stay in the L2 cache with the weights.
const BATCH: usize = MAX_MR;

/// Channels that every instruction set reads in whole vectors.
const CHANNELS: usize = 16;

/// Whether a filter can be computed here: its window, and channels in whole vectors.
pub(super) fn supports(kernel: [usize; 2], channels: usize, out_channels: usize) -> bool {
    kernel == [3, 3] && channels.is_multiple_of(CHANNELS) && out_channels.is_multiple_of(CHANNELS)
}

/// How many times the values of a filter's weights may grow when they are transformed.
pub(super) fn growth(kernel: [usize; 2]) -> usize {
    if kernel == [3, 3] { ELEMENTS / 9 } else { 1 }
}

/// Values of the scratch buffer that [`Winograd::run`] needs.
pub(super) fn scratch(channels: usize, out_channels: usize) -> usize {
    ELEMENTS * BATCH * (channels + out_channels)
}

/// Transformed weights: a matrix (Cin, Cout) for each element.
pub(super) struct Winograd {
    level: Level,
    channels: usize,
    out_channels: usize,
    weights: Vec<PackedMatrix>,
}

/// One region of the target, and where it comes from.
pub(super) struct Region<'a> {
    /// From the first pixel of the first window on; whole tiles of windows lie inside.
    pub(super) source: &'a [f32],
    /// Values from one pixel to the next, and from one row to the next.
    pub(super) pixel_stride: usize,
    pub(super) row_stride: usize,
    /// Rows and columns of the target.
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) epilogue: Epilogue<'a>,
    pub(super) target: &'a mut [f32],
    /// Values from one pixel of the target to the next; rows follow each other.
    pub(super) target_stride: usize,
    /// At least [`scratch`] values.
    pub(super) scratch: &'a mut [f32],
}

impl Region<'_> {
    /// Where the last pixel of the last tile's source ends; nothing if no memory reaches so far.
    fn source_end(&self, channels: usize) -> Option<usize> {
        let last = |len: usize| len.checked_next_multiple_of(TILE)?.checked_add(SPAN - TILE - 1);
        let row = last(self.rows)?.checked_mul(self.row_stride)?;
        row.checked_add(last(self.columns)?.checked_mul(self.pixel_stride)?)?.checked_add(channels)
    }

    /// Where the last pixel of the target ends, likewise; there is at least one.
    fn target_end(&self, out_channels: usize) -> Option<usize> {
        let last = self.rows.checked_mul(self.columns)? - 1;
        last.checked_mul(self.target_stride)?.checked_add(out_channels)
    }
}

impl Winograd {
    pub(super) fn new(level: Level, channels: usize, out_channels: usize) -> Self {
        let weights = (0..ELEMENTS).map(|_| PackedMatrix::zeros(level, channels, out_channels)).collect();
        Winograd { level, channels, out_channels, weights }
    }

    /// Transforms the weights: `weight(tap, c)` gives, for a place of the window and an input channel, those of all
    /// output channels.
    pub(super) fn set_weights<I: IntoIterator<Item = f32>>(
        &mut self,
        weight: impl Fn([usize; 2], usize) -> I,
    ) {
        let transform = weight_transform();
        let mut window = vec![[[0.0f64; 3]; 3]; self.out_channels];
        for channel in 0..self.channels {
            for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                for (window, weight) in window.iter_mut().zip(weight([i, j], channel)) {
                    window[i][j] = f64::from(weight);
                }
            }
            for (element, weights) in self.weights.iter_mut().enumerate() {
                let (rows, columns) = (transform[element / SPAN], transform[element % SPAN]);
                let transformed = window.iter().map(|window| {
                    let row = |row: &[f64; 3]| (0..3).map(|j| row[j] * columns[j]).sum::<f64>();
                    (0..3).map(|i| rows[i] * row(&window[i])).sum::<f64>() as f32
                });
                weights.set_row(channel, transformed);
            }
        }
    }

    pub(super) fn run(&self, region: Region<'_>) {
        self.level.run(Tiles { winograd: self, region });
    }
}

/// `G`: the values at each point of the polynomials whose coefficients are a row of the window, divided by the
/// product of the point's differences to the others.
fn weight_transform() -> [[f64; 3]; SPAN] {
    let at = |point: f64, other_square: f64| {
        let square = point * point;
        let differences = 2.0 * square * (square - other_square);
        [1.0, point, square].map(|power| power / differences)
    };
    let (small, large) = (f64::from(SMALL_SQUARE), f64::from(LARGE_SQUARE));
    let zero = [1.0 / (small * large), 0.0, 0.0];
    [zero, at(SMALL, large), at(-SMALL, large), at(LARGE, small), at(-LARGE, small), [0.0, 0.0, 1.0]]
}

/// `B^T d`: six values of one row or column of the source, transformed.
#[inline(always)]
fn source_transform<S: Simd>(simd: S, d: [S::Vector; SPAN]) -> [S::Vector; SPAN] {
    let (small, large) = (simd.splat(SMALL as f32), simd.splat(LARGE as f32));
    let (minus_small, minus_large) = (simd.splat(-SMALL as f32), simd.splat(-LARGE as f32));
    let (small_square, large_square) = (simd.splat(-SMALL_SQUARE), simd.splat(-LARGE_SQUARE));
    let squares = simd.splat(-(SMALL_SQUARE + LARGE_SQUARE));
    // The product of the squares, the coefficient of d[0] and d[1] at both ends, is 1.
    const { assert!(SMALL_SQUARE * LARGE_SQUARE == 1.0) };
    let even_small = simd.multiply_add(d[2], large_square, d[4]);
    let odd_small = simd.multiply_add(d[1], large_square, d[3]);
    let even_large = simd.multiply_add(d[2], small_square, d[4]);
    let odd_large = simd.multiply_add(d[1], small_square, d[3]);
    [
        simd.multiply_add(d[2], squares, simd.add(d[0], d[4])),
        simd.multiply_add(odd_small, small, even_small),
        simd.multiply_add(odd_small, minus_small, even_small),
        simd.multiply_add(odd_large, large, even_large),
        simd.multiply_add(odd_large, minus_large, even_large),
        simd.multiply_add(d[3], squares, simd.add(d[1], d[5])),
    ]
}

/// `A^T m`: six products to the four outputs of one row or column.
#[inline(always)]
fn target_transform<S: Simd>(simd: S, m: [S::Vector; SPAN]) -> [S::Vector; TILE] {
    let small = |power: i32| simd.splat(SMALL.powi(power) as f32);
    let large = |power: i32| simd.splat(LARGE.powi(power) as f32);
    let (even_small, odd_small) = (simd.add(m[1], m[2]), simd.subtract(m[1], m[2]));
    let (even_large, odd_large) = (simd.add(m[3], m[4]), simd.subtract(m[3], m[4]));
    [
        simd.add(m[0], simd.add(even_small, even_large)),
        simd.multiply_add(odd_small, small(1), simd.multiply(odd_large, large(1))),
        simd.multiply_add(even_small, small(2), simd.multiply(even_large, large(2))),
        simd.multiply_add(odd_small, small(3), simd.multiply_add(odd_large, large(3), m[5])),
    ]
}

/// All tiles of a region.
struct Tiles<'a> {
    winograd: &'a Winograd,
    region: Region<'a>,
}

impl Kernel for Tiles<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, simd: S) {
        let Tiles { winograd: Winograd { channels, out_channels, weights, .. }, mut region } = self;
        let (channels, out_channels) = (*channels, *out_channels);
        let across = region.columns.div_ceil(TILE);
        let tiles = region.rows.div_ceil(TILE) * across;
        if tiles == 0 {
            return;
        }
        // All that the unsafe code below relies on.
        assert!(channels % S::LANES == 0 && out_channels % S::LANES == 0, "channels come in whole vectors");
        let source_end = region.source_end(channels);
        assert!(source_end.is_some_and(|end| end <= region.source.len()), "all tiles lie inside the source");
        let target_end = region.target_end(out_channels);
        assert!(target_end.is_some_and(|end| end <= region.target.len()), "all pixels lie inside the target");
        assert!(region.epilogue.bias().is_none_or(|bias| bias.len() >= out_channels));
        assert!(region.scratch.len() >= scratch(channels, out_channels));

        let scratch = std::mem::take(&mut region.scratch);
        let (transformed, rest) = scratch.split_at_mut(ELEMENTS * BATCH * channels);
        let products = &mut rest[..ELEMENTS * BATCH * out_channels];
        let segments = [Segment { start: 0, len: channels }];
        let mut first = 0;
        while first < tiles {
            let batch = BATCH.min(tiles - first);
            for index in 0..batch {
                let (y, x) = ((first + index) / across * TILE, (first + index) % across * TILE);
                let source = &region.source[y * region.row_stride + x * region.pixel_stride..];
                let target = transformed[index * channels..].as_mut_ptr();
                // SAFETY: channels come in whole vectors, the pixels of all tiles lie inside the source, and the scratch
                // buffer has room for the elements of all tiles of a batch (asserted above).
                unsafe { transform_source(simd, &region, source.as_ptr(), channels, target) };
            }
            for (element, right) in weights.iter().enumerate() {
                let product = Product {
                    left: &transformed[element * BATCH * channels..][..batch * channels],
                    left_grid: Grid::flat(channels),
                    segments: &segments,
                    right,
                    epilogue: Epilogue::Replace,
                    target: &mut products[element * BATCH * out_channels..][..batch * out_channels],
                    target_stride: out_channels,
                    rows: batch,
                    cold: false,
                };
                Kernel::run::<S, MR, NV>(product, simd);
            }
            for index in 0..batch {
                let (y, x) = ((first + index) / across * TILE, (first + index) % across * TILE);
                let source = products[index * out_channels..].as_ptr();
                let target = &mut region.target[(y * region.columns + x) * region.target_stride..];
                let target = OutputTile {
                    target: target.as_mut_ptr(),
                    pixel_stride: region.target_stride,
                    row_stride: region.columns * region.target_stride,
                    rows: TILE.min(region.rows - y),
                    columns: TILE.min(region.columns - x),
                };
                // SAFETY: output channels come in whole vectors, the products of all tiles of a batch lie inside the
                // scratch buffer, and these rows and columns inside the target; a bias has a value for each output
                // channel (asserted above).
                unsafe { transform_products(simd, source, out_channels, region.epilogue, target) };
            }
            first += batch;
        }
    }
}

/// Writes the elements of one tile, `BATCH * channels` values apart.
///
/// # Safety
/// `channels` is a multiple of `S::LANES`. `source` is valid for reading 6x6 pixels of `channels` values with the
/// region's strides, `target` for writing `channels` values of each element.
#[inline(always)]
unsafe fn transform_source<S: Simd>(
    simd: S,
    region: &Region<'_>,
    source: *const f32,
    channels: usize,
    target: *mut f32,
) {
    let zero = simd.splat(0.0);
    let mut channel = 0;
    while channel < channels {
        let mut columns = [[zero; SPAN]; SPAN];
        for j in 0..SPAN {
            let mut column = [zero; SPAN];
            for i in 0..SPAN {
                let pixel = i * region.row_stride + j * region.pixel_stride;
                // SAFETY: a whole vector of one of the pixels that the caller vouches for.
                column[i] = unsafe { simd.load(source.add(pixel + channel)) };
            }
            columns[j] = source_transform(simd, column);
        }
        for i in 0..SPAN {
            let mut row = [zero; SPAN];
            for j in 0..SPAN {
                row[j] = columns[j][i];
            }
            let row = source_transform(simd, row);
            for j in 0..SPAN {
                // SAFETY: a whole vector of one of the elements that the caller vouches for.
                unsafe { simd.store(target.add((i * SPAN + j) * BATCH * channels + channel), row[j]) };
            }
        }
        channel += S::LANES;
    }
}

/// Where one tile of outputs goes.
#[derive(Clone, Copy)]
struct OutputTile {
    target: *mut f32,
    pixel_stride: usize,
    row_stride: usize,
    /// Those of the tile that exist.
    rows: usize,
    columns: usize,
}

/// Writes the outputs of one tile, whose products lie `BATCH * out_channels` values apart.
///
/// # Safety
/// `out_channels` is a multiple of `S::LANES`. `source` is valid for reading `out_channels` values of each product, and
/// the tile's rows and columns for writing and reading as many; a bias has as many values.
#[inline(always)]
unsafe fn transform_products<S: Simd>(
    simd: S,
    source: *const f32,
    out_channels: usize,
    epilogue: Epilogue<'_>,
    tile: OutputTile,
) {
    let zero = simd.splat(0.0);
    let mut channel = 0;
    while channel < out_channels {
        let mut columns = [[zero; TILE]; SPAN];
        for j in 0..SPAN {
            let mut column = [zero; SPAN];
            for i in 0..SPAN {
                // SAFETY: a whole vector of one of the products that the caller vouches for.
                column[i] = unsafe { simd.load(source.add((i * SPAN + j) * BATCH * out_channels + channel)) };
            }
            columns[j] = target_transform(simd, column);
        }
        let bias = match epilogue.bias() {
            // SAFETY: the bias has a value for each output channel.
            Some(bias) => unsafe { simd.load(bias.as_ptr().add(channel)) },
            None => zero,
        };
        for i in 0..TILE {
            let mut row = [zero; SPAN];
            for j in 0..SPAN {
                row[j] = columns[j][i];
            }
            let row = target_transform(simd, row);
            for j in 0..TILE {
                if i < tile.rows && j < tile.columns {
                    // SAFETY: this row and column exist, as the caller vouches.
                    unsafe {
                        let place = tile.target.add(i * tile.row_stride + j * tile.pixel_stride + channel);
                        let value = match epilogue {
                            Epilogue::Replace => row[j],
                            Epilogue::Add => simd.add(row[j], simd.load(place)),
                            Epilogue::Bias(_) => simd.add(row[j], bias),
                            Epilogue::BiasRelu(_) => simd.relu(simd.add(row[j], bias)),
                        };
                        simd.store(place, value);
                    }
                }
            }
        }
        channel += S::LANES;
    }
}
