//! The list of pictures to paint: each is a command line of `impasto transfer`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Parser;
use serde_json::{Map, Value};

use super::{frames, stem, within};
use crate::arguments::{Arguments, BatchArguments, Command, FrameOptions, TransferArguments};
use crate::error::say;
use crate::run::record::{canonical, named};
use crate::run::source::STANDARD;

/// Options of a batch that are none of a transfer.
const OF_BATCH: &[&str] = &[
    "style",
    "manifest",
    "out",
    "name",
    "frames",
    "temporal_weight",
    "jobs",
    "shard",
    "shards",
    "keep_going",
    "retry_failed",
    "json",
    "quiet",
    "threads",
];

/// One picture.
pub(super) struct Item {
    /// Within the folder of results.
    pub(super) output: PathBuf,
    /// The command line that paints it alone.
    pub(super) line: Vec<OsString>,
    pub(super) arguments: TransferArguments,
    /// The frame before it, of a sequence, as options.
    pub(super) before: Option<FrameOptions>,
}

impl Item {
    pub(super) fn name(&self) -> String {
        self.output.display().to_string()
    }

    /// From options, each as one argument.
    pub(super) fn new(
        out: &Path,
        output: PathBuf,
        options: Vec<OsString>,
        pictures: Vec<OsString>,
    ) -> Result<Item, String> {
        let mut line: Vec<OsString> = vec!["impasto".into(), "transfer".into()];
        line.push(named("output", &out.join(&output)));
        line.extend(options);
        line.push("--".into());
        line.extend(pictures);
        match Arguments::try_parse_from(&line) {
            Ok(Arguments { command: Command::Transfer(arguments) }) => {
                Ok(Item { output, line, arguments, before: None })
            }
            Ok(_) => Err("it is no transfer".into()),
            // The first line says what is wrong; what follows is about the command line.
            Err(error) => {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                Err(first.trim_start_matches("error: ").to_owned())
            }
        }
    }
}

/// Every picture that a batch with this command line is to paint, in sequences whose pictures need the ones before them.
pub(super) fn read(arguments: &BatchArguments, line: &[OsString]) -> anyhow::Result<Vec<Vec<Item>>> {
    let options = canonical(line, OF_BATCH).context("the options hold names that are no text")?.options;
    let alone = |items: Vec<Item>| items.into_iter().map(|item| vec![item]).collect();
    let sequences: Vec<Vec<Item>> = match (&arguments.manifest, arguments.frames) {
        (Some(path), _) => alone(of_manifest(arguments, path, &options)?),
        (None, None) => alone(of_pictures(arguments, &options)?),
        (None, Some(frames)) => frames::sequences(arguments, frames, &options)?,
    };
    let mut outputs: HashMap<&Path, usize> = HashMap::new();
    for (number, item) in sequences.iter().flatten().enumerate() {
        if let Some(other) = outputs.insert(&item.output, number) {
            bail!(
                "pictures {} and {} would both be {}: give --name a pattern that tells them apart, or each line its own \
                 output",
                other + 1,
                number + 1,
                item.name()
            );
        }
    }
    Ok(sequences)
}

/// Each content in each style.
fn of_pictures(arguments: &BatchArguments, options: &[String]) -> anyhow::Result<Vec<Item>> {
    let mut items = Vec::new();
    for content in &arguments.content {
        for style in &arguments.style {
            let output = output(&arguments.name, content, style)?;
            let pictures = vec![content.clone().into(), style.clone().into()];
            let options = options.iter().map(OsString::from).collect();
            let item = Item::new(&arguments.out, output, options, pictures);
            items.push(item.map_err(anyhow::Error::msg)?);
        }
    }
    Ok(items)
}

pub(super) fn output(pattern: &str, content: &Path, style: &Path) -> anyhow::Result<PathBuf> {
    let name = pattern.replace("{content}", &stem(content)).replace("{style}", &stem(style));
    within(&name).with_context(|| {
        format!("--name {pattern} leads to {name}, which is not within --out: leave out what leads elsewhere")
    })
}

