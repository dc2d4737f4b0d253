//! What goes wrong: outages, brown-outs, cut quotas, crashes.

use super::event::Event;
use super::impact::Mark;
use super::stations::small;
use super::story::What;
use super::strand::{Cause, Phase, Strand, uses};
use super::world::{FAR, World};
use crate::model::Model;
use crate::model::fault::{Effect, Fault};
use crate::random::{Sampler, Stream, Streams};
use tars_policy::limiter::Algorithm;
use tars_policy::pool::AgentId;
use tars_policy::units::{Rate, Span};

/// What the faults that are active now do to a station.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trouble {
    /// Services take this many times as long.
    latency_factor: f64,
    /// The share of services that fail in addition.
    failure_share: f64,
    /// It answers with errors.
    pub(super) out: bool,
    /// Until when answers wait.
    hangs_until: u64,
    /// Whoever watches over it cannot reach it.
    unseen: bool,
}

/// The faults of a run.
pub(super) struct Faults {
    /// Of each fault, until when it lasts, while it does.
    active: Vec<Option<u64>>,
    /// The chance of those that strike by chance.
    chance: Vec<Option<Stream>>,
}

/// The laws of a fault that strikes by chance: how long all is well, and how long it lasts.
#[derive(Debug)]
pub(super) struct FaultPlan {
    up: Sampler,
    down: Option<Sampler>,
}

impl FaultPlan {
    pub(super) fn of(fault: &Fault) -> Option<Self> {
        let process = fault.process.as_ref()?;
        Some(Self { up: Sampler::of_spans(&process.up), down: process.down.as_ref().map(Sampler::of_spans) })
    }
}

impl Faults {
    pub(super) fn new(model: &Model, streams: &Streams) -> Self {
        let chance = |fault: &Fault| Some(streams.stream(&fault.process.as_ref()?.name, "fault"));
        Self { active: vec![None; model.faults.len()], chance: model.faults.iter().map(chance).collect() }
    }

    /// A span by a law of the fault of this number.
    fn draw(&mut self, fault: usize, law: &Sampler) -> u64 {
        let chance = self.chance[fault].as_mut().expect("a fault by chance has its own");
        law.sample_span(chance.unit()).as_nanos()
    }
}

impl Default for Trouble {
    fn default() -> Self {
        Self { latency_factor: 1.0, failure_share: 0.0, out: false, hangs_until: 0, unseen: false }
    }
}

impl Trouble {
    /// The share of health checks at `now` that fail for it.
    pub(super) fn fails_share(&self, now: u64) -> f64 {
        if self.out || self.hangs_until > now { 1.0 } else { self.failure_share }
    }

    /// Whether it answers at all at `now`.
    pub(super) const fn answers(&self, now: u64) -> bool {
        !self.out && self.hangs_until <= now
    }

    /// The share of probes from afar that fail for it.
    pub(super) fn hides_share(&self, now: u64) -> f64 {
        if self.unseen { 1.0 } else { self.fails_share(now) }
    }

    /// What becomes of a service that would take `span`.
    pub(super) fn touch(&self, strand: &mut Strand, now: u64, span: u64) -> u64 {
        if self.failure_share > 0.0 && strand.draw(uses::TROUBLE) < self.failure_share {
            strand.will_fail = true;
            strand.doom = Cause::Down;
        }
        let slowed = Span::from_nanos(span).scale(self.latency_factor).as_nanos();
        slowed.saturating_add(self.hangs_until.saturating_sub(now)).min(FAR)
    }
}

