//! A sequence of pictures: a camera pans over the town while a balloon drifts the other way, in front of it.

use crate::paintings::PAINTINGS;
use ndarray::{Array3, Axis};

/// The part of the town's height that the camera sees.
const SEEN: f32 = 0.8;

/// How far the camera moves per frame, in heights of a picture.
const PAN: f32 = 0.011;

/// The balloon's way per frame across the picture and upward, in heights of it.
const DRIFT: [f32; 2] = [-0.017, -0.006];

/// Its radius, and where it is at first, in the same unit: from the left, from the top.
const RADIUS: f32 = 0.13;
const AT_FIRST: [f32; 2] = [0.86, 0.42];

/// The first `count` frames, each (`height`, 4/3 of it, 3).
pub fn draw(count: usize, height: usize) -> Vec<Array3<u8>> {
    let unit = PAINTINGS[0].draw;
    let full = unit(1.0).dim().0 as f32;
    let town = unit(height as f32 / (SEEN * full));
    (0..count).map(|number| frame(&town, number as f32, height)).collect()
}

fn frame(town: &Array3<u8>, number: f32, height: usize) -> Array3<u8> {
    let unit = height as f32;
    let width = height * 4 / 3;
    let (town_height, town_width, _) = town.dim();
    let top = (town_height as f32 - unit) / 2.0;
    let left = (PAN * unit * number).min((town_width - width) as f32);
    let center = [(AT_FIRST[0] + DRIFT[0] * number) * unit, (AT_FIRST[1] + DRIFT[1] * number) * unit];
    let mut picture = Array3::zeros((height, width, 3));
    for ((y, x, channel), out) in picture.indexed_iter_mut() {
        let behind = sample(town, y as f32 + top, x as f32 + left, channel);
        // From the balloon's center, in radii.
        let place = [x as f32 - center[0], y as f32 - center[1]].map(|way| way / (RADIUS * unit));
        let far = place[0].hypot(place[1]);
        // Its edge is a pixel wide.
        let covered = ((1.0 - far) * RADIUS * unit + 0.5).clamp(0.0, 1.0);
        *out = (behind + covered * (balloon(place)[channel] - behind)).round() as u8;
    }
    picture
}

/// The balloon's color at a place on it: gores of red and cream, darker on the right and below.
fn balloon([x, y]: [f32; 2]) -> [f32; 3] {
    let round = (1.0 - y * y).max(0.02).sqrt();
    let gore = ((x / round).clamp(-1.0, 1.0).asin() * 8.0 / std::f32::consts::PI + 16.5).floor();
    let color = if gore % 2.0 == 0.0 { [196.0, 52.0, 40.0] } else { [240.0, 222.0, 178.0] };
    let light = 0.92 - 0.22 * x - 0.18 * y;
    color.map(|level| (level * light).clamp(0.0, 255.0))
}

/// A picture between its pixels.
fn sample(picture: &Array3<u8>, y: f32, x: f32, channel: usize) -> f32 {
    let [height, width] = [picture.len_of(Axis(0)), picture.len_of(Axis(1))];
    let near = |place: f32, length: usize| {
        let place = place.clamp(0.0, (length - 1) as f32);
        (place as usize, (place as usize + 1).min(length - 1), place.fract())
    };
    let ((top, bottom, down), (left, right, along)) = (near(y, height), near(x, width));
    let at = |y: usize, x: usize| f32::from(picture[[y, x, channel]]);
    let line = |y: usize| at(y, left) + along * (at(y, right) - at(y, left));
    line(top) + down * (line(bottom) - line(top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_each_other() {
        let frames = draw(3, 60);
        assert!(frames.iter().all(|frame| frame.dim() == (60, 80, 3)));
        let distance = |a: &Array3<u8>, b: &Array3<u8>| {
            a.iter().zip(b).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum::<u64>()
        };
        let (near, far) = (distance(&frames[0], &frames[1]), distance(&frames[0], &frames[2]));
        assert!(near > 0 && near < far, "{near} {far}");
    }
}
