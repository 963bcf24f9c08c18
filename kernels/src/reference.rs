//! Every kernel as plain loops, generic over f32 and f64: the text to read first, and the oracle
//! that each fast kernel is tested against. Nothing here is fast.
//!
//! Tensors are contiguous slices in NHWC order, weights in (KH, KW, Cin, Cout) order. In formulas `sy` and `sx` are the
//! stride, `top` and `left` the padding before the image; (N, OH, OW, Cout) is the shape of a convolution's output and
//! of `d_out`. All lengths are checked first, as in
//! the fast kernels. ReLU turns NaN into zero and passes no gradient there.

pub use crate::convolution::reference::{
    convolution, convolution_bias_gradient, convolution_input_gradient, convolution_weight_gradient,
};
pub use crate::elementwise::reference::{
    adam, clamp, relu, relu_gradient, squared_difference, squared_difference_gradient, total_variation,
    total_variation_gradient,
};
pub use crate::gram::reference::{gram, gram_gradient};
pub use crate::normalize::reference::{moments, moments_gradient, normalize, normalize_gradient};
pub use crate::pool::reference::{max_pool, max_pool_gradient};
