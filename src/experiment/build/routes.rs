//! Routes: nested steps → one flat program.

mod calls;
mod ends;
mod recovery;
mod region;
mod spread;

use super::index;
use super::system::{Parts, check_law, kind};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{
    CacheStep, Choice, CopySpec, JoinSpec, LoopStep, ParallelStep, PoliciesSpec, Step, SystemSpec, WriteStep,
};
use crate::experiment::tree::Tree;
use crate::model::distribution::Law;
use crate::model::failover::Failover;
use crate::model::route::{BRANCHES_MAX, CopyFate, LOOPS_MAX, Op, Program, Visit};
use tars_policy::layers::Scope;
use tars_policy::units::Span;

/// Lays out every route.
pub(super) fn lay_out(
    tree: &Tree,
    system: &SystemSpec,
    policies: &PoliciesSpec,
    parts: &Parts,
    failovers: &[Failover],
    diagnostics: &mut Diagnostics,
) -> Program {
    let names: Vec<String> = system.routes.keys().cloned().collect();
    let mut layout = Layout {
        tree,
        system,
        policies,
        parts,
        failovers,
        diagnostics,
        names: &names,
        program: Program::default(),
        goes: Vec::new(),
        loops: 0,
        nested: Nested::default(),
    };
    let root = Path::root().key("system").key("routes");
    for (name, steps) in &system.routes {
        let path = root.key(name);
        let start = layout.here();
        layout.program.routes.push((name.clone(), start));
        layout.steps(steps, &path);
        layout.push(Op::End);
    }
    layout.resolve_goes();
    if layout.program.ops.iter().any(|op| matches!(op, Op::Shared(_))) {
        layout.program.delivery = Some(layout.push(Op::Deliver));
    }
    let program = layout.program;
    ends::check(tree, &program, &root, diagnostics);
    program
}

/// Where a step stands: inside what.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a place of its own to stand in")]
struct Nested {
    agent: bool,
    branch: bool,
    cache: bool,
    /// Whether the agent is of a pool whose sessions outlive it.
    session: bool,
}

struct Layout<'a> {
    tree: &'a Tree,
    system: &'a SystemSpec,
    policies: &'a PoliciesSpec,
    parts: &'a Parts,
    failovers: &'a [Failover],
    diagnostics: &'a mut Diagnostics,
    names: &'a [String],
    program: Program,
    /// Jumps to other routes, to be filled in: operation, route.
    goes: Vec<(u32, usize)>,
    loops: u8,
    nested: Nested,
}

