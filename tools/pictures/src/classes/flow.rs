//! A smooth field of directions, and the paths along it.

use super::canvas::Point;
use super::class::Class;
use super::trigonometry::direction;
use crate::noise::noise;
use crate::random::Random;

/// Pixels over which the field turns.
const WAVELENGTH: f32 = 70.0;

/// Directions around the orientation of a class.
pub(crate) struct Flow {
    angle: f32,
    spread: f32,
    seed: u32,
}

impl Flow {
    /// A field with the orientation and the spread of a class.
    pub(crate) fn new(class: &Class, random: &mut Random) -> Flow {
        // Instances of a class differ a little in their orientation too.
        let angle = class.angle + 0.3 * class.spread * random.bell();
        Flow { angle, spread: class.spread, seed: random.seed() }
    }

    /// The unit vector at a place.
    pub(crate) fn direction(&self, [x, y]: Point) -> Point {
        direction(self.angle + 1.5 * self.spread * noise([x / WAVELENGTH, y / WAVELENGTH], self.seed))
    }

    /// A path through `start`, about `length` pixels long, in steps of `step`.
    pub(crate) fn follow(&self, start: Point, length: f32, step: f32) -> Vec<Point> {
        let steps = (length / 2.0 / step).ceil() as usize;
        let walk = |step: f32| {
            let mut place = start;
            (0..steps).map(move |_| {
                let [x, y] = self.direction(place);
                place = [place[0] + x * step, place[1] + y * step];
                place
            })
        };
        let mut path: Vec<Point> = walk(-step).collect();
        path.reverse();
        path.push(start);
        path.extend(walk(step));
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_pass_through_their_start_at_even_steps() {
        let flow = Flow::new(&Class::new(0, 0), &mut Random::from_parts(&[1]));
        let path = flow.follow([40.0, 50.0], 30.0, 3.0);
        assert_eq!(path.len(), 11);
        assert_eq!(path[5], [40.0, 50.0]);
        for side in path.windows(2) {
            let (x, y) = (side[1][0] - side[0][0], side[1][1] - side[0][1]);
            assert!(((x * x + y * y).sqrt() - 3.0).abs() < 1e-3);
        }
    }
}
