//! An operation of your own, and how to find out that its gradient is right. `softplus(x) = ln(1 + e^x)` is a
//! ReLU without a kink; its derivative is the sigmoid, `1 / (1 + e^-x)`. It is written three times over:
//! rightly, with a wrong formula, and with the right formula that *sets* the gradient instead of adding to it.
//! `cargo run --release --example 03_own_operation`

use impasto_autodiff::{GradcheckError, gradcheck};
use impasto_autodiff::{Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};
use ndarray::array;

#[derive(Clone, Copy, Debug)]
enum Softplus {
    Right,
    WrongFormula,
    Overwrites,
}

impl Operation<f64> for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    /// As its input, whatever that is; an operation that is choosier returns a [`Mismatch`].
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, f64>, out: &mut [f64]) {
        for (out, x) in out.iter_mut().zip(values.input(0)) {
            *out = x.exp().ln_1p();
        }
    }

    /// `d_x = sigmoid(x) * d_out`, added to what other users of `x` have already left there.
    fn backward(&mut self, values: &Values<'_, f64>, d_out: &[f64], gradients: &mut Gradients<'_, f64>) {
        gradients.add(0, |d_x| {
            for ((d_x, x), d_out) in d_x.iter_mut().zip(values.input(0)).zip(d_out) {
                let sigmoid = 1.0 / (1.0 + (-x).exp());
                match self {
                    Softplus::Right => *d_x += sigmoid * d_out,
                    Softplus::WrongFormula => *d_x += sigmoid * (1.0 - sigmoid) * d_out,
                    Softplus::Overwrites => *d_x = sigmoid * d_out,
                }
            }
        });
    }
}

/// `sum of softplus(x)`: `x` is used once.
fn once(tape: &mut Tape<f64>, softplus: Softplus, x: Var) -> Result<Var, TapeError> {
    let out = tape.record(softplus, &[x])?;
    tape.sum(out)
}

/// `sum of softplus(x) * x^2`: `x` is used twice, and its gradient has two parts.
fn twice(tape: &mut Tape<f64>, softplus: Softplus, x: Var) -> Result<Var, TapeError> {
    let out = tape.record(softplus, &[x])?;
    let squares = tape.square(x)?;
    let products = tape.mul(out, squares)?;
    tape.sum(products)
}

fn main() {
    let x = array![-2.0, 0.5, 3.0].into_dyn();
    for softplus in [Softplus::Right, Softplus::WrongFormula, Softplus::Overwrites] {
        for (uses, record) in [("once", once as fn(&mut _, _, _) -> _), ("twice", twice)] {
            let verdict = match gradcheck(std::slice::from_ref(&x), |tape, x| record(tape, softplus, x[0])) {
                Ok(()) => "passes".to_owned(),
                Err(GradcheckError::Differs { index, gradient, difference, .. }) => {
                    format!("d_x[{index}] is {gradient:.4}, and the central difference {difference:.4}")
                }
                Err(error) => error.to_string(),
            };
            println!("{softplus:?}, x used {uses}: {verdict}");
        }
    }
}
