//! How fast impasto is, and how close to what this machine can do: whole iterations, and every kernel at the shapes
//! that SqueezeNet gives it. Everything runs on made-up pictures and weights, since time does not depend on them.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`iteration`] | the production loop, iteration by iteration |
//! | [`scaling`] | how far more threads would help |
//! | [`machines`] | how far more machines would help with one picture |
//! | [`kernels`] | each kernel beside this machine's roofs, its plain reference and the classical way |
//! | `cases` | which kernels there are at which shapes, and what work each does |
//! | `routines` | a case as a closure that owns its operands |
//! | `input` | pictures and weights from a fixed seed |
//! | `clock` | repeated measurements and their median |

mod cases;
mod clock;
mod input;
pub mod iteration;
pub mod kernels;
pub mod machines;
mod routines;
pub mod scaling;

pub use cases::{Case, Pass, cases};
pub use routines::{Implementation, Routine};

/// Shorter sides, in pixels, of the pictures that are measured unless others are asked for: the notebook's, and the
/// command line's.
pub const SIZES: [usize; 2] = [192, 512];

/// Height and width of the picture with this shorter side, in pixels: four to three, as from a camera.
///
/// ```
/// assert_eq!(impasto::bench::dimensions(192), (192, 256));
/// ```
pub fn dimensions(size: usize) -> (usize, usize) {
    (size, size.saturating_mul(4) / 3)
}
