//! The gradient with respect to the image. With a stride of 1 it is a convolution of the output's gradient with the
//! flipped filters; with any other, the products are added where their windows lay.

pub(super) mod any_stride;
pub(super) mod unit_stride;
