//! What is handed in: the functions of an exercise, yours, ours or wrong ones.

use crate::exercise_6::Memory;
use crate::exercise_7::{Gradient, Step};
use impasto::autodiff::{Tape, TapeError, Var};
use ndarray::{Array2, ArrayView2};

/// As [`exercise_1::content_loss`](crate::exercise_1::content_loss).
pub type ContentLoss = fn(&mut Tape<f64>, f64, Var, Var) -> Result<Var, TapeError>;
/// As [`exercise_2::gram_matrix`](crate::exercise_2::gram_matrix).
pub type GramMatrix = fn(&mut Tape<f64>, Var, bool) -> Result<Var, TapeError>;
/// As [`exercise_3::style_loss`](crate::exercise_3::style_loss).
pub type StyleLoss = fn(&mut Tape<f64>, &[Var], &[usize], &[Var], &[f64]) -> Result<Var, TapeError>;
/// As [`exercise_4::tv_loss`](crate::exercise_4::tv_loss).
pub type TvLoss = fn(&mut Tape<f64>, Var, f64) -> Result<Var, TapeError>;
/// As [`exercise_5::forward`](crate::exercise_5::forward).
pub type Forward = fn(ArrayView2<'_, f64>) -> Array2<f64>;
/// As [`exercise_5::backward`](crate::exercise_5::backward).
pub type Backward = fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>, &mut Array2<f64>);
/// As [`exercise_6::adam_step`](crate::exercise_6::adam_step).
pub type AdamStep = fn(&mut Memory, f64, &[f64], &mut [f64]);
/// As [`exercise_7::optimize`](crate::exercise_7::optimize).
pub type Optimize = fn(&mut [f64], usize, usize, &mut Gradient<'_>, &mut Step<'_>);

/// A solution of an exercise.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// Of exercise 1.
    Content(ContentLoss),
    /// Of exercise 2.
    Gram(GramMatrix),
    /// Of exercise 3.
    Style(StyleLoss),
    /// Of exercise 4.
    Tv(TvLoss),
    /// Of exercise 5.
    Operation(Forward, Backward),
    /// Of exercise 6.
    Adam(AdamStep),
    /// Of exercise 7.
    Loop(Optimize),
}

/// Exercises are numbered from 1.
pub const EXERCISES: usize = 7;

impl Work {
    /// What the student wrote.
    pub fn yours(exercise: usize) -> Option<Work> {
        Some(match exercise {
            1 => Work::Content(crate::exercise_1::content_loss),
            2 => Work::Gram(crate::exercise_2::gram_matrix),
            3 => Work::Style(crate::exercise_3::style_loss),
            4 => Work::Tv(crate::exercise_4::tv_loss),
            5 => Work::Operation(crate::exercise_5::forward, crate::exercise_5::backward),
            6 => Work::Adam(crate::exercise_6::adam_step),
            7 => Work::Loop(crate::exercise_7::optimize),
            _ => return None,
        })
    }

    /// The exercise that it is of.
    pub fn exercise(&self) -> usize {
        match self {
            Work::Content(_) => 1,
            Work::Gram(_) => 2,
            Work::Style(_) => 3,
            Work::Tv(_) => 4,
            Work::Operation(..) => 5,
            Work::Adam(_) => 6,
            Work::Loop(_) => 7,
        }
    }
}
