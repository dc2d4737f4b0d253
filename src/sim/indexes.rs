//! Indexes that are dealt out to stations by tenant: which shard a call goes to, what it adds there, how a shard splits
//! when it has grown too large, and how many copies of each there are.
//!
//! A split takes its time, in which the old shard serves as before, or slower as stated; then the tenants of one half are at
//! the new one. Calls that were sent to the old one are answered there.

use super::event::Event;
use super::stations::small;
use super::strand::NOBODY;
use super::world::{FAR, World};
use crate::engine::Arena;
use crate::model::Model;
use crate::model::index::Index;
use crate::random::{Sampler, Stream, Streams};
use tars_policy::autoscale::{Autoscaler, Metrics};
use tars_policy::shards::{Growth, ShardMap};
use tars_policy::units::Span;

/// The laws of an index.
#[derive(Debug)]
pub(super) struct IndexPlan {
    split: Option<Sampler>,
    start: Option<Sampler>,
}

impl IndexPlan {
    pub(super) fn of(index: &Index) -> Self {
        let start = index.replicas.as_ref().and_then(|replicas| replicas.start.as_ref());
        Self { split: index.split_time.as_ref().map(Sampler::of_spans), start: start.map(Sampler::of_spans) }
    }
}

/// What an index did in a run, and what it had come to when that stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexRun {
    /// What it holds.
    pub vectors: u64,
    /// Shards, those that are being made included.
    pub shards: u64,
    /// Splits that were done.
    pub splits: u64,
    /// Shards above the bound that are not splitting.
    pub stuck: u64,
    /// What the largest shard holds.
    pub largest: u64,
    /// Copies added.
    pub added: u64,
    /// Copies taken away.
    pub removed: u64,
}

/// Something of an index that is under way.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    index: u16,
    shard: u32,
    what: What,
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default)]
enum What {
    /// The autoscaler looks at all shards.
    #[default]
    Look,
    /// A copy starts.
    Copy,
    /// A shard splits.
    Split,
}

/// The copies of a shard.
struct Copies {
    rule: Autoscaler,
    ready: u32,
    starting: u32,
    /// At the last look: the area in service, calls that had come, and calls that had left with their time there.
    busy: u128,
    arrived: u64,
    left: (u64, u128),
}

/// An index at work.
struct IndexState {
    map: ShardMap,
    /// By shard; empty where there is one copy of each for ever.
    copies: Vec<Copies>,
    chance: Stream,
    splits: u64,
    added: u64,
    removed: u64,
}

/// The indexes of a run.
pub(super) struct Indexes {
    of: Vec<IndexState>,
    work: Arena<Work>,
}

impl Indexes {
    pub(super) fn new(model: &Model, streams: &Streams) -> Self {
        let one = |index: &Index| IndexState {
            map: index
                .rule
                .build(index.sizes.clone())
                .expect("policies were validated when the model was made"),
            copies: Vec::new(),
            chance: streams.stream(&index.name, "index"),
            splits: 0,
            added: 0,
            removed: 0,
        };
        Self { of: model.indexes.iter().map(one).collect(), work: Arena::new() }
    }

    /// What all indexes hold.
    pub(super) fn size(&self) -> u64 {
        self.of.iter().map(|index| index.map.total()).fold(0, u64::saturating_add)
    }

    /// What each did.
    pub(super) fn runs(&self) -> Vec<IndexRun> {
        self.of.iter().map(IndexState::run).collect()
    }
}

impl IndexState {
    fn run(&self) -> IndexRun {
        let stuck = |shard: &u32| self.map.is_over(*shard) && !self.map.is_splitting(*shard);
        IndexRun {
            vectors: self.map.total(),
            shards: u64::from(self.map.count()),
            splits: self.splits,
            stuck: (0..self.map.count()).filter(stuck).count() as u64,
            largest: self.map.largest(),
            added: self.added,
            removed: self.removed,
        }
    }

    fn draw(&mut self, law: Option<&Sampler>) -> u64 {
        law.map_or(0, |law| law.sample_span(self.chance.unit()).as_nanos())
    }
}

