//! The page of a demo: one HTML file that holds its pictures, so that it can be sent to a friend, and that asks nothing
//! of the network.

use impasto::image::encode_png;
use impasto::transfer::{DEFAULT_JITTER, JITTER_LEARNING_RATE};
use impasto::{LossWeights, Losses, Scale};
use ndarray::Array3;

use super::{CONTENT, STYLE, curve};
use crate::html::{data_uri, escape, fill};
use crate::run::summary::Summary;
use crate::run::weights::Located;
use crate::text::plural;

/// The page with `{{names}}` for what differs from run to run.
const TEMPLATE: &str = include_str!("page.html");

/// What the page tells.
pub(super) struct Page<'a> {
    pub(super) summary: &'a Summary,
    pub(super) weights: &'a Located,
    /// The sizes that the run was to go through.
    pub(super) scales: &'a [Scale],
    /// The picture at the end of each, as far as the run came, in any size.
    pub(super) strip: &'a [Array3<u8>],
    /// Of the picture before the first iteration, after it, and so on.
    pub(super) losses: &'a [Losses],
    /// The picture, as PNG.
    pub(super) result: &'a [u8],
}

impl Page<'_> {
    pub(super) fn html(&self) -> anyhow::Result<String> {
        let Summary { height, width, .. } = self.summary;
        let values = [
            ("lead", self.lead()),
            ("result", data_uri("image/png", self.result)),
            ("content", data_uri("image/jpeg", CONTENT.jpeg)),
            ("style", data_uri("image/jpeg", STYLE.jpeg)),
            ("width", width.to_string()),
            ("height", height.to_string()),
            ("strip", self.strip()?),
            ("growth", self.growth()),
            ("fall", self.fall()),
            ("curve", curve::draw(self.losses)),
            ("rows", self.rows()),
            ("files", format!("{} and {}", CONTENT.file_name, STYLE.file_name)),
            ("next", self.next()),
        ];
        Ok(fill(TEMPLATE, &values))
    }

    fn lead(&self) -> String {
        let Summary { iterations, interrupted, seconds, .. } = self.summary;
        let all: usize = self.scales.iter().map(|scale| scale.iterations).sum();
        let planned = if *interrupted { format!(" of {all}") } else { String::new() };
        format!(
            "impasto changed every pixel of a picture {iterations}{planned} times, each time a little, until a neural \
             network saw the content of one picture in it and the style of another. It took {:.1} seconds on {} \
             thread{} of this computer.",
            seconds.iterate,
            self.summary.threads,
            plural(self.summary.threads)
        )
    }

    /// What the strip of scales shows.
    fn growth(&self) -> String {
        match self.scales.len() {
            1 => "This one was painted at a single size.".to_owned(),
            scales => format!(
                "The network sees only a few dozen pixels at a time, so no stroke can be longer than that. The picture \
                 was therefore painted {scales} times: first small, where a few dozen pixels are a large part of it, \
                 then enlarged, and painted again with finer strokes on top."
            ),
        }
    }

    /// A figure for each scale.
    fn strip(&self) -> anyhow::Result<String> {
        let mut figures = String::new();
        for (picture, scale) in self.strip.iter().zip(self.scales) {
            let Scale { height, width, iterations } = scale;
            let uri = data_uri("image/png", &encode_png(picture.view())?);
            figures += &format!(
                "<figure><img src=\"{uri}\" alt=\"The picture after the scale of {width} by {height} pixels\">\
                 <figcaption>{width} × {height}, {iterations} iteration{}</figcaption></figure>\n",
                plural(*iterations)
            );
        }
        Ok(figures)
    }

    fn fall(&self) -> String {
        let (first, last) = (self.first(), self.last());
        let rises = match self.scales.len() {
            1 => "",
            _ => " It rises where a larger size begins: there is more to see, and more to paint.",
        };
        format!(
            "A loss tells how far the picture is from what it should be. That of style is down to {} of what it was. \
             That of content, zero at the start, since the start is the content image itself, is now {} of the whole. \
             Roughness is the difference between neighboring pixels; keeping it low keeps the result smooth.{rises}",
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
        let sizes: Vec<String> =
            self.scales.iter().map(|scale| format!("{} × {}", scale.width, scale.height)).collect();
        let mut rows = vec![
            ("Network", "SqueezeNet 1.1".to_owned()),
            ("Weights", weights),
            ("Content", format!("feature maps of layer {content_layer}")),
            ("Style", format!("Gram matrices of layers {layers}")),
            ("Sizes", sizes.join(", ")),
            (
                "Optimizer",
                format!(
                    "Adam, learning rate {JITTER_LEARNING_RATE}, falling to zero in the second half of each size"
                ),
            ),
            ("Jitter", format!("0 to {} pixels before each iteration", DEFAULT_JITTER - 1)),
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
            (
                "How it works: a real run taken apart, and the losses on a few numbers that can be dragged"
                    .to_owned(),
                "impasto explain --html explain.html".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::summary::Seconds;

    fn html(weights: &Located, interrupted: bool) -> String {
        let losses = |style: f64, content: f64| Losses {
            style,
            content,
            tv: 10.0,
            temporal: 0.0,
            total: style + content + 10.0,
        };
        let losses = [losses(1000.0, 0.0), losses(60.0, 30.0)];
        let seconds = Seconds { load: 0.1, prepare: 0.2, iterate: 1.5, save: 0.1, total: 1.9 };
        let summary = Summary {
            height: 384,
            width: 512,
            iterations: 7,
            scales: Vec::new(),
            interrupted,
            losses: losses[1],
            flicker: None,
            seconds,
            peak_memory_bytes: None,
            estimated_memory_bytes: 0,
            strip_rows: None,
            threads: 1,
            simd: "portable",
            weights: weights.to_string(),
            output: "town.png".to_owned(),
        };
        let scales = [(96, 128, 50), (384, 512, 30)];
        let scales = scales.map(|(height, width, iterations)| Scale { height, width, iterations });
        let strip = [Array3::zeros((9, 12, 3)), Array3::zeros((9, 12, 3))];
        let (scales, strip) = (scales.as_slice(), strip.as_slice());
        Page { summary: &summary, weights, scales, strip, losses: &losses, result: b"PNG" }.html().unwrap()
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
            "<th>Sizes</th><td>128 × 96, 512 × 384</td>",
            "<figcaption>128 × 96, 50 iterations</figcaption>",
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
