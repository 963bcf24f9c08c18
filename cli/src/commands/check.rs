//! `impasto check`: the notebook's four checks, told in the notebook's words.

use std::env;
use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::Context;
use impasto::check::CheckResult;

use crate::arguments::CheckArguments;
use crate::ending::Ending;
use crate::error::UsageError;

/// The environment variable that names the folder around `notebook`.
const VARIABLE: &str = "IMPASTO_DATA";

pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<Ending> {
    let of_environment = || {
        let folder = env::var_os(VARIABLE).filter(|value| !value.is_empty())?;
        Some(PathBuf::from(folder).join("notebook"))
    };
    let data = arguments.data.clone().or_else(of_environment).ok_or(UsageError::NoData)?;
    let results = impasto::check::run(&data)?;
    for result in &results {
        writeln!(stdout(), "{}", line(result)).context("cannot print the checks")?;
    }
    let all_passed = results.iter().all(CheckResult::passed);
    Ok(if all_passed { Ending::Done } else { Ending::ChecksFailed })
}

/// The notebook's own line, with what it leaves out: which check, whose answer, and the figure in full.
fn line(result: &CheckResult) -> String {
    let CheckResult { answers, name, error, .. } = *result;
    let notebook = match name {
        "content loss" | "Gram matrix" => format!("Maximum error is {error:.3}"),
        _ => format!("Error is {error:.3}"),
    };
    let verdict = if result.passed() { "passed" } else { "FAILED" };
    format!("{name}, {answers}: {notebook} ({error:e}, {verdict})")
}
