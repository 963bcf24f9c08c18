//! How one kernel body is compiled for several instruction sets, and chosen once at run time.
//!
//! A kernel is a value that implements `Kernel`; its `run` is written once against the `Simd`
//! token it is handed. `Level::run` compiles that body once per instruction set and jumps to the
//! one asked for. A token can only be had where its instructions exist, so its methods are safe.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

mod vectorized;

pub(crate) use vectorized::vectorized;

/// The most rows of a register tile, MR, of any instruction set: a multiple of all instruction sets' MR, so that work which is cut into
/// multiples of it has tiles that are not full at its end only.
pub(crate) const MAX_MR: usize = 12;

/// The most columns of a register tile, NR, of any instruction set.
pub(crate) const MAX_NR: usize = 32;

use std::sync::OnceLock;

/// An instruction set that the kernels are compiled for.
///
/// ```
/// use impasto_kernels::Level;
///
/// let available = Level::available();
/// assert_eq!(available.last(), Some(&Level::Portable)); // everywhere, and last
/// assert!(available.contains(&Level::current()));
/// println!("computing with {}", Level::current().name());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Plain Rust: whatever the compiler's baseline for the target offers.
    Portable,
    /// aarch64's Advanced SIMD: 4 lanes, 32 registers.
    Neon,
    /// AVX2 with fused multiply-add: 8 lanes, 16 registers.
    Avx2,
    /// AVX-512 F, with AVX2 and FMA: 16 lanes, 32 registers.
    Avx512,
    /// The geometry of AVX-512 in plain Rust, so that tests cover it on any processor.
    #[cfg(test)]
    PortableWide,
}

/// Why [`Level::ENVIRONMENT_VARIABLE`] could not be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// The name is not one of an instruction set.
    #[error(
        "{variable}={0} is not an instruction set: use avx512, avx2, neon or portable, or unset it",
        variable = Level::ENVIRONMENT_VARIABLE
    )]
    Unknown(String),
    /// The name is known, but this processor cannot run it.
    #[error("{variable}={} asks for instructions this processor does not have: use one of {available}, or unset it", .requested.name(), variable = Level::ENVIRONMENT_VARIABLE)]
    Unavailable {
        /// What was asked for.
        requested: Level,
        /// What this processor has, names separated by commas.
        available: String,
    },
}

impl Level {
    /// The environment variable that forces an instruction set: `avx512`, `avx2`, `neon` or `portable`.
    pub const ENVIRONMENT_VARIABLE: &str = "IMPASTO_SIMD";

    /// The name that [`Level::ENVIRONMENT_VARIABLE`] takes and reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Neon => "neon",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
            #[cfg(test)]
            Level::PortableWide => "portable-wide",
        }
    }

    /// Whether this processor can run the instruction set.
    pub fn is_available(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(test)]
            Level::PortableWide => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2::Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512::Avx512::detect().is_some(),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// Every instruction set this processor can run, the widest first.
    pub fn available() -> Vec<Level> {
        [Level::Avx512, Level::Avx2, Level::Neon, Level::Portable]
            .into_iter()
            .filter(|level| level.is_available())
            .collect()
    }

    /// The widest instruction set of this processor, or the one that [`Level::ENVIRONMENT_VARIABLE`] names.
    ///
    /// # Errors
    /// The variable names no instruction set, or one that this processor lacks.
    pub fn from_environment() -> Result<Level, LevelError> {
        let available = Level::available();
        let Some(name) = std::env::var_os(Level::ENVIRONMENT_VARIABLE) else {
            return Ok(available[0]);
        };
        let requested = [Level::Avx512, Level::Avx2, Level::Neon, Level::Portable]
            .into_iter()
            .find(|level| name == level.name())
            .ok_or_else(|| LevelError::Unknown(name.to_string_lossy().into_owned()))?;
        if !requested.is_available() {
            let names: Vec<_> = available.iter().map(|level| level.name()).collect();
            return Err(LevelError::Unavailable { requested, available: names.join(", ") });
        }
        Ok(requested)
    }

    /// The instruction set all kernels of this process use, decided at the first call.
    ///
    /// A value of [`Level::ENVIRONMENT_VARIABLE`] that cannot be followed is ignored here: programs that
    /// want to refuse it ask [`Level::from_environment`] first.
    pub fn current() -> Level {
        static CURRENT: OnceLock<Level> = OnceLock::new();
        *CURRENT.get_or_init(|| Level::from_environment().unwrap_or_else(|_| Level::available()[0]))
    }

    /// This level, or [`Level::Portable`] where the processor cannot run it.
    pub(crate) fn or_portable(self) -> Level {
        if self.is_available() { self } else { Level::Portable }
    }

    /// Columns of a packed panel: those of one register tile.
    pub(crate) fn panel_width(self) -> usize {
        self.run(PanelWidth)
    }

    /// Runs `kernel` compiled for this instruction set.
    ///
    /// # Panics
    /// If the processor lacks it: [`Level::current`] and [`Level::or_portable`] never give such a level.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Level::Portable => portable::run(kernel),
            #[cfg(test)]
            Level::PortableWide => portable::run_wide(kernel),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512::run(kernel),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2::run(kernel),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => neon::run(kernel),
            #[allow(unreachable_patterns)]
            other => panic!("{} kernels do not exist on this architecture", other.name()),
        }
    }
}

