//! How a sum over positions is cut into tasks.
//!
//! The positions are cut into parts with a partial sum each, and the columns into groups. Small targets are cut into many
//! parts, whose sums cost little to add; large ones into groups, so that partial sums do not outgrow the caches.

use crate::memory::parallel;
use crate::memory::tuning::{MAX_PRIVATE, MIN_GROUPED, MIN_PART};
use crate::shape::checked_len;
use crate::simd::Level;

/// How one product is cut into tasks. Partial sums lie panel by panel, each panel's rows one after the other.
#[derive(Clone, Copy)]
pub(super) struct Partition {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Columns of a panel, and panels of a task.
    pub(super) panel: usize,
    pub(super) panels_per_task: usize,
    pub(super) positions: usize,
    pub(super) positions_per_part: usize,
}

impl Partition {
    /// Partitions a product of at least one position, row and column.
    pub(super) fn new(level: Level, positions: usize, rows: usize, columns: usize) -> Self {
        let panel = level.panel_width();
        let panels = columns.div_ceil(panel);
        let tasks = parallel::tasks(positions.saturating_mul(rows.max(columns)));
        let is_large = rows.checked_mul(columns).is_none_or(|len| len >= MIN_GROUPED);
        let panels_per_task = if is_large { panels.div_ceil(tasks) } else { panels };
        let groups = panels.div_ceil(panels_per_task);
        // Partial sums of the largest targets would take many times their memory.
        let is_huge = checked_len(&[rows, panels, panel]).is_none_or(|len| len > MAX_PRIVATE);
        let parts = if is_huge { 1 } else { tasks.div_ceil(groups) };
        let positions_per_part = positions.div_ceil(parts).max(MIN_PART).min(positions);
        Partition { rows, columns, panel, panels_per_task, positions, positions_per_part }
    }

    pub(super) fn parts(&self) -> usize {
        self.positions.div_ceil(self.positions_per_part)
    }

    pub(super) fn groups(&self) -> usize {
        self.columns.div_ceil(self.panel * self.panels_per_task)
    }

    /// Values of one task's sums.
    pub(super) fn task_len(&self) -> usize {
        self.panels_per_task * self.rows * self.panel
    }

    /// Values of all sums, if memory can address them; then [`Partition::task_len`] does not wrap.
    pub(super) fn sums_len(&self) -> Option<usize> {
        checked_len(&[self.panels_per_task, self.rows, self.panel, self.groups(), self.parts()])
    }
}
