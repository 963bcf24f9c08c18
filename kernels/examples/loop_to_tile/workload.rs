//! The convolution that all steps compute, and its answer.

use impasto_kernels::{Activation, ConvShape, Filter, Padding, ShapeError, reference};

/// A 3x3 SAME convolution at stride 1 without a bias, and its answer.
pub(crate) struct Workload {
    pub(crate) shape: ConvShape,
    pub(crate) image: Vec<f32>,
    pub(crate) weights: Vec<f32>,
    pub(crate) answer: Vec<f32>,
}

impl Workload {
    /// Windows of 3x3 pixels over an image (H, W, Cin), 64 channels out.
    ///
    /// # Errors
    /// A size of zero.
    pub(crate) fn new([height, width, channels]: [usize; 3]) -> Result<Workload, ShapeError> {
        let filter = Filter { kernel: [3, 3], out_channels: 64, padding: Padding::Same };
        let shape = ConvShape::new([1, height, width, channels], &[filter], [1, 1])?;
        let image = values(shape.input().iter().product(), 1);
        let weights = values(shape.weight_len(0), 2);
        let mut answer = vec![0.0; shape.output().iter().product()];
        let bias = vec![0.0; shape.output()[3]];
        reference::convolution(&shape, &[&weights], &[&bias], Activation::None, &image, &mut answer);
        Ok(Workload { shape, image, weights, answer })
    }

    /// The largest difference of `out` to the answer, over the answer's largest value.
    pub(crate) fn error(&self, out: &[f32]) -> f32 {
        let largest = self.answer.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let differences = self.answer.iter().zip(out).map(|(answer, out)| (answer - out).abs());
        // `max` would pass over a NaN.
        let worse = |worst: f32, difference: f32| {
            if worst.is_nan() || difference <= worst { worst } else { difference }
        };
        differences.fold(0.0, worse) / largest
    }
}

/// Values in [-1, 1) that depend on `seed`.
fn values(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        // Knuth's linear congruential generator, of which the upper bits are good.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_seen() {
        let work = Workload::new([3, 4, 2]).unwrap();
        let mut out = work.answer.clone();
        assert_eq!(work.error(&out), 0.0);
        out[7] = f32::NAN;
        assert!(work.error(&out).is_nan());
        out[7] = work.answer[7] + 1.0;
        assert!(work.error(&out) > 1e-3);
    }
}
