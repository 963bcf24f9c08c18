//! AVX-512 F, with AVX2 and FMA: 16 lanes, 32 registers.

use super::{Kernel, Simd};
use std::arch::x86_64::*;

/// Proof that the processor has AVX-512 F, AVX2 and FMA. No processor has the first without the others, but a
/// hypervisor may hide them.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma");
        has_all.then_some(Avx512(()))
    }
}

/// Runs `kernel` compiled for AVX-512 F, AVX2 and FMA.
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    let simd = Avx512::detect().expect("the processor has AVX-512 F, AVX2 and FMA");
    // SAFETY: the token proves that the processor has the three features that `compiled` enables.
    unsafe { compiled(simd, kernel) }
}

/// The function that a profile shows: `avx512::compiled::<gemm::nn::Product>` for a product.
#[target_feature(enable = "avx512f,avx2,fma")]
fn compiled<K: Kernel>(simd: Avx512, kernel: K) -> K::Output {
    // 12 x 2 accumulators, 2 vectors of the right operand, broadcasts from memory: 27 of 32 registers.
    kernel.run::<Avx512, 12, 2>(simd)
}

impl Simd for Avx512 {
    type Vector = __m512;
    const LANES: usize = 16;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, source: *const f32) -> __m512 {
        // SAFETY: the token proves AVX-512 F; the caller vouches for 16 readable values.
        unsafe { _mm512_loadu_ps(source) }
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32, value: __m512) {
        // SAFETY: the token proves AVX-512 F; the caller vouches for 16 writable values.
        unsafe { _mm512_storeu_ps(target, value) }
    }

    #[inline(always)]
    fn prefetch(self, address: *const f32) {
        // SAFETY: the token proves a processor with SSE, and a prefetch touches nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn subtract(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn multiply(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn relu(self, value: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_max_ps(value, _mm512_setzero_ps()) }
    }

    #[inline(always)]
    fn select_greater(self, a: __m512, b: __m512, x: __m512, y: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b), x) }
    }

    #[inline(always)]
    fn zero_unless_equal(self, a: __m512, b: __m512, value: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b), value) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> __m512 {
        // SAFETY: the token proves AVX-512 F; the caller vouches for 16 readable bytes.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(source.cast()))) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, value: __m512) {
        // SAFETY: the token proves AVX-512 F; the caller vouches for 16 writable bytes.
        unsafe { _mm_storeu_si128(target.cast(), _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(value))) }
    }
}
