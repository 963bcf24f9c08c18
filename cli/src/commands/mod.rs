//! The subcommands, one file or folder each.

pub(crate) mod batch;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod invert;
pub(crate) mod man;
pub(crate) mod rerun;
pub(crate) mod texture;
pub(crate) mod transfer;
pub(crate) mod weights;