impl World<'_> {
    pub(super) fn start_faults(&mut self) {
        let plan = self.plan;
        for (index, fault) in
            plan.model.faults.iter().enumerate().filter(|(_, fault)| fault.follows.is_none())
        {
            let wait = plan.faults[index].as_ref().map_or(0, |law| self.faults.draw(index, &law.up));
            let at = fault.at.as_nanos().saturating_add(wait).min(FAR);
            self.agenda.schedule(at, Event::Fault(u32::from(small(index)) << 1));
        }
    }

    /// A fault begins (even) or ends (odd), and those that follow it with it.
    pub(super) fn fault(&mut self, what: u32) {
        let first = (what >> 1) as usize;
        let begins = what & 1 == 0;
        let lasts = if begins { self.next_of_fault(first, what) } else { 0 };
        if !begins {
            self.schedule_next_strike(first, what & !1);
        }
        let faults = &self.plan.model.faults;
        let follows = |fault: &&Fault| fault.follows == Some(first);
        let others = faults[first + 1..].iter().take_while(follows).count();
        for index in first..=first + others {
            self.strike(index, begins, lasts);
        }
    }

    /// A fault has begun: how long it lasts, with its end, or its next begin, on the agenda.
    fn next_of_fault(&mut self, index: usize, what: u32) -> u64 {
        let (now, plan) = (self.now, self.plan);
        let fault = &plan.model.faults[index];
        let lasts = match &plan.faults[index] {
            Some(law) => law.down.as_ref().map_or(0, |law| self.faults.draw(index, law).max(1)),
            None => fault.lasts.as_nanos(),
        };
        if lasts > 0 {
            self.agenda.schedule(now.saturating_add(lasts).min(FAR), Event::Fault(what | 1));
        } else {
            self.schedule_next_strike(index, what);
        }
        if let Some(every) = fault.every {
            self.agenda.schedule(now.saturating_add(every.as_nanos()).min(FAR), Event::Fault(what));
        }
        lasts
    }

    /// One that strikes by chance will again.
    fn schedule_next_strike(&mut self, index: usize, what: u32) {
        if let Some(law) = &self.plan.faults[index] {
            let wait = self.faults.draw(index, &law.up).max(1);
            self.agenda.schedule(self.now.saturating_add(wait).min(FAR), Event::Fault(what));
        }
    }

    /// What a fault does when it begins or ends.
    fn strike(&mut self, index: usize, begins: bool, lasts: u64) {
        let effect = self.plan.model.faults[index].effect;
        self.tell(if begins { What::FaultBegins } else { What::FaultEnds }, index, usize::from(lasts > 0));
        self.faults.active[index] = begins.then(|| self.now.saturating_add(lasts));
        match effect {
            Effect::Errors(station)
            | Effect::Hangs(station)
            | Effect::BrownOut(station, ..)
            | Effect::Partition(station) => {
                self.stations[station as usize].trouble = self.trouble_of(station);
                if let (true, Effect::Hangs(_)) = (begins, effect) {
                    self.hang(station, lasts);
                }
                self.note_answering(station);
            }
            Effect::QuotaCut(station, _) => self.cut_quota(station),
            Effect::Crash(pool, share) if begins => self.crash_share(pool, share),
            Effect::Flush(cache) if begins => self.caches.clear(cache, &self.plan.model),
            Effect::NodeDeath(group, count) if begins => {
                let first = self.plan.nodes[group as usize].first;
                for place in 0..small(count as usize) {
                    self.kill_node(first + place);
                }
            }
            Effect::RegionDown(region) => {
                for station in &self.plan.model.regions[region as usize].stations {
                    self.stations[*station as usize].trouble = self.trouble_of(*station);
                    self.note_answering(*station);
                }
                self.region_fault(region, begins);
            }
            Effect::Crash(..) | Effect::Flush(_) | Effect::NodeDeath(..) => {}
        }
    }

    /// What the active faults do to a station together: factors multiply, shares of failure combine as independent.
    fn trouble_of(&self, station: u16) -> Trouble {
        let mut trouble = Trouble::default();
        for (fault, active) in self.plan.model.faults.iter().zip(&self.faults.active) {
            let Some(until) = active else { continue };
            match fault.effect {
                Effect::Errors(other) if other == station => trouble.out = true,
                Effect::Partition(other) if other == station => trouble.unseen = true,
                Effect::RegionDown(region)
                    if self.plan.model.regions[region as usize].stations.contains(&station) =>
                {
                    trouble.out = true;
                }
                Effect::Hangs(other) if other == station => {
                    trouble.hangs_until = trouble.hangs_until.max(*until);
                }
                Effect::BrownOut(other, factor, share) if other == station => {
                    trouble.latency_factor *= factor;
                    trouble.failure_share = 1.0 - (1.0 - trouble.failure_share) * (1.0 - share);
                }
                Effect::Errors(_)
                | Effect::Hangs(_)
                | Effect::BrownOut(..)
                | Effect::QuotaCut(..)
                | Effect::Crash(..)
                | Effect::Flush(_)
                | Effect::RegionDown(_)
                | Effect::Partition(_)
                | Effect::NodeDeath(..) => {}
            }
        }
        trouble
    }

    /// Calls in service at a station that hangs are answered later by as long as it hangs.
    fn hang(&mut self, station: u16, span: u64) {
        let mut held: Vec<u32> = Vec::new();
        for (id, strand) in self.strands.iter() {
            if strand.phase == Phase::InService && strand.station == station {
                held.push(id);
            }
        }
        for id in held {
            let strand = self.strands.get_mut(id);
            strand.due = strand.due.saturating_add(span).min(FAR);
            strand.timer = self.agenda.schedule(strand.due, Event::Wake(id));
            if strand.due > strand.deadline {
                self.arm_timeout(id);
            }
        }
    }

    /// Rates are those of the file times what the active faults leave of them.
    fn cut_quota(&mut self, station: u16) {
        let time = self.time();
        let left: f64 = self
            .plan
            .model
            .faults
            .iter()
            .zip(&self.faults.active)
            .filter(|(_, active)| active.is_some())
            .filter_map(|(fault, _)| match fault.effect {
                Effect::QuotaCut(other, factor) if other == station => Some(factor),
                Effect::QuotaCut(..)
                | Effect::Errors(_)
                | Effect::Hangs(_)
                | Effect::BrownOut(..)
                | Effect::Crash(..)
                | Effect::Flush(_)
                | Effect::RegionDown(_)
                | Effect::Partition(_)
                | Effect::NodeDeath(..) => None,
            })
            .product();
        let Some(spec) = &self.plan.model.stations[station as usize].limiter else { return };
        let state = &mut self.stations[station as usize];
        let limiter = state.limiter.as_mut().expect("its specification is there");
        for (place, bucket) in spec.buckets.iter().enumerate() {
            let (count, per) = match &bucket.algorithm {
                Algorithm::TokenBucket { rate, .. } => (rate.count(), rate.per_nanos()),
                Algorithm::FixedWindow { limit, window } | Algorithm::SlidingLog { limit, window } => {
                    (*limit, window.as_nanos())
                }
            };
            let rate = scaled_rate(count, per, left);
            limiter.set_rate(time, place, rate).expect("a rate in thousandths of a valid one can be kept");
        }
        state.forget_limit_timer();
        self.advance_limit_line(station);
    }

    /// A share of a pool's agents dies, and starts again.
    fn crash_share(&mut self, pool: u16, share: f64) {
        let mut agents = self.pools[pool as usize].agents.ids();
        let count = super::world::whole(libm::ceil(agents.len() as f64 * share - 1e-9)) as usize;
        agents.truncate(count);
        self.crash_agents(pool, &agents, Cause::AgentLost);
        for agent in agents {
            self.restart_when_found(pool, agent);
        }
    }

    /// Agents die, all of them before anything else happens; what they carry fails.
    pub(super) fn crash_agents(&mut self, pool: u16, agents: &[AgentId], cause: Cause) {
        let time = self.time();
        let now = self.now;
        let state = &mut self.pools[pool as usize];
        for agent in agents {
            // One that is dead already carries nothing.
            let _ = state.agents.crash(time, *agent);
        }
        state.alive.set(now, state.agents.total_agents());
        self.caches.forget_agents(pool, agents);
        self.story.agents_die(now, pool, agents.iter().map(|agent| agent.slot()));
        let carried: Vec<u32> = self
            .strands
            .iter()
            .filter(|(_, strand)| {
                strand.pool == pool && strand.agent.is_some_and(|agent| agents.contains(&agent))
            })
            .map(|(id, _)| id)
            .collect();
        for id in carried {
            // Who is withdrawn takes its branches along, which may hold agents of their own.
            if !self.strands.contains(id) {
                continue;
            }
            self.charge_wasted(id);
            let session = self.session_is_hit(id);
            self.withdraw(id);
            let strand = self.strands.get_mut(id);
            let part = strand.ledger.part();
            strand.ledger.enter(now, part);
            self.touch_task(id, Mark::Interrupted);
            if let Some(session) = session {
                self.await_detection(id, session);
            } else {
                self.pools[pool as usize].went_wrong += 1;
                self.doom(id, Phase::TaskLost, cause);
            }
        }
    }
}

/// `count` per `per` times `factor`, to a thousandth of the count; never nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is meant")]
fn scaled_rate(count: u64, per: u64, factor: f64) -> Rate {
    let whole = Rate::new(count.max(1), Span::from_nanos(per.max(1))).expect("both are positive");
    if (factor - 1.0).abs() < 1e-12 {
        return whole;
    }
    let thousandths = (libm::round(whole.count() as f64 * factor * 1_000.0) as u64).max(1);
    let per = Span::from_nanos(whole.per_nanos().saturating_mul(1_000));
    Rate::new(thousandths, per).expect("both are positive")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_rate_is_the_share_of_the_whole() {
        let minute = 60_000_000_000;
        assert!((scaled_rate(10_000, minute, 0.3).per_second() - 50.0).abs() < 1e-9);
        assert!((scaled_rate(10_000, minute, 1.0).per_second() - 10_000.0 / 60.0).abs() < 1e-9);
        assert!(scaled_rate(1, minute, 1e-9).per_second() > 0.0);
    }
}
