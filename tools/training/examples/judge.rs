//! Tells how well weights paint, in the eyes of other weights: one network repaints a photograph, another
//! compares what comes out with the painting.
//!
//! ```text
//! cargo run --release -p impasto-training --example judge -- \
//!     --painter weights.npz --judge squeezenet1_1.npz --content photo.jpg --style starry=painting.jpg
//! ```

use anyhow::{Context, bail};
use clap::Parser;
use impasto::image::{LoadOptions, load_image, save_image};
use impasto::{Init, Preset, SqueezeNet, StyleTransfer, Weights};
use ndarray::{Array3, Array4};
use std::path::PathBuf;

/// Tells how well weights paint, in the eyes of other weights.
///
/// For each problem the painter repaints the content image by the default schedule, with the loss weights and
/// sizes of a preset. Printed is the judge's style loss of the result, as a fraction of its style loss of the
/// content image: 1 where nothing was repainted, 0 where every Gram matrix is the painting's.
#[derive(Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// The weights that paint
    #[arg(long, value_name = "FILE")]
    painter: PathBuf,
    /// The weights that judge
    #[arg(long, value_name = "FILE")]
    judge: PathBuf,
    /// The content image
    #[arg(long, value_name = "FILE")]
    content: PathBuf,
    /// A preset with loss weights and sizes, and its painting; may be given several times
    #[arg(long, value_name = "PRESET=FILE", required = true, value_parser = parse_style)]
    style: Vec<(&'static Preset, PathBuf)>,
    /// Rebuild the content image from its features as well, and print the painter's own content loss before
    /// and after
    #[arg(long)]
    invert: bool,
    /// Save the results in this folder, as PNG
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
}

fn parse_style(text: &str) -> Result<(&'static Preset, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("give PRESET=FILE, such as starry=painting.jpg")?;
    let preset = Preset::find(name).ok_or_else(|| format!("there is no preset {name}"))?;
    if preset.weights.style_weights.iter().all(|&weight| weight == 0.0) {
        return Err(format!("the preset {name} has no style"));
    }
    Ok((preset, path.into()))
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let network =
        |path: &PathBuf| -> anyhow::Result<SqueezeNet> { Ok(SqueezeNet::new(Weights::load(path)?)) };
    let (painter, judge) = (network(&arguments.painter)?, network(&arguments.judge)?);
    if let Some(folder) = &arguments.pictures {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    for (preset, path) in &arguments.style {
        let content = load_image(&arguments.content, &LoadOptions::shorter_side(preset.image_size))?;
        let style = load_image(path, &LoadOptions::shorter_side(preset.style_size))?;
        let result = paint(&painter, preset, &content, &style)?;
        let before = style_loss(&judge, preset, &style, &content, None)?;
        let after = style_loss(&judge, preset, &style, &content, Some(&result.image))?;
        println!("{}: {:.3}", preset.name, after / before);
        arguments.save(preset.name, &result.picture)?;
    }
    if arguments.invert { invert(&arguments, &painter) } else { Ok(()) }
}

impl Arguments {
    fn save(&self, name: &str, picture: &Array3<u8>) -> anyhow::Result<()> {
        let Some(folder) = &self.pictures else { return Ok(()) };
        Ok(save_image(&folder.join(format!("{name}.png")), picture.view())?)
    }
}

fn paint(
    painter: &SqueezeNet,
    preset: &Preset,
    content: &Array3<u8>,
    style: &Array3<u8>,
) -> anyhow::Result<impasto::Outcome> {
    let mut session = StyleTransfer::builder(painter)
        .content(content)
        .style(style, 1.0)
        .loss_weights(&preset.weights)
        .init(Init::Content)
        .scales(1)
        .jitter(0)
        .build()?;
    Ok(session.run()?)
}

/// The style loss of an image, or of the content image itself.
fn style_loss(
    judge: &SqueezeNet,
    preset: &Preset,
    style: &Array3<u8>,
    content: &Array3<u8>,
    image: Option<&Array4<f32>>,
) -> anyhow::Result<f64> {
    let mut builder = StyleTransfer::builder(judge)
        .content(content)
        .style(style, 1.0)
        .loss_weights(&preset.weights)
        .content_weight(0.0)
        .tv_weight(0.0)
        .init(Init::Content)
        .scales(1)
        .jitter(0);
    if let Some(image) = image {
        builder = builder.init_image(image);
    }
    let loss = builder.build()?.evaluate()?.0.style;
    if loss == 0.0 {
        bail!("the judge sees no difference between the content image and the painting");
    }
    Ok(loss)
}

/// Rebuilds the content image from noise.
fn invert(arguments: &Arguments, painter: &SqueezeNet) -> anyhow::Result<()> {
    let preset = Preset::find("inversion").context("there is no preset for inversion")?;
    let content = load_image(&arguments.content, &LoadOptions::shorter_side(preset.image_size))?;
    let mut session = StyleTransfer::builder(painter)
        .content(&content)
        .loss_weights(&preset.weights)
        .init(preset.init)
        .scales(1)
        .jitter(0)
        .build()?;
    let before = session.evaluate()?.0.content;
    let outcome = session.run()?;
    println!("{}: {before:.0} -> {:.0}", preset.name, outcome.losses.content);
    arguments.save(preset.name, &outcome.picture)
}
