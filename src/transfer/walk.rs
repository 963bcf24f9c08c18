//! The two ways to replay a recorded run: whole, and, where memory does not suffice, in strips of rows.

use impasto_autodiff::{Strips, Tape, TapeError, Var};
use ndarray::{ArrayBase, ArrayViewD, ArrayViewMutD, Data, Dimension};

/// A recorded tape, to be replayed.
pub(crate) enum Walk {
    Whole(Box<Tape<f32>>),
    Strips(Box<Strips<f32>>),
}

impl Walk {
    /// Computes all losses.
    pub(super) fn forward(&mut self) {
        match self {
            Walk::Whole(tape) => tape.forward(),
            Walk::Strips(strips) => strips.forward(),
        }
    }

    pub(super) fn value(&self, var: Var) -> Result<ArrayViewD<'_, f32>, TapeError> {
        match self {
            Walk::Whole(tape) => tape.value(var),
            Walk::Strips(strips) => strips.value(var),
        }
    }

    pub(super) fn number(&self, var: Var) -> Result<f32, TapeError> {
        match self {
            Walk::Whole(tape) => tape.number(var),
            Walk::Strips(strips) => strips.number(var),
        }
    }

    pub(super) fn set_value<S: Data<Elem = f32>, D: Dimension>(
        &mut self,
        var: Var,
        value: &ArrayBase<S, D>,
    ) -> Result<(), TapeError> {
        match self {
            Walk::Whole(tape) => tape.set_value(var, value),
            Walk::Strips(strips) => strips.set_value(var, value),
        }
    }

    pub(super) fn update_leaf<R>(
        &mut self,
        var: Var,
        update: impl FnOnce(ArrayViewMutD<'_, f32>) -> R,
    ) -> Result<R, TapeError> {
        match self {
            Walk::Whole(tape) => tape.update_leaf(var, |leaf, _| update(leaf)),
            Walk::Strips(strips) => strips.update_leaf(var, update),
        }
    }

    pub(super) fn reserve_scratch(&self) {
        match self {
            Walk::Whole(tape) => tape.reserve_scratch(),
            Walk::Strips(strips) => strips.reserve_scratch(),
        }
    }

    /// Gives up what only a walk needs, as far as it can be.
    pub(super) fn release(&mut self) {
        if let Walk::Strips(strips) = self {
            strips.release();
        }
    }

    pub(super) fn flops(&self) -> u64 {
        match self {
            Walk::Whole(tape) => tape.flops() + tape.backward_flops(),
            Walk::Strips(strips) => strips.flops(),
        }
    }
}
