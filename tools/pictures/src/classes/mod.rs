//! Pictures that teach a network edges, textures, colors and strokes: 240 classes, each a family of drawings with
//! settings of its own. They are drawn from seeds alone, so that training needs no data set.
//!
//! Every number is computed with operations that IEEE 754 rounds exactly, never with the platform's mathematical
//! library: the same arguments give the same bytes on every machine.

mod brush;
mod canvas;
mod class;
mod families;
mod flow;
mod palette;
mod shapes;
mod trigonometry;

use crate::noise::fractal;
use crate::random::Random;
use canvas::Canvas;
use class::Class;
use families::PAINTERS;
use ndarray::Array3;

pub use class::FAMILIES;

/// The number of classes.
pub const CLASSES: usize = 240;

/// One picture (`size`, `size`, 3) of a class, RGB.
///
/// `class` belongs to family `class % FAMILIES.len()`. Its settings (palette, orientation, scale and so on) follow from
/// `class` and `seed`; `instance` tells the pictures of one class apart. Lengths are in pixels: a larger `size` shows
/// more of the same, and takes memory and time in proportion to its square. Numbers from [`CLASSES`] on are drawn as
/// well, as classes that training leaves out: no number is wrong.
///
/// ```
/// use impasto_pictures::classes::{CLASSES, draw};
///
/// // Picture 5 of class 17, 64x64 pixels: the same bytes for the same seed, on every machine.
/// let picture = draw(17, 5, 0, 64);
/// assert_eq!(picture, draw(17, 5, 0, 64));
/// assert_ne!(picture, draw(18, 5, 0, 64)); // one of 240 classes
/// assert_eq!(CLASSES, 240);
/// ```
pub fn draw(class: usize, instance: u64, seed: u64, size: usize) -> Array3<u8> {
    let settings = Class::new(class, seed);
    let mut random = Random::from_parts(&[seed, class as u64, instance]);
    let mut canvas = Canvas::new(size, settings.palette.ground());
    PAINTERS[settings.family](&mut canvas, &settings, &mut random);
    if settings.clouded {
        cloud(&mut canvas, &mut random);
    }
    canvas.finish()
}

/// Multiplies the picture by soft noise, as if the light on it were uneven.
fn cloud(canvas: &mut Canvas, random: &mut Random) {
    const DEPTH: f32 = 0.5;
    let (seed, width) = (random.seed(), random.between(12.0, 50.0));
    canvas.map(|[x, y], color| color.lit(1.0 + DEPTH * fractal([x / width, y / width], 3, 0.5, seed)));
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 48;

    #[test]
    fn drawing_is_deterministic() {
        for class in 0..2 * FAMILIES.len() {
            assert_eq!(draw(class, 3, 7, SIZE), draw(class, 3, 7, SIZE), "class {class} differs from itself");
        }
    }

    /// What is trained on must not change unnoticed, from version to version or from machine to machine.
    #[test]
    fn pictures_are_the_same_everywhere() {
        let checksums: Vec<u32> =
            (0..FAMILIES.len()).map(|class| checksum(&draw(class, 1, 2, SIZE))).collect();
        let expected = [
            0xc92f_b751,
            0x8ce6_e298,
            0x0619_bae0,
            0x4014_b99b,
            0x60c5_61ec,
            0x51d9_a804,
            0x66a9_dcce,
            0x4130_197a,
        ];
        assert_eq!(checksums, expected, "one for each of {FAMILIES:?}");
    }

    /// FNV-1a.
    fn checksum(picture: &Array3<u8>) -> u32 {
        picture.iter().fold(0x811c_9dc5, |sum, &byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }

    #[test]
    fn class_instance_and_seed_each_change_the_picture() {
        for class in 0..FAMILIES.len() {
            let picture = draw(class, 3, 7, SIZE);
            assert_ne!(picture, draw(class + FAMILIES.len(), 3, 7, SIZE), "another class like {class}");
            assert_ne!(picture, draw(class, 4, 7, SIZE), "another instance of class {class}");
            assert_ne!(picture, draw(class, 3, 8, SIZE), "another seed for class {class}");
        }
    }

    #[test]
    fn no_class_is_flat() {
        for class in 0..CLASSES {
            let deviation = draw(class, 0, 0, 96).mapv(f32::from).std(0.0);
            assert!(deviation > 10.0, "class {class} is flat: {deviation}");
        }
    }

    #[test]
    fn every_size_is_drawn() {
        for class in 0..FAMILIES.len() {
            for size in [0, 1, 16, 33, 256] {
                assert_eq!(draw(class, 0, 0, size).dim(), (size, size, 3));
            }
        }
    }
}
