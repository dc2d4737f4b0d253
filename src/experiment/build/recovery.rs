//! From when on a system is asked whether it has come back, or whether it follows its load.

use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{MeasureSpec, nearly_all};
use crate::experiment::tree::Tree;
use crate::model::Recovery;
use crate::model::fault::Fault;
use tars_policy::units::Span;

/// What the file says, or the end of the last fault that strikes once, where that is within the run.
pub(super) fn recovery(
    tree: &Tree,
    spec: &MeasureSpec,
    faults: &[Fault],
    diagnostics: &mut Diagnostics,
) -> Option<Recovery> {
    let Some(stated) = spec.recovery else {
        let from = last_end(faults, spec.duration)?;
        return Some(Recovery { from, goodput_share: nearly_all() });
    };
    let path = Path::root().key("measure").key("recovery");
    if stated.from >= spec.duration {
        diagnostics.senseless(
            tree,
            &path.key("from"),
            "the run ends before the trigger does, so nothing is left to come back in",
            "expected less than `duration`",
        );
    }
    let share = stated.goodput_share;
    if !(share > 0.0 && share <= 1.0) {
        diagnostics.out_of_range(tree, &path.key("goodput_share"), "a share", share, "above 0, up to 1");
    }
    Some(Recovery { from: stated.from, goodput_share: share })
}

fn last_end(faults: &[Fault], duration: Span) -> Option<Span> {
    let once = faults
        .iter()
        .filter(|fault| fault.every.is_none() && fault.process.is_none() && fault.follows.is_none());
    once.map(|fault| fault.at.saturating_add(fault.lasts)).filter(|end| *end < duration).max()
}

/// The moment from which on it is watched how autoscaled pools follow the load.
pub(super) fn scaling(
    tree: &Tree,
    spec: &MeasureSpec,
    any_scaler: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Span> {
    let from = spec.scaling?.from;
    let path = Path::root().key("measure").key("scaling");
    if !any_scaler {
        let hint = "state `policies.autoscale`, or leave it out";
        diagnostics.senseless(tree, &path, "no pool is autoscaled, so nothing follows the load", hint);
    }
    if from >= spec.duration {
        let message = "the run ends before the load takes its step";
        diagnostics.senseless(tree, &path.key("from"), message, "expected less than `duration`");
    }
    Some(from)
}
