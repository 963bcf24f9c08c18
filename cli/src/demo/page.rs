//! The page of a demo: one HTML file that holds its pictures, so that it can be sent to a friend, and that asks nothing
//! of the network.

use impasto::{LossWeights, Losses, Schedule};

use super::{CONTENT, STYLE, curve};
use crate::html::{data_uri, escape, fill};
use crate::summary::Summary;
use crate::weights::Located;

/// The page with `{{names}}` for what differs from run to run.
const TEMPLATE: &str = include_str!("page.html");

/// What the page tells.
pub(super) struct Page<'a> {
    pub(super) summary: &'a Summary,
    pub(super) weights: &'a Located,
    /// How many there were to be.
    pub(super) iterations: usize,
    /// Of the picture before the first iteration, after it, and so on.
    pub(super) losses: &'a [Losses],
    /// The picture, as PNG.
    pub(super) result: &'a [u8],
}

impl Page<'_> {
    pub(super) fn html(&self) -> String {
        let Summary { height, width, .. } = self.summary;
        let values = [
            ("lead", self.lead()),
            ("result", data_uri("image/png", self.result)),
            ("content", data_uri("image/jpeg", CONTENT.jpeg)),
            ("style", data_uri("image/jpeg", STYLE.jpeg)),
            ("width", width.to_string()),
            ("height", height.to_string()),
            ("fall", self.fall()),
            ("curve", curve::draw(self.losses)),
            ("rows", self.rows()),
            ("files", format!("{} and {}", CONTENT.file_name, STYLE.file_name)),
            ("next", self.next()),
        ];
        fill(TEMPLATE, &values)
    }

    fn lead(&self) -> String {
        let Summary { iterations, interrupted, seconds, .. } = self.summary;
        let planned = if *interrupted { format!(" of {}", self.iterations) } else { String::new() };
        format!(
            "impasto changed every pixel of a picture {iterations}{planned} times, each time a little, until a neural \
             network saw the content of one picture in it and the style of another. It took {:.1} seconds on {} \
             thread{} of this computer.",
            seconds.iterate,
            self.summary.threads,
            plural(self.summary.threads)
        )
    }

    fn fall(&self) -> String {
        let (first, last) = (self.first(), self.last());
        format!(
            "A loss tells how far the picture is from what it should be. That of style is down to {} of what it was. \
             That of content, zero at the start, since the start is the content image itself, is now {} of the whole. \
             Roughness is the difference between neighbouring pixels; keeping it low keeps the result smooth.",
            percent(last.style, first.style),
            percent(last.content, last.total)
        )
    }

    fn rows(&self) -> String {
        let Summary { height, width, iterations, threads, simd, seconds, peak_memory_bytes, .. } =
            self.summary;
        let LossWeights { content_layer, style_layers, .. } = LossWeights::for_area(*height, *width);
        let layers = style_layers.map(|layer| layer.to_string()).join(", ");
        let weights = match self.weights {
            Located::BuiltIn => "built in, trained by impasto on its own drawings".to_owned(),
            Located::Named(_) | Located::InVariable(_) | Located::InDataFolder(_) => self.weights.to_string(),
        };
        let rate = Schedule::default().default_learning_rate();
        let mut rows = vec![
            ("Network", "SqueezeNet 1.1".to_owned()),
            ("Weights", weights),
            ("Content", format!("feature maps of layer {content_layer}")),
            ("Style", format!("Gram matrices of layers {layers}")),
            ("Optimizer", format!("Adam, learning rate {rate}, falling to zero in the second half")),
            ("Iterations", format!("{iterations} in {:.2} s", seconds.iterate)),
            ("Before them", format!("{:.2} s to load, {:.2} s to prepare", seconds.load, seconds.prepare)),
            ("Threads", format!("{threads}, {simd}")),
        ];
        if let Some(bytes) = peak_memory_bytes {
            rows.push(("Memory", format!("{} MB at most", bytes / 1_000_000)));
        }
        let row =
            |(name, value): &(&str, String)| format!("<tr><th>{name}</th><td>{}</td></tr>", escape(value));
        rows.iter().map(row).collect::<Vec<_>>().join("\n")
    }

    fn next(&self) -> String {
        let content = CONTENT.file_name;
        let style = STYLE.file_name;
        let mut commands = vec![(
            "Your own photograph, after a painting that you like".to_owned(),
            "impasto transfer photo.jpg painting.jpg -o result.png".to_owned(),
        )];
        if *self.weights == Located::BuiltIn {
            commands.push((
                "ImageNet’s weights, which have seen a million photographs and paint better (5 MB, once), and this \
                 demo again"
                    .to_owned(),
                "impasto weights fetch\nimpasto demo --force".to_owned(),
            ));
        }
        commands.extend([
            (
                "The same again, larger".to_owned(),
                format!("impasto transfer {content} {style} -o larger.png --size 768"),
            ),
            ("The style alone: a texture".to_owned(), format!("impasto texture {style} -o texture.png")),
            (
                "The content alone: what the network keeps of a picture".to_owned(),
                format!("impasto invert {content} -o seen.png"),
            ),
            ("Every option".to_owned(), "impasto transfer --help".to_owned()),
        ]);
        let entry = |(what, command): &(String, String)| {
            format!("<dt>{}</dt>\n<dd><code>{}</code></dd>", escape(what), escape(command))
        };
        commands.iter().map(entry).collect::<Vec<_>>().join("\n")
    }

    fn first(&self) -> Losses {
        self.losses.first().copied().unwrap_or_default()
    }

    fn last(&self) -> Losses {
        self.losses.last().copied().unwrap_or_default()
    }
}

