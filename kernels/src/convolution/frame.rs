//! Copies of image regions that may reach beyond the image, so that windows never test borders.

use crate::simd::{Kernel, Simd};

/// A rectangle of pixels in the coordinates of an image; parts of it may lie outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) top: isize,
    pub(crate) left: isize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Frame {
    pub(crate) fn pixels(&self) -> usize {
        self.height * self.width
    }
}

/// Copies `frame` out of an image of shape (H, W, C), zeros where it lies outside and where `relu_output`,
/// an image of the same shape, is not positive.
pub(crate) struct CopyFrame<'a> {
    pub(crate) frame: Frame,
    pub(crate) shape: [usize; 3],
    pub(crate) image: &'a [f32],
    pub(crate) relu_output: Option<&'a [f32]>,
    pub(crate) target: &'a mut [f32],
}

impl Kernel for CopyFrame<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) {
        self.copy();
    }
}

impl CopyFrame<'_> {
    #[inline(always)]
    pub(crate) fn copy(self) {
        let CopyFrame { frame, shape: [height, width, channels], image, relu_output, target } = self;
        let first = frame.left.clamp(0, width as isize) as usize;
        let end = (frame.left + frame.width as isize).clamp(first as isize, width as isize) as usize;
        let copied = (end - first) * channels;
        let zeros_left = (first as isize - frame.left) as usize * channels;
        let row_len = frame.width * channels;
        for (i, target) in target[..frame.height * row_len].chunks_exact_mut(row_len).enumerate() {
            let row = frame.top + i as isize;
            if row < 0 || row >= height as isize || copied == 0 {
                target.fill(0.0);
                continue;
            }
            let (before, rest) = target.split_at_mut(zeros_left);
            let (inside, after) = rest.split_at_mut(copied);
            before.fill(0.0);
            after.fill(0.0);
            let start = (row as usize * width + first) * channels;
            let source = &image[start..][..copied];
            match relu_output {
                None => inside.copy_from_slice(source),
                Some(relu_output) => copy_masked(source, &relu_output[start..][..copied], inside),
            }
        }
    }
}

/// `target = source` where `relu_output` is positive, else 0.
#[inline(always)]
pub(crate) fn copy_masked(source: &[f32], relu_output: &[f32], target: &mut [f32]) {
    for ((target, &value), &relu_output) in target.iter_mut().zip(source).zip(relu_output) {
        *target = if relu_output > 0.0 { value } else { 0.0 };
    }
}
