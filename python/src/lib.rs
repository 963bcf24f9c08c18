//! impasto for Python: the notebook's functions, the tape and the command line's options on the same engine. There is no
//! mathematics here: arguments are checked, arrays lent or handed over, errors turned into exceptions.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `arrays` | NumPy arrays as arguments, each refused by its name |
//! | `errors` | the library's errors as exceptions |
//! | `pictures` | files and preprocessed units |
//! | `network` | SqueezeNet and its features |
//! | `losses` | the notebook's four functions, of arrays and of variables on a tape; its checks |
//! | `tape` | the tape and its variables |
//! | `operation` | an operation of one's own, written in Python |
//! | `options` | keywords as the words of a command line |
//! | `painting` | runs |

mod arrays;
mod errors;
mod losses;
mod network;
mod operation;
mod options;
mod painting;
mod pictures;
mod tape;

use pyo3::prelude::*;
use std::ffi::OsString;
use std::io::Write as _;

/// Runs the command line, in a process that is there for it alone.
#[pyfunction]
fn main(line: Vec<OsString>) -> u8 {
    let code = impasto_cli::main(line);
    // The interpreter leaves without the end of a Rust program, which would do this; a pipe that is closed is no failure.
    let _ = std::io::stdout().flush();
    code
}

/// The compiled part of `impasto`.
#[pymodule]
fn _impasto(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("ImpastoError", py.get_type::<errors::ImpastoError>())?;
    module.add("GradientError", py.get_type::<errors::GradientError>())?;
    module.add_class::<network::SqueezeNet>()?;
    module.add_class::<tape::Tape>()?;
    module.add_class::<tape::Var>()?;
    module.add_class::<painting::Run>()?;
    module.add_class::<painting::Steps>()?;
    module.add_class::<painting::Step>()?;
    module.add_class::<painting::Painting>()?;
    module.add_class::<losses::Check>()?;
    module.add_function(wrap_pyfunction!(main, module)?)?;
    module.add_function(wrap_pyfunction!(pictures::load_image, module)?)?;
    module.add_function(wrap_pyfunction!(pictures::save_image, module)?)?;
    module.add_function(wrap_pyfunction!(pictures::preprocess_image, module)?)?;
    module.add_function(wrap_pyfunction!(pictures::deprocess_image, module)?)?;
    module.add_function(wrap_pyfunction!(losses::content_loss, module)?)?;
    module.add_function(wrap_pyfunction!(losses::gram_matrix, module)?)?;
    module.add_function(wrap_pyfunction!(losses::style_loss, module)?)?;
    module.add_function(wrap_pyfunction!(losses::tv_loss, module)?)?;
    module.add_function(wrap_pyfunction!(losses::rel_error, module)?)?;
    module.add_function(wrap_pyfunction!(losses::check, module)?)?;
    module.add_function(wrap_pyfunction!(operation::gradcheck, module)?)?;
    Ok(())
}
