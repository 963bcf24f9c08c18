//! Batch normalization in its two halves: the mean and variance of each channel over all positions, and
//! the channels shifted and scaled by them. See [`crate::reference::moments`] and
//! [`crate::reference::normalize`] for the formulas. Source: Ioffe and Szegedy 2015, algorithm 1.
//!
//! Values are (positions, channels), whatever axes the positions come from. Sums over positions are
//! taken in f32 over a few hundred of them at a time and joined in f64.

#[cfg(test)]
mod agreement;
pub(crate) mod normalization;
pub(crate) mod reference;

use crate::kernels::Kernels;
use crate::memory::tuning::CHUNK;
use crate::memory::with_scratch;
use crate::options::{Accumulate, Activation};
use crate::simd::{Kernel, Simd, vectorized};
use normalization::Normalization;
use rayon::prelude::*;

/// Channels whose sums and factors stay in registers while a part is walked over.
const LANES: usize = 16;

/// The means, then the variances, of `channels` channels; see [`crate::reference::moments`].
///
/// # Panics
/// If a length does not fit the channels.
pub fn moments(channels: usize, x: &[f32], moments: &mut [f32]) {
    Kernels::current().moments(channels, x, moments);
}

impl Kernels {
    /// As [`moments`](fn@moments), with this instruction set.
    ///
    /// # Panics
    /// If a length does not fit the channels.
    pub fn moments(self, channels: usize, x: &[f32], moments: &mut [f32]) {
        check_moments(channels, x, moments);
        let level = self.level();
        // Variances of differences from one of the values: nothing cancels where the mean is large.
        let pivot = &x[..channels];
        let sums = sums_of_parts(channels, x.len(), |partial_sums, part_len| {
            partial_sums.zip(x.par_chunks(part_len)).for_each(|(sums, x)| {
                vectorized!(level, |pivot: &'a [f32], x: &'a [f32], sums: &'a mut [f32]| -> () {
                    let channels = pivot.len();
                    for group in groups(channels) {
                        let pivot = load(&pivot[group.clone()]);
                        let (mut sum, mut squares) = ([0.0; LANES], [0.0; LANES]);
                        for row in x.chunks_exact(channels) {
                            let x = load(&row[group.clone()]);
                            for lane in 0..LANES {
                                let difference = x[lane] - pivot[lane];
                                sum[lane] += difference;
                                squares[lane] += difference * difference;
                            }
                        }
                        store(sum, &mut sums[group.clone()]);
                        store(squares, &mut sums[channels..][group]);
                    }
                });
            });
        });
        let positions = (x.len() / channels) as f64;
        let (means, variances) = moments.split_at_mut(channels);
        for (c, (mean, variance)) in means.iter_mut().zip(variances).enumerate() {
            let from_pivot = sums[c] / positions;
            *mean = (f64::from(pivot[c]) + from_pivot) as f32;
            *variance = (sums[channels + c] / positions - from_pivot * from_pivot).max(0.0) as f32;
        }
    }
}

/// The gradient of [`moments`]; see [`crate::reference::moments_gradient`].
///
/// # Panics
/// If a length does not fit the channels.
pub fn moments_gradient(
    channels: usize,
    x: &[f32],
    moments: &[f32],
    d_moments: &[f32],
    accumulate: Accumulate,
    d_x: &mut [f32],
) {
    Kernels::current().moments_gradient(channels, x, moments, d_moments, accumulate, d_x);
}

impl Kernels {
    /// As [`moments_gradient`](fn@moments_gradient), with this instruction set.
    ///
    /// # Panics
    /// If a length does not fit the channels.
    pub fn moments_gradient(
        self,
        channels: usize,
        x: &[f32],
        moments: &[f32],
        d_moments: &[f32],
        accumulate: Accumulate,
        d_x: &mut [f32],
    ) {
        check_moments(channels, x, moments);
        assert_eq!(d_moments.len(), moments.len(), "a gradient for each moment");
        assert_eq!(d_x.len(), x.len(), "the gradient has the values' shape");
        let level = self.level();
        let part_len = part_len(channels);
        let mean_share = (channels as f64 / x.len() as f64) as f32;
        let parts = d_x.par_chunks_mut(part_len).zip(x.par_chunks(part_len));
        parts.for_each(|(d_x, x)| {
            vectorized!(level, |mean_share: f32,
                                moments: &'a [f32],
                                d_moments: &'a [f32],
                                x: &'a [f32],
                                accumulate: Accumulate,
                                d_x: &'a mut [f32]|
             -> () {
                let channels = moments.len() / 2;
                for group in groups(channels) {
                    let mean = load(&moments[group.clone()]);
                    let d_mean = load(&d_moments[group.clone()]).map(|d| d * mean_share);
                    let slope = load(&d_moments[channels..][group.clone()]).map(|d| d * 2.0 * mean_share);
                    for (row, d_row) in x.chunks_exact(channels).zip(d_x.chunks_exact_mut(channels)) {
                        let x = load(&row[group.clone()]);
                        let d_row = &mut d_row[group.clone()];
                        let mut d = if accumulate == Accumulate::Add { load(d_row) } else { [0.0; LANES] };
                        for lane in 0..LANES {
                            d[lane] += d_mean[lane] + slope[lane] * (x[lane] - mean[lane]);
                        }
                        store(d, d_row);
                    }
                }
            });
        });
    }
}

