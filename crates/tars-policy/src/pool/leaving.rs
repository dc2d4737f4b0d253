//! How agents leave: scaled in, idle too long, too old, crashed.

use super::agents::{AgentId, Phase};
use super::{Crashed, Drained, GroupId, Pool, RetireReason, Retired, Spawned, Start};
use crate::units::{Span, Time};
use alloc::vec::Vec;

impl Pool {
    /// Lets up to `n` idle agents of `group` go, the longest idle first; says how many went.
    pub fn retire_idle(&mut self, now: Time, group: GroupId, n: u32) -> u32 {
        let mut retired = 0;
        while retired < n && self.retire_one_idle(now, group).is_some() {
            retired += 1;
        }
        retired
    }

    /// Lets the agent of `group` go that has been idle longest (of equals, the one spawned first).
    pub fn retire_one_idle(&mut self, _now: Time, group: GroupId) -> Option<AgentId> {
        let idle = self.groups[group.index()].candidates.iter().filter(|candidate| candidate.load == 0);
        let longest = idle.min_by_key(|candidate| self.agents.at(candidate.id).idle_since)?;
        let agent = self.agents.id_at(longest.id);
        self.leave(agent, RetireReason::ScaledIn);
        Some(agent)
    }

    /// Lets `agent` go once its last task is finished; one that is starting goes at once.
    pub fn drain(&mut self, _now: Time, agent: AgentId) -> Drained {
        self.leave(agent, RetireReason::ScaledIn)
    }

    /// Lets go whoever is due at `now`: idle for the idle TTL (down to the group's minimum), or as old as the lifespan
    /// (the busy drain first). Returns those that left, by group, then in the order in which they were spawned.
    pub fn expire(&mut self, now: Time) -> Vec<Retired> {
        let mut left = Vec::new();
        if self.spec.idle_ttl.is_none() && self.spec.lifespan.is_none() {
            return left;
        }
        for index in 0..self.groups.len() {
            let mut place = 0;
            while let Some(candidate) = self.groups[index].candidates.get(place).copied() {
                let Some(reason) = self.due(now, candidate.id, candidate.load == 0) else {
                    place += 1;
                    continue;
                };
                // Whoever leaves or drains is no longer a candidate, so the next one moves up to this place.
                let agent = self.agents.id_at(candidate.id);
                let group = self.agents.at(candidate.id).group;
                if self.leave(agent, reason) == Drained::Left {
                    left.push(Retired { agent, group, reason });
                }
            }
        }
        left
    }

    /// When somebody is next due to [`expire`](Pool::expire); `None` when nobody is unless something else happens first.
    /// Never due: the idle at their group's minimum.
    pub fn next_expiry(&self, now: Time) -> Option<Time> {
        if self.spec.idle_ttl.is_none() && self.spec.lifespan.is_none() {
            return None;
        }
        let ready = self.groups.iter().flat_map(|group| &group.candidates);
        ready
            .filter_map(|candidate| self.due_at(candidate.id, candidate.load == 0))
            .min()
            .map(|due| due.max(now))
    }

    /// Every agent there is, dead ones included, in the order of their slots.
    pub fn ids(&self) -> Vec<AgentId> {
        self.agents.ids().collect()
    }

    /// `agent` crashes with all its tasks; `None` when it has left or is dead already. It stays, dead, until it is
    /// restarted or discarded. One that was draining or starting is gone for good when it was draining.
    pub fn crash(&mut self, now: Time, agent: AgentId) -> Option<Crashed> {
        let entry = *self.agents.find(agent)?;
        let group = entry.group;
        let (tasks_lost, was_leaving) = match entry.phase {
            Phase::Dead => return None,
            Phase::Starting => {
                self.groups[group.index()].counts.starting -= 1;
                (0, false)
            }
            Phase::Ready => (self.remove_candidate(agent), false),
            Phase::Draining { load, .. } => {
                self.groups[group.index()].counts.draining -= 1;
                (load, true)
            }
        };
        if was_leaving {
            self.agents.remove(agent);
            return Some(Crashed { group, tasks_lost, restart_at: None });
        }
        self.agents.at_mut(agent.slot()).phase = Phase::Dead;
        self.groups[group.index()].counts.dead += 1;
        Some(Crashed { group, tasks_lost, restart_at: self.found_dead_at(now) })
    }

    /// Starts a dead agent again, under a new identity; `None` when it is not dead (any more).
    pub fn restart(&mut self, now: Time, agent: AgentId) -> Option<Spawned> {
        let (agent, group) = self.revive(agent)?;
        Some(self.starting(now, agent, group))
    }

