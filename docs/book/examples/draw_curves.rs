//! Draws the curves of the chapter on the schedule: the total loss of several runs over their iterations, on a
//! logarithmic scale, from the files that `impasto ... --trace FILE` writes.
//!
//! `cargo run --release -p impasto-book --example draw_curves -- OUT.svg NAME=TRACE...`

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 380.0;
/// What is drawn into, between the numbers on the left and below and the names on the right.
const PLOT_X: Range<f64> = 70.0..560.0;
const PLOT_Y: Range<f64> = 20.0..330.0;
/// Told apart by people who see no red or no green (Okabe and Ito 2008), and by their dashes in print.
const STROKES: [(&str, &str); 4] =
    [("#d55e00", "none"), ("#e69f00", "6 3"), ("#0072b2", "none"), ("#009e73", "2 3")];
/// Between the baselines of two names, at least.
const LINE_SPACING: f64 = 18.0;

/// The total loss of each iteration of one run.
struct Curve {
    name: String,
    losses: Vec<f64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("name the SVG to write, then NAME=TRACE for each curve")?;
    let curves = arguments.map(|argument| read(&argument)).collect::<Result<Vec<_>, _>>()?;
    if curves.is_empty() || curves.len() > STROKES.len() {
        return Err(format!("name 1 to {} curves as NAME=TRACE", STROKES.len()).into());
    }
    fs::write(out, draw(&curves))?;
    Ok(())
}

fn read(argument: &str) -> Result<Curve, Box<dyn Error>> {
    let (name, path) = argument.split_once('=').ok_or_else(|| format!("{argument} is no NAME=TRACE"))?;
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let total = |line: &str| -> Option<f64> {
        serde_json::from_str::<serde_json::Value>(line).ok()?["total"].as_f64()
    };
    let losses: Option<Vec<f64>> = text.lines().map(total).collect();
    match losses {
        Some(losses) if losses.len() > 1 && losses.iter().all(|&loss| loss > 0.0) => {
            Ok(Curve { name: name.to_owned(), losses })
        }
        _ => Err(format!("{path} is no trace of at least two iterations: write it with --trace").into()),
    }
}

fn draw(curves: &[Curve]) -> String {
    let scale = Scale::of(curves);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"14\">\n<title>Total loss over the iterations</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    svg += &scale.axes();
    let mut names = Vec::new();
    for (curve, (color, dashes)) in curves.iter().zip(STROKES) {
        let at = |(iteration, &loss)| (scale.x(iteration), scale.y(loss));
        let points: Vec<(f64, f64)> = curve.losses.iter().enumerate().map(at).collect();
        let list: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\" points=\"{}\"/>",
            list.join(" ")
        );
        names.extend(points.last().map(|&end| (curve.name.as_str(), color, end)));
    }
    svg += &labels(names);
    svg + "</svg>\n"
}

/// From iterations and losses to places in the picture.
struct Scale {
    /// The iteration on the right.
    last: usize,
    /// The logarithms to the base 10 at the bottom and at the top.
    powers: Range<f64>,
}

impl Scale {
    fn of(curves: &[Curve]) -> Scale {
        let logarithms = || curves.iter().flat_map(|curve| &curve.losses).map(|loss| loss.log10());
        let least = logarithms().fold(f64::INFINITY, f64::min);
        let most = logarithms().fold(f64::NEG_INFINITY, f64::max);
        let longest = curves.iter().map(|curve| curve.losses.len()).max().unwrap_or(0);
        Scale { last: longest.saturating_sub(1).max(1), powers: (least - 0.1).floor()..(most + 0.1).ceil() }
    }

    fn x(&self, iteration: usize) -> f64 {
        PLOT_X.start + (PLOT_X.end - PLOT_X.start) * iteration as f64 / self.last as f64
    }

    fn y(&self, loss: f64) -> f64 {
        let below_top = (self.powers.end - loss.log10()) / (self.powers.end - self.powers.start);
        PLOT_Y.start + (PLOT_Y.end - PLOT_Y.start) * below_top
    }

    /// A line for each power of ten, and the numbers of both axes.
    fn axes(&self) -> String {
        let mut svg = String::from("<g fill=\"#444\">\n");
        for power in self.powers.start as i32..=self.powers.end as i32 {
            let y = self.y(10f64.powi(power));
            let [left, right] = [PLOT_X.start, PLOT_X.end];
            let _ = writeln!(svg, "<path stroke=\"#ddd\" d=\"M{left} {y:.1}H{right}\"/>");
            let _ = writeln!(
                svg,
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">10<tspan dy=\"-5\" font-size=\"10\">{power}</tspan></text>",
                left - 8.0,
                y + 5.0
            );
        }
        for iteration in (0..=self.last).step_by(50) {
            let [x, y] = [self.x(iteration), PLOT_Y.end + 22.0];
            let _ =
                writeln!(svg, "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"middle\">{iteration}</text>");
        }
        let [x, y] = [(PLOT_X.start + PLOT_X.end) / 2.0, HEIGHT - 8.0];
        let _ = writeln!(svg, "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"middle\">iteration</text>");
        svg + "</g>\n"
    }
}

/// The names of the curves right of their ends, moved up where they would overlap.
fn labels(mut names: Vec<(&str, &str, (f64, f64))>) -> String {
    names.sort_by(|(.., a), (.., b)| b.1.total_cmp(&a.1));
    let mut svg = String::new();
    let mut below = f64::INFINITY;
    for (name, color, (end, height)) in names {
        let (x, y) = (end + 8.0, (height + 5.0).min(below - LINE_SPACING));
        below = y;
        let _ = writeln!(svg, "<text fill=\"{color}\" x=\"{x:.0}\" y=\"{y:.1}\">{name}</text>");
    }
    svg
}
