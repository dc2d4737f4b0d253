//! The lives of agents: start, work, idle, drain, leave.
//!
//! An agent is a container that carries up to `concurrency` tasks at once. It *starts* (cold, or warm from the pool of
//! prepared containers), is *idle*, is *busy* while it has a task, *drains* when it is to leave but has work left, and
//! is *dead* after a crash until it is restarted or discarded. The pool keeps the books and answers when things are due;
//! the driver waits, and calls [`ready`](Pool::ready), [`warm_ready`](Pool::warm_ready), [`expire`](Pool::expire) and
//! [`restart`](Pool::restart) then.
//!
//! Exact-time edges: an agent that has been idle for *exactly* the idle TTL, or is *exactly* as old as the lifespan,
//! leaves (document 003 prints `age > ttl`, one nanosecond later). Age counts from the moment the agent was ready.
//!
//! ```
//! use tars_policy::pool::{AtStart, Pool, PoolSpec, Start};
//! use tars_policy::units::{Span, Time};
//!
//! let mut pool = PoolSpec::published_003().build()?; // three prepared containers, 200 ms warm, 2.5 s cold
//! let group = pool.group("researcher").expect("it is in the specification");
//! pool.start_full(Time::START, AtStart::Idle);
//! let agent = pool.pick(Time::START, group, 0, 0.5).expect("agents are idle");
//! assert_eq!(pool.counts(group).busy, 1);
//! pool.release(Time::START + Span::from_secs(1), agent);
//! let spawned = pool.spawn(Time::START, group);
//! assert_eq!((spawned.start, spawned.ready_at), (Start::Warm, Time::START + Span::from_millis(200)));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::balance::{Balance, BalanceSpec, Candidate};
use crate::units::{Span, Time};
use alloc::string::String;
use alloc::vec::Vec;

mod agents;
mod leaving;
mod loads;
mod spec;
mod warm;

use agents::{Agent, Agents, Phase};
pub use agents::{AgentId, AgentState};
use loads::Loads;
pub use spec::{GroupSpec, HealthCheck, PoolSpec};
pub use warm::{Stock, WarmGroup, WarmPlan};

/// Which group of a pool; from [`Pool::group`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(u32);

impl GroupId {
    /// The group at this place of [`PoolSpec::groups`].
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// Its place in [`PoolSpec::groups`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How the first agents stand at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtStart {
    /// Ready at once.
    Idle,
    /// Starting, cold or warm, as if spawned now.
    Starting,
}

/// How an agent starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From a prepared container.
    Warm,
    /// From nothing.
    Cold,
}

impl Start {
    /// A stable code for logs and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
        }
    }
}

/// An agent that has begun to start.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spawned {
    /// The agent.
    pub agent: AgentId,
    /// When to call [`Pool::ready`].
    pub ready_at: Time,
    /// How it starts.
    pub start: Start,
    /// When to call [`Pool::warm_ready`]: the container that replaces the one taken is then prepared.
    pub refill_at: Option<Time>,
}

/// Why an agent left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetireReason {
    /// It was idle for too long.
    IdleTtl,
    /// It grew too old.
    Lifespan,
    /// Agents are replaced after each use.
    Used,
    /// The pool was made smaller.
    ScaledIn,
}

impl RetireReason {
    /// A stable code for logs and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdleTtl => "idle_ttl",
            Self::Lifespan => "lifespan",
            Self::Used => "used",
            Self::ScaledIn => "scaled_in",
        }
    }

    /// Whether the agent is to be replaced by a fresh one (the driver spawns it): the pool was not meant to shrink.
    pub const fn wants_replacement(self) -> bool {
        match self {
            Self::Lifespan | Self::Used => true,
            Self::IdleTtl | Self::ScaledIn => false,
        }
    }
}

/// What came of a finished task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// The agent left after it, for this reason.
    pub agent_left: Option<RetireReason>,
}

/// An agent that has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// The agent.
    pub agent: AgentId,
    /// Its group.
    pub group: GroupId,
    /// Why.
    pub reason: RetireReason,
}

/// An agent that crashed.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crashed {
    /// Its group.
    pub group: GroupId,
    /// Tasks that were lost with it.
    pub tasks_lost: u32,
    /// When the health check finds it and [`Pool::restart`] is due: the next multiple of the interval after now. `None`
    /// when nothing restarts it.
    pub restart_at: Option<Time>,
}

/// What came of asking an agent to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// It had nothing to do and left.
    Left,
    /// It takes no more work and leaves after its last task.
    Draining,
    /// There is no such agent any more, or it was leaving or dead already.
    NotThere,
}

/// How many agents are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Starting.
    pub starting: u32,
    /// Without a task.
    pub idle: u32,
    /// With at least one.
    pub busy: u32,
    /// Leaving after their last task.
    pub draining: u32,
    /// Crashed and neither restarted nor discarded.
    pub dead: u32,
}

impl Counts {
    /// All that live: everyone but the dead.
    pub const fn alive(&self) -> u32 {
        self.starting + self.idle + self.busy + self.draining
    }
}

