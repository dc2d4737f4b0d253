//! Containers prepared for each group of a pool by itself, in the order that its plan says.

use super::agents::{Started, Starting};
use super::event::Event;
use super::stations::small;
use super::world::{FAR, World};
use crate::model::Pool as PoolModel;
use tars_policy::pool::{GroupId, Start, Stock, WarmPlan};
use tars_policy::units::{Span, Time};

/// The containers of a pool.
pub(super) struct WarmState {
    plan: WarmPlan,
    /// Of each group of the plan, in its order.
    stock: Vec<Stock>,
    groups: Vec<GroupId>,
}

impl WarmState {
    pub(super) fn new(pool: &PoolModel) -> Option<Self> {
        let (plan, groups) = pool.warm.as_ref()?;
        Some(Self {
            plan: plan.clone(),
            stock: vec![Stock::default(); groups.len()],
            groups: groups.iter().map(|group| GroupId::new(u32::from(*group))).collect(),
        })
    }

    /// Takes a container of this group, if there is one.
    pub(super) fn take(&mut self, group: GroupId) -> Start {
        let place = self.groups.iter().position(|other| *other == group);
        match place.map(|place| &mut self.stock[place]).filter(|stock| stock.ready > 0) {
            Some(stock) => {
                stock.ready -= 1;
                Start::Warm
            }
            None => Start::Cold,
        }
    }

    /// All that are wanted are ready.
    fn fill(&mut self, now: Time) {
        for (stock, warm) in self.stock.iter_mut().zip(&self.plan.groups) {
            stock.ready = warm.wanted(now);
        }
    }

    /// The place of the group whose container is prepared next; it counts as begun.
    fn begin(&mut self, now: Time) -> Option<usize> {
        let place = self.plan.next(now, &self.stock)?;
        self.stock[place].preparing += 1;
        Some(place)
    }

    fn ready(&mut self, place: u16) {
        let stock = &mut self.stock[usize::from(place)];
        stock.preparing -= 1;
        stock.ready += 1;
    }
}

impl World<'_> {
    /// The containers of a pool at the start: all there, or all to be prepared.
    pub(super) fn start_warm(&mut self, pool: u16) {
        let time = self.time();
        let ready = self.plan.model.pools[pool as usize].ready_at_start;
        let Some(warm) = &mut self.pools[pool as usize].warm else { return };
        if ready {
            warm.fill(time);
        }
        self.prepare(pool);
        self.look_at_next_window(pool);
    }

    /// Begins to prepare what is wanted and not there.
    pub(super) fn prepare(&mut self, pool: u16) {
        let time = self.time();
        while let Some(warm) = &mut self.pools[pool as usize].warm {
            let Some(place) = warm.begin(time) else { return };
            let group = warm.groups[place];
            let takes = self.plan.model.pools[pool as usize].agents.groups[group.index()].cold_start;
            self.schedule_start(pool, Started::Prepared(small(place)), time.saturating_add(takes));
        }
    }

    /// A container is prepared.
    pub(super) fn prepared(&mut self, pool: u16, place: u16) {
        if let Some(warm) = &mut self.pools[pool as usize].warm {
            warm.ready(place);
        }
        self.prepare(pool);
    }

    /// A window of a schedule begins.
    pub(super) fn warm_window_begins(&mut self, pool: u16) {
        self.prepare(pool);
        self.look_at_next_window(pool);
    }

    fn look_at_next_window(&mut self, pool: u16) {
        let time = self.time();
        let next = self.pools[pool as usize].warm.as_ref().and_then(|warm| warm.plan.next_begin(time));
        if let Some(next) = next {
            self.schedule_start(pool, Started::Window, next);
        }
    }

    /// A crashed agent is found and started again at the next look of the pool's health check, or at once without one.
    pub(super) fn restart_when_found(&mut self, pool: u16, agent: tars_policy::pool::AgentId) {
        let Some(check) = &self.plan.model.pools[pool as usize].agents.health_check else {
            return self.restart_agent(pool, agent);
        };
        if check.restart {
            let interval = check.interval.as_nanos();
            let at = (self.now / interval + 1).saturating_mul(interval);
            self.schedule_start(
                pool,
                Started::Found(agent),
                Time::START.saturating_add(Span::from_nanos(at)),
            );
        }
    }

    pub(super) fn schedule_start(&mut self, pool: u16, what: Started, at: Time) {
        let starting = self.controllers.starting.insert(Starting { pool, what });
        self.agenda.schedule(at.as_nanos().min(FAR), Event::AgentReady(starting));
    }
}
