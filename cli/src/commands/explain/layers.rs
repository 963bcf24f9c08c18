//! The layers of the network as a table or as JSON.

use impasto::architecture::{FEATURES, Layer, feature_shape, layer_name, name_in_paper, receptive_field};
use impasto::{LossWeights, PoolRounding};
use serde::Serialize;

use super::print;
use crate::ending::Ending;

/// Height and width of the picture that the table's shapes are for: the notebook's.
const PICTURE: (usize, usize) = (192, 256);

#[derive(Serialize)]
struct Row {
    layer: usize,
    name: String,
    name_in_paper: Option<String>,
    description: String,
    /// Height, width and channels of its output.
    shape: [usize; 3],
    /// Side of the square of pixels that a position sees.
    sees: usize,
    /// Pixels from one position to the next.
    stride: usize,
    content_default: bool,
    style_default: bool,
}

pub(super) fn run(json: bool) -> anyhow::Result<Ending> {
    let rows: Vec<Row> = (0..FEATURES.len()).filter_map(row).collect();
    match json {
        true => print(&(serde_json::to_string_pretty(&rows)? + "\n"))?,
        false => print(&table(&rows))?,
    }
    Ok(Ending::Done)
}

fn row(layer: usize) -> Option<Row> {
    let (height, width) = PICTURE;
    let (rows, columns, channels) = feature_shape(layer, height, width, PoolRounding::Floor)?;
    let (sees, stride) = receptive_field(layer)?;
    let description = match FEATURES[layer] {
        Layer::Convolution { kernel, stride, .. } => {
            format!("{kernel}x{kernel} convolution, stride {stride}")
        }
        Layer::Relu => "ReLU".to_owned(),
        Layer::MaxPool { size, stride } => format!("{size}x{size} max pooling, stride {stride}"),
        Layer::Fire { squeeze, expand, .. } => format!("fire: squeeze {squeeze}, expand {expand} + {expand}"),
    };
    Some(Row {
        layer,
        name: layer_name(layer)?,
        name_in_paper: name_in_paper(layer),
        description,
        shape: [rows, columns, channels],
        sees,
        stride,
        content_default: layer == LossWeights::CONTENT_LAYER,
        style_default: LossWeights::STYLE_LAYERS.contains(&layer),
    })
}

fn table(rows: &[Row]) -> String {
    let (height, width) = PICTURE;
    let mut text = format!(
        "{:<5} {:<7} {:<6} {:<34} {:<12} {:>4}  default for\n",
        "layer",
        "name",
        "paper",
        "what it is",
        format!("at {height}x{width}"),
        "sees"
    );
    for row in rows {
        let [height, width, channels] = row.shape;
        let default = match (row.content_default, row.style_default) {
            (true, _) => "content",
            (_, true) => "style",
            _ => "",
        };
        let line = format!(
            "{:>5} {:<7} {:<6} {:<34} {:<12} {:>4}  {default}",
            row.layer,
            row.name,
            row.name_in_paper.as_deref().unwrap_or(""),
            row.description,
            format!("{height}x{width}x{channels}"),
            row.sees,
        );
        text += line.trim_end();
        text.push('\n');
    }
    text + "\nOptions take the number or the name. Shapes are height x width x channels. \"sees\" is the\n\
            side, in pixels, of the square of the picture that one position depends on.\n"
}