/// A computation written once and compiled for every instruction set.
pub(crate) trait Kernel {
    /// What the computation returns.
    type Output;

    /// The body; must be `#[inline(always)]`, so that it is compiled with the caller's instructions.
    ///
    /// The register tile of the instruction set is `MR` rows of `NV` vectors, NR = `NV * S::LANES` columns: its
    /// accumulators, the vectors of one row of the right operand and one broadcast value fit the registers. Kernels
    /// without a tile ignore both.
    fn run<S: Simd, const MR: usize, const NV: usize>(self, simd: S) -> Self::Output;
}

/// Proof that an instruction set exists, and its few operations that the kernels are made of.
pub(crate) trait Simd: Copy {
    /// A register of [`Simd::LANES`] values.
    type Vector: Copy;
    /// Values in a register.
    const LANES: usize;

    /// `value` in every lane.
    fn splat(self, value: f32) -> Self::Vector;
    /// The values at `source`.
    ///
    /// # Safety
    /// `source` is valid for reading [`Simd::LANES`] values and aligned for f32; it need not be for the whole vector.
    unsafe fn load(self, source: *const f32) -> Self::Vector;
    /// Writes `value` to `target`.
    ///
    /// # Safety
    /// `target` is valid for writing [`Simd::LANES`] values and aligned for f32; it need not be for the whole vector.
    unsafe fn store(self, target: *mut f32, value: Self::Vector);
    /// Prefetches the cache line at `address`. A hint: any address is allowed.
    #[inline(always)]
    fn prefetch(self, address: *const f32) {
        let _ = address;
    }
    /// `a * b + c`, rounded once where the instruction set can.
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `a + b`.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a - b`.
    fn subtract(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b`.
    fn multiply(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `value` where it is greater than zero, else zero.
    fn relu(self, value: Self::Vector) -> Self::Vector;
    /// `x` where `a > b`, else `y`.
    fn select_greater(
        self,
        a: Self::Vector,
        b: Self::Vector,
        x: Self::Vector,
        y: Self::Vector,
    ) -> Self::Vector;
    /// `value` where `a == b`, else zero.
    fn zero_unless_equal(self, a: Self::Vector, b: Self::Vector, value: Self::Vector) -> Self::Vector;
    /// The small whole numbers at `source`.
    ///
    /// # Safety
    /// `source` is valid for reading [`Simd::LANES`] bytes.
    unsafe fn load_bytes(self, source: *const u8) -> Self::Vector;
    /// Writes whole numbers from 0 to 255 to `target`.
    ///
    /// # Safety
    /// `target` is valid for writing [`Simd::LANES`] bytes.
    unsafe fn store_bytes(self, target: *mut u8, value: Self::Vector);
}

/// Asks an instruction set for the width of its register tile.
struct PanelWidth;

impl Kernel for PanelWidth {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) -> usize {
        const { assert!(MAX_MR.is_multiple_of(MR) && S::LANES * NV <= MAX_NR) };
        S::LANES * NV
    }
}
