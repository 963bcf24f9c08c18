//! The tape as a graph in Graphviz's language.

use std::collections::BTreeMap;

use impasto::explain::{Explanation, NodeReport, Role};

/// A whole graph; it ends with a newline.
pub(super) fn graph(explanation: &Explanation) -> String {
    let mut text = String::from(
        "digraph tape {\n  rankdir=LR\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"]\n",
    );
    let mut modules: BTreeMap<&str, Vec<&NodeReport>> = BTreeMap::new();
    for node in &explanation.nodes {
        match &node.module {
            Some(module) => modules.entry(module).or_default().push(node),
            None => text += &format!("  {}\n", statement(node)),
        }
    }
    for (number, (module, nodes)) in modules.iter().enumerate() {
        let label = quoted(&module.replace("features.", "fire "));
        text += &format!("  subgraph cluster_{number} {{\n    label={label}\n    style=rounded\n");
        nodes.iter().for_each(|node| text += &format!("    {}\n", statement(node)));
        text += "  }\n";
    }
    for node in &explanation.nodes {
        node.inputs.iter().for_each(|input| text += &format!("  n{input} -> n{}\n", node.index));
    }
    text + "}\n"
}

fn statement(node: &NodeReport) -> String {
    let shape = node.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    let label = quoted(&format!("{}: {}\n{}\n({shape})", node.index, node.name, node.operation));
    let color = match node.role {
        Role::Pixels => "#f6d9a8",
        Role::Parameter | Role::Target => "#e4e0d8",
        Role::Layer => "#c9dff2",
        Role::Loss => "#f3cbb8",
    };
    format!("n{} [label={label}, fillcolor=\"{color}\"]", node.index)
}

/// Text as a string of Graphviz's.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_end_early() {
        assert_eq!(quoted("a \"b\" \\ c\nd"), r#""a \"b\" \\ c\nd""#);
    }
}
