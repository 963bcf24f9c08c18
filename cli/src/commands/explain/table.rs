//! The tape as aligned text.

use impasto::explain::{GRID, NodeReport, PixelGradient, Totals};

use super::report::Report;
use crate::text::{plural, printable};

const HEADINGS: [&str; 12] = [
    "node",
    "name",
    "operation",
    "inputs",
    "shape",
    "parameters",
    "FLOPs",
    "bytes",
    "forward ms",
    "backward ms",
    "|value|",
    "|gradient|",
];

/// Columns of words, which start at the left; numbers end at the right.
const WORDS: [usize; 4] = [1, 2, 3, 4];

/// What stands below the rows.
const NOTES: &str = "
FLOPs        floating-point operations forward / backward, where an operation counts them
bytes        read and written forward, inputs and value
grid         the gradient at the weakest and at the strongest of the 16 places that a pixel can have in the grid of 4x4 of
             the first strides, over that of all (root mean squares); `--jitter` evens it out in a run
|value|      the Euclidean norm of the node's value, |gradient| that of the total loss's gradient with respect to it
";

/// The whole table; it ends with a newline.
pub(super) fn table(report: &Report) -> String {
    let explanation = &report.explanation;
    let mut rows: Vec<[String; 12]> = vec![HEADINGS.map(str::to_owned)];
    rows.extend(explanation.nodes.iter().map(row));
    rows.push(total(&explanation.totals));
    let widths: [usize; 12] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));

    let mut text = heading(report);
    for row in &rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if WORDS.contains(&column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text += line.trim_end();
        text += "\n";
    }
    text += "\nThe gradient of each loss with respect to the pixels\n";
    explanation.pixel_gradients.iter().for_each(|gradient| text += &pixel_gradient(gradient));
    text + NOTES
}

fn heading(report: &Report) -> String {
    let Report { content, styles, weights, iteration, explanation } = report;
    let (content, styles, weights) =
        (printable(content), printable(&styles.join(" and ")), printable(weights));
    format!(
        "{content} in the style of {styles}, {}x{} pixels, after {iteration} iteration{}\n\
         weights: {weights}; {} thread{}, {}; times are medians of {} replays\n\n",
        explanation.height,
        explanation.width,
        plural(*iteration),
        explanation.threads,
        plural(explanation.threads),
        explanation.simd,
        explanation.replays,
    )
}

fn row(node: &NodeReport) -> [String; 12] {
    let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let shape = node.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    [
        node.index.to_string(),
        node.name.clone(),
        node.operation.to_owned(),
        list(&node.inputs),
        if shape.is_empty() { "()".to_owned() } else { shape },
        if node.parameters == 0 { String::new() } else { node.parameters.to_string() },
        flops(node.flops, node.backward_flops),
        if node.inputs.is_empty() { String::new() } else { short(node.bytes as f64) },
        node.forward_ms.map_or(String::new(), milliseconds),
        node.backward_ms.map_or(String::new(), milliseconds),
        significant(node.value_norm),
        node.gradient_norm.map_or(String::new(), significant),
    ]
}

fn total(totals: &Totals) -> [String; 12] {
    let mut row = HEADINGS.map(|_| String::new());
    row[1] = "total".to_owned();
    row[5] = totals.parameters.to_string();
    row[6] = flops(totals.flops, totals.backward_flops);
    row[8] = milliseconds(totals.forward_ms);
    row[9] = milliseconds(totals.backward_ms);
    row
}

fn pixel_gradient(gradient: &PixelGradient) -> String {
    let PixelGradient { loss, value, norm, largest, grid, .. } = gradient;
    format!(
        "  {loss:<13} {:>10}   |gradient| {:>10}   largest {:>10}   grid {}\n",
        significant(*value),
        significant(*norm),
        significant(*largest),
        span(grid)
    )
}

/// The weakest and the strongest place of a grid.
fn span(grid: &[[f64; GRID]; GRID]) -> String {
    let places = grid.as_flattened();
    let weakest = places.iter().copied().fold(f64::INFINITY, f64::min);
    let strongest = places.iter().copied().fold(0.0, f64::max);
    format!("{weakest:.2} to {strongest:.2}")
}

fn milliseconds(ms: f64) -> String {
    if ms < 0.001 { "< 0.001".to_owned() } else { format!("{ms:.3}") }
}

fn flops(forward: u64, backward: u64) -> String {
    match (forward, backward) {
        (0, 0) => String::new(),
        _ => format!("{} / {}", short(forward as f64), short(backward as f64)),
    }
}

/// Three digits and a unit: `41.3 M`.
fn short(number: f64) -> String {
    let units = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match units.into_iter().find(|&(unit, _)| number >= unit) {
        Some((unit, name)) => {
            let scaled = number / unit;
            let digits = if scaled < 10.0 { 2 } else { usize::from(scaled < 100.0) };
            format!("{scaled:.digits$} {name}")
        }
        None => format!("{number:.0}"),
    }
}

/// Four digits.
fn significant(number: f64) -> String {
    if number == 0.0 || (1e-3..1e6).contains(&number) {
        let digits = if number == 0.0 { 0 } else { (3 - number.log10().floor() as i32).max(0) as usize };
        format!("{number:.digits$}")
    } else {
        format!("{number:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_leading_digits() {
        let shortened = [0.0, 999.0, 1234.0, 41_260_000.0, 412_600_000.0, 1.5e9].map(short);
        assert_eq!(shortened, ["0", "999", "1.23 k", "41.3 M", "413 M", "1.50 G"]);
        let significant = [0.0, 1.0, 0.012_345, 123.456, 54_321.0, 1e-7, 1.234_5e8].map(significant);
        assert_eq!(significant, ["0", "1.000", "0.01235", "123.5", "54321", "1.000e-7", "1.234e8"]);
    }
}
