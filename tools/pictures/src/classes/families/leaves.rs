//! Dead leaves: shapes of many sizes that fall on one another until nothing else is seen. What shape they have is told
//! by the families that use this.

use crate::classes::canvas::{Canvas, Point, Shape};
use crate::classes::{class::Class, flow::Flow};
use crate::noise::fractal;
use crate::random::Random;
use std::f32::consts::PI;

/// One leaf, before it has a shape.
pub(super) struct Leaf {
    pub(super) center: Point,
    /// Half its length and half its width.
    pub(super) radii: Point,
    /// The unit vector along its length.
    pub(super) axis: Point,
}

/// How leaves are colored.
#[derive(Clone, Copy)]
enum Surface {
    Flat,
    /// Lighter on one side.
    Graded,
    /// Dark towards the edge, as if they were thick.
    Round,
    /// Uneven.
    Mottled,
}

const SURFACES: [Surface; 4] = [Surface::Flat, Surface::Graded, Surface::Round, Surface::Mottled];

/// Lets leaves fall until they have covered the canvas several times.
pub(super) fn scatter<S: Shape>(
    canvas: &mut Canvas,
    class: &Class,
    random: &mut Random,
    shape: impl Fn(Leaf, &mut Random) -> S,
) {
    const LAYERS: f32 = 4.0;
    let (smallest, largest) = (0.45 * class.scale, 2.6 * class.scale);
    let flow = Flow::new(class, random);
    let side = canvas.size() as f32 + 2.0 * largest;
    // In f64: on a large canvas a small leaf would be lost in rounding, and the loop would not end.
    let mut left = f64::from(LAYERS) * f64::from(side) * f64::from(side);
    while left > 0.0 {
        let radius = power_law(smallest, largest, random);
        let stretch = class.anisotropy.sqrt() * random.between(0.8, 1.25);
        let center = canvas.anywhere(largest, random);
        let leaf = Leaf { center, radii: [radius * stretch, radius / stretch], axis: flow.direction(center) };
        left -= f64::from(PI * radius * radius);
        lay(canvas, class, &shape(leaf, random), center, random);
    }
}

/// A radius whose density falls with its cube, so that leaves of all sizes cover alike.
fn power_law(smallest: f32, largest: f32, random: &mut Random) -> f32 {
    let ratio = smallest / largest;
    smallest / (1.0 - random.unit() * (1.0 - ratio * ratio)).sqrt()
}

/// Lays one leaf over what is there.
fn lay(canvas: &mut Canvas, class: &Class, shape: &impl Shape, center: Point, random: &mut Random) {
    let color = class.color(random);
    let seed = random.seed();
    let [low, high] = shape.bounds();
    let width = (high[0] - low[0]).max(1.0);
    let depth = 0.25 + 0.5 * class.roughness;
    let light = |place: Point| match SURFACES[class.variant % SURFACES.len()] {
        Surface::Flat => 0.0,
        Surface::Graded => (place[0] - center[0] + place[1] - center[1]) / width,
        Surface::Round => (-3.0 * shape.distance(place) / width).min(1.0) - 0.4,
        Surface::Mottled => 0.6 * fractal(place.map(|place| place / (0.6 * class.scale)), 3, 0.6, seed),
    };
    canvas.fill(shape, |place| color.lit(1.0 + depth * light(place)));
}
