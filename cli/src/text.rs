//! Text for people. The names of files and arrays come from anywhere, and a name may hold characters that
//! move the cursor, change colors or turn the direction of writing. Whatever this program prints goes through here.

use std::io::{self, Write, stdout};

use serde::Serialize;

/// A line or a name in which such characters, line feeds too, are replaced by question marks.
pub(crate) fn printable(text: &str) -> String {
    text.replace(is_command, "?")
}

/// Prints lines on stdout, with the same replaced, but for their ends.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = stdout();
    let text = text.replace(|c| is_command(c) && c != '\n', "?");
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}

/// A value as JSON, which ends with a newline. Such characters are escaped, so that programs read the true names.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = String::new();
    for c in serde_json::to_string_pretty(value)?.chars() {
        // JSON's own layout has no such character but line feeds, and those within strings are escaped already.
        if is_command(c) && c != '\n' {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    Ok(text + "\n")
}

/// The ending of a noun after this number.
pub(crate) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Control characters, ends of lines and paragraphs, marks of direction.
fn is_command(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "a\u{1b}[2J\n\u{9b}31m\u{7f}\u{202e}gnp.é\u{2069}\u{2028}\t日本.png";

    #[test]
    fn commands_are_replaced_and_letters_are_not() {
        assert_eq!(printable(NAME), "a?[2J??31m??gnp.é???日本.png");
    }

    #[test]
    fn json_keeps_names_and_has_no_commands() {
        let text = json(&[NAME]).unwrap();
        assert!(text.chars().all(|c| c == '\n' || !is_command(c)), "{text}");
        let [read]: [String; 1] = serde_json::from_str(&text).unwrap();
        assert_eq!(read, NAME);
    }
}
