//! A task must not go round for ever.

use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;
use crate::model::route::{Op, Program};

/// Refuses routes from whose start no end is within reach.
pub(super) fn check(tree: &Tree, program: &Program, root: &Path, diagnostics: &mut Diagnostics) {
    let mut ends = vec![false; program.ops.len()];
    // Each round carries the news one way back further; most go through in one, as most ways lead forward.
    while (0..program.ops.len()).rev().fold(false, |changed, at| {
        let news = !ends[at] && reaches(program, at, &ends);
        ends[at] |= news;
        changed | news
    }) {}
    for (name, start) in &program.routes {
        if !ends.get(*start as usize).copied().unwrap_or(false) {
            diagnostics.senseless(
                tree,
                &root.key(name),
                format!("the route `{name}` goes round for ever: no step of it reaches an end"),
                "give a `choose` a way that does not `go` back",
            );
        }
    }
}

/// Whether an operation leads to an end, as far as is known of the others.
fn reaches(program: &Program, at: usize, ends: &[bool]) -> bool {
    let goes = |pc: u32| ends.get(pc as usize).copied().unwrap_or(false);
    let ways = |first: u32, count: u32| program.ways[first as usize..(first + count) as usize].iter();
    match program.ops[at] {
        Op::End | Op::BranchEnd | Op::Deliver => true,
        Op::Jump(pc) => goes(pc),
        Op::Choose { first, count } => {
            let before =
                |place: usize| if place == 0 { 0.0 } else { program.ways[first as usize + place - 1].0 };
            ways(first, count)
                .enumerate()
                .any(|(place, (cumulative, pc))| cumulative.min(1.0) > before(place).min(1.0) && goes(*pc))
        }
        Op::Spread { first, count, .. } => ways(first, count).any(|(_, pc)| goes(*pc)),
        Op::Fork { behind, .. }
        | Op::Hold { behind, .. }
        | Op::Try { behind, .. }
        | Op::Launch { behind } => goes(behind),
        Op::Delay { .. }
        | Op::Visit(_)
        | Op::Shared(_)
        | Op::Landed
        | Op::Hedge { .. }
        | Op::Replay(_)
        | Op::Resume(_)
        | Op::Checkpoint(_)
        | Op::Enter(_)
        | Op::Leave
        | Op::LoopStart { .. }
        | Op::LoopNext { .. }
        | Op::Lookup { .. }
        | Op::Store { .. }
        | Op::Write { .. }
        | Op::Feature { .. } => ends.get(at + 1).copied().unwrap_or(false),
    }
}
