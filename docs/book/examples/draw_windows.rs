//! Draws the small pictures of the chapters: a row that is broadcast, the windows of a convolution and of a pool with what
//! comes back through them, the products of a Gram matrix, and the lengths of Adam's steps. The numbers are the chapters'
//! own, computed here.
//!
//! `cargo run --release -p impasto-book --example draw_windows -- docs/book/src/images`

use impasto::optimizer::{Adam, Optimizer};
use impasto_autodiff::{Activation, ConvOptions, ConvWeights, Padding, PoolRounding, Tape, TapeError, Var};
use ndarray::{Array4, ArrayD, array};
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Side of a cell, in units of the drawing.
const CELL: f64 = 46.0;
const FORWARD: &str = "#1f6db3";
const BACKWARD: &str = "#c1440e";
const PALE_FORWARD: &str = "#dde9f4";
const PALE_BACKWARD: &str = "#f9e2d6";
const PLAIN: &str = "#ffffff";
const MARKED: &str = "#f6d9a8";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name the folder for the pictures")?);
    for (name, drawing) in [
        ("broadcast", broadcast()?),
        ("convolution", convolution()?),
        ("pooling", pooling()?),
        ("gram", gram()?),
        ("adam", adam()),
    ] {
        std::fs::write(folder.join(format!("{name}.svg")), drawing)?;
    }
    Ok(())
}

/// A drawing in the making.
struct Drawing {
    svg: String,
}

impl Drawing {
    fn new(width: f64, height: f64, title: &str) -> Drawing {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
             font-size=\"15\" text-anchor=\"middle\">\n<title>{title}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n<defs>"
        );
        for (name, color) in [("forward", FORWARD), ("backward", BACKWARD)] {
            let _ = write!(
                svg,
                "<marker id=\"{name}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"11\" markerHeight=\"11\" markerUnits=\"userSpaceOnUse\" \
                 orient=\"auto\"><path d=\"M0 0L10 5L0 10z\" fill=\"{color}\"/></marker>"
            );
        }
        svg += "</defs>\n";
        Drawing { svg }
    }

    fn text(&mut self, x: f64, y: f64, color: &str, text: &str) {
        let _ = writeln!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{color}\">{text}</text>");
    }

    fn heading(&mut self, x: f64, y: f64, text: &str) {
        let _ = writeln!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"#222222\" font-weight=\"600\" text-anchor=\"start\">{text}</text>"
        );
    }

    /// A cell with a number in it; its upper left corner is at `x`, `y`.
    fn cell(&mut self, [x, y]: [f64; 2], fill: &str, color: &str, number: f64) {
        let _ = writeln!(
            self.svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"{fill}\" stroke=\"#888888\"/>"
        );
        self.text(x + CELL / 2.0, y + CELL / 2.0 + 5.0, color, &decimal(number));
    }

    fn row(&mut self, [x, y]: [f64; 2], color: &str, numbers: &[f64], fill: impl Fn(usize) -> &'static str) {
        for (place, &number) in numbers.iter().enumerate() {
            self.cell([x + place as f64 * CELL, y], fill(place), color, number);
        }
    }

    /// A matrix, and where it ends at the right and below.
    fn matrix(
        &mut self,
        [x, y]: [f64; 2],
        color: &str,
        rows: &[Vec<f64>],
        fill: impl Fn(usize, usize) -> &'static str,
    ) -> [f64; 2] {
        for (place, row) in rows.iter().enumerate() {
            self.row([x, y + place as f64 * CELL], color, row, |column| fill(place, column));
        }
        [x + CELL * rows.first().map_or(0, Vec::len) as f64, y + CELL * rows.len() as f64]
    }

    fn arrow(&mut self, from: [f64; 2], to: [f64; 2], direction: &str, width: f64) {
        let color = if direction == "forward" { FORWARD } else { BACKWARD };
        let ([x0, y0], [x1, y1]) = (from, to);
        let _ = writeln!(
            self.svg,
            "<path d=\"M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}\" stroke=\"{color}\" stroke-width=\"{width}\" fill=\"none\" \
             marker-end=\"url(#{direction})\"/>"
        );
    }

    fn end(mut self) -> String {
        self.svg += "</svg>\n";
        self.svg
    }
}

