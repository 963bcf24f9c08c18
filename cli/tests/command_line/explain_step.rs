//! `impasto explain step`: the worked examples as text and as JSON.

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::sandbox::Sandbox;

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        explain_step::every_step_as_text,
        explain_step::every_step_in_json,
        explain_step::text_and_json_hold_the_same_numbers,
        explain_step::unknown_steps_are_refused,
    )
}

const STEPS: [&str; 4] = ["content_loss", "gram_matrix", "style_loss", "tv_loss"];

fn json(sandbox: &Sandbox, step: &str) -> Value {
    serde_json::from_str(&sandbox.done(&format!("explain step {step} --json")).stdout).unwrap()
}

pub(crate) fn every_step_as_text(sandbox: &Sandbox) {
    for step in STEPS {
        let ended = sandbox.done(&format!("explain step {step}"));
        assert_eq!(ended.stderr, "");
        let text = ended.stdout;
        assert!(text.starts_with(&format!("{step}: ")), "{text}");
        for line in text.lines() {
            assert!(line.is_ascii() && line.len() <= 80 && line == line.trim_end(), "{line:?}");
        }
        for heading in ["\nGiven\n", "\nForward", "\nBackward", "\nThe gradient in three ways"] {
            assert_eq!(text.matches(heading).count(), 1, "{heading:?} in {text}");
        }
        let (_, difference) =
            text.trim_end().rsplit_once("Largest difference from what is by hand: ").unwrap();
        assert!(difference.parse::<f64>().unwrap() < 1e-6, "{text}");
    }
}

pub(crate) fn every_step_in_json(sandbox: &Sandbox) {
    for step in STEPS {
        let example = json(sandbox, step);
        assert_eq!(example["function"], step);
        let gradients = example["gradients"].as_array().unwrap();
        assert!(!gradients.is_empty());
        for element in gradients {
            let number = |key: &str| element[key].as_f64().unwrap();
            for other in ["on_tape", "central_difference"] {
                assert!((number("by_hand") - number(other)).abs() < 1e-6, "{other} in {element}");
            }
            let quotient = (number("result_above") - number("result_below")) / 0.001;
            assert!((number("central_difference") - quotient).abs() < 1e-9, "{element}");
        }
        assert!(example["largest_difference"].as_f64().unwrap() < 1e-6, "{example}");
    }
}

/// Each formula, and each line of numbers below it.
pub(crate) fn text_and_json_hold_the_same_numbers(sandbox: &Sandbox) {
    for step in STEPS {
        let text = sandbox.done(&format!("explain step {step}")).stdout;
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        let example = json(sandbox, step);
        let steps = ["forward", "backward"].map(|way| example[way].as_array().unwrap().clone()).concat();
        for (number, step) in (1..).zip(&steps) {
            let formula = format!(" {number}. {} ", step["formula"].as_str().unwrap());
            assert!(text.contains(&formula), "{formula} is not in {text}");
            let rows = step["substitutions"]
                .as_array()
                .unwrap()
                .iter()
                .zip(step["result"]["values"].as_array().unwrap());
            for (arithmetic, values) in rows {
                for (arithmetic, value) in
                    arithmetic.as_array().unwrap().iter().zip(values.as_array().unwrap())
                {
                    let (arithmetic, value) = (arithmetic.as_str().unwrap(), value.as_f64().unwrap());
                    let handed_on = arithmetic == value.to_string();
                    let line = if handed_on { arithmetic.into() } else { format!("{arithmetic} = {value}") };
                    assert!(text.contains(&format!(" {line} ")), "{line} is not in {text}");
                }
            }
        }
    }
}

pub(crate) fn unknown_steps_are_refused(sandbox: &Sandbox) {
    assert_eq!(sandbox.done("explain --step tv_loss").stdout, sandbox.done("explain step tv_loss").stdout);
    for name in ["gram", "Content_Loss", "3"] {
        sandbox.refused(&format!("explain step {name}"), 2, &[&[name], &STEPS[..]].concat());
        let mentions = [&["--step", name], &STEPS[..]].concat();
        sandbox.refused(&format!("explain --step {name}"), 2, &mentions);
    }
    sandbox.refused("explain --step", 2, &[&["--step"], &STEPS[..]].concat());
    sandbox.refused("explain --step tv_loss content.png style.png", 2, &["--step", "CONTENT"]);
    // What is about a problem, which a step has not.
    for options in [
        "--html page.html",
        "--dot",
        "--at 3",
        "--preset starry",
        "--init random",
        "--size 40",
        "--content-layer 2",
        "--style-layers 1",
        "--tv-weight 1",
        "--threads 1",
    ] {
        let option = options.split(' ').next().unwrap();
        sandbox.refused(&format!("explain --step tv_loss {options}"), 2, &["--step", option]);
    }
}
