//! Walks over a part of the image: its band. Others walk over the rest, elsewhere, and add up the sums with them.

use super::Strips;
use super::schedule::{Role, Task, Walk};
use crate::graph::Kind;
use impasto_kernels::Element;
use std::ops::Range;

/// Adds up sums over bands of an image that are walked over elsewhere.
pub trait Total<T>: Send {
    /// Adds, in the order of the bands, the parts of all of them to `total`, which is 0: `parts` are those of this band, one
    /// after another, each as long as `total`. All must end with the same `total`.
    ///
    /// Called as often, and with as long a `total`, wherever a band is walked over. One that fails leaves what is no number
    /// in `total`, and remembers why.
    fn add_up(&mut self, parts: &[T], total: &mut [T]);
}

/// Walking over a band.
impl<T: Element> Strips<T> {
    /// Restricts walks to the strips `band` of [`steps`](Self::steps), where `total` knows those who walk over the others.
    ///
    /// Losses are then those of the whole image, and the gradient is that of the band's rows: all to the bits that a walk
    /// over the whole image gives, wherever bands begin and end.
    ///
    /// # Panics
    /// If the band ends behind the last strip.
    pub fn restrict(&mut self, band: Range<usize>, total: Box<dyn Total<T>>) {
        assert!(band.start <= band.end && band.end <= self.steps(), "a band is a part of the strips");
        self.band = band;
        self.total = Some(total);
        self.is_computed = false;
        self.room.iter_mut().for_each(|room| *room = [0, 0]);
        self.release();
        self.make_room();
    }

    /// The rows of the image whose gradient these strips give.
    pub fn rows_of(&self, band: Range<usize>) -> Range<usize> {
        let Some(image) = self.image else { return 0..0 };
        let graph = self.graph();
        graph.image_end(image, band.start)..graph.image_end(image, band.end)
    }

    /// The rows of the image that walks over these strips read, with the leaves as they are.
    pub fn rows_read(&self, band: Range<usize>) -> Range<usize> {
        let Some(image) = self.image else { return 0..0 };
        let own = self.rows_of(band.clone());
        if band.is_empty() {
            return own;
        }
        let mut read = own;
        for walk in [Walk::Forward, Walk::Early, Walk::Backward] {
            // It begins at the first row that it reads, without having read it.
            self.dry_run(walk, band.clone(), |progress, _| {
                let end = progress.end_of_values(image);
                read = read.start.min(end)..read.end.max(end);
            });
        }
        read
    }

    /// Floating-point operations of one iteration over these strips: of the walk for the sums and of the one back, with the
    /// rows that neighboring bands compute too. Bands together do more than all strips at once.
    pub fn flops_of(&self, band: Range<usize>) -> f64 {
        let mut flops = 0.0;
        for walk in [Walk::Early, Walk::Backward] {
            self.dry_run(walk, band.clone(), |_, tasks| {
                flops += tasks.iter().map(|task| self.flops_of_task(task)).sum::<f64>();
            });
        }
        flops
    }

    fn flops_of_task(&self, task: &Task) -> f64 {
        let operation = |node: usize| match &self.tape.nodes[node].kind {
            Kind::Operation(operation) => Some(operation),
            Kind::Leaf => None,
        };
        let share = |node: usize, rows: &Range<usize>| match self.tape.places[node].shape[..] {
            [_, height, _, _] => rows.len() as f64 / height.max(1) as f64,
            _ => 0.0,
        };
        match task {
            Task::Value { node, rows } => {
                operation(*node).map_or(0.0, |o| o.flops() as f64 * share(*node, rows))
            }
            Task::Sum { node, rows } => {
                let image = self.tape.nodes[*node].inputs.first();
                let share = image.map_or(0.0, |&image| share(image, rows));
                operation(*node).map_or(0.0, |o| o.flops() as f64 * share)
            }
            Task::Gradient { node, rows } => {
                let readers = (node + 1..self.tape.nodes.len()).filter(|&reader| self.on_path[reader]);
                let flops = readers.map(|reader| {
                    let inputs = &self.tape.nodes[reader].inputs;
                    let wanted: Vec<bool> = inputs.iter().map(|input| input == node).collect();
                    match operation(reader).filter(|_| wanted.contains(&true)) {
                        Some(operation) => operation.backward_flops(&wanted) as f64,
                        None => 0.0,
                    }
                });
                flops.sum::<f64>() * share(*node, rows)
            }
            Task::Image { .. } => 0.0,
        }
    }

