//! `impasto weights info`: what the library finds in a file of weights, as text for people and JSON for programs.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;

use anyhow::Context;
use impasto::weights::{ArrayDescription, BUILT_IN, Inspection, inspect, inspect_bytes};
use serde::Serialize;

use crate::arguments::WeightsInfoArguments;
use crate::digest;
use crate::ending::Ending;
use crate::run::weights::Located;
use crate::text::{self, printable};

/// Of more files, as folders have, the text tells only how many there are; JSON has all.
const MAX_LISTED_FILES: usize = 4;

pub(crate) fn run(arguments: &WeightsInfoArguments) -> anyhow::Result<Ending> {
    match &arguments.file {
        Some(path) => {
            let report = Report::of_file(path)?;
            print(&report, report.text(), arguments.json)?;
            Ok(report.ending())
        }
        None => {
            let usual = Usual::find()?;
            print(&usual, usual.text(), arguments.json)?;
            Ok(usual.report.ending())
        }
    }
}

fn print(report: &impl Serialize, text: String, json: bool) -> anyhow::Result<()> {
    let text = if json { text::json(report)? } else { text };
    text::print(&text).context("cannot print what is in the weights")
}

/// What `--json` prints where no file is named: the weights that a run would use, and the built-in ones.
#[derive(Serialize)]
struct Usual {
    #[serde(flatten)]
    report: Report,
    source: &'static str,
    #[serde(skip)]
    reason: String,
    built_in: Report,
}

impl Usual {
    fn find() -> anyhow::Result<Usual> {
        let located = Located::find(None);
        let report = match located.path() {
            Some(path) => Report::of_file(path).map_err(|error| located.explain(error))?,
            None => Report::of_built_in()?,
        };
        Ok(Usual {
            report,
            source: located.source(),
            reason: located.reason(),
            built_in: Report::of_built_in()?,
        })
    }

    fn text(&self) -> String {
        let Report { network, parameters, files, .. } = &self.built_in;
        let FileReport { bytes, sha256, .. } = &files[0];
        format!(
            "default weights: {} ({})\n\
             built in: {network}, trained on drawings; {parameters} parameters, {bytes} bytes, SHA-256 {sha256}\n\n{}",
            printable(&self.report.path),
            self.reason,
            self.report.text()
        )
    }
}

/// What `--json` prints for a file.
#[derive(Serialize)]
struct Report {
    path: String,
    format: &'static str,
    /// The format in words.
    #[serde(skip)]
    format_name: String,
    network: String,
    /// The layers that have all their parameters.
    layers: Vec<usize>,
    classifier: bool,
    /// Values of the network's parameters.
    parameters: u64,
    files: Vec<FileReport>,
    arrays: Vec<ArrayReport>,
    /// Why a transfer could not use the file.
    problem: Option<String>,
}

#[derive(Serialize)]
struct FileReport {
    path: String,
    bytes: u64,
    sha256: String,
}

#[derive(Serialize)]
struct ArrayReport {
    name: String,
    shape: Option<Vec<u64>>,
    r#type: Option<String>,
    /// torchvision's name of the network's parameter that it is.
    parameter: Option<String>,
    problem: Option<String>,
}

impl Report {
    fn of_file(path: &Path) -> anyhow::Result<Report> {
        let inspection = inspect(path)?;
        let files = inspection.files.iter().map(|path| FileReport::new(path));
        let files = files.collect::<anyhow::Result<_>>()?;
        Ok(Report::new(path.display().to_string(), files, &inspection))
    }

    fn of_built_in() -> anyhow::Result<Report> {
        let path = Located::BuiltIn.to_string();
        let (bytes, sha256) = digest::of(BUILT_IN)?;
        let file = FileReport { path: path.clone(), bytes, sha256 };
        Ok(Report::new(path, vec![file], &inspect_bytes(BUILT_IN)?))
    }

    fn new(path: String, files: Vec<FileReport>, inspection: &Inspection) -> Report {
        Report {
            path,
            format: inspection.format.name(),
            format_name: inspection.format.to_string(),
            network: inspection.network().to_string(),
            layers: inspection.layers.clone(),
            classifier: inspection.has_classifier,
            parameters: inspection.parameter_count(),
            files,
            arrays: inspection.arrays.iter().map(ArrayReport::new).collect(),
            problem: inspection.problem.as_ref().map(ToString::to_string),
        }
    }

    fn ending(&self) -> Ending {
        if self.problem.is_none() { Ending::Done } else { Ending::ChecksFailed }
    }

    fn text(&self) -> String {
        let mut text = format!("{}: {}\n\n", printable(&self.path), self.format_name);
        let mut line = |name: &str, value: &str| text.push_str(&format!("{name:<12}{}\n", printable(value)));
        line("network", &self.network);
        line("layers", &self.whole_layers());
        line("parameters", &self.parameters.to_string());
        if self.files.len() > MAX_LISTED_FILES {
            let bytes: u64 = self.files.iter().map(|file| file.bytes).sum();
            line("files", &format!("{}, {bytes} bytes", self.files.len()));
        } else {
            for file in &self.files {
                line("file", &format!("{}, {} bytes", file.path, file.bytes));
                line("SHA-256", &file.sha256);
            }
        }
        if !self.arrays.is_empty() {
            text.push_str(&self.table());
        }
        if let Some(problem) = &self.problem {
            let _ = write!(text, "\nproblem: {}\n", printable(problem));
        }
        text
    }

    fn whole_layers(&self) -> String {
        let mut layers: Vec<String> = self.layers.iter().map(usize::to_string).collect();
        layers.extend(self.classifier.then(|| "classifier".to_owned()));
        if layers.is_empty() { "none".to_owned() } else { layers.join(", ") }
    }

    /// The arrays in columns.
    fn table(&self) -> String {
        let rows = self.arrays.iter().map(ArrayReport::columns);
        let rows: Vec<[String; 4]> =
            std::iter::once(["array", "shape", "type", "parameter"].map(str::to_owned)).chain(rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        let mut table = "\n".to_owned();
        for [name, shape, element, parameter] in &rows {
            let [w0, w1, w2] = widths;
            let row = format!("{name:w0$}  {shape:w1$}  {element:w2$}  {parameter}");
            table.push_str(row.trim_end());
            table.push('\n');
        }
        table
    }
}

impl FileReport {
    fn new(path: &Path) -> anyhow::Result<FileReport> {
        let digest = File::open(path).and_then(digest::of);
        let (bytes, sha256) = digest.with_context(|| format!("cannot read {}", path.display()))?;
        Ok(FileReport { path: path.display().to_string(), bytes, sha256 })
    }
}

impl ArrayReport {
    fn new(array: &ArrayDescription) -> ArrayReport {
        let content = array.content.as_ref();
        ArrayReport {
            name: array.name.clone(),
            shape: content.ok().map(|content| content.shape.clone()),
            r#type: content.ok().map(|content| content.element.clone()),
            parameter: array.parameter.clone(),
            problem: content.err().map(ToString::to_string),
        }
    }

    fn columns(&self) -> [String; 4] {
        let lengths = |shape: &Vec<u64>| shape.iter().map(u64::to_string).collect::<Vec<_>>().join("x");
        let shape = self.shape.as_ref().map_or("?".to_owned(), lengths);
        let element = self.r#type.as_deref().unwrap_or("?");
        let parameter = self.parameter.as_deref().unwrap_or("-");
        [printable(&self.name), shape, printable(element), printable(parameter)]
    }
}
