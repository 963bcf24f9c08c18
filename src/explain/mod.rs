//! How a gradient travels, shown twice: [`StyleTransfer::explain`](crate::StyleTransfer::explain)
//! takes a session's tape apart, node by node, with its numbers;
//! [`by_hand`] works each loss and its gradient out on paper, on an input of a few numbers.

pub mod by_hand;
mod tape;

pub use tape::{
    Explanation, GRID, NodePictures, NodeReport, PixelGradient, Role, Summand, Totals, gradient_picture,
};
