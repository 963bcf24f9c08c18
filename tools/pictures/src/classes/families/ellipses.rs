//! Dead leaves in the shape of ellipses.

use super::leaves;
use crate::classes::{canvas::Canvas, class::Class, shapes::Ellipse};
use crate::random::Random;

/// Covers the canvas with ellipses.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    leaves::scatter(canvas, class, random, |leaf, _| Ellipse {
        center: leaf.center,
        radii: leaf.radii,
        axis: leaf.axis,
    });
}
