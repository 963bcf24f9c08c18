//! NumPy's broadcasting for two operands: shapes are aligned at their last axis, and an axis that is
//! missing or of length 1 is repeated. The gradient of a repeated operand is a sum over its
//! repetitions. Callers supply the function of each pair of values.

use super::strided::{Axis, Walk, contiguous_strides};
use crate::{Element, Mismatch, memory};

/// How two operands meet in an output.
pub(super) struct Broadcast {
    /// Strides of the first operand, of the second, and of the output.
    walk: Walk<3>,
    /// Whether each operand has fewer values than the output.
    repeated: [bool; 2],
    /// Where the gradient of a repeated operand is summed, in f64: the many values that meet in one
    /// must not lose the small ones.
    sums: Vec<f64>,
}

/// What one row reads of an operand.
enum Lane<'a, T> {
    /// The same value at each step.
    Same(T),
    /// One value after the other.
    Each(&'a [T]),
}

impl Broadcast {
    /// How operands of these shapes meet, and the shape of the output.
    pub(super) fn new(first: &[usize], second: &[usize]) -> Result<(Self, Vec<usize>), Mismatch> {
        let operands = [first, second];
        let dimensions = first.len().max(second.len());
        let missing = operands.map(|shape| dimensions - shape.len());
        let len = |operand: usize, axis: usize| {
            axis.checked_sub(missing[operand]).map_or(1, |axis| operands[operand][axis])
        };
        let along = |axis: usize| match (len(0, axis), len(1, axis)) {
            (first, second) if first == second || second == 1 => Ok(first),
            (1, second) => Ok(second),
            (first, second) => Err(Mismatch::new(format!(
                "lengths {first} and {second} do not broadcast, they must be equal or one of them 1"
            ))),
        };
        let output = (0..dimensions).map(along).collect::<Result<Vec<_>, _>>()?;
        let strides = operands.map(contiguous_strides);
        let output_strides = contiguous_strides(&output);
        let axes = (0..dimensions).map(|axis| {
            let stride = |operand: usize| {
                if len(operand, axis) == 1 { 0 } else { strides[operand][axis - missing[operand]] }
            };
            Axis { len: output[axis], strides: [stride(0), stride(1), output_strides[axis]] }
        });
        let walk = Walk::new(axes);
        let repeated = [0, 1].map(|operand| (0..dimensions).any(|axis| len(operand, axis) != output[axis]));
        let sums = (0..2).filter(|&operand| repeated[operand]);
        let sums = sums.map(|operand| operands[operand].iter().product()).max().unwrap_or(0);
        memory::buffer::<f64>("the sums of a gradient", sums)?;
        Ok((Broadcast { walk, repeated, sums: vec![0.0; sums] }, output))
    }

    /// Calls `visit(out, a, b)` for each value of the output and the two that meet there. `visit` is given 0
    /// for an operand that it does not read, which is `None`.
    pub(super) fn zip<T: Element>(
        &self,
        [a, b]: [Option<&[T]>; 2],
        out: &mut [T],
        mut visit: impl FnMut(&mut T, T, T),
    ) {
        let row = self.walk.row();
        self.walk.for_each_row(|[a_at, b_at, at]| {
            let lanes = [lane(a, a_at, row, 0), lane(b, b_at, row, 1)];
            along_row(lanes, out[at..at + row.len].iter_mut(), &mut visit);
        });
    }

    /// Adds `term(a, b, d_out)` to the gradient of one operand, at each place where that operand
    /// meets the other. `term` is given 0 for an operand that it does not read, which is `None`.
    pub(super) fn add_gradient<T: Element>(
        &mut self,
        operand: usize,
        [a, b]: [Option<&[T]>; 2],
        d_out: &[T],
        gradient: &mut [T],
        term: impl Fn(T, T, T) -> T,
    ) {
        let row = self.walk.row();
        let lanes = |a_at, b_at| [lane(a, a_at, row, 0), lane(b, b_at, row, 1)];
        if !self.repeated[operand] {
            self.walk.for_each_row(|[a_at, b_at, at]| {
                let targets = gradient[at..at + row.len].iter_mut().zip(&d_out[at..at + row.len]);
                along_row(lanes(a_at, b_at), targets, |(gradient, &d_out), a, b| {
                    *gradient = *gradient + term(a, b, d_out);
                });
            });
            return;
        }
        let sums = &mut self.sums[..gradient.len()];
        sums.fill(0.0);
        self.walk.for_each_row(|starts| {
            let [a_at, b_at, at] = starts;
            let d_out = &d_out[at..at + row.len];
            if row.strides[operand] == 0 {
                let mut sum = 0.0;
                along_row(lanes(a_at, b_at), d_out.iter(), |&d_out, a, b| sum += term(a, b, d_out).as_f64());
                sums[starts[operand]] += sum;
            } else {
                let targets = sums[starts[operand]..][..row.len].iter_mut().zip(d_out);
                along_row(lanes(a_at, b_at), targets, |(sum, &d_out), a, b| {
                    *sum += term(a, b, d_out).as_f64();
                });
            }
        });
        for (gradient, &sum) in gradient.iter_mut().zip(&*sums) {
            *gradient = *gradient + T::from_f64(sum);
        }
    }
}

fn lane<T: Element>(values: Option<&[T]>, start: usize, row: Axis<3>, operand: usize) -> Lane<'_, T> {
    let Some(values) = values else { return Lane::Same(T::zero()) };
    if row.strides[operand] == 0 {
        Lane::Same(values[start])
    } else {
        Lane::Each(&values[start..start + row.len])
    }
}

/// One loop for each pair of lanes, so that none decides anything on the way.
fn along_row<T: Element, X>(
    [a, b]: [Lane<'_, T>; 2],
    targets: impl Iterator<Item = X>,
    mut visit: impl FnMut(X, T, T),
) {
    match (a, b) {
        (Lane::Each(a), Lane::Each(b)) => targets.zip(a).zip(b).for_each(|((x, &a), &b)| visit(x, a, b)),
        (Lane::Each(a), Lane::Same(b)) => targets.zip(a).for_each(|(x, &a)| visit(x, a, b)),
        (Lane::Same(a), Lane::Each(b)) => targets.zip(b).for_each(|(x, &b)| visit(x, a, b)),
        (Lane::Same(a), Lane::Same(b)) => targets.for_each(|x| visit(x, a, b)),
    }
}
