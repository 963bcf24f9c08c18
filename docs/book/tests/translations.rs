//! The Chinese chapters against the English: the same code and the same commands, whatever language the comments are
//! in. Prose and drawings in text are not compared.

#[path = "common/markdown.rs"]
mod markdown;

use std::fs;
use std::path::Path;

#[test]
fn translated_chapters_have_the_code_of_the_originals() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut compared = 0;
    for entry in fs::read_dir(source.join("zh")).unwrap() {
        let translated = entry.unwrap().path();
        let original = source.join(translated.file_name().unwrap());
        let [original, copy] = [&original, &translated].map(|path| code(&fs::read_to_string(path).unwrap()));
        assert_eq!(original, copy, "{}", translated.display());
        compared += 1;
    }
    assert!(compared > 0);
}

/// The blocks of Rust and of the shell, each a list of lines without comments.
fn code(text: &str) -> Vec<Vec<String>> {
    let code = markdown::blocks(text).into_iter().filter(|block| ["rust", "sh"].contains(&&*block.language));
    code.map(|block| block.text.lines().map(without_comment).collect()).collect()
}

fn without_comment(line: &str) -> String {
    line.split("//").next().unwrap_or(line).trim_end().to_owned()
}

#[test]
fn comments_may_differ_and_code_may_not() {
    let block = |line: &str| code(&format!("text\n```rust\n{line}\n```\n```text\n1\n```\n"));
    assert_eq!(block("f(); // one"), block("f(); // eins"));
    assert_ne!(block("f();"), block("g();"));
    assert_eq!(block("f();").len(), 1);
}