/// A part in per cent, to two digits or so.
fn percent(part: f64, whole: f64) -> String {
    let percent = 100.0 * part / whole.max(f64::MIN_POSITIVE);
    if percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Seconds;

    fn html(weights: &Located, interrupted: bool) -> String {
        let losses =
            |style: f64, content: f64| Losses { style, content, tv: 10.0, total: style + content + 10.0 };
        let losses = [losses(1000.0, 0.0), losses(60.0, 30.0)];
        let seconds = Seconds { load: 0.1, prepare: 0.2, iterate: 1.5, save: 0.1, total: 1.9 };
        let summary = Summary {
            height: 384,
            width: 512,
            iterations: 7,
            interrupted,
            losses: losses[1],
            seconds,
            peak_memory_bytes: None,
            threads: 1,
            simd: "portable",
            weights: weights.to_string(),
            output: "town.png".to_owned(),
        };
        Page { summary: &summary, weights, iterations: 80, losses: &losses, result: b"PNG" }.html()
    }

    #[test]
    fn every_name_of_the_template_has_a_value() {
        let html = html(&Located::BuiltIn, false);
        assert!(!html.contains("{{") && !html.contains("}}"));
        for part in [
            "changed every pixel of a picture 7 times",
            "It took 1.5 seconds on 1 thread of",
            "data:image/png;base64,UE5H\" width=\"512\" height=\"384\"",
            "That of style is down to 6.0 % of what it was.",
            "is now 30 % of the whole",
            "<polyline class=\"style\"",
            "<th>Threads</th><td>1, portable</td>",
            "<code>impasto weights fetch\nimpasto demo --force</code>",
        ] {
            assert!(html.contains(part), "{part} is not on the page");
        }
        // What would have to come from elsewhere.
        for asking in ["<script", "<link", "src=\"http", "url(", "@import", "src=\"\""] {
            assert!(!html.contains(asking), "{asking} is on the page");
        }
    }

    #[test]
    fn the_page_follows_the_run() {
        assert!(html(&Located::BuiltIn, true).contains("7 of 80 times"));
        let html = html(&Located::Named("<b>.npz".into()), false);
        assert!(html.contains("&lt;b&gt;.npz") && !html.contains("<b>") && !html.contains("weights fetch"));
    }
}
