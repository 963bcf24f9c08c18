//! Keywords as the words of a command line, and its refusals in the words of keywords.

use crate::arrays::{Argument, lent_finite, own};
use crate::errors::ImpastoError;
use crate::pictures::picture;
use impasto_cli::{Failure, Given};
use ndarray::Ix4;
use numpy::PyUntypedArray;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString, PyTuple};
use std::ffi::OsString;
use std::path::PathBuf;

const PICTURE: &str = "(H, W, 3)";
const INIT: Argument = Argument { name: "init", shape: "(1, H, W, 3)" };

/// Options that only the command line has use for.
const OF_THE_COMMAND_LINE: [&str; 13] = [
    "output",
    "quality",
    "depth",
    "no_record",
    "snapshots",
    "snapshot_every",
    "trace",
    "report",
    "watch",
    "json",
    "quiet",
    "help",
    "version",
];

/// What the command line refuses, in the words of keywords.
pub(crate) fn refused_run(failure: Failure) -> PyErr {
    let message = with_keywords(&failure.message);
    if failure.is_usage { PyValueError::new_err(message) } else { ImpastoError::new_err(message) }
}

/// `--style-size` as `style_size`.
fn with_keywords(message: &str) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some(start) = rest.find("--") {
        let (before, option) = rest.split_at(start);
        text += before;
        let name = &option[2..];
        let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(name.len());
        match name.starts_with(|c: char| c.is_ascii_lowercase()) {
            true => text += &name[..end].replace('-', "_"),
            false => text += &option[..2 + end],
        }
        rest = &name[end..];
    }
    text + rest
}

/// The words of a command line.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) options: Vec<OsString>,
    pub(crate) given: Given,
}

impl Line {
    /// A file's name, or a picture under a name that stands for it.
    pub(crate) fn source(&mut self, name: &'static str, value: &Bound<'_, PyAny>) -> PyResult<OsString> {
        if value.cast::<PyUntypedArray>().is_err() {
            let path = value.extract::<PathBuf>().map_err(|_| {
                PyTypeError::new_err(format!("{name} must be a file or a NumPy array of uint8, {PICTURE}"))
            })?;
            if path.as_os_str() == "-" {
                return Err(PyValueError::new_err(format!(
                    "{name} is \"-\": read standard input yourself, or name a file"
                )));
            }
            return Ok(path.into_os_string());
        }
        let picture = picture(value, Argument { name, shape: PICTURE })?;
        let word = format!("<{name} {}>", self.given.pictures.len());
        self.given.pictures.insert(word.clone().into(), picture);
        Ok(word.into())
    }

    /// One keyword as the option that it names.
    pub(crate) fn option(&mut self, key: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if OF_THE_COMMAND_LINE.contains(&key) || !key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            return Err(PyTypeError::new_err(format!("{key} is no option here: see help(impasto.transfer)")));
        }
        let option = format!("--{}", key.replace('_', "-"));
        if value.is_none() {
            return Ok(());
        }
        if let Ok(flag) = value.cast::<PyBool>() {
            if flag.is_true() {
                self.options.push(option.into());
            }
            return Ok(());
        }
        let is_array = |value: &Bound<'_, PyAny>| value.cast::<PyUntypedArray>().is_ok();
        if key == "init" && is_array(value) {
            self.given.init = Some(own(lent_finite::<f32, Ix4>(value, INIT)?.as_array()));
            return Ok(());
        }
        if matches!(key, "content_mask" | "style_mask") {
            let masks: Vec<Bound<'_, PyAny>> = match value.cast::<PyList>() {
                Ok(list) => list.iter().collect(),
                Err(_) => vec![value.clone()],
            };
            for mask in masks {
                let word = if mask.is_none() { "none".into() } else { self.source("mask", &mask)? };
                self.push(&option, word);
            }
            return Ok(());
        }
        let word = word(key, value)?;
        self.push(&option, word);
        Ok(())
    }

    fn push(&mut self, option: &str, value: OsString) {
        let mut word = OsString::from(option);
        word.push("=");
        word.push(value);
        self.options.push(word);
    }
}

/// A value as a word: of a list, its elements with commas between them.
fn word(key: &str, value: &Bound<'_, PyAny>) -> PyResult<OsString> {
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let mut joined = OsString::new();
        for (index, element) in value.try_iter()?.enumerate() {
            if index > 0 {
                joined.push(",");
            }
            joined.push(word(key, &element?)?);
        }
        return Ok(joined);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_string().into());
    }
    if let Ok(number) = value.extract::<i128>() {
        return Ok(number.to_string().into());
    }
    if let Ok(number) = value.extract::<f64>() {
        return Ok(format!("{number}").into());
    }
    value.extract::<PathBuf>().map(PathBuf::into_os_string).map_err(|_| {
        let kind = value.get_type().name().map_or_else(|_| "that".to_owned(), |name| name.to_string());
        PyTypeError::new_err(format!(
            "{key} is of type {kind}: give a number, a text, a file or a list of them"
        ))
    })
}