/// A pool of agents; made by [`PoolSpec::build`].
#[derive(Debug)]
pub struct Pool {
    spec: PoolSpec,
    groups: Vec<Group>,
    agents: Agents,
    /// Prepared containers.
    warm: u32,
}

/// One group at work.
#[derive(Debug)]
struct Group {
    concurrency: u32,
    cold_start: Span,
    warm_start: Span,
    minimum: u32,
    balance: Balance,
    /// The agents that are ready, in the order in which they were spawned; `id` is the place in the slab.
    candidates: Vec<Candidate>,
    loads: Loads,
    counts: Counts,
    free_slots: u32,
}

impl Pool {
    /// Fills the pool: the first agents of every group, and the prepared containers. Returns those that are starting
    /// (none for [`AtStart::Idle`]).
    pub fn start_full(&mut self, now: Time, how: AtStart) -> Vec<Spawned> {
        self.warm = self.spec.warm_pool;
        let mut starting = Vec::new();
        for index in 0..self.groups.len() {
            let group = GroupId(u32::try_from(index).expect("validated: fewer than 2^32 groups"));
            for _ in 0..self.spec.groups[index].count {
                match how {
                    AtStart::Idle => {
                        let agent = self.add_starting(group, now);
                        self.ready(now, agent);
                    }
                    AtStart::Starting => starting.push(self.spawn(now, group)),
                }
            }
        }
        starting
    }

    /// Gives one piece of work to an agent of `group`, or `None` when no ready agent has room. `key` and `draw` go to
    /// the [balancer](Balance::pick).
    #[inline]
    pub fn pick(&mut self, _now: Time, group: GroupId, key: u64, draw: f64) -> Option<AgentId> {
        let members = &mut self.groups[group.index()];
        if members.free_slots == 0 {
            return None;
        }
        let place = members.balance.pick_alike(&members.candidates, key, draw, members.loads.least())?;
        let candidate = &mut members.candidates[place];
        candidate.load += 1;
        members.loads.enter(candidate.load);
        members.loads.leave(candidate.load - 1);
        members.free_slots -= 1;
        if candidate.load == 1 {
            members.counts.idle -= 1;
            members.counts.busy += 1;
        }
        Some(self.agents.id_at(candidate.id))
    }

    /// A task of `agent` is finished. Stale ids (the agent crashed meanwhile) change nothing.
    pub fn release(&mut self, now: Time, agent: AgentId) -> Released {
        let Some(entry) = self.agents.find(agent) else { return Released::default() };
        match entry.phase {
            Phase::Ready => self.release_ready(now, agent),
            Phase::Draining { load, reason } => self.release_draining(agent, load, reason),
            Phase::Starting | Phase::Dead => Released::default(),
        }
    }

    /// Begins to start an agent: warm if a container is prepared, cold otherwise. A container that was taken is
    /// replaced by preparing another, which takes a cold start.
    pub fn spawn(&mut self, now: Time, group: GroupId) -> Spawned {
        let agent = self.add_starting(group, now);
        self.starting(now, agent, group)
    }

    /// Begins to start an agent as the caller says, who keeps the prepared containers of every group (see [`WarmPlan`]).
    /// The pool's own containers are left alone.
    pub fn spawn_as(&mut self, now: Time, group: GroupId, start: Start) -> Spawned {
        let agent = self.add_starting(group, now);
        self.starting_as(now, agent, group, start)
    }

    /// `agent` has started and is idle from now on; false when it is not starting (any more).
    pub fn ready(&mut self, now: Time, agent: AgentId) -> bool {
        let Some(entry) = self.agents.find_mut(agent) else { return false };
        if entry.phase != Phase::Starting {
            return false;
        }
        entry.phase = Phase::Ready;
        entry.ready_since = now;
        entry.idle_since = now;
        let members = &mut self.groups[entry.group.index()];
        entry.place = members.candidates.len();
        members.candidates.push(Candidate::new(agent.slot(), 0, members.concurrency));
        members.loads.enter(0);
        members.counts.starting -= 1;
        members.counts.idle += 1;
        members.free_slots += members.concurrency;
        true
    }

    /// A container has been prepared; more than the specification asks for are thrown away.
    pub fn warm_ready(&mut self) {
        self.warm = (self.warm + 1).min(self.spec.warm_pool);
    }

    /// How many agents of `group` are in each state.
    pub fn counts(&self, group: GroupId) -> Counts {
        self.groups[group.index()].counts
    }

    /// Tasks that ready agents of `group` could still take.
    pub fn free_slots(&self, group: GroupId) -> u32 {
        self.groups[group.index()].free_slots
    }

    /// All agents that live, in all groups.
    pub fn total_agents(&self) -> u32 {
        self.groups.iter().map(|group| group.counts.alive()).sum()
    }

    /// Prepared containers.
    pub const fn warm_containers(&self) -> u32 {
        self.warm
    }

