//! Paints the pictures of the chapters on the notebook, from the repository's own pictures: the schedules, a sweep of the
//! weights, the style of one layer alone, inversions layer by layer, and the five presets.
//!
//! `cargo run --release -p impasto-book --example paint_chapters -- docs/book/src/images/painted [WEIGHTS]`
//!
//! With the weights that are built in, or with a file of others.

use impasto::image::{LoadOptions, SaveOptions, encode_png, load_image, preprocess_image, save_image_with};
use impasto::loss::gram_matrix;
use impasto::{
    Init, LossWeights, Outcome, Preset, Schedule, SqueezeNet, StyleTransfer, StyleTransferBuilder,
    TransferError, Weights,
};
use impasto_autodiff::Tape;
use ndarray::{Array3, Ix2};
use std::error::Error;
use std::path::{Path, PathBuf};

/// Shorter side of the pictures, in pixels: the notebook's.
const SIZE: usize = 192;
const QUALITY: u8 = 84;

/// Factors of the sweep.
const FACTORS: [(f64, &str); 3] = [(0.1, "less"), (1.0, "same"), (10.0, "more")];
/// Factors of the total variation, which has to count a good deal more before it shows.
const TV_FACTORS: [(f64, &str); 3] = [(0.0, "none"), (10.0, "more"), (100.0, "most")];

/// Layers whose style is shown alone: the notebook's.
const STYLE_LAYERS: [usize; 4] = [1, 4, 6, 7];
/// Layers that a picture is found again from.
const INVERTED: [usize; 5] = [1, 3, 5, 7, 12];

/// The layer whose Gram matrices are drawn, and the side of one of their elements, in pixels.
const GRAM_LAYER: usize = 1;
const MAGNIFIED: usize = 4;

struct Studio {
    network: SqueezeNet,
    town: Array3<u8>,
    swirl: Array3<u8>,
    folder: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name the folder for the pictures")?);
    let weights = arguments.next().map_or(Ok(Weights::built_in()), |path| Weights::load(Path::new(&path)))?;
    let studio = Studio {
        network: SqueezeNet::new(weights),
        town: load("town", SIZE)?,
        swirl: load("swirl", SIZE)?,
        folder,
    };
    studio.save("style", &studio.swirl)?;
    studio.schedules()?;
    studio.grams()?;
    studio.sweep()?;
    studio.style_layers()?;
    studio.inversions()?;
    studio.presets()?;
    Ok(())
}

fn load(name: &str, size: usize) -> Result<Array3<u8>, Box<dyn Error>> {
    let assets = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets"));
    Ok(load_image(&assets.join(format!("{name}.jpg")), &LoadOptions::shorter_side(size))?)
}