/// Shifts and scales each channel; see [`crate::reference::normalize`].
///
/// # Panics
/// If a length does not fit the channels.
pub fn normalize(with: Normalization<'_, f32>, x: &[f32], out: &mut [f32]) {
    Kernels::current().normalize(with, x, out);
}

impl Kernels {
    /// As [`normalize`](fn@normalize), with this instruction set.
    ///
    /// # Panics
    /// If a length does not fit the channels.
    pub fn normalize(self, with: Normalization<'_, f32>, x: &[f32], out: &mut [f32]) {
        with.check(x);
        assert_eq!(out.len(), x.len(), "the output has the values' shape");
        let level = self.level();
        let part_len = part_len(with.channels());
        let parts = out.par_chunks_mut(part_len).zip(x.par_chunks(part_len));
        parts.for_each(|(out, x)| {
            vectorized!(level, |with: Normalization<'a, f32>, x: &'a [f32], out: &'a mut [f32]| -> () {
                let channels = with.channels();
                for group in groups(channels) {
                    let channel = Channels::load(&with, group.clone());
                    for (row, out) in x.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
                        let mut values = channel.normalized(load(&row[group.clone()]));
                        if with.activation == Activation::Relu {
                            values = values.map(|value| if value > 0.0 { value } else { 0.0 });
                        }
                        store(values, &mut out[group.clone()]);
                    }
                }
            });
        });
    }
}

/// The gradient of [`normalize`] with respect to the values, which is not computed where `d_x` is `None`,
/// and the sums that the other gradients follow from; see [`crate::reference::normalize_gradient`].
///
/// # Panics
/// If a length does not fit the channels.
pub fn normalize_gradient(
    with: Normalization<'_, f32>,
    x: &[f32],
    d_out: &[f32],
    sums: &mut [f32],
    d_x: Option<(Accumulate, &mut [f32])>,
) {
    Kernels::current().normalize_gradient(with, x, d_out, sums, d_x);
}

impl Kernels {
    /// As [`normalize_gradient`](fn@normalize_gradient), with this instruction set.
    ///
    /// # Panics
    /// If a length does not fit the channels.
    pub fn normalize_gradient(
        self,
        with: Normalization<'_, f32>,
        x: &[f32],
        d_out: &[f32],
        sums: &mut [f32],
        d_x: Option<(Accumulate, &mut [f32])>,
    ) {
        with.check_gradient(x, d_out, sums, d_x.as_ref().map(|(_, d_x)| &**d_x));
        let channels = with.channels();
        let level = self.level();
        let totals = sums_of_parts(channels, x.len(), |partial_sums, part_len| {
            let parts = partial_sums.zip(x.par_chunks(part_len)).zip(d_out.par_chunks(part_len));
            match d_x {
                None => parts.for_each(|((sums, x), d_out)| {
                    level.run(GradientPart { with, x, d_out, sums, d_x: None });
                }),
                Some((accumulate, d_x)) => {
                    let parts = parts.zip(d_x.par_chunks_mut(part_len));
                    parts.for_each(|(((sums, x), d_out), d_x)| {
                        level.run(GradientPart { with, x, d_out, sums, d_x: Some((accumulate, d_x)) });
                    });
                }
            }
        });
        sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum = total as f32);
    }
}

/// The gradient of one part of the positions.
struct GradientPart<'a> {
    with: Normalization<'a, f32>,
    x: &'a [f32],
    d_out: &'a [f32],
    sums: &'a mut [f32],
    d_x: Option<(Accumulate, &'a mut [f32])>,
}

