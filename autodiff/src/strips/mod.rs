//! Walking over pictures larger than memory: the tape replayed a few rows at a time.
//!
//! Every loss is a function of sums over rows (Gram matrices, sums of squares). Once the sums are known, the gradient of
//! a row needs only the rows near it. So nothing but the picture itself is ever in memory whole:
//!
//! - `access` reads and sets what is in memory whole
//! - `bands` restricts walks to a part of the image, the rest of which is walked over elsewhere
//! - `roles` tells images, sums over them and numbers apart
//! - `schedule` says which rows of which node are computed when, and which are given up
//! - `window` holds the rows of a node that are in memory
//! - `rows` is the trait of operations that can be computed so
//!
//! Nothing is computed twice on account of the borders between strips: each node keeps the few rows that the next strip
//! still needs.

mod access;
mod bands;
mod roles;
mod rows;
mod schedule;
mod window;

pub use bands::Total;
pub use rows::{RowOperation, RowValues};
pub(crate) use window::few_rows;

use crate::error::TapeError;
use crate::graph::Kind;
use crate::operation::{Gradients, Loan, Values};
use crate::plan;
use crate::tape::{Tape, Var};
use bands::{Cells, add};
use impasto_kernels::{Accumulate, Element, Rows};
use rayon::prelude::*;
use schedule::{Graph, Kept, Progress, Role, Task, Walk};
use std::ops::Range;
use window::{Strip, Window};

/// A tape that is replayed in strips of rows, made by [`Tape::into_strips`].
///
/// Losses and gradients are those of the tape, to rounding. Other values cannot be read: they are never in memory whole.
///
/// ```
/// use impasto_autodiff::Tape;
/// use ndarray::Array4;
///
/// let mut tape = Tape::<f64>::new();
/// let image = tape.variable(&Array4::from_shape_fn((1, 20, 5, 3), |(_, y, x, _)| (y * y + x) as f64));
/// let roughness = tape.total_variation(image)?;
/// let mut strips = tape.into_strips(roughness, 4)?;
/// strips.forward();
/// let before = strips.number(roughness)?;
///
/// // A step down the slope, strip by strip: the whole gradient is never in memory.
/// strips.backward(|_, rows, gradient| {
///     rows.iter_mut().zip(gradient).for_each(|(value, gradient)| *value -= 0.05 * gradient);
/// })?;
/// strips.forward();
/// assert!(strips.number(roughness)? < before);
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
pub struct Strips<T: Element = f32> {
    tape: Tape<T>,
    result: usize,
    image: Option<usize>,
    roles: Vec<Role>,
    /// The rows of each node that are in memory; none before the first walk.
    strips: Vec<Option<Strip<T>>>,
    /// Rows of each value and gradient that there is memory for.
    room: Vec<[usize; 2]>,
    /// The gradient of each small node on the path.
    gradients: Vec<Vec<T>>,
    on_path: Vec<bool>,
    rows: usize,
    /// The strips that walks go over.
    band: Range<usize>,
    /// Rows of the image's values that are in memory; all of them unless this tells.
    stored: Option<Range<usize>>,
    /// Adds up sums where other bands are walked over elsewhere.
    total: Option<Box<dyn Total<T>>>,
    /// The parts of sums of this band: cell by cell, sum by sum.
    cells: Vec<T>,
    /// Room for a part of a sum, between walks.
    spare: Vec<T>,
    /// Whether the sums belong to the leaves as they are.
    is_computed: bool,
}

/// What is done with each strip of the image's gradient: its rows, their values, the gradient.
type Step<'a, T> = dyn FnMut(Range<usize>, &mut [T], &[T]) + 'a;

impl<T: Element> Tape<T> {
    /// The same computation, replayed in strips of `rows` rows of the image that gradients flow to.
    ///
    /// Images must be of shape (1, H, W, C), the operations on them those that say so by
    /// [`Operation::by_rows`](crate::Operation::by_rows), and there may be only one variable among them.
    ///
    /// # Errors
    /// [`TapeError::NotByRows`] for an operation on an image that needs it whole, [`TapeError::NotAScalar`] if the result
    /// is an array, [`TapeError::ForeignVariable`].
    pub fn into_strips(self, result: Var, rows: usize) -> Result<Strips<T>, TapeError> {
        Strips::new(self, result, rows.max(1))
    }
}

