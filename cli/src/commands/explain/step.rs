//! A function worked out by hand, as plain text: ASCII, and no line longer than 80 characters.

use impasto::explain::by_hand::{Function, Given, Quantity, Step, WorkedExample};

use super::print;
use crate::ending::Ending;
use crate::text;

/// Characters of a line.
const WIDTH: usize = 80;
/// What stands in front of everything below a heading.
const INDENT: &str = "  ";
/// What stands in front of the numbers below a formula.
const DEEP_INDENT: &str = "      ";

pub(super) fn run(function: Function, json: bool) -> anyhow::Result<Ending> {
    let example = function.work_out()?;
    match json {
        true => print(&text::json(&example)?)?,
        false => print(&text(&example))?,
    }
    Ok(Ending::Done)
}

/// The whole example, ending with a newline.
fn text(example: &WorkedExample) -> String {
    let result = example.forward.last().map_or("result", |step| &step.result.name);
    [
        heading(example),
        "\nForward, one operation at a time\n".to_owned(),
        steps(&example.forward, 1),
        on_tape(example, result),
        format!(
            "\nBackward, from d_{result} = 1 (d_NAME: the derivative of {result} with respect to NAME)\n"
        ),
        steps(&example.backward, 1 + example.forward.len()),
        gradients(example, result),
    ]
    .concat()
}

/// The function, and what is given.
fn heading(example: &WorkedExample) -> String {
    let mut text = wrapped(&format!("{}: {}", example.function, example.formula), "");
    text += &wrapped(&format!("Source: {}", example.source), "");
    text += "\nGiven\n";
    for remark in &example.remarks {
        text += &wrapped(remark, INDENT);
    }
    for Given { quantity, meaning } in &example.given {
        text += &match quantity.axes {
            None => {
                format!("\n{INDENT}{} = {}: {meaning}\n", quantity.name, decimal(quantity.values[0][0], 10))
            }
            Some(_) => {
                format!("\n{INDENT}{}: {meaning}\n{}", quantity.name, grid(quantity, &numbers(quantity)))
            }
        };
    }
    text
}

fn steps(steps: &[Step], first: usize) -> String {
    let numbered = (first..).zip(steps);
    numbered.map(|(number, step)| format!("\n{INDENT}{number:>2}. {}", self::step(step))).collect()
}

/// The formula, its reason, and its numbers in the layout of the result, or one below the other if that is too wide.
fn step(step: &Step) -> String {
    let mut text = format!("{}\n", step.formula);
    if let Some(reason) = step.reason {
        text += &wrapped(&format!("({reason})"), DEEP_INDENT);
    }
    let in_layout = grid(&step.result, &equations(step));
    if step.result.axes.is_some() && in_layout.lines().all(|line| line.len() <= WIDTH) {
        return text + &in_layout;
    }
    for (row, values) in step.result.values.iter().enumerate() {
        for (column, &value) in values.iter().enumerate() {
            let (element, arithmetic) = (step.result.element(row, column), &step.substitutions[row][column]);
            text += &format!("{DEEP_INDENT}{element} = {arithmetic} = {}\n", decimal(value, 10));
        }
    }
    text
}

/// `1 - 3 = -2` for each value, the equals signs of a column one below the other; the values alone where a step only
/// hands them on.
fn equations(step: &Step) -> Vec<Vec<String>> {
    let values = numbers(&step.result);
    if values == step.substitutions {
        return values;
    }
    let (lefts, rights) = (widths(&step.substitutions), widths(&values));
    let rows = step.substitutions.iter().zip(&values);
    rows.map(|(arithmetic, values)| {
        let cells = arithmetic.iter().zip(values).enumerate();
        cells
            .map(|(column, (arithmetic, value))| {
                let (left, right) = (lefts[column], rights[column]);
                format!("{arithmetic:>left$} = {value:>right$}")
            })
            .collect()
    })
    .collect()
}

/// Cells below and beside the numbers of their columns and rows.
fn grid(quantity: &Quantity, cells: &[Vec<String>]) -> String {
    let [row_axis, column_axis] = quantity.axes.unwrap_or_default();
    let widths: Vec<usize> = widths(cells).into_iter().map(|width| width.max(3)).collect();
    let headings = widths.iter().enumerate().map(|(column, width)| {
        let heading = format!("{column_axis}={column}");
        format!("   {heading:>width$}")
    });
    let mut text = format!("{DEEP_INDENT}   {}\n", headings.collect::<String>());
    for (row, cells) in cells.iter().enumerate() {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("   {cell:>width$}"));
        let line = format!("{DEEP_INDENT}{row_axis}={row}{}", cells.collect::<String>());
        text += &format!("{}\n", line.trim_end());
    }
    text
}

/// The longest cell of each column.
fn widths(cells: &[Vec<String>]) -> Vec<usize> {
    let columns = cells.first().map_or(0, Vec::len);
    let widest = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    (0..columns).map(widest).collect()
}

/// What the library says of the last forward step.
fn on_tape(example: &WorkedExample, result: &str) -> String {
    let WorkedExample { function, on_tape, .. } = example;
    let line =
        format!("The tape, which records {function} itself, gives {result} = {} too.", decimal(*on_tape, 10));
    format!("\n{}", wrapped(&line, INDENT))
}

/// The table at the end, and what to say of it.
fn gradients(example: &WorkedExample, result: &str) -> String {
    let line = |[element, by_hand, tape, central, above, below]: [&str; 6]| {
        format!("{INDENT}{element:<8}{by_hand:>9}{tape:>9}{central:>14}{above:>18}{below:>18}\n")
    };
    let offset = decimal(example.offset, 10);
    let mut text = format!("\nThe gradient in three ways; central moves one element by h = {offset}\n");
    text += &line(["", "by hand", "tape", "central", &format!("{result} at +h"), &format!("{result} at -h")]);
    for row in &example.gradients {
        let [by_hand, tape, central] =
            [row.by_hand, row.on_tape, row.central_difference].map(|value| decimal(value, 10));
        // Their difference is divided by 0.001.
        let [above, below] = [row.result_above, row.result_below].map(|value| decimal(value, 12));
        text += &line([&row.element, &by_hand, &tape, &central, &above, &below]);
    }
    text += &format!("\n{INDENT}central = ({result} at +h - {result} at -h) / (2*h)\n");
    text += &wrapped(example.exactness, INDENT);
    text += &format!("{INDENT}Largest difference from what is by hand: {:.0e}\n", example.largest_difference);
    text
}

/// The values of a quantity.
fn numbers(quantity: &Quantity) -> Vec<Vec<String>> {
    quantity.values.iter().map(|row| row.iter().map(|&value| decimal(value, 10)).collect()).collect()
}

/// A number as one writes it: at most this many decimals, and no zeros at the end.
fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Words in lines that are short enough, each behind the indent.
fn wrapped(words: &str, indent: &str) -> String {
    let mut text = String::new();
    let mut line = indent.to_owned();
    for word in words.split_whitespace() {
        if line.len() + word.len() > WIDTH {
            text += &format!("{}\n", line.trim_end());
            line = indent.to_owned();
        }
        line += &format!("{word} ");
    }
    text + line.trim_end() + "\n"
}
