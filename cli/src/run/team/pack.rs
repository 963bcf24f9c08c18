//! What the first process read, as bytes for the others.

use std::io::Write;

use anyhow::Context;
use impasto::Weights;
use impasto::arrays::{Container, Precision};
use ndarray::{Array, Dimension};

use crate::run::inputs::Inputs;

/// Weights as a file; they may lack the layers that nobody asks for.
pub(crate) fn pack_weights(weights: &Weights) -> anyhow::Result<Vec<u8>> {
    Ok(weights.to_bytes(Container::Safetensors, Precision::Single)?)
}

/// The same again, up to a layer.
pub(crate) fn unpack_weights(bytes: &[u8], deepest_layer: usize) -> anyhow::Result<Weights> {
    let file = tempfile::Builder::new().suffix(".safetensors").tempfile();
    let mut file = file.context("cannot create a file for the network's weights")?;
    file.write_all(bytes).context("cannot write the network's weights")?;
    Ok(Weights::load_features(file.path(), deepest_layer)?)
}

/// What a session is built from. Notes and warnings stay with the first.
pub(crate) fn pack_inputs(inputs: &Inputs) -> Vec<u8> {
    let mut bytes = Vec::new();
    let one = |value: &u8| [*value];
    pack_each(&mut bytes, inputs.content.iter(), one);
    pack_each(&mut bytes, inputs.styles.iter(), one);
    pack_each(&mut bytes, inputs.content_mask.iter(), one);
    number(&mut bytes, inputs.style_masks.len());
    for mask in &inputs.style_masks {
        pack_each(&mut bytes, mask.iter(), one);
    }
    pack_each(&mut bytes, inputs.init.iter(), |value: &f32| value.to_le_bytes());
    number(&mut bytes, inputs.size.0);
    number(&mut bytes, inputs.size.1);
    bytes
}

/// The same again; none if the bytes are others.
pub(crate) fn unpack_inputs(bytes: &[u8]) -> Option<Inputs> {
    let mut bytes = bytes;
    let one = |[value]: [u8; 1]| value;
    Some(Inputs {
        content: unpack_each(&mut bytes, one)?.pop(),
        styles: unpack_each(&mut bytes, one)?,
        content_mask: unpack_each(&mut bytes, one)?.pop(),
        style_masks: {
            let count = read_number(&mut bytes)?;
            (0..count).map(|_| Some(unpack_each(&mut bytes, one)?.pop())).collect::<Option<_>>()?
        },
        init: unpack_each(&mut bytes, f32::from_le_bytes)?.pop(),
        size: (read_number(&mut bytes)?, read_number(&mut bytes)?),
        density: None,
        frame: None,
        notes: Vec::new(),
        warnings: Vec::new(),
    })
}

fn number(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend((number as u64).to_le_bytes());
}

fn read_number(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(*bytes.split_off(..8)?.first_chunk()?)).ok()
}

/// How many arrays there are, then the lengths of the axes and the values of each.
fn pack_each<'a, T: 'a, D: Dimension + 'a, const N: usize>(
    bytes: &mut Vec<u8>,
    arrays: impl Iterator<Item = &'a Array<T, D>>,
    value: impl Fn(&T) -> [u8; N],
) {
    let arrays: Vec<_> = arrays.collect();
    number(bytes, arrays.len());
    for array in arrays {
        array.shape().iter().for_each(|&length| number(bytes, length));
        bytes.extend(array.iter().flat_map(&value));
    }
}

fn unpack_each<T, D: Dimension, const N: usize>(
    bytes: &mut &[u8],
    value: impl Fn([u8; N]) -> T,
) -> Option<Vec<Array<T, D>>> {
    let count = read_number(bytes)?;
    (0..count)
        .map(|_| {
            let mut shape = D::zeros(D::NDIM?);
            for length in shape.slice_mut() {
                *length = read_number(bytes)?;
            }
            let (values, _) = bytes.split_off(..shape.size_checked()?.checked_mul(N)?)?.as_chunks();
            Array::from_shape_vec(shape, values.iter().map(|&bytes| value(bytes)).collect()).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Array3, Array4};

    #[test]
    fn inputs_come_back() {
        let picture =
            |seed: u8| Array3::from_shape_fn((3, 4, 3), |(y, x, c)| seed + (y * 12 + x * 3 + c) as u8);
        let inputs = Inputs {
            content: Some(picture(1)),
            styles: vec![picture(2), picture(3)],
            content_mask: None,
            style_masks: vec![None, Some(Array2::from_elem((3, 4), 9))],
            density: None,
            frame: None,
            init: Some(Array4::from_elem((1, 3, 4, 3), -0.25)),
            size: (3, 4),
            notes: vec!["for people".into()],
            warnings: Vec::new(),
        };
        let bytes = pack_inputs(&inputs);
        let back = unpack_inputs(&bytes).unwrap();
        assert_eq!((back.content, back.styles), (inputs.content, inputs.styles));
        assert_eq!((back.content_mask, back.style_masks), (None, inputs.style_masks));
        assert_eq!((back.init, back.size), (inputs.init, (3, 4)));
        assert!((0..bytes.len()).all(|len| unpack_inputs(&bytes[..len]).is_none()));
    }

    #[test]
    fn weights_come_back() {
        let weights = Weights::built_in();
        assert_eq!(unpack_weights(&pack_weights(&weights).unwrap(), 12).unwrap(), weights);
    }
}
