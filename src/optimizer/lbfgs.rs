//! L-BFGS (Liu and Nocedal 1989): a quasi-Newton step from the last few gradients, the optimizer of
//! Gatys et al. It evaluates the loss once an iteration: each is the next step, or the next trial of its line search.
//!
//! Source: Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 (the two-loop recursion) and 7.5. The
//! recursion starts from the identity times `s^T y / y^T y` of the newest step `s` and its change of the gradient `y`. The
//! line search is for a step that satisfies Wolfe's conditions (equations 3.6): it brackets one as in Lewis and Overton
//! 2013, "Nonsmooth optimization via quasi-Newton methods", algorithm 2.6, and interpolates where that halves.

use super::{Optimizer, OptimizerState};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::VecDeque;

/// The name of its state.
const NAME: &str = "lbfgs";

/// Steps remembered: more cost memory (two images each) and change little.
const MEMORY: usize = 10;

/// How far the very first step moves the value with the largest gradient: there is no curvature yet
/// that could say.
const FIRST_STEP: f64 = 0.1;

/// Trials of a line search before the direction itself is given up.
const TRIALS: u32 = 8;

/// The part of the fall that the slope promises which a step must bring at least.
const SUFFICIENT_FALL: f64 = 1e-4;

/// The part of the slope that may be left at its end: where it is still steeper, a longer step is worth a trial.
const STEEP: f64 = 0.9;

/// Values that one task works on; sums over tasks are added in their order.
const TASK: usize = 1 << 15;

/// L-BFGS over values of one length.
///
/// It remembers the last ten steps, and so keeps twenty-three times the values. The first step moves the value with the
/// largest gradient by 0.1, in units of the values; later ones follow the curvature that was seen.
///
/// ```
/// use impasto::optimizer::{Lbfgs, Optimizer};
///
/// // Down x^2, whose gradient is 2 x.
/// let mut lbfgs = Lbfgs::new();
/// let mut x = [1.0];
/// lbfgs.step(1.0, &[2.0], &mut x);
/// assert!((x[0] - 0.9f32).abs() < 1e-6);
/// // The gradient fell by 0.2 on a way of 0.1: at that rate it is 0 after 0.9 more.
/// lbfgs.step(0.81, &[1.8], &mut x);
/// assert!(x[0].abs() < 1e-6);
/// ```
#[derive(Default)]
pub struct Lbfgs {
    history: VecDeque<Pair>,
    last: Option<Last>,
}

/// One step taken: the change of the values and of the gradient.
struct Pair {
    values: Vec<f32>,
    gradient: Vec<f32>,
    /// Their product, the curvature along the step.
    curvature: f64,
}

/// Where the last accepted step started, and where it was to lead.
struct Last {
    loss: f64,
    values: Vec<f32>,
    gradient: Vec<f32>,
    direction: Vec<f32>,
    /// Of the loss along the direction; below 0.
    slope: f64,
    length: f64,
    /// Lengths that a good step lies between.
    bracket: [f64; 2],
    trials: u32,
}

impl Lbfgs {
    /// L-BFGS that knows nothing yet.
    pub fn new() -> Self {
        Lbfgs::default()
    }

    /// The two-loop recursion: `-H * gradient`, where `H` approximates the inverse Hessian.
    fn direction(&self, gradient: &[f32]) -> Vec<f32> {
        let mut direction = downhill(gradient);
        let mut alphas = Vec::with_capacity(self.history.len());
        for pair in self.history.iter().rev() {
            let alpha = dot(&pair.values, &direction) / pair.curvature;
            add_scaled(&mut direction, -alpha, &pair.gradient);
            alphas.push(alpha);
        }
        if let Some(newest) = self.history.back() {
            let scale = newest.curvature / dot(&newest.gradient, &newest.gradient);
            direction
                .par_iter_mut()
                .with_min_len(TASK)
                .for_each(|value| *value = (f64::from(*value) * scale) as f32);
        }
        for (pair, alpha) in self.history.iter().zip(alphas.into_iter().rev()) {
            let beta = dot(&pair.gradient, &direction) / pair.curvature;
            add_scaled(&mut direction, alpha - beta, &pair.values);
        }
        direction
    }

