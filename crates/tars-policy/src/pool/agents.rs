//! The agents of a pool, in a slab whose places are used again.

use super::{GroupId, RetireReason};
use crate::units::Time;
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// One agent for ever: a place and how often the place had been used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId {
    slot: u32,
    /// Which agent of the place, from one: so that an `Option` of an id is as small as the id.
    generation: NonZeroU32,
}

impl AgentId {
    /// Its place: small, and used again by a later agent once this one has left. Good for an array beside the pool.
    pub const fn slot(self) -> u32 {
        self.slot
    }

    /// How many agents had this place before.
    pub const fn generation(self) -> u32 {
        self.generation.get() - 1
    }
}

/// The state of an agent, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Starting.
    Starting,
    /// Ready, without a task.
    Idle,
    /// With at least one task.
    Busy,
    /// Leaving after its last task.
    Draining,
    /// Crashed.
    Dead,
}

impl AgentState {
    /// A stable code for logs and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Draining => "draining",
            Self::Dead => "dead",
        }
    }
}

/// An agent as the pool keeps it. The load of a ready one is in its group's candidates, where the balancer reads it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agent {
    pub(super) group: GroupId,
    pub(super) phase: Phase,
    /// Its place among the group's candidates, while ready.
    pub(super) place: usize,
    pub(super) ready_since: Time,
    /// When it last became idle, while it has no task.
    pub(super) idle_since: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Starting,
    Ready,
    Draining { load: u32, reason: RetireReason },
    Dead,
}

/// The slab.
#[derive(Clone, Debug, Default)]
pub(super) struct Agents {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Slot {
    generation: NonZeroU32,
    agent: Option<Agent>,
}

impl Agents {
    pub(super) fn add(&mut self, agent: Agent) -> AgentId {
        if let Some(slot) = self.free.pop() {
            let entry = &mut self.slots[slot as usize];
            entry.agent = Some(agent);
            return AgentId { slot, generation: entry.generation };
        }
        let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 agents at once");
        self.slots.push(Slot { generation: NonZeroU32::MIN, agent: Some(agent) });
        AgentId { slot, generation: NonZeroU32::MIN }
    }

    pub(super) fn remove(&mut self, agent: AgentId) {
        self.renew(agent);
        self.slots[agent.slot as usize].agent = None;
        self.free.push(agent.slot);
    }

    /// Gives the agent a new identity in the same place, so that what was armed for the old one is stale.
    pub(super) fn renew(&mut self, agent: AgentId) -> AgentId {
        let entry = &mut self.slots[agent.slot as usize];
        entry.generation = entry.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        AgentId { slot: agent.slot, generation: entry.generation }
    }

    #[inline]
    pub(super) fn find(&self, agent: AgentId) -> Option<&Agent> {
        let slot = self.slots.get(agent.slot as usize)?;
        if slot.generation == agent.generation { slot.agent.as_ref() } else { None }
    }

    #[inline]
    pub(super) fn find_mut(&mut self, agent: AgentId) -> Option<&mut Agent> {
        let slot = self.slots.get_mut(agent.slot as usize)?;
        if slot.generation == agent.generation { slot.agent.as_mut() } else { None }
    }

    /// The agent that has the place now.
    #[inline]
    pub(super) fn id_at(&self, slot: u32) -> AgentId {
        AgentId { slot, generation: self.slots[slot as usize].generation }
    }

    /// Every agent, in the order of slots.
    pub(super) fn ids(&self) -> impl Iterator<Item = AgentId> {
        let taken = self.slots.iter().enumerate().filter(|(_, slot)| slot.agent.is_some());
        taken.map(|(place, slot)| AgentId {
            slot: u32::try_from(place).expect("fewer than 2^32 agents at once"),
            generation: slot.generation,
        })
    }

    /// The agent in a place that is known to be taken.
    pub(super) fn at_mut(&mut self, slot: u32) -> &mut Agent {
        self.slots[slot as usize].agent.as_mut().expect("the place is taken")
    }

    /// The agent in a place that is known to be taken.
    pub(super) fn at(&self, slot: u32) -> &Agent {
        self.slots[slot as usize].agent.as_ref().expect("the place is taken")
    }
}
