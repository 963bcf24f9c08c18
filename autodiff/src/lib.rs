//! Tape-based reverse-mode automatic differentiation over ndarray: record once, replay many times.
#![forbid(unsafe_code)]