impl World<'_> {
    pub(super) fn start_indexes(&mut self) {
        for (place, index) in (0..).zip(&self.plan.model.indexes) {
            for station in &index.stations {
                self.stations[usize::from(*station)].stands_idle(self.now);
            }
            for shard in 0..index.rule.shards_at_start {
                self.shard_begins(place, shard);
                self.review(place, shard);
            }
            if let Some(replicas) = &index.replicas {
                self.index_waits(place, 0, What::Look, replicas.interval.as_nanos());
            }
        }
    }

    /// The station of the shard that holds the tenant of a task.
    pub(super) fn shard_for(&self, id: u32, index: u16) -> u16 {
        let map = &self.indexes.of[usize::from(index)].map;
        let shard = map.home(self.tenant(id, map.tenants()));
        self.plan.model.indexes[usize::from(index)].stations[shard as usize]
    }

    /// The tenant of a task: users are dealt out to tenants in turn, and who is nobody's belongs to any.
    fn tenant(&self, id: u32, tenants: usize) -> usize {
        let strand = self.strands.get(id);
        let number = if strand.user == NOBODY { strand.key } else { u64::from(strand.user) };
        usize::try_from(number % tenants.max(1) as u64).expect("a place among tenants")
    }

    /// A call has added to the index.
    pub(super) fn index_grows(&mut self, id: u32, index: u16, amount: u32) {
        let tenant = self.tenant(id, self.indexes.of[usize::from(index)].map.tenants());
        let growth = self.indexes.of[usize::from(index)].map.add(tenant, u64::from(amount));
        self.act_on(index, growth);
    }

    fn review(&mut self, index: u16, shard: u32) {
        let growth = self.indexes.of[usize::from(index)].map.review(shard);
        self.act_on(index, growth);
    }

    fn act_on(&mut self, index: u16, growth: Growth) {
        let shard = match growth {
            Growth::Splits { shard, .. } => shard,
            Growth::Within | Growth::NoNode | Growth::OneTenant => return,
        };
        let plan = self.plan;
        let place = usize::from(index);
        let span = self.indexes.of[place].draw(plan.indexes[place].split.as_ref());
        let station = plan.model.indexes[place].stations[shard as usize];
        self.stations[usize::from(station)].stretch = plan.model.indexes[place].split_factor;
        self.index_waits(index, shard, What::Split, span);
    }

    fn index_waits(&mut self, index: u16, shard: u32, what: What, span: u64) {
        let work = self.indexes.work.insert(Work { index, shard, what });
        self.agenda.schedule(self.now.saturating_add(span).min(FAR), Event::Index(work));
    }

    /// Something of an index is done.
    pub(super) fn index_event(&mut self, work: u32) {
        let Work { index, shard, what } = self.indexes.work.remove(work);
        match what {
            What::Look => self.look_at_shards(index),
            What::Copy => {
                let copies = &mut self.indexes.of[usize::from(index)].copies[shard as usize];
                copies.starting -= 1;
                copies.ready += 1;
                self.serve_with_copies(index, shard);
            }
            What::Split => self.split_ends(index, shard),
        }
    }

    fn split_ends(&mut self, index: u16, shard: u32) {
        let state = &mut self.indexes.of[usize::from(index)];
        let into = state.map.split_ends(shard).expect("it was splitting");
        state.splits += 1;
        let station = self.plan.model.indexes[usize::from(index)].stations[shard as usize];
        self.stations[usize::from(station)].stretch = 1.0;
        self.shard_begins(index, into);
        self.review(index, shard);
        self.review(index, into);
    }

    /// A shard has come to its station; shards begin in order, or nearly so: copies of those before it are made room for.
    fn shard_begins(&mut self, index: u16, shard: u32) {
        let rule = &self.plan.model.indexes[usize::from(index)];
        if let Some(replicas) = &rule.replicas {
            let state = &mut self.indexes.of[usize::from(index)];
            while state.copies.len() <= shard as usize {
                state.copies.push(Copies {
                    rule: replicas.rule.build().expect("policies were validated when the model was made"),
                    ready: replicas.at_start,
                    starting: 0,
                    busy: 0,
                    arrived: 0,
                    left: (0, 0),
                });
            }
        }
        self.serve_with_copies(index, shard);
    }

    /// As many servers serve a shard as its copies have.
    fn serve_with_copies(&mut self, index: u16, shard: u32) {
        let place = usize::from(index);
        let station = self.plan.model.indexes[place].stations[shard as usize];
        let copies = self.indexes.of[place].copies.get(shard as usize).map_or(1, |copies| copies.ready);
        self.stations[usize::from(station)].serves_with_copies(self.now, copies);
        self.serve_line(station);
    }

    /// The autoscaler of copies looks at each shard, and again later.
    fn look_at_shards(&mut self, index: u16) {
        let place = usize::from(index);
        let plan = self.plan;
        let rule = plan.model.indexes[place].replicas.as_ref().expect("it has copies");
        for shard in 0..self.indexes.of[place].copies.len() {
            self.look_at_shard(index, shard, rule.interval);
        }
        self.index_waits(index, 0, What::Look, rule.interval.as_nanos());
    }

    fn look_at_shard(&mut self, index: u16, shard: usize, interval: Span) {
        let (now, time, place) = (self.now, self.time(), usize::from(index));
        let metrics = self.shard_metrics(place, shard, interval);
        let station = &self.stations[usize::from(self.plan.model.indexes[place].stations[shard])];
        let state = &mut self.indexes.of[place];
        let copies = &mut state.copies[shard];
        copies.busy = station.busy.area(now);
        copies.arrived = station.arrived;
        copies.left = (station.left, station.sojourn);
        let change = copies.rule.decide(time, &metrics).target_change;
        if change < 0 {
            let gone = change.unsigned_abs().min(copies.ready - 1);
            copies.ready -= gone;
            state.removed += u64::from(gone);
            return self.serve_with_copies(index, small(shard).into());
        }
        let more = change.unsigned_abs();
        copies.starting += more;
        state.added += u64::from(more);
        for _ in 0..more {
            let span = self.indexes.of[place].draw(self.plan.indexes[place].start.as_ref());
            self.index_waits(index, small(shard).into(), What::Copy, span);
        }
    }

    /// What the autoscaler is told of a shard, its copies as agents.
    fn shard_metrics(&self, index: usize, shard: usize, interval: Span) -> Metrics {
        let rule = &self.plan.model.indexes[index];
        let station = usize::from(rule.stations[shard]);
        let servers = self.plan.model.stations[station].servers.unwrap_or(1);
        let (state, copies) = (&self.stations[station], &self.indexes.of[index].copies[shard]);
        let (busy, number) = (state.busy.value(), state.number.value());
        let worked = state.busy.area(self.now).saturating_sub(copies.busy) as f64 / 1e9;
        let capacity = f64::from(copies.ready) * f64::from(servers) * interval.as_secs_f64();
        let left = u128::from(state.left - copies.left.0);
        // Sums of sojourns are kept modulo 2^128, so that their difference is right.
        let latency = state.sojourn.wrapping_sub(copies.left.1).checked_div(left).unwrap_or(0);
        Metrics {
            queue_depth: number - busy.min(number),
            queue_max: u32::MAX,
            agents_active: copies.ready,
            agents_idle: copies.ready - busy.div_ceil(servers).min(copies.ready),
            agents_starting: copies.starting,
            busy_share: worked / capacity,
            tasks_running: busy,
            arrival_rate_per_s: (state.arrived - copies.arrived) as f64 / interval.as_secs_f64(),
            latency: Span::from_nanos(u64::try_from(latency).unwrap_or(u64::MAX)),
            index_size: self.indexes.of[index].map.size(u32::from(small(shard))) as f64,
            ..Metrics::default()
        }
    }

    /// Every call of an index went to the shard of its tenant: nothing is held anywhere else.
    pub(super) fn audit_indexes(&self) {
        for (index, state) in self.plan.model.indexes.iter().zip(&self.indexes.of) {
            let shards = (0..state.map.count()).map(|shard| state.map.size(shard));
            assert_eq!(
                shards.sum::<u64>(),
                state.map.total(),
                "what `{}` holds is accounted for",
                index.name
            );
            for station in &index.stations[state.map.count() as usize..] {
                let spare = &self.stations[usize::from(*station)];
                assert_eq!(
                    spare.working.value(),
                    0,
                    "a spare node of `{}` serves nobody's shard",
                    index.name
                );
            }
        }
    }
}
