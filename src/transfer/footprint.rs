//! How much memory a run needs, and whether its tape is replayed whole or in strips.

use super::builder::StyleTransferBuilder;
use super::choices::OptimizerKind;
use super::error::TransferError;
use super::jitter;
use super::pictures::Pictures;
use super::team;
use super::threads::thread_count;
use crate::loss::{content_loss, gram_matrix, temporal_loss, tv_loss};
use crate::memory;
use impasto_autodiff::{Strips, Tape, Var};
use impasto_squeezenet::{SqueezeNet, architecture};
use ndarray::{Array1, Array2, Array4, ArrayD};

/// What a run needs for each pixel of the result with the default layers: the peak of the process, at 1000x1333.
pub(crate) const BYTES_PER_PIXEL: u64 = 380;

/// The same where a loss reads a layer behind 7, up to all thirteen.
const DEEP_BYTES_PER_PIXEL: u64 = 610;

/// What the pairs of steps and gradients that L-BFGS remembers add to it.
const LBFGS_BYTES_PER_PIXEL: u64 = 280;

/// What one with buffers for every value and gradient needs.
const INSPECTABLE_BYTES_PER_PIXEL: u64 = 810;

/// What the Gram matrices of a style image need for each of its pixels, before the picture's own tape is made.
const STYLE_BYTES_PER_PIXEL: u64 = 165;

/// In strips, what is in memory whole: for each pixel its value and Adam's two moments.
const STATE_BYTES_PER_PIXEL: u64 = 36;

/// At the end of a run, when the strips are given up: the value, a copy, its way back to a picture, and that.
const OUTCOME_BYTES_PER_PIXEL: u64 = 39;

/// A picture that a session keeps a copy of; what was given may be given up once it is built.
const PICTURE_BYTES_PER_PIXEL: u64 = 3;

/// The program itself, its weights, as they are and packed, and what its threads allocate.
const PROGRAM_BYTES: u64 = 44 << 20;

/// Rows of the image in a strip, from the fastest to those that need least memory. Down to 64 they give two threads whole
/// tiles of four rows at every layer to 7.
const STRIP_ROWS: [usize; 8] = [256, 192, 128, 64, 48, 32, 16, 8];

/// How the tape of one size is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Everything is in memory.
    Whole,
    /// Only the picture is, and of all else some rows.
    Strips {
        /// Rows of the picture in a strip.
        rows: usize,
    },
}

/// What of a run decides how much memory it needs.
pub(super) struct Footprint {
    network: SqueezeNet,
    /// Bytes that it may use.
    limit: Option<u64>,
    inspectable: bool,
    /// Whether strips can't be walked over: the picture is followed by itself, or a gradient must be known whole.
    undivided: bool,
    /// Whether features are there once more, for their gradients to be normalized.
    normalizes: bool,
    /// Rows and columns of the canvas beyond those of the picture, where it is followed by itself.
    seam: usize,
    /// The height of strips, where they are asked for.
    strip_rows: Option<usize>,
    /// Processes that share the run.
    members: usize,
    optimizer: OptimizerKind,
    content_layers: Vec<usize>,
    style_layers: Vec<usize>,
    /// Regions that have features of their own.
    regions: usize,
    /// Whether they are there once more, for their moments.
    moments: bool,
    /// Whether something of the content image is kept.
    keeps: bool,
    /// Whether the frame before makes one expect something.
    expects: bool,
    jitter: usize,
    threads: usize,
    /// Height and width of the result, in pixels.
    size: (usize, usize),
    /// Those of the style images.
    styles: Vec<(usize, usize)>,
}

/// Bytes per pixel of the image that a layer takes with `bytes` for each position; a part of one counts as a whole.
fn positions_per_pixel(layer: usize, bytes: u64) -> u64 {
    let (_, step) = architecture::receptive_field(layer).unwrap_or((1, 1));
    bytes.div_ceil((step * step) as u64)
}

