//! `impasto bench`: that every field is there and every number possible. How large a number is decides no test.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::sandbox::{Sandbox, end};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        measurements::iterations_in_json,
        measurements::iterations_as_text,
        measurements::scaling,
        measurements::kernels_in_json,
        measurements::kernels_as_a_table,
        measurements::the_roofline_is_a_whole_svg_file,
        measurements::nonsense_is_refused,
    )
}

fn json(sandbox: &Sandbox, line: &str) -> Value {
    serde_json::from_str(&sandbox.done(line).stdout).unwrap()
}

fn assert_positive(object: &Value, keys: &[&str]) {
    for key in keys {
        let number = object[key].as_f64().unwrap_or_else(|| panic!("no number {key} in {object}"));
        assert!(number.is_finite() && number > 0.0, "{key} in {object}");
    }
}

fn assert_close(left: f64, right: f64) {
    assert!((left / right - 1.0).abs() < 1e-9, "{left} is not {right}");
}

pub(crate) fn iterations_in_json(sandbox: &Sandbox) {
    for preset in ["starry", "inversion", "texture"] {
        let line = format!("bench iteration --size 48 --iterations 3 --threads 2 --preset {preset} --json");
        let report = json(sandbox, &line);
        let keys = ["ms_median", "ms_min", "gflop", "gflops", "peak_gflops", "fraction_of_peak"];
        assert_positive(&report, &keys);
        for (key, expected) in [("height", 48), ("width", 64), ("iterations", 3), ("threads", 2)] {
            assert_eq!(report[key], expected, "{key} in {report}");
        }
        assert!(["avx512", "avx2", "neon", "portable"].contains(&report["simd"].as_str().unwrap()));
        let number = |key: &str| report[key].as_f64().unwrap();
        assert!(number("ms_min") <= number("ms_median"), "{report}");
        assert_close(number("gflops"), number("gflop") / (number("ms_median") / 1e3));
        assert_close(number("fraction_of_peak"), number("gflops") / number("peak_gflops"));
    }
    // An inversion has no Gram matrices, and its content loss reaches no deeper than layer 3.
    let gflop = |preset: &str| {
        let line = format!("bench iteration --size 48 --iterations 1 --preset {preset} --json");
        json(sandbox, &line)["gflop"].as_f64().unwrap()
    };
    assert!(gflop("inversion") < 0.8 * gflop("starry"));
    // 341 and a third.
    let report = json(sandbox, "bench iteration --size 256 --iterations 1 --json");
    assert_eq!((report["height"].as_u64(), report["width"].as_u64()), (Some(256), Some(341)));
}

pub(crate) fn iterations_as_text(sandbox: &Sandbox) {
    let text = sandbox.done("bench iteration --size 48 --iterations 1 --threads 1").stdout;
    assert!(text.starts_with("48x64, 1 thread, ") && text.contains("median of 1 iteration\n"), "{text}");
    assert!(text.contains(" ms an iteration") && text.contains(" % of the peak of "), "{text}");
}