fn decimal(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.replace('-', "\u{2212}") }
}

/// The gradient of the sum of `out * arriving`, at each of `inputs`, with `out` in front.
fn walk(
    tape: &mut Tape<f64>,
    out: Var,
    arriving: &ArrayD<f64>,
    inputs: &[Var],
) -> Result<Vec<Vec<f64>>, TapeError> {
    let arriving = tape.constant(arriving);
    let product = tape.mul(out, arriving)?;
    let loss = tape.sum(product)?;
    tape.forward();
    tape.backward(loss)?;
    let mut found = vec![tape.value(out)?.iter().copied().collect()];
    for &input in inputs {
        found.push(tape.gradient(input)?.iter().copied().collect());
    }
    Ok(found)
}

fn rows(values: &[f64], columns: usize) -> Vec<Vec<f64>> {
    values.chunks(columns).map(<[f64]>::to_vec).collect()
}

fn broadcast() -> Result<String, TapeError> {
    let mut tape = Tape::<f64>::new();
    let matrix = tape.variable(&array![[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]);
    let row = tape.variable(&array![10.0, 20.0, 30.0]);
    let out = tape.add(matrix, row)?;
    let arriving = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].into_dyn();
    let [out, d_row] = <[_; 2]>::try_from(walk(&mut tape, out, &arriving, &[row])?).expect("two");

    let mut drawing = Drawing::new(
        720.0,
        250.0,
        "A row that is broadcast over two rows, and its gradient, the sum over them",
    );
    drawing.heading(20.0, 28.0, "Forward: the row is used twice");
    drawing.row([20.0, 92.0], FORWARD, &[10.0, 20.0, 30.0], |_| MARKED);
    for line in 0..2 {
        let y = 46.0 + CELL * line as f64 + CELL / 2.0 + 23.0;
        drawing.arrow([20.0 + 3.0 * CELL + 4.0, 92.0 + CELL / 2.0], [206.0, y], "forward", 1.5);
    }
    drawing.matrix([210.0, 69.0], FORWARD, &rows(&out, 3), |_, _| PALE_FORWARD);
    drawing.text(279.0, 190.0, FORWARD, "matrix + row");

    drawing.svg += "<g transform=\"translate(380 0)\">\n";
    drawing.heading(0.0, 28.0, "Backward: both uses are summed");
    drawing.matrix([0.0, 69.0], BACKWARD, &rows(arriving.as_slice().unwrap_or_default(), 3), |_, _| {
        PALE_BACKWARD
    });
    drawing.text(69.0, 190.0, BACKWARD, "d_out");
    for line in 0..2 {
        let y = 69.0 + CELL * line as f64 + CELL / 2.0;
        drawing.arrow([3.0 * CELL + 4.0, y], [186.0, 92.0 + CELL / 2.0], "backward", 1.5);
    }
    drawing.row([190.0, 92.0], BACKWARD, &d_row, |_| MARKED);
    drawing.text(259.0, 190.0, BACKWARD, "d_row");
    drawing.svg += "</g>\n";
    Ok(drawing.end())
}

