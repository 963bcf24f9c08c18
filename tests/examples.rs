//! The numbered examples from outside: what each prints and writes, that each stays a page long, and that the book's
//! chapters show them, and what they print, to the letter. The binaries are those that `cargo test` has built.

#[path = "../docs/book/tests/common/markdown.rs"]
mod markdown;

use impasto::image::{LoadOptions, load_image};
use markdown::Block;
use ndarray::{Array3, s};
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The examples, in order.
const EXAMPLES: [&str; 8] = [
    "01_scalar_tape",
    "02_linear_regression",
    "03_own_operation",
    "04_deep_features",
    "05_inversion",
    "06_style_transfer",
    "07_custom_loss",
    "08_small_network",
];

/// The chapters that are about an example each, and show it.
const CHAPTERS: [(&str, &str); 3] = [
    ("scalar-tape.md", "01_scalar_tape"),
    ("tensors.md", "02_linear_regression"),
    ("checking.md", "03_own_operation"),
];

/// The most lines of an example.
const MAX_LINES: usize = 79;

/// What an example printed, and the folder that it ran in.
struct Run {
    printed: String,
    folder: TempDir,
}

impl Run {
    fn of(example: &str) -> Run {
        let folder = TempDir::new().unwrap();
        let output = Command::new(binary(example)).current_dir(folder.path()).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{example} failed:\n{printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Run { printed, folder }
    }

    /// The numbers of the line that begins with `start`, in order.
    fn numbers(&self, start: &str) -> Vec<f64> {
        let line = self.printed.lines().find(|line| line.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("no line begins with {start:?} in:\n{}", self.printed));
        let words = line[start.len()..].split(|c: char| !(c.is_ascii_digit() || "+-.".contains(c)));
        words.filter_map(|word| word.parse().ok()).collect()
    }

    /// The picture that it wrote.
    fn picture(&self, name: &str) -> Array3<u8> {
        load_image(&self.folder.path().join(name), &LoadOptions::default()).unwrap()
    }
}

/// Cargo puts examples beside the folder of the tests' own binaries.
fn binary(example: &str) -> PathBuf {
    let own = env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap().join("examples");
    let binary = folder.join(format!("{example}{}", env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "{} is not there: `cargo test` builds it; for this test alone, run `cargo build --examples` first",
        binary.display()
    );
    binary
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(example: &str) -> String {
    fs::read_to_string(repository().join(format!("examples/{example}.rs"))).unwrap()
}

/// The files with this extension in a folder and all below it.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.flat_map(|path| if path.is_dir() { files(&path, extension) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|given| given == extension)).collect()
}

fn close(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected}");
}

#[test]
fn scalar_tape() {
    let run = Run::of("01_scalar_tape");
    // By hand: e = tanh(w x + b) - 1, and d_sum = 2 e (1 - tanh^2).
    let [w, x, b]: [f64; 3] = [0.5, 2.0, -0.5];
    let out = (w * x + b).tanh();
    let error = out - 1.0;
    let d_sum = 2.0 * error * (1.0 - out * out);
    for (index, name, value, gradient) in
        [(0, "w", w, d_sum * x), (1, "x", x, d_sum * w), (2, "b", b, d_sum), (8, "loss", error * error, 1.0)]
    {
        let numbers = run.numbers(&format!("{index}      {name} "));
        close(numbers[0], value, 1e-6);
        close(numbers[1], gradient, 1e-6);
    }
    let differences = run.printed.split("Central differences").nth(1).unwrap();
    let differences = differences.lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap());
    let differences: Vec<f64> = differences.map(|word| word.parse().unwrap()).collect();
    assert_eq!(differences.len(), 3);
    for (difference, gradient) in differences.into_iter().zip([d_sum * x, d_sum * w, d_sum]) {
        close(difference, gradient, 2e-6);
    }
}

#[test]
fn linear_regression() {
    let run = Run::of("02_linear_regression");
    assert_eq!(run.numbers("d_w on the tape:"), run.numbers("d_w by hand:"));
    let first = run.numbers("step  0: mean squared error")[0];
    let last = run.numbers("step 40: mean squared error")[0];
    assert!(last < first / 1000.0, "{first} became {last}");
    let line = run.printed.lines().find(|line| line.starts_with("y = ")).unwrap();
    let found = line[4..].split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    let found: Vec<f64> = found.collect();
    assert_eq!(found.len(), 4);
    for (found, made_from) in found.into_iter().zip([2.5, -1.5, 0.5, -1.0]) {
        close(found, made_from, 0.03);
    }
}