/// The same with `bytes` for each feature.
fn features_per_pixel(layer: usize, bytes: u64) -> u64 {
    positions_per_pixel(layer, bytes * architecture::output_channels(layer).unwrap_or(64) as u64)
}

fn area((height, width): (usize, usize)) -> u64 {
    (height as u64).saturating_mul(width as u64)
}

impl Footprint {
    pub(super) fn new(
        builder: &StyleTransferBuilder<'_>,
        pictures: &Pictures,
        style_layers: &[usize],
        jitter: usize,
    ) -> Footprint {
        let threads = thread_count(builder.threads);
        Footprint {
            network: builder.network.clone(),
            limit: builder.memory.or_else(|| memory::available_bytes(threads)),
            inspectable: builder.inspectable,
            normalizes: builder.normalize_gradients,
            seam: match (builder.seamless, style_layers.iter().max()) {
                (true, Some(&layer)) => architecture::receptive_field(layer).map_or(0, |(side, _)| side),
                _ => 0,
            },
            undivided: builder.inspectable || builder.seamless || builder.normalize_gradients,
            strip_rows: builder.strip_rows.or(builder.team.as_ref().map(|_| team::STRIP_ROWS)),
            members: builder.team.as_ref().map_or(1, |team| team.size().max(1)),
            optimizer: builder.optimizer,
            content_layers: builder.content_layers.iter().map(|&(layer, _)| layer).collect(),
            style_layers: style_layers.to_vec(),
            regions: pictures.guided_regions(),
            moments: builder.style_moments > 0.0,
            keeps: pictures.kept.is_some(),
            expects: pictures.has_expected(),
            jitter,
            threads,
            size: pictures.size,
            styles: pictures.style_sizes().collect(),
        }
    }

    /// How the tape of a size is replayed: whole where memory suffices, in the highest strips that it suffices for
    /// elsewhere.
    ///
    /// # Errors
    /// [`TransferError::TooLarge`] if not even the lowest fit.
    pub(super) fn manner(&self, size: (usize, usize)) -> Result<Manner, TransferError> {
        if let (Some(rows), false) = (self.strip_rows, self.undivided) {
            return Ok(Manner::Strips { rows });
        }
        let Some(limit) = self.limit else { return Ok(Manner::Whole) };
        let whole = self.whole(size);
        if whole <= limit {
            return Ok(Manner::Whole);
        }
        let (height, width) = self.size;
        let mut needed = whole;
        if !self.undivided {
            for rows in STRIP_ROWS {
                let bytes = self.strips(size, rows)?;
                if bytes <= limit {
                    return Ok(Manner::Strips { rows });
                }
                needed = needed.min(bytes);
            }
        }
        Err(TransferError::TooLarge { height, width, needed, available: limit })
    }

    /// Bytes that the run needs at its peak when it is replayed so.
    ///
    /// # Errors
    /// Those of recording.
    pub(super) fn bytes(&self, size: (usize, usize), manner: Manner) -> Result<u64, TransferError> {
        match manner {
            Manner::Whole => Ok(self.whole(size)),
            Manner::Strips { rows } => self.strips(size, rows),
        }
    }

