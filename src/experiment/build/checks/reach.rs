//! Which pools and providers the tasks of a class come to, and whether anybody there can take them.

use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;
use crate::model::route::{Op, Program};
use crate::model::workload::Class;
use crate::model::{Model, Pool};

/// Refuses classes whose role no agent of a pool on their way takes, and agents whose model is not offered where they call.
pub(super) fn check(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    for class in &model.classes {
        let reached = reached(&model.program, model.program.routes[usize::from(class.route)].1);
        for (at, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            if let Op::Enter(pool) = model.program.ops[at] {
                check_role(tree, model, class, &model.pools[usize::from(pool)], diagnostics);
            }
        }
    }
    for (at, op) in model.program.ops.iter().enumerate() {
        if let Op::Enter(pool) = op {
            check_models(tree, model, &model.pools[usize::from(*pool)], at, diagnostics);
        }
    }
}

fn check_role(tree: &Tree, model: &Model, class: &Class, pool: &Pool, diagnostics: &mut Diagnostics) {
    let lane = pool.lane_of_role[class.role.map_or(model.roles.len(), usize::from)];
    if pool.groups.iter().any(|group| group.lanes.contains(lane)) {
        return;
    }
    let path = Path::root().key("workload").key("classes").key(&class.name);
    let Some(role) = class.role.map(|role| &model.roles[usize::from(role)]) else { return };
    let message =
        format!("no agents of `{}` take the role `{role}`, so these tasks wait for ever", pool.name);
    diagnostics.senseless(tree, &path.key("role"), message, "add the role to a group of the pool");
}

/// Agents that call a provider with their own model, which it does not offer.
fn check_models(tree: &Tree, model: &Model, pool: &Pool, enter: usize, diagnostics: &mut Diagnostics) {
    let inside = model.program.ops[enter..].iter().take_while(|op| **op != Op::Leave);
    for op in inside {
        let (Op::Visit(visit) | Op::Shared(visit)) = op else { continue };
        let visit = &model.program.visits[usize::from(*visit)];
        let station = &model.stations[usize::from(visit.station)];
        if !visit.is_llm || visit.model.is_some() {
            continue;
        }
        let lacks = |wanted: u16| station.offers.get(usize::from(wanted)).is_none_or(Option::is_none);
        for group in pool.groups.iter().filter(|group| group.model.is_some_and(lacks)) {
            let wanted = group.model.map_or("", |wanted| &model.models[usize::from(wanted)].name);
            let path = Path::root()
                .key("system")
                .key("pools")
                .key(&pool.name)
                .key("groups")
                .key(&group.name)
                .key("model");
            let message =
                format!("these agents call `{}`, which does not offer their model `{wanted}`", station.name);
            diagnostics.senseless(
                tree,
                &path,
                message,
                "let the provider offer it, or give the agents another model",
            );
        }
    }
}

/// Which operations a task that starts at `start` may come to.
fn reached(program: &Program, start: u32) -> Vec<bool> {
    let mut reached = vec![false; program.ops.len()];
    let mut open = vec![start as usize];
    while let Some(at) = open.pop() {
        if at >= reached.len() || std::mem::replace(&mut reached[at], true) {
            continue;
        }
        let ways = |first: u32, count: u32| {
            program.ways[first as usize..(first + count) as usize].iter().map(|(_, pc)| *pc as usize)
        };
        match program.ops[at] {
            Op::End | Op::BranchEnd | Op::Deliver => {}
            Op::Jump(pc) => open.push(pc as usize),
            Op::Choose { first, count } | Op::Spread { first, count, .. } => open.extend(ways(first, count)),
            Op::Fork { first, count, behind, .. } => {
                open.extend(ways(first, count));
                open.push(behind as usize);
            }
            Op::Hold { behind, .. } | Op::LoopStart { behind, .. } => open.extend([at + 1, behind as usize]),
            Op::Lookup { hit, .. } => open.extend([at + 1, hit as usize]),
            Op::Try { otherwise, behind } => open.extend([at + 1, otherwise as usize, behind as usize]),
            Op::Feature { off: pc, .. } | Op::Launch { behind: pc } => open.extend([at + 1, pc as usize]),
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
            | Op::LoopNext { .. }
            | Op::Store { .. }
            | Op::Write { .. } => {
                open.push(at + 1);
            }
        }
    }
    reached
}
