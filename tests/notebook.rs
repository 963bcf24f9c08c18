//! The notebook's four checks against its own answers, on every instruction set of this processor. Ignored without the
//! notebook's data.

mod common;

use common::data_trial;
use impasto::check::{self, Answers};
use impasto::simd::Level;
use libtest_mimic::{Arguments, Failed, Trial};
use std::env;
use std::path::Path;
use std::process::Command;

/// The trial that is run again with each instruction set.
const CHECKS: &str = "checks";

fn main() {
    let mut trials = vec![data_trial(CHECKS, checks)];
    trials.extend(Level::available().into_iter().map(on_level));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn checks(data: &Path) -> Result<(), Failed> {
    // A name that cannot be honored would be ignored, and this trial would say nothing about it.
    Level::from_environment()?;
    let results = check::run(&data.join("notebook"))?;
    let names = ["content loss", "Gram matrix", "style loss", "total variation"];
    // The notebook itself is off by 4e-4 in TensorFlow's total variation: it prints 303.47 against 303.223.
    let bounds = [(Answers::TensorFlow, [1e-4, 1e-4, 1e-4, 1e-3]), (Answers::PyTorch, [1e-3; 4])];
    let expected = bounds.iter().flat_map(|(answers, bounds)| {
        names.into_iter().zip(bounds).map(|(name, bound)| (*answers, name, *bound))
    });
    assert_eq!(results.len(), 8);
    for (result, (answers, name, bound)) in results.iter().zip(expected) {
        assert_eq!((result.answers, result.name), (answers, name));
        assert!(result.passed());
        assert!(result.error < bound, "{answers}: the {name} is off by {}", result.error);
    }
    Ok(())
}

/// The instruction set is chosen once in a process, so each has one of its own.
fn on_level(level: Level) -> Trial {
    data_trial(format!("{CHECKS}_on_{}", level.name()), move |_| {
        let output = Command::new(env::current_exe()?)
            .args(["--exact", CHECKS])
            .env(Level::ENVIRONMENT_VARIABLE, level.name())
            .output()?;
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
        assert!(report.contains("1 passed"), "{report}");
        Ok(())
    })
}
