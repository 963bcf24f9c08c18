//! Matrix products, on which convolutions and Gram matrices rest: `C <- A B` for a packed `B` ([`nn`]) and `C <- A^T B`
//! for the sums over positions of gradients and Gram matrices ([`tn`]), both over one register tile, the
//! [`micro_kernel`]. In the terms of the BLIS papers (Van Zee and van de Geijn 2015): [`packed`] is the packing of `B` into
//! panels of NR columns, [`nn`]'s loops are the third and the second around the micro-kernel, which is the first and MR x
//! NR registers wide; the loops outside of these are cuts of work among threads (`memory::parallel`).

pub(crate) mod micro_kernel;
pub(crate) mod nn;
pub(crate) mod packed;
pub(crate) mod tn;
