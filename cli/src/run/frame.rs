//! A picture that is a frame of a sequence: what it has of the one before it.

use anyhow::Context;
use impasto::PreserveColors;
use impasto::image::{LoadOptions, to_gray};
use impasto::motion::{Motion, MotionError};
use impasto::transfer::TEMPORAL_WEIGHT;
use ndarray::Array3;

use crate::arguments::FrameOptions;
use crate::run::request::Request;
use crate::run::source::Source;

/// The frame before, as it is asked for.
pub(crate) struct Previous<'a> {
    /// Its result.
    pub(crate) result: Source<'a>,
    /// Its photograph.
    pub(crate) content: Option<Source<'a>>,
    /// Of the temporal loss.
    pub(crate) weight: f64,
}

impl<'a> Previous<'a> {
    pub(crate) fn new(options: &'a FrameOptions) -> Option<Previous<'a>> {
        Some(Previous {
            result: Source::new(options.previous.as_deref()?),
            content: options.previous_content.as_deref().map(Source::new),
            weight: options.temporal_weight.unwrap_or(TEMPORAL_WEIGHT),
        })
    }
}

/// The frame before, read, beside the present one.
pub(crate) struct Frame {
    /// Its result, (H, W, 3).
    before: Array3<u8>,
    /// The same with its things where they are now, as far as that is known; while it is painted, so in shades of gray where
    /// the photograph's colors are preserved.
    pub(crate) start: Array3<u8>,
    /// What moved since, with the weight of the temporal loss.
    pub(crate) motion: Option<(Motion, f64)>,
}

impl Frame {
    /// Reads the frame before `content`, the photograph of the present one.
    pub(crate) fn load(
        previous: &Previous<'_>,
        content: &Array3<u8>,
        request: &Request<'_>,
    ) -> anyhow::Result<Frame> {
        // A result needs no profile and no turning: it was written by this program.
        let options = LoadOptions::default().with_background(request.background());
        let before = same_size(previous.result, &options, content)?;
        let motion = match previous.content {
            None => None,
            Some(source) => {
                let options = request.load_options();
                let options = request.size().map_or(options, |size| options.with_size(size));
                let photograph = same_size(source, &options, content)?;
                Some((Motion::between(&photograph, content)?, previous.weight))
            }
        };
        let mut start = match &motion {
            Some((motion, _)) => motion.carry(&before, content)?,
            None => before.clone(),
        };
        if request.preserve_colors == PreserveColors::Luminance {
            start = to_gray(start.view());
        }
        Ok(Frame { before, start, motion })
    }

    /// How much the present frame's result, (H, W, 3) or (H, W, 4), flickers, from 0 to 255; none where nothing is known of
    /// the motion. See [`Motion::flicker`].
    pub(crate) fn flicker(&self, picture: &Array3<u8>) -> Option<f64> {
        let (motion, _) = self.motion.as_ref()?;
        motion.flicker(&self.before, picture).ok()
    }
}

/// A picture of the frame before, which must have the present one's size.
fn same_size(source: Source<'_>, options: &LoadOptions, content: &Array3<u8>) -> anyhow::Result<Array3<u8>> {
    let picture = source.load(options)?.picture;
    let ((height, width, _), (other_height, other_width, _)) = (picture.dim(), content.dim());
    match (height, width) == (other_height, other_width) {
        true => Ok(picture),
        false => Err(MotionError::Sizes { height, width, other_height, other_width })
            .with_context(|| format!("{} is of another sequence", source.name())),
    }
}
