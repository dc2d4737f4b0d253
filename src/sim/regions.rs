//! Regions: where tasks are served, who knows that a region is down, and what is lost with it.

use super::failovers::noticed_after;
use super::ledger::Part;
use super::stations::small;
use super::strand::{Cause, NONE, Phase, uses};
use super::world::World;
use crate::model::Model;
use crate::model::region::Region;
use crate::random::{later, unit_from};
use std::collections::BTreeMap;
use tars_policy::pool::AgentState;

/// The regions of a system, and who is in which.
pub(super) struct Regions {
    /// By region.
    of: Vec<Reach>,
    /// Of strands whose sessions may go on elsewhere: the key, as places are used again, the last step by region that it took,
    /// and where the way that it took begins.
    routes: Vec<(u64, u32, u32)>,
    /// Where the state of pinned users is, of those whose state is not at home, and how often it has moved.
    states: BTreeMap<u64, u16>,
    pub(super) moved: u64,
}

/// Whether a region can be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reach {
    /// Faults that cut it off now.
    faults: u32,
    /// When it went down last.
    down_at: u64,
    /// How long it was down when it was down last, and when that ended.
    was_down: u64,
    up_at: u64,
}

impl Reach {
    /// Whether somebody takes it to be down: it has been for long enough, or was, and has not been back for long enough.
    /// `noticed_after` says how long that is for what happened at a moment.
    fn is_known_down(self, now: u64, noticed_after: impl Fn(u64) -> u64) -> bool {
        let down = noticed_after(self.down_at);
        if self.faults > 0 {
            return now - self.down_at >= down;
        }
        self.was_down >= down && self.up_at > 0 && now - self.up_at < noticed_after(self.up_at)
    }
}

impl Regions {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            of: vec![Reach::default(); model.regions.len()],
            routes: Vec::new(),
            states: BTreeMap::new(),
            moved: 0,
        }
    }

    /// The strand has taken the way that begins at `start`, of the step at `step`.
    pub(super) fn took(&mut self, id: u32, key: u64, step: u32, start: u32) {
        let place = id as usize;
        if self.routes.len() <= place {
            self.routes.resize(place + 1, (0, 0, 0));
        }
        self.routes[place] = (key, step, start);
    }

    /// The last step by region that a strand took, and where its way begins.
    pub(super) fn route_of(&self, id: u32, key: u64) -> Option<(u32, u32)> {
        let (known, step, start) = self.routes.get(id as usize)?;
        (*known == key).then_some((*step, *start))
    }
}

