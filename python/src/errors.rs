//! The library's errors as exceptions, in the same words.

use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use std::error::Error;

create_exception!(
    impasto,
    ImpastoError,
    PyException,
    "What impasto refuses, in the words of its library: the message names the thing and the remedy."
);
create_exception!(
    impasto,
    GradientError,
    ImpastoError,
    "A gradient that differs from the central difference: the message names the value."
);

/// An error and its causes.
pub(crate) fn refused(error: impl Error) -> PyErr {
    ImpastoError::new_err(text(&error))
}

pub(crate) fn text(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some messages tell their cause themselves.
        if !text.ends_with(&more) {
            text += &format!(": {more}");
        }
        cause = error.source();
    }
    text
}
