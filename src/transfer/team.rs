//! A run that several processes share: each has a band of the picture's rows, and walks over it in strips.
//!
//! What they tell each other in an iteration: the parts of the Gram matrices and losses, added in the order of the strips,
//! whoever has them; and the rows that a neighbor reads of another's band. So a picture has the same bits whatever their
//! number.

use super::error::TransferError;
use super::walk::Walk;
use impasto_autodiff::{Strips, TapeError, Total, Var};
use ndarray::{Array4, ArrayView4, ArrayViewMutD, Axis, Slice};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// Rows of the picture in a strip, unless told otherwise: the same for teams of any size, as sums depend on it.
pub(crate) const STRIP_ROWS: usize = 64;

/// The processes that share a run, as one of them sees them. What is sent arrives whole, in the order in which it was sent.
pub trait Team: Send + Sync {
    /// The number of this member, from 0 on. Member 0 is the one that has the picture in the end.
    fn rank(&self) -> usize;

    /// How many there are, at least 1.
    fn size(&self) -> usize;

    /// Sends bytes to another member. It may return before or after they were received.
    ///
    /// # Errors
    /// [`TeamError`] if that member is gone.
    fn send(&self, to: usize, bytes: &[u8]) -> Result<(), TeamError>;

    /// Waits for the next bytes of another member.
    ///
    /// # Errors
    /// [`TeamError`] if that member is gone.
    fn receive(&self, from: usize) -> Result<Vec<u8>, TeamError>;
}

/// A member of a team cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct TeamError(
    /// What happened, in words.
    pub String,
);

/// What the members of a team do together.
#[derive(Clone)]
pub(super) struct Members {
    team: Arc<dyn Team>,
    /// Why an addition failed.
    failure: Arc<Mutex<Option<TeamError>>>,
}

