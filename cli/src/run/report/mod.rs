//! `--report` and `--watch`: one page that shows a run, in a file or while it goes on.
//!
//! - `recorder`: what is kept of a run, iteration by iteration
//! - `settings`: what the page says in words
//! - `live`: the page on a port of this machine
//! - `page.html`, `page.css`, `page.js`: what it looks like

mod live;
mod recorder;
mod settings;

use impasto::architecture::layer_name;
use impasto::image::{ImageError, SaveOptions, encode_image, shrink_image};
use impasto::{LayerLoss, LayerLossKind, Losses, Scale};
use ndarray::Array3;
use serde::Serialize;

use crate::html::{data_uri, escape, fill, script_json};

pub(crate) use live::Live;
pub(crate) use recorder::Recorder;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The longest side of pictures on the page, in pixels.
const PICTURE_SIDE: usize = 1600;

/// That of pictures along the way.
const FRAME_SIDE: usize = 480;

/// What the page shows.
#[derive(Clone, Default, Serialize)]
struct Run {
    title: String,
    /// A sentence about the run.
    lead: String,
    /// As data URIs; none for a texture.
    photograph: Option<String>,
    styles: Vec<String>,
    /// Once it is there.
    result: Option<String>,
    /// Whether what is transparent is to be seen as such.
    transparent: bool,
    width: usize,
    height: usize,
    scales: Vec<Scale>,
    frames: Vec<Frame>,
    trace: Trace,
    /// Names and values.
    parameters: Vec<(String, String)>,
    /// Phases and seconds.
    times: Vec<(String, f64)>,
    /// The share of the work that is done.
    progress: f64,
    /// How it ended, in words.
    ended: Option<String>,
    /// Whether the page is to listen for more.
    live: bool,
}

/// A picture along the way.
#[derive(Clone, Serialize)]
struct Frame {
    caption: String,
    /// As a data URI.
    picture: String,
}

/// The losses of every iteration.
#[derive(Clone, Default, Serialize)]
struct Trace {
    scale: Vec<usize>,
    total: Vec<f64>,
    content: Vec<f64>,
    style: Vec<f64>,
    tv: Vec<f64>,
    temporal: Vec<f64>,
    layers: Vec<LayerTrace>,
}

#[derive(Clone, Serialize)]
struct LayerTrace {
    kind: LayerLossKind,
    layer: usize,
    name: String,
    values: Vec<f64>,
}

impl Trace {
    fn push(&mut self, scale: usize, losses: &Losses, layers: &[LayerLoss]) {
        self.scale.push(scale);
        for (values, loss) in [
            (&mut self.total, losses.total),
            (&mut self.content, losses.content),
            (&mut self.style, losses.style),
            (&mut self.tv, losses.tv),
            (&mut self.temporal, losses.temporal),
        ] {
            values.push(loss);
        }
        let before = self.total.len() - 1;
        for layer in layers {
            let is_same = |trace: &&mut LayerTrace| (trace.kind, trace.layer) == (layer.kind, layer.layer);
            match self.layers.iter_mut().find(is_same) {
                Some(trace) => trace.values.push(layer.value),
                None => {
                    let name = layer_name(layer.layer).unwrap_or_default();
                    // A mask may be too fine for a layer at small sizes.
                    let mut values = vec![0.0; before];
                    values.push(layer.value);
                    self.layers.push(LayerTrace { kind: layer.kind, layer: layer.layer, name, values });
                }
            }
        }
        for trace in &mut self.layers {
            trace.values.resize(before + 1, 0.0);
        }
    }
}

impl Run {
    /// The page, as one file of HTML that asks nothing of the network.
    fn html(&self) -> anyhow::Result<String> {
        Ok(fill(
            TEMPLATE,
            &[
                ("title", escape(&self.title)),
                ("style", STYLE.to_owned()),
                ("script", SCRIPT.to_owned()),
                ("run", script_json(&serde_json::to_string(self)?)),
            ],
        ))
    }
}

/// A picture (H, W, 3) or (H, W, 4) as a data URI, at most `side` pixels long.
fn uri(picture: Array3<u8>, side: usize, quality: u8) -> Result<String, ImageError> {
    let has_alpha = picture.dim().2 == 4;
    let picture = shrink_image(picture, side);
    let (name, options) = match has_alpha {
        true => ("picture.png", SaveOptions::default()),
        false => ("picture.jpg", SaveOptions::default().with_quality(quality)),
    };
    let bytes = encode_image(name.as_ref(), picture.view(), &options)?;
    Ok(data_uri(if has_alpha { "image/png" } else { "image/jpeg" }, &bytes))
}
