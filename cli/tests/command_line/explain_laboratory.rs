//! What can be tried on the page of `impasto explain`, as a browser found it: numbers that are typed or dragged give what
//! the library's tape gives for the same numbers; frames, settings, languages and colors are what they should be.

use std::collections::BTreeMap;

use impasto::autodiff::{Tape, Var};
use impasto::loss::{StyleTerm, content_loss, style_loss, tv_loss};
use ndarray::{Array2, Array4};
use serde::Deserialize;
use serde_json::Value;

use crate::explain::assert_close;

/// Half of the last of the four decimals that the page shows.
const ROUNDING: f64 = 0.5001e-4;

pub(crate) fn assert_laboratory(found: &Value, report: &Value) {
    assert_neuron(found);
    for example in found["examples"].as_array().unwrap() {
        assert_example(example);
    }
    assert_films(found, report);
    assert_sums(found, report);
    assert_eq!(found["chinese"]["lang"], "zh-CN");
    for untranslated in [&found["chinese"]["without"], &found["untranslated"]] {
        assert_eq!(untranslated, &Value::Array(Vec::new()), "texts that are not in Chinese");
    }
    assert_eq!((&found["same_again"], &found["arrows"]), (&Value::from(true), &Value::from(true)));
    let colors = |direction: &str| found["colors"][direction].as_array().unwrap();
    assert_eq!(colors("forward")[0], colors("forward")[1]);
    assert_eq!(colors("backward")[0], colors("backward")[1]);
    assert_ne!(colors("forward")[0], colors("backward")[0]);
    assert_eq!((&found["sticky"], &found["hidden"]), (&Value::from("sticky"), &Value::from("hidden")));
    let nodes = report["nodes"].as_array().unwrap();
    let is_leaf = |node: &&Value| matches!(node["role"].as_str(), Some("parameter" | "target"));
    let leaves = nodes.iter().filter(is_leaf).count();
    assert_eq!(found["rows"], Value::from(vec![nodes.len() - leaves, nodes.len()]));
}

#[derive(Deserialize)]
struct Neuron {
    leaves: [f64; 4],
    values: BTreeMap<usize, String>,
    gradients: BTreeMap<usize, String>,
    summands: BTreeMap<String, String>,
}

fn assert_neuron(found: &Value) {
    let neurons: Vec<Neuron> = serde_json::from_value(found["neuron"].clone()).unwrap();
    assert_eq!(neurons[0].leaves, [0.5, 2.0, -0.5, -1.0]);
    // One typed, one dragged by six steps of a tenth.
    assert_eq!(neurons[1].leaves, [1.25, 2.0, 0.1, -1.0]);
    // A step of the first chapter's exercise.
    assert_close_to("w after a step", 1.3460, neurons[2].leaves[0]);
    assert_close_to("b after a step", -0.0770, neurons[2].leaves[2]);
    assert_eq!(found["wrong"], true, "a word in place of a number is marked");
    for neuron in &neurons {
        let [w, x, b, minus_target] = neuron.leaves;
        let (sum, out) = (w * x + b, (w * x + b).tanh());
        let error = out + minus_target;
        let values = [w, x, b, minus_target, w * x, sum, out, error, error * error];
        // By calculus: the derivative of the square, and of tanh.
        let (d_error, d_sum) = (2.0 * error, 2.0 * error * (1.0 - out * out));
        let gradients = [d_sum * x, d_sum * w, d_sum, d_error, d_sum, d_sum, d_error, d_error, 1.0];
        // The fields show four decimals of numbers that may have more.
        for (index, (value, gradient)) in values.into_iter().zip(gradients).enumerate() {
            let gradient_text = neuron.gradients[&index].strip_prefix("d = ").unwrap();
            assert_near(&format!("value {index}"), &neuron.values[&index], value, 2e-4);
            assert_near(&format!("gradient {index}"), gradient_text, gradient, 1e-3);
        }
        // The error is read twice: two equal summands.
        let (one, two) = (number(&neuron.summands["8 7 -1"]), number(&neuron.summands["8 7 1"]));
        assert_eq!(one, two);
        assert_near("the sum", neuron.gradients[&7].strip_prefix("d = ").unwrap(), one + two, 2e-4);
    }
}

#[derive(Deserialize)]
struct Example {
    function: String,
    /// By quantity, row and column.
    given: BTreeMap<String, f64>,
    results: BTreeMap<String, String>,
    /// By leaf, summand, row and column; the last summand is the `sum`.
    parts: BTreeMap<String, String>,
    /// The largest difference from central differences.
    check: f64,
    numbers: Vec<String>,
}