    /// Remembers the step from `last` to here, if the curvature along it is positive.
    fn remember(&mut self, last: &Last, gradient: &[f32], values: &[f32]) {
        let [step, change] = [(values, &last.values), (gradient, &last.gradient)].map(|(new, old)| {
            new.par_iter().with_min_len(TASK).zip(old).map(|(new, old)| new - old).collect::<Vec<f32>>()
        });
        let curvature = dot(&step, &change);
        if curvature > 1e-10 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            if self.history.len() == MEMORY {
                self.history.pop_front();
            }
            self.history.push_back(Pair { values: step, gradient: change, curvature });
        }
    }
}

impl Optimizer for Lbfgs {
    fn step(&mut self, loss: f64, gradient: &[f32], values: &mut [f32]) {
        if let Some(mut last) = self.last.take() {
            // A NaN is no improvement either.
            let improved = loss <= last.loss + SUFFICIENT_FALL * last.length * last.slope;
            let is_steep = improved && dot(gradient, &last.direction) < STEEP * last.slope;
            if (!improved || is_steep) && last.trials < TRIALS {
                last.narrow(loss, improved);
                values.copy_from_slice(&last.values);
                add_scaled(values, last.length, &last.direction);
                self.last = Some(last);
                return;
            }
            if improved {
                self.remember(&last, gradient, values);
            } else {
                // The direction leads nowhere: start again from the last good place, downhill.
                self.history.clear();
                values.copy_from_slice(&last.values);
                self.last = Some(self.start(last.loss, &last.gradient, values));
                return;
            }
        }
        self.last = Some(self.start(loss, gradient, values));
    }

    fn state(&self) -> Option<OptimizerState<'_>> {
        let (mut numbers, mut arrays) = (vec![self.history.len() as f64], Vec::new());
        for Pair { values, gradient, curvature } in &self.history {
            numbers.push(*curvature);
            arrays.extend([values, gradient].map(|array| Cow::Borrowed(&array[..])));
        }
        if let Some(last) = &self.last {
            let [low, high] = last.bracket;
            numbers.extend([last.loss, last.slope, last.length, low, high, f64::from(last.trials)]);
            arrays.extend(
                [&last.values, &last.gradient, &last.direction].map(|array| Cow::Borrowed(&array[..])),
            );
        }
        Some(OptimizerState { name: NAME.into(), numbers, arrays })
    }

    fn restore(&mut self, state: OptimizerState<'_>) -> bool {
        let len = state.arrays.first().map_or(0, |array| array.len());
        if state.name != NAME || state.arrays.iter().any(|array| array.len() != len) {
            return false;
        }
        let (mut numbers, mut arrays) =
            (state.numbers.into_iter(), state.arrays.into_iter().map(Cow::into_owned));
        let mut restored = Lbfgs::new();
        let pairs = numbers.next().map_or(0, |pairs| pairs as usize);
        if pairs > MEMORY {
            return false;
        }
        for _ in 0..pairs {
            let (Some(curvature), Some(values), Some(gradient)) =
                (numbers.next(), arrays.next(), arrays.next())
            else {
                return false;
            };
            restored.history.push_back(Pair { values, gradient, curvature });
        }
        let (numbers, arrays): (Vec<f64>, Vec<Vec<f32>>) = (numbers.collect(), arrays.collect());
        restored.last = match (&numbers[..], <[_; 3]>::try_from(arrays)) {
            (&[loss, slope, length, low, high, trials], Ok([values, gradient, direction])) => {
                let (bracket, trials) = ([low, high], trials as u32);
                Some(Last { loss, values, gradient, direction, slope, length, bracket, trials })
            }
            ([], Err(none)) if none.is_empty() => None,
            _ => return false,
        };
        *self = restored;
        true
    }

    fn finish(&self, loss: f64, values: &mut [f32]) -> bool {
        match &self.last {
            Some(last) if loss.is_nan() || loss > last.loss => {
                values.copy_from_slice(&last.values);
                true
            }
            _ => false,
        }
    }
}

