//! How work is cut for several threads: by shape alone, never by the number of threads, so that
//! every result has the same bits however many there are.

use super::tuning::{CACHED, CHUNK, MOST_TASKS, TASKS};
use crate::simd::MAX_MR;
use crate::yardstick::tasks::Open;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of `row_values` values that stay in the L2 cache together; at least one.
pub(crate) fn cached_rows(row_values: usize) -> usize {
    (CACHED / row_values.max(1)).max(1)
}

/// How many tasks to cut the work on this many values into.
pub(crate) fn tasks(values: usize) -> usize {
    (values / CACHED).clamp(TASKS, MOST_TASKS)
}

/// Rows in a strip of an image (N, H, W, C): few enough for one strip per task, and at most `limit`.
pub(crate) fn rows_per_strip([batch, height, width, channels]: [usize; 4], limit: usize) -> usize {
    let tasks = tasks(batch * height * width * channels);
    height.div_ceil(tasks.div_ceil(batch)).clamp(1, limit.max(1))
}

/// Calls `body(n, rows, strip)` for strips of `rows_per_strip` rows of an image (N, H, W, C), in parallel.
#[track_caller]
pub(crate) fn for_each_strip(
    [_, height, width, channels]: [usize; 4],
    rows_per_strip: usize,
    image: &mut [f32],
    body: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
) {
    let (region, row_len) = (Open::begin(), width * channels);
    let strips = image.par_chunks_mut(height * row_len).enumerate().flat_map(|(n, image)| {
        image
            .par_chunks_mut(rows_per_strip * row_len)
            .with_max_len(1)
            .enumerate()
            .map(move |(index, strip)| (n, index * rows_per_strip, strip))
    });
    strips.for_each(|(n, first, strip)| {
        region.task(|| body(n, first..first + strip.len() / row_len, strip));
    });
}

/// Calls `body(index, part)` for parts of `len` values of `target`, one task per part.
#[track_caller]
pub(crate) fn for_each_part(len: usize, target: &mut [f32], body: impl Fn(usize, &mut [f32]) + Sync) {
    let region = Open::begin();
    let parts = target.par_chunks_mut(len).with_max_len(1).enumerate();
    parts.for_each(|(index, part)| region.task(|| body(index, part)));
}

/// Rows per task of a matrix whose rows have `row_values` values: a multiple of every register tile's rows, so that only
/// the last task has a tile that is not full.
pub(crate) fn rows_per_chunk(rows: usize, row_values: usize) -> usize {
    rows.div_ceil(tasks(rows * row_values)).min(cached_rows(row_values)).next_multiple_of(MAX_MR)
}

/// Calls `body(start, chunk)` for chunks of `target`, in parallel where there is more than one;
/// `unit` values stay together.
#[track_caller]
pub(crate) fn for_each_chunk<T: Send>(unit: usize, target: &mut [T], body: impl Fn(usize, &mut [T]) + Sync) {
    let (region, len) = (Open::begin(), CHUNK.next_multiple_of(unit.max(1)));
    if target.len() <= len {
        region.task(|| body(0, target));
    } else {
        let chunks = target.par_chunks_mut(len).enumerate();
        chunks.for_each(|(index, chunk)| region.task(|| body(index * len, chunk)));
    }
}

/// The sum of `body(range)` over ranges of `0..len`, added in the order of the ranges.
#[track_caller]
pub(crate) fn sum(len: usize, body: impl Fn(Range<usize>) -> f64 + Sync) -> f64 {
    let range = |index: usize| index * CHUNK..((index + 1) * CHUNK).min(len);
    sum_of_parts(len.div_ceil(CHUNK), |index| body(range(index)))
}

/// The sum of `body(0)` to `body(parts - 1)`: halves are added as a tree, so that the order does not
/// depend on which thread takes which part, and no list of partial sums is needed.
#[track_caller]
pub(crate) fn sum_of_parts(parts: usize, body: impl Fn(usize) -> f64 + Sync) -> f64 {
    fn tree(parts: Range<usize>, body: &(impl Fn(usize) -> f64 + Sync)) -> f64 {
        match parts.len() {
            0 => 0.0,
            1 => body(parts.start),
            len => {
                let middle = parts.start + len / 2;
                let (a, b) =
                    rayon::join(|| tree(parts.start..middle, body), || tree(middle..parts.end, body));
                a + b
            }
        }
    }
    let region = Open::begin();
    tree(0..parts, &|part| region.task(|| body(part)))
}

/// Calls `body(row, a, b)` for the rows of two slices of one length, in parallel.
#[track_caller]
pub(crate) fn for_each_row_pair(
    row_len: usize,
    a: &mut [f32],
    b: &mut [u8],
    body: impl Fn(usize, &mut [f32], &mut [u8]) + Sync,
) {
    let region = Open::begin();
    let rows_per_task = (a.len() / row_len).div_ceil(tasks(a.len())).max(1);
    let task_len = rows_per_task * row_len;
    let tasks = a.par_chunks_mut(task_len).zip(b.par_chunks_mut(task_len)).enumerate();
    tasks.for_each(|(task, (a, b))| {
        region.task(|| {
            let rows = a.chunks_exact_mut(row_len).zip(b.chunks_exact_mut(row_len));
            for (row, (a, b)) in rows.enumerate() {
                body(task * rows_per_task + row, a, b);
            }
        });
    });
}

/// Calls `body(start, a, b, c)` for chunks of three slices of one length, in parallel.
#[track_caller]
pub(crate) fn for_each_chunk_of_three(
    a: &mut [f32],
    b: &mut [f32],
    c: &mut [f32],
    body: impl Fn(usize, &mut [f32], &mut [f32], &mut [f32]) + Sync,
) {
    let chunks = a.par_chunks_mut(CHUNK).zip(b.par_chunks_mut(CHUNK)).zip(c.par_chunks_mut(CHUNK));
    let region = Open::begin();
    chunks.enumerate().for_each(|(index, ((a, b), c))| region.task(|| body(index * CHUNK, a, b, c)));
}
