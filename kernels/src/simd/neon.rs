//! aarch64's Advanced SIMD: 4 lanes, 32 registers. Every aarch64 processor has it.

use super::{Kernel, Simd};
use std::arch::aarch64::*;

/// Advanced SIMD is part of the architecture's baseline, so this token needs no detection.
#[derive(Clone, Copy)]
pub(crate) struct Neon;

/// Runs `kernel` compiled for Advanced SIMD.
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    // 6 x 4 accumulators, 4 vectors of the right operand, 1 broadcast: 29 of 32 registers.
    kernel.run::<Neon, 6, 4>(Neon)
}

impl Simd for Neon {
    type Vector = float32x4_t;
    const LANES: usize = 4;

    #[inline(always)]
    fn splat(self, value: f32) -> float32x4_t {
        // SAFETY: Advanced SIMD is always there on aarch64.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load(self, source: *const f32) -> float32x4_t {
        // SAFETY: the caller vouches for 4 readable values.
        unsafe { vld1q_f32(source) }
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32, value: float32x4_t) {
        // SAFETY: the caller vouches for 4 writable values.
        unsafe { vst1q_f32(target, value) }
    }

    #[inline(always)]
    fn multiply_add(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD is always there on aarch64.
        unsafe { vfmaq_f32(c, a, b) }
    }

    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD is always there on aarch64.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    fn subtract(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD is always there on aarch64.
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    fn multiply(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD is always there on aarch64.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    fn relu(self, value: float32x4_t) -> float32x4_t {
        self.relu_output(value, value)
    }

    #[inline(always)]
    fn select_greater(self, a: float32x4_t, b: float32x4_t, x: float32x4_t, y: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD is always there on aarch64.
        unsafe { vbslq_f32(vcgtq_f32(a, b), x, y) }
    }

    #[inline(always)]
    fn zero_unless_equal(self, a: float32x4_t, b: float32x4_t, value: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD is always there on aarch64.
        unsafe { vreinterpretq_f32_u32(vandq_u32(vceqq_f32(a, b), vreinterpretq_u32_f32(value))) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> float32x4_t {
        // SAFETY: Advanced SIMD is always there on aarch64; the caller vouches for 4 readable bytes.
        unsafe {
            let bytes = vreinterpret_u8_u32(vdup_n_u32(source.cast::<u32>().read_unaligned()));
            vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))))
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, value: float32x4_t) {
        // SAFETY: Advanced SIMD is always there on aarch64; the caller vouches for 4 writable bytes.
        unsafe {
            let words = vmovn_u32(vcvtq_u32_f32(value));
            let bytes = vmovn_u16(vcombine_u16(words, words));
            target.cast::<u32>().write_unaligned(vget_lane_u32::<0>(vreinterpret_u32_u8(bytes)));
        }
    }
}
