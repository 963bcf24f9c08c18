//! The list of steps, and what each prepares before it is timed.

use crate::workload::Workload;
use crate::{blocked, definition, dispatch, packed, register_tile, reordered, slices};
use impasto_kernels::{Activation, ConvShape, Convolution, Level};

/// Computes the output; what it prepared before is not timed.
pub(crate) type Run<'a> = Box<dyn FnMut(&mut [f32]) + Send + 'a>;

/// One way to compute the output.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Whether it runs on all threads.
    pub(crate) is_parallel: bool,
    pub(crate) prepare: fn(&Workload) -> Run<'_>,
}

pub(crate) const STEPS: [Step; 9] = [
    Step::one_thread("1 definition", |work| direct(work, definition::convolution)),
    Step::one_thread("2 output channels innermost", |work| direct(work, reordered::convolution)),
    Step::one_thread("3 slices instead of indices", |work| direct(work, slices::convolution)),
    Step::one_thread("4 im2col and cache blocks", |work| im2col(work, blocked::product)),
    Step::one_thread("5 sums in registers", |work| im2col(work, register_tile::product)),
    Step::one_thread("6 packed weights, no im2col", |work| tiles(work, Level::Portable)),
    Step::one_thread("7 vectors chosen at run time", |work| tiles(work, Level::current())),
    Step::one_thread("8 the library: Winograd", library),
    Step { is_parallel: true, ..Step::one_thread("9 the library, all threads", library) },
];

/// Step 7 in tiles of `ROWS` rows, whether or not the registers can hold them.
pub(crate) const HEIGHTS: [Step; 8] = [
    Step::one_thread("1 row", tiles_of_height::<1>),
    Step::one_thread("2 rows", tiles_of_height::<2>),
    Step::one_thread("4 rows", tiles_of_height::<4>),
    Step::one_thread("6 rows", tiles_of_height::<6>),
    Step::one_thread("8 rows", tiles_of_height::<8>),
    Step::one_thread("12 rows", tiles_of_height::<12>),
    Step::one_thread("14 rows", tiles_of_height::<14>),
    Step::one_thread("16 rows", tiles_of_height::<16>),
];

impl Step {
    const fn one_thread(name: &'static str, prepare: fn(&Workload) -> Run<'_>) -> Step {
        Step { name, is_parallel: false, prepare }
    }
}

fn direct(work: &Workload, convolution: fn(&ConvShape, &[f32], &[f32], &mut [f32])) -> Run<'_> {
    Box::new(move |out| convolution(&work.shape, &work.image, &work.weights, out))
}

/// A product of a matrix of windows and the weights.
type MatrixProduct = fn([usize; 2], &[f32], &[f32], &mut [f32]);

fn im2col(work: &Workload, product: MatrixProduct) -> Run<'_> {
    let [_, height, width, channels] = work.shape.input();
    let mut windows = vec![0.0; height * width * 9 * channels];
    Box::new(move |out| {
        blocked::copy_windows(&work.shape, &work.image, &mut windows);
        product([9 * channels, work.shape.output()[3]], &windows, &work.weights, out);
    })
}

fn tiles(work: &Workload, level: Level) -> Run<'_> {
    tiles_of(work, level, dispatch::product)
}

fn tiles_of_height<const ROWS: usize>(work: &Workload) -> Run<'_> {
    tiles_of(work, Level::current(), dispatch::product_of_height::<ROWS>)
}

/// A product of windows in a frame and the weights' panels.
type WindowProduct = fn(Level, &ConvShape, &[f32], &[f32], &mut [f32]);

fn tiles_of(work: &Workload, level: Level, product: WindowProduct) -> Run<'_> {
    let [_, height, width, channels] = work.shape.input();
    let mut frame = vec![0.0; (height + 2) * (width + 2) * channels];
    let panels = packed::pack_weights(work.shape.output()[3], dispatch::panel_width(level), &work.weights);
    Box::new(move |out| {
        packed::copy_into_frame(&work.shape, &work.image, &mut frame);
        product(level, &work.shape, &frame, &panels, out);
    })
}

fn library(work: &Workload) -> Run<'_> {
    let mut convolution = Convolution::new(work.shape.clone());
    convolution.set_weights(0, &work.weights, &vec![0.0; work.shape.output()[3]]);
    Box::new(move |out| convolution.forward(Activation::None, &work.image, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(work: &Workload, mut run: Run<'_>) -> f32 {
        let mut out = vec![f32::NAN; work.answer.len()];
        // Twice, so that what the first run leaves behind shows.
        run(&mut out);
        run(&mut out);
        work.error(&out)
    }

    #[test]
    fn every_step_agrees_with_the_reference() {
        for size in [[47, 63, 16], [5, 7, 3], [16, 1, 5]] {
            let work = Workload::new(size).unwrap();
            for step in STEPS.iter().chain(&HEIGHTS) {
                let error = error(&work, (step.prepare)(&work));
                assert!(error < 1e-5, "{} at {:?}: {error}", step.name, work.shape.input());
            }
        }
    }

    #[test]
    fn tiles_agree_with_the_reference_on_every_instruction_set() {
        let work = Workload::new([9, 11, 4]).unwrap();
        for level in Level::available() {
            let error = error(&work, tiles(&work, level));
            assert!(error < 1e-5, "{}: {error}", level.name());
        }
    }
}