    /// Starts a dead agent again as the caller says, see [`spawn_as`](Pool::spawn_as).
    pub fn restart_as(&mut self, now: Time, agent: AgentId, start: Start) -> Option<Spawned> {
        let (agent, group) = self.revive(agent)?;
        Some(self.starting_as(now, agent, group, start))
    }

    /// Clears a dead agent away; false when it is not dead (any more).
    pub fn discard(&mut self, agent: AgentId) -> bool {
        let Some(entry) = self.agents.find(agent).filter(|entry| entry.phase == Phase::Dead) else {
            return false;
        };
        self.groups[entry.group.index()].counts.dead -= 1;
        self.agents.remove(agent);
        true
    }

    /// Takes `agent` out of service: it leaves at once, or drains.
    pub(super) fn leave(&mut self, agent: AgentId, reason: RetireReason) -> Drained {
        let Some(entry) = self.agents.find(agent).copied() else { return Drained::NotThere };
        match entry.phase {
            Phase::Draining { .. } | Phase::Dead => return Drained::NotThere,
            Phase::Starting => self.groups[entry.group.index()].counts.starting -= 1,
            Phase::Ready => {
                let load = self.remove_candidate(agent);
                if load > 0 {
                    self.agents.at_mut(agent.slot()).phase = Phase::Draining { load, reason };
                    self.groups[entry.group.index()].counts.draining += 1;
                    return Drained::Draining;
                }
            }
        }
        self.agents.remove(agent);
        Drained::Left
    }

    /// A dead agent is starting, under a new identity.
    fn revive(&mut self, agent: AgentId) -> Option<(AgentId, GroupId)> {
        let entry = self.agents.find_mut(agent).filter(|entry| entry.phase == Phase::Dead)?;
        entry.phase = Phase::Starting;
        let group = entry.group;
        let counts = &mut self.groups[group.index()].counts;
        counts.dead -= 1;
        counts.starting += 1;
        Some((self.agents.renew(agent), group))
    }

    /// Takes a ready agent out of the balancer's sight and out of the counts; says what load it had.
    fn remove_candidate(&mut self, agent: AgentId) -> u32 {
        let entry = *self.agents.at(agent.slot());
        let members = &mut self.groups[entry.group.index()];
        let candidate = members.candidates.remove(entry.place);
        for moved in &members.candidates[entry.place..] {
            self.agents.at_mut(moved.id).place -= 1;
        }
        members.loads.leave(candidate.load);
        members.free_slots -= candidate.capacity - candidate.load;
        if candidate.load == 0 {
            members.counts.idle -= 1;
        } else {
            members.counts.busy -= 1;
        }
        candidate.load
    }

    /// Why the ready agent in `slot` is to leave at `now`, if it is. Age goes before idleness.
    fn due(&self, now: Time, slot: u32, idle: bool) -> Option<RetireReason> {
        let agent = self.agents.at(slot);
        let passed = |since: Time, limit: Option<Span>| {
            limit.is_some_and(|limit| now.saturating_since(since) >= limit)
        };
        if passed(agent.ready_since, self.spec.lifespan) {
            return Some(RetireReason::Lifespan);
        }
        let idle_ttl = idle && self.may_idle_out(agent.group) && passed(agent.idle_since, self.spec.idle_ttl);
        idle_ttl.then_some(RetireReason::IdleTtl)
    }

    fn due_at(&self, slot: u32, idle: bool) -> Option<Time> {
        let agent = self.agents.at(slot);
        let old = self.spec.lifespan.map(|lifespan| agent.ready_since.saturating_add(lifespan));
        let idle_ttl = self.spec.idle_ttl.filter(|_| idle && self.may_idle_out(agent.group));
        let bored = idle_ttl.map(|idle_ttl| agent.idle_since.saturating_add(idle_ttl));
        old.into_iter().chain(bored).min()
    }

    /// Whether the group has more agents than its minimum.
    fn may_idle_out(&self, group: GroupId) -> bool {
        let members = &self.groups[group.index()];
        members.counts.starting + members.counts.idle + members.counts.busy > members.minimum
    }

    /// When the health check next looks, if it restarts the dead.
    fn found_dead_at(&self, now: Time) -> Option<Time> {
        let check = self.spec.health_check.as_ref().filter(|check| check.restart)?;
        let interval = check.interval.as_nanos();
        let next = (now.as_nanos() / interval + 1).checked_mul(interval);
        Some(next.map_or(Time::NEVER, Time::from_nanos))
    }
}
