//! The roofline picture (Williams, Waterman and Patterson 2009): how fast each kernel is, over how many operations it
//! has for every byte that it must move. What lies below the slope is held back by memory at most, what lies below the
//! flat roof by arithmetic.

use std::ops::Range;

use anyhow::anyhow;
use impasto::bench::kernels::KernelRow;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::text::plural;

const SIZE: (u32, u32) = (1100, 720);
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(51, 51, 51);
const GRID: RGBColor = RGBColor(230, 230, 230);

/// A color a kernel, apart for color-blind eyes as well (the first seven: Okabe and Ito 2008, without black).
const COLORS: [RGBColor; 9] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(180, 170, 20),
    RGBColor(110, 70, 30),
    RGBColor(120, 120, 120),
];

/// What this machine can do at best.
#[derive(Clone, Copy)]
struct Roofs {
    /// GFLOP/s.
    arithmetic: f64,
    /// GB/s.
    memory: f64,
}

/// Draws the rows, of which there must be one at least, as the text of an SVG file.
pub(crate) fn draw(rows: &[KernelRow]) -> anyhow::Result<String> {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw_on(&area, rows).map_err(|error| anyhow!("cannot draw the plot: {error}"))
    };
    drawn.map(|()| svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawingError<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

fn draw_on<'a>(area: &Area<'a>, rows: &[KernelRow]) -> Result<(), DrawingError<'a>> {
    let most = |value: fn(&KernelRow) -> f64| rows.iter().map(value).fold(f64::MIN_POSITIVE, f64::max);
    let roofs =
        Roofs { arithmetic: most(|row| row.peak_gflops), memory: most(|row| row.peak_gbytes_per_second) };
    let ridge = roofs.arithmetic / roofs.memory;
    let x = around(rows.iter().map(|row| row.intensity).chain([ridge / 4.0, ridge * 4.0]));
    let y = around(rows.iter().map(|row| row.gflops).chain([roofs.arithmetic * 1.5]));

    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .caption(title(rows), (FONT, 24).into_font().color(&INK))
        .margin(20)
        .x_label_area_size(50)
        .y_label_area_size(70)
        .build_cartesian_2d(x.clone().log_scale(), y.clone().log_scale())?;
    chart
        .configure_mesh()
        .x_desc("operations for each byte that must be moved (FLOP/byte)")
        .y_desc("speed (GFLOP/s)")
        .x_label_formatter(&number)
        .y_label_formatter(&number)
        .label_style((FONT, 18).into_font().color(&INK))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .draw()?;

    // The slope begins where it enters the picture, at the left or from below.
    let start = x.start.max(y.start / roofs.memory);
    let roof = [(start, start * roofs.memory), (ridge, roofs.arithmetic), (x.end, roofs.arithmetic)];
    chart.draw_series(LineSeries::new(roof, INK.stroke_width(2)))?;
    let label = |horizontal, vertical| (FONT, 18).into_font().color(&INK).pos(Pos::new(horizontal, vertical));
    let flat = format!("multiply-adds: {:.0} GFLOP/s ", roofs.arithmetic);
    let slope = format!("memory, past all caches: {:.1} GB/s ", roofs.memory);
    // Near the ridge: caches lift dots above the slope only where it is low.
    let beside = ridge / 2.0;
    chart.draw_series([
        Text::new(flat, (x.end, roofs.arithmetic * 1.04), label(HPos::Right, VPos::Bottom)),
        Text::new(slope, (beside, beside * roofs.memory * 1.05), label(HPos::Right, VPos::Bottom)),
    ])?;

    for (index, kernel) in kernels(rows).into_iter().enumerate() {
        let color = COLORS[index % COLORS.len()];
        let dots = rows.iter().filter(|row| row.kernel == kernel).map(|row| {
            // Forward and Adam's step are filled, gradients are rings.
            let filled = !row.pass.contains("gradient");
            let style = if filled { color.mix(0.8).filled() } else { color.stroke_width(2) };
            Circle::new((row.intensity, row.gflops), 5, style)
        });
        let series = chart.draw_series(dots)?;
        series.label(kernel).legend(move |(x, y)| Circle::new((x + 10, y), 5, color.mix(0.8).filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .margin(16)
        .label_font((FONT, 18).into_font().color(&INK))
        .background_style(WHITE.mix(0.9))
        .border_style(GRID)
        .draw()?;
    area.present()
}

fn title(rows: &[KernelRow]) -> String {
    let mut sizes: Vec<String> = Vec::new();
    for row in rows {
        let size = format!("{}x{}", row.height, row.width);
        if !sizes.contains(&size) {
            sizes.push(size);
        }
    }
    let machine = rows
        .first()
        .map_or(String::new(), |row| format!("{} thread{}, {}", row.threads, plural(row.threads), row.simd));
    format!("Kernels at {}, {machine} (gradients: rings)", sizes.join(" and "))
}

/// The kernels in the order of their first rows.
fn kernels(rows: &[KernelRow]) -> Vec<&'static str> {
    let mut kernels = Vec::new();
    for row in rows {
        if !kernels.contains(&row.kernel) {
            kernels.push(row.kernel);
        }
    }
    kernels
}

/// A range that holds all values, with some air on both sides of a logarithmic axis.
fn around(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::MIN_POSITIVE, f64::max);
    low / 1.5..high * 1.5
}

/// A tick: no digits that say nothing.
fn number(value: &f64) -> String {
    if *value >= 1.0 { format!("{value:.0}") } else { format!("{value}") }
}