#[test]
fn own_operation() {
    let run = Run::of("03_own_operation");
    let verdicts: Vec<bool> = run.printed.lines().map(|line| line.ends_with(": passes")).collect();
    // Right, with a wrong formula, overwriting: each with x used once and twice.
    assert_eq!(verdicts, [true, true, false, false, true, false], "{}", run.printed);
}

#[test]
fn deep_features() {
    let run = Run::of("04_deep_features");
    // 128x170 pixels: the first convolution has windows of 3 and a stride of 2, and no padding.
    assert_eq!(run.numbers("    0  ")[..4], [63.0, 84.0, 64.0, (63 * 84 * 64) as f64]);
    assert_eq!(run.numbers("   12  ")[..4], [7.0, 9.0, 512.0, (7 * 9 * 512) as f64]);
    for layer in 0..13 {
        let [.., mean, largest, zeros] = run.numbers(&format!("{layer:5}  "))[..] else { panic!("too few") };
        assert!(mean > 0.0 && mean < largest && (0.0..100.0).contains(&zeros), "{}", run.printed);
    }
    let sheet = run.picture("feature_maps.png");
    assert_eq!(sheet.dim(), (4 * 128, 9 * 170, 3));
    let map = sheet.slice(s![..128, 170..340, ..]);
    assert!(map.iter().min() == Some(&0) && map.iter().max() >= Some(&250), "a map spans black to white");
}

#[test]
fn inversion() {
    let run = Run::of("05_inversion");
    let pixels = [1, 3, 6, 9, 12].map(|layer| run.numbers(&format!("{layer:5} "))[1]);
    assert!(pixels.is_sorted() && pixels[0] < 10.0 && pixels[4] > 30.0, "{pixels:?}");
    let sheet = run.picture("inversions.png");
    assert_eq!(sheet.dim(), (96, 6 * 128, 3));
}

#[test]
fn style_transfer() {
    let run = Run::of("06_style_transfer");
    let style = |iteration| run.numbers(&format!("iteration {iteration:3}: "))[1];
    assert_eq!(style(0), 100.0);
    assert!(style(50) < 20.0 && style(110) < 5.0, "{}", run.printed);
    assert_eq!(run.picture("repainted.png").dim(), (192, 256, 3));
}

#[test]
fn custom_loss() {
    let run = Run::of("07_custom_loss");
    let colors = |step| run.numbers(&format!("step {step:3}: "))[0];
    assert!(colors(100) < colors(0) / 10.0, "{}", run.printed);
    assert_eq!(run.picture("recolored.png").dim(), (128, 170, 3));
}

#[test]
fn small_network() {
    let run = Run::of("08_small_network");
    let [right, of] = run.numbers("of unseen drawings,")[..] else { panic!("{}", run.printed) };
    assert!(right > 0.95 * of, "{}", run.printed);
}

#[test]
fn every_numbered_example_is_a_page_long_and_in_the_list() {
    let numbered = files(&repository().join("examples"), "rs").into_iter().filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        name.starts_with(|first: char| first.is_ascii_digit()).then_some(name)
    });
    assert_eq!(numbered.collect::<BTreeSet<_>>(), EXAMPLES.map(str::to_owned).into());
    for example in EXAMPLES {
        let source = source(example);
        let lines = source.lines().count();
        assert!(lines <= MAX_LINES, "{example} has {lines} lines, more than {MAX_LINES}");
        assert!(
            source.contains(&format!("cargo run --release --example {example}")),
            "{example}: how to run it?"
        );
    }
}

#[test]
fn the_book_shows_examples_and_what_they_print() {
    let mut shown = BTreeSet::new();
    for path in files(&repository().join("docs/book/src"), "md") {
        let chapter = path.file_name().unwrap().to_str().unwrap().to_owned();
        let blocks = markdown::blocks(&fs::read_to_string(&path).unwrap());
        for (index, Block { language, text }) in blocks.iter().enumerate() {
            let Some(example) = EXAMPLES.iter().find(|example| source(example) == *text) else { continue };
            assert!(language.starts_with("rust"), "{chapter}: {example} is shown as {language:?}");
            let printed = Run::of(example).printed;
            let expected = Block { language: "text".to_owned(), text: printed };
            assert_eq!(blocks.get(index + 1), Some(&expected), "{chapter}: what {example} prints");
            shown.insert((chapter.clone(), *example));
        }
    }
    for (chapter, example) in CHAPTERS {
        assert!(
            shown.contains(&(chapter.to_owned(), example)),
            "{chapter} does not show {example} to the letter"
        );
    }
}
