//! The Chinese chapters against the English: the same code and the same commands, whatever language the comments are
//! in. Prose and drawings in text are not compared.

#[path = "common/markdown.rs"]
mod markdown;

use std::fs;
use std::path::Path;

/// The front page alone is in English only.
const UNTRANSLATED: [&str; 2] = ["README.md", "SUMMARY.md"];
/// The chapter that has nothing to show.
const WITHOUT_PICTURES: &str = "answers.md";

/// Every chapter, in English and in Chinese.
fn pairs() -> Vec<(String, String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path());
    let chapters = files.filter(|path| path.extension() == Some("md".as_ref()));
    let names = chapters.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    let names = names.filter(|name| !UNTRANSLATED.contains(&name.as_str()));
    let read =
        |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    names
        .map(|name| {
            let (original, translation) = (read(&source.join(&name)), read(&source.join("zh").join(&name)));
            (name, original, translation)
        })
        .collect()
}

#[test]
fn translated_chapters_have_the_code_of_the_originals() {
    let pairs = pairs();
    assert!(pairs.len() > 10);
    for (name, original, translation) in pairs {
        assert_eq!(code(&original), code(&translation), "{name}");
    }
}

#[test]
fn chapters_link_to_their_translations() {
    for (name, original, translation) in pairs() {
        assert_eq!(original.lines().nth(2), Some(&*format!("[中文](zh/{name})")));
        assert_eq!(translation.lines().nth(2), Some(&*format!("[English](../{name})")));
    }
}

#[test]
fn chapters_have_the_same_pictures_and_as_many_formulas_and_exercises() {
    for (name, original, translation) in pairs() {
        assert_eq!(pictures(&original), pictures(&translation), "{name}");
        assert_eq!(pictures(&original).is_empty(), name == WITHOUT_PICTURES, "{name}");
        let formulas =
            |text: &str| markdown::blocks(text).iter().filter(|block| block.language == "math").count();
        assert_eq!(formulas(&original), formulas(&translation), "{name}");
        assert_eq!(exercises(&original), exercises(&translation), "{name}");
    }
}

#[test]
fn every_exercise_has_its_answer() {
    let pairs = pairs();
    for language in [0, 1] {
        let text = |pair: &(String, String, String)| [&pair.1, &pair.2][language].clone();
        let answers = pairs.iter().find(|pair| pair.0 == WITHOUT_PICTURES).map(text).unwrap();
        for pair in &pairs {
            let chapter = text(pair);
            let count = exercises(&chapter);
            if count == 0 {
                continue;
            }
            let title = chapter.lines().next().unwrap().trim_start_matches("# ");
            let section =
                answers.split("\n## ").find_map(|section| section.strip_prefix(&format!("{title}\n")));
            let section = section.unwrap_or_else(|| panic!("no answers to {title}"));
            assert_eq!(numbered(section), count, "{title}");
        }
    }
}

/// The files of a chapter's pictures. Code may hold `![` too, as in `vec![0]`.
fn pictures(chapter: &str) -> Vec<String> {
    let targets = markdown::prose(chapter).into_iter().flat_map(|line| {
        line.split("![")
            .skip(1)
            .filter_map(|rest| rest.split_once("](")?.1.split_once(')'))
            .map(|found| found.0)
    });
    targets
        .filter(|target| target.contains("images/"))
        .map(|target| target.trim_start_matches("../").to_owned())
        .collect()
}

/// How many exercises end a chapter.
fn exercises(chapter: &str) -> usize {
    let section = chapter.split_once("\n## Exercises\n").or_else(|| chapter.split_once("\n## 练习\n"));
    section.map_or(0, |(_, section)| numbered(section))
}

/// The items of a list that is numbered.
fn numbered(text: &str) -> usize {
    text.lines()
        .filter(|line| line.split_once(". ").is_some_and(|(number, _)| number.parse::<usize>().is_ok()))
        .count()
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