fn convolution() -> Result<String, TapeError> {
    let (x, w, g) = ([1.0, 0.0, 2.0, 1.0], [1.0, 2.0, -1.0], [1.0, 2.0, 0.0, 1.0]);
    let as_row =
        |values: &[f64]| Array4::from_shape_vec((1, 1, values.len(), 1), values.to_vec()).expect("one row");
    let mut tape = Tape::<f64>::new();
    let image = tape.variable(&as_row(&x));
    let weight =
        tape.constant(&array![w[0], w[1], w[2]].into_shape_with_order((1, 3, 1, 1)).expect("a filter"));
    let bias = tape.constant(&array![0.0]);
    let weights = ConvWeights { weight, bias, padding: Padding::Same };
    let out = tape.conv2d(image, weights, ConvOptions { stride: [1, 1], activation: Activation::None })?;
    let [out, d_x] =
        <[_; 2]>::try_from(walk(&mut tape, out, &as_row(&g).into_dyn(), &[image])?).expect("two");

    let mut drawing =
        Drawing::new(720.0, 300.0, "A filter slides over four values; its gradient slides back, reversed");
    let step = 70.0;
    let place = |left: f64, index: usize| left + step * index as f64;
    let center = CELL / 2.0;
    for (left, direction, from, to, heading) in [
        (40.0, "forward", &x[..], &out, "Forward: an output, from its window"),
        (400.0, "backward", &g[..], &d_x, "Backward: a value, from its outputs"),
    ] {
        let is_forward = direction == "forward";
        let (color, pale) = if is_forward { (FORWARD, PALE_FORWARD) } else { (BACKWARD, PALE_BACKWARD) };
        drawing.heading(left, 28.0, heading);
        let (top, below) = (70.0, 210.0);
        let (from_y, to_y) = if is_forward { (top, below) } else { (below, top) };
        for target in 0..4usize {
            for source in target.saturating_sub(1)..(target + 2).min(4) {
                // Forward, out[target] reads x[source] by w[source - target + 1]; backward, the other way about.
                let tap = if is_forward { source + 1 - target } else { target + 1 - source };
                let start = [place(left, source) + center, if is_forward { from_y + CELL } else { from_y }];
                let end =
                    [place(left, target) + center, if is_forward { to_y - 2.0 } else { to_y + CELL + 2.0 }];
                let is_shown = target == 1;
                drawing.arrow(start, end, direction, if is_shown { 2.6 } else { 0.7 });
                if is_shown {
                    let t = 0.42;
                    let at =
                        [start[0] + t * (end[0] - start[0]) + 13.0, start[1] + t * (end[1] - start[1]) + 5.0];
                    drawing.text(at[0], at[1], color, &decimal(w[tap]));
                }
            }
        }
        for index in 0..4 {
            let is_read = index < 3;
            drawing.cell(
                [place(left, index), from_y],
                if is_read { MARKED } else { PLAIN },
                color,
                from[index],
            );
            drawing.cell(
                [place(left, index), to_y],
                if index == 1 { MARKED } else { pale },
                color,
                to[index],
            );
        }
        let (name_top, name_below) = if is_forward { ("x", "out") } else { ("d_x", "g") };
        drawing.text(left - 16.0, top + center + 5.0, color, name_top);
        drawing.text(left - 18.0, below + center + 5.0, color, name_below);
    }
    Ok(drawing.end())
}