impl Studio {
    /// One size and no jitter: the plain loop, as the chapters have it.
    fn builder(&self) -> StyleTransferBuilder<'_> {
        StyleTransfer::builder(&self.network).scales(1).jitter(0)
    }

    fn transfer(&self) -> StyleTransferBuilder<'_> {
        self.builder().content(&self.town).style(&self.swirl, 1.0)
    }

    fn paint(&self, name: &str, builder: StyleTransferBuilder<'_>) -> Result<(), Box<dyn Error>> {
        let Outcome { picture, .. } = builder.build()?.run()?;
        self.save(name, &picture)
    }

    fn save(&self, name: &str, picture: &Array3<u8>) -> Result<(), Box<dyn Error>> {
        let options = SaveOptions::default().with_quality(QUALITY);
        println!("{name}");
        Ok(save_image_with(&self.folder.join(format!("{name}.jpg")), picture.view(), &options)?)
    }

    /// What the notebook's schedule makes of the town in one step and in 200, and what the fast one does.
    fn schedules(&self) -> Result<(), Box<dyn Error>> {
        let weights = preset("starry")?.weights;
        let run = || self.transfer().loss_weights(&weights);
        self.save("schedule-start", &self.town)?;
        self.paint("schedule-one", run().schedule(Schedule::Notebook).iterations(1))?;
        self.paint("schedule-notebook", run().schedule(Schedule::Notebook))?;
        self.paint("schedule-fast", run().schedule(Schedule::Fast))
    }

    /// The Gram matrices of a layer: of the town, of the swirl, and of the one in the other's style.
    fn grams(&self) -> Result<(), Box<dyn Error>> {
        let result = self.transfer().build()?.run()?.picture;
        let pictures = [("town", &self.town), ("swirl", &self.swirl), ("result", &result)];
        let mut grams = Vec::new();
        for (_, picture) in pictures {
            let image = preprocess_image(picture.view());
            let features = self.network.extract_features(image.view(), GRAM_LAYER)?.swap_remove(GRAM_LAYER);
            let mut tape = Tape::<f32>::new();
            let features = tape.constant(&features);
            let gram = gram_matrix(&mut tape, features, true)?;
            tape.forward();
            grams.push(tape.value(gram)?.into_dimensionality::<Ix2>()?.to_owned());
        }
        // One scale for all three, and about the third root, since a few products are much larger than the rest.
        let largest = grams.iter().flatten().fold(0.0f32, |largest, &value| largest.max(value));
        for ((name, _), gram) in pictures.iter().zip(&grams) {
            let side = gram.nrows() * MAGNIFIED;
            let tone = |y: usize, x: usize| {
                (255.0 * (gram[[y / MAGNIFIED, x / MAGNIFIED]].max(0.0) / largest).powf(0.35)) as u8
            };
            let picture = Array3::from_shape_fn((side, side, 3), |(y, x, _)| tone(y, x));
            println!(
                "gram-{name}: distance from the swirl's {:.5}",
                (gram - &grams[1]).mapv(|d| d * d).sum()
            );
            std::fs::write(self.folder.join(format!("gram-{name}.png")), encode_png(picture.view())?)?;
        }
        Ok(())
    }

    /// Content and style against each other, and the total variation by itself.
    fn sweep(&self) -> Result<(), Box<dyn Error>> {
        let weights = self.own_weights();
        let run = |content: f64, style: f64, tv: f64| {
            let LossWeights { content_weight, tv_weight, .. } = weights;
            let run = self.transfer().loss_weights(&weights).content_weight(content * content_weight);
            run.style_strength(style).tv_weight(tv * tv_weight)
        };
        for (style, of_style) in FACTORS {
            for (content, of_content) in FACTORS {
                self.paint(
                    &format!("sweep-{of_style}-style-{of_content}-content"),
                    run(content, style, 1.0),
                )?;
            }
        }
        for (tv, of_tv) in TV_FACTORS {
            self.paint(&format!("sweep-{of_tv}-tv"), run(1.0, 1.0, tv))?;
        }
        Ok(())
    }

    /// What suits pictures of this size.
    fn own_weights(&self) -> LossWeights {
        let (height, width, _) = self.town.dim();
        LossWeights::for_area(height, width)
    }

    /// The style of each layer alone, weighted so that it counts as much as all four do.
    fn style_layers(&self) -> Result<(), Box<dyn Error>> {
        let all = self.own_weights();
        for layer in STYLE_LAYERS {
            let place =
                all.style_layers.iter().position(|&known| known == layer).ok_or("a layer of the style")?;
            let weight = 4.0 * all.style_weights[place];
            self.paint(&format!("style-layer-{layer}"), self.transfer().style_layers(&[(layer, weight)]))?;
        }
        Ok(())
    }

    /// The town, found again from noise by its features at one layer.
    fn inversions(&self) -> Result<(), Box<dyn Error>> {
        for layer in INVERTED {
            let inversion = self.builder().content(&self.town).content_layer(layer);
            self.paint(
                &format!("inversion-layer-{layer}"),
                inversion.style_layers(&[]).init(Init::Random { seed: 0 }).iterations(300),
            )?;
        }
        Ok(())
    }

    /// The notebook's five sets of parameters.
    fn presets(&self) -> Result<(), Box<dyn Error>> {
        for (name, style) in [
            ("composition", "geometry"),
            ("scream", "bands"),
            ("starry", "swirl"),
            ("inversion", ""),
            ("texture", "swirl"),
        ] {
            let preset = preset(name)?;
            let (content, style) = (
                load("town", preset.image_size)?,
                if style.is_empty() { None } else { Some(load(style, preset.style_size)?) },
            );
            let mut builder =
                self.builder().loss_weights(&preset.weights).schedule(preset.schedule).init(preset.init);
            if preset.weights.content_weight > 0.0 {
                builder = builder.content(&content);
            } else {
                builder = builder.canvas(content.dim().0, content.dim().1);
            }
            if let Some(style) = &style {
                builder = builder.style(style, 1.0);
            }
            self.paint(&format!("preset-{name}"), builder)?;
        }
        Ok(())
    }
}

fn preset(name: &str) -> Result<Preset, TransferError> {
    Ok(*Preset::find(name).expect("a preset of the notebook"))
}
