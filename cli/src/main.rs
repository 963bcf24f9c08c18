//! The `impasto` command.
#![forbid(unsafe_code)]

fn main() {}
