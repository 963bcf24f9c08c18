//! Convolution, pooling, Gram-matrix and element-wise kernels: a plain reference and a SIMD, multi-threaded version of each.
