//! AVX2 with fused multiply-add: 8 lanes, 16 registers.

use super::{Kernel, Simd};
use std::arch::x86_64::*;

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Avx2(()))
    }
}

/// Runs `kernel` compiled for AVX2 and FMA.
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    let simd = Avx2::detect().expect("the processor has AVX2 and FMA");
    // SAFETY: the token proves that the processor has the features that `compiled` enables.
    unsafe { compiled(simd, kernel) }
}

/// The function that a profile shows: `avx2::compiled::<gemm::nn::Product>` for a product.
#[target_feature(enable = "avx2,fma")]
fn compiled<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
    // 6 x 2 accumulators, 2 vectors of the right operand, 1 broadcast: 15 of 16 registers.
    kernel.run::<Avx2, 6, 2>(simd)
}

impl Simd for Avx2 {
    type Vector = __m256;
    const LANES: usize = 8;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, source: *const f32) -> __m256 {
        // SAFETY: the token proves AVX; the caller vouches for 8 readable values.
        unsafe { _mm256_loadu_ps(source) }
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32, value: __m256) {
        // SAFETY: the token proves AVX; the caller vouches for 8 writable values.
        unsafe { _mm256_storeu_ps(target, value) }
    }

    #[inline(always)]
    fn prefetch(self, address: *const f32) {
        // SAFETY: the token proves a processor with SSE, and a prefetch touches nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the token proves FMA.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn subtract(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn multiply(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn relu(self, value: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_max_ps(value, _mm256_setzero_ps()) }
    }

    #[inline(always)]
    fn select_greater(self, a: __m256, b: __m256, x: __m256, y: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_blendv_ps(y, x, _mm256_cmp_ps::<_CMP_GT_OQ>(a, b)) }
    }

    #[inline(always)]
    fn zero_unless_equal(self, a: __m256, b: __m256, value: __m256) -> __m256 {
        // SAFETY: the token proves AVX.
        unsafe { _mm256_and_ps(value, _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b)) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> __m256 {
        // SAFETY: the token proves AVX2; the caller vouches for 8 readable bytes.
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(source.cast()))) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, value: __m256) {
        // SAFETY: the token proves AVX2; the caller vouches for 8 writable bytes.
        unsafe {
            let whole = _mm256_cvttps_epi32(value);
            let (low, high) = (_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
            let words = _mm_packus_epi32(low, high);
            _mm_storel_epi64(target.cast(), _mm_packus_epi16(words, words));
        }
    }
}
