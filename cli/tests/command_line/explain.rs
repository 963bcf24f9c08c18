//! `impasto explain`: the tape as text, as JSON and as a graph, what it refuses; and the page, read by a browser.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::browser::{self, browser};
use crate::explain_laboratory;
use crate::sandbox::{Sandbox, end};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    let trials = crate::trials!(weights;
        explain::a_table_of_every_node,
        explain::every_number_in_json,
        explain::a_graph_for_graphviz,
        explain::a_problem_of_ones_own,
        explain::nothing_but_the_binary,
        explain::what_is_refused,
        explain::the_page_asks_nothing_of_the_network,
    );
    let in_browser = crate::trials!(weights;
        explain::the_page_in_a_browser,
        explain::pages_of_other_problems_in_a_browser,
    );
    let without = browser().is_none();
    trials.into_iter().chain(in_browser.into_iter().map(|trial| trial.with_ignored_flag(without))).collect()
}

/// Options that make a small problem of the sandbox's pictures.
const SMALL: &str = "explain content.png style.png --size 40 --quiet";

fn report(ended: &str) -> Value {
    serde_json::from_str(ended).unwrap()
}

fn nodes(report: &Value) -> &[Value] {
    report["nodes"].as_array().unwrap()
}

pub(crate) fn a_table_of_every_node(sandbox: &Sandbox) {
    let table = sandbox.done(SMALL).stdout;
    assert!(table.starts_with("content.png in the style of style.png, 40x53 pixels, after 10 iterations\n"));
    let report = report(&sandbox.done(&format!("{SMALL} --json")).stdout);
    let rows: Vec<&str> = table.lines().skip_while(|line| !line.starts_with("node")).skip(1).collect();
    for (row, node) in rows.iter().zip(nodes(&report)) {
        let mut cells = row.split_whitespace();
        assert_eq!(cells.next().unwrap(), node["index"].to_string(), "{row}");
        assert_eq!(cells.next(), node["name"].as_str(), "{row}");
        assert_eq!(cells.next(), node["operation"].as_str(), "{row}");
    }
    assert!(rows[nodes(&report).len()].trim_start().starts_with("total "), "{table}");
    for loss in ["content_loss", "style_loss", "tv_loss", "total_loss"] {
        assert!(table.contains(&format!("\n  {loss} ")), "{loss} in {table}");
    }
}

pub(crate) fn every_number_in_json(sandbox: &Sandbox) {
    let report = report(&sandbox.done(&format!("{SMALL} --json")).stdout);
    assert_eq!(
        (&report["height"], &report["width"], &report["iteration"]),
        (&Value::from(40), &Value::from(53), &Value::from(10))
    );
    for node in nodes(&report) {
        let is_leaf = node["inputs"].as_array().unwrap().is_empty();
        assert_eq!(is_leaf, node["forward_ms"].is_null(), "{node}");
        assert!(node["value_norm"].as_f64().is_some(), "{node}");
    }
    // The same losses as those of a run that goes as far.
    sandbox
        .done("transfer content.png style.png -o out.png --size 40 --jitter 0 --trace trace.jsonl --quiet");
    let trace = fs::read_to_string(sandbox.path("trace.jsonl")).unwrap();
    let after_ten: Value = serde_json::from_str(trace.lines().nth(10).unwrap()).unwrap();
    for loss in ["content", "style", "tv", "total"] {
        assert_eq!(report["losses"][loss], after_ten[loss], "{loss}");
    }
}

pub(crate) fn a_graph_for_graphviz(sandbox: &Sandbox) {
    let graph = sandbox.done(&format!("{SMALL} --dot")).stdout;
    let report = report(&sandbox.done(&format!("{SMALL} --json")).stdout);
    assert!(graph.starts_with("digraph tape {\n") && graph.ends_with("}\n"));
    let edges: usize = nodes(&report).iter().map(|node| node["inputs"].as_array().unwrap().len()).sum();
    assert_eq!(graph.matches(" -> ").count(), edges);
    assert_eq!(graph.matches("[label=").count(), nodes(&report).len());
    assert_eq!(graph.matches("label=\"fire ").count(), 4);
}

pub(crate) fn a_problem_of_ones_own(sandbox: &Sandbox) {
    let json = |options: &str| report(&sandbox.done(&format!("{SMALL} --json {options}")).stdout);
    let count = |report: &Value, name: &str| nodes(report).iter().filter(|node| node["name"] == name).count();
    let without = json("--content-weight 0 --tv-weight 0 --style-layers 2,3 --style-weights 1,2");
    assert_eq!(count(&without, "content_loss") + count(&without, "tv_loss"), 0);
    assert_eq!((count(&without, "gram_matrix"), count(&without, "features.3.expand")), (2, 1));
    // Where a loss reads the convolution itself, ReLU is a node of its own.
    let apart = json("--content-layer 0");
    assert_eq!((count(&apart, "features.0"), count(&apart, "features.1")), (1, 1));
    // The start of a run from the content image differs from it by nothing.
    let start = json("--at 0");
    assert_eq!((&start["iteration"], &start["losses"]["content"]), (&Value::from(0), &Value::from(0.0)));
    let preset = json("--preset starry --threads 1");
    assert_eq!((&preset["threads"], &preset["height"]), (&Value::from(1), &Value::from(40)));
}

