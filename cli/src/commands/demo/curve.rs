//! How the losses fell, as SVG that is part of a page and takes its colors from the page's style sheet: the classes
//! `total`, `style`, `content` and `tv`, `grid` for lines behind them, `axis` for numbers.

use std::fmt::Write as _;

use impasto::Losses;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 290.0;

/// What is drawn into, between the numbers on the left and below and the names on the right.
const LEFT: f64 = 40.0;
const RIGHT: f64 = 434.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 260.0;

/// Powers of ten that the logarithmic scale spans below the largest loss; anything smaller does not matter.
const DECADES: i32 = 3;

/// The most points of a line; more could not be told apart.
const MAX_POINTS: usize = 400;

/// Between the baselines of two names, at least.
const LINE_SPACING: f64 = 18.0;

/// The class of a line, its name, and its values.
type Line = (&'static str, &'static str, fn(&Losses) -> f64);

const LINES: [Line; 4] = [
    ("content", "content", |losses| losses.content),
    ("tv", "roughness", |losses| losses.tv),
    ("style", "style", |losses| losses.style),
    ("total", "total", |losses| losses.total),
];

/// Draws the losses of the picture before the first iteration, after it, and so on.
pub(super) fn draw(losses: &[Losses]) -> String {
    let largest = losses.iter().map(|losses| losses.total).fold(f64::MIN_POSITIVE, f64::max);
    let scale = Scale { last: losses.len().saturating_sub(1).max(1), top: largest.log10().ceil() as i32 };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"The losses over the iterations, on a \
         logarithmic scale\">\n"
    );
    svg += &scale.grid();
    let mut names = Vec::new();
    for (class, name, value) in LINES {
        let points = scale.points(losses, value);
        if let Some(&(_, end)) = points.last() {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(svg, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
            names.push((class, name, end));
        }
    }
    svg += &labels(names);
    svg + "</svg>"
}

/// From iterations and losses to places in the picture.
struct Scale {
    /// The iteration on the right.
    last: usize,
    /// The power of ten at the top.
    top: i32,
}

impl Scale {
    fn x(&self, iteration: usize) -> f64 {
        LEFT + (RIGHT - LEFT) * iteration as f64 / self.last as f64
    }

    fn y(&self, loss: f64) -> f64 {
        let below_top = f64::from(self.top) - loss.log10();
        TOP + (BOTTOM - TOP) * below_top / f64::from(DECADES)
    }

    /// A line for each power of ten, and the numbers of the axes.
    fn grid(&self) -> String {
        let mut svg = String::new();
        for power in self.top - DECADES..=self.top {
            let y = self.y(10f64.powi(power));
            let _ = writeln!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>");
            let _ = writeln!(
                svg,
                "<text class=\"axis\" x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">10<tspan dy=\"-5\" \
                 font-size=\"10\">{power}</tspan></text>",
                LEFT - 8.0,
                y + 5.0
            );
        }
        for (iteration, anchor) in [(0, "start"), (self.last, "end")] {
            let x = self.x(iteration);
            let text = if iteration == 0 { "start".to_owned() } else { format!("iteration {iteration}") };
            let y = BOTTOM + 22.0;
            let _ = writeln!(
                svg,
                "<text class=\"axis\" x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\">{text}</text>"
            );
        }
        svg
    }

    /// The line of one loss, where it is large enough to be shown; a transfer's content loss, for one, starts at zero.
    fn points(&self, losses: &[Losses], value: fn(&Losses) -> f64) -> Vec<(f64, f64)> {
        let step = self.last.div_ceil(MAX_POINTS);
        let smallest = 10f64.powi(self.top - DECADES);
        let values = losses.iter().map(value).enumerate();
        let shown = values.filter(|&(iteration, value)| {
            value >= smallest && (iteration.is_multiple_of(step) || iteration == self.last)
        });
        shown.map(|(iteration, value)| (self.x(iteration), self.y(value))).collect()
    }
}

/// The names of the lines at their ends, moved up where they would overlap.
fn labels(mut names: Vec<(&'static str, &'static str, f64)>) -> String {
    names.sort_by(|(.., a), (.., b)| b.total_cmp(a));
    let mut svg = String::new();
    let mut below = f64::INFINITY;
    for (class, name, end) in names {
        let y = (end + 5.0).min(below - LINE_SPACING);
        below = y;
        let x = RIGHT + 8.0;
        let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.0}\" y=\"{y:.1}\">{name}</text>");
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn falling(count: usize) -> Vec<Losses> {
        let losses = |index: usize| {
            let (style, content) = (1e4 + 5e5 / (index + 1) as f64, 1e3 * index.min(9) as f64);
            Losses { content, style, tv: 1e3, temporal: 0.0, total: style + content + 1e3 }
        };
        (0..count).map(losses).collect()
    }

    fn numbers_of(svg: &str, class: &str) -> Vec<(f64, f64)> {
        let line = svg.split(&format!("<polyline class=\"{class}\" points=\"")).nth(1).unwrap();
        let points = line.split('"').next().unwrap().split(' ');
        let point =
            |point: &str| point.split_once(',').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()));
        points.map(|text| point(text).unwrap()).collect()
    }

    #[test]
    fn lines_go_from_left_to_right_and_fall_as_losses_do() {
        let svg = draw(&falling(81));
        let style = numbers_of(&svg, "style");
        assert_eq!((style.len(), style[0].0, style[80].0), (81, LEFT, RIGHT));
        assert!(style.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1) && style[0].1 < style[80].1, "{style:?}");
        // Of the content image itself the content loss is zero.
        assert_eq!(numbers_of(&svg, "content").len(), 80);
    }

    #[test]
    fn long_and_short_runs_are_drawn() {
        let long = numbers_of(&draw(&falling(100_001)), "style");
        assert!(long.len() <= MAX_POINTS + 2 && long.last().unwrap().0 == RIGHT);
        assert_eq!(numbers_of(&draw(&falling(2)), "total").len(), 2);
        for (_, y) in [long, numbers_of(&draw(&falling(2)), "content")].concat() {
            assert!((TOP..=BOTTOM).contains(&y));
        }
    }

    #[test]
    fn names_do_not_overlap() {
        let svg = labels(vec![("a", "a", 200.0), ("b", "b", 199.0), ("c", "c", 100.0), ("d", "d", 201.0)]);
        let heights: Vec<f64> =
            svg.split(" y=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect();
        assert!(heights.len() == 4 && heights.windows(2).all(|pair| pair[0] - pair[1] >= LINE_SPACING));
    }

    #[test]
    fn lines_that_are_all_zero_are_left_out() {
        let losses = [Losses { style: 1.0, total: 1.0, ..Losses::default() }; 3];
        assert!(!draw(&losses).contains("class=\"content\""));
    }
}
