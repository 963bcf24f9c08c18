//! Checks that there is memory for what an operation needs, before anything is allocated.

use crate::Mismatch;
use std::hint::black_box;

/// Limit for one array, 1 TiB in bytes: more is a mistake on any machine, even where the system promises memory that it
/// does not have.
const MAX_BYTES: usize = 1 << 40;

/// Returns the shape of an output of type `T`, if there is memory for it.
pub(crate) fn output<T>(shape: Vec<usize>) -> Result<Vec<usize>, Mismatch> {
    // Zeros are left out, as in ndarray, which must be able to multiply the others.
    let others = shape.iter().filter(|&&len| len > 0);
    let addressable = others.clone().try_fold(size_of::<T>(), |bytes, &len| bytes.checked_mul(len));
    if addressable.is_none_or(|bytes| bytes > isize::MAX as usize) {
        return Err(Mismatch::new("the output would be larger than memory can address"));
    }
    let len = if shape.contains(&0) { 0 } else { others.product() };
    buffer::<T>("the output", len)?;
    Ok(shape)
}

/// Checks that there is memory for `len` values of type `T`; the error calls them `what`.
pub(crate) fn buffer<T>(what: &str, len: usize) -> Result<(), Mismatch> {
    let bytes = len.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= MAX_BYTES);
    let Some(bytes) = bytes else {
        return Err(Mismatch::new(format!("{what} would take more than 1 TiB")));
    };
    // Reserved and freed untouched; `black_box` keeps the compiler from removing both.
    let mut probe = Vec::<u8>::new();
    if probe.try_reserve_exact(bytes).is_err() {
        return Err(Mismatch::new(format!("there is no memory for {what}, which would take {bytes} bytes")));
    }
    black_box(&probe);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_empty_outputs_pass() {
        for shape in [vec![], vec![3, 4], vec![0, 1 << 29, 1 << 30], vec![1 << 20]] {
            assert_eq!(output::<f64>(shape.clone()), Ok(shape));
        }
    }

    #[test]
    fn large_ones_do_not() {
        let reason = |shape: &[usize]| output::<f32>(shape.to_vec()).unwrap_err().0;
        assert_eq!(reason(&[1 << 20, 1 << 19]), "the output would take more than 1 TiB");
        assert_eq!(reason(&[0, 1 << 40, 1 << 40]), "the output would be larger than memory can address");
        assert_eq!(reason(&[usize::MAX]), "the output would be larger than memory can address");
        assert_eq!(buffer::<f64>("it", usize::MAX), Err(Mismatch::new("it would take more than 1 TiB")));
    }
}
