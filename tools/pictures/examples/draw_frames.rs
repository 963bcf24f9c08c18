//! Draws a sequence of pictures, as frames of a video: a pan over the town, with a balloon in front of it.

use clap::Parser;
use impasto::image::save_image;
use impasto_pictures::frames;
use std::error::Error;
use std::path::PathBuf;

/// Draw the frames of a pan over the town as 001.png, 002.png, ...
#[derive(Parser)]
struct Arguments {
    /// The folder to write to; it is created
    folder: PathBuf,
    /// How many frames
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=30))]
    count: u64,
    /// Height of each, in pixels
    #[arg(long, default_value_t = 384, value_parser = clap::value_parser!(u64).range(32..=1080))]
    height: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { folder, count, height } = Arguments::parse();
    std::fs::create_dir_all(&folder)?;
    for (index, frame) in frames::draw(count as usize, height as usize).iter().enumerate() {
        let path = folder.join(format!("{:03}.png", index + 1));
        save_image(&path, frame.view())?;
        println!("{}", path.display());
    }
    Ok(())
}