    /// The bytes that a size needs at its peak when everything is in memory. Everything that grows with a picture counts;
    /// weights and the program itself, some 20 MB, do not.
    fn whole(&self, size: (usize, usize)) -> u64 {
        let deepest = self.style_layers.iter().chain(&self.content_layers).copied().max().unwrap_or(0);
        let mut per_pixel = match (self.inspectable, deepest) {
            (true, ..=7) => INSPECTABLE_BYTES_PER_PIXEL,
            (true, _) => INSPECTABLE_BYTES_PER_PIXEL + DEEP_BYTES_PER_PIXEL - BYTES_PER_PIXEL,
            (false, ..=7) => BYTES_PER_PIXEL,
            (false, _) => DEEP_BYTES_PER_PIXEL,
        };
        per_pixel += self.memories();
        // Each shift but one keeps content features, of 2 bytes.
        let shifts = self.jitter.max(1) as u64;
        let kept = self.content_layers.iter().map(|&layer| features_per_pixel(layer, 2 * (shifts - 1)));
        per_pixel += kept.sum::<u64>() + self.guides();
        // Each region has features of its own in every style layer.
        let masked = self.style_layers.iter().map(|&layer| features_per_pixel(layer, 4));
        let copies = if self.moments { 2 } else { 1 };
        per_pixel += copies * self.regions as u64 * masked.sum::<u64>();
        // What is expected, and both pictures where it holds.
        per_pixel += if self.expects { 36 } else { 0 };
        if self.normalizes {
            let layers = self.style_layers.iter().chain(&self.content_layers);
            per_pixel += layers.map(|&layer| features_per_pixel(layer, 4)).sum::<u64>() + 12;
        }
        let canvas = (size.0.saturating_add(self.seam), size.1.saturating_add(self.seam));
        let picture = area(canvas).saturating_mul(per_pixel);
        let styles = self.styles_at(size).map(|style| area(style).saturating_mul(STYLE_BYTES_PER_PIXEL));
        styles.fold(picture, u64::max)
    }

    /// Bytes per pixel of masks, and of what is made of them.
    fn guides(&self) -> u64 {
        let shifts = self.jitter.max(1) as u64;
        let factors = self.style_layers.iter().map(|&layer| positions_per_pixel(layer, 4 * shifts));
        // The mask as it was given and, for a moment, two of numbers; what is kept, its shares, and the blend.
        let covered = if self.regions > 0 { 4 + 12 } else { 0 };
        let kept = if self.keeps { 5 + 24 } else { 0 };
        self.regions as u64 * (9 + factors.sum::<u64>())
            + covered
            + kept
            + if self.expects { 4 + 7 } else { 0 }
    }

    /// What an optimizer remembers beyond two moments.
    fn memories(&self) -> u64 {
        match self.optimizer {
            OptimizerKind::Lbfgs => LBFGS_BYTES_PER_PIXEL,
            OptimizerKind::Adam => 0,
        }
    }

    /// The style images, shrunk as the picture is.
    fn styles_at(&self, (height, width): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
        let ratio = height.min(width) as f64 / self.size.0.min(self.size.1).max(1) as f64;
        let scaled = move |side: usize| ((side as f64 * ratio).round() as usize).max(1);
        self.styles.iter().map(move |&(height, width)| (scaled(height), scaled(width)))
    }

    /// The bytes that a size needs at its peak in strips of `rows` rows.
    fn strips(&self, size: (usize, usize), rows: usize) -> Result<u64, TransferError> {
        let state = area(size).saturating_mul(STATE_BYTES_PER_PIXEL + self.memories()) / self.members as u64;
        let state = state.saturating_add(area(size).saturating_mul(self.guides()));
        let outcome = area(self.size).saturating_mul(OUTCOME_BYTES_PER_PIXEL);
        let given = self.styles.iter().map(|&style| area(style)).fold(area(self.size), u64::saturating_add);
        let pictures = given.saturating_mul(PICTURE_BYTES_PER_PIXEL);
        let mut windows = self.windows(size, rows, true)?;
        for style in self.styles_at(size) {
            windows = windows.max(self.windows(style, rows, false)?);
        }
        let run = state.saturating_add(windows).max(outcome);
        Ok(PROGRAM_BYTES.saturating_add(pictures).saturating_add(run))
    }