    /// Whether the queue is long enough to spawn (strictly longer than `lazy_spawn_above`).
    pub fn should_spawn_lazily(&self, queue_depth: u32) -> bool {
        self.spec.lazy_spawn_above.is_some_and(|above| queue_depth > above)
    }

    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<GroupId> {
        let index = self.spec.groups.iter().position(|group| group.name == name)?;
        u32::try_from(index).ok().map(GroupId)
    }

    /// The names of the groups, in order.
    pub fn group_names(&self) -> impl Iterator<Item = &String> {
        self.spec.groups.iter().map(|group| &group.name)
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The state of an agent and the tasks it has; `None` when it has left.
    pub fn agent(&self, agent: AgentId) -> Option<(AgentState, u32)> {
        let entry = self.agents.find(agent)?;
        Some(match entry.phase {
            Phase::Starting => (AgentState::Starting, 0),
            Phase::Ready => match self.groups[entry.group.index()].candidates[entry.place].load {
                0 => (AgentState::Idle, 0),
                load => (AgentState::Busy, load),
            },
            Phase::Draining { load, .. } => (AgentState::Draining, load),
            Phase::Dead => (AgentState::Dead, 0),
        })
    }

    /// The group of an agent; `None` when it has left.
    pub fn group_of(&self, agent: AgentId) -> Option<GroupId> {
        self.agents.find(agent).map(|entry| entry.group)
    }

    /// The specification the pool was made from.
    pub const fn spec(&self) -> &PoolSpec {
        &self.spec
    }

    fn add_starting(&mut self, group: GroupId, now: Time) -> AgentId {
        self.groups[group.index()].counts.starting += 1;
        self.agents.add(Agent { group, phase: Phase::Starting, place: 0, ready_since: now, idle_since: now })
    }

    /// How long the start of `agent` takes.
    fn starting(&mut self, now: Time, agent: AgentId, group: GroupId) -> Spawned {
        let members = &self.groups[group.index()];
        if self.warm == 0 {
            let ready_at = now.saturating_add(members.cold_start);
            return Spawned { agent, ready_at, start: Start::Cold, refill_at: None };
        }
        self.warm -= 1;
        Spawned {
            agent,
            ready_at: now.saturating_add(members.warm_start),
            start: Start::Warm,
            refill_at: Some(now.saturating_add(members.cold_start)),
        }
    }

    fn starting_as(&self, now: Time, agent: AgentId, group: GroupId, start: Start) -> Spawned {
        let members = &self.groups[group.index()];
        let takes = match start {
            Start::Warm => members.warm_start,
            Start::Cold => members.cold_start,
        };
        Spawned { agent, ready_at: now.saturating_add(takes), start, refill_at: None }
    }

    fn release_ready(&mut self, now: Time, agent: AgentId) -> Released {
        let entry = self.agents.find_mut(agent).expect("the caller found it");
        let group = entry.group;
        let members = &mut self.groups[group.index()];
        let candidate = &mut members.candidates[entry.place];
        if candidate.load == 0 {
            return Released::default();
        }
        candidate.load -= 1;
        members.loads.enter(candidate.load);
        members.loads.leave(candidate.load + 1);
        members.free_slots += 1;
        if candidate.load == 0 {
            entry.idle_since = now;
            members.counts.busy -= 1;
            members.counts.idle += 1;
        }
        let worn_out =
            self.spec.lifespan.is_some_and(|lifespan| now.saturating_since(entry.ready_since) >= lifespan);
        let reason = if self.spec.replace_on_use {
            RetireReason::Used
        } else if worn_out {
            RetireReason::Lifespan
        } else {
            return Released::default();
        };
        match self.leave(agent, reason) {
            Drained::Left => Released { agent_left: Some(reason) },
            Drained::Draining | Drained::NotThere => Released::default(),
        }
    }

    fn release_draining(&mut self, agent: AgentId, load: u32, reason: RetireReason) -> Released {
        let entry = self.agents.find_mut(agent).expect("the caller found it");
        if load > 1 {
            entry.phase = Phase::Draining { load: load - 1, reason };
            return Released::default();
        }
        self.groups[entry.group.index()].counts.draining -= 1;
        self.agents.remove(agent);
        Released { agent_left: Some(reason) }
    }
}

impl PoolSpec {
    /// The pool, empty: call [`Pool::start_full`] to fill it.
    pub fn build(&self) -> Result<Pool, crate::spec::SpecError> {
        self.validate()?;
        let groups =
            self.groups.iter().map(|spec| Group::new(spec, &self.balance)).collect::<Result<_, _>>()?;
        Ok(Pool { spec: self.clone(), groups, agents: Agents::default(), warm: 0 })
    }
}

impl Group {
    fn new(spec: &GroupSpec, balance: &BalanceSpec) -> Result<Self, crate::spec::SpecError> {
        Ok(Self {
            concurrency: spec.concurrency,
            cold_start: spec.cold_start,
            warm_start: spec.warm_start,
            minimum: spec.minimum,
            balance: balance.build()?,
            candidates: Vec::new(),
            loads: Loads::default(),
            counts: Counts::default(),
            free_slots: 0,
        })
    }
}

#[cfg(test)]
mod tests;
