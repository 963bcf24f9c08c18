//! Loops that the compiler turns into vector instructions by itself.

/// Compiles a loop for every instruction set: the body is plain Rust that the compiler vectorizes.
macro_rules! vectorized {
    ($level:expr, |$($name:ident : $type:ty),*| -> $output:ty $body:block) => {{
        struct Loop<'a> {
            $($name: $type,)*
            lifetime: std::marker::PhantomData<&'a ()>,
        }
        impl<'a> $crate::simd::Kernel for Loop<'a> {
            type Output = $output;
            #[inline(always)]
            fn run<S: $crate::simd::Simd, const MR: usize, const NV: usize>(self, _: S) -> $output {
                let Loop { $($name,)* .. } = self;
                $body
            }
        }
        $level.run(Loop { $($name,)* lifetime: std::marker::PhantomData })
    }};
}

pub(crate) use vectorized;
