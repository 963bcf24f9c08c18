//! Each channel shifted and scaled by given moments, then scaled and shifted again.
//!
//! With the moments of `x` itself this is batch normalization (Ioffe and Szegedy 2015); the dependence of the moments on
//! `x` is differentiated by `moments`.

use crate::{
    Accumulate, Activation, Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var,
};
use impasto_kernels::Normalization;

const FORMULAS: Formulas = Formulas {
    forward: &[
        "normal[p, c] = (x[p, c] - mean[c]) / sqrt(variance[c] + epsilon)",
        "out[p, c] = normal[p, c] * scale[c] + shift[c]",
        "then max(out, 0), where ReLU is fused",
    ],
    backward: &[
        "g = d_out; 0 where a fused ReLU gave 0; all sums over the positions p",
        "d_x[p, c] = g[p, c] * scale[c] / sqrt(variance[c] + epsilon)",
        "d_mean[c] = -(sum of g[p, c]) * scale[c] / sqrt(variance[c] + epsilon)",
        "d_variance[c] = -(sum of g[p, c] * normal[p, c]) * scale[c] / (2 * (variance[c] + epsilon))",
        "d_scale[c] = sum of g[p, c] * normal[p, c]",
        "d_shift[c] = sum of g[p, c]",
    ],
};

/// What keeps a normalization finite, and what follows in the same pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalizeOptions {
    /// Added to the variance.
    pub epsilon: f64,
    /// Nothing, or ReLU.
    pub activation: Activation,
}

impl Default for NormalizeOptions {
    fn default() -> Self {
        NormalizeOptions { epsilon: 1e-5, activation: Activation::None }
    }
}

impl NormalizeOptions {
    /// The name of the operation that these options record.
    fn name(self) -> &'static str {
        match self.activation {
            Activation::None => "normalize",
            Activation::Relu => "normalize+relu",
            _ => "normalize+activation",
        }
    }
}

struct Normalize<T> {
    options: NormalizeOptions,
    /// The sums that the gradients of moments, scale and shift follow from, (2, C).
    sums: Vec<T>,
    len: usize,
}

impl<T: Element> Tape<T> {
    /// Records `x`, channels last, with each channel shifted by its mean, divided by its deviation, scaled
    /// and shifted again: batch normalization, if `moments`, of shape (2, C), are those that
    /// [`Tape::moments`] finds in `x`. `scale` and `shift` have shape (C).
    ///
    /// ```text
    /// normal[p, c] = (x[p, c] - mean[c]) / sqrt(variance[c] + epsilon)
    /// out[p, c] = normal[p, c] * scale[c] + shift[c]
    /// then max(out, 0), where ReLU is fused
    /// g = d_out; 0 where a fused ReLU gave 0; all sums over the positions p
    /// d_x[p, c] = g[p, c] * scale[c] / sqrt(variance[c] + epsilon)
    /// d_mean[c] = -(sum of g[p, c]) * scale[c] / sqrt(variance[c] + epsilon)
    /// d_variance[c] = -(sum of g[p, c] * normal[p, c]) * scale[c] / (2 * (variance[c] + epsilon))
    /// d_scale[c] = sum of g[p, c] * normal[p, c]
    /// d_shift[c] = sum of g[p, c]
    /// ```
    ///
    /// Source: Ioffe and Szegedy 2015, algorithm 1, whose statistics and affine map are here two operations.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use impasto_autodiff::NormalizeOptions;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![[1.0], [3.0]]); // 2 positions, 1 channel
    /// let (scale, shift) = (tape.variable(&array![10.0]), tape.variable(&array![100.0]));
    /// let moments = tape.moments(x)?; // mean 2, variance 1
    /// let options = NormalizeOptions { epsilon: 0.0, ..NormalizeOptions::default() };
    /// let normal = tape.normalize(x, moments, [scale, shift], options)?;
    /// tape.forward();
    /// assert_eq!(tape.value(moments)?, array![[2.0], [1.0]].into_dyn());
    /// assert_eq!(tape.value(normal)?, array![[90.0], [110.0]].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the channels differ, or `x` is a single number of shape ().
    pub fn normalize(
        &mut self,
        x: Var,
        moments: Var,
        [scale, shift]: [Var; 2],
        options: NormalizeOptions,
    ) -> Result<Var, TapeError> {
        let inputs = [x, moments, scale, shift];
        self.record_with(options.name(), &inputs, |shapes| Normalize::new(options, shapes))
    }
}

impl<T: Element> Normalize<T> {
    fn new(options: NormalizeOptions, inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        let Some(&channels) = inputs[0].last() else {
            return Err(Mismatch::new("there must be at least one axis"));
        };
        if inputs[0].contains(&0) {
            return Err(Mismatch::new("there are no values to normalize"));
        }
        if inputs[1] != [2, channels] {
            return Err(Mismatch::new(format!("{channels} channels need moments of shape (2, {channels})")));
        }
        if inputs[2] != [channels] || inputs[3] != [channels] {
            return Err(Mismatch::new(format!("{channels} channels need as many scales and shifts")));
        }
        Ok(Normalize { options, sums: vec![T::zero(); 2 * channels], len: inputs[0].iter().product() })
    }

    fn with<'a>(&self, values: &Values<'a, T>) -> Normalization<'a, T> {
        Normalization {
            epsilon: T::from_f64(self.options.epsilon),
            moments: values.input(1),
            scale: values.input(2),
            shift: values.input(3),
            activation: self.options.activation,
        }
    }
}

impl<T: Element> Operation<T> for Normalize<T> {
    fn name(&self) -> &'static str {
        self.options.name()
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        T::normalize(self.with(values), values.input(0), out);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let (with, x) = (self.with(values), values.input(0));
        let sums = &mut self.sums[..];
        if gradients.wanted(0) {
            gradients.write(0, |d_x, update| {
                T::normalize_gradient(with, x, d_out, sums, Some((update, d_x)));
            });
        } else {
            T::normalize_gradient(with, x, d_out, sums, None);
        }
        let channels = with.channels();
        let (sum, product) = self.sums.split_at(channels);
        gradients.write(1, |d_moments, update| {
            let (d_means, d_variances) = d_moments.split_at_mut(channels);
            for (c, (d_mean, d_variance)) in d_means.iter_mut().zip(d_variances).enumerate() {
                let variance = with.moments[channels + c] + with.epsilon;
                add(d_mean, update, -sum[c] * with.scale[c] / variance.sqrt());
                add(d_variance, update, -product[c] * with.scale[c] / (variance + variance));
            }
        });
        for (input, sums) in [(2, product), (3, sum)] {
            gradients.write(input, |d, update| {
                d.iter_mut().zip(sums).for_each(|(d, &sum)| add(d, update, sum));
            });
        }
    }

    fn flops(&self) -> u64 {
        3 * self.len as u64
    }

    fn backward_flops(&self, _: &[bool]) -> u64 {
        7 * self.len as u64
    }

    fn reads_output(&self) -> bool {
        false
    }
}

fn add<T: Element>(gradient: &mut T, update: Accumulate, value: T) {
    *gradient = if update == Accumulate::Add { *gradient + value } else { value };
}
