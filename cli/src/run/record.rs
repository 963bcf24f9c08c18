//! What made a picture, written into its file: the command line, and the digest of every file that was read. `impasto
//! rerun` reads it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgAction, CommandFactory};
use impasto::simd::Level;
use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;
use crate::digest;
use crate::run::outputs::Input;
use crate::run::source::STANDARD;
use crate::run::weights::Located;

/// Options that say nothing of the picture but where it goes, what else is told of the run, and what it may use.
const LEFT_OUT: &[&str] = &[
    "output",
    "checkpoint",
    "checkpoint_every",
    "resume",
    "no_record",
    "snapshots",
    "snapshot_every",
    "trace",
    "report",
    "watch",
    "json",
    "quiet",
    "threads",
    "memory",
    "weights",
];

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Of the program.
    pub(crate) version: String,
    /// The command and its options, as they were given.
    pub(crate) arguments: Vec<String>,
    /// The files that were read.
    pub(crate) inputs: Vec<InputRecord>,
    /// Those of the network's weights.
    pub(crate) weights: Vec<InputRecord>,
    /// The instruction set of the kernels, which rounding depends on.
    pub(crate) simd: String,
    /// Iterations done, of a run that was ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_after: Option<usize>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct InputRecord {
    /// As it was named; of weights, the file's name alone.
    pub(crate) path: String,
    pub(crate) sha256: String,
}

impl InputRecord {
    fn of(path: &Path, name: &OsStr) -> Option<InputRecord> {
        Some(InputRecord { path: name.to_str()?.to_owned(), sha256: digest::of_file(path).ok()? })
    }
}

/// That of the files of a network's weights; none where one can't be read or its name is no text.
pub(crate) fn weights_record(weights: &Located) -> Option<Vec<InputRecord>> {
    let files = weights.files();
    let files = files.iter().filter(|path| path.is_file());
    let mut records: Vec<InputRecord> =
        files.map(|path| InputRecord::of(path, path.file_name()?)).collect::<Option<_>>()?;
    records.dedup();
    Some(records)
}