impl<T: Element> Strips<T> {
    fn new(mut tape: Tape<T>, result: Var, rows: usize) -> Result<Self, TapeError> {
        let result = tape.index(result)?;
        if tape.places[result].len != 1 {
            return Err(TapeError::NotAScalar(tape.places[result].shape.clone()));
        }
        let count = tape.nodes.len();
        let on_path = plan::on_path(&tape.nodes, Some(result));
        let roles = roles::of(&tape, &on_path)?;
        let is_image = |index: &usize| matches!(roles[*index], Role::Image { .. });
        let image = (0..count)
            .filter(is_image)
            .find(|&index| tape.nodes[index].differentiable && matches!(tape.nodes[index].kind, Kind::Leaf));
        // What is small has a buffer for good.
        let is_small =
            |index: &usize| !is_image(index) && matches!(tape.nodes[*index].kind, Kind::Operation(_));
        for index in (0..count).filter(is_small).collect::<Vec<_>>() {
            tape.places[index].buffer = tape.buffers.len();
            tape.buffers.push(vec![T::zero(); tape.places[index].len]);
        }
        let gradients = (0..count).map(|index| match on_path[index] && !is_image(&index) {
            true => vec![T::zero(); tape.places[index].len],
            false => Vec::new(),
        });
        let gradients = gradients.collect();
        let mut strips = Strips {
            strips: Vec::new(),
            room: vec![[0, 0]; count],
            gradients,
            result,
            image,
            roles,
            on_path,
            rows,
            band: 0..0,
            stored: None,
            total: None,
            cells: Vec::new(),
            spare: Vec::new(),
            tape,
            is_computed: false,
        };
        strips.band = 0..strips.steps();
        strips.make_room();
        Ok(strips)
    }

    /// Bytes that the rows of all images need at the most during a walk; see [`Strips::make_room`]. The leaves come on top.
    pub fn window_bytes(&self) -> u64 {
        let values = self.room.iter().enumerate().map(|(index, [values, gradient])| {
            let row_len = self.row_len(index) as u64;
            let values = if self.is_in_place(index) { 0 } else { *values as u64 };
            row_len.saturating_mul(values.saturating_add(*gradient as u64))
        });
        values.fold(0u64, u64::saturating_add).saturating_mul(size_of::<T>() as u64)
    }

    /// Gives up the memory of all rows; the next walk takes it again.
    pub fn release(&mut self) {
        self.strips = Vec::new();
    }

    fn row_len(&self, index: usize) -> usize {
        match self.tape.places[index].shape[..] {
            [_, _, width, channels] => width * channels,
            _ => 0,
        }
    }

    fn is_in_place(&self, index: usize) -> bool {
        matches!(self.tape.nodes[index].kind, Kind::Leaf) && self.image != Some(index)
    }

    /// The most rows of each value and gradient that are in memory at once.
    fn largest_windows(&self) -> Vec<[usize; 2]> {
        let mut largest = vec![[0, 0]; self.tape.nodes.len()];
        for walk in [Walk::Forward, Walk::Backward] {
            self.dry_run(walk, self.band.clone(), |progress, _| {
                for (index, largest) in largest.iter_mut().enumerate() {
                    let rows = progress.rows(index);
                    *largest = [largest[0].max(rows[0]), largest[1].max(rows[1])];
                }
            });
        }
        largest
    }

    /// Goes through a walk over these strips without any arithmetic: at its beginning and after each strip, `see` is given
    /// how far it has come, and the strip's tasks.
    fn dry_run(&self, walk: Walk, band: Range<usize>, mut see: impl FnMut(&Progress, &[Task])) {
        let graph = self.graph();
        let (mut progress, mut tasks) = (graph.begin(walk, band.start), Vec::new());
        see(&progress, &tasks);
        for done in band.start + 1..=band.end {
            graph.step(walk, &mut progress, done, &mut tasks);
            see(&progress, &tasks);
        }
    }

    /// Makes room for walks with the leaves as they are: where what is kept depends on a leaf, one call for each of its
    /// values, before the first walk, lets windows be allocated once.
    pub fn make_room(&mut self) {
        let largest = self.largest_windows();
        for (room, rows) in self.room.iter_mut().zip(largest) {
            *room = [room[0].max(rows[0]), room[1].max(rows[1])];
        }
    }

    fn make_windows(&mut self) {
        let strip = |(index, [values, gradient]): (usize, [usize; 2])| {
            let Role::Image { .. } = self.roles[index] else { return None };
            let (row_len, in_place) = (self.row_len(index), self.is_in_place(index));
            let values = Window::new(row_len, if in_place { 0 } else { values });
            Some(Strip { in_place, values, gradient: Window::new(row_len, gradient) })
        };
        self.strips = self.room.iter().copied().enumerate().map(strip).collect();
    }

