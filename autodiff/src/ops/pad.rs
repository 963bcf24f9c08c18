//! A picture laid on a larger canvas, at a place that may change from one replay to the next; what it leaves bare mirrors
//! it at its edges, as NumPy's `reflect` padding does, or repeats it, as its `wrap` does.

use super::add_to;
use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape,
    TapeError, Values, Var,
};
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &[
        "out[n, y, x, c] = image[n, r(y - offset[0], H), r(x - offset[1], W), c]",
        "r(i, L) walks 0, 1, .., L-1, L-2, .., 1 and again: it mirrors at the first and the last pixel",
    ],
    backward: &["d_image[n, v, u, c] = sum of d_out over all places that show the pixel (v, u)"],
};

const WRAP_FORMULAS: Formulas = Formulas {
    forward: &["out[n, y, x, c] = image[n, (y - offset[0]) mod H, (x - offset[1]) mod W, c]"],
    backward: FORMULAS.backward,
};

/// What is seen beyond the image.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edges {
    /// Its mirror image.
    Reflect,
    /// It once more.
    Wrap,
}

struct Pad {
    edges: Edges,
    /// Rows and columns of the output.
    canvas: [usize; 2],
    /// N, H, W, C of the image.
    shape: [usize; 4],
}

impl<T: Element> Tape<T> {
    /// Records an image (N, H, W, C) laid on a canvas of `canvas` rows and columns, with its first pixel at the row and
    /// column that `offset` holds; the rest mirrors the image at its edges.
    ///
    /// `offset` has two values, rows first, and gets no gradient. It may be set anew between two replays: the shape of
    /// the output stays. Fractions are rounded toward zero, and an offset below 0 or beyond what the canvas leaves over
    /// counts as the nearest that is possible.
    ///
    /// ```text
    /// out[n, y, x, c] = image[n, r(y - offset[0], H), r(x - offset[1], W), c]
    /// r(i, L) walks 0, 1, .., L-1, L-2, .., 1 and again: it mirrors at the first and the last pixel
    /// d_image[n, v, u, c] = sum of d_out over all places that show the pixel (v, u)
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let image = tape.variable(&array![[[[1.0], [2.0], [3.0]]]]); // (1, 1, 3, 1)
    /// let offset = tape.constant(&array![0.0, 2.0]);
    /// let padded = tape.reflect_pad(image, offset, [1, 6])?;
    /// let loss = tape.sum(padded)?;
    /// tape.forward();
    /// assert_eq!(tape.value(padded)?.iter().collect::<Vec<_>>(), [&3.0, &2.0, &1.0, &2.0, &3.0, &2.0]);
    /// tape.backward(loss)?;
    /// assert_eq!(tape.gradient(image)?.iter().collect::<Vec<_>>(), [&1.0, &3.0, &2.0]); // how often each is shown
    ///
    /// tape.set_value(offset, &array![0.0, 0.0])?;
    /// tape.forward();
    /// assert_eq!(tape.value(padded)?.iter().collect::<Vec<_>>(), [&1.0, &2.0, &3.0, &2.0, &1.0, &2.0]);
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the image is not (N, H, W, C), has no pixels, or is larger than the canvas, or the offset
    /// does not have the shape (2).
    pub fn reflect_pad(&mut self, image: Var, offset: Var, canvas: [usize; 2]) -> Result<Var, TapeError> {
        self.record_with("reflect_pad", &[image, offset], |shapes| Pad::new(Edges::Reflect, canvas, shapes))
    }

    /// Records an image as [`reflect_pad`](Tape::reflect_pad) does, but repeats it beyond its edges: on the canvas, the
    /// last row is followed by the first.
    ///
    /// ```text
    /// out[n, y, x, c] = image[n, (y - offset[0]) mod H, (x - offset[1]) mod W, c]
    /// d_image[n, v, u, c] = sum of d_out over all places that show the pixel (v, u)
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let image = tape.variable(&array![[[[1.0], [2.0], [3.0]]]]); // (1, 1, 3, 1)
    /// let offset = tape.constant(&array![0.0, 1.0]);
    /// let padded = tape.wrap_pad(image, offset, [1, 6])?;
    /// tape.forward();
    /// assert_eq!(tape.value(padded)?.iter().collect::<Vec<_>>(), [&3.0, &1.0, &2.0, &3.0, &1.0, &2.0]);
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`reflect_pad`](Tape::reflect_pad).
    pub fn wrap_pad(&mut self, image: Var, offset: Var, canvas: [usize; 2]) -> Result<Var, TapeError> {
        self.record_with("wrap_pad", &[image, offset], |shapes| Pad::new(Edges::Wrap, canvas, shapes))
    }
}

