//! `impasto rerun`: the run that a picture's file tells of, once more.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Parser;
use impasto::image::{LoadOptions, load_image, load_image_with_warnings};
use impasto::simd::Level;
use ndarray::Array3;

use crate::arguments::{Arguments, Command, RerunArguments};
use crate::commands::{invert, texture, transfer};
use crate::digest;
use crate::ending::Ending;
use crate::error::say;
use crate::run::record::{InputRecord, Record, name_beside, named};
use crate::run::source::STANDARD;
use crate::run::weights::Located;
use crate::text;

pub(crate) fn run(arguments: &RerunArguments) -> anyhow::Result<Ending> {
    let RerunArguments { picture, output, weights, show, quiet } = arguments;
    let load_options = LoadOptions::default().with_alpha(true);
    let loaded = load_image_with_warnings(picture, &load_options)?;
    let name = picture.display();
    let Some(text) = loaded.record else {
        bail!(
            "{name} does not tell what made it: give a PNG, JPEG, WebP or TIFF that impasto wrote, and that no other \
             program has saved without its metadata"
        );
    };
    let damaged = || format!("the record in {name} is of another version of impasto, or damaged");
    let record = Record::read(&text).with_context(damaged)?;
    if *show {
        text::print(&text::json(&record)?).context("cannot print the record")?;
        return Ok(Ending::Done);
    }
    let output = output.clone().unwrap_or_else(|| name_beside(picture));
    let weights_option = weights.as_deref().map(|path| named("weights", path));
    let quiet_option = quiet.then(|| OsString::from("--quiet"));
    let line =
        record.line([Some(named("output", &output)), weights_option, quiet_option].into_iter().flatten());
    let parsed = Arguments::try_parse_from(&line).with_context(damaged)?;

    let warn = |line: &str| {
        if !quiet {
            say(&format!("warning: {line}"));
        }
    };
    if let Some(iterations) = record.ended_after {
        warn(&format!("the run was ended early, after {iterations} iterations; this one goes on to its end"));
    }
    if record.reads_standard_input() {
        warn("a picture is read from standard input, as it was then");
    }
    let mut same = check(&record.inputs, &warn)?;
    same &= check_weights(&record, &Located::find(weights.as_deref()), &warn);
    for (what, then, now) in [
        ("version", &*record.version, env!("CARGO_PKG_VERSION")),
        ("instruction set", &record.simd, Level::current().name()),
    ] {
        if then != now {
            warn(&format!("the {what} was {then} and is {now}: the result may differ by rounding"));
            same = false;
        }
    }
    let ending = match &parsed.command {
        Command::Transfer(arguments) => transfer::run(arguments, &line)?,
        Command::Texture(arguments) => texture::run(arguments, &line)?,
        Command::Invert(arguments) => invert::run(arguments, &line)?,
        _ => bail!(damaged()),
    };
    if !quiet && output.as_os_str() != STANDARD {
        let bytes = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        say(&match bytes(picture)? == bytes(&output)? {
            true => format!("it is the same file as {name}, byte for byte"),
            false => compare(&loaded.picture, &load_image(&output, &load_options)?, picture, same),
        });
    }
    Ok(ending)
}

/// Tells which files are others than they were; an error if one is gone.
fn check(inputs: &[InputRecord], warn: &impl Fn(&str)) -> anyhow::Result<bool> {
    let mut same = true;
    for InputRecord { path, sha256 } in inputs {
        match digest::of_file(Path::new(path)) {
            Ok(now) if now == *sha256 => {}
            Ok(_) => {
                warn(&format!("{path} has changed since, and so will the result"));
                same = false;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "{path}, which the run read, is not there: go to the folder where it was started, or put the file back"
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {path}, which the run read"));
            }
        }
    }
    Ok(same)
}

/// Tells whether the weights are others than they were.
fn check_weights(record: &Record, located: &Located, warn: &impl Fn(&str)) -> bool {
    let now: BTreeSet<String> = located
        .files()
        .iter()
        .filter(|path| path.is_file())
        .filter_map(|path| digest::of_file(path).ok())
        .collect();
    let then: BTreeSet<String> = record.weights.iter().map(|weights| weights.sha256.clone()).collect();
    if then == now {
        return true;
    }
    let name = record.weights.last().map_or("the built-in ones", |weights| &weights.path);
    warn(&format!(
        "the weights are {located}, and were {name}: name those with --weights for the same result"
    ));
    false
}

/// What became of the picture, in a line.
fn compare(before: &Array3<u8>, after: &Array3<u8>, picture: &Path, same: bool) -> String {
    let name = picture.display();
    if before.dim() != after.dim() {
        return format!("it has another size than {name}");
    }
    let pixels = || before.rows().into_iter().zip(after.rows());
    let differing = pixels().filter(|(before, after)| before != after).count();
    let furthest = before.iter().zip(after).map(|(before, after)| before.abs_diff(*after)).max().unwrap_or(0);
    match differing {
        0 => format!("its pixels are those of {name}, bit for bit"),
        _ => {
            let percent = 100.0 * differing as f64 / pixels().len() as f64;
            let why = if same { ", which was changed afterwards" } else { "" };
            format!(
                "it differs in {percent:.1} % of the pixels, by at most {furthest} of 255, from {name}{why}"
            )
        }
    }
}
