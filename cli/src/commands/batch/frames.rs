//! The frames of a sequence: each is painted after the one before it.

use std::ffi::OsString;
use std::path::Path;

use anyhow::bail;
use impasto::image::{LoadOptions, load_image_with_warnings};
use rayon::prelude::*;

use super::list::{Item, output};
use crate::arguments::{BatchArguments, FrameOptions, Frames};
use crate::run::record::named;

/// A sequence for each style, whose pictures are painted one after another.
pub(super) fn sequences(
    arguments: &BatchArguments,
    frames: Frames,
    options: &[String],
) -> anyhow::Result<Vec<Vec<Item>>> {
    check_sizes(arguments)?;
    let BatchArguments { out, content, style, name, temporal_weight, .. } = arguments;
    let mut sequences = Vec::new();
    for style in style {
        let mut sequence: Vec<Item> = Vec::new();
        for (index, present) in content.iter().enumerate() {
            let before = sequence.last().map(|item| (out.join(&item.output), &content[index - 1]));
            let mut options: Vec<OsString> = options.iter().map(OsString::from).collect();
            if let Some((result, photograph)) = &before {
                if frames != Frames::Alone {
                    options.push(named("previous", result));
                }
                if frames == Frames::Flow {
                    options.push(named("previous-content", photograph));
                    options
                        .extend(temporal_weight.map(|weight| format!("--temporal-weight={weight}").into()));
                }
            }
            let pictures = vec![present.into(), style.into()];
            let item = Item::new(out, output(name, present, style)?, options, pictures);
            let before = before.map(|(result, photograph)| FrameOptions {
                previous: Some(result),
                previous_content: Some(photograph.clone()),
                temporal_weight: None,
            });
            sequence.push(Item { before, ..item.map_err(anyhow::Error::msg)? });
        }
        sequences.push(sequence);
    }
    Ok(sequences)
}

/// Refuses a frame of another size than the first. What cannot be read fails when it is its turn.
fn check_sizes(arguments: &BatchArguments) -> anyhow::Result<()> {
    let options = LoadOptions::default().with_ignore_orientation(arguments.common.picture.ignore_orientation);
    let size = |path: &Path| Some(load_image_with_warnings(path, &options).ok()?.own_size);
    let sizes: Vec<_> = arguments.content.par_iter().map(|path| size(path)).collect();
    let mut known = arguments.content.iter().zip(&sizes).filter_map(|(path, size)| Some((path, (*size)?)));
    let Some((first, (height, width))) = known.next() else { return Ok(()) };
    match known.find(|&(_, size)| size != (height, width)) {
        None => Ok(()),
        Some((other, (other_height, other_width))) => bail!(
            "{} is {other_width}x{other_height}, and {} is {width}x{height}: the frames of a sequence must have one \
             size; nothing was painted",
            other.display(),
            first.display()
        ),
    }
}
