//! Style transfer through the library: a photograph and a painting in, a picture out, and an observer that
//! watches the losses on the way. Omit the arguments to use two drawings of this repository.
//! `cargo run --release --example 06_style_transfer -- [CONTENT] [STYLE] [RESULT.png]`

use impasto::image::{LoadOptions, load_image, save_image};
use impasto::{Iteration, SqueezeNet, StyleTransfer, Weights};
use std::ops::ControlFlow;
use std::path::PathBuf;

const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
const SIZE: usize = 192;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let content = arguments.next().unwrap_or(format!("{ASSETS}/town.jpg").into());
    let style = arguments.next().unwrap_or(format!("{ASSETS}/swirl.jpg").into());
    let result = arguments.next().unwrap_or("repainted.png".into());

    let network = SqueezeNet::new(Weights::built_in());
    let content = load_image(&content, &LoadOptions::shorter_side(SIZE))?;
    let style = load_image(&style, &LoadOptions::shorter_side(SIZE))?;

    // Everything is checked and recorded here; what is not set has a default.
    let mut session =
        StyleTransfer::builder(&network).content(&content).style(&style, 1.0).iterations(60).build()?;
    for (number, scale) in session.scales().iter().enumerate() {
        println!("scale {number}: {}x{} pixels, {} iterations", scale.height, scale.width, scale.iterations);
    }

    // The weighted losses of each iteration's picture, in percent of the first one's style loss.
    let mut first = None;
    let outcome = session.run_with(&mut |iteration: &Iteration<'_>| {
        let losses = iteration.losses;
        let unit = *first.get_or_insert(losses.style) / 100.0;
        if iteration.index.is_multiple_of(10) {
            println!(
                "iteration {:3}: content {:5.1}, style {:5.1}, roughness {:5.1}",
                iteration.index,
                losses.content / unit,
                losses.style / unit,
                losses.tv / unit,
            );
        }
        ControlFlow::Continue(()) // `Break` would end the run with the picture so far
    })?;
    save_image(&result, outcome.picture.view())?;
    println!("{}: after {} iterations", result.display(), outcome.iterations);
    Ok(())
}
