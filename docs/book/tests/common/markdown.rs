//! Markdown, as far as tests read it: fenced blocks, and the lines outside of them.
#![allow(dead_code, reason = "each test file uses its own part")]

/// A fenced block: what it is said to be in, and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The blocks of a text, in order.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    read(markdown).0
}

/// The lines that are in no block.
pub(crate) fn prose(markdown: &str) -> Vec<&str> {
    read(markdown).1
}

fn read(markdown: &str) -> (Vec<Block>, Vec<&str>) {
    let (mut blocks, mut prose) = (Vec::new(), Vec::new());
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), text: String::new() })
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, None) => prose.push(line),
        }
    }
    (blocks, prose)
}
