//! The ways to draw: each family in a file of its own.

mod clouds;

use super::{canvas::Canvas, class::Class, random::Random};

/// Names of the families; class k belongs to family k modulo their number.
pub const FAMILIES: [&str; 1] = ["clouds"];

/// How each family covers a canvas.
pub(crate) const PAINTERS: [fn(&mut Canvas, &Class, &mut Random); FAMILIES.len()] = [clouds::paint];
