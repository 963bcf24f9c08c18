//! A run that several processes share, started by `mpirun`: the first reads, writes and shows progress, the others compute.

#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "mpi")]
mod pack;
#[cfg(feature = "mpi")]
mod parts;

#[cfg(feature = "mpi")]
pub(crate) use mpi::{Mpi, join};
#[cfg(feature = "mpi")]
pub(crate) use parts::{assist, lead};

/// How many processes `mpirun` started, if it started this one.
fn started() -> Option<usize> {
    let variables = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"];
    variables.iter().find_map(|name| std::env::var(name).ok()?.parse().ok())
}

/// Refuses to be one of several processes: each would do all of the work, and write to the same place.
#[cfg(not(feature = "mpi"))]
pub(crate) fn refuse() -> anyhow::Result<()> {
    match started() {
        Some(2..) => anyhow::bail!(
            "several processes were started, but this program was built without MPI: build it with \
             `cargo build --release -p impasto-cli --features mpi`, or start one"
        ),
        _ => Ok(()),
    }
}
