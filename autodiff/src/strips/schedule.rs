//! Which rows are computed when: the walks over an image in strips, without any arithmetic.
//!
//! Each step of a walk computes, of every node, the rows that have become possible or necessary, and gives up those
//! that nobody will read again. Two walks make an iteration. The first goes forward for the sums whose gradient reads
//! their value (Gram matrices). The second goes forward again, just far enough ahead, and back to the image.

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
    /// The beginning of a walk.
    pub(super) fn begin(&self, walk: Walk) -> Progress {
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
        Progress { needed, values: vec![0..0; count], gradients: vec![0..0; count], added: vec![0; count] }
    }

    /// The tasks of the step after which the walk is `done` of `steps` steps on, and the first rows that they and later ones
    /// read: those above may be given up before.
    pub(super) fn step(
        &self,
        walk: Walk,
        progress: &mut Progress,
        (done, steps): (usize, usize),
        tasks: &mut Vec<Task>,
    ) -> Kept {
        tasks.clear();
        let kept = self.kept(walk, progress);
        for (rows, kept) in [(&mut progress.values, &kept.values), (&mut progress.gradients, &kept.gradients)]
        {
            rows.iter_mut().zip(kept).for_each(|(rows, &kept)| rows.start = rows.start.max(kept));
        }
        let part = |height: usize| (height * done).div_ceil(steps).min(height);
        let mut goals = vec![0; self.nodes.len()];
        let mut gradient_goals = vec![0; self.nodes.len()];
        if walk == Walk::Backward {
            self.backward_goals(part, done == steps, &mut goals, &mut gradient_goals);
        }
        for (index, goal) in goals.iter_mut().enumerate() {
            if !progress.needed[index] {
                continue;
            }
            match self.roles[index] {
                Role::Image { height, .. } => {
                    let end = match walk {
                        Walk::Backward => *goal,
                        _ if self.images_of(index).next().is_none() => part(height),
                        _ => self.possible(index, progress.values[index].end, height, progress),
                    };
                    take_rows(index, end, progress, tasks);
                }
                Role::Sum { early, .. } if walk != Walk::Backward || !early => {
                    let rows = progress.added[index]
                        ..self.possible(index, progress.added[index], self.summed(index), progress);
                    if !rows.is_empty() {
                        progress.added[index] = rows.end;
                        tasks.push(Task::Sum { node: index, rows });
                    }
                }
                _ => {}
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

    /// How many rows of `height` can be computed from what is in memory, `from` being done.
    fn possible(&self, index: usize, from: usize, height: usize, progress: &Progress) -> usize {
        let Some(operation) = self.row_operation(index) else { return from };
        let values = self.values(index);
        let is_possible = |row: usize| {
            self.images_of(index).all(|(position, input)| {
                operation.input_rows(&values, position, row..row + 1).end <= progress.values[input].end
            })
        };
        match (from..height).find(|&row| !is_possible(row)) {
            // The last rows that could be computed wait for the others of their unit.
            Some(row) => (from..=row).rev().find(|&end| operation.next_strips(end)[0] == end).unwrap_or(from),
            None => height,
        }
    }

    /// The first row from `end` on that a strip of a node's gradient may end before: all who read the value compute it.
    fn gradient_end(&self, index: usize, end: usize) -> usize {
        if end == 0 {
            return 0;
        }
        let readers =
            || (index + 1..self.nodes.len()).filter(|&reader| self.nodes[reader].inputs.contains(&index));
        let may_end = |end: &usize| {
            readers()
                .filter_map(|reader| self.row_operation(reader))
                .all(|reader| reader.next_strips(*end)[1] == *end)
        };
        (end..self.height(index)).find(may_end).unwrap_or(self.height(index))
    }

    /// How many rows of each value and each gradient there must be when the gradient of the image has come as far as
    /// `part` says.
    fn backward_goals(
        &self,
        part: impl Fn(usize) -> usize,
        last: bool,
        goals: &mut [usize],
        gradients: &mut [usize],
    ) {
        let Some(image) = self.image else { return };
        gradients[image] = self.gradient_end(image, part(self.height(image)));
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
        for index in (0..self.nodes.len()).rev() {
            let Some(operation) = self.row_operation(index) else { continue };
            if let (Role::Sum { early: false, .. }, true) = (self.roles[index], last) {
                self.images_of(index).for_each(|(_, input)| goals[input] = self.height(input));
            }
            if operation.is_sum() || goals[index] == 0 {
                continue;
            }
            goals[index] = operation.next_strips(goals[index])[0].min(self.height(index));
            let values = self.values(index);
            for (position, input) in self.images_of(index) {
                let rows = operation.input_rows(&values, position, 0..goals[index]);
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
    /// Rows of a node's value and gradient that are in memory.
    pub(super) fn rows(&self, index: usize) -> [usize; 2] {
        [self.values[index].len(), self.gradients[index].len()]
    }
}
