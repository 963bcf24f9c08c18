//! What `transfer`, `invert`, `texture`, `demo` and `explain` share: from arguments to a result.
//!
//! | file | what it does |
//! | --- | --- |
//! | `request` | joins arguments and preset to one complete request |
//! | `source`, `inputs`, `frame` | reads pictures |
//! | `weights` | finds the network's weights |
//! | `outputs`, `destination` | checks all paths that will be written, and writes the result |
//! | `synthesis` | runs `transfer`, `invert` and `texture`: check, load, build, iterate, save |
//! | `watcher` | acts between two iterations, by means of the next three and `interrupt` |
//! | `progress` | shows a bar or plain lines |
//! | `trace` | writes `--trace` |
//! | `snapshots` | writes `--snapshots` |
//! | `checkpoints` | writes `--checkpoint`, and reads it again |
//! | `report` | `--report` and `--watch`: one page that shows a run |
//! | `team` | several processes that share a run, with the feature `mpi` |
//! | `interrupt` | turns signals into a request to stop |
//! | `record` | what made a picture, for its file and for `rerun` |
//! | `summary` | prints `--json` |

pub(crate) mod checkpoints;
pub(crate) mod destination;
pub(crate) mod frame;
pub(crate) mod inputs;
pub(crate) mod interrupt;
pub(crate) mod outputs;
pub(crate) mod progress;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod snapshots;
pub(crate) mod source;
pub(crate) mod summary;
pub(crate) mod synthesis;
pub(crate) mod team;
pub(crate) mod trace;
pub(crate) mod watcher;
pub(crate) mod weights;