fn pooling() -> Result<String, TapeError> {
    let x = [1.0, 5.0, 2.0, 4.0, 3.0];
    let arriving = [10.0, 20.0];
    let as_row =
        |values: &[f64]| Array4::from_shape_vec((1, 1, values.len(), 1), values.to_vec()).expect("one row");
    let mut tape = Tape::<f64>::new();
    let image = tape.variable(&as_row(&x));
    let out = tape.max_pool(image, [1, 3], [1, 2], PoolRounding::Floor)?;
    let [out, d_x] =
        <[_; 2]>::try_from(walk(&mut tape, out, &as_row(&arriving).into_dyn(), &[image])?).expect("two");

    let mut drawing =
        Drawing::new(720.0, 290.0, "Two windows of three values; the gradient goes to their winners");
    let (top, below) = (90.0, 200.0);
    for (left, direction, heading) in [
        (40.0, "forward", "Forward: the largest of each window"),
        (400.0, "backward", "Backward: all of it to the winner"),
    ] {
        let is_forward = direction == "forward";
        let (color, pale) = if is_forward { (FORWARD, PALE_FORWARD) } else { (BACKWARD, PALE_BACKWARD) };
        drawing.heading(left, 28.0, heading);
        let winner = |window: usize| {
            (2 * window..2 * window + 3).fold(2 * window, |best, at| if x[at] > x[best] { at } else { best })
        };
        for window in 0..2 {
            let (start, y) = (left + 2.0 * CELL * window as f64, top - 10.0 - 12.0 * window as f64);
            let _ = writeln!(
                drawing.svg,
                "<path d=\"M{:.1} {:.1}V{y:.1}H{:.1}V{:.1}\" stroke=\"#666666\" fill=\"none\"/>",
                start + 4.0,
                top - 3.0,
                start + 3.0 * CELL - 4.0,
                top - 3.0
            );
            let (above, under) = (
                [left + winner(window) as f64 * CELL + CELL / 2.0, top + CELL],
                [left + (1.0 + 2.0 * window as f64) * CELL + CELL / 2.0, below],
            );
            if is_forward {
                drawing.arrow(above, [under[0], under[1] - 2.0], direction, 2.2);
            } else {
                drawing.arrow(under, [above[0], above[1] + 2.0], direction, 2.2);
            }
        }
        let (values, results): (&[f64], &[f64]) = if is_forward { (&x, &out) } else { (&d_x, &arriving) };
        drawing.row([left, top], color, values, |place| {
            if (0..2).any(|w| winner(w) == place) { MARKED } else { PLAIN }
        });
        for (window, &result) in results.iter().enumerate() {
            drawing.cell([left + (1.0 + 2.0 * window as f64) * CELL, below], pale, color, result);
        }
        let names = if is_forward { ("x", "out") } else { ("d_x", "d_out") };
        drawing.text(left - 18.0, top + CELL / 2.0 + 5.0, color, names.0);
        drawing.text(left + CELL / 2.0 - 6.0, below + CELL / 2.0 + 5.0, color, names.1);
    }
    Ok(drawing.end())
}

fn gram() -> Result<String, TapeError> {
    let f = array![[1.0, 0.0], [2.0, 1.0], [0.0, 3.0], [1.0, 1.0]];
    let d_g = array![[1.0, 2.0], [0.0, 1.0]];
    let mut tape = Tape::<f64>::new();
    let features = tape.variable(&f);
    let gram = tape.gram(features, 1.0)?;
    let [g, d_f] =
        <[_; 2]>::try_from(walk(&mut tape, gram, &d_g.clone().into_dyn(), &[features])?).expect("two");

    let mut drawing = Drawing::new(
        720.0,
        330.0,
        "Features times features: the Gram matrix, and the gradient that comes back",
    );
    let f_rows = rows(f.as_slice().unwrap_or_default(), 2);
    let column =
        |index: usize| move |_: usize, column: usize| if column == index { MARKED } else { PALE_FORWARD };
    drawing.heading(20.0, 28.0, "Forward: column 0 times column 1, summed");
    let top = 60.0;
    drawing.matrix([20.0, top], FORWARD, &f_rows, column(0));
    drawing.text(20.0 + CELL, top + 4.0 * CELL + 24.0, FORWARD, "F");
    drawing.text(140.0, top + 2.0 * CELL + 5.0, "#222222", "\u{d7}");
    drawing.matrix([160.0, top], FORWARD, &f_rows, column(1));
    drawing.text(160.0 + CELL, top + 4.0 * CELL + 24.0, FORWARD, "F");
    drawing.arrow([262.0, top + 2.0 * CELL], [296.0, top + 2.0 * CELL], "forward", 1.8);
    drawing.matrix([302.0, top + CELL], FORWARD, &rows(&g, 2), |i, j| {
        if (i, j) == (0, 1) { MARKED } else { PALE_FORWARD }
    });
    drawing.text(302.0 + CELL, top + 3.0 * CELL + 24.0, FORWARD, "G");
    drawing.text(200.0, top + 4.0 * CELL + 54.0, "#222222", "1\u{b7}0 + 2\u{b7}1 + 0\u{b7}3 + 1\u{b7}1 = 3");

    drawing.heading(460.0, 28.0, "Backward: d_F = F (d_G + d_G\u{1d40})");
    let both = rows((&d_g + &d_g.t()).iter().copied().collect::<Vec<f64>>().as_slice(), 2);
    drawing.matrix([440.0, top + CELL], BACKWARD, &both, |_, _| PALE_BACKWARD);
    drawing.text(440.0 + CELL, top + 3.0 * CELL + 24.0, BACKWARD, "d_G + d_G\u{1d40}");
    drawing.arrow([542.0, top + 2.0 * CELL], [588.0, top + 2.0 * CELL], "backward", 1.8);
    drawing.matrix([594.0, top], BACKWARD, &rows(&d_f, 2), |_, _| PALE_BACKWARD);
    drawing.text(594.0 + CELL, top + 4.0 * CELL + 24.0, BACKWARD, "d_F");
    Ok(drawing.end())
}

