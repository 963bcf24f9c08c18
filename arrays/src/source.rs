//! What a format must offer to be a source of arrays, and the one way from there to an array's values. What the
//! names and shapes mean is the caller's affair.

use std::io::Read;

use ndarray::{ArrayD, ArrayViewD, IxDyn, ShapeBuilder};

use super::decode::{Buffers, Window, read_values};
use super::element::{Element, Float};
use super::error::{ArrayError, MAX_VALUES};

/// A set of named arrays, in whatever format.
pub trait ArraySource {
    /// The names of all arrays as users know them, without a file extension. A name may occur twice.
    fn names(&self) -> &[String];

    /// Finds out what array `index` of [`names`](Self::names) is, without reading its values.
    ///
    /// # Errors
    ///
    /// [`ArrayError`] if what stands before the values cannot be read or is not sound.
    ///
    /// # Panics
    ///
    /// There is no name `index`.
    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError>;
}

/// One array of a source: its description, and a way to its values. The description is a claim, not yet checked.
pub struct StoredArray<'a> {
    pub(crate) shape: Vec<u64>,
    pub(crate) layout: Layout,
    pub(crate) values: Values<'a>,
}

/// Which of the stored values belongs to which index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The last index runs fastest, and there are no other values.
    C,
    /// The first index runs fastest, and there are no other values.
    Fortran,
    /// A view of what may be a longer row of values.
    Strided(Strides),
}

/// Where a view's values stand in a row of `stored` ones: index (i, j, ...) at offset + i * strides\[0\] +
/// j * strides\[1\] + ...
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strides {
    pub(crate) offset: u64,
    /// One for each axis.
    pub(crate) strides: Vec<u64>,
    pub(crate) stored: u64,
}

pub(crate) enum Values<'a> {
    /// Still to be read.
    Encoded { element: Element, bytes: Box<dyn Read + 'a> },
    /// In memory already; the strides are the view's own.
    Decoded(ArrayViewD<'a, f32>),
}

impl<'a> StoredArray<'a> {
    /// An array that is in memory already.
    pub fn in_memory(array: ArrayViewD<'a, f32>) -> Self {
        let shape = array.shape().iter().map(|&length| length as u64).collect();
        Self { shape, layout: Layout::C, values: Values::Decoded(array) }
    }

    /// What the values are, as messages name it.
    pub fn element(&self) -> Element {
        match &self.values {
            Values::Encoded { element, .. } => element.clone(),
            Values::Decoded(_) => Element::from(Float::Single),
        }
    }

    /// The length along each axis, as the file claims it.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Reads the values, into `buffers` unless they are in memory already. The result has the described shape,
    /// with the strides of the values' order.
    ///
    /// Memory grows with the bytes that arrive, whatever the description claims.
    ///
    /// # Errors
    ///
    /// [`ArrayError`] if these are no floating-point numbers, or not as many as the shape asks for.
    pub fn read<'b>(self, buffers: &'b mut Buffers) -> Result<ArrayViewD<'b, f32>, ArrayError>
    where
        'a: 'b,
    {
        match self.values {
            Values::Decoded(values) => Ok(values),
            Values::Encoded { element, mut bytes } => {
                let encoding = element.encoding()?;
                let (shape, count) = checked(&self.shape)?;
                let view = match &self.layout {
                    Layout::Strided(strides) => Some(strides.view(&self.shape)?),
                    Layout::C | Layout::Fortran => None,
                };
                let window = view.as_ref().map_or(Window::whole(count), |(window, _)| *window);
                let values = read_values(encoding, window, &mut bytes, buffers)?;
                let shape = match view {
                    Some((_, strides)) => shape.strides(strides),
                    None => shape.set_f(self.layout == Layout::Fortran).into(),
                };
                Ok(ArrayViewD::from_shape(shape, values)
                    .expect("as many values were read as shape and strides ask for"))
            }
        }
    }

    /// Reads the values into an array of their own, in C order.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn into_array(self) -> Result<ArrayD<f32>, ArrayError> {
        let mut buffers = Buffers::default();
        Ok(self.read(&mut buffers)?.as_standard_layout().into_owned())
    }
}

impl Strides {
    /// The stored values from the view's first to its last, and its strides among them, for a shape that is
    /// [`checked`].
    fn view(&self, shape: &[u64]) -> Result<(Window, IxDyn), ArrayError> {
        let beyond = || ArrayError::BeyondStorage { stored: self.stored };
        if self.stored > MAX_VALUES {
            return Err(ArrayError::TooLarge { shape: vec![self.stored] });
        }
        let is_empty = shape.contains(&0);
        let mut strides = Vec::with_capacity(shape.len());
        let mut last = 0u64;
        for (&length, &stride) in shape.iter().zip(&self.strides) {
            // Along an axis of one value its stride moves nowhere, and may be anything.
            let stride = if is_empty || length == 1 { 0 } else { stride };
            let reach = stride.checked_mul(length.saturating_sub(1));
            last = reach.and_then(|reach| last.checked_add(reach)).ok_or_else(beyond)?;
            strides.push(stride as usize);
        }
        let count = if is_empty { 0 } else { last.checked_add(1).ok_or_else(beyond)? };
        let end = self.offset.checked_add(count).filter(|&end| end <= self.stored).ok_or_else(beyond)?;
        let window = Window {
            before: self.offset as usize,
            count: count as usize,
            after: (self.stored - end) as usize,
        };
        Ok((window, IxDyn(&strides)))
    }
}

/// The shape in `usize`, and the number of its values; an error if that is over the limit.
fn checked(shape: &[u64]) -> Result<(IxDyn, usize), ArrayError> {
    // An axis of length 0 excuses no other: strides are products too.
    let nonzero = shape.iter().filter(|&&length| length > 0);
    let product = nonzero.into_iter().try_fold(1u64, |product, &length| product.checked_mul(length));
    if product.is_none_or(|product| product > MAX_VALUES) {
        return Err(ArrayError::TooLarge { shape: shape.to_vec() });
    }
    let shape: Vec<usize> = shape.iter().map(|&length| length as usize).collect();
    let count = shape.iter().product();
    Ok((IxDyn(&shape), count))
}
