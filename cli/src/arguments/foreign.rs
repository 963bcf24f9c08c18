//! Options that other programs for style transfer have, under names that impasto does not know: which of ours does the
//! same. The names are those of neural-style, its ports, style-transfer-pytorch, fast-style-transfer and the notebook.

/// Other programs' names, without dashes in front and with dashes inside, and what to do instead.
const REMEDIES: &[(&[&str], &str)] = &[
    (
        &[
            "image-size",
            "img-size",
            "imsize",
            "max-size",
            "max-dim",
            "content-size",
            "output-size",
            "resize",
            "end-scale",
            "content-img-height",
        ],
        "--size N gives the shorter side of the result, in pixels, --longer-side N the longer",
    ),
    (&["min-scale", "initial-scale", "start-scale"], "--smallest N gives the size of the first scale"),
    (
        &["num-scales", "octaves", "multiscale"],
        "--scales N gives the number of sizes that a run goes through",
    ),
    (
        &[
            "content",
            "content-image",
            "content-img",
            "content-path",
            "input",
            "style",
            "styles",
            "style-image",
            "style-images",
            "style-img",
            "style-path",
        ],
        "pictures are named without an option: impasto transfer photo.jpg painting.jpg -o result.png",
    ),
    (
        &["out", "output-image", "output-path", "output-file", "out-file", "save-path", "result"],
        "-o FILE names the result",
    ),
    (
        &[
            "num-iterations",
            "num-iters",
            "num-iter",
            "iters",
            "max-iter",
            "max-iterations",
            "n-iter",
            "steps",
            "num-steps",
            "epochs",
            "niter",
        ],
        "--iterations N gives the number of iterations",
    ),
    (
        &[
            "device",
            "devices",
            "gpu",
            "gpus",
            "cuda",
            "cpu",
            "no-cuda",
            "use-gpu",
            "backend",
            "cudnn-autotune",
            "multidevice-strategy",
        ],
        "impasto computes on the processor, with all cores; --threads N takes fewer",
    ),
    (
        &["original-colors", "preserve-color", "keep-colors", "color-preserve"],
        "--preserve-colors luminance keeps the photograph's colors, --preserve-colors match their range",
    ),
    (
        &["style-weight", "sw", "beta"],
        "--style-strength X sets how strongly the style counts, --style-weights A,B,... the weight of each layer",
    ),
    (&["cw", "alpha"], "--content-weight W sets the weight of the content loss"),
    (
        &["style-blend-weights", "style-interpolation-weights"],
        "--style-blend A,B,... weighs the style images",
    ),
    (
        &["style-masks", "style-mask-imgs", "mask", "masks"],
        "--style-mask FILE says where a style is painted, --content-mask FILE what of the photograph stays",
    ),
    (&["tiling", "tileable"], "--seamless makes a texture that can be laid beside itself"),
    (&["noise-ratio", "initial-noiseblend"], "--init content:0.7,noise:0.3 starts from both"),
    (&["min-improvement"], "--stop-below RATE ends a size when the loss falls no more"),
    (
        &["web", "display", "browser", "progress-plot"],
        "--watch shows the run in a browser, --report FILE keeps the page",
    ),
    (&["lr", "step-size", "learning-rate-initial"], "--learning-rate X sets Adam's step"),
    (&["tv", "tvw", "total-variation-weight"], "--tv-weight W sets the weight of the total variation"),
    (
        &["save-iter", "save-every", "save-freq", "save-image-iter", "checkpoint-iterations"],
        "--snapshots DIR saves pictures along the way, --snapshot-every N says how often",
    ),
    (
        &["print-iter", "log-every", "verbose"],
        "--trace FILE writes the losses of every iteration, --report FILE draws them",
    ),
    (
        &["model", "model-file", "proto-file", "vgg-path", "network"],
        "--weights FILE names the weights of the network, which is SqueezeNet 1.1",
    ),
    (&["init-image", "initial-image", "init-img"], "--init FILE names the picture to start from"),
    (&["style-scales"], "--style-scale A,B,... gives the size of each style image, relative to the picture"),
    (&["random-seed"], "--seed N sets the seed"),
];

/// For the first of these arguments that is an option of another program: what to do instead.
pub(crate) fn remedy(arguments: &[String]) -> Option<String> {
    arguments.iter().skip(1).take_while(|argument| *argument != "--").find_map(|argument| {
        // Torch's options have a single dash.
        let name = argument.strip_prefix('-')?.trim_start_matches('-').split('=').next()?;
        let name = name.to_ascii_lowercase().replace('_', "-");
        let (_, remedy) = REMEDIES.iter().find(|(names, _)| names.contains(&name.as_str()))?;
        let option = argument.split('=').next()?;
        Some(format!("impasto has no option '{option}': {remedy}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Arguments;
    use clap::CommandFactory;

    #[test]
    fn options_of_other_programs_lead_to_ours() {
        let remedy = |line: &str| remedy(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let told = remedy("impasto transfer a b -o c --max_size=700").unwrap();
        assert!(told.starts_with("impasto has no option '--max_size': --size N"), "{told}");
        assert!(remedy("neural_style -style_image a.jpg").unwrap().contains("without an option"));
        assert!(remedy("impasto transfer a b -o c --device cuda").unwrap().contains("--threads N"));
        assert_eq!(remedy("impasto transfer a b -o c --sizzle 3"), None);
        assert_eq!(remedy("impasto transfer -- --device b"), None);
    }

    #[test]
    fn remedies_name_options_that_exist_and_no_name_is_ours() {
        let command = Arguments::command();
        // A batch names its pictures otherwise than the other commands, where its options are unknown.
        let ours: Vec<&str> = command
            .get_subcommands()
            .filter(|command| command.get_name() != "batch")
            .flat_map(|command| command.get_arguments().filter_map(|argument| argument.get_long()))
            .collect();
        for (names, remedy) in REMEDIES {
            for name in *names {
                assert!(!ours.contains(name), "{name} is ours");
            }
            let words = remedy.split([' ', ';', ',', ':']).filter_map(|word| word.strip_prefix("--"));
            for option in words {
                assert!(ours.contains(&option), "{option} is not ours");
            }
        }
    }
}