pub(crate) fn nothing_but_the_binary(sandbox: &Sandbox) {
    let ended = end(sandbox.command_without_weights("explain --size 48 --html page.html"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.starts_with("using the built-in weights"), "{ended:?}");
    assert!(ended.stderr.ends_with("open page.html in a browser\n"), "{ended:?}");
    assert!(
        ended.stdout.starts_with("town.jpg (built in) in the style of swirl.jpg (built in), 48x64 pixels")
    );
    assert!(sandbox.path("page.html").exists());
}

pub(crate) fn what_is_refused(sandbox: &Sandbox) {
    sandbox.refused("explain content.png", 2, &["STYLE"]);
    sandbox.refused("explain --json --dot", 2, &["--json", "--dot"]);
    sandbox.refused(&format!("{SMALL} --at 101"), 2, &["--at 101", "100 iterations", "--iterations"]);
    sandbox.refused("explain --at -1", 2, &["--at", "a whole number"]);
    sandbox.refused("explain missing.png style.png", 1, &["missing.png"]);
    sandbox.refused("explain --size 8", 1, &["too small"]);
    sandbox.refused(&format!("{SMALL} --html ."), 1, &["cannot write the page", "folder"]);
    sandbox.refused(&format!("{SMALL} --html no/page.html"), 1, &["cannot write the page no/page.html"]);
    sandbox.refused(&format!("{SMALL} --html style.png"), 2, &["--html", "style.png", "a style image"]);
}

pub(crate) fn the_page_asks_nothing_of_the_network(sandbox: &Sandbox) {
    sandbox.done(&format!("{SMALL} --html page.html"));
    let page = fs::read_to_string(sandbox.path("page.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    for asking in
        ["<link", "src=\"http", "href=\"http", "url(\"", "url('", "url(h", "@import", "fetch(", "import("]
    {
        assert!(!page.contains(asking), "{asking} is on the page");
    }
    assert!(!page.contains("{{"));
}

/// What `explain_page.js` finds out when a browser reads a page in a window of this size.
fn read_in_browser(sandbox: &Sandbox, page: &str, window: &str) -> Value {
    browser::read(sandbox, page, include_str!("explain_page.js"), window)
}

pub(crate) fn the_page_in_a_browser(sandbox: &Sandbox) {
    let report = report(&sandbox.done(&format!("{SMALL} --json --html page.html")).stdout);
    let found = read_in_browser(sandbox, "page.html", "1920,1080");
    assert_eq!(found["failures"], Value::from(Vec::<Value>::new()));
    assert_nodes(&found, &report);
    assert_numbers(&found, &report);
    assert_walk(&found, &report);
    let blank = found["blank"].as_array().unwrap();
    assert!(blank.is_empty(), "blank pictures: {blank:?}");
    // At least two of each node that has a form, its value and its gradient.
    let has_form = |node: &&Value| node["role"] == "layer" || node["name"] == "gram_matrix";
    let expected = 2 * nodes(&report).iter().filter(has_form).count() as u64;
    assert!(found["pictures"].as_u64().unwrap() > expected, "{} pictures", found["pictures"]);
    assert_fits(&found, 1920);
    explain_laboratory::assert_laboratory(&found, &report);
    // A desktop and a phone.
    for (window, width) in [("1440,900", 1440), ("390,844", 390)] {
        let found = read_in_browser(sandbox, "page.html", window);
        assert_eq!(found["failures"], Value::from(Vec::<Value>::new()));
        assert_fits(&found, width);
    }
}

/// The page is as wide as the window, and a click on a node brings enough of its card into view.
fn assert_fits(found: &Value, width: u64) {
    assert_eq!((&found["fits"], &found["width"]), (&Value::from(true), &Value::from(width)));
    let seen: Vec<f64> = serde_json::from_value(found["in_view"].clone()).unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|&share| share > 0.95), "{seen:?}");
}

pub(crate) fn pages_of_other_problems_in_a_browser(sandbox: &Sandbox) {
    for options in [
        "--content-layer 0 --style-layers 0,1,3 --style-weights 1,1,1",
        "--content-layer 4",
        "--content-weight 0 --style-layers 2 --style-weights 1 --tv-weight 0 --init random",
        "--content-weight 0 --style-weights 0,0,0,0",
    ] {
        let ended = sandbox.done(&format!("{SMALL} --json --html page.html {options}"));
        let report = report(&ended.stdout);
        let found = read_in_browser(sandbox, "page.html", "1920,1080");
        assert_eq!(found["failures"], Value::from(Vec::<Value>::new()), "{options}");
        assert_nodes(&found, &report);
        assert_numbers(&found, &report);
        assert_walk(&found, &report);
    }
}

/// Every node of the tape is in the graph once, folded or not, and folding hides what it should.
fn assert_nodes(found: &Value, report: &Value) {
    let all: Vec<usize> = (0..nodes(report).len()).collect();
    let modules: Vec<&str> = nodes(report).iter().filter_map(|node| node["module"].as_str()).collect();
    let mut names = modules.clone();
    names.dedup();
    let boxes = |state: &str| -> Vec<Vec<usize>> { serde_json::from_value(found[state].clone()).unwrap() };
    for state in ["folded", "unfolded", "one_folded"] {
        let mut shown: Vec<usize> = boxes(state).into_iter().flatten().collect();
        shown.sort_unstable();
        assert_eq!(shown, all, "{state}");
    }
    let names: std::collections::BTreeSet<&str> = names.into_iter().collect();
    assert_eq!(boxes("unfolded").len(), all.len());
    assert_eq!(boxes("folded").len(), all.len() - modules.len() + names.len());
    if let Some(first) = names.first() {
        let inside = modules.iter().filter(|module| module == &first).count();
        assert_eq!(boxes("one_folded").len(), all.len() - inside + 1);
    }
    // Nothing stands on anything else.
    assert_eq!(found["overlaps"], Value::from(Vec::<Value>::new()));
}

/// Every number on the page is the run's own, as far as its digits go.
fn assert_numbers(found: &Value, report: &Value) {
    let numbers = found["numbers"].as_array().unwrap();
    let mut compared = 0;
    for number in numbers {
        let (key, text) = (number["key"].as_str().unwrap(), number["text"].as_str().unwrap());
        let expected = match number["node"].as_u64() {
            Some(node) => &report["nodes"][node as usize][key],
            None => {
                let gradients = report["pixel_gradients"].as_array().unwrap();
                &gradients.iter().find(|gradient| gradient["loss"] == number["loss"]).unwrap()[key]
            }
        };
        match expected {
            Value::String(expected) => assert_eq!(text, expected, "{number}"),
            Value::Array(expected) => {
                let expected: Vec<String> = expected.iter().map(Value::to_string).collect();
                let separator = if key == "shape" { "×" } else { " " };
                let expected = match (key, expected.is_empty()) {
                    ("shape", true) => "number".to_owned(),
                    _ => expected.join(separator),
                };
                assert_eq!(text, expected, "{number}");
            }
            Value::Null => assert_eq!(text, "", "{number}"),
            expected => assert_close(text, expected.as_f64().unwrap(), number),
        }
        compared += 1;
    }
    // Thirteen columns, and three numbers for each loss.
    let losses = report["pixel_gradients"].as_array().unwrap().len();
    assert_eq!(compared, 13 * nodes(report).len() + 3 * losses);
}

pub(crate) fn assert_close(text: &str, expected: f64, number: &Value) {
    if text.is_empty() {
        // A count of nothing is left out.
        return assert_eq!(expected, 0.0, "{number}");
    }
    if text == "< 0.001" {
        return assert!((0.0..0.001).contains(&expected), "{number}: {expected}");
    }
    let (digits, unit) = text.split_once(' ').unwrap_or((text, ""));
    let unit = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        _ => panic!("{number}"),
    };
    let shown = digits.parse::<f64>().unwrap() * unit;
    // Half of the last digit that is shown.
    let decimals =
        digits.split(['e', 'E']).next().unwrap().split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let exponent: i32 = digits.split_once('e').map_or(0, |(_, exponent)| exponent.parse().unwrap());
    let step = unit * 10f64.powi(exponent - decimals as i32);
    assert!((shown - expected).abs() <= 0.500_001 * step, "{number} is {expected}");
}

