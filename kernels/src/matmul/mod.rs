//! The plain matrix product, done by the `matrixmultiply` crate.

#[cfg(test)]
mod agreement;

use crate::options::Accumulate;
use crate::shape::checked_len;

/// A matrix in memory, read as it lies or transposed.
#[derive(Clone, Copy)]
pub struct Operand<'a, T> {
    /// Values, row by row.
    pub values: &'a [T],
    /// Whether rows and columns are exchanged when it is read.
    pub transposed: bool,
}

/// `c (+)= a * b`, where a is (m, k), b is (k, n) and c is (m, n), all after transposition.
///
/// ```
/// use impasto_kernels::{Operand, matmul};
/// use impasto_kernels::Accumulate;
///
/// let a = Operand { values: &[1.0, 2.0], transposed: false }; // (1, 2)
/// let b = Operand { values: &[3.0, 4.0], transposed: true }; // (1, 2), read as (2, 1)
/// let mut c = [100.0];
/// matmul([1, 2, 1], a, b, Accumulate::Add, &mut c);
/// assert_eq!(c, [111.0]);
/// ```
///
/// # Panics
/// If a length does not fit `[m, k, n]`, or one of these is larger than a slice can be long.
pub fn matmul<T: Gemm>(
    [m, k, n]: [usize; 3],
    a: Operand<'_, T>,
    b: Operand<'_, T>,
    accumulate: Accumulate,
    c: &mut [T],
) {
    // All that the unsafe code below relies on. Products that wrap would fit slices that are too short.
    assert_eq!(Some(a.values.len()), checked_len(&[m, k]), "a is (m, k)");
    assert_eq!(Some(b.values.len()), checked_len(&[k, n]), "b is (k, n)");
    assert_eq!(Some(c.len()), checked_len(&[m, n]), "c is (m, n)");
    if c.is_empty() {
        return;
    }
    // Row and column strides of a row-major (rows, columns) matrix, before or after transposition.
    let strides = |transposed: bool, rows: usize, columns: usize| {
        if transposed { (1, rows as isize) } else { (columns as isize, 1) }
    };
    // SAFETY: the strides describe exactly the matrices whose lengths were checked above, without wrapping; no size is
    // larger than `isize::MAX`, so the strides are what they were as `usize`; c is borrowed exclusively.
    unsafe {
        T::gemm(
            [m, k, n],
            (a.values.as_ptr(), strides(a.transposed, m, k)),
            (b.values.as_ptr(), strides(b.transposed, k, n)),
            accumulate,
            (c.as_mut_ptr(), (n as isize, 1)),
        );
    }
}

/// Element types that `matrixmultiply` knows.
pub trait Gemm: Copy {
    /// `c (+)= a * b`; each matrix is a pointer with its row and column strides.
    ///
    /// # Safety
    /// The pointers are valid for the sizes and strides given, and `c` overlaps neither operand.
    unsafe fn gemm(
        sizes: [usize; 3],
        a: (*const Self, (isize, isize)),
        b: (*const Self, (isize, isize)),
        accumulate: Accumulate,
        c: (*mut Self, (isize, isize)),
    );
}

macro_rules! gemm {
    ($type:ty, $function:path) => {
        impl Gemm for $type {
            unsafe fn gemm(
                [m, k, n]: [usize; 3],
                (a, (a_row, a_column)): (*const $type, (isize, isize)),
                (b, (b_row, b_column)): (*const $type, (isize, isize)),
                accumulate: Accumulate,
                (c, (c_row, c_column)): (*mut $type, (isize, isize)),
            ) {
                let beta = if accumulate == Accumulate::Add { 1.0 } else { 0.0 };
                // SAFETY: passed on to the caller.
                unsafe {
                    $function(m, k, n, 1.0, a, a_row, a_column, b, b_row, b_column, beta, c, c_row, c_column);
                }
            }
        }
    };
}

gemm!(f32, matrixmultiply::sgemm);
gemm!(f64, matrixmultiply::dgemm);
