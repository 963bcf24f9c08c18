//! The pictures that crops are cut from, drawn once and kept as bytes.

use ndarray::Array3;
use rayon::prelude::*;

/// Square pictures of several classes, as many of each.
pub struct Canvases {
    size: usize,
    classes: usize,
    pixels: Vec<u8>,
}

impl Canvases {
    /// Draws `per_class` pictures (`size`, `size`, 3) of each class by `draw(class, instance)`, in parallel.
    ///
    /// # Panics
    /// If a picture has another shape, or there are none.
    pub fn draw(
        [classes, per_class, size]: [usize; 3],
        draw: impl Fn(usize, usize) -> Array3<u8> + Sync,
    ) -> Canvases {
        assert!(classes * per_class * size > 0, "there must be pictures");
        let mut pixels = vec![0; classes * per_class * size * size * 3];
        pixels.par_chunks_exact_mut(size * size * 3).enumerate().for_each(|(index, target)| {
            let picture = draw(index % classes, index / classes);
            assert_eq!(picture.dim(), (size, size, 3), "a picture is (size, size, 3)");
            target.iter_mut().zip(&picture).for_each(|(target, &level)| *target = level);
        });
        Canvases { size, classes, pixels }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pixels.len() / (self.size * self.size * 3)
    }

    /// Never: there are always some.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// The side of each, in pixels.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The class of picture `index`.
    pub fn class(&self, index: usize) -> usize {
        index % self.classes
    }

    /// The pixels of picture `index`: rows, columns, RGB.
    pub fn pixels(&self, index: usize) -> &[u8] {
        let len = self.size * self.size * 3;
        &self.pixels[index * len..][..len]
    }
}
