//! What pages are made of: templates, text as HTML, pictures as data URIs.

use base64::prelude::{BASE64_STANDARD, Engine};

/// The template with each `{{name}}` replaced by its value, which is not looked through again.
pub(crate) fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::new();
    let mut pieces = template.split("{{");
    filled.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, text) = piece.split_once("}}").unwrap_or((piece, ""));
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        filled.push_str(value);
        filled.push_str(text);
    }
    filled
}

pub(crate) fn data_uri(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(bytes))
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// JSON as the content of a script element, which only `</` could end.
pub(crate) fn script_json(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_looked_through_again() {
        let values = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("1 {{a}} 2 {{b}} 3", &values), "1 {{b}} 2 x 3");
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<w>&\"a\".npz"), "&lt;w&gt;&amp;&quot;a&quot;.npz");
        assert_eq!(script_json(r#"{"a": "</script>"}"#), r#"{"a": "\u003c/script>"}"#);
    }
}
