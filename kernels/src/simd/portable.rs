//! The same operations in plain Rust, for processors without a path of their own.
//!
//! `multiply_add` rounds twice: a fused one would be a library call where the hardware has none.

use super::{Kernel, Simd};

/// Vectors of `LANES` values as arrays; the compiler maps them to the baseline's registers.
#[derive(Clone, Copy)]
pub(crate) struct Portable<const LANES: usize>;

/// Runs `kernel` with the compiler's baseline instructions.
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    // SSE2 has 16 registers of 4 lanes: 4 x 2 accumulators leave room for products.
    kernel.run::<Portable<4>, 4, 2>(Portable)
}

/// Runs `kernel` with the register tile of AVX-512.
#[cfg(test)]
pub(crate) fn run_wide<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Portable<16>, 12, 2>(Portable)
}

impl<const LANES: usize> Simd for Portable<LANES> {
    type Vector = [f32; LANES];
    const LANES: usize = LANES;

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; LANES] {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load(self, source: *const f32) -> [f32; LANES] {
        // SAFETY: the caller vouches for LANES readable values and for the alignment of one, which is that of an array.
        unsafe { source.cast::<[f32; LANES]>().read() }
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32, value: [f32; LANES]) {
        // SAFETY: the caller vouches for LANES writable values and for the alignment of one, which is that of an array.
        unsafe { target.cast::<[f32; LANES]>().write(value) }
    }

    #[inline(always)]
    fn multiply_add(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = a[lane] * b[lane] + c[lane];
        }
        result
    }

    #[inline(always)]
    fn add(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = a[lane] + b[lane];
        }
        result
    }

    #[inline(always)]
    fn subtract(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = a[lane] - b[lane];
        }
        result
    }

    #[inline(always)]
    fn multiply(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = a[lane] * b[lane];
        }
        result
    }

    #[inline(always)]
    fn relu(self, value: [f32; LANES]) -> [f32; LANES] {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = if value[lane] > 0.0 { value[lane] } else { 0.0 };
        }
        result
    }

    #[inline(always)]
    fn select_greater(
        self,
        a: [f32; LANES],
        b: [f32; LANES],
        x: [f32; LANES],
        y: [f32; LANES],
    ) -> [f32; LANES] {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = if a[lane] > b[lane] { x[lane] } else { y[lane] };
        }
        result
    }

    #[inline(always)]
    fn zero_unless_equal(self, a: [f32; LANES], b: [f32; LANES], value: [f32; LANES]) -> [f32; LANES] {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = if a[lane] == b[lane] { value[lane] } else { 0.0 };
        }
        result
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> [f32; LANES] {
        // SAFETY: the caller vouches for LANES readable bytes; every address is aligned for an array of them.
        let bytes = unsafe { source.cast::<[u8; LANES]>().read() };
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = f32::from(bytes[lane]);
        }
        result
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, value: [f32; LANES]) {
        let mut bytes = [0; LANES];
        for lane in 0..LANES {
            bytes[lane] = value[lane] as u8;
        }
        // SAFETY: the caller vouches for LANES writable bytes; every address is aligned for an array of them.
        unsafe { target.cast::<[u8; LANES]>().write(bytes) }
    }
}