/// The pixel of `len` that is shown `position` places after the first one, or, below 0, before it.
fn reflect(position: isize, len: usize) -> usize {
    let period = 2 * (len as isize - 1);
    if period == 0 {
        return 0;
    }
    let position = position.rem_euclid(period);
    position.min(period - position) as usize
}

impl Edges {
    /// The pixel of `len` that is shown `position` places after the first one, or, below 0, before it.
    fn shown(self, position: isize, len: usize) -> usize {
        match self {
            Edges::Reflect => reflect(position, len),
            Edges::Wrap => position.rem_euclid(len as isize) as usize,
        }
    }
}

impl Pad {
    fn new(edges: Edges, canvas: [usize; 2], inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        let &[n, height, width, channels] = inputs[0] else {
            return Err(Mismatch::new("the image must be (N, H, W, C)"));
        };
        if inputs[0].contains(&0) {
            return Err(Mismatch::new("there must be at least one pixel and one channel"));
        }
        if inputs[1] != [2] {
            return Err(Mismatch::new("the offset must hold two values, rows and columns"));
        }
        let [rows, columns] = canvas;
        if rows < height || columns < width {
            return Err(Mismatch::new(format!("a canvas of {rows}x{columns} is smaller than the image")));
        }
        Ok(Pad { edges, canvas, shape: [n, height, width, channels] })
    }

    /// The row and column of the image's first pixel.
    fn offset<T: Element>(&self, values: &Values<'_, T>) -> [usize; 2] {
        let [_, height, width, _] = self.shape;
        let room = [self.canvas[0] - height, self.canvas[1] - width];
        let given = values.input(1);
        // A cast saturates: below 0, or not a number, it gives 0.
        std::array::from_fn(|axis| given[axis].to_usize().unwrap_or(0).min(room[axis]))
    }

    /// Visits each row of the canvas, with the row of the image that it shows: where either begins.
    fn rows(&self, offset: usize) -> impl Iterator<Item = [usize; 2]> {
        let ([n, height, width, channels], [rows, columns]) = (self.shape, self.canvas);
        (0..n * rows).map(move |row| {
            let (n, y) = (row / rows, row % rows);
            let source = self.edges.shown(y as isize - offset as isize, height);
            [row * columns * channels, (n * height + source) * width * channels]
        })
    }

    /// The row of the image that a row of the canvas shows.
    fn source(&self, offset: usize, row: usize) -> usize {
        self.edges.shown(row as isize - offset as isize, self.shape[1])
    }

    /// Lays a row of the image on the canvas.
    fn lay<T: Element>(&self, offset: usize, row: &[T], out: &mut [T]) {
        let [_, _, width, channels] = self.shape;
        out[offset * channels..][..width * channels].copy_from_slice(row);
        for [x, source] in self.columns_outside(offset) {
            out[x * channels..][..channels].copy_from_slice(&row[source * channels..][..channels]);
        }
    }

    /// Adds the gradient of a row of the canvas to that of the image's row which it shows.
    fn gather<T: Element>(&self, offset: usize, d_out: &[T], row: &mut [T]) {
        let [_, _, width, channels] = self.shape;
        add_to(row, &d_out[offset * channels..][..width * channels]);
        for [x, source] in self.columns_outside(offset) {
            add_to(&mut row[source * channels..][..channels], &d_out[x * channels..][..channels]);
        }
    }

    /// The columns of the canvas beside the image, each with the column that it shows.
    fn columns_outside(&self, offset: usize) -> impl Iterator<Item = [usize; 2]> {
        let ([_, _, width, _], columns) = (self.shape, self.canvas[1]);
        let outside = (0..offset).chain(offset + width..columns);
        let edges = self.edges;
        outside.map(move |x| [x, edges.shown(x as isize - offset as isize, width)])
    }
}

