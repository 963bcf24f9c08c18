//! AdamW (Loshchilov and Hutter 2019): Adam, and weights that decay apart from the gradient. It also keeps a
//! moving average of the values, which paints better than the values of any one step.

use impasto_kernels::elementwise;

/// Decay of the averages of the gradient and of its square.
const BETAS: [f32; 2] = [0.9, 0.99];

/// Keeps the division finite.
const EPSILON: f32 = 1e-8;

/// What the optimizer remembers of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// Moving average of the gradient.
    pub first_moment: Vec<f32>,
    /// Moving average of the gradient's square.
    pub second_moment: Vec<f32>,
    /// Moving average of the values.
    pub average: Vec<f32>,
}

impl Memory {
    /// Of a parameter with these first values.
    pub fn new(values: &[f32]) -> Self {
        let zeros = vec![0.0; values.len()];
        Memory { first_moment: zeros.clone(), second_moment: zeros, average: values.to_vec() }
    }
}

/// The numbers of one step, the same for all parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    rate: f32,
    /// The rate with Adam's bias corrected.
    corrected_rate: f32,
    average_share: f32,
}

impl AdamW {
    /// Step `step`, counted from 0; `average_decay` is what remains of the share of older values in the
    /// average. The first steps count for more, so that the first values are soon forgotten.
    pub fn new(step: usize, rate: f64, average_decay: f64) -> Self {
        let count = step as f64 + 1.0;
        let [first, second] = BETAS.map(|beta| 1.0 - f64::from(beta).powf(count));
        AdamW {
            rate: rate as f32,
            corrected_rate: (rate * second.sqrt() / first) as f32,
            average_share: (1.0 - average_decay.min(count / (count + 9.0))) as f32,
        }
    }

    /// Moves `values` against their gradient, after so much of them decayed.
    pub fn step(&self, weight_decay: f32, gradient: &[f32], memory: &mut Memory, values: &mut [f32]) {
        if weight_decay > 0.0 {
            let kept = 1.0 - self.rate * weight_decay;
            values.iter_mut().for_each(|value| *value *= kept);
        }
        let Memory { first_moment, second_moment, average } = memory;
        elementwise::adam(self.corrected_rate, BETAS, EPSILON, gradient, first_moment, second_moment, values);
        for (average, &value) in average.iter_mut().zip(&*values) {
            *average += self.average_share * (value - *average);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One value through algorithm 2 of the paper, in f64.
    fn scalar(gradients: &[f64], rates: &[f64], weight_decay: f64, mut value: f64) -> f64 {
        let (mut m, mut v) = (0.0, 0.0);
        for (index, (g, rate)) in gradients.iter().zip(rates).enumerate() {
            let t = index as i32 + 1;
            m = 0.9 * m + 0.1 * g;
            v = 0.99 * v + 0.01 * g * g;
            let (m_hat, v_hat) = (m / (1.0 - 0.9f64.powi(t)), v / (1.0 - 0.99f64.powi(t)));
            value -= rate * (m_hat / (v_hat.sqrt() + 1e-8) + weight_decay * value);
        }
        value
    }

    #[test]
    fn steps_are_the_papers() {
        let gradients = [[0.3, -0.02], [-0.1, -0.02], [0.25, 0.4], [0.0, -1.0]];
        let rates = [0.1, 0.2, 0.05, 0.01];
        for weight_decay in [0.0, 0.3] {
            let mut values = [1.5f32, -0.7];
            let mut memory = Memory::new(&values);
            for (index, gradient) in gradients.iter().enumerate() {
                let gradient = gradient.map(|g| g as f32);
                AdamW::new(index, rates[index], 0.0).step(
                    weight_decay as f32,
                    &gradient,
                    &mut memory,
                    &mut values,
                );
            }
            for (lane, start) in [1.5, -0.7].into_iter().enumerate() {
                let gradients = gradients.map(|gradient| gradient[lane]);
                let expected = scalar(&gradients, &rates, weight_decay, start);
                assert!((f64::from(values[lane]) - expected).abs() < 1e-5, "{} and {expected}", values[lane]);
            }
            assert_eq!(memory.average, values, "without decay the average is the last value");
        }
    }

    #[test]
    fn the_average_follows_the_values() {
        let mut values = [0.0f32];
        let mut memory = Memory::new(&values);
        for step in 0..400 {
            AdamW::new(step, 0.01, 0.9).step(0.0, &[-1.0], &mut memory, &mut values);
        }
        // Values rise by 0.01 a step; an average that forgets a tenth a step lags nine steps behind.
        assert!((values[0] - memory.average[0] - 0.09).abs() < 1e-3, "{values:?} {memory:?}");
    }
}
