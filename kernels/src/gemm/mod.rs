//! Matrix products, on which convolutions and Gram matrices rest: `C <- A B` for a packed `B` ([`nn`]) and `C <- A^T B`
//! for the sums over positions of gradients and Gram matrices ([`tn`]), both over one register tile, the
//! [`micro_kernel`]. In the terms of the BLIS papers (Van Zee and van de Geijn 2015): [`packed`] is the packing of `B` into
//! panels of NR columns, [`nn`]'s two loops are the second and the first around the micro-kernel, which computes MR x NR
//! values; the loops outside of these are cuts of work among threads (`memory::parallel`).

pub(crate) mod micro_kernel;
pub(crate) mod nn;
pub(crate) mod packed;
pub(crate) mod tn;
