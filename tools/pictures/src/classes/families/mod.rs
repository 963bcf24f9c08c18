//! The ways to draw: each family in a file of its own.

mod cells;
mod clouds;
mod ellipses;
mod leaves;
mod overpaint;
mod polygons;
mod scene;
mod strokes;
mod waves;

use super::{canvas::Canvas, class::Class};
use crate::random::Random;

/// Names of the families; class k belongs to family k modulo their number.
pub const FAMILIES: [&str; 8] =
    ["clouds", "ellipses", "polygons", "strokes", "overpaint", "waves", "cells", "scene"];

/// How each family covers a canvas.
pub(crate) const PAINTERS: [fn(&mut Canvas, &Class, &mut Random); FAMILIES.len()] = [
    clouds::paint,
    ellipses::paint,
    polygons::paint,
    strokes::paint,
    overpaint::paint,
    waves::paint,
    cells::paint,
    scene::paint,
];
