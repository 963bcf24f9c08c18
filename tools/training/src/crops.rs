//! A crop: a part of a picture, zoomed, turned, mirrored, in other light and with noise, so that no two are
//! alike and only what makes a class tells them apart.

use crate::canvases::Canvases;
use impasto::image::pixel_range;
use impasto_pictures::random::Random;

/// Side of the part that is cut out, as a part of the picture's side.
const ZOOM: [f32; 2] = [0.38, 0.75];
/// Deviation of the angle, in radians.
const TURN: f32 = 0.12;
/// The factor of each channel.
const GAIN: [f32; 2] = [0.75, 1.25];
/// The factor of all channels.
const BRIGHTNESS: [f32; 2] = [0.7, 1.3];
/// Deviation of the summand of each channel; a channel spans from 0 to 1.
const OFFSET: f32 = 0.08;
/// The largest deviation of the noise on each value.
const NOISE: f32 = 0.04;

/// Cuts a crop out of picture `index`: rows, columns, RGB in preprocessed units, as many as `target` has room
/// for. A crop that reaches beyond the picture repeats its border.
pub(crate) fn cut(
    canvases: &Canvases,
    index: usize,
    random: &mut Random,
    crop_size: usize,
    target: &mut [f32],
) {
    let place = Place::choose(canvases.size() as f32, random, crop_size);
    let light = Light::choose(random);
    let pixels = canvases.pixels(index);
    let center = (crop_size as f32 - 1.0) / 2.0;
    for (row, target) in target.chunks_exact_mut(crop_size * 3).enumerate() {
        for (column, target) in target.chunks_exact_mut(3).enumerate() {
            let (y, x) = place.source(row as f32 - center, column as f32 - center);
            let color = between_pixels(pixels, canvases.size(), y, x);
            for (channel, target) in target.iter_mut().enumerate() {
                *target = light.shine(channel, color[channel], random);
            }
        }
    }
}

/// Where a crop lies in its picture.
struct Place {
    center: [f32; 2],
    /// Pixels of the picture from one row of the crop to the next, and to the next column.
    down: [f32; 2],
    across: [f32; 2],
}

impl Place {
    fn choose(size: f32, random: &mut Random, crop_size: usize) -> Place {
        let side = size * random.between(ZOOM[0], ZOOM[1]);
        let center = [0, 1].map(|_| random.between(side / 2.0, size - side / 2.0) - 0.5);
        let (sin, cos) = (TURN * random.bell()).sin_cos();
        let step = side / crop_size as f32;
        let mirror = if random.below(2) == 0 { -1.0 } else { 1.0 };
        Place { center, down: [cos * step, sin * step], across: [-sin * step * mirror, cos * step * mirror] }
    }

    /// The place, row and column, that is so far from the center of the crop.
    fn source(&self, rows: f32, columns: f32) -> (f32, f32) {
        let along = |axis: usize| self.center[axis] + rows * self.down[axis] + columns * self.across[axis];
        (along(0), along(1))
    }
}

/// The color between four pixels, from 0 to 255.
fn between_pixels(pixels: &[u8], size: usize, y: f32, x: f32) -> [f32; 3] {
    let last = (size - 1) as f32;
    let (y, x) = (y.clamp(0.0, last), x.clamp(0.0, last));
    let (top, left) = (y as usize, x as usize);
    let (bottom, right) = ((top + 1).min(size - 1), (left + 1).min(size - 1));
    let (down, across) = (y - top as f32, x - left as f32);
    let pixel = |row: usize, column: usize| &pixels[(row * size + column) * 3..][..3];
    let (a, b) = (pixel(top, left), pixel(top, right));
    let (c, d) = (pixel(bottom, left), pixel(bottom, right));
    let mix = |from: f32, to: f32, part: f32| from + (to - from) * part;
    std::array::from_fn(|channel| {
        let above = mix(f32::from(a[channel]), f32::from(b[channel]), across);
        let below = mix(f32::from(c[channel]), f32::from(d[channel]), across);
        mix(above, below, down)
    })
}

/// The light that a picture is seen in.
struct Light {
    gain: [f32; 3],
    offset: [f32; 3],
    noise: f32,
    range: [[f32; 2]; 3],
}

impl Light {
    fn choose(random: &mut Random) -> Light {
        let brightness = random.between(BRIGHTNESS[0], BRIGHTNESS[1]);
        Light {
            gain: [0; 3].map(|_| brightness * random.between(GAIN[0], GAIN[1]) / 255.0),
            offset: [0; 3].map(|_| OFFSET * random.bell()),
            noise: random.between(0.0, NOISE),
            range: pixel_range(),
        }
    }

    /// A level from 0 to 255 in this light, in preprocessed units.
    fn shine(&self, channel: usize, level: f32, random: &mut Random) -> f32 {
        let value = level * self.gain[channel] + self.offset[channel] + self.noise * random.bell();
        let [black, white] = self.range[channel];
        black + (white - black) * value.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    fn canvases() -> Canvases {
        Canvases::draw([2, 1, 50], |class, _| {
            Array3::from_shape_fn(
                (50, 50, 3),
                |(y, x, c)| if class == 0 { 100 } else { (y + 2 * x + 60 * c) as u8 },
            )
        })
    }

    fn crop(index: usize, seed: u64) -> Vec<f32> {
        let mut crop = vec![f32::NAN; 24 * 24 * 3];
        cut(&canvases(), index, &mut Random::from_parts(&[seed]), 24, &mut crop);
        crop
    }

    #[test]
    fn a_crop_follows_from_its_seed() {
        assert_eq!(crop(1, 5), crop(1, 5));
        assert_ne!(crop(1, 5), crop(1, 6));
    }

    #[test]
    fn a_flat_picture_stays_flat_up_to_noise() {
        let crop = crop(0, 9);
        for channel in 0..3 {
            let values: Vec<f32> = crop.iter().skip(channel).step_by(3).copied().collect();
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let [black, white] = pixel_range()[channel];
            assert!(values.iter().all(|value| (value - mean).abs() <= 3.6 * NOISE * (white - black)));
            assert!(mean > black && mean < white, "the light is bright enough: {mean}");
        }
    }

    #[test]
    fn places_between_pixels_are_mixed_and_the_border_repeats() {
        let pixels: Vec<u8> = [0, 100, 40, 240].into_iter().flat_map(|level| [level; 3]).collect();
        for (y, x, expected) in [
            (0.0, 0.0, 0.0),
            (0.0, 0.25, 25.0),
            (0.5, 0.0, 20.0),
            (0.5, 0.5, 95.0),
            (9.0, 9.0, 240.0),
            (-3.0, 1.0, 100.0),
        ] {
            assert_eq!(between_pixels(&pixels, 2, y, x), [expected; 3], "at {y}, {x}");
        }
    }
}