impl Last {
    /// Chooses the next trial of the line search: beyond this one if it was good, before it if it was not.
    fn narrow(&mut self, loss: f64, improved: bool) {
        self.trials += 1;
        let [low, high] = &mut self.bracket;
        if improved {
            *low = self.length;
            self.length = if high.is_finite() { 0.5 * (*low + *high) } else { 2.0 * self.length };
            return;
        }
        *high = self.length;
        // The lowest point of the parabola through both losses with this slope, not too close to either end.
        let lowest = -0.5 * self.slope * self.length.powi(2) / (loss - self.loss - self.slope * self.length);
        let width = *high - *low;
        let within = |length: f64| length.clamp(*low + 0.1 * width, *low + 0.5 * width);
        self.length = if lowest.is_finite() { within(lowest) } else { *low + 0.5 * width };
    }
}

impl Lbfgs {
    /// Moves `values` along a new direction, and returns what a step back needs.
    fn start(&self, loss: f64, gradient: &[f32], values: &mut [f32]) -> Last {
        let mut direction = self.direction(gradient);
        let mut slope = dot(&direction, gradient);
        if slope >= 0.0 {
            direction = downhill(gradient);
            slope = dot(&direction, gradient);
        }
        let largest = gradient.iter().fold(0.0f32, |largest, g| largest.max(g.abs()));
        let length = match self.history.len() {
            0 if largest > 0.0 => FIRST_STEP / f64::from(largest),
            _ => 1.0,
        };
        let last = Last {
            loss,
            values: values.to_vec(),
            gradient: gradient.to_vec(),
            direction,
            slope,
            length,
            bracket: [0.0, f64::INFINITY],
            trials: 0,
        };
        add_scaled(values, length, &last.direction);
        last
    }
}

fn downhill(gradient: &[f32]) -> Vec<f32> {
    gradient.iter().map(|&g| -g).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let task = |(a, b): (&[f32], &[f32])| -> f64 {
        // Several sums side by side, for there is a way from each addition to the next.
        let mut sums = [0.0; 8];
        let (a, a_rest) = a.as_chunks::<8>();
        let (b, b_rest) = b.as_chunks::<8>();
        for (a, b) in a.iter().zip(b) {
            for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
                *sum += f64::from(a) * f64::from(b);
            }
        }
        let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        sums.iter().sum::<f64>() + rest
    };
    // Collected first: the order of the sum does not depend on the threads.
    let parts: Vec<f64> = a.par_chunks(TASK).zip(b.par_chunks(TASK)).map(task).collect();
    parts.iter().sum()
}

fn add_scaled(target: &mut [f32], scale: f64, direction: &[f32]) {
    target.par_iter_mut().with_min_len(TASK).zip(direction).for_each(|(target, &direction)| {
        *target += scale as f32 * direction;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley, whose minimum 0 lies at (1, 1).
    fn rosenbrock([x, y]: [f32; 2]) -> (f64, [f32; 2]) {
        let (x, y) = (f64::from(x), f64::from(y));
        let loss = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        let gradient = [-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)];
        (loss, gradient.map(|g| g as f32))
    }

    #[test]
    fn finds_the_bottom_of_a_curved_valley() {
        let mut lbfgs = Lbfgs::new();
        let mut values = [-1.2f32, 1.0];
        for _ in 0..120 {
            let (loss, gradient) = rosenbrock(values);
            lbfgs.step(loss, &gradient, &mut values);
        }
        assert!((values[0] - 1.0).abs() < 1e-2 && (values[1] - 1.0).abs() < 1e-2, "{values:?}");
    }

    #[test]
    fn a_minimum_is_not_left() {
        let mut lbfgs = Lbfgs::new();
        let mut values = [3.0f32];
        for _ in 0..5 {
            lbfgs.step(0.0, &[0.0], &mut values);
        }
        assert_eq!(values, [3.0]);
    }
}
