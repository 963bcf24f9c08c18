//! The team of the processes that `mpirun` started.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

use anyhow::Context;
use impasto::transfer::{Team, TeamError};
use mpi::environment::Universe;
use mpi::point_to_point::{Destination, Source};
use mpi::request::Request;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::{Rank, Threading};

use super::started;
use crate::ending::Ending;
use crate::error;
use crate::run::interrupt::Interrupt;

/// Bytes of a message: their number must fit 32 bits.
const PIECE: usize = 1 << 28;

/// Whoever waits longer than this lets others of its machine compute, and looks again after a nap.
const SHORT: Duration = Duration::from_millis(2);
const NAP: Duration = Duration::from_micros(100);

/// How long a member waits for another after the run was told to end, as a share of the time that `mpirun` leaves it.
const PATIENCE: f64 = 0.6;

/// One of the processes.
#[derive(Clone)]
pub(crate) struct Mpi {
    rank: usize,
    size: usize,
    /// The signal that asked for an end; 0 if none did.
    signal: Arc<AtomicUsize>,
    patience: Duration,
    /// What to do where another process is gone.
    remedy: String,
}

/// A process that joined the others; when it is dropped, it has left them.
pub(crate) struct Joined {
    team: Mpi,
    universe: Universe,
}

/// Joins the processes that `mpirun` started with this one, if it did; the run keeps checkpoints at this path.
pub(crate) fn join(interrupt: &Interrupt, checkpoints: Option<&Path>) -> anyhow::Result<Option<Joined>> {
    if started().is_none() {
        return Ok(None);
    }
    // One thread at a time, but not always the same.
    let (universe, _) = mpi::initialize_with_threading(Threading::Serialized).context("MPI cannot start")?;
    let world = universe.world();
    // What Open MPI waits between telling processes to end and ending them.
    let seconds = std::env::var("OMPI_MCA_odls_base_sigkill_timeout").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(1.0);
    let team = Mpi {
        rank: world.rank() as usize,
        size: world.size() as usize,
        signal: interrupt.signal(),
        patience: Duration::try_from_secs_f64(PATIENCE * seconds).unwrap_or(Duration::MAX),
        remedy: match checkpoints {
            Some(path) => format!("--resume {} goes on from the last checkpoint", path.display()),
            None => "--checkpoint keeps a run that can be gone on with".to_owned(),
        },
    };
    Ok(Some(Joined { team, universe }))
}

impl Joined {
    /// Does this process's part. Where it fails, the others end too: nobody waits for one that is gone.
    pub(crate) fn run(self, part: impl FnOnce(Mpi) -> anyhow::Result<Ending>) -> anyhow::Result<Ending> {
        let team = self.team.clone();
        let ending = part(self.team);
        if let Err(failure) = &ending {
            team.abort(failure);
        }
        // Not before all are done.
        drop(self.universe);
        ending
    }
}

impl Mpi {
    /// Ends all processes.
    fn abort(&self, failure: &anyhow::Error) -> ! {
        if self.rank > 0 {
            // What all stumble over, the first tells.
            sleep(Duration::from_millis(200));
            error::say(&format!("error: process {} of this run failed", self.rank));
        }
        let _ = error::report(failure);
        SimpleCommunicator::world().abort(1)
    }

    /// Waits until something has happened that another process has its part in; an error if the run was told to end and
    /// nothing does.
    fn wait(&self, other: usize, mut has_happened: impl FnMut() -> bool) -> Result<(), TeamError> {
        let began = Instant::now();
        let mut told: Option<Instant> = None;
        while !has_happened() {
            let is_told = self.signal.load(Ordering::Relaxed) != 0;
            if is_told && told.get_or_insert_with(Instant::now).elapsed() > self.patience {
                return Err(TeamError(format!(
                    "waited for process {other} in vain: one was ended, or an iteration takes longer than mpirun waits; {}",
                    self.remedy
                )));
            }
            match began.elapsed() < SHORT {
                true => yield_now(),
                false => sleep(NAP),
            }
        }
        Ok(())
    }

    fn send_piece(&self, to: usize, piece: &[u8]) {
        let world = SimpleCommunicator::world();
        let process = world.process_at_rank(to as Rank);
        mpi::request::scope(|scope| {
            let mut request = Some(process.immediate_send(scope, piece));
            let is_sent = || match request.take().map(Request::test) {
                Some(Err(again)) => {
                    request = Some(again);
                    false
                }
                _ => true,
            };
            // What is on its way cannot be called back.
            if let Err(error) = self.wait(to, is_sent) {
                self.abort(&anyhow::Error::new(error).context("another process of this run is gone"));
            }
        });
    }

    fn receive_piece(&self, from: usize, piece: &mut [u8]) -> Result<(), TeamError> {
        let world = SimpleCommunicator::world();
        let process = world.process_at_rank(from as Rank);
        self.wait(from, || process.immediate_probe().is_some())?;
        process.receive_into(piece);
        Ok(())
    }
}

impl Team for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn send(&self, to: usize, bytes: &[u8]) -> Result<(), TeamError> {
        self.send_piece(to, &(bytes.len() as u64).to_le_bytes());
        bytes.chunks(PIECE).for_each(|piece| self.send_piece(to, piece));
        Ok(())
    }

    fn receive(&self, from: usize) -> Result<Vec<u8>, TeamError> {
        let mut len = [0; 8];
        self.receive_piece(from, &mut len)?;
        let mut bytes = vec![0; u64::from_le_bytes(len) as usize];
        bytes.chunks_mut(PIECE).try_for_each(|piece| self.receive_piece(from, piece))?;
        Ok(bytes)
    }
}
