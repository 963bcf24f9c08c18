//! Which rows are computed when: the walks over an image in strips, without any arithmetic.
//!
//! Each step of a walk computes, of every node, the rows that have become possible or necessary, and gives up those
//! that nobody will read again. Two walks make an iteration. The first goes forward for the sums whose gradient reads
//! their value (Gram matrices). The second goes forward again, just far enough ahead, and back to the image.
//!
//! Sums are added in a fixed grid of cells, one for each strip of the image. So a walk may begin and end at any strip: what
//! it adds to a sum, and the bits of the rows that it computes, are those of a walk over all strips.

use crate::graph::{Kind, Node};
use crate::operation::{Place, Values};
use crate::strips::rows::RowOperation;
use impasto_kernels::Element;
use std::ops::Range;

/// What is to be computed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Task {
    /// Rows of a node's value.
    Value { node: usize, rows: Range<usize> },
    /// The part of these rows in a sum.
    Sum { node: usize, rows: Range<usize> },
    /// Rows of a node's gradient.
    Gradient { node: usize, rows: Range<usize> },
    /// The gradient of these rows of the image is there.
    Image { rows: Range<usize> },
}

/// The graph as the walks see it.
pub(super) struct Graph<'a, T: Element> {
    pub(super) nodes: &'a [Node<T>],
    pub(super) places: &'a [Place],
    pub(super) buffers: &'a [Vec<T>],
    pub(super) roles: &'a [Role],
    /// The image that gradients flow to.
    pub(super) image: Option<usize>,
    /// Strips of the image, and as many cells of every sum.
    pub(super) steps: usize,
}

/// What a node is to the walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// There whole: small, or never asked for by rows.
    Whole,
    /// An image, whose rows pass through memory.
    Image { height: usize, on_path: bool },
    /// A sum over all rows of images.
    Sum { on_path: bool, early: bool },
}

/// Which walk it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// Forward for all sums.
    Forward,
    /// Forward for the sums that the gradient of others depends on.
    Early,
    /// Forward and backward; the other sums are added on the way.
    Backward,
}

/// How far a walk has come.
pub(super) struct Progress {
    /// Whether the walk computes the node.
    needed: Vec<bool>,
    /// The rows of each image that are in memory.
    values: Vec<Range<usize>>,
    gradients: Vec<Range<usize>>,
    /// Rows that each sum has added.
    added: Vec<usize>,
}

