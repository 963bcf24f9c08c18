//! What the weights that ship with impasto are trained on. Its programs are examples of this package:
//!
//! ```sh
//! cargo run --release -p impasto-training --example draw -- classes.png    # a picture of each class
//! ```
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`drawing`] | pictures of 240 classes, drawn from seeds |
#![forbid(unsafe_code)]

pub mod drawing;
