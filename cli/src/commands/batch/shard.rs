//! Which part of a batch this machine paints.

use std::env;

use anyhow::bail;

use crate::arguments::{BatchArguments, Shard};
use crate::error::say;

/// What the command line or the scheduler says; none: everything.
pub(super) fn find(arguments: &BatchArguments, quiet: bool) -> anyhow::Result<Option<Shard>> {
    if arguments.shard.is_some() {
        return Ok(arguments.shard);
    }
    let variable = |name: &str| env::var(name).ok()?.trim().parse::<usize>().ok();
    let (found, of) = match arguments.shards {
        Some(count) => {
            // Kubernetes counts from 0, HyperQueue from whatever its array begins with, 0 unless it is told.
            let index = variable("JOB_COMPLETION_INDEX").or(variable("HQ_TASK_ID"));
            let Some(index) = index else {
                bail!(
                    "--shards {count}: neither JOB_COMPLETION_INDEX nor HQ_TASK_ID says which part this is: run it as an \
                     indexed job, or name the part with --shard I/{count}"
                );
            };
            (Some(Shard { index: index + 1, count }), "JOB_COMPLETION_INDEX or HQ_TASK_ID")
        }
        None => {
            let part = variable("SLURM_ARRAY_TASK_ID").zip(variable("SLURM_ARRAY_TASK_COUNT"));
            let first = variable("SLURM_ARRAY_TASK_MIN").unwrap_or(0);
            let step = variable("SLURM_ARRAY_TASK_STEP").unwrap_or(1).max(1);
            let shard = part.map(|(id, count)| Shard { index: id.saturating_sub(first) / step + 1, count });
            (shard, "SLURM_ARRAY_TASK_ID")
        }
    };
    if let Some(Shard { index, count }) = found {
        if index > count {
            bail!("{of} says part {index}, but there are {count}: give the job as many parts");
        }
        if !quiet {
            say(&format!("note: part {index} of {count}, as {of} says"));
        }
    }
    Ok(found)
}

impl Shard {
    /// Every `count`-th item, from number `index` on: parts of a list whose pictures grow in size take about as long.
    pub(super) fn of<T>(self, items: Vec<T>) -> Vec<T> {
        items.into_iter().skip(self.index - 1).step_by(self.count).collect()
    }
}
