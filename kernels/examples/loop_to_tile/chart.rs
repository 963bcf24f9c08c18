//! The steps' speeds as bars, with the machine's best as lines.

use crate::measure::Measured;
use std::fmt::Write;

const WIDTH: f64 = 760.0;
const BAR: f64 = 24.0;
const TOP: f64 = 44.0;
/// Where bars begin and where the longest may end: names stand to the left, figures to the right.
const LEFT: f64 = 230.0;
const RIGHT: f64 = 680.0;

/// The text of an SVG file.
pub(crate) fn draw(measured: &[Measured]) -> String {
    let height = TOP + measured.len() as f64 * BAR + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"14\" fill=\"#333333\">\n\
         <title>GFLOP/s of each step</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let fastest = measured.iter().map(|step| step.gflops.max(step.peak_gflops)).fold(0.0, f64::max);
    let x = |gflops: f64| LEFT + (RIGHT - LEFT) * gflops / fastest;
    for (index, step) in measured.iter().enumerate() {
        let y = TOP + index as f64 * BAR;
        let baseline = y + 0.7 * BAR;
        let (end, width) = (x(step.gflops) + 6.0, x(step.gflops) - LEFT);
        let bar_height = BAR - 5.0;
        // Into a String nothing can fail.
        let _ = write!(
            svg,
            "<text x=\"8\" y=\"{baseline:.1}\">{}</text>\n\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{bar_height}\" fill=\"#0072b2\"/>\n\
             <text x=\"{end:.1}\" y=\"{baseline:.1}\">{:.1}</text>\n",
            step.name, step.gflops
        );
    }
    draw_peaks(&mut svg, measured, x, height);
    svg + "</svg>\n"
}

/// A line for each number of threads that a step ran on.
fn draw_peaks(svg: &mut String, measured: &[Measured], x: impl Fn(f64) -> f64, height: f64) {
    let mut drawn = 0.0;
    for peak in measured.iter().map(|step| step.peak_gflops).filter(|&peak| peak > 0.0) {
        if peak != drawn {
            let x = x(peak);
            let _ = write!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"30\" x2=\"{x:.1}\" y2=\"{height}\" stroke=\"#d55e00\" \
                 stroke-dasharray=\"4 3\"/>\n\
                 <text x=\"{x:.1}\" y=\"22\" text-anchor=\"middle\">peak {peak:.0}</text>\n"
            );
            drawn = peak;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_bar_and_every_peak_a_line() {
        let step = |gflops, peak_gflops| Measured { name: "a step", seconds: 1.0, gflops, peak_gflops };
        let svg = draw(&[step(2.0, 10.0), step(4.0, 10.0), step(40.0, 20.0)]);
        let count = |part: &str| svg.matches(part).count();
        assert_eq!([count("<rect"), count("<line"), count("a step")], [4, 2, 3]);
        // The longest of all reaches the right end, and half a peak is half as far.
        assert!(
            svg.contains("width=\"450.0\"") && svg.contains("x1=\"342.5\"") && svg.contains("x1=\"455.0\"")
        );
    }
}