fn assert_example(example: &Value) {
    let state = |name: &str| -> Example { serde_json::from_value(example[name].clone()).unwrap() };
    let (first, changed, before, after) = (state("first"), state("changed"), state("before"), state("after"));
    let moved = first.given.iter().filter(|(name, value)| changed.given[*name] != **value).count();
    assert!(2 * moved > first.given.len(), "{}: {moved} of {}", first.function, first.given.len());
    assert_eq!(first.given, before.given, "the first numbers again");
    for state in [&first, &changed, &before, &after] {
        state.assert_is_the_tapes();
    }
    let loss = |state: &Example| number(&state.results[&format!("{} 0 0", state.result())]);
    assert!(loss(&after) < loss(&before), "{}: a step downhill goes down", first.function);
}

impl Example {
    fn result(&self) -> &'static str {
        if self.function == "gram_matrix" { "L" } else { "loss" }
    }

    fn matrix(&self, name: &str) -> Array2<f64> {
        let places: Vec<(usize, usize, f64)> = self
            .given
            .iter()
            .filter_map(|(place, &value)| {
                let (row, column) = place.strip_prefix(name)?.strip_prefix(' ')?.split_once(' ')?;
                Some((row.parse().unwrap(), column.parse().unwrap(), value))
            })
            .collect();
        let rows = places.iter().map(|place| place.0 + 1).max().unwrap();
        let columns = places.iter().map(|place| place.1 + 1).max().unwrap();
        let mut matrix = Array2::zeros((rows, columns));
        places.into_iter().for_each(|(row, column, value)| matrix[[row, column]] = value);
        matrix
    }

    fn number(&self, name: &str) -> f64 {
        self.matrix(name)[[0, 0]]
    }

    /// The result and the leaves' gradients are those of the library's own functions on a tape.
    fn assert_is_the_tapes(&self) {
        let mut tape = Tape::<f64>::new();
        let features = |tape: &mut Tape<f64>, name: &str| {
            let matrix = self.matrix(name);
            let height = matrix.nrows() / 2;
            let array = matrix.into_shape_with_order((1, height, 2, 2)).unwrap();
            tape.variable(&array)
        };
        let (result, leaves): (Var, Vec<(&str, Var)>) = match self.function.as_str() {
            "content_loss" => {
                let (f, p) = (features(&mut tape, "F"), features(&mut tape, "P"));
                (content_loss(&mut tape, self.number("weight"), f, p).unwrap(), vec![("F", f)])
            }
            "gram_matrix" => {
                let f = features(&mut tape, "F");
                let gram = tape.gram(f, 1.0 / 8.0).unwrap();
                let weights = tape.constant(&self.matrix("U"));
                let weighted = tape.mul(weights, gram).unwrap();
                (tape.sum(weighted).unwrap(), vec![("F", f)])
            }
            "style_loss" => {
                let leaves = ["F1", "F2"].map(|name| (name, features(&mut tape, name)));
                let terms: Vec<StyleTerm> = leaves
                    .iter()
                    .zip([("A1", "w1"), ("A2", "w2")])
                    .map(|(&(_, features), (target, weight))| StyleTerm {
                        features,
                        target: tape.constant(&self.matrix(target)),
                        weight: self.number(weight),
                    })
                    .collect();
                (style_loss(&mut tape, &terms).unwrap(), leaves.to_vec())
            }
            "tv_loss" => {
                let matrix = self.matrix("X");
                let image = Array4::from_shape_fn(
                    (1, 3, 3, 3),
                    |(_, y, x, c)| if c == 0 { matrix[[y, x]] } else { 0.0 },
                );
                let image = tape.variable(&image);
                (tv_loss(&mut tape, self.number("weight"), image).unwrap(), vec![("X", image)])
            }
            other => panic!("{other} is not known"),
        };
        tape.forward();
        tape.backward(result).unwrap();
        // Four decimals of what was given, times what stands beside it.
        let tolerance = 5e-3;
        assert_near(
            &self.function,
            &self.results[&format!("{} 0 0", self.result())],
            tape.number(result).unwrap(),
            tolerance,
        );
        for (name, var) in leaves {
            let gradient = tape.gradient(var).unwrap();
            let is_image = name == "X";
            let columns = if is_image { 3 } else { 2 };
            let values: Vec<f64> = gradient.iter().copied().step_by(if is_image { 3 } else { 1 }).collect();
            for (index, &expected) in values.iter().enumerate() {
                let place = format!("{} {}", index / columns, index % columns);
                let shown = &self.results[&format!("d_{name} {place}")];
                assert_near(&format!("{} d_{name} {place}", self.function), shown, expected, tolerance);
                self.assert_parts(name, &place, shown);
            }
        }
        assert!(self.check < 1e-4, "{} {}", self.function, self.check);
        assert!(self.numbers.iter().all(|line| !line.contains("NaN") && !line.contains("undefined")));
    }

    /// What comes back from both places adds up.
    fn assert_parts(&self, leaf: &str, place: &str, shown: &str) {
        if self.function == "content_loss" {
            return assert!(self.parts.is_empty());
        }
        let part = |which: &str| number(&self.parts[&format!("{leaf} {which} {place}")]);
        assert_eq!(part("sum"), number(shown));
        assert!((part("0") + part("1") - part("sum")).abs() < 3.0 * ROUNDING, "{leaf} {place}");
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a number"))
}