fn of_manifest(arguments: &BatchArguments, path: &Path, options: &[String]) -> anyhow::Result<Vec<Item>> {
    let text = match path.as_os_str() == STANDARD {
        true => {
            let mut text = String::new();
            stdin().lock().read_to_string(&mut text).map(|_| text)
        }
        false => fs::read_to_string(path),
    };
    let text = text.with_context(|| format!("cannot read the manifest {}", path.display()))?;
    let (mut items, mut wrong) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match of_line(arguments, line, options) {
            Ok(item) => items.push(item),
            Err(reason) => wrong.push(format!("line {}: {reason}", number + 1)),
        }
    }
    match (&wrong[..], arguments.keep_going) {
        ([], _) => {}
        (wrong, true) => wrong.iter().for_each(|line| say(&format!("warning: {}, {line}", path.display()))),
        ([first, ..], false) => bail!(
            "{}, {first}{}; nothing was painted: mend that, or paint the other lines with --keep-going",
            path.display(),
            if wrong.len() > 1 { format!(" (and {} more)", wrong.len() - 1) } else { String::new() }
        ),
    }
    Ok(items)
}

/// A line of a manifest.
fn of_line(arguments: &BatchArguments, line: &str, options: &[String]) -> Result<Item, String> {
    let object: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| format!("it is no JSON object ({error})"))?;
    let (mut content, mut styles, mut output, mut own) = (None, Vec::new(), None, Vec::new());
    for (key, value) in &object {
        match (&*key.replace('_', "-"), value) {
            ("content", Value::String(path)) => content = Some(PathBuf::from(path)),
            ("style", Value::String(path)) => styles.push(PathBuf::from(path)),
            ("style", Value::Array(paths)) => {
                for path in paths {
                    styles.push(path.as_str().ok_or("style is no list of names")?.into());
                }
            }
            ("output", Value::String(name)) => {
                let inside = within(name).ok_or_else(|| format!("output {name} is not within --out"))?;
                output = Some(inside);
            }
            ("content" | "style" | "output", _) => return Err(format!("{key} is no name")),
            ("json" | "quiet" | "threads" | "weights" | "report" | "watch" | "checkpoint" | "resume", _) => {
                return Err(format!("{key} is for the whole batch, or for none of it"));
            }
            (_, Value::Bool(false) | Value::Null) => {}
            (option, Value::Bool(true)) => own.push((option.to_owned(), format!("--{option}"))),
            ("style-mask", Value::Array(masks)) => {
                for mask in masks {
                    own.push(("style-mask".into(), format!("--style-mask={}", plain(mask)?)));
                }
            }
            (option, Value::Array(values)) => {
                let values = values.iter().map(plain).collect::<Result<Vec<_>, _>>()?.join(",");
                own.push((option.to_owned(), format!("--{option}={values}")));
            }
            (option, value) => own.push((option.to_owned(), format!("--{option}={}", plain(value)?))),
        }
    }
    let content = content.ok_or("it has no content")?;
    for picture in [&content].into_iter().chain(&styles) {
        if picture.as_os_str() == STANDARD {
            return Err("a picture of a batch cannot be read from standard input".into());
        }
        if !picture.is_file() {
            return Err(format!("{} is not there", picture.display()));
        }
    }
    let first = styles.first().ok_or("it has no style")?;
    let output = match output {
        Some(output) => output,
        None => self::output(&arguments.name, &content, first).map_err(|error| error.to_string())?,
    };
    // What the line says holds, and what the command line says of all others.
    let is_own = |option: &&String| {
        let name = option.trim_start_matches('-').split('=').next().unwrap_or_default();
        own.iter().any(|(own, _)| own == name)
    };
    let mut all: Vec<OsString> =
        options.iter().filter(|option| !is_own(option)).map(OsString::from).collect();
    all.extend(own.iter().map(|(_, option)| option.into()));
    let pictures = [content].into_iter().chain(styles).map(OsString::from).collect();
    Item::new(&arguments.out, output, all, pictures)
}

/// A value as an option takes it.
fn plain(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(format!("{other} is no value of an option")),
    }
}