    /// Keeps only these rows of the image's values in memory, which walks over the band must read no others of; `values` are
    /// theirs. From now on [`value`](Self::value) and [`update_leaf`](Self::update_leaf) see an image of these rows.
    ///
    /// # Panics
    /// If there are not as many values, or the rows are not within the image.
    pub fn store_rows(&mut self, rows: Range<usize>, values: Vec<T>) {
        let Some(image) = self.image else { return };
        let height = self.tape.places[image].shape[1];
        assert!(rows.end <= height && values.len() == rows.len() * self.row_len(image), "values of all rows");
        self.tape.buffers[self.tape.places[image].buffer] = values;
        self.stored = Some(rows);
        self.is_computed = false;
    }

    /// Rows of a leaf, counted from the first that is in memory.
    pub(super) fn within(&self, node: usize, rows: Range<usize>) -> Range<usize> {
        match &self.stored {
            Some(stored) if self.image == Some(node) => rows.start - stored.start..rows.end - stored.start,
            _ => rows,
        }
    }

    /// Prepares the parts of the sums of a walk.
    pub(super) fn begin_cells(&mut self, walk: Walk) -> Cells<T> {
        self.cells.clear();
        let spare = std::mem::take(&mut self.spare);
        let mut cells = Cells { nodes: Vec::new(), len: 0, present: Vec::new(), spare };
        if self.total.is_none() {
            return cells;
        }
        for (index, role) in self.roles.iter().enumerate() {
            let Role::Sum { early, .. } = *role else { continue };
            if walk == Walk::Forward || early == (walk == Walk::Early) {
                cells.nodes.push((index, cells.len));
                cells.len += self.tape.places[index].len;
            }
        }
        cells.present = vec![T::zero(); cells.len];
        cells
    }

    /// Gives the sums of a walk the parts of all bands.
    pub(super) fn add_up(&mut self, cells: Cells<T>) {
        self.spare = cells.spare;
        let Some(total) = &mut self.total else { return };
        let mut all = vec![T::zero(); cells.len];
        total.add_up(&self.cells, &mut all);
        for &(node, first) in &cells.nodes {
            let place = &self.tape.places[node];
            self.tape.buffers[place.buffer].copy_from_slice(&all[first..first + place.len]);
        }
    }
}

/// The parts of sums, cell by cell.
pub(super) struct Cells<T> {
    /// Each sum, and where its values are in a cell.
    nodes: Vec<(usize, usize)>,
    /// Values of a cell.
    len: usize,
    present: Vec<T>,
    spare: Vec<T>,
}

impl<T: Element> Cells<T> {
    /// Room for a part of a sum, which is 0.
    pub(super) fn take(&mut self, len: usize) -> Vec<T> {
        let mut part = std::mem::take(&mut self.spare);
        part.clear();
        part.resize(len, T::zero());
        part
    }

    pub(super) fn give_back(&mut self, part: Vec<T>) {
        self.spare = part;
    }

    /// Keeps the part of a sum in the present cell.
    pub(super) fn keep(&mut self, node: usize, part: &[T]) {
        let place = self.nodes.iter().find(|(index, _)| *index == node);
        if let Some(&(_, first)) = place {
            self.present[first..first + part.len()].copy_from_slice(part);
        }
    }

    /// Goes to the next cell.
    pub(super) fn next(&mut self, cells: &mut Vec<T>) {
        cells.extend_from_slice(&self.present);
        self.present.fill(T::zero());
    }
}

/// Adds a part to a sum.
pub(super) fn add<T: Element>(sum: &mut [T], part: &[T]) {
    sum.iter_mut().zip(part).for_each(|(sum, &part)| *sum = *sum + part);
}
