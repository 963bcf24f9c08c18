//! Every picture of the project, drawn by code: nothing here was photographed or taken from anyone.
//!
//! ```sh
//! cargo run --release -p impasto-pictures --example draw_pictures -- assets       # a town, and three paintings
//! cargo run --release -p impasto-pictures --example draw_frames -- frames         # a pan over the town
//! cargo run --release -p impasto-pictures --example draw_classes -- classes.png   # a picture of each class
//! ```
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`classes`] | 240 classes of drawings that teach a network, the same bytes on every machine |
//! | [`frames`] | a sequence of pictures, as of a video |
//! | [`paintings`] | the town and the paintings of the README and the demo, at any size |
//!
//! Classes and paintings share colors and noise. Each has a canvas and a brush of its own: drawings for training count in pixels and
//! use operations that every machine rounds alike; paintings count in units, and give paint a relief that light falls on.
#![forbid(unsafe_code)]

pub mod classes;
pub mod frames;
mod noise;
pub mod paintings;
pub mod random;
mod rgb;
