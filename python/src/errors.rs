//! The library's errors as exceptions, in the same words.

use impasto_cli::text_of_chain;
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
pub(crate) fn refused(error: impl Error + 'static) -> PyErr {
    ImpastoError::new_err(text_of_chain(&error))
}
