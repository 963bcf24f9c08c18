//! SqueezeNet 1.1 on impasto-autodiff: architecture, weights from .npz and .npy, feature extraction.
#![forbid(unsafe_code)]

pub mod architecture;
pub mod weights;
