//! Runtime processes: heaps that fill, collections that stop the event loop, death by memory and restart.
//!
//! An event loop does one thing after another, so the moment when new work ends is known when it comes:
//! `max(now, free_at) + work`. A collection at `t` moves everything that is not done by its own length, which work on its way
//! finds out when it wakes: `stopped` has grown meanwhile.

use super::event::Event;
use super::fetch::line;
use super::files::{Files, FilesPlan};
use super::ledger::Part;
use super::level::Level;
use super::probe::count;
use super::run::NodeRun;
use super::story::What;
use super::strand::{Cause, NONE, Phase, uses};
use super::world::{FAR, World};
use crate::model::Model;
use crate::model::node::{NodeGroup, Pause};
use crate::random::{Sampler, Streams, Use, later, unit_from};
use crate::tally::Samples;
use tars_policy::pool::{AgentId, AgentState};

/// Samplers of a group of nodes.
#[derive(Debug)]
pub(super) struct NodePlan {
    /// The first of its nodes in the list of all.
    pub(super) first: u16,
    /// Work for each task taken and each call that comes back.
    task_work: Option<Sampler>,
    call_work: Option<Sampler>,
    minor: Option<Sampler>,
    major: Option<Sampler>,
    manual: Option<Sampler>,
    restart: Option<Sampler>,
    pub(super) files: Option<FilesPlan>,
}

impl NodePlan {
    /// Compiles the groups, whose nodes stand one after another.
    pub(super) fn of(groups: &[NodeGroup]) -> Vec<Self> {
        let mut first = 0;
        let law = |pause: Option<&Pause>| pause.and_then(|pause| pause.time.as_ref()).map(Sampler::of_spans);
        let plan = |group: &NodeGroup| {
            let plan = Self {
                first,
                task_work: group.work.0.as_ref().map(Sampler::of_spans),
                call_work: group.work.1.as_ref().map(Sampler::of_spans),
                minor: law(group.minor.as_ref().map(|(.., pause)| pause)),
                major: law(group.major.as_ref().map(|(_, pause)| pause)),
                manual: law(group.manual.as_ref().map(|(.., pause)| pause)),
                restart: group.restart.as_ref().map(Sampler::of_spans),
                files: group.files.as_ref().map(FilesPlan::new),
            };
            first += u16::try_from(group.count).expect("checked to be at most 10,000");
            plan
        };
        groups.iter().map(plan).collect()
    }
}

/// For each pool, the nodes of its agents: one of weight `w` comes `w` times, as evenly as can be; of equals, in order.
pub(super) fn homes(model: &Model) -> Vec<Vec<u16>> {
    let firsts: Vec<u32> = model
        .nodes
        .iter()
        .scan(0, |next, group| {
            let first = *next;
            *next += group.count;
            Some(first)
        })
        .collect();
    let of_pool = |pool: &crate::model::Pool| {
        let mut places: Vec<(u32, u32, u32)> = Vec::new();
        for group in &pool.nodes {
            let (first, group) = (firsts[usize::from(*group)], &model.nodes[usize::from(*group)]);
            for node in first..first + group.count {
                places.extend((0..group.weight).map(|turn| (2 * turn + 1, group.weight, node)));
            }
        }
        // In the middle of their share of the round, compared without division.
        places.sort_by_key(|(_, _, node)| *node);
        places.sort_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)));
        places.into_iter().map(|(_, _, node)| u16::try_from(node).expect("at most 65,535 nodes")).collect()
    };
    model.pools.iter().map(of_pool).collect()
}

/// A process at work.
pub(super) struct NodeState {
    /// Which group it is of.
    group: u16,
    /// The key of its draws, and how many it has made.
    key: u64,
    draws: u64,
    /// Until when a collection or a restart stops it.
    stopped_until: u64,
    /// How long it has been stopped since the start, counting the present stop whole.
    stopped: u64,
    /// When its event loop has done everything that has come so far.
    free_at: u64,
    /// Tasks that its agents carry.
    pub(super) tasks: Level,
    /// Heap in use, and memory resident, in kilobytes.
    pub(super) heap: Level,
    pub(super) resident: Level,
    /// Garbage in the young generation and beyond it, what has leaked, and what the last whole collection left, in megabytes.
    young: f64,
    old: f64,
    leaked: f64,
    left_by_major: f64,
    /// When the program asked for a collection last.
    asked_at: Option<u64>,
    misses: u32,
    /// From when on the liveness probe asks.
    probed_from: u64,
    /// Whether it has run out of memory and is about to die.
    dying: bool,
    /// Of the measured window.
    pauses: Samples,
    /// Of each half of it, collections of the whole heap and the kilobytes that they left.
    left: [(u64, u64); 2],
    minors: u64,
    majors: u64,
    manuals: u64,
    worked: u64,
    worked_ever: u64,
    stopped_for: u64,
    /// Of the whole run.
    deaths: u64,
    probe_kills: u64,
    /// What it writes to disk.
    pub(super) files: Files,
}

