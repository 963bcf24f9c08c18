//! The tape as one HTML file that needs no internet connection. All that is on it comes from the report, which the page
//! holds as `--json` prints it, from the maps beside it, from the films, and from the examples worked out by hand, whose
//! formulas the page computes anew when a number of theirs is changed.

pub(super) mod film;

use std::collections::BTreeMap;

use impasto::StyleTransfer;
use impasto::explain::by_hand::{Function, WorkedExample};
use impasto::explain::{NodePictures, gradient_picture};
use impasto::image::{ImageError, deprocess_image, encode_png, shrink_image};
use ndarray::Array3;
use serde::Serialize;

use crate::commands::explain::report::Report;
use crate::html::{data_uri, escape, fill, script_json};

/// The page with `{{names}}` for what differs from run to run.
const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    include_str!("words.js"),
    include_str!("data.js"),
    include_str!("graph.js"),
    include_str!("details.js"),
    include_str!("walk.js"),
    include_str!("film.js"),
    include_str!("fields.js"),
    include_str!("neuron.js"),
    include_str!("formulas.js"),
    include_str!("by_hand.js"),
    include_str!("page.js"),
);

/// The longer side of a picture on the page, at most, in pixels.
const LONGER_SIDE: usize = 640;

/// The pictures of a page, as data URIs.
#[derive(Serialize)]
struct Pictures {
    /// What each loss asks of the pixels, by its name.
    pixel_gradients: BTreeMap<&'static str, String>,
    /// Those of each node that has any, by its place on the tape.
    nodes: BTreeMap<usize, Maps>,
}

/// A node's value and gradient.
#[derive(Serialize)]
struct Maps {
    channels: Vec<usize>,
    value: Option<String>,
    gradient: Option<String>,
    /// What each node that reads it added to its gradient, by that node's place.
    summands: BTreeMap<usize, String>,
}

use film::Film;

pub(super) fn page(report: &Report, films: &[Film], session: &mut StyleTransfer) -> anyhow::Result<String> {
    let examples: Vec<WorkedExample> =
        Function::ALL.into_iter().map(Function::work_out).collect::<Result<_, _>>()?;
    let pictures = Pictures::of(report, session)?;
    let Report { content, styles, explanation, .. } = report;
    let title = format!("{content} in the style of {}", styles.join(" and "));
    Ok(fill(
        TEMPLATE,
        &[
            ("title", escape(&title)),
            ("style", STYLE.to_owned()),
            ("width", explanation.width.to_string()),
            ("height", explanation.height.to_string()),
            ("picture", uri(deprocess_image(session.image()?, false))?),
            ("report", script_json(&serde_json::to_string(report)?)),
            ("pictures", script_json(&serde_json::to_string(&pictures)?)),
            ("films", script_json(&serde_json::to_string(films)?)),
            ("examples", script_json(&serde_json::to_string(&examples)?)),
            ("script", SCRIPT.to_owned()),
        ],
    ))
}

impl Pictures {
    fn of(report: &Report, session: &mut StyleTransfer) -> anyhow::Result<Pictures> {
        let mut pixel_gradients = BTreeMap::new();
        for gradient in &report.explanation.pixel_gradients {
            pixel_gradients.insert(gradient.loss, uri(gradient_picture(gradient.gradient.view()))?);
        }
        let mut nodes = BTreeMap::new();
        for node in &report.explanation.nodes {
            let NodePictures { channels, value, gradient, summands } = session.node_pictures(node)?;
            let value = value.map(uri).transpose()?;
            let gradient = gradient.map(uri).transpose()?;
            let summands = summands.into_iter().map(|(from, picture)| Ok((from, uri(picture)?)));
            let summands = summands.collect::<Result<_, ImageError>>()?;
            if value.is_some() || gradient.is_some() {
                nodes.insert(node.index, Maps { channels, value, gradient, summands });
            }
        }
        Ok(Pictures { pixel_gradients, nodes })
    }
}

fn uri(picture: Array3<u8>) -> Result<String, ImageError> {
    let picture = shrink_image(picture, LONGER_SIDE);
    Ok(data_uri("image/png", &encode_png(picture.view())?))
}
