//! Code that a chapter quotes from a program stands in that program word for word.

#[path = "common/markdown.rs"]
mod markdown;

use std::fs;
use std::path::Path;

#[test]
fn the_chapter_on_kernels_quotes_the_example_as_it_is() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chapter = fs::read_to_string(book.join("src/kernels.md")).unwrap();
    let files = fs::read_dir(book.join("../../kernels/examples/loop_to_tile")).unwrap();
    let sources: Vec<String> = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let blocks = rust_blocks(&chapter);
    // A block with a `main` is a program of the chapter's own.
    let quotations: Vec<&String> = blocks.iter().filter(|block| !block.contains("fn main()")).collect();
    assert!(quotations.len() >= 8, "the steps are quoted");
    for quotation in quotations {
        assert!(sources.iter().any(|source| source.contains(quotation)), "not in the example:\n{quotation}");
    }
}

/// The blocks of Rust in a chapter, without the lines that the book hides.
fn rust_blocks(chapter: &str) -> Vec<String> {
    let rust = markdown::blocks(chapter).into_iter().filter(|block| block.language == "rust");
    let shown =
        |text: &str| text.lines().filter(|line| !line.starts_with("# ")).fold(String::new(), add_line);
    rust.map(|block| shown(&block.text)).collect()
}

fn add_line(text: String, line: &str) -> String {
    text + line + "\n"
}
