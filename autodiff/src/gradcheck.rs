//! Comparison of a computation's gradients with central differences,
//! `(f(x + h) - f(x - h)) / 2h`, one value of one input at a time.

use crate::error::TapeError;
use crate::{Tape, Var};
use ndarray::ArrayD;
use thiserror::Error;

/// The step `h`, chosen so that rounding (about 1e-16 / h) and the next term of the series (about
/// h^2) are both near 1e-11 for functions of moderate curvature.
const STEP: f64 = 1e-5;

/// The largest difference that passes, relative to the larger of the two and of 1.
const TOLERANCE: f64 = 1e-7;

/// Why a check of gradients failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GradcheckError {
    /// The computation could not be recorded or differentiated.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// A gradient differs from the central difference.
    #[error(
        "value {index} of input {input}: the gradient is {gradient}, the central difference {difference}"
    )]
    Differs {
        /// Which input, counted from 0.
        input: usize,
        /// Which of its values, counted row by row from 0.
        index: usize,
        /// What backward computed.
        gradient: f64,
        /// What the central difference says.
        difference: f64,
    },
}

/// Checks the gradient of `record`'s result, a single number, with respect to every value of every
/// input. `record` is given a tape and the inputs as variables; it must not branch on their values,
/// and the function must be smooth near them (keep away from the kinks of ReLU and of maxima).
///
/// The step is 1e-5; a difference passes up to 1e-7 times the larger of the two, or of 1. Every value costs two forward
/// walks, so keep the inputs small.
///
/// ```
/// use impasto_autodiff::gradcheck;
/// use ndarray::array;
///
/// let features = array![[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]].into_dyn(); // 3 positions, 2 channels
/// let target = array![[1.0, 0.5], [0.5, 2.0]].into_dyn();
/// gradcheck(&[features, target], |tape, inputs| {
///     let gram = tape.gram(inputs[0], 1.0 / 6.0)?;
///     tape.squared_difference(gram, inputs[1])
/// })?;
/// # Ok::<(), impasto_autodiff::GradcheckError>(())
/// ```
///
/// # Errors
/// [`GradcheckError::Differs`] names the first value whose gradient is wrong; [`GradcheckError::Tape`] passes on what
/// `record` returns, or that its result is not a single number.
pub fn gradcheck(
    inputs: &[ArrayD<f64>],
    record: impl FnOnce(&mut Tape<f64>, &[Var]) -> Result<Var, TapeError>,
) -> Result<(), GradcheckError> {
    let mut tape = Tape::new();
    let variables: Vec<Var> = inputs.iter().map(|input| tape.variable(input)).collect();
    let result = record(&mut tape, &variables)?;
    tape.forward();
    tape.backward(result)?;
    let gradients = variables
        .iter()
        .zip(inputs)
        .map(|(&variable, input)| match tape.gradient(variable) {
            Ok(gradient) => Ok(gradient.to_owned()),
            // The result does not depend on it: then no difference may be seen either.
            Err(TapeError::NoGradient) => Ok(ArrayD::zeros(input.shape())),
            Err(error) => Err(error),
        })
        .collect::<Result<Vec<_>, _>>()?;

    for (input, (&variable, gradient)) in variables.iter().zip(&gradients).enumerate() {
        for (index, &gradient) in gradient.iter().enumerate() {
            let mut result_at = |offset: f64| {
                let mut moved = inputs[input].clone();
                if let Some(value) = moved.iter_mut().nth(index) {
                    *value += offset;
                }
                tape.set_value(variable, &moved)?;
                tape.forward();
                tape.number(result)
            };
            let difference = (result_at(STEP)? - result_at(-STEP)?) / (2.0 * STEP);
            let scale = gradient.abs().max(difference.abs()).max(1.0);
            // Written so that NaN fails.
            if (gradient - difference).abs() <= TOLERANCE * scale {
                continue;
            }
            return Err(GradcheckError::Differs { input, index, gradient, difference });
        }
        tape.set_value(variable, &inputs[input])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Gradients, Mismatch, Operation, Values};
    use ndarray::array;

    /// The square with a gradient that forgets the factor 2.
    struct WrongSquare;

    impl Operation<f64> for WrongSquare {
        fn name(&self) -> &'static str {
            "wrong square"
        }
        fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
            Ok(inputs[0].to_vec())
        }
        fn forward(&mut self, values: &Values<'_, f64>, out: &mut [f64]) {
            out.iter_mut().zip(values.input(0)).for_each(|(out, x)| *out = x * x);
        }
        fn backward(&mut self, values: &Values<'_, f64>, d_out: &[f64], gradients: &mut Gradients<'_, f64>) {
            gradients.add(0, |d_x| {
                for ((d_x, x), d_out) in d_x.iter_mut().zip(values.input(0)).zip(d_out) {
                    *d_x += x * d_out;
                }
            });
        }
    }

    #[test]
    fn finds_a_wrong_gradient() {
        let x = array![1.0, -2.0].into_dyn();
        let error = gradcheck(&[x], |tape, x| {
            let wrong = tape.record(WrongSquare, x)?;
            tape.sum(wrong)
        });
        assert!(matches!(error, Err(GradcheckError::Differs { input: 0, index: 0, .. })), "{error:?}");
    }

    #[test]
    fn an_input_without_influence_has_no_gradient() {
        let inputs = [array![1.0].into_dyn(), array![2.0].into_dyn()];
        gradcheck(&inputs, |tape, inputs| tape.sum(inputs[0])).unwrap();
    }
}
