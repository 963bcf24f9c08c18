//! The register tile by itself, on every instruction set and in every geometry: against sums of small whole numbers,
//! which are exact in any order. Every operand is a buffer of its own that ends where the last value ends that the tile
//! may touch, so that tools which watch memory see the first one beyond.

use super::*;
use crate::simd::Kernel;
use crate::testing::levels;

/// What one tile computes.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Terms of each sum.
    depth: usize,
    /// Rows and columns that exist.
    rows: usize,
    columns: usize,
    /// Values from one of a row to the next.
    left_step: usize,
    /// Values between the rows of the panel that are not the tile's.
    gap: usize,
    contents: Contents,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Contents {
    Numbers,
    /// The left operand has ones on its diagonal: the sums are the panel's rows.
    LeftIdentity,
    /// The panel has: the sums are the left operand's rows.
    RightIdentity,
}

/// Whole numbers from -4 to 4, different at each place.
fn number(seed: usize, i: usize, j: usize) -> f32 {
    let mixed = (i * 31 + j * 17 + seed * 7 + 5).wrapping_mul(0x9E37_79B9) >> 8;
    (mixed % 9) as f32 - 4.0
}

impl Case {
    fn left(&self, r: usize, k: usize) -> f32 {
        match self.contents {
            Contents::LeftIdentity => f32::from(u8::from(r == k)),
            _ => number(1, r, k),
        }
    }

    fn right(&self, k: usize, n: usize) -> f32 {
        match self.contents {
            Contents::RightIdentity => f32::from(u8::from(n == k)),
            _ => number(2, k, n),
        }
    }

    fn sum(&self, r: usize, n: usize) -> f32 {
        match self.contents {
            Contents::Numbers => (0..self.depth).map(|k| self.left(r, k) * self.right(k, n)).sum(),
            Contents::LeftIdentity if r < self.depth => self.right(r, n),
            Contents::RightIdentity if n < self.depth => self.left(r, n),
            _ => 0.0,
        }
    }

    fn check<S: Simd, const MR: usize, const NV: usize>(self, simd: S) {
        let Case { depth, rows, columns, left_step, gap, .. } = self;
        let width = NV * S::LANES;
        // Two segments, and values between them that no row has.
        let first = Segment { start: 1, len: depth.div_ceil(3) };
        let second = Segment { start: first.start + first.len * left_step + 2, len: depth - first.len };
        let places: Vec<usize> = [first, second]
            .iter()
            .flat_map(|segment| (0..segment.len).map(|k| segment.start + k * left_step))
            .collect();
        let left: Vec<Vec<f32>> = (0..rows)
            .map(|r| {
                let mut row = vec![f32::NAN; places.last().map_or(0, |last| last + 1)];
                places.iter().enumerate().for_each(|(k, &place)| row[place] = self.left(r, k));
                row
            })
            .collect();
        let panel_step = width + gap;
        let mut panel = vec![f32::NAN; if depth == 0 { 0 } else { (depth - 1) * panel_step + width }];
        for k in 0..depth {
            (0..width).for_each(|n| panel[k * panel_step + n] = self.right(k, n));
        }
        let bias: Vec<f32> = (0..columns).map(|n| number(3, 0, n)).collect();
        let stride = columns + 3;
        let earlier: Vec<f32> = (0..(rows - 1) * stride + columns)
            .map(|place| number(4, place / stride, place % stride))
            .collect();

        let epilogues = [Epilogue::Replace, Epilogue::Add, Epilogue::Bias(&bias), Epilogue::BiasRelu(&bias)];
        for (kind, epilogue) in epilogues.into_iter().enumerate() {
            let mut target = earlier.clone();
            let mut starts = [left[rows - 1].as_ptr(); MR];
            starts.iter_mut().zip(&left).for_each(|(start, row)| *start = row.as_ptr());
            let place = Place { target: target.as_mut_ptr(), stride, rows, columns, cold: kind == 1 };
            // SAFETY: each row's buffer ends with the last value of its segments, the panel's with its last row, the
            // target's with its last column; rows that do not exist read the last one that does.
            unsafe {
                micro_kernel::<S, MR, NV>(
                    simd,
                    &starts,
                    &[first, second],
                    left_step,
                    panel.as_ptr(),
                    panel_step,
                    panel.as_ptr(),
                    epilogue,
                    place,
                );
            }
            for (place, (&actual, &earlier)) in target.iter().zip(&earlier).enumerate() {
                let (r, n) = (place / stride, place % stride);
                let expected = match kind {
                    _ if n >= columns => earlier,
                    0 => self.sum(r, n),
                    1 => self.sum(r, n) + earlier,
                    2 => self.sum(r, n) + bias[n],
                    _ => (self.sum(r, n) + bias[n]).max(0.0),
                };
                assert_eq!(
                    actual, expected,
                    "{self:?}, epilogue {kind}: row {r}, column {n} of {MR} x {width}"
                );
            }
        }
    }
}

/// Numbers up to `most`: all of them, or under Miri, which takes its time, those at the ends.
fn up_to(most: usize) -> Vec<usize> {
    (1..=most).filter(|&number| !cfg!(miri) || number == 1 || number == most).collect()
}

fn check_geometry<S: Simd, const MR: usize, const NV: usize>(simd: S) {
    let width = NV * S::LANES;
    let layouts: &[(usize, usize)] =
        if cfg!(miri) { &[(3, S::LANES)] } else { &[(1, 0), (3, 0), (5, S::LANES)] };
    for rows in up_to(MR) {
        for columns in up_to(width) {
            for &(left_step, gap) in layouts {
                let numbers = Case { depth: 0, rows, columns, left_step, gap, contents: Contents::Numbers };
                for depth in [0, 1, 2, 13] {
                    Case { depth, ..numbers }.check::<S, MR, NV>(simd);
                }
                Case { depth: MR, contents: Contents::LeftIdentity, ..numbers }.check::<S, MR, NV>(simd);
                Case { depth: width, contents: Contents::RightIdentity, ..numbers }.check::<S, MR, NV>(simd);
            }
        }
    }
}

/// All tiles that kernels use, those for what is left over included.
struct AllGeometries;

impl Kernel for AllGeometries {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, simd: S) {
        check_geometry::<S, 4, 1>(simd);
        check_geometry::<S, MR, NV>(simd);
        if cfg!(miri) {
            return;
        }
        check_geometry::<S, MR, 1>(simd);
        check_geometry::<S, 8, NV>(simd);
        check_geometry::<S, 8, 1>(simd);
        check_geometry::<S, 4, NV>(simd);
    }
}

#[test]
fn tiles_on_every_instruction_set() {
    for level in levels() {
        level.run(AllGeometries);
    }
}