    /// The bytes of all windows, and of the threads' scratch memory, in walks over an image of this size: those of a
    /// narrow image, times its width. Windows do not grow with the height.
    fn windows(
        &self,
        (height, width): (usize, usize),
        rows: usize,
        is_result: bool,
    ) -> Result<u64, TransferError> {
        const NARROW: usize = 256;
        let narrow = (height.min(8 * rows + 512), width.min(NARROW));
        let (mut strips, offset) = self.narrow_strips(narrow, rows, is_result)?;
        // What is kept depends on where the picture lies against the network's grid.
        if let Some(offset) = offset {
            for shift in jitter::shifts(self.jitter) {
                strips.set_value(offset, &Array1::from_iter(shift.map(|pixels| pixels as f32)))?;
                strips.make_room();
            }
        }
        let bytes = strips.window_bytes().saturating_add(strips.scratch_bytes() * self.threads as u64);
        // A seventh more for what the allocator leaves between them, as measured.
        Ok((1.15 * bytes as f64 * width as f64 / narrow.1 as f64) as u64)
    }

    /// A run's tape, or a style image's, as it is recorded, for an image of another size; and the leaf that shifts it.
    fn narrow_strips(
        &self,
        (height, width): (usize, usize),
        rows: usize,
        is_result: bool,
    ) -> Result<(Strips<f32>, Option<Var>), TransferError> {
        let failed = |source| TransferError::Features { name: "the result", source };
        let mut tape = Tape::<f32>::new();
        let zeros = Array4::<f32>::zeros((1, height, width, 3));
        let image = if is_result { tape.variable(&zeros) } else { tape.constant(&zeros) };
        let mut terms = Vec::new();
        let mut layers = self.style_layers.clone();
        let mut input = image;
        let (mut target, mut shift) = (None, None);
        if is_result {
            layers.extend(&self.content_layers);
            let content = tape.constant(&zeros);
            let offset = tape.constant(&Array1::<f32>::zeros(2));
            shift = Some(offset);
            if self.keeps {
                let kept = tape.constant(&Array4::<f32>::zeros((1, height, width, 1)));
                input = tape.blend(image, content, kept)?;
            }
            if self.regions > 0 {
                let covered = tape.constant(&Array4::<f32>::zeros((1, height, width, 1)));
                input = tape.mask_gradient(input, covered)?;
            }
            let canvas = [height, width].map(|side| side + self.jitter.saturating_sub(1));
            let of_content = tape.reflect_pad(content, offset, canvas)?;
            input = tape.reflect_pad(input, offset, canvas)?;
            target = Some(self.network.record(&mut tape, of_content, &self.content_layers).map_err(failed)?);
        }
        let recorded = self.network.record_each(&mut tape, input, &layers, |tape, layer, features| {
            if let Some(target) = target.as_ref().and_then(|target| target.get(layer)) {
                terms.push((content_loss(tape, 1.0, features, target)?, 1.0));
            }
            if !self.style_layers.contains(&layer) {
                return Ok(());
            }
            let regions = if is_result { self.regions } else { 0 };
            for _ in 0..regions.max(1) {
                let features = match regions {
                    0 => features,
                    _ => {
                        let mut shape = tape.shape(features)?.to_vec();
                        shape[3] = 1;
                        let factors = tape.constant(&ArrayD::<f32>::zeros(shape));
                        tape.mask(features, factors)?
                    }
                };
                let gram = gram_matrix(tape, features, true)?;
                let channels = tape.shape(gram)?[0];
                let target = tape.constant(&Array2::<f32>::zeros((channels, channels)));
                terms.push((tape.squared_difference(gram, target)?, 1.0));
            }
            Ok(())
        });
        recorded.map_err(failed)?;
        if is_result || terms.is_empty() {
            terms.push((tv_loss(&mut tape, 1.0, image)?, 1.0));
        }
        if is_result && self.expects {
            let trust = tape.constant(&Array4::<f32>::zeros((1, height, width, 1)));
            let before = tape.constant(&zeros);
            terms.push((temporal_loss(&mut tape, 1.0, image, before, trust)?, 1.0));
        }
        let total = tape.weighted_sum(&terms)?;
        Ok((tape.into_strips(total, rows)?, shift))
    }
}