impl<T: Element> Operation<T> for Pad {
    fn name(&self) -> &'static str {
        match self.edges {
            Edges::Reflect => "reflect_pad",
            Edges::Wrap => "wrap_pad",
        }
    }

    fn formulas(&self) -> Formulas {
        match self.edges {
            Edges::Reflect => FORMULAS,
            Edges::Wrap => WRAP_FORMULAS,
        }
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        let ([n, _, _, channels], [rows, columns]) = (self.shape, self.canvas);
        Ok(vec![n, rows, columns, channels])
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let (image, [dy, dx]) = (values.input(0), self.offset(values));
        let ([_, _, width, channels], columns) = (self.shape, self.canvas[1]);
        for [to, from] in self.rows(dy) {
            self.lay(dx, &image[from..][..width * channels], &mut out[to..][..columns * channels]);
        }
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let [dy, dx] = self.offset(values);
        let ([_, _, width, channels], columns) = (self.shape, self.canvas[1]);
        gradients.add(0, |d_image| {
            for [from, to] in self.rows(dy) {
                let (d_out, row) =
                    (&d_out[from..][..columns * channels], &mut d_image[to..][..width * channels]);
                self.gather(dx, d_out, row);
            }
        });
    }

    fn arithmetic(&self, _: &[&[usize]], output: &[usize]) -> Vec<String> {
        let ([_, height, width, _], [rows, columns]) = (self.shape, self.canvas);
        let outside = output.iter().product::<usize>() - self.shape.iter().product::<usize>();
        vec![
            format!("rows: {height} + {} = {rows}", rows - height),
            format!("columns: {width} + {} = {columns}", columns - width),
            format!("values outside of the image: {outside}"),
        ]
    }

    fn reads_input(&self, index: usize, _: &[bool]) -> bool {
        index == 1
    }

    fn reads_output(&self) -> bool {
        false
    }

    // Where it is repeated, the last rows need the first ones again.
    fn by_rows(&self) -> Option<&dyn RowOperation<T>> {
        (self.edges == Edges::Reflect).then_some(self as &dyn RowOperation<T>)
    }

    fn by_rows_mut(&mut self) -> Option<&mut dyn RowOperation<T>> {
        match self.edges {
            Edges::Reflect => Some(self),
            Edges::Wrap => None,
        }
    }
}

impl<T: Element> RowOperation<T> for Pad {
    fn is_sum(&self) -> bool {
        false
    }

    fn input_rows(&self, values: &Values<'_, T>, _: usize, rows: Range<usize>) -> Range<usize> {
        let [dy, _] = self.offset(values);
        let sources = || rows.clone().map(|row| self.source(dy, row));
        sources().min().unwrap_or(0)..sources().max().map_or(0, |last| last + 1)
    }

    fn output_rows(&self, values: &Values<'_, T>, _: usize, rows: Range<usize>) -> Range<usize> {
        let [dy, _] = self.offset(values);
        let mut shown = (0..self.canvas[0]).filter(|&row| rows.contains(&self.source(dy, row)));
        let first = shown.next().unwrap_or(0);
        first..shown.next_back().unwrap_or(first) + 1
    }

    fn read_rows(&self, _: &Values<'_, T>, _: usize, _: Range<usize>) -> Option<Range<usize>> {
        None
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        let ([dy, dx], row_len) = (self.offset(values.whole()), values.row_len(0));
        for (row, out) in rows.zip(out.chunks_exact_mut(self.canvas[1] * self.shape[3])) {
            let source = self.source(dy, row);
            self.lay(dx, values.rows(0).select(source..source + 1, row_len).values, out);
        }
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        _: usize,
        accumulate: Accumulate,
        (rows, d_image): (Range<usize>, &mut [T]),
    ) {
        let ([dy, dx], row_len) = (self.offset(values.whole()), values.row_len(0));
        let canvas_row_len = self.canvas[1] * self.shape[3];
        if accumulate == Accumulate::Replace {
            d_image.fill(T::zero());
        }
        for row in RowOperation::<T>::output_rows(self, values.whole(), 0, rows.clone()) {
            let source = self.source(dy, row);
            if rows.contains(&source) {
                let d_out = d_out.select(row..row + 1, canvas_row_len).values;
                self.gather(dx, d_out, &mut d_image[(source - rows.start) * row_len..][..row_len]);
            }
        }
    }
}
