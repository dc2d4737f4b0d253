//! What happened when, as canonical bytes behind those of the rest of a run.

use super::{Decoded, Reader, RunDecodeError, Writer, recovery};
use crate::sim::story::{Moment, StoryRun, What, WindowStory};

/// Tells this part from others that may follow a run.
pub(super) const TAG: u64 = 3;

pub(super) fn write(out: &mut Writer, run: &StoryRun) {
    out.number(TAG);
    out.list(&run.moments, |out, moment| {
        out.numbers([moment.at, moment.what as u64, u64::from(moment.of), u64::from(moment.to)]);
    });
    out.number(run.left_out);
    out.list(&run.windows, |out, window| {
        out.list(&window.limits, |out, left| out.number(*left));
        out.list(&window.active, |out, member| out.number(*member));
        out.number(window.level);
        out.numbers([window.ready, window.starting]);
        recovery::write_impact(out, window.impact);
        // Nothing has been touched at zero, when no task has come.
        out.number(window.touched_at.unwrap_or(0));
    });
}

pub(super) fn read(from: &mut Reader<'_>) -> Decoded<StoryRun> {
    if from.number::<u64>()? != TAG {
        return Err(RunDecodeError);
    }
    Ok(StoryRun {
        moments: from.list(read_moment)?,
        left_out: from.number()?,
        windows: from.list(read_window)?,
    })
}

fn read_moment(from: &mut Reader<'_>) -> Decoded<Moment> {
    let (at, kind) = (from.number()?, from.number::<usize>()?);
    let what = *What::ALL.get(kind).ok_or(RunDecodeError)?;
    Ok(Moment { at, what, of: from.number()?, to: from.number()? })
}

fn read_window(from: &mut Reader<'_>) -> Decoded<WindowStory> {
    let limits = from.list(Reader::number)?;
    let active = from.list(Reader::number)?;
    let (level, ready, starting) = (from.number()?, from.number()?, from.number()?);
    let impact = recovery::read_impact(from)?;
    let touched_at = Some(from.number()?).filter(|at| *at > 0);
    Ok(WindowStory { limits, active, level, ready, starting, impact, touched_at })
}