impl Kernel for GradientPart<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) {
        let GradientPart { with, x, d_out, sums, mut d_x } = self;
        let channels = with.channels();
        for group in groups(channels) {
            let channel = Channels::load(&with, group.clone());
            let (mut sum, mut products) = ([0.0; LANES], [0.0; LANES]);
            let rows = x.chunks_exact(channels).zip(d_out.chunks_exact(channels));
            for (position, (row, d_out)) in rows.enumerate() {
                let x = load(&row[group.clone()]);
                let mut upstream = load(&d_out[group.clone()]);
                if with.activation == Activation::Relu {
                    let out = channel.normalized(x);
                    for lane in 0..LANES {
                        upstream[lane] = if out[lane] > 0.0 { upstream[lane] } else { 0.0 };
                    }
                }
                for lane in 0..LANES {
                    sum[lane] += upstream[lane];
                    products[lane] +=
                        upstream[lane] * ((x[lane] - channel.mean[lane]) * channel.inverse[lane]);
                }
                if let Some((accumulate, d_x)) = &mut d_x {
                    let d_row = &mut d_x[position * channels..][group.clone()];
                    let mut d = if *accumulate == Accumulate::Add { load(d_row) } else { [0.0; LANES] };
                    for lane in 0..LANES {
                        d[lane] += upstream[lane] * channel.factor[lane];
                    }
                    store(d, d_row);
                }
            }
            store(sum, &mut sums[group.clone()]);
            store(products, &mut sums[channels..][group]);
        }
    }
}

/// The numbers that a group of channels is normalized with.
struct Channels {
    mean: [f32; LANES],
    /// One over the deviation.
    inverse: [f32; LANES],
    factor: [f32; LANES],
    shift: [f32; LANES],
}

impl Channels {
    #[inline(always)]
    fn load(with: &Normalization<'_, f32>, group: std::ops::Range<usize>) -> Channels {
        let variance = load(&with.moments[with.channels()..][group.clone()]);
        let inverse = variance.map(|variance| 1.0 / (variance + with.epsilon).sqrt());
        let mut factor = load(&with.scale[group.clone()]);
        for lane in 0..LANES {
            factor[lane] *= inverse[lane];
        }
        Channels {
            mean: load(&with.moments[group.clone()]),
            inverse,
            factor,
            shift: load(&with.shift[group]),
        }
    }

    /// The output before ReLU. The gradient asks again where it was positive, and gets the same bits.
    #[inline(always)]
    fn normalized(&self, x: [f32; LANES]) -> [f32; LANES] {
        let mut out = [0.0; LANES];
        for lane in 0..LANES {
            out[lane] = (x[lane] - self.mean[lane]) * self.factor[lane] + self.shift[lane];
        }
        out
    }
}

pub(crate) fn check_moments<T>(channels: usize, x: &[T], moments: &[T]) {
    assert!(
        channels > 0 && !x.is_empty() && x.len().is_multiple_of(channels),
        "values are (positions, channels)"
    );
    assert_eq!(moments.len(), 2 * channels, "a mean and a variance per channel");
}

/// Values in a part: whole positions, few enough to stay in the L2 cache from one group of channels to the next.
fn part_len(channels: usize) -> usize {
    (CHUNK / channels).max(1) * channels
}

/// Two sums per channel over all positions. `compute` gets the slices for the sums of each part of the values, and the
/// length of a part; these sums are then added up in order.
fn sums_of_parts(
    channels: usize,
    len: usize,
    compute: impl FnOnce(rayon::slice::ChunksMut<'_, f32>, usize),
) -> Vec<f64> {
    let part_len = part_len(channels);
    let parts = len.div_ceil(part_len);
    with_scratch(parts * 2 * channels, |partial_sums| {
        compute(partial_sums.par_chunks_mut(2 * channels), part_len);
        let mut sums = vec![0.0f64; 2 * channels];
        for partial_sums in partial_sums.chunks_exact(2 * channels) {
            sums.iter_mut().zip(partial_sums).for_each(|(sum, &partial)| *sum += f64::from(partial));
        }
        sums
    })
}

/// The channels in groups of [`LANES`], the last of which may be smaller.
#[inline(always)]
fn groups(channels: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..channels).step_by(LANES).map(move |start| start..(start + LANES).min(channels))
}

/// Up to [`LANES`] values, the missing ones zero.
#[inline(always)]
fn load(values: &[f32]) -> [f32; LANES] {
    values.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [0.0; LANES];
        padded[..values.len()].copy_from_slice(values);
        padded
    })
}

/// As many of the values as `target` has room for.
#[inline(always)]
fn store(values: [f32; LANES], target: &mut [f32]) {
    match target.first_chunk_mut() {
        Some(target) => *target = values,
        None => target.copy_from_slice(&values[..target.len()]),
    }
}
