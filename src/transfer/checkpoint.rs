//! A run on its way, as bytes: what a later run needs to go on as if it had never been interrupted.
//!
//! A text comes first, line by line, up to an empty line; then the pixels and the optimizer's arrays, as f32 in little
//! endian; then the CRC-32 of all that. Numbers whose every bit counts stand in the text in hexadecimal.

use crate::optimizer::OptimizerState;
use flate2::Crc;
use ndarray::{Array4, ArrayView4};
use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read, Write};
use thiserror::Error;

/// The first line, of this version.
const TITLE: &str = "impasto checkpoint 1";

/// What every version's first line starts with.
const FAMILY: &str = "impasto checkpoint ";

/// The longest text, in bytes.
const MAX_TEXT: u64 = 1 << 24;

/// Values that are written or read at a time.
const PIECE: usize = 1 << 14;

/// A run that was interrupted, for [`StyleTransfer::resume`](super::StyleTransfer::resume).
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// What whoever wrote it has to say of the run: its inputs and settings, to be compared before going on.
    pub note: String,
    /// The number of the present size in the run's.
    pub(super) scale: usize,
    /// Iterations done at it, and how many there are to be.
    pub(super) iteration: usize,
    pub(super) iterations: usize,
    /// Iterations done at all sizes.
    pub(super) taken: usize,
    /// Losses that tell whether a size ends early.
    pub(super) losses: Vec<f64>,
    /// The picture, (1, H, W, 3).
    pub(super) image: Array4<f32>,
    pub(super) optimizer: OptimizerState<'static>,
}

/// Why a checkpoint could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It cannot be read at all.
    #[error("the checkpoint cannot be read")]
    Read(#[from] io::Error),
    /// It is something else.
    #[error("it is no checkpoint of impasto")]
    NoCheckpoint,
    /// A later program wrote it.
    #[error("it is of a newer version of impasto ({0}): go on with that version")]
    Newer(String),
    /// Its checksum is wrong, or it ends early.
    #[error("the checkpoint is damaged")]
    Damaged,
}

/// What is written of a run.
pub(super) struct Progress<'a> {
    pub(super) scale: usize,
    pub(super) iteration: usize,
    pub(super) iterations: usize,
    pub(super) taken: usize,
    pub(super) losses: &'a [f64],
    pub(super) image: ArrayView4<'a, f32>,
    pub(super) optimizer: OptimizerState<'a>,
}

impl Progress<'_> {
    /// Writes a checkpoint with a note.
    pub(super) fn write(&self, note: &str, to: &mut dyn Write) -> io::Result<()> {
        let mut to = Checked { inner: to, crc: Crc::new() };
        let (_, height, width, _) = self.image.dim();
        let bits = |numbers: &[f64]| {
            numbers.iter().map(|number| format!(" {:016x}", number.to_bits())).collect::<String>()
        };
        let OptimizerState { name, numbers, arrays } = &self.optimizer;
        let lengths: String = arrays.iter().map(|array| format!(" {}", array.len())).collect();
        let text = format!(
            "{TITLE}\nnote {}\nscale {}\niteration {}\niterations {}\ntaken {}\nlosses{}\nheight {height}\nwidth {width}\n\
             optimizer {name}\nnumbers{}\narrays{lengths}\n\n",
            note.replace('\\', "\\\\").replace('\n', "\\n"),
            self.scale,
            self.iteration,
            self.iterations,
            self.taken,
            bits(self.losses),
            bits(numbers),
        );
        to.write_all(text.as_bytes())?;
        write_values(self.image.iter().copied(), &mut to)?;
        for array in arrays {
            write_values(array.iter().copied(), &mut to)?;
        }
        let sum = to.crc.sum();
        to.inner.write_all(&sum.to_le_bytes())
    }
}

fn write_values(values: impl Iterator<Item = f32>, to: &mut impl Write) -> io::Result<()> {
    let mut piece = Vec::with_capacity(4 * PIECE);
    for value in values {
        piece.extend_from_slice(&value.to_le_bytes());
        if piece.len() == 4 * PIECE {
            to.write_all(&piece)?;
            piece.clear();
        }
    }
    to.write_all(&piece)
}

