//! The first iterations of a run as pictures, under several weights of the losses.

use std::ops::ControlFlow;
use std::path::Path;

use impasto::image::{SaveOptions, deprocess_image, encode_image, shrink_image};
use impasto::{Iteration, Losses, SqueezeNet, StyleTransferBuilder};
use ndarray::ArrayView4;
use serde::Serialize;

use crate::html::data_uri;
use crate::run::inputs::Inputs;
use crate::run::interrupt::Interrupt;
use crate::run::request::Request;
use crate::run::synthesis::builder;

/// The iterations whose pictures are kept: most where most happens.
const ITERATIONS: [usize; 15] = [0, 1, 2, 3, 4, 6, 8, 10, 14, 18, 23, 28, 34, 42, 50];

/// The longer side of a picture, at most, in pixels, and its quality as a JPEG.
const LONGER_SIDE: usize = 256;
const QUALITY: u8 = 75;

/// How much more a loss counts under a setting of its own.
const MORE_CONTENT: f64 = 10.0;
const MORE_STYLE: f64 = 10.0;
const MORE_TV: f64 = 100.0;

/// One run under one setting of the weights.
#[derive(Serialize)]
pub(crate) struct Film {
    setting: Setting,
    /// How much more the loss counts that the setting names.
    factor: f64,
    /// The losses of the picture after 0, 1, 2, ... iterations.
    losses: Vec<Losses>,
    frames: Vec<Frame>,
}

/// What differs from what was asked for.
#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Setting {
    AsGiven,
    MoreContent,
    NoContent,
    MoreStyle,
    MoreTv,
}

#[derive(Serialize)]
struct Frame {
    iteration: usize,
    picture: String,
}

/// The films of a problem; `None` if the user ended them.
pub(crate) fn films(
    request: &Request<'_>,
    inputs: &Inputs,
    network: &SqueezeNet,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<Vec<Film>>> {
    let as_given = builder(request, inputs, network).build()?;
    let (content, tv, style) = (as_given.content_weight(), as_given.tv_weight(), request.style_strength);
    let has_style =
        request.style.as_ref().is_some_and(|style| style.layers.iter().any(|layer| layer.1 > 0.0));
    drop(as_given);
    let again = || builder(request, inputs, network);
    let mut settings = vec![(Setting::AsGiven, 1.0, again())];
    if content > 0.0 {
        let more = again().content_weight(MORE_CONTENT * content);
        settings.push((Setting::MoreContent, MORE_CONTENT, more));
        if has_style {
            settings.push((Setting::NoContent, 0.0, again().content_weight(0.0)));
        }
    }
    if has_style && style > 0.0 {
        settings.push((Setting::MoreStyle, MORE_STYLE, again().style_strength(MORE_STYLE * style)));
    }
    if tv > 0.0 {
        settings.push((Setting::MoreTv, MORE_TV, again().tv_weight(MORE_TV * tv)));
    }
    let mut films = Vec::new();
    for (setting, factor, builder) in settings {
        let Some(film) = film(setting, factor, builder, interrupt)? else { return Ok(None) };
        films.push(film);
    }
    Ok(Some(films))
}

fn film(
    setting: Setting,
    factor: f64,
    builder: StyleTransferBuilder<'_>,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<Film>> {
    let mut session = builder.build()?;
    let last = session.iterations().min(ITERATIONS[ITERATIONS.len() - 1]);
    let mut film = Film { setting, factor, losses: Vec::new(), frames: Vec::new() };
    film.frames.push(Frame { iteration: 0, picture: picture(session.image()?)? });
    let mut failure = None;
    if last > 0 {
        session.run_with(&mut |iteration: &Iteration<'_>| {
            let done = iteration.index + 1;
            film.losses.push(iteration.losses);
            if done == last || ITERATIONS.contains(&done) {
                match picture(iteration.image()) {
                    Ok(picture) => film.frames.push(Frame { iteration: done, picture }),
                    Err(error) => failure = Some(error),
                }
            }
            let goes_on = done < last && failure.is_none() && !interrupt.is_requested();
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    if let Some(error) = failure {
        return Err(error);
    }
    if interrupt.is_requested() {
        return Ok(None);
    }
    film.losses.push(session.evaluate()?.0);
    Ok(Some(film))
}

fn picture(image: ArrayView4<'_, f32>) -> anyhow::Result<String> {
    let picture = shrink_image(deprocess_image(image, false), LONGER_SIDE);
    let options = SaveOptions::default().with_quality(QUALITY);
    let jpeg = encode_image(Path::new("frame.jpg"), picture.view(), &options)?;
    Ok(data_uri("image/jpeg", &jpeg))
}