fn assert_near(what: &str, shown: &str, expected: f64, tolerance: f64) {
    let shown = number(shown);
    assert!((shown - expected).abs() <= ROUNDING + tolerance, "{what}: {shown} is {expected}");
}

fn assert_close_to(what: &str, expected: f64, found: f64) {
    assert!((found - expected).abs() <= ROUNDING, "{what}: {found} is {expected}");
}

/// Every setting has every frame; those as given have the explained picture's losses.
fn assert_films(found: &Value, report: &Value) {
    let films = found["films"].as_array().unwrap();
    let settings: Vec<&str> = films.iter().map(|film| film["setting"].as_str().unwrap()).collect();
    assert_eq!(settings, ["as_given", "more_content", "no_content", "more_style", "more_tv"]);
    for film in films {
        let frames = film["frames"].as_array().unwrap();
        assert!(frames.len() > 10 && frames.iter().all(|frame| frame["isShown"] == true));
        assert!(frames[frames.len() - 1]["caption"].as_str().unwrap().starts_with("after 50 of 50"));
        // From its first picture to its last the total falls.
        let total = |frame: &Value| {
            let losses: Vec<(String, String)> = serde_json::from_value(frame["losses"].clone()).unwrap();
            losses.into_iter().find(|(loss, _)| loss == "total").unwrap().1
        };
        assert!(number(&total(&frames[frames.len() - 1])) < number(&total(&frames[0])), "{film}");
    }
    let explained = films[0]["frames"].as_array().unwrap().iter().find(|frame| {
        frame["caption"].as_str().unwrap().starts_with(&format!("after {} of", report["iteration"]))
    });
    let losses: Vec<(String, String)> = serde_json::from_value(explained.unwrap()["losses"].clone()).unwrap();
    assert_eq!(losses.len(), 4);
    for (loss, text) in losses {
        assert_close(&text, report["losses"][&loss].as_f64().unwrap(), &Value::from(loss.as_str()));
    }
}

/// Where gradients meet, what arrives is told, and maps of it are shown; formulas are filled in.
fn assert_sums(found: &Value, report: &Value) {
    let nodes = report["nodes"].as_array().unwrap();
    let sums = found["sums"].as_array().unwrap();
    assert!(sums.len() >= 5, "{} sums", sums.len());
    for sum in sums {
        let node = &nodes[sum["node"].as_u64().unwrap() as usize];
        let text = sum["lengths"].as_str().unwrap();
        let summands = node["summands"].as_array().unwrap();
        for summand in summands {
            let from = &nodes[summand["from"].as_u64().unwrap() as usize]["label"];
            assert!(text.contains(&format!("from {}", from.as_str().unwrap())), "{text}");
        }
        // Maps of each, and of the sum; pixels have none.
        let maps = if node["role"] == "pixels" { 0 } else { summands.len() + 1 };
        assert_eq!(sum["maps"], Value::from(maps), "{text}");
    }
    let filled: Vec<(usize, String)> = serde_json::from_value(found["filled"].clone()).unwrap();
    for (index, text) in &filled {
        let first = text.lines().next().unwrap();
        let result = first.rsplit(" = ").next().unwrap();
        assert_close(result, nodes[*index]["value"].as_f64().unwrap(), &nodes[*index]["name"]);
    }
    let style = filled.iter().find(|(index, _)| nodes[*index]["name"] == "style_loss").unwrap();
    assert!(style.1.contains(" * ") && !style.1.contains("x[0] +"), "{}", style.1);
}
