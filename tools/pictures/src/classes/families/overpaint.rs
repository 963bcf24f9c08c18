//! A picture painted over with strokes along a flow, each in the color that it finds under it.

use super::{cells, clouds, ellipses, scene, strokes::cover};
use crate::classes::{canvas::Canvas, class::Class, flow::Flow};
use crate::random::Random;

/// What is painted over.
const UNDER: [fn(&mut Canvas, &Class, &mut Random); 4] =
    [scene::paint, ellipses::paint, clouds::paint, cells::paint];

/// Covers the canvas with a picture, and the picture with strokes.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    if canvas.size() == 0 {
        return;
    }
    // Coarser than the strokes, or they would leave nothing of it.
    let coarse = Class { scale: 2.5 * class.scale, ..class.clone() };
    UNDER[class.variant % UNDER.len()](canvas, &coarse, random);
    let under = canvas.clone();
    let flow = Flow::new(class, random);
    for width in [1.4 * class.scale, 0.75 * class.scale] {
        cover(canvas, class, &flow, width, random, |place, random| {
            under.color_at(place).jittered(0.03 + 0.08 * class.jitter, random)
        });
    }
}
