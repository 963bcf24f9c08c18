//! Every judge passes its solution, and tells what is wrong with what students write first.

use impasto::autodiff::{Tape, Var};
use impasto::check::rel_error;
use impasto::loss::{StyleTerm, content_loss, gram_matrix, style_loss, tv_loss};
use impasto_exercises::judge::judge;
use impasto_exercises::solutions::solution;
use impasto_exercises::tests::{self, Input};
use impasto_exercises::work::{EXERCISES, Work};
use impasto_exercises::wrong;
use std::path::PathBuf;

#[test]
fn solutions_pass() {
    let data = std::env::var_os("IMPASTO_DATA").map(PathBuf::from);
    for exercise in 1..=EXERCISES {
        let verdict = judge(&solution(exercise).unwrap(), data.as_deref());
        assert!(verdict.passed(), "{exercise}: {:#?}", verdict.lines);
        assert!(verdict.fault.is_none());
        let has_notebook =
            verdict.lines.iter().any(|line| line.text.starts_with("the notebook's answer: Maximum error"));
        assert_eq!(has_notebook, exercise <= 4 && data.is_some(), "{:#?}", verdict.lines);
    }
}

#[test]
fn faults_are_told_by_name() {
    let all = wrong::all();
    for wrong in &all {
        let verdict = judge(&wrong.work, None);
        let exercise = wrong.work.exercise();
        assert!(!verdict.passed(), "{exercise}, {}: passed", wrong.fault);
        let told = verdict.fault.map(|fault| (fault.fault, fault.hint));
        assert_eq!(told, Some((wrong.fault, wrong.hint)), "{exercise}: {:#?}", verdict.lines);
    }
    for fault in [
        "a factor of 2",
        "a lost transpose",
        "`=` where `+=` is needed",
        "an index off",
        "the border left out",
        "a missing normalization",
    ] {
        assert!(all.iter().any(|wrong| wrong.fault == fault), "{fault}");
    }
}

/// The notebook's formula as it is printed fails its own check, by as much as the chapter on losses says.
#[test]
fn the_printed_bounds_of_total_variation_fail() {
    let Some(data) = std::env::var_os("IMPASTO_DATA").map(PathBuf::from) else { return };
    let all = wrong::all();
    let wrong = all.iter().find(|wrong| wrong.fault == "the border left out").unwrap();
    let verdict = judge(&wrong.work, Some(&data));
    let line = verdict.lines.iter().find(|line| line.text.starts_with("the notebook's answer")).unwrap();
    assert!(!line.passed && line.text.contains("[302.57") && line.text.contains("303.22"), "{}", line.text);
}

/// Something that nobody foresaw is still wrong.
#[test]
fn other_faults_have_no_name() {
    let odd = Work::Content(|tape, weight, features, target| {
        let sum = tape.add(features, target)?;
        let squares = tape.square(sum)?;
        let sum = tape.sum(squares)?;
        tape.scale(sum, 0.3 * weight)
    });
    let verdict = judge(&odd, None);
    assert!(!verdict.passed() && verdict.fault.is_none());
    // Nor does what fails outright end the judge.
    let failing = Work::Gram(|tape, features, _| tape.matmul(features, features));
    let verdict = judge(&failing, None);
    assert!(!verdict.passed() && !verdict.unwritten, "{:#?}", verdict.lines);
}

#[test]
fn a_clone_has_everything_to_write() {
    for exercise in 1..=EXERCISES {
        let verdict = judge(&Work::yours(exercise).unwrap(), None);
        // A student's copy may have some written.
        assert!(verdict.unwritten || !verdict.lines.is_empty(), "{exercise}");
    }
}

/// The answers that come with the judge, and our solutions, are what the library's own losses give.
#[test]
fn answers_are_the_librarys() {
    for exercise in 1..=4 {
        for test in tests::of(exercise) {
            let mut tape = Tape::<f64>::new();
            let vars: Vec<Var> = test.input.arrays().iter().map(|array| tape.constant(array)).collect();
            let result = match &test.input {
                Input::Content { weight, .. } => content_loss(&mut tape, *weight, vars[0], vars[1]),
                Input::Gram { normalize, .. } => gram_matrix(&mut tape, vars[0], *normalize),
                Input::Style { features, layers, weights, .. } => {
                    let terms: Vec<StyleTerm> = layers
                        .iter()
                        .zip(&vars[features.len()..])
                        .zip(weights)
                        .map(|((&layer, &target), &weight)| StyleTerm {
                            features: vars[layer],
                            target,
                            weight,
                        })
                        .collect();
                    style_loss(&mut tape, &terms)
                }
                Input::Tv { weight, .. } => tv_loss(&mut tape, *weight, vars[0]),
                other => panic!("{other:?} is of no loss"),
            };
            let result = result.unwrap();
            tape.forward();
            let values: Vec<f64> = tape.value(result).unwrap().iter().copied().collect();
            let ours = test.input.observe(&solution(exercise).unwrap()).unwrap().values;
            assert!(rel_error(values.iter().copied(), ours) < 1e-9, "{exercise}, {}", test.name);
            if let Some(expected) = &test.expected {
                assert!(
                    rel_error(values.iter().copied(), expected.iter().copied()) < 1e-5,
                    "{exercise}, {}: {values:?}",
                    test.name
                );
            }
        }
    }
}