impl Layout<'_> {
    fn here(&self) -> u32 {
        u32::try_from(self.program.ops.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, op: Op) -> u32 {
        let at = self.here();
        self.program.ops.push(op);
        at
    }

    /// Adds ways to be filled in; gives the first.
    fn add_ways(&mut self, count: usize) -> (u32, u32) {
        let first = u32::try_from(self.program.ways.len()).unwrap_or(u32::MAX);
        self.program.ways.extend(std::iter::repeat_n((0.0, 0), count));
        (first, u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn set_way(&mut self, first: u32, way: usize, cumulative: f64) {
        let here = self.here();
        self.program.ways[first as usize + way] = (cumulative, here);
    }

    fn span_law(&mut self, law: &Law<Span>, path: &Path) -> u16 {
        check_law(self.tree, path, law, self.diagnostics);
        self.program.spans.push(law.clone());
        index(self.program.spans.len() - 1)
    }

    fn count_law(&mut self, law: &Law<f64>, path: &Path) -> u16 {
        check_law(self.tree, path, law, self.diagnostics);
        self.program.counts.push(law.clone());
        index(self.program.counts.len() - 1)
    }

    fn steps(&mut self, steps: &[Step], path: &Path) {
        for (place, step) in steps.iter().enumerate() {
            self.step(step, &path.index(place));
        }
    }

    fn step(&mut self, step: &Step, path: &Path) {
        match step {
            Step::Delay(delay) => {
                let path = path.key("delay");
                let law = self.span_law(&delay.time, &path.key("time"));
                self.push(Op::Delay { law, kind: kind(delay.kind) });
            }
            Step::Visit(visit) => {
                let path = path.key("visit");
                self.hedged(visit.hedge.as_ref(), &path, |layout| layout.visit(visit, &path));
            }
            Step::Llm(llm) => {
                let path = path.key("llm");
                self.hedged(llm.hedge.as_ref(), &path, |layout| layout.llm(llm, &path));
            }
            Step::Hold(hold) => self.hold(hold, &path.key("hold")),
            Step::Agent(agent) => {
                let path = path.key("agent");
                if self.nested.agent {
                    self.diagnostics.senseless(
                        self.tree,
                        &path,
                        "an agent is asked for while one is held",
                        "end the first `agent` step before",
                    );
                }
                let pools: Vec<String> = self.parts.pools.iter().map(|pool| pool.name.clone()).collect();
                let Some(pool) = self.named(&path.key("pool"), "pool", &agent.pool, &pools) else { return };
                self.push(Op::Enter(pool));
                let before = self.nested;
                self.nested.agent = true;
                self.nested.branch = false;
                self.nested.session = self.parts.pools[usize::from(pool)].recovery.is_some();
                if self.nested.session {
                    self.push(Op::Resume(pool));
                }
                self.steps(&agent.steps, &path.key("steps"));
                self.nested = before;
                self.push(Op::Leave);
            }
            Step::Cache(cache) => self.cache(cache, &path.key("cache")),
            Step::Write(write) => self.write(write, &path.key("write")),
            Step::Choose(choices) => self.choose(choices, &path.key("choose")),
            Step::Loop(repeat) => self.repeat(repeat, &path.key("loop")),
            Step::Parallel(parallel) => self.parallel(parallel, &path.key("parallel")),
            Step::Spread(spread) => self.spread(spread, &path.key("spread")),
            Step::Region(ways) => self.region(ways, &path.key("region")),
            Step::Feature(feature) => {
                let known = self.program.features.iter().position(|name| *name == feature.name);
                let place = known.unwrap_or_else(|| {
                    self.program.features.push(feature.name.clone());
                    self.program.features.len() - 1
                });
                let at = self.push(Op::Feature { feature: index(place), off: 0 });
                self.steps(&feature.steps, &path.key("feature").key("steps"));
                let behind = self.here();
                self.program.ops[at as usize] = Op::Feature { feature: index(place), off: behind };
            }
            Step::Checkpoint(checkpoint) => self.checkpoint(checkpoint, &path.key("checkpoint")),
            Step::Background(background) => self.background(background, &path.key("background")),
            Step::Try(attempt) => self.attempt(attempt, &path.key("try")),
            Step::Go(route) => {
                let path = path.key("go");
                if self.nested.agent || self.nested.branch || self.loops > 0 {
                    self.diagnostics.senseless(
                        self.tree,
                        &path,
                        "`go` leaves an agent, a loop or a branch behind",
                        "use it only at the top of a route or in a `choose` there",
                    );
                    return;
                }
                let Some(place) = self.named(&path, "route", route, self.names) else { return };
                let at = self.push(Op::Jump(0));
                self.goes.push((at, place as usize));
            }
            Step::ReplayCalls(replay) => {
                let path = path.key("replay_calls");
                let names = self.station_names();
                let Some(station) = self.named(&path.key("station"), "station", &replay.station, &names)
                else {
                    return;
                };
                let visit = self.add_visit(Visit::of(station));
                self.push(Op::Replay(visit));
            }
        }
    }

    fn named(&mut self, path: &Path, what: &str, name: &str, known: &[String]) -> Option<u16> {
        let place = known.iter().position(|other| other == name);
        if place.is_none() {
            self.diagnostics.unknown_name(self.tree, path, what, name, known);
        }
        place.map(index)
    }

    fn policy(&mut self, path: &Path, what: &str, name: Option<&String>, known: &[String]) -> Option<u16> {
        name.and_then(|name| self.named(path, what, name, known))
    }

    fn station_names(&self) -> Vec<String> {
        self.parts.stations.iter().map(|station| station.name.clone()).collect()
    }

    fn add_visit(&mut self, visit: Visit) -> u16 {
        self.program.visits.push(visit);
        index(self.program.visits.len() - 1)
    }

    fn cache(&mut self, step: &CacheStep, path: &Path) {
        let caches: Vec<String> = self.system.caches.keys().cloned().collect();
        let Some(cache) = self.named(&path.key("cache"), "cache", &step.cache, &caches) else { return };
        let layers = self.system.caches[usize::from(cache)].layers.iter().flat_map(|layers| &layers.layers);
        if layers.clone().any(|layer| layer.scope == Scope::Agent) && !self.nested.agent {
            let message = format!("`{}` has a layer in each agent, and no agent is held here", step.cache);
            let hint = "put the step into an `agent` step, or give the layer another `scope`";
            self.diagnostics.senseless(self.tree, &path.key("cache"), message, hint);
        }
        let stated = &self.system.caches[usize::from(cache)];
        if step.ask_first && (stated.layers.is_some() || stated.semantic.is_some()) {
            let message =
                format!("`{}` is in layers or semantic, which are asked and taken from at once", step.cache);
            self.diagnostics.senseless(self.tree, &path.key("ask_first"), message, "leave it out");
        }
        let at = self.push(Op::Lookup { cache, hit: 0, ask_first: step.ask_first });
        let before = self.nested;
        self.nested.cache = true;
        self.steps(&step.miss, &path.key("miss"));
        self.nested = before;
        self.push(Op::Store { cache });
        let over = self.push(Op::Jump(0));
        let hit = self.here();
        self.program.ops[at as usize] = Op::Lookup { cache, hit, ask_first: step.ask_first };
        self.steps(&step.hit, &path.key("hit"));
        let behind = self.here();
        self.program.ops[over as usize] = Op::Jump(behind);
    }

    fn write(&mut self, step: &WriteStep, path: &Path) {
        let caches: Vec<String> = self.system.caches.keys().cloned().collect();
        let cache = self.named(&path.key("cache"), "cache", &step.cache, &caches);
        let keys = step.keys.as_ref().map(|law| self.count_law(law, &path.key("keys")));
        let Some(cache) = cache else { return };
        if self.system.caches[usize::from(cache)].semantic.is_some() {
            let hint = "its answers age by `outdated_after_mean`; write to a `store` or to `layers`";
            let message = format!("what `{}` holds are answers, which nobody writes", step.cache);
            self.diagnostics.senseless(self.tree, &path.key("cache"), message, hint);
        }
        let copy = match step.copy {
            CopySpec::Removed => CopyFate::Removed,
            CopySpec::Replaced => CopyFate::Replaced,
            CopySpec::Kept => CopyFate::Kept,
        };
        self.push(Op::Write { cache, keys: keys.unwrap_or(u16::MAX), copy });
    }

    fn choose(&mut self, choices: &[Choice], path: &Path) {
        let total: f64 = choices.iter().map(|choice| choice.probability).sum();
        let wrong = choices.iter().position(|choice| !(0.0..=1.0).contains(&choice.probability));
        if let Some(place) = wrong {
            let at = path.index(place).key("probability");
            self.diagnostics.out_of_range(
                self.tree,
                &at,
                "a probability",
                choices[place].probability,
                "0 to 1",
            );
        }
        if wrong.is_some() {
            return;
        }
        if choices.is_empty() || total > 1.0 + 1e-9 {
            self.diagnostics.out_of_range(
                self.tree,
                path,
                "the sum of probabilities",
                total,
                "at most 1, over at least one way",
            );
            return;
        }
        let (first, count) = self.add_ways(choices.len() + 1);
        self.push(Op::Choose { first, count });
        let mut overs = Vec::new();
        let mut cumulative = 0.0;
        for (way, choice) in choices.iter().enumerate() {
            cumulative += choice.probability;
            // The last way of a complete choice takes whatever rounding leaves.
            let up_to = if way + 1 == choices.len() && total > 1.0 - 1e-9 { 2.0 } else { cumulative };
            self.set_way(first, way, up_to);
            self.steps(&choice.steps, &path.index(way).key("steps"));
            overs.push(self.push(Op::Jump(0)));
        }
        self.set_way(first, choices.len(), 2.0);
        self.land(&overs);
    }

    /// All these jumps land here.
    fn land(&mut self, jumps: &[u32]) {
        let here = self.here();
        for jump in jumps {
            self.program.ops[*jump as usize] = Op::Jump(here);
        }
    }

    fn repeat(&mut self, step: &LoopStep, path: &Path) {
        if usize::from(self.loops) >= LOOPS_MAX {
            self.diagnostics.senseless(
                self.tree,
                path,
                format!("loops are nested more than {LOOPS_MAX} deep"),
                "",
            );
            return;
        }
        let law = self.count_law(&step.count, &path.key("count"));
        let slot = self.loops;
        let at = self.push(Op::LoopStart { slot, law, behind: 0 });
        let body = self.here();
        self.loops += 1;
        self.steps(&step.steps, &path.key("steps"));
        self.loops -= 1;
        self.push(Op::LoopNext { slot, body });
        let behind = self.here();
        self.program.ops[at as usize] = Op::LoopStart { slot, law, behind };
    }

    fn parallel(&mut self, step: &ParallelStep, path: &Path) {
        if step.branches.is_empty() {
            self.diagnostics.senseless(
                self.tree,
                &path.key("branches"),
                "there are no branches",
                "expected at least one",
            );
            return;
        }
        if step.branches.len() > usize::from(BRANCHES_MAX) {
            self.diagnostics.senseless(
                self.tree,
                &path.key("branches"),
                format!("{} branches begin at once, and at most {BRANCHES_MAX} may", step.branches.len()),
                "give branches branches of their own",
            );
            return;
        }
        let (first, count) = self.add_ways(step.branches.len());
        let first_wins = step.join == JoinSpec::First;
        let at = self.push(Op::Fork { first, count, first_wins, behind: 0 });
        let before = self.nested;
        self.nested.branch = true;
        for (way, branch) in step.branches.iter().enumerate() {
            self.set_way(first, way, 0.0);
            self.steps(branch, &path.key("branches").index(way));
            self.push(Op::BranchEnd);
        }
        self.nested = before;
        let behind = self.here();
        self.program.ops[at as usize] = Op::Fork { first, count, first_wins, behind };
    }

    fn resolve_goes(&mut self) {
        for (at, route) in std::mem::take(&mut self.goes) {
            if let Some((_, start)) = self.program.routes.get(route) {
                self.program.ops[at as usize] = Op::Jump(*start);
            }
        }
    }
}