impl Checkpoint {
    /// Reads a checkpoint that [`Iteration::write_checkpoint`](super::Iteration::write_checkpoint) wrote.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn read(from: impl Read) -> Result<Checkpoint, CheckpointError> {
        let mut from = Checked { inner: BufReader::new(from), crc: Crc::new() };
        let mut text = String::new();
        loop {
            let mut line = Vec::new();
            let length = Read::by_ref(&mut from.inner).take(MAX_TEXT).read_until(b'\n', &mut line)?;
            from.crc.update(&line);
            let line = std::str::from_utf8(&line).map_err(|_| CheckpointError::NoCheckpoint)?;
            if text.is_empty() && line.trim_end() != TITLE {
                return Err(match line.trim_end().strip_prefix(FAMILY) {
                    Some(version) => CheckpointError::Newer(version.to_owned()),
                    None => CheckpointError::NoCheckpoint,
                });
            }
            if length == 0 || text.len() as u64 > MAX_TEXT {
                return Err(CheckpointError::Damaged);
            }
            if line == "\n" {
                break;
            }
            text.push_str(line);
        }
        let fields: Vec<(&str, &str)> =
            text.lines().skip(1).map(|line| line.split_once(' ').unwrap_or((line, ""))).collect();
        let text = |name: &str| {
            let field = fields.iter().find(|(own, _)| *own == name);
            field.map(|(_, value)| *value).ok_or(CheckpointError::Damaged)
        };
        let number = |name: &str| text(name)?.parse::<usize>().map_err(|_| CheckpointError::Damaged);
        let numbers = |name: &str| -> Result<Vec<f64>, CheckpointError> {
            let bits = text(name)?.split_whitespace().map(|digits| u64::from_str_radix(digits, 16));
            bits.map(|bits| bits.map(f64::from_bits).map_err(|_| CheckpointError::Damaged)).collect()
        };
        let (height, width) = (number("height")?, number("width")?);
        let pixels = height.checked_mul(width).and_then(|pixels| pixels.checked_mul(3));
        let image = read_values(pixels.ok_or(CheckpointError::Damaged)?, &mut from)?;
        let mut arrays = Vec::new();
        for length in text("arrays")?.split_whitespace() {
            let length = length.parse().map_err(|_| CheckpointError::Damaged)?;
            arrays.push(Cow::Owned(read_values(length, &mut from)?));
        }
        let sum = from.crc.sum();
        let mut stored = [0; 4];
        from.inner.read_exact(&mut stored).map_err(damaged)?;
        if u32::from_le_bytes(stored) != sum || from.inner.read(&mut [0])? != 0 {
            return Err(CheckpointError::Damaged);
        }
        Ok(Checkpoint {
            note: unescaped(text("note")?),
            scale: number("scale")?,
            iteration: number("iteration")?,
            iterations: number("iterations")?,
            taken: number("taken")?,
            losses: numbers("losses")?,
            image: Array4::from_shape_vec((1, height, width, 3), image)
                .map_err(|_| CheckpointError::Damaged)?,
            optimizer: OptimizerState {
                name: text("optimizer")?.to_owned().into(),
                numbers: numbers("numbers")?,
                arrays,
            },
        })
    }

    /// Iterations that the run had done, at all sizes.
    pub fn iterations_done(&self) -> usize {
        self.taken
    }
}

/// A text of several lines that was written as one.
fn unescaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(if characters.next() == Some('n') { '\n' } else { '\\' }),
            other => text.push(other),
        }
    }
    text
}

/// An end that comes too early is damage, and anything else a failure to read.
fn damaged(error: io::Error) -> CheckpointError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => CheckpointError::Damaged,
        _ => CheckpointError::Read(error),
    }
}

/// Reads `count` values. Memory grows with the bytes that are there, whatever `count` claims.
fn read_values(count: usize, from: &mut impl Read) -> Result<Vec<f32>, CheckpointError> {
    let mut values = Vec::new();
    let mut piece = vec![0; 4 * PIECE];
    let mut left = count;
    while left > 0 {
        let part = left.min(PIECE);
        let bytes = &mut piece[..4 * part];
        from.read_exact(bytes).map_err(damaged)?;
        values.extend(bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)));
        left -= part;
    }
    Ok(values)
}

/// Sums up what passes.
struct Checked<T> {
    inner: T,
    crc: Crc,
}

impl Write for Checked<&mut dyn Write> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.crc.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Checked<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.crc.update(&bytes[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "{\"a\": \"b\\n\"}\nsecond \\\\n line";

    fn bytes() -> Vec<u8> {
        let image = Array4::from_shape_fn((1, 5, 7, 3), |(_, y, x, c)| (y * 100 + x * 10 + c) as f32 / 3.0);
        let progress = Progress {
            scale: 2,
            iteration: 17,
            iterations: 40,
            taken: 230,
            losses: &[0.1, f64::INFINITY, -0.0],
            image: image.view(),
            optimizer: OptimizerState {
                name: "adam".into(),
                numbers: vec![17.0, 1.0 / 3.0],
                arrays: vec![Cow::Owned(vec![1.5; 105]), Cow::Owned(vec![f32::MIN_POSITIVE; 20_000])],
            },
        };
        let mut bytes = Vec::new();
        progress.write(NOTE, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let read = Checkpoint::read(&bytes()[..]).unwrap();
        assert_eq!((&*read.note, read.scale, read.iteration, read.taken), (NOTE, 2, 17, 230));
        assert_eq!(
            read.losses.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>(),
            [0.1f64.to_bits(), f64::INFINITY.to_bits(), (-0.0f64).to_bits()]
        );
        assert_eq!(read.image[[0, 4, 6, 2]], 462.0 / 3.0);
        assert_eq!((read.optimizer.numbers[1], read.optimizer.arrays[1].len()), (1.0 / 3.0, 20_000));
    }

    #[test]
    fn damage_is_noticed_wherever_it_is() {
        let whole = bytes();
        for length in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
            assert!(Checkpoint::read(&whole[..length]).is_err(), "{length}");
        }
        for place in (0..whole.len()).step_by(61) {
            let mut flipped = whole.clone();
            flipped[place] ^= 4;
            assert!(Checkpoint::read(&flipped[..]).is_err(), "{place}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert!(matches!(Checkpoint::read(&longer[..]), Err(CheckpointError::Damaged)));
        // A length that nothing backs takes no memory.
        let text = String::from_utf8_lossy(&whole).replacen("height 5", "height 99999999999", 1);
        assert!(Checkpoint::read(text.as_bytes()).is_err());
        assert!(matches!(Checkpoint::read(&b"PNG"[..]), Err(CheckpointError::NoCheckpoint)));
        let newer = Checkpoint::read(&b"impasto checkpoint 2\n"[..]);
        assert!(matches!(newer, Err(CheckpointError::Newer(version)) if version == "2"));
    }
}
