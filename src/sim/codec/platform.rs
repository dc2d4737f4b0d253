//! What a run says of indexes, of work in the background and of scaling, as canonical bytes behind the rest.

use super::{Decoded, Reader, RunDecodeError, Writer};
use crate::sim::background::BackgroundRun;
use crate::sim::indexes::IndexRun;
use crate::sim::run::PlatformRun;
use crate::sim::scaling::ScalingRun;

/// Tells this part from others that may follow a run.
pub(super) const TAG: u64 = 2;

pub(super) fn write(out: &mut Writer, run: &PlatformRun) {
    out.number(TAG);
    out.list(&run.indexes, |out, run| {
        let IndexRun { vectors, shards, splits, stuck, largest, added, removed } = *run;
        out.numbers([vectors, shards, splits, stuck, largest, added, removed]);
    });
    let background: Vec<_> = run.background.iter().copied().collect();
    out.list(&background, |out, run| {
        out.numbers([run.begun, run.done, run.failed, run.still_there]);
        out.number(run.time);
    });
    let scaling: Vec<_> = run.scaling.iter().collect();
    out.list(&scaling, |out, run| {
        // Nothing is reached at once, so that zero is none.
        out.number(run.reached.map_or(0, |at| at + 1));
        out.samples(&run.climbing);
        out.samples(&run.settled);
    });
}

pub(super) fn read(from: &mut Reader<'_>) -> Decoded<PlatformRun> {
    if from.number::<u64>()? != TAG {
        return Err(RunDecodeError);
    }
    let indexes = from.list(|from| {
        let [vectors, shards, splits, stuck, largest, added, removed] = from.array()?;
        Ok(IndexRun { vectors, shards, splits, stuck, largest, added, removed })
    })?;
    let background = from.list(|from| {
        let [begun, done, failed, still_there] = from.array()?;
        Ok(BackgroundRun { begun, done, failed, still_there, time: from.wide()? })
    })?;
    let scaling = from.list(|from| {
        let reached = from.number::<u64>()?.checked_sub(1);
        Ok(ScalingRun { reached, climbing: from.samples()?, settled: from.samples()? })
    })?;
    let only = (background.len() <= 1 && scaling.len() <= 1).then_some(());
    only.ok_or(RunDecodeError)?;
    Ok(PlatformRun { indexes, background: background.first().copied(), scaling: scaling.into_iter().next() })
}