/// The walk goes over every node that computes, forward and then backward, and shows gradients where it went.
fn assert_walk(found: &Value, report: &Value) {
    let walk: Vec<(String, usize)> = serde_json::from_value(found["walk"].clone()).unwrap();
    let is_walked = |node: &&Value| !matches!(node["role"].as_str(), Some("parameter" | "target"));
    let forward: Vec<usize> =
        nodes(report).iter().filter(is_walked).map(|node| node["index"].as_u64().unwrap() as usize).collect();
    let with_gradient = |&index: &usize| !report["nodes"][index]["gradient_norm"].is_null();
    let backward: Vec<usize> = forward.iter().copied().filter(with_gradient).rev().collect();
    let expected = forward.iter().map(|&node| ("Forward".to_owned(), node));
    let expected: Vec<_> =
        expected.chain(backward.iter().map(|&node| ("Backward".to_owned(), node))).collect();
    assert_eq!(walk, expected);
    let turned: Vec<usize> = serde_json::from_value(found["turned"].clone()).unwrap();
    let expected: Vec<usize> = backward.into_iter().rev().collect();
    assert_eq!(turned, expected, "nodes that show their gradient at the end of the walk");
    let gradients: Vec<(usize, String)> = serde_json::from_value(found["gradients"].clone()).unwrap();
    for (index, text) in gradients {
        let node = &report["nodes"][index];
        let number = json!({ "node": index, "text": text });
        assert_close(text.strip_prefix("d = ").unwrap(), node["gradient"].as_f64().unwrap(), &number);
    }
    assert_eq!(found["cards"], nodes(report).len(), "every row opens its card");
}