fn bytes_of(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

fn values_of(bytes: &[u8]) -> impl Iterator<Item = f32> {
    let (values, _) = bytes.as_chunks();
    values.iter().map(|&value| f32::from_le_bytes(value))
}

impl Members {
    pub(super) fn new(team: Arc<dyn Team>) -> Members {
        Members { team, failure: Arc::default() }
    }

    fn count(&self) -> usize {
        self.team.size()
    }

    /// Whether this is the member that has the picture in the end.
    pub(super) fn is_first(&self) -> bool {
        self.team.rank() == 0
    }

    /// The strips of each member, of as many as there are.
    fn bands(&self, steps: usize) -> Vec<Range<usize>> {
        let size = self.team.size();
        (0..size).map(|rank| steps * rank / size..steps * (rank + 1) / size).collect()
    }

    /// Restricts strips to this member's band; what they add up, they add up with the others.
    pub(super) fn restrict(&self, strips: &mut Strips<f32>) {
        let bands = self.bands(strips.steps());
        strips.restrict(bands[self.team.rank()].clone(), Box::new(self.clone()));
    }

    /// Gives every member what member `from` has, in as many rounds as their number has digits in binary.
    fn broadcast(&self, from: usize, bytes: &mut Vec<u8>) -> Result<(), TeamError> {
        let size = self.team.size();
        let place = (self.team.rank() + size - from) % size;
        let mut reached = 1;
        while reached < size {
            if place < reached && place + reached < size {
                self.team.send((place + reached + from) % size, bytes)?;
            } else if (reached..2 * reached).contains(&place) {
                *bytes = self.team.receive((place - reached + from) % size)?;
            }
            reached *= 2;
        }
        Ok(())
    }

    /// What member 0 decided.
    pub(super) fn agree(&self, decision: bool) -> Result<bool, TeamError> {
        let mut bytes = vec![u8::from(decision)];
        self.broadcast(0, &mut bytes)?;
        Ok(bytes.first() == Some(&1))
    }

    /// The values of all members, one after another; at all but member 0 nothing.
    pub(super) fn gather(&self, own: impl IntoIterator<Item = f32>) -> Result<Vec<f32>, TeamError> {
        if !self.is_first() {
            self.team.send(0, &bytes_of(own))?;
            return Ok(Vec::new());
        }
        let mut all: Vec<f32> = own.into_iter().collect();
        for member in 1..self.team.size() {
            all.extend(values_of(&self.team.receive(member)?));
        }
        Ok(all)
    }

    fn try_to_add_up(&self, parts: &[f32], total: &mut [f32]) -> Result<(), TeamError> {
        let (rank, size) = (self.team.rank(), self.team.size());
        // Along the bands, so that the order of the additions is that of the strips.
        if rank > 0 {
            let before = self.team.receive(rank - 1)?;
            total.iter_mut().zip(values_of(&before)).for_each(|(total, before)| *total = before);
        }
        for part in parts.chunks_exact(total.len().max(1)) {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        }
        let mut bytes = bytes_of(total.iter().copied());
        if rank + 1 < size {
            self.team.send(rank + 1, &bytes)?;
        }
        self.broadcast(size - 1, &mut bytes)?;
        total.iter_mut().zip(values_of(&bytes)).for_each(|(total, all)| *total = all);
        Ok(())
    }

    /// The failure of an addition, which a walk cannot tell.
    pub(super) fn check(&self) -> Result<(), TeamError> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

impl Total<f32> for Members {
    fn add_up(&mut self, parts: &[f32], total: &mut [f32]) {
        if let Err(error) = self.try_to_add_up(parts, total) {
            total.fill(f32::NAN);
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }
}

/// The picture as the members have it at one size.
pub(super) struct Band {
    pub(super) members: Members,
    /// The rows of each member, one after another.
    own: Vec<Range<usize>>,
    /// The rows that each reads, whatever the shift.
    read: Vec<Range<usize>>,
}

/// What a size starts from.
pub(super) enum Pixels {
    /// A picture (1, H, W, 3).
    Whole(Array4<f32>),
    /// One that member 0 has.
    OfFirst(Option<Array4<f32>>),
}

impl Band {
    /// Restricts the strips of a picture's recording; `shift` goes through the places of the picture, and back to the first.
    pub(super) fn new(
        members: &Members,
        strips: &mut Strips<f32>,
        mut shift: impl FnMut(&mut Strips<f32>, &mut dyn FnMut(&mut Strips<f32>)) -> Result<(), TapeError>,
    ) -> Result<Band, TapeError> {
        let bands = members.bands(strips.steps());
        members.restrict(strips);
        let own: Vec<Range<usize>> = bands.iter().map(|band| strips.rows_of(band.clone())).collect();
        let mut read = own.clone();
        shift(strips, &mut |strips| {
            strips.make_room();
            for (read, band) in read.iter_mut().zip(&bands) {
                let now = strips.rows_read(band.clone());
                *read = read.start.min(now.start)..read.end.max(now.end);
            }
        })?;
        Ok(Band { members: members.clone(), own, read })
    }

    /// Gives the strips the rows that this member reads.
    pub(super) fn fill(&self, strips: &mut Strips<f32>, pixels: Pixels) -> Result<(), TeamError> {
        let rank = self.members.team.rank();
        let rows_of = |picture: &Array4<f32>, rows: &Range<usize>| -> Vec<f32> {
            picture.slice_axis(Axis(1), Slice::from(rows.clone())).iter().copied().collect()
        };
        let values = match pixels {
            Pixels::Whole(picture) => rows_of(&picture, &self.read[rank]),
            Pixels::OfFirst(Some(picture)) => {
                for member in 1..self.members.count() {
                    self.members.team.send(member, &bytes_of(rows_of(&picture, &self.read[member])))?;
                }
                rows_of(&picture, &self.read[0])
            }
            Pixels::OfFirst(None) => values_of(&self.members.team.receive(0)?).collect(),
        };
        strips.store_rows(self.read[rank].clone(), values);
        Ok(())
    }

    /// How many times its own rows this member computes, for what it and its neighbors both need.
    pub(super) fn overhead(&self, strips: &Strips<f32>) -> f64 {
        let steps = strips.steps();
        let band = self.members.bands(steps)[self.members.team.rank()].clone();
        let share = band.len() as f64 / steps as f64;
        strips.flops_of(band) / (strips.flops_of(0..steps) * share)
    }

    /// Rows of others that this member reads.
    pub(super) fn border_rows(&self) -> usize {
        let rank = self.members.team.rank();
        self.read[rank].len() - self.own[rank].len()
    }

    /// This member's rows.
    pub(super) fn own(&self) -> Range<usize> {
        self.own[self.members.team.rank()].clone()
    }

    /// The same, counted from the first that it has in memory.
    pub(super) fn own_in_memory(&self) -> Range<usize> {
        let (own, first) = (self.own(), self.read[self.members.team.rank()].start);
        own.start - first..own.end - first
    }

    /// After a step: gives each member the rows that it reads of this one's band, and takes those of the others in.
    pub(super) fn exchange(&self, walk: &mut Walk, image: Var) -> Result<(), TransferError> {
        let rank = self.members.team.rank();
        let first = self.read[rank].start;
        let shared = |of: usize, by: usize| {
            let (own, read) = (&self.own[of], &self.read[by]);
            own.start.max(read.start)..own.end.min(read.end)
        };
        // All pairs in one order, so that nobody waits for one who waits.
        for low in 0..self.members.count() {
            for high in low + 1..self.members.count() {
                if rank != low && rank != high {
                    continue;
                }
                let other = low + high - rank;
                for sends in [rank == low, rank == high] {
                    let rows = if sends { shared(rank, other) } else { shared(other, rank) };
                    if rows.is_empty() {
                        continue;
                    }
                    let rows = Slice::from(rows.start - first..rows.end - first);
                    if sends {
                        let image = walk.value(image)?;
                        let bytes = bytes_of(image.slice_axis(Axis(1), rows).iter().copied());
                        self.members.team.send(other, &bytes)?;
                    } else {
                        let bytes = self.members.team.receive(other)?;
                        walk.update_leaf(image, |mut image: ArrayViewMutD<'_, f32>| {
                            let mut rows = image.slice_axis_mut(Axis(1), rows);
                            rows.iter_mut().zip(values_of(&bytes)).for_each(|(pixel, value)| *pixel = value);
                        })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The whole picture, (1, H, W, 3), of which `own` are this member's rows; at all but member 0 nothing.
    pub(super) fn gather(&self, own: ArrayView4<'_, f32>) -> Result<Option<Array4<f32>>, TeamError> {
        let (_, _, width, channels) = own.dim();
        let height = self.own.last().map_or(0, |rows| rows.end);
        let values = self.members.gather(own.iter().copied())?;
        Ok(self
            .members
            .is_first()
            .then(|| Array4::from_shape_vec((1, height, width, channels), values).expect("every row once")))
    }
}
