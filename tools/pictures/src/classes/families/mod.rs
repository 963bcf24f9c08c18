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

use super::canvas::Canvas;
use super::class::{Class, FAMILIES};
use crate::random::Random;

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
