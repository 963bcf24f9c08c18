//! A picture on a tape, row by row: a quarter of the memory that its preprocessed pixels would take.

use super::color_map::{self, ColorMap};
use impasto_autodiff::{
    Accumulate, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape, TapeError, Values, Var,
};
use ndarray::{ArcArray, ArrayView3, Axis, Ix3, Slice};
use rayon::prelude::*;
use std::ops::Range;

/// A picture (H, W, 3) that is preprocessed as it is read.
struct PictureRows {
    picture: ArcArray<u8, Ix3>,
    colors: Option<ColorMap>,
}

/// Records a picture (H, W, 3), in other colors where there is a map, as the network's input (1, H, W, 3), without a
/// gradient.
pub(super) fn record(
    tape: &mut Tape<f32>,
    picture: ArcArray<u8, Ix3>,
    colors: Option<ColorMap>,
) -> Result<Var, TapeError> {
    tape.record(PictureRows { picture, colors }, &[])
}

fn preprocess(picture: ArrayView3<'_, u8>, colors: Option<ColorMap>, out: &mut [f32]) {
    out.par_chunks_exact_mut(3 * picture.dim().1).enumerate().for_each(|(row, out)| {
        let image = color_map::preprocess(picture.slice_axis(Axis(0), Slice::from(row..row + 1)), colors);
        out.iter_mut().zip(&image).for_each(|(out, &value)| *out = value);
    });
}

impl Operation<f32> for PictureRows {
    fn name(&self) -> &'static str {
        "picture"
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        let (height, width, channels) = self.picture.dim();
        Ok(vec![1, height, width, channels])
    }

    fn forward(&mut self, _: &Values<'_, f32>, out: &mut [f32]) {
        preprocess(self.picture.view(), self.colors, out);
    }

    fn backward(&mut self, _: &Values<'_, f32>, _: &[f32], _: &mut Gradients<'_, f32>) {}

    fn reads_output(&self) -> bool {
        false
    }

    fn by_rows(&self) -> Option<&dyn RowOperation<f32>> {
        Some(self)
    }

    fn by_rows_mut(&mut self) -> Option<&mut dyn RowOperation<f32>> {
        Some(self)
    }
}

impl RowOperation<f32> for PictureRows {
    fn images(&self) -> usize {
        0
    }

    fn is_sum(&self) -> bool {
        false
    }

    fn read_rows(&self, _: &Values<'_, f32>, _: usize, _: Range<usize>) -> Option<Range<usize>> {
        None
    }

    fn forward_rows(&mut self, _: &RowValues<'_, f32>, rows: Range<usize>, out: &mut [f32]) {
        preprocess(self.picture.slice_axis(Axis(0), Slice::from(rows)), self.colors, out);
    }

    fn backward_rows(
        &mut self,
        _: &RowValues<'_, f32>,
        _: Rows<'_, f32>,
        _: usize,
        _: Accumulate,
        _: (Range<usize>, &mut [f32]),
    ) {
        unreachable!("it has no inputs")
    }
}
