//! The fields of a protocol buffer, one after the other. What they mean is for `entry`.

use super::IndexError;

/// One field's number and value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Varint(u32, u64),
    Fixed32(u32, u32),
    /// Bytes, text or a message.
    Bytes(u32, &'a [u8]),
}

/// Calls `each` with every field of a message, in its order.
pub(super) fn read<'a>(
    mut message: &'a [u8],
    mut each: impl FnMut(Field<'a>) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let broken = || IndexError::malformed("a record of its index is no protocol buffer");
    while !message.is_empty() {
        let tag = take_varint(&mut message).ok_or_else(broken)?;
        let number = u32::try_from(tag >> 3).map_err(|_| broken())?;
        let field = match tag & 7 {
            0 => take_varint(&mut message).map(|value| Field::Varint(number, value)),
            2 => take_varint(&mut message)
                .and_then(|length| take(&mut message, length))
                .map(|bytes| Field::Bytes(number, bytes)),
            5 => take(&mut message, 4)
                .and_then(|bytes| bytes.first_chunk())
                .map(|bytes| Field::Fixed32(number, u32::from_le_bytes(*bytes))),
            // No record has fields of 64 bits, and groups are gone from the format.
            _ => None,
        };
        each(field.ok_or_else(broken)?)?;
    }
    Ok(())
}

/// Takes a number in groups of seven bits, the lowest first.
pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let group = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if shift == 63 && group > 1 {
            return None;
        }
        value |= group << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

pub(super) fn take<'a>(bytes: &mut &'a [u8], count: u64) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(count).ok()?)?;
    *bytes = rest;
    Some(taken)
}
