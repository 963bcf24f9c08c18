//! A town on a river to repaint, and three paintings to repaint it after, each from a fixed seed.

mod bands;
mod brush;
mod canvas;
mod geometry;
mod noise;
mod palette;
mod swirl;
mod town;

use ndarray::Array3;

/// A picture of the project.
pub struct Painting {
    /// Its file in `assets`.
    pub file_name: &'static str,
    /// Draws it, (H, W, 3), with this many pixels per unit.
    pub draw: fn(f32) -> Array3<u8>,
}

/// All four, the town first.
pub const PAINTINGS: [Painting; 4] = [
    Painting { file_name: "town.jpg", draw: town::draw },
    Painting { file_name: "swirl.jpg", draw: swirl::draw },
    Painting { file_name: "geometry.jpg", draw: geometry::draw },
    Painting { file_name: "bands.jpg", draw: bands::draw },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Small enough for a test, large enough to hold every part of the pictures.
    const SCALE: f32 = 0.15;

    #[test]
    fn drawing_is_deterministic() {
        for Painting { file_name: name, draw } in PAINTINGS {
            assert!(draw(SCALE) == draw(SCALE), "{name} differs from itself");
        }
    }

    #[test]
    fn no_picture_is_flat() {
        for Painting { file_name: name, draw } in PAINTINGS {
            let picture = draw(SCALE).mapv(f32::from);
            // Every ninth of each picture, in every channel.
            for block in picture.exact_chunks((picture.dim().0 / 3, picture.dim().1 / 3, 1)) {
                assert!(block.std(0.0) > 4.0, "{name} is flat somewhere: {}", block.std(0.0));
            }
        }
    }
}