/// Refuses a result of `height` x `width` pixels that needs more memory than there is.
pub(crate) fn check_memory(
    (height, width): (usize, usize),
    bytes_per_pixel: u64,
    threads: Option<usize>,
) -> Result<(), TransferError> {
    let needed = area((height, width)).saturating_mul(bytes_per_pixel);
    match memory::available_bytes(thread_count(threads)) {
        Some(available) if needed > available => {
            Err(TransferError::TooLarge { height, width, needed, available })
        }
        _ => Ok(()),
    }
}

#[cfg(all(test, feature = "built-in-weights"))]
mod tests {
    use super::*;
    use crate::transfer::StyleTransfer;
    use impasto_squeezenet::Weights;
    use ndarray::Array3;

    #[test]
    fn everything_that_grows_with_a_picture_is_counted() {
        let network = SqueezeNet::new(Weights::built_in());
        let (small, large) = (Array3::zeros((10, 10, 3)), Array3::zeros((400, 500, 3)));
        let needed = |builder: StyleTransferBuilder<'_>, layers: &[usize], jitter| {
            let pictures = Pictures::new(&builder, (100, 200)).unwrap();
            Footprint::new(&builder, &pictures, layers, jitter).whole((100, 200))
        };
        let builder = || StyleTransfer::builder(&network).style(&small, 1.0);
        let default = [1, 4, 6, 7];
        assert_eq!(needed(builder(), &default, 0), 20_000 * BYTES_PER_PIXEL);
        // Layer 3 has 128 channels at a sixteenth of the positions: 16 bytes per pixel for each further shift.
        assert_eq!(needed(builder(), &default, 4), 20_000 * (BYTES_PER_PIXEL + 3 * 16));
        assert!(needed(builder().content_layer(1), &default, 16) > 20_000 * (BYTES_PER_PIXEL + 15 * 31));
        // A region of its own has the features of layers 1, 4, 6 and 7 once more.
        let half = Array2::from_shape_fn((100, 200), |(y, _)| if y < 50 { 255 } else { 0 });
        let masked = builder().masked_style(&small, 1.0, &half);
        let more = needed(masked, &default, 0) - 20_000 * BYTES_PER_PIXEL;
        assert!((20_000 * 2 * 128..20_000 * 2 * 160).contains(&more), "{more}");
        assert_eq!(needed(builder(), &[12], 0), 20_000 * DEEP_BYTES_PER_PIXEL);
        assert_eq!(
            needed(builder().optimizer(OptimizerKind::Lbfgs), &default, 0),
            20_000 * (BYTES_PER_PIXEL + LBFGS_BYTES_PER_PIXEL)
        );
        // A style image that is larger than the picture decides.
        assert_eq!(needed(builder().style(&large, 1.0), &default, 0), 200_000 * STYLE_BYTES_PER_PIXEL);
    }

    #[test]
    fn strips_are_as_high_as_memory_allows() {
        let network = SqueezeNet::new(Weights::built_in());
        let style = Array3::zeros((1080, 1440, 3));
        let size = (2160, 3840);
        let manner = |bytes: Option<u64>| {
            let builder = StyleTransfer::builder(&network).style(&style, 1.0);
            let builder = match bytes {
                Some(bytes) => builder.memory(bytes),
                None => builder,
            };
            let pictures = Pictures::new(&builder, size).unwrap();
            Footprint::new(&builder, &pictures, &[1, 4, 6, 7], 4).manner(size)
        };
        assert_eq!(manner(Some(16 << 30)).unwrap(), Manner::Whole);
        let rows = |bytes| match manner(Some(bytes)).unwrap() {
            Manner::Strips { rows } => rows,
            Manner::Whole => panic!("{bytes} bytes are not enough"),
        };
        assert!(rows(2 << 30) > rows(600_000_000));
        let refused = manner(Some(200_000_000)).unwrap_err();
        let TransferError::TooLarge { needed, available, .. } = refused else { panic!("{refused}") };
        assert_eq!(available, 200_000_000);
        // What the error says would do does.
        assert!(matches!(manner(Some(needed)).unwrap(), Manner::Strips { rows: 8 }));
        assert!(manner(Some(needed - 1)).is_err());
    }
}