impl Record {
    /// That of a run with this command line, which read `pictures` and weights of this [`weights_record`]. None where a name
    /// is no text, or a file that was read can't be read again, such as a pipe.
    pub(crate) fn new(
        line: &[OsString],
        pictures: &[Input<'_>],
        weights: Option<Vec<InputRecord>>,
    ) -> Option<Record> {
        let inputs = pictures.iter().map(|(_, path)| InputRecord::of(path, path.as_os_str()));
        let mut inputs: Vec<InputRecord> = inputs.collect::<Option<_>>()?;
        // A picture may be given twice.
        inputs.dedup();
        Some(Record {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            arguments: arguments(line)?,
            inputs,
            weights: weights?,
            simd: Level::current().name().to_owned(),
            ended_after: None,
        })
    }

    /// As text for a file.
    pub(crate) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// The record in a file's text.
    pub(crate) fn read(text: &str) -> Option<Record> {
        serde_json::from_str(text).ok()
    }

    /// Whether the run read a picture from standard input.
    pub(crate) fn reads_standard_input(&self) -> bool {
        self.arguments.iter().any(|argument| argument == STANDARD)
    }

    /// The command line that repeats the run, with options of its own.
    pub(crate) fn line(&self, options: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
        let mut line: Vec<OsString> = vec!["impasto".into()];
        line.extend(self.arguments.first().map(OsString::from));
        // In front of the pictures, which follow `--`.
        line.extend(options);
        line.extend(self.arguments.iter().skip(1).map(OsString::from));
        line
    }
}

/// The same for people, as they would type it.
pub(crate) fn command(line: &[OsString]) -> Option<String> {
    let arguments = arguments(line)?;
    let quoted = arguments.iter().filter(|argument| *argument != "--").map(|argument| {
        let is_plain = |c: char| c.is_alphanumeric() || "-_./=,:+%@".contains(c);
        if argument.chars().all(is_plain) {
            argument.clone()
        } else {
            format!("'{}'", argument.replace('\'', "'\\''"))
        }
    });
    Some(format!("impasto {}", quoted.collect::<Vec<_>>().join(" ")))
}

/// What of a command line decides about the picture, each option as `--name=value`, pictures behind them.
fn arguments(line: &[OsString]) -> Option<Vec<String>> {
    let Canonical { command, options, pictures } = canonical(line, LEFT_OUT)?;
    Some([vec![command], options, vec!["--".to_owned()], pictures].concat())
}

/// A command line in one way of writing it.
pub(crate) struct Canonical {
    pub(crate) command: String,
    /// Each as `--name=value`.
    pub(crate) options: Vec<String>,
    /// What stands without a name.
    pub(crate) pictures: Vec<String>,
}

/// What of a command line was given, but for options of these names.
pub(crate) fn canonical(line: &[OsString], left_out: &[&str]) -> Option<Canonical> {
    let command = Arguments::command();
    let matches = command.clone().try_get_matches_from(line).ok()?;
    let (name, matches) = matches.subcommand()?;
    let definition = command.find_subcommand(name)?;
    let (mut options, mut pictures) = (Vec::new(), Vec::new());
    for argument in definition.get_arguments() {
        let id = argument.get_id().as_str();
        if left_out.contains(&id) || matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let values: Option<Vec<String>> =
            matches.get_raw(id)?.map(|value| Some(value.to_str()?.to_owned())).collect();
        let values = values?;
        match (argument.get_long(), argument.get_value_delimiter()) {
            (None, _) => pictures.extend(values),
            (Some(long), _) if matches!(argument.get_action(), ArgAction::SetTrue) => {
                options.push(format!("--{long}"));
            }
            (Some(long), Some(delimiter)) => {
                options.push(format!("--{long}={}", values.join(&delimiter.to_string())));
            }
            (Some(long), None) => options.extend(values.iter().map(|value| format!("--{long}={value}"))),
        }
    }
    Some(Canonical { command: name.to_owned(), options, pictures })
}

/// An option with a path, as one argument.
pub(crate) fn named(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(format!("--{option}="));
    argument.push(path);
    argument
}

/// The name that a run's repetition gets beside its picture.
pub(crate) fn name_beside(picture: &Path) -> PathBuf {
    let stem = picture.file_stem().map_or("picture".into(), |stem| stem.to_string_lossy());
    let extension = picture.extension().map_or("png".into(), |extension| extension.to_string_lossy());
    picture.with_file_name(format!("{stem}-again.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn recorded(line: &str) -> Option<Vec<String>> {
        let line: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        arguments(&line)
    }

    #[test]
    fn what_decides_about_the_picture_is_recorded() {
        let line = "impasto transfer -o r.png a.jpg --size=300 b.jpg c.jpg --style-blend 1,2 --gray --seed 7 \
                    --style-mask m.png --style-mask n,o.png -q --trace t.jsonl --threads 2";
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected = [
            "transfer",
            "--style-blend=1,2",
            "--style-mask=m.png",
            "--style-mask=n,o.png",
            "--size=300",
            "--seed=7",
            "--gray",
            "--",
            "a.jpg",
            "b.jpg",
            "c.jpg",
        ];
        let mut recorded = recorded(&line).unwrap();
        // The order of options is that of the help.
        recorded[1..7].sort();
        let mut sorted = expected.map(str::to_owned);
        sorted[1..7].sort();
        assert_eq!(recorded, sorted);
    }

    #[test]
    fn a_record_leads_to_the_same_command() {
        let line = "impasto texture - x.png -o out.png --iterations 3,4 --tv-weight 0.5";
        let arguments = recorded(line).unwrap();
        let record = Record {
            version: "0".into(),
            arguments,
            inputs: vec![InputRecord { path: "x.png".into(), sha256: "00".into() }],
            weights: Vec::new(),
            simd: "avx2".into(),
            ended_after: None,
        };
        assert_eq!(Record::read(&record.text().unwrap()), Some(record.clone()));
        let line = record.line([named("output", Path::new("-odd.png"))]);
        let parsed = Arguments::try_parse_from(&line).unwrap();
        let crate::arguments::Command::Texture(texture) = parsed.command else { panic!("not a texture") };
        assert_eq!(texture.result.output, Path::new("-odd.png"));
        assert_eq!(texture.styles, [Path::new("-"), Path::new("x.png")]);
        assert_eq!(texture.common.optimization.iterations, Some(vec![3, 4]));
        assert!(recorded("impasto transfer a.jpg").is_none());
    }

    #[test]
    fn repetitions_lie_beside_their_pictures() {
        assert_eq!(name_beside(Path::new("a/b.tif")), Path::new("a/b-again.tif"));
        assert_eq!(name_beside(Path::new("b")), Path::new("b-again.png"));
    }
}