    fn graph(&self) -> Graph<'_, T> {
        Graph {
            nodes: &self.tape.nodes,
            places: &self.tape.places,
            buffers: &self.tape.buffers,
            roles: &self.roles,
            image: self.image,
            steps: self.steps(),
        }
    }

    /// Strips of the image.
    pub fn steps(&self) -> usize {
        let source_height = |index: usize| match (&self.tape.nodes[index].inputs[..], self.roles[index]) {
            ([], Role::Image { height, .. }) => Some(height),
            _ => None,
        };
        let height = match self.image {
            Some(image) => source_height(image),
            None => (0..self.roles.len()).filter_map(source_height).max(),
        };
        height.unwrap_or(1).div_ceil(self.rows).max(1)
    }

    /// Computes every number that does not depend on rows any more: losses, Gram matrices.
    pub fn forward(&mut self) {
        self.walk(Walk::Forward, &mut |_, _, _| ());
        self.small_forward();
        self.is_computed = true;
    }

    /// Computes the gradient of the result with respect to the image, calling `step` with each strip of it: its rows,
    /// their values, which may be changed, and their gradient. All strips are of the image as it was before.
    ///
    /// Afterwards the numbers are those of the image before the change too. No other walk need go before.
    ///
    /// # Errors
    /// [`TapeError::NoGradient`] if the result does not depend on an image that is a variable.
    pub fn backward(&mut self, mut step: impl FnMut(Range<usize>, &mut [T], &[T])) -> Result<(), TapeError> {
        if self.image.is_none_or(|image| !self.on_path[image]) {
            return Err(TapeError::NoGradient);
        }
        if self.has_early_sums() && !self.is_computed {
            self.walk(Walk::Early, &mut |_, _, _| ());
        }
        self.small_forward();
        self.small_backward();
        self.is_computed = false;
        self.walk(Walk::Backward, &mut step);
        self.small_forward();
        Ok(())
    }

    fn has_early_sums(&self) -> bool {
        self.roles.iter().any(|role| matches!(role, Role::Sum { early: true, .. }))
    }

    /// Every task of a walk.
    fn walk(&mut self, walk: Walk, step: &mut Step<'_, T>) {
        if self.strips.is_empty() {
            self.make_windows();
        }
        for strip in self.strips.iter_mut().flatten() {
            strip.values.clear();
            strip.gradient.clear();
        }
        for index in 0..self.roles.len() {
            let Role::Sum { early, .. } = self.roles[index] else { continue };
            if walk == Walk::Forward || early == (walk == Walk::Early) {
                self.tape.buffers[self.tape.places[index].buffer].fill(T::zero());
            }
        }
        let mut cells = self.begin_cells(walk);
        let mut progress: Progress = self.graph().begin(walk, self.band.start);
        let mut tasks = Vec::new();
        for done in self.band.start + 1..=self.band.end {
            let kept = self.graph().step(walk, &mut progress, done, &mut tasks);
            self.give_up(&kept);
            for task in tasks.drain(..) {
                self.perform(task, &mut cells, step);
            }
            cells.next(&mut self.cells);
        }
        self.add_up(cells);
    }

    /// Moves the rows that are still read to the beginning of their windows.
    fn give_up(&mut self, kept: &Kept) {
        self.strips.par_iter_mut().with_max_len(1).enumerate().for_each(|(index, strip)| {
            if let Some(strip) = strip {
                strip.values.give_up(kept.values[index]);
                strip.gradient.give_up(kept.gradients[index]);
            }
        });
    }

    fn perform(&mut self, task: Task, cells: &mut Cells<T>, step: &mut Step<'_, T>) {
        const IMAGE: &str = "the schedule names images";
        match task {
            Task::Value { node, rows } => {
                let strip = self.strips[node].as_mut().expect(IMAGE);
                if strip.in_place {
                    return;
                }
                let mut window = std::mem::replace(&mut strip.values, Window::new(0, 0));
                let out = window.append(rows.clone());
                match &self.tape.nodes[node].kind {
                    Kind::Leaf => {
                        let row_len = self.row_len(node);
                        let leaf = &self.tape.buffers[self.tape.places[node].buffer];
                        let rows = self.within(node, rows);
                        out.copy_from_slice(&leaf[rows.start * row_len..rows.end * row_len]);
                    }
                    Kind::Operation(_) => self.with_operation(node, false, |operation, values| {
                        operation.forward_rows(values, rows, out);
                    }),
                }
                self.strips[node].as_mut().expect(IMAGE).values = window;
            }
            Task::Sum { node, rows } => {
                let mut cell = cells.take(self.tape.places[node].len);
                self.with_operation(node, false, |operation, values| {
                    operation.forward_rows(values, rows, &mut cell);
                });
                match self.total.is_some() {
                    true => cells.keep(node, &cell),
                    false => add(&mut self.tape.buffers[self.tape.places[node].buffer], &cell),
                }
                cells.give_back(cell);
            }
            Task::Gradient { node, rows } => {
                let strip = self.strips[node].as_mut().expect(IMAGE);
                let mut window = std::mem::replace(&mut strip.gradient, Window::new(0, 0));
                self.gradient_rows(node, rows.clone(), window.append(rows));
                self.strips[node].as_mut().expect(IMAGE).gradient = window;
            }
            Task::Image { rows } => {
                let image = self.image.expect(IMAGE);
                let gradient = self.strips[image].as_ref().expect(IMAGE).gradient.select(rows.clone());
                let (row_len, stored) = (self.row_len(image), self.within(image, rows.clone()));
                let leaf = &mut self.tape.buffers[self.tape.places[image].buffer];
                step(rows, &mut leaf[stored.start * row_len..stored.end * row_len], gradient);
            }
        }
    }

    /// Computes rows of a node's gradient: the sum of what all its readers add.
    fn gradient_rows(&mut self, node: usize, rows: Range<usize>, gradient: &mut [T]) {
        let mut accumulate = Accumulate::Replace;
        for reader in (node + 1..self.tape.nodes.len()).rev() {
            if !self.on_path[reader] || matches!(self.roles[reader], Role::Whole) {
                continue;
            }
            for position in 0..self.tape.nodes[reader].inputs.len() {
                if self.tape.nodes[reader].inputs[position] != node {
                    continue;
                }
                // On loan, as the other gradients stay where they are.
                let of_sum = std::mem::take(&mut self.gradients[reader]);
                let target = (rows.clone(), &mut *gradient);
                self.with_operation(reader, true, |operation, values| {
                    let d_out = match values.strips[reader].as_ref() {
                        Some(strip) => strip.gradient.rows(),
                        None => Rows { first: 0, values: &of_sum },
                    };
                    operation.backward_rows(values, d_out, position, accumulate, target);
                });
                self.gradients[reader] = of_sum;
                accumulate = Accumulate::Add;
            }
        }
        if accumulate == Accumulate::Replace {
            gradient.fill(T::zero());
        }
    }

    /// Calls `body` with the operation of a node and the values that it works on.
    fn with_operation(
        &mut self,
        node: usize,
        is_backward: bool,
        body: impl FnOnce(&mut dyn RowOperation<T>, &RowValues<'_, T>),
    ) {
        let Tape { nodes, places, buffers, .. } = &mut self.tape;
        let entry = &mut nodes[node];
        let Kind::Operation(operation) = &mut entry.kind else { return };
        let Some(operation) = operation.by_rows_mut() else { return };
        let values = Values { buffers, places, inputs: &entry.inputs, output: is_backward.then_some(node) };
        body(operation, &RowValues { values, strips: &self.strips });
    }

    fn is_small(&self, index: usize) -> bool {
        self.roles[index] == Role::Whole && matches!(self.tape.nodes[index].kind, Kind::Operation(_))
    }

    /// Computes the numbers behind the sums.
    fn small_forward(&mut self) {
        for index in 0..self.roles.len() {
            if self.is_small(index) {
                self.tape.compute(index);
            }
        }
    }

    /// The gradients of the numbers behind the sums, and of these.
    fn small_backward(&mut self) {
        let mut started = vec![false; self.roles.len()];
        self.gradients[self.result].fill(T::one());
        started[self.result] = true;
        for index in (0..=self.result).rev() {
            if !(self.is_small(index) && self.on_path[index] && started[index]) {
                continue;
            }
            let d_out = std::mem::take(&mut self.gradients[index]);
            let Tape { nodes, places, buffers, .. } = &mut self.tape;
            let node = &mut nodes[index];
            let Kind::Operation(operation) = &mut node.kind else { continue };
            let mut loans: Vec<Loan<T>> = Vec::new();
            let mut inputs = Vec::new();
            for &input in &node.inputs {
                inputs.push(self.on_path[input].then(|| {
                    loans.iter().position(|loan| loan.node == input).unwrap_or_else(|| {
                        let buffer = std::mem::take(&mut self.gradients[input]);
                        loans.push(Loan { node: input, buffer, started: started[input] });
                        loans.len() - 1
                    })
                }));
            }
            let values = Values { buffers, places, inputs: &node.inputs, output: Some(index) };
            let mut gradients = Gradients { places, inputs: &inputs, loans: &mut loans };
            operation.backward(&values, &d_out, &mut gradients);
            for loan in loans {
                started[loan.node] = loan.started;
                self.gradients[loan.node] = loan.buffer;
            }
            self.gradients[index] = d_out;
        }
        for (role, (gradient, started)) in self.roles.iter().zip(self.gradients.iter_mut().zip(started)) {
            if matches!(role, Role::Sum { .. }) && !started {
                gradient.fill(T::zero());
            }
        }
    }
}
