//! Dead leaves in the shape of polygons with three to five corners.

use super::leaves::{self, Leaf};
use crate::classes::{canvas::Canvas, class::Class, shapes::Polygon, trigonometry::direction};
use crate::random::Random;
use std::f32::consts::TAU;

/// Covers the canvas with polygons, all with the same number of corners.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    let corners = 3 + class.variant % 3;
    leaves::scatter(canvas, class, random, |leaf, random| polygon(&leaf, corners, class.roughness, random));
}

/// A polygon with its corners on the outline of an ellipse, and therefore convex.
fn polygon(leaf: &Leaf, corners: usize, roughness: f32, random: &mut Random) -> Polygon {
    let sector = TAU / corners as f32;
    let corners: Vec<_> = (0..corners)
        .map(|corner| {
            let [x, y] =
                direction((corner as f32 + 0.5 + 0.3 * roughness * random.between(-1.0, 1.0)) * sector);
            let (along, across) = (1.3 * leaf.radii[0] * x, 1.3 * leaf.radii[1] * y);
            [
                leaf.center[0] + along * leaf.axis[0] - across * leaf.axis[1],
                leaf.center[1] + along * leaf.axis[1] + across * leaf.axis[0],
            ]
        })
        .collect();
    Polygon::new(&corners)
}