/// Where a value goes under three kinds of gradients.
fn adam() -> String {
    const STEPS: usize = 40;
    type Gradient = fn(usize) -> f32;
    let kinds: [(&str, &str, Gradient); 4] = [
        ("always 1", "#1f6db3", |_| 1.0),
        ("always 0.001", "#3d8b4f", |_| 0.001),
        ("1 and \u{2212}1 in turn", "#8a5bb0", |step| if step % 2 == 0 { 1.0 } else { -1.0 }),
        ("0, from step 20 on 1", "#c1440e", |step| if step < 20 { 0.0 } else { 1.0 }),
    ];
    let (left, right, top, bottom) = (70.0, 540.0, 40.0, 280.0);
    let paths = kinds.map(|(.., gradient)| {
        let (mut adam, mut x) = (Adam::new(1, 0.1), [0.0f32]);
        let mut path = vec![0.0];
        for step in 0..STEPS {
            adam.step(0.0, &[gradient(step)], &mut x);
            path.push(f64::from(x[0]));
        }
        path
    });
    let lowest = paths.iter().flatten().fold(0.0f64, |lowest, &x| lowest.min(x)).floor();
    let at = |step: usize, x: f64| {
        [left + (right - left) * step as f64 / STEPS as f64, top + (bottom - top) * x / lowest]
    };
    let mut drawing = Drawing::new(
        760.0,
        330.0,
        "Where Adam with the rate 0.1 takes a value under four kinds of gradients",
    );
    drawing.heading(20.0, 24.0, "Where a value goes, at the learning rate 0.1, when its gradient is");
    for line in 0..=(-lowest) as usize {
        let [x, y] = at(0, -(line as f64));
        let _ = writeln!(drawing.svg, "<path d=\"M{x:.1} {y:.1}H{right}\" stroke=\"#dddddd\"/>");
        drawing.text(left - 22.0, y + 5.0, "#555555", &decimal(-(line as f64)));
    }
    for step in (0..=STEPS).step_by(10) {
        drawing.text(at(step, 0.0)[0], bottom + 22.0, "#555555", &step.to_string());
    }
    drawing.text((left + right) / 2.0, bottom + 42.0, "#555555", "steps");
    // Where two lie on each other the upper one is broken, and their names stand apart.
    let mut named: Vec<f64> = Vec::new();
    for ((name, color, _), path) in kinds.iter().zip(&paths) {
        let points: Vec<String> = path
            .iter()
            .enumerate()
            .map(|(step, &x)| {
                let [x, y] = at(step, x);
                format!("{x:.1} {y:.1}")
            })
            .collect();
        let end = at(STEPS, path[STEPS])[1];
        let is_twin = named.iter().any(|&y| (y - end).abs() < 4.0);
        let dash = if is_twin { " stroke-dasharray=\"7 6\"" } else { "" };
        let _ = writeln!(
            drawing.svg,
            "<path d=\"M{}\" stroke=\"{color}\" stroke-width=\"2.4\" fill=\"none\"{dash}/>",
            points.join("L")
        );
        let y = if is_twin { end + 20.0 } else { end };
        named.push(y);
        let _ = writeln!(
            drawing.svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{color}\" text-anchor=\"start\">{name}</text>",
            right + 10.0,
            y + 5.0
        );
    }
    drawing.end()
}