/// What kind of collection it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Collection {
    Minor,
    Major,
    Manual,
}

impl NodeState {
    /// Asks for the memory that tasks touch when they come, return and leave.
    pub(super) fn fetch(&self) {
        line(&self.stopped);
        line(&self.tasks);
        line(&self.heap);
        line(&self.young);
        line(&self.worked);
    }

    pub(super) fn all(groups: &[NodeGroup], streams: &Streams) -> Vec<Self> {
        let mut nodes = Vec::new();
        for (place, group) in groups.iter().enumerate() {
            let mut chance = streams.stream(&group.name, "node");
            for _ in 0..group.count {
                nodes.push(Self {
                    group: super::stations::small(place),
                    key: chance.bits(),
                    draws: 0,
                    stopped_until: 0,
                    stopped: 0,
                    free_at: 0,
                    tasks: Level::default(),
                    heap: Level::default(),
                    resident: Level::default(),
                    young: 0.0,
                    old: 0.0,
                    leaked: 0.0,
                    left_by_major: group.memory.base,
                    asked_at: None,
                    misses: 0,
                    probed_from: group.probe_delay.as_nanos(),
                    dying: false,
                    pauses: Samples::new(),
                    left: [(0, 0); 2],
                    minors: 0,
                    majors: 0,
                    manuals: 0,
                    worked: 0,
                    worked_ever: 0,
                    stopped_for: 0,
                    deaths: 0,
                    probe_kills: 0,
                    files: Files::default(),
                });
            }
        }
        nodes
    }

    /// A uniform number of its own.
    pub(super) fn draw(&mut self, purpose: Use) -> f64 {
        let number = u32::try_from(self.draws & 0xffff_ffff).expect("masked to 32 bits");
        self.draws += 1;
        unit_from(later(self.key, number, purpose))
    }

    /// Everything on it stands still for `span` from now, or from the end of the present stop.
    pub(super) fn stop(&mut self, now: u64, span: u64) {
        self.stopped_until = self.stopped_until.max(now).saturating_add(span).min(FAR);
        self.free_at = self.free_at.max(now).saturating_add(span).min(FAR);
        self.stopped += span;
    }

    /// Its event loop waits for something until `at`, and everything on it with it.
    pub(super) fn wait_until(&mut self, now: u64, at: u64) {
        self.stop(now, at.saturating_sub(self.stopped_until.max(now)));
    }

    /// Which group it is of.
    pub(super) fn group(&self) -> usize {
        usize::from(self.group)
    }

    /// Work of its event loop since the start.
    pub(super) const fn worked_ever(&self) -> u64 {
        self.worked_ever
    }

    pub(super) fn into_run(self) -> NodeRun {
        NodeRun {
            group: self.group,
            heap_area: self.heap.window(),
            heap_max: self.heap.highest(),
            resident_max: self.resident.highest(),
            tasks_area: self.tasks.window(),
            pauses: self.pauses,
            left: self.left,
            minors: self.minors,
            majors: self.majors,
            manuals: self.manuals,
            worked: self.worked,
            stopped: self.stopped_for,
            deaths_ever: self.deaths,
            probe_kills_ever: self.probe_kills,
            writes: self.files.writes,
            disk_busy: self.files.busy,
            lines_lost_ever: self.files.lost,
        }
    }
}

