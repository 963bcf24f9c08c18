//! A session's explanation beside the names of what went into it.

use impasto::explain::Explanation;
use serde::Serialize;

/// What `--json` prints, and what the page shows.
#[derive(Serialize)]
pub(super) struct Report {
    /// The photograph's and the paintings' files.
    pub(super) content: String,
    pub(super) styles: Vec<String>,
    /// The weights' file, or `built-in`.
    pub(super) weights: String,
    /// Iterations before what is shown.
    pub(super) iteration: usize,
    #[serde(flatten)]
    pub(super) explanation: Explanation,
}