impl<T: Element> Graph<'_, T> {
    /// The beginning of a walk from strip `first` on.
    pub(super) fn begin(&self, walk: Walk, first: usize) -> Progress {
        let count = self.nodes.len();
        let mut needed = vec![false; count];
        for index in (0..count).rev() {
            needed[index] |= match (self.roles[index], walk) {
                (Role::Sum { .. }, Walk::Forward) => true,
                (Role::Sum { early, .. }, Walk::Early) => early,
                // Images that early sums read are needed for their gradient.
                (Role::Sum { early, on_path }, Walk::Backward) => !early || on_path,
                _ => false,
            };
            if needed[index] {
                self.images_of(index).for_each(|(_, input)| needed[input] = true);
            }
        }
        let [values, gradients] = self.starts(walk, &needed, first);
        let added = (0..count).map(|index| self.part(self.summed(index), first)).collect();
        Progress { needed, values, gradients, added }
    }

    /// The rows of `height` that belong to the first `done` strips.
    fn part(&self, height: usize, done: usize) -> usize {
        (height * done).div_ceil(self.steps).min(height)
    }

    /// Whether a walk adds to a sum.
    fn is_added(&self, index: usize, walk: Walk, needed: &[bool]) -> bool {
        let is_late = matches!(self.roles[index], Role::Sum { early: false, .. });
        needed[index] && matches!(self.roles[index], Role::Sum { .. }) && (walk != Walk::Backward || is_late)
    }

    /// Where the rows begin that a walk from strip `first` on reads of each value and each gradient: none of them yet.
    fn starts(&self, walk: Walk, needed: &[bool], first: usize) -> [Vec<Range<usize>>; 2] {
        let count = self.nodes.len();
        if first == 0 {
            return [vec![0..0; count], vec![0..0; count]];
        }
        let [mut values, mut gradients] = [vec![usize::MAX; count], vec![usize::MAX; count]];
        let lower = |bound: &mut usize, row: usize| *bound = row.min(*bound);
        if let (Walk::Backward, Some(image)) = (walk, self.image) {
            gradients[image] = self.image_end(image, first);
            for index in image + 1..count {
                let (Some(operation), true) = (self.row_operation(index), self.is_on_path(index)) else {
                    continue;
                };
                let own = self.values(index);
                for (position, input) in self.images_of(index) {
                    if gradients[input] >= self.height(input) {
                        continue;
                    }
                    let left = gradients[input]..self.height(input);
                    if !operation.is_sum() {
                        let rows = operation.output_rows(&own, position, left.clone());
                        lower(&mut gradients[index], rows.start);
                    }
                    for (read, node) in self.images_of(index) {
                        if let Some(rows) = operation.read_rows(&own, read, left.clone()) {
                            lower(&mut values[node], rows.start);
                        }
                    }
                }
                if operation.is_sum() || gradients[index] == usize::MAX {
                    continue;
                }
                gradients[index] = self.gradient_start(index, gradients[index]);
                if let Kind::Operation(whole) = &self.nodes[index].kind
                    && whole.reads_output()
                {
                    let row = gradients[index];
                    lower(&mut values[index], row);
                }
            }
        }
        for index in (0..count).rev() {
            let Some(operation) = self.row_operation(index) else { continue };
            let rows = if self.is_added(index, walk, needed) {
                self.part(self.summed(index), first)..self.summed(index)
            } else if operation.is_sum() || values[index] == usize::MAX {
                continue;
            } else {
                let starts_here = |row: &usize| operation.next_strips(*row)[0] == *row;
                let start = values[index].min(self.height(index));
                values[index] = (0..=start).rev().find(starts_here).unwrap_or(0);
                values[index]..self.height(index)
            };
            if rows.is_empty() {
                continue;
            }
            let own = self.values(index);
            for (position, input) in self.images_of(index) {
                let first = operation.input_rows(&own, position, rows.clone()).start;
                lower(&mut values[input], first);
            }
        }
        [values, gradients].map(|starts| {
            let within = |(index, start): (usize, usize)| start.min(self.height(index));
            starts.into_iter().enumerate().map(within).map(|start| start..start).collect()
        })
    }

    /// The tasks of the step after which `done` strips are done, and the first rows that they and later ones read: those
    /// above may be given up before.
    pub(super) fn step(
        &self,
        walk: Walk,
        progress: &mut Progress,
        done: usize,
        tasks: &mut Vec<Task>,
    ) -> Kept {
        tasks.clear();
        let kept = self.kept(walk, progress);
        for (rows, kept) in [(&mut progress.values, &kept.values), (&mut progress.gradients, &kept.gradients)]
        {
            rows.iter_mut().zip(kept).for_each(|(rows, &kept)| rows.start = rows.start.max(kept));
        }
        let mut goals = vec![0; self.nodes.len()];
        let mut gradient_goals = vec![0; self.nodes.len()];
        if walk == Walk::Backward {
            self.backward_goals(done, &mut goals, &mut gradient_goals);
        }
        self.forward_goals(walk, &progress.needed, done, &mut goals);
        for (index, &goal) in goals.iter().enumerate() {
            if !progress.needed[index] {
                continue;
            }
            if let Role::Image { .. } = self.roles[index] {
                take_rows(index, goal, progress, tasks);
            } else if self.is_added(index, walk, &progress.needed) {
                let rows = progress.added[index]..self.part(self.summed(index), done);
                if !rows.is_empty() {
                    progress.added[index] = rows.end;
                    tasks.push(Task::Sum { node: index, rows });
                }
            }
        }
        if walk == Walk::Backward {
            for index in (0..self.nodes.len()).rev() {
                let rows = progress.gradients[index].end..gradient_goals[index];
                if rows.is_empty() {
                    continue;
                }
                progress.gradients[index].end = rows.end;
                tasks.push(Task::Gradient { node: index, rows: rows.clone() });
                if self.image == Some(index) {
                    tasks.push(Task::Image { rows });
                }
            }
        }
        kept
    }

    /// The images that a node reads: which input each is, and its node.
    fn images_of(&self, index: usize) -> impl Iterator<Item = (usize, usize)> {
        let images = self.row_operation(index).map_or(0, |operation| operation.images());
        self.nodes[index].inputs.iter().copied().enumerate().take(images)
    }

    fn row_operation(&self, index: usize) -> Option<&dyn RowOperation<T>> {
        match (&self.nodes[index].kind, self.roles[index]) {
            (Kind::Operation(operation), Role::Image { .. } | Role::Sum { .. }) => operation.by_rows(),
            _ => None,
        }
    }

    fn values(&self, index: usize) -> Values<'_, T> {
        let inputs = &self.nodes[index].inputs;
        Values { buffers: self.buffers, places: self.places, inputs, output: None }
    }

    fn height(&self, index: usize) -> usize {
        match self.roles[index] {
            Role::Image { height, .. } => height,
            Role::Whole | Role::Sum { .. } => 0,
        }
    }

    /// Rows that a sum adds in all.
    fn summed(&self, index: usize) -> usize {
        self.images_of(index).map(|(_, input)| self.height(input)).min().unwrap_or(0)
    }

    fn is_on_path(&self, index: usize) -> bool {
        matches!(self.roles[index], Role::Image { on_path: true, .. } | Role::Sum { on_path: true, .. })
    }

    /// The rows of the image whose gradient is there when `done` strips are.
    pub(super) fn image_end(&self, image: usize, done: usize) -> usize {
        self.gradient_end(image, self.part(self.height(image), done))
    }

    /// Whether a strip of a node's gradient may end before a row: all who read the value compute it.
    fn gradient_may_end(&self, index: usize, row: usize) -> bool {
        let readers =
            (index + 1..self.nodes.len()).filter(|&reader| self.nodes[reader].inputs.contains(&index));
        row == 0
            || readers
                .filter_map(|reader| self.row_operation(reader))
                .all(|reader| reader.next_strips(row)[1] == row)
    }

    /// The first row from `end` on that a strip of a node's gradient may end before.
    fn gradient_end(&self, index: usize, end: usize) -> usize {
        let height = self.height(index);
        (end..height).find(|&row| self.gradient_may_end(index, row)).unwrap_or(height)
    }

    /// The last row up to `start` that a strip of a node's gradient may begin with.
    fn gradient_start(&self, index: usize, start: usize) -> usize {
        let start = start.min(self.height(index));
        (0..=start).rev().find(|&row| self.gradient_may_end(index, row)).unwrap_or(0)
    }

    /// How many rows of each gradient there must be when `done` strips of the image's are, and of each value for them.
    fn backward_goals(&self, done: usize, goals: &mut [usize], gradients: &mut [usize]) {
        let Some(image) = self.image else { return };
        gradients[image] = self.image_end(image, done);
        // Whoever reads a node stands behind it.
        for index in image + 1..self.nodes.len() {
            let (Some(operation), true) = (self.row_operation(index), self.is_on_path(index)) else {
                continue;
            };
            let values = self.values(index);
            for (position, input) in self.images_of(index) {
                if gradients[input] == 0 {
                    continue;
                }
                if !operation.is_sum() {
                    let rows = operation.output_rows(&values, position, 0..gradients[input]);
                    gradients[index] = gradients[index].max(rows.end);
                }
                for (read, node) in self.images_of(index) {
                    if let Some(rows) = operation.read_rows(&values, read, 0..gradients[input]) {
                        goals[node] = goals[node].max(rows.end);
                    }
                }
            }
            if !operation.is_sum() {
                gradients[index] = self.gradient_end(index, gradients[index]);
            }
            if let (Kind::Operation(whole), false) = (&self.nodes[index].kind, operation.is_sum())
                && whole.reads_output()
            {
                goals[index] = goals[index].max(gradients[index]);
            }
        }
    }

    /// How many rows of each value there must be for these goals, and for the first `done` cells of the sums.
    fn forward_goals(&self, walk: Walk, needed: &[bool], done: usize, goals: &mut [usize]) {
        for index in (0..self.nodes.len()).rev() {
            let Some(operation) = self.row_operation(index) else { continue };
            let end = if self.is_added(index, walk, needed) {
                self.part(self.summed(index), done)
            } else if operation.is_sum() || goals[index] == 0 {
                continue;
            } else {
                goals[index] = operation.next_strips(goals[index])[0].min(self.height(index));
                goals[index]
            };
            if end == 0 {
                continue;
            }
            let values = self.values(index);
            for (position, input) in self.images_of(index) {
                let rows = operation.input_rows(&values, position, 0..end);
                goals[input] = goals[input].max(rows.end);
            }
        }
    }

    /// The first row of each value and each gradient that somebody will still read.
    fn kept(&self, walk: Walk, progress: &Progress) -> Kept {
        let ends = |ranges: &[Range<usize>]| ranges.iter().map(|range| range.end).collect();
        let mut kept = Kept { values: ends(&progress.values), gradients: ends(&progress.gradients) };
        for index in 0..self.nodes.len() {
            let (Some(operation), true) = (self.row_operation(index), progress.needed[index]) else {
                continue;
            };
            let values = self.values(index);
            let is_sum = operation.is_sum();
            let left = match self.roles[index] {
                Role::Sum { early: true, .. } if walk == Walk::Backward => 0..0,
                Role::Sum { .. } => progress.added[index]..self.summed(index),
                _ => progress.values[index].end..self.height(index),
            };
            for (position, input) in self.images_of(index) {
                if !left.is_empty() {
                    let first = operation.input_rows(&values, position, left.clone()).start;
                    kept.values[input] = kept.values[input].min(first);
                }
            }
            if walk != Walk::Backward || !self.is_on_path(index) {
                continue;
            }
            let reads_output = match &self.nodes[index].kind {
                Kind::Operation(whole) => whole.reads_output() && !is_sum,
                Kind::Leaf => false,
            };
            for (position, input) in self.images_of(index).filter(|&(_, input)| self.is_on_path(input)) {
                let left = progress.gradients[input].end..self.height(input);
                if left.is_empty() {
                    continue;
                }
                if !is_sum {
                    let first = operation.output_rows(&values, position, left.clone()).start;
                    kept.gradients[index] = kept.gradients[index].min(first);
                    if reads_output {
                        kept.values[index] = kept.values[index].min(first);
                    }
                }
                for (read, node) in self.images_of(index) {
                    if let Some(rows) = operation.read_rows(&values, read, left.clone()) {
                        kept.values[node] = kept.values[node].min(rows.start);
                    }
                }
            }
        }
        kept
    }
}

/// Takes the next rows of a value in, up to `end`.
fn take_rows(node: usize, end: usize, progress: &mut Progress, tasks: &mut Vec<Task>) {
    let rows = progress.values[node].end..end;
    if !rows.is_empty() {
        progress.values[node].end = end;
        tasks.push(Task::Value { node, rows });
    }
}

/// The first rows of each value and each gradient that are still read.
pub(super) struct Kept {
    pub(super) values: Vec<usize>,
    pub(super) gradients: Vec<usize>,
}

impl Progress {
    /// The first row of a node's value that was not computed.
    pub(super) fn end_of_values(&self, index: usize) -> usize {
        self.values[index].end
    }

    /// Rows of a node's value and gradient that are in memory.
    pub(super) fn rows(&self, index: usize) -> [usize; 2] {
        [self.values[index].len(), self.gradients[index].len()]
    }
}
