//! What the page of a run says in words.

use std::ffi::OsString;

use impasto::architecture::layer_name;
use impasto::simd::Level;
use impasto::transfer::ScaleOutcome;
use impasto::{OptimizerKind, StyleTransfer};

use crate::run::record;
use crate::run::request::Request;
use crate::run::summary::Summary;
use crate::run::weights::Located;
use crate::text::plural;

/// What the run makes.
pub(super) fn title(request: &Request<'_>) -> String {
    let content = request.content.as_ref().map(|content| content.source.short_name());
    let styles = request.style.iter().flat_map(|style| &style.pictures);
    let styles: Vec<String> = styles.map(|(source, _)| source.short_name()).collect();
    match (content, &styles[..]) {
        (Some(content), []) => format!("{content}, rebuilt from its features"),
        (Some(content), styles) => format!("{content}, painted like {}", styles.join(" and ")),
        (None, styles) => format!("A texture like {}", styles.join(" and ")),
    }
}

/// Names and values.
pub(super) fn table(
    request: &Request<'_>,
    line: &[OsString],
    session: &StyleTransfer,
    weights: &Located,
) -> Vec<(String, String)> {
    let named = |layers: &[(usize, f64)]| {
        let named = layers.iter().filter(|(_, weight)| *weight > 0.0).map(|&(layer, weight)| {
            let name = layer_name(layer).unwrap_or_default();
            if layers.len() == 1 { name } else { format!("{name} × {weight}") }
        });
        named.collect::<Vec<_>>().join(", ")
    };
    let (height, width) = session.size();
    let mut rows = vec![("Result", format!("{width} × {height} pixels"))];
    rows.extend(record::command(line).map(|command| ("Command", command)));
    if let Some(content) = &request.content {
        rows.push(("Content", named(&content.layers)));
    }
    if let Some(style) = &request.style {
        rows.push(("Style", named(&style.layers)));
    }
    let sizes = session
        .scales()
        .iter()
        .map(|scale| format!("{} × {} ({})", scale.width, scale.height, scale.iterations));
    rows.push(("Sizes (iterations)", sizes.collect::<Vec<_>>().join(", ")));
    let optimizer = match request.common.optimization.optimizer {
        OptimizerKind::Lbfgs => "L-BFGS",
        _ => "Adam",
    };
    rows.push(("Optimizer", format!("{optimizer}, {} schedule", request.schedule().name())));
    rows.push(("Weights", weights.to_string()));
    if let Some(strip) = session.strip_rows() {
        rows.push(("Strips", format!("{strip} rows")));
    }
    rows.push(("Threads", format!("{}, {}", session.threads(), Level::current().name())));
    rows.push(("Version", env!("CARGO_PKG_VERSION").to_owned()));
    rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What became of it.
pub(super) fn lead(summary: &Summary) -> String {
    let Summary { height, width, iterations, seconds, threads, interrupted, .. } = summary;
    format!(
        "{width} × {height} pixels, {iterations} iteration{} in {:.1} s on {threads} thread{}{}.",
        plural(*iterations),
        seconds.total,
        plural(*threads),
        if *interrupted { ", ended early" } else { "" }
    )
}

/// The seconds of each phase, and of each size.
pub(super) fn times(summary: &Summary) -> Vec<(String, f64)> {
    let seconds = &summary.seconds;
    let mut times =
        vec![("Pictures and weights".to_owned(), seconds.load), ("Preparing".to_owned(), seconds.prepare)];
    times.extend(summary.scales.iter().map(|&scale| {
        let ScaleOutcome { height, width, iterations, seconds, .. } = scale;
        (format!("{width} × {height}, {iterations} iteration{}", plural(iterations)), seconds)
    }));
    times.push(("Saving".to_owned(), seconds.save));
    times
}
