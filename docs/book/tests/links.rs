//! The chapters' links: every file and every heading that a chapter links to exists, and where the text of a link is a name in
//! backticks, the source file behind it defines that name. Links into the web are not followed.

#[path = "common/markdown.rs"]
mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

/// One inline link of a chapter.
struct Link {
    text: String,
    target: String,
}

#[test]
fn linked_files_exist_and_define_the_names_they_are_linked_for() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for chapter in chapters(&source) {
        let links = links(&fs::read_to_string(&chapter).unwrap());
        for link in links.iter().filter(|link| !link.target.contains("://")) {
            if let Err(reason) = check(&chapter, link) {
                let chapter = chapter.strip_prefix(&source).unwrap().display().to_string();
                wrong.push(format!("{chapter}: [{}]({}) {reason}", link.text, link.target));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every Markdown file below a folder.
fn chapters(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut chapters: Vec<_> =
        files.into_iter().filter(|path| path.extension() == Some("md".as_ref())).collect();
    chapters.extend(folders.iter().flat_map(|folder| self::chapters(folder)));
    chapters
}

fn check(chapter: &Path, link: &Link) -> Result<(), String> {
    let (file, heading) = link.target.split_once('#').unwrap_or((&link.target, ""));
    let path = match file {
        "" => chapter.to_owned(),
        file => chapter.parent().unwrap().join(file),
    };
    if !path.exists() {
        return Err("does not exist".to_owned());
    }
    if !heading.is_empty() && path.extension() == Some("md".as_ref()) {
        let text = fs::read_to_string(&path).unwrap();
        let mut headings = markdown::prose(&text).into_iter().filter(|line| line.starts_with('#')).map(id);
        if !headings.any(|id| id == heading) {
            return Err("has no such heading".to_owned());
        }
    }
    match linked_name(&link.text) {
        Some(name) if path.extension() == Some("rs".as_ref()) => {
            let code = fs::read_to_string(&path).unwrap();
            // The module that a path begins with is the file itself.
            let is_file = |part: &str| path.file_stem() == Some(part.as_ref());
            let undefined = name.split("::").find(|part| !is_file(part) && !defines(&code, part));
            undefined.map_or(Ok(()), |part| Err(format!("does not define {part}")))
        }
        _ => Ok(()),
    }
}

/// What mdBook, and GitHub, call a heading: letters and digits of any script in lower case, hyphens for spaces.
fn id(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The name that a link's text is, such as `loss::tv_loss` or `Tape::forward`, if it is one in backticks.
fn linked_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('`')?.strip_suffix('`')?;
    let name = name.strip_suffix("()").unwrap_or(name);
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':').then_some(name)
}

/// Whether the code defines an item of this name, or implements methods of a type of this name.
fn defines(code: &str, name: &str) -> bool {
    const KEYWORDS: [&str; 10] =
        ["fn", "struct", "enum", "trait", "const", "static", "type", "mod", "macro_rules!", "impl"];
    let is_part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    code.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        line.match_indices(name).any(|(start, _)| {
            let (before, after) = (&line[..start], &line[start + name.len()..]);
            let is_whole = !before.ends_with(is_part_of_name) && !after.starts_with(is_part_of_name);
            // Between the keyword and the name there may be a `const` or a trait, but no body and no value.
            let introduced = before.split(['{', '=', '(']).next_back().unwrap_or(before);
            is_whole
                && introduced
                    .split(|c: char| c.is_whitespace() || c == '<')
                    .any(|word| KEYWORDS.contains(&word))
        })
    })
}

/// The inline links of a chapter, images included; code has none.
fn links(chapter: &str) -> Vec<Link> {
    markdown::prose(chapter).into_iter().flat_map(links_of_line).collect()
}

/// The links of one line, outermost text only: `[text](target)`.
fn links_of_line(line: &str) -> Vec<Link> {
    let middles = line.match_indices("](").filter_map(|(middle, _)| {
        let text = &line[line[..middle].rfind('[')? + 1..middle];
        let target = &line[middle + 2..][..line[middle + 2..].find(')')?];
        Some(Link { text: text.to_owned(), target: target.to_owned() })
    });
    middles.collect()
}

#[test]
fn links_are_found_outside_code_only() {
    let links = links("a [`f`](x.rs), ![b](y.svg)\n```rust\nlet [z](w) = 0;\n```\n[c](d.md#e)\n");
    let targets: Vec<&str> = links.iter().map(|link| link.target.as_str()).collect();
    assert_eq!(targets, ["x.rs", "y.svg", "d.md#e"]);
}

#[test]
fn a_name_in_a_comment_or_a_call_is_no_definition() {
    let code = "impl<T> Tape<T> {\n    /// Like backward.\n    pub fn forward(&mut self) { step() }\n}\n";
    assert!(defines(code, "Tape") && defines(code, "forward"));
    assert!(!defines(code, "backward") && !defines(code, "step"));
    assert!(!defines(code, "forwar") && !defines(code, "ward"));
}

#[test]
fn only_names_in_backticks_are_looked_up() {
    assert_eq!(linked_name("`Tape::forward`"), Some("Tape::forward"));
    assert_eq!(linked_name("`step()`"), Some("step"));
    assert_eq!(linked_name("`src/loss.rs`"), None);
    assert_eq!(linked_name("The losses"), None);
}