pub(crate) fn scaling(sandbox: &Sandbox) {
    let report = json(sandbox, "bench scaling --size 96 --iterations 2 --json");
    assert_positive(&report, &["height", "width", "iterations", "tasks"]);
    let threads = report["threads"].as_array().unwrap();
    let numbers = |key: &str| threads.iter().map(|row| row[key].as_f64().unwrap()).collect::<Vec<_>>();
    assert_eq!(numbers("threads"), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
    // More threads never take longer, and help no more than there are.
    assert!(numbers("ms").is_sorted_by(|fewer, more| fewer >= more), "{report}");
    assert!(
        numbers("speedup").iter().zip(numbers("threads")).all(|(&by, most)| by >= 1.0 && by <= most + 1e-9)
    );
    let of_kernels = report["kernels"].as_array().unwrap().iter().map(|row| &row["one_thread_ms"]);
    let of_kernels: f64 = of_kernels.map(|ms| ms.as_f64().unwrap()).sum();
    assert_close(of_kernels + report["serial_ms"].as_f64().unwrap(), numbers("ms")[0]);
    // A larger picture is worth more machines, and the same on one machine of one thread.
    let pictures = report["machines"].as_array().unwrap();
    let pays: Vec<u64> = pictures.iter().map(|row| row["pays_up_to"].as_u64().unwrap()).collect();
    assert!(pays.is_sorted() && pays.last() > pays.first(), "{report}");
    assert!(pictures.iter().all(|row| row["seconds"].as_array().unwrap().len() == 7));
    let near = json(
        sandbox,
        "bench scaling --size 48 --iterations 1 --machine-threads 1 --latency 0 --bandwidth 1e6 --json",
    );
    assert_eq!(near["machine"]["threads"].as_u64(), Some(1));
    assert_eq!(near["machines"][4]["pays_up_to"].as_u64(), Some(64));
    sandbox.refused("bench scaling --machine-threads 3", 2, &["--machine-threads", "1, 2, 4"]);
    sandbox.refused("bench scaling --bandwidth 0", 2, &["--bandwidth"]);
    let text = sandbox.done("bench scaling --size 48 --iterations 1").stdout;
    assert!(text.starts_with("48x64, 1 iteration: ") && text.contains("\n     64 "), "{text}");
}

pub(crate) fn kernels_in_json(sandbox: &Sandbox) {
    let line = "bench kernels --quick --threads 2 --size 48 --json";
    let rows = json(sandbox, line);
    let rows = rows.as_array().unwrap();
    for row in rows {
        let keys = [
            "ms_median",
            "ms_min",
            "gflop",
            "gflops",
            "peak_gflops",
            "gbytes_per_second",
            "peak_gbytes_per_second",
            "copy_gbytes_per_second",
            "intensity",
            "fraction_of_peak",
            "speedup_over_reference",
        ];
        assert_positive(row, &keys);
        assert_positive(row, &["iterations", "reference_rows", "rows"]);
        assert_eq!((&row["height"], &row["width"], &row["threads"]), (&48.into(), &64.into(), &2.into()));
        match row["bound"].as_str() {
            Some("compute") => assert_positive(row, &["speedup_over_matrixmultiply"]),
            Some("memory") => assert_eq!(row["speedup_over_matrixmultiply"], Value::Null),
            _ => panic!("what bounds {row}?"),
        }
    }
    for (kernel, pass, shape) in [
        ("convolution", "input gradient", "48x64x3 -> 23x31x64"),
        ("fire squeeze", "weight gradient", "11x15x64 -> 11x15x16"),
        ("fire expand", "forward", "5x7x32 -> 5x7x256"),
        ("Gram matrix", "input gradient", "2x3x512 -> 512x512"),
        ("max pool", "forward", "23x31x64 -> 11x15x64"),
        ("ReLU", "input gradient", "23x31x64"),
        ("squared difference", "forward", "11x15x128"),
        ("total variation", "input gradient", "48x64x3"),
        ("Adam", "step", "48x64x3"),
    ] {
        let is = |row: &&Value| row["kernel"] == kernel && row["pass"] == pass && row["shape"] == shape;
        assert_eq!(rows.iter().filter(is).count(), 1, "{kernel} {pass} {shape}");
    }
}

pub(crate) fn kernels_as_a_table(sandbox: &Sandbox) {
    let mut command = sandbox.command("bench kernels --quick --threads 1 --size 48");
    command.args(["--filter", "Fire squeeze, forward, 11x15x64"]);
    let table = end(command).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("1 thread, ") && lines[0].contains("GB/s of memory"), "{table}");
    assert!(lines[2].starts_with("48x64 ") && lines[2].ends_with("matmul"), "{table}");
    assert!(lines[3].starts_with("fire squeeze ") && lines[3].contains("11x15x64 -> 11x15x16"), "{table}");
    assert_eq!(lines[2].len(), lines[3].len(), "{table}");
    // Then the notes, after an empty line.
    assert_eq!(lines[4], "", "{table}");
}

pub(crate) fn the_roofline_is_a_whole_svg_file(sandbox: &Sandbox) {
    let line = "bench kernels --quick --threads 1 --size 48 --filter total --json --plot roof.svg";
    let rows = json(sandbox, line);
    let svg = fs::read_to_string(sandbox.path("roof.svg")).unwrap();
    assert_closed(&svg);
    // A dot each, and one in the legend.
    assert_eq!(svg.matches("<circle").count(), rows.as_array().unwrap().len() + 1);
    for text in ["total variation", "GFLOP/s", "GB/s", "48x64"] {
        assert!(svg.contains(text), "{text}");
    }
    let left = fs::read_dir(sandbox.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with(".impasto-")));
}

/// Checks that every element of an XML text is closed, in the right order, and that there is one outermost.
fn assert_closed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut outermost = 0;
    for tag in xml.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("<{tag} has no end"));
        let name = tag.trim_start_matches('/').split(|c: char| c.is_whitespace() || c == '/').next().unwrap();
        if tag.starts_with('?') || tag.starts_with('!') {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            outermost += usize::from(open.is_empty());
            open.push(name);
        }
    }
    assert!(open.is_empty() && outermost == 1, "{open:?} stay open");
    assert!(xml.trim_start().starts_with("<svg"));
}

pub(crate) fn nonsense_is_refused(sandbox: &Sandbox) {
    for command in ["iteration", "kernels"] {
        for size in ["0", "-1", "12001", "99999999999999999999999", "large"] {
            sandbox.refused(&format!("bench {command} --size {size}"), 2, &["--size", size, "1 to 12000"]);
        }
        sandbox.refused(&format!("bench {command} --threads 0"), 2, &["--threads", "'0'"]);
    }
    sandbox.refused("bench scaling --iterations 0", 2, &["--iterations", "at least 1"]);
    sandbox.refused("bench iteration --iterations 0", 2, &["--iterations", "at least 1"]);
    sandbox.refused("bench iteration --preset dusk", 2, &["--preset", "'dusk'", "starry"]);
    sandbox.refused("bench iteration --size 8", 1, &["too small for layer"]);
    sandbox.refused("bench kernels --filter sigmoid", 2, &["sigmoid", "--filter"]);
    sandbox.refused("bench kernels --plot roof.png", 2, &["--plot", "roof.png", ".svg"]);
    sandbox.refused("bench kernels --plot missing/roof.svg", 1, &["missing/roof.svg"]);
}