impl World<'_> {
    /// The way of the region that serves a task, and how far that is from the region it comes from. `None` when the region
    /// is down, and the task has failed there.
    pub(super) fn regional_way(&mut self, id: u32, place: u16) -> Option<(u32, u64)> {
        let plan = self.plan;
        let regions = &plan.model.regions;
        let strand = self.strands.get(id);
        let client = &plan.model.clients[strand.client as usize];
        let user = self.user_key(id);
        let draw = if client.pinned {
            unit_from(later(user, 0, uses::PINNED))
        } else {
            strand.draw_once(uses::REGION)
        };
        let shares = &client.regions;
        let home = shares.iter().find(|(up_to, _)| draw < *up_to).or(shares.last());
        let home = usize::from(home.expect("checked: a client of a route by region has regions").1);
        let far = |region: u16| regions[home].round_trips[usize::from(region)].as_nanos();
        let down = |region: u16| {
            let after = |at: u64| known_after(&regions[usize::from(region)], at, user);
            self.regions.of[usize::from(region)].is_known_down(self.now, after)
        };
        let ways = &plan.model.program.regionals[place as usize];
        // Its own before any other, then the nearest; where all are known to be down, as if none were.
        let rank = |region: u16| {
            let foreign = usize::from(region) != home;
            (down(region), foreign && regions[usize::from(region)].standby, foreign, far(region))
        };
        let best = (0..).zip(ways).min_by_key(|(way, region)| (rank(**region), *way));
        let (way, region) = best.map(|(way, region)| (way, *region)).expect("a step by region has ways");
        if self.regions.of[usize::from(region)].faults > 0 {
            self.task_ends(id, Some(Cause::Down));
            return None;
        }
        let distance = far(region);
        self.strands.get_mut(id).region = region;
        let brought = if client.pinned { self.bring_state(id, user, region, small(home)) } else { 0 };
        Some((way, distance.saturating_add(brought)))
    }

    /// The state of a pinned user comes to the region that serves it: how long that takes.
    fn bring_state(&mut self, id: u32, user: u64, region: u16, home: u16) -> u64 {
        let before = self.regions.states.get(&user).copied().unwrap_or(home);
        if before == region {
            return 0;
        }
        self.regions.moved += 1;
        if region == home {
            self.regions.states.remove(&user);
        } else {
            self.regions.states.insert(user, region);
        }
        self.touch_task(id, super::impact::Mark::Resumed);
        let draw = self.strands.get(id).draw(uses::RESTORE);
        self.plan.moves[usize::from(region)].as_ref().map_or(0, |law| law.sample_span(draw).as_nanos())
    }

    /// A task is on its way to its region; false where that takes no time.
    pub(super) fn travel(&mut self, id: u32, span: u64) -> bool {
        if span == 0 {
            return false;
        }
        let strand = self.strands.get_mut(id);
        strand.ledger.enter(self.now, Part::Network);
        strand.phase = Phase::Delay;
        self.wake_after(id, span);
        true
    }

    /// A region is cut off, or back.
    pub(super) fn region_fault(&mut self, region: u16, begins: bool) {
        let now = self.now;
        let reach = &mut self.regions.of[region as usize];
        if !begins {
            reach.faults -= 1;
            if reach.faults == 0 {
                (reach.was_down, reach.up_at) = (now - reach.down_at, now);
                self.region_returns(region);
            }
            return;
        }
        reach.faults += 1;
        if reach.faults == 1 {
            reach.down_at = now;
            self.region_goes(region);
        }
    }

    /// Everything in a region is lost at once.
    fn region_goes(&mut self, region: u16) {
        let now = self.now;
        let inside: Vec<u32> =
            self.strands.iter().filter(|(_, strand)| strand.region == region).map(|(id, _)| id).collect();
        for id in inside {
            // Who is withdrawn takes its branches along, which may be in the region as well.
            if !self.strands.contains(id) || self.strands.get(id).phase == Phase::TaskLost {
                continue;
            }
            self.charge_wasted(id);
            let session = self.session_goes_abroad(id);
            self.withdraw(id);
            let strand = self.strands.get_mut(id);
            let part = strand.ledger.part();
            strand.ledger.enter(now, part);
            self.touch_task(id, super::impact::Mark::Interrupted);
            let Some(session) = session else {
                self.doom(id, Phase::TaskLost, Cause::Down);
                continue;
            };
            self.strands.get_mut(id).region = NONE;
            let known = known_after(&self.plan.model.regions[region as usize], now, self.user_key(id));
            self.await_news(id, session, known);
        }
        let lost = &self.plan.model.regions[region as usize];
        for pool in &lost.pools {
            let agents = self.pools[*pool as usize].agents.ids();
            self.crash_agents(*pool, &agents, Cause::Down);
        }
        for cache in &lost.caches {
            self.caches.clear(*cache, &self.plan.model);
        }
    }

    /// Agents of a region that is back start.
    fn region_returns(&mut self, region: u16) {
        for pool in &self.plan.model.regions[region as usize].pools {
            for agent in self.pools[*pool as usize].agents.ids() {
                let state = self.pools[*pool as usize].agents.agent(agent).map(|(state, _)| state);
                if state == Some(AgentState::Dead) {
                    self.restart_agent(*pool, agent);
                }
            }
        }
    }
}

/// How long until a user knows of what happened in a region at `at`.
fn known_after(region: &Region, at: u64, user: u64) -> u64 {
    let noticed = noticed_after(at, region.probe, region.detected_after);
    if region.dns_ttl.is_zero() {
        return noticed;
    }
    noticed.saturating_add(region.dns_ttl.scale(unit_from(later(user, 0, uses::RESOLVE))).as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_known_to_be_down_and_back_with_the_same_delay() {
        let down = Reach { faults: 1, down_at: 100, ..Reach::default() };
        assert_eq!([109, 110].map(|now| down.is_known_down(now, |_| 10)), [false, true]);
        let back = Reach { faults: 0, was_down: 50, up_at: 150, ..down };
        assert_eq!([150, 159, 160].map(|now| back.is_known_down(now, |_| 10)), [true, true, false]);
        let short = Reach { was_down: 9, ..back };
        assert!(!short.is_known_down(150, |_| 10), "nobody had noticed");
        assert!(!Reach::default().is_known_down(0, |_| 0));
    }
}
