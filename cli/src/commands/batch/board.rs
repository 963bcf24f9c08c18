//! What people see of a batch: a line for each picture, and, on a terminal, one bar for all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Place, Row};
use crate::run::progress::Progress;

/// Where workers write what they did.
pub(super) struct Board {
    state: Mutex<State>,
    count: usize,
    quiet: bool,
    began: Instant,
}

struct State {
    progress: Progress,
    rows: Vec<(Place, Row)>,
    /// How much is done of the pictures that are being painted, from 0 to 1.
    parts: HashMap<Place, f64>,
}

impl Board {
    pub(super) fn new(count: usize, quiet: bool) -> Board {
        let state = State { progress: Progress::new(quiet), rows: Vec::new(), parts: HashMap::new() };
        Board { state: Mutex::new(state), count, quiet, began: Instant::now() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, state: &State) {
        let done = state.rows.len();
        let share = (done as f64 + state.parts.values().sum::<f64>()) / self.count.max(1) as f64;
        state.progress.show_batch(share, done, self.count, self.began.elapsed());
    }

    /// So much of a picture is done.
    pub(super) fn part(&self, place: Place, share: f64) {
        let mut state = self.lock();
        state.parts.insert(place, share);
        self.show(&state);
    }

    /// A picture is done, one way or the other.
    pub(super) fn row(&self, place: Place, row: Row) {
        let mut state = self.lock();
        state.parts.remove(&place);
        if !self.quiet || row.has_failed() {
            state.progress.say(&format!("{}/{} {}", state.rows.len() + 1, self.count, row.text()));
        }
        state.rows.push((place, row));
        self.show(&state);
    }

    /// All of them, in their order.
    pub(super) fn end(self) -> Vec<(Place, Row)> {
        let State { progress, mut rows, .. } =
            self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        progress.end();
        rows.sort_by_key(|(place, _)| *place);
        rows
    }
}