impl World<'_> {
    pub(super) fn start_nodes(&mut self) {
        for index in 0..self.nodes.len() {
            let group = &self.plan.model.nodes[self.nodes[index].group as usize];
            self.weigh(super::stations::small(index));
            if let Some((interval, ..)) = group.liveness {
                self.agenda.schedule(interval.as_nanos().min(FAR), Event::Probe(node_index(index)));
            }
        }
    }

    /// The node of an agent: agents are dealt out to the nodes of their pool in turn.
    fn node_of(&self, pool: u16, agent: AgentId) -> Option<u16> {
        let homes = &self.plan.homes[pool as usize];
        homes.get((agent.slot() as usize).checked_rem(homes.len())?).copied()
    }

    /// An agent takes the task: it is on that agent's node from now on. It goes on at once, or once the event loop has
    /// come to it.
    pub(super) fn enter_node(&mut self, id: u32, pool: u16, agent: AgentId) {
        let Some(node) = self.node_of(pool, agent) else { return self.ready.push_back(id) };
        let now = self.now;
        self.strands.get_mut(id).node = node;
        let state = &mut self.nodes[node as usize];
        state.tasks.up(now);
        let group = &self.plan.model.nodes[state.group as usize];
        let law = self.plan.nodes[state.group as usize].task_work.as_ref();
        let work =
            law.map_or(0, |law| law.sample_span(self.strands.get(id).draw(uses::TASK_WORK)).as_nanos());
        self.allocate(node, group.garbage.0);
        if !self.run_on_loop(id, work, Phase::Scheduled) {
            self.ready.push_back(id);
        }
    }

    /// The task is no longer on a node.
    pub(super) fn leave_node(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        let node = std::mem::replace(&mut strand.node, NONE);
        if node == NONE {
            return;
        }
        self.log_task(node);
        let state = &mut self.nodes[node as usize];
        state.tasks.down(self.now);
        state.leaked += self.plan.model.nodes[state.group as usize].memory.leak;
        self.weigh(node);
    }

    /// A call has come back to its node: true when the strand has to wait for the event loop.
    pub(super) fn returns_to_node(&mut self, id: u32) -> bool {
        let strand = self.strands.get_mut(id);
        let node = strand.node;
        if node == NONE {
            return false;
        }
        strand.phase = Phase::Returning;
        let group = self.nodes[node as usize].group as usize;
        let law = self.plan.nodes[group].call_work.as_ref();
        let work =
            law.map_or(0, |law| law.sample_span(self.strands.get(id).draw(uses::CALL_WORK)).as_nanos());
        let work = work.saturating_add(self.plan.model.nodes[group].reading.as_nanos());
        self.allocate(node, self.plan.model.nodes[group].garbage.1);
        self.run_on_loop(id, work, Phase::Returning)
    }

    /// The strand waits until its node's event loop has done this work; false when that is now.
    fn run_on_loop(&mut self, id: u32, work: u64, phase: Phase) -> bool {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let state = &mut self.nodes[strand.node as usize];
        let cores = self.plan.model.nodes[state.group as usize].cores;
        let work = if cores < 1.0 {
            tars_policy::units::Span::from_nanos(work).scale(1.0 / cores).as_nanos()
        } else {
            work
        };
        let due = state.free_at.max(now).saturating_add(work).min(FAR);
        state.free_at = due;
        state.worked_ever += work;
        if now >= self.cut && now < self.end {
            state.worked += work;
        }
        if due == now {
            return false;
        }
        strand.phase = phase;
        strand.own = state.stopped_until.saturating_sub(now).min(due - now);
        strand.left = state.stopped;
        strand.ledger.enter(now, Part::Pause);
        strand.timer = self.agenda.schedule(due, Event::Wake(id));
        true
    }

    /// The event loop was to be done with the strand by now: false when collections have held it up meanwhile.
    pub(super) fn loop_done(&mut self, id: u32) -> bool {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let state = &self.nodes[strand.node as usize];
        let held_up = state.stopped - strand.left;
        if held_up > 0 {
            strand.left = state.stopped;
            strand.own += held_up;
            strand.timer = self.agenda.schedule(now.saturating_add(held_up).min(FAR), Event::Wake(id));
            return false;
        }
        let own = strand.own;
        strand.left = 0;
        strand.ledger.enter_split(now, own, Part::EventLoop, Part::EventLoop);
        true
    }

    /// What is alive in the heap of a node, in megabytes.
    fn live(&self, node: u16) -> f64 {
        let state = &self.nodes[node as usize];
        let group = &self.plan.model.nodes[state.group as usize];
        let memory = &group.memory;
        let (mut agents, mut queued, mut places) = (0, 0, 1);
        let (mut of_agents, mut of_queued) = (0.0, 0.0);
        // Pools that live in the same nodes are summed before they are shared out.
        for pool in &group.pools {
            let there = self.plan.homes[*pool as usize].len();
            if there != places {
                of_agents += share_of(agents, group.weight, places);
                of_queued += share_of(queued, group.weight, places);
                (agents, queued, places) = (0, 0, there);
            }
            let pool = &self.pools[*pool as usize];
            agents += pool.alive.value();
            queued += pool.queued.value();
        }
        of_agents += share_of(agents, group.weight, places);
        of_queued += share_of(queued, group.weight, places);
        memory.base
            + memory.per_agent * of_agents
            + memory.per_queued * of_queued
            + memory.per_task * f64::from(state.tasks.value())
            + state.leaked
            + self.cached(node, group)
    }

    /// What caches hold in the heap of a node, in megabytes.
    fn cached(&self, node: u16, group: &NodeGroup) -> f64 {
        let model = &self.plan.model;
        let nodes = f64::from(group.count);
        let each = group.caches.iter().map(|cache| self.caches.megabytes_in(*cache, node, nodes, model));
        each.fold(0.0, |sum, more| sum + more)
    }

    /// How full the heap of the nodes of a group is: that of the fullest.
    pub(super) fn heap_share_of(&self, group: u16) -> f64 {
        let model = &self.plan.model.nodes[group as usize];
        let first = self.plan.nodes[group as usize].first;
        (0..super::stations::small(model.count as usize))
            .map(|place| {
                let state = &self.nodes[usize::from(first + place)];
                (self.live(first + place) + state.young + state.old) / model.memory.limit
            })
            .fold(0.0, f64::max)
    }

    /// Writes down what the node holds now.
    fn weigh(&mut self, node: u16) -> f64 {
        let live = self.live(node);
        let now = self.now;
        let state = &mut self.nodes[node as usize];
        let memory = &self.plan.model.nodes[state.group as usize].memory;
        let used = live + state.young + state.old;
        state.heap.set(now, kilobytes(used));
        let external = memory.external * f64::from(state.tasks.value());
        state.resident.set(now, kilobytes(used + external + memory.resident));
        live
    }

    /// The node produces garbage, which may bring on collections, or its death.
    fn allocate(&mut self, node: u16, megabytes: f64) {
        let group_index = self.nodes[node as usize].group as usize;
        let group = &self.plan.model.nodes[group_index];
        self.nodes[node as usize].young += megabytes;
        if let Some((every, promoted, pause)) = &group.minor
            && self.nodes[node as usize].young >= *every
        {
            let state = &mut self.nodes[node as usize];
            state.old += state.young * promoted;
            state.young = 0.0;
            self.collect(node, pause, Collection::Minor);
        }
        let live = self.weigh(node);
        let state = &self.nodes[node as usize];
        let used = live + state.young + state.old;
        let (now, limit) = (self.now, group.memory.limit);
        let asks = |(share, every, _): &&(f64, tars_policy::units::Span, Pause)| {
            used > share * limit && state.asked_at.is_none_or(|at| now >= at.saturating_add(every.as_nanos()))
        };
        if let Some((.., pause)) = group.manual.as_ref().filter(asks) {
            self.nodes[node as usize].asked_at = Some(now);
            self.sweep(node, pause, Collection::Manual, live);
        } else if let Some((growth, pause)) = &group.major
            && (used > growth * state.left_by_major || used > limit)
        {
            self.sweep(node, pause, Collection::Major, live);
        }
        let state = &mut self.nodes[node as usize];
        if live + state.young + state.old > limit && !state.dying {
            // It dies once everything else of this moment has come to rest: whoever moves now may be on it.
            state.dying = true;
            self.agenda.schedule(now, Event::NodeDies(u32::from(node)));
        }
    }

    /// The node has run out of memory.
    pub(super) fn node_dies(&mut self, node: u32) {
        self.nodes[node as usize].deaths += 1;
        self.kill_node(super::stations::small(node as usize));
    }

    /// A collection is asked for from outside; nothing happens where the program knows none.
    pub(super) fn collect_now(&mut self, node: u16) {
        let group = self.nodes[node as usize].group;
        if let Some((.., pause)) = &self.plan.model.nodes[group as usize].manual {
            let live = self.live(node);
            self.nodes[node as usize].asked_at = Some(self.now);
            self.sweep(node, pause, Collection::Manual, live);
        }
    }

    /// A collection of the whole heap.
    fn sweep(&mut self, node: u16, pause: &Pause, kind: Collection, live: f64) {
        let state = &mut self.nodes[node as usize];
        state.young = 0.0;
        state.old = 0.0;
        state.left_by_major = live;
        self.remember_left(node, live);
        self.collect(node, pause, kind);
        self.weigh(node);
    }

    /// Writes down what a collection of the whole heap leaves, by half of the measured window.
    fn remember_left(&mut self, node: u16, live: f64) {
        if self.now < self.cut || self.now >= self.end {
            return;
        }
        let half = usize::from(self.now - self.cut >= (self.end - self.cut) / 2);
        let (collections, kilobytes_left) = &mut self.nodes[node as usize].left[half];
        *collections += 1;
        *kilobytes_left += u64::from(kilobytes(live));
    }

    /// A collection stops the node.
    fn collect(&mut self, node: u16, pause: &Pause, kind: Collection) {
        let live = self.live(node);
        let measured = self.now >= self.cut && self.now < self.end;
        let state = &mut self.nodes[node as usize];
        let plan = &self.plan.nodes[state.group as usize];
        let (law, counter) = match kind {
            Collection::Minor => (&plan.minor, &mut state.minors),
            Collection::Major => (&plan.major, &mut state.majors),
            Collection::Manual => (&plan.manual, &mut state.manuals),
        };
        if measured {
            count(counter);
        }
        let drawn = law.as_ref().map(|law| law.sample_span(state.draw(uses::PAUSE)).as_nanos());
        let span = drawn.unwrap_or(0)
            + pause.per_live_mb.scale(live).as_nanos()
            + pause.at(state.tasks.value()).as_nanos();
        state.stop(self.now, span);
        if measured {
            state.pauses.record(span);
            state.stopped_for += span;
        }
    }

    /// The node dies with everything on it, and restarts cold.
    pub(super) fn kill_node(&mut self, node: u16) {
        let now = self.now;
        let group_index = self.nodes[node as usize].group as usize;
        let group = &self.plan.model.nodes[group_index];
        let law = self.plan.nodes[group_index].restart.as_ref();
        let state = &mut self.nodes[node as usize];
        let restart = law.map_or(0, |law| law.sample_span(state.draw(uses::RESTART)).as_nanos());
        let restart = restart.saturating_add(self.files_die(node)).min(FAR);
        self.tell(What::NodeDies, group_index, usize::from(node));
        let state = &mut self.nodes[node as usize];
        state.misses = 0;
        state.probed_from = now.saturating_add(group.probe_delay.as_nanos());
        state.dying = false;
        // What was on the event loop is gone.
        state.free_at = now;
        state.stopped_until = now;
        state.stop(now, restart);
        if now >= self.cut && now < self.end {
            state.stopped_for += restart;
        }
        for pool in &group.pools {
            let mut agents = self.pools[*pool as usize].agents.ids();
            agents.retain(|agent| self.node_of(*pool, *agent) == Some(node));
            self.crash_agents(*pool, &agents, Cause::NodeLost);
        }
        self.caches.forget_node(node);
        let state = &mut self.nodes[node as usize];
        (state.young, state.old, state.leaked) = (0.0, 0.0, 0.0);
        state.left_by_major = group.memory.base;
        self.weigh(node);
        self.agenda.schedule(now.saturating_add(restart).min(FAR), Event::NodeBack(u32::from(node)));
    }

    /// The node is back: its agents start.
    pub(super) fn node_back(&mut self, node: u32) {
        let node = super::stations::small(node as usize);
        self.nodes[node as usize].files.down = false;
        let group_index = self.nodes[node as usize].group as usize;
        self.tell(What::NodeBack, group_index, usize::from(node));
        let group = &self.plan.model.nodes[group_index];
        for pool in &group.pools {
            let agents = self.pools[*pool as usize].agents.ids();
            for agent in agents {
                let state = self.pools[*pool as usize].agents.agent(agent).map(|(state, _)| state);
                if state == Some(AgentState::Dead) && self.node_of(*pool, agent) == Some(node) {
                    self.restart_agent(*pool, agent);
                }
            }
        }
        self.weigh(node);
    }

    /// The liveness probe asks.
    pub(super) fn probe_node(&mut self, node: u32) {
        let now = self.now;
        let state = &mut self.nodes[node as usize];
        let group = &self.plan.model.nodes[state.group as usize];
        let Some((interval, timeout, misses)) = group.liveness else { return };
        let answers_at = state.free_at.max(now);
        if now >= state.probed_from && answers_at - now > timeout.as_nanos() {
            state.misses += 1;
        } else {
            state.misses = 0;
        }
        if state.misses >= misses {
            state.probe_kills += 1;
            self.kill_node(super::stations::small(node as usize));
        }
        self.agenda.schedule(now.saturating_add(interval.as_nanos()).min(FAR), Event::Probe(node));
    }
}

/// What a node that has `weight` of so many places gets of `count`.
fn share_of(count: u32, weight: u32, places: usize) -> f64 {
    f64::from(count) * f64::from(weight) / places as f64
}

fn node_index(index: usize) -> u32 {
    u32::from(super::stations::small(index))
}

/// Megabytes as whole kilobytes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
fn kilobytes(megabytes: f64) -> u32 {
    (megabytes * 1024.0) as u32
}
