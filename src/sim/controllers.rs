//! Periodic decisions: autoscalers and graceful degradation.

use super::agents::Starting;
use super::event::Event;
use super::story::What;
use super::world::World;
use crate::engine::Arena;
use crate::model::{Degrade as DegradeModel, Model};
use tars_policy::autoscale::{Autoscaler, Metrics, ScaleReason};
use tars_policy::degrade::{Degrade, Health, Mode, ModeSettings, Trigger};
use tars_policy::pool::GroupId;
use tars_policy::queue::Priority;
use tars_policy::units::Span;

/// Autoscalers, and what pools have under way.
pub(super) struct Controllers {
    scalers: Vec<Scaler>,
    pub(super) starting: Arena<Starting>,
    /// Polling workers: pool, and place in it.
    pub(super) workers: Vec<(u16, u16)>,
}

/// An autoscaler at work, and what it did.
struct Scaler {
    rule: Autoscaler,
    looks: u64,
    ups: u64,
    downs: u64,
    arrived_before: u64,
    /// Tasks that had left at the last look, and their time in the pool.
    left_before: (u64, u128),
    /// Tasks that had been turned away at the last look, and those that had gone wrong.
    errors_before: (u64, u64),
}

/// What an autoscaler did in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScalerActs {
    /// How often it looked.
    pub looks: u64,
    /// How often it added agents.
    pub ups: u64,
    /// How often it took agents away.
    pub downs: u64,
}

impl Controllers {
    pub(super) fn new(model: &Model) -> Self {
        let built = "policies were validated when the model was made";
        Self {
            scalers: model
                .autoscalers
                .iter()
                .map(|scaler| Scaler {
                    rule: scaler.rule.build().expect(built),
                    looks: 0,
                    ups: 0,
                    downs: 0,
                    arrived_before: 0,
                    left_before: (0, 0),
                    errors_before: (0, 0),
                })
                .collect(),
            starting: Arena::new(),
            workers: Vec::new(),
        }
    }

    /// What each autoscaler did.
    pub(super) fn acts(&self) -> Vec<ScalerActs> {
        self.scalers
            .iter()
            .map(|scaler| ScalerActs { looks: scaler.looks, ups: scaler.ups, downs: scaler.downs })
            .collect()
    }
}

/// Degradation at work.
pub(super) struct DegradeState {
    rule: Degrade,
    /// What holds in each mode.
    settings: [ModeSettings; 3],
    models: [Option<u16>; 3],
    /// Alerts that ask for the second mode at least.
    ordered: u32,
    /// Tasks ended well and badly, by second, over the last seconds.
    seconds: Vec<(u64, u32, u32)>,
    window: u64,
    /// Nanoseconds in each mode, and since when the present one holds.
    pub(super) spent: [u64; 3],
    pub(super) changes: u64,
    pub(super) triggers: [u64; 5],
    since: u64,
}

impl DegradeState {
    pub(super) fn new(model: &DegradeModel) -> Self {
        let seconds = model.success_window.as_nanos().div_ceil(SECOND).max(1);
        Self {
            rule: model.rule.build().expect("policies were validated when the model was made"),
            settings: Mode::ALL.map(|mode| model.rule.modes().of(mode).clone()),
            models: model.models,
            ordered: 0,
            seconds: vec![(u64::MAX, 0, 0); usize::try_from(seconds).expect("a window of seconds fits")],
            window: seconds,
            spent: [0; 3],
            changes: 0,
            triggers: [0; 5],
            since: 0,
        }
    }

    /// A task has ended, well or not.
    pub(super) fn saw(&mut self, now: u64, well: bool) {
        let second = now / SECOND;
        let place = usize::try_from(second % self.window).expect("a place in the window");
        let slot = &mut self.seconds[place];
        if slot.0 != second {
            *slot = (second, 0, 0);
        }
        if well {
            slot.1 += 1;
        } else {
            slot.2 += 1;
        }
    }

    /// The share of tasks that ended well lately; one when none ended.
    fn success_share(&self, now: u64) -> f64 {
        let second = now / SECOND;
        let recent = self.seconds.iter().filter(|(at, ..)| *at <= second && second - at < self.window);
        let (good, bad) =
            recent.fold((0_u64, 0_u64), |(good, bad), (_, g, b)| (good + u64::from(*g), bad + u64::from(*b)));
        if good + bad == 0 { 1.0 } else { good as f64 / (good + bad) as f64 }
    }

    pub(super) fn mode_index(&self) -> usize {
        let least = if self.ordered > 0 { Mode::HighLoad } else { Mode::Optimal };
        self.rule.mode().max(least).index()
    }

    fn settings(&self) -> &ModeSettings {
        &self.settings[self.mode_index()]
    }

    /// The model that the mode asks for.
    pub(super) fn model(&self) -> Option<u16> {
        self.models[self.mode_index()]
    }

    pub(super) fn timeout(&self) -> Option<Span> {
        self.settings().timeout
    }

    /// How long the mode lets cached entries be used; `None` leaves them to their caches.
    fn cache_ttl(&self) -> Option<Span> {
        self.settings().cache_ttl
    }

    pub(super) fn cached_only(&self) -> bool {
        self.settings().cached_only
    }

    pub(super) fn rejects(&self, priority: Priority) -> bool {
        self.settings().reject.rejects(priority)
    }

    pub(super) fn feature_is_on(&self, model: &Model, feature: u16) -> bool {
        let Some(degrade) = &model.degrade else { return true };
        degrade.features[self.mode_index()].as_ref().is_none_or(|on| on[feature as usize])
    }

    /// The time in the present mode is counted up to `now`.
    pub(super) fn settle(&mut self, now: u64) {
        let index = self.mode_index();
        self.spent[index] += now - self.since;
        self.since = now;
    }
}

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

impl World<'_> {
    pub(super) fn start_controllers(&mut self) {
        for (index, scaler) in self.plan.model.autoscalers.iter().enumerate() {
            let at = scaler.interval.as_nanos();
            self.agenda.schedule(at, Event::Autoscale(u32::try_from(index).expect("few autoscalers")));
        }
        if let Some(degrade) = &self.plan.model.degrade {
            self.agenda.schedule(degrade.interval.as_nanos(), Event::Degrade(0));
            self.age_caches();
        }
    }

    /// Entries of all caches, those already in included, live as long as the mode says.
    fn age_caches(&mut self) {
        let of_mode = self.degrade.as_ref().and_then(DegradeState::cache_ttl);
        self.caches.age(of_mode, &self.plan.model);
    }

    /// An alert orders the second mode of degradation at least, or orders it no longer.
    pub(super) fn order_degradation(&mut self, begins: bool) {
        let now = self.now;
        let Some(state) = &mut self.degrade else { return };
        let before = state.mode_index();
        state.settle(now);
        if begins {
            state.ordered += 1;
        } else {
            state.ordered -= 1;
        }
        let mode = state.mode_index();
        if mode != before {
            state.changes += 1;
            self.tell(What::Mode, 0, mode);
            self.age_caches();
        }
    }

    /// An autoscaler looks, decides and looks again later.
    pub(super) fn autoscale(&mut self, index: u32) {
        let time = self.time();
        let scaler = &self.plan.model.autoscalers[index as usize];
        let metrics = self.scaler_metrics(index as usize);
        let state = &mut self.controllers.scalers[index as usize];
        let scale = state.rule.decide(time, &metrics);
        state.looks += 1;
        let pool = &self.pools[scaler.pool as usize];
        state.arrived_before = pool.arrived;
        state.left_before = (pool.left, pool.sojourn);
        state.errors_before = (pool.turned_away, pool.went_wrong);
        match scale.target_change {
            0 => {}
            up @ 1.. => {
                state.ups += 1;
                self.spawn(scaler.pool, scaler.group, up.unsigned_abs());
            }
            down => {
                if self.retire(scaler.pool, scaler.group, down.unsigned_abs()) > 0 {
                    self.controllers.scalers[index as usize].downs += 1;
                }
            }
        }
        self.probe.scale_reason(scale.reason == ScaleReason::AtMax);
        let next = self.now.saturating_add(scaler.interval.as_nanos());
        self.agenda.schedule(next, Event::Autoscale(index));
    }

    fn scaler_metrics(&self, index: usize) -> Metrics {
        let scaler = &self.plan.model.autoscalers[index];
        let model = &self.plan.model.pools[scaler.pool as usize];
        let pool = &self.pools[scaler.pool as usize];
        let (mut active, mut idle, mut starting, mut free, mut slots) = (0, 0, 0, 0, 0);
        for (place, group) in model.agents.groups.iter().enumerate() {
            let id = GroupId::new(u32::try_from(place).expect("few groups"));
            let counts = pool.agents.counts(id);
            active += counts.idle + counts.busy;
            idle += counts.idle;
            starting += counts.starting;
            free += pool.agents.free_slots(id);
            slots += (counts.idle + counts.busy) * group.concurrency;
        }
        let arrived = pool.arrived - self.controllers.scalers[index].arrived_before;
        let mean = if pool.left > 0 { pool.sojourn / u128::from(pool.left) } else { 0 };
        Metrics {
            queue_depth: pool.queue.len(),
            queue_max: model.queue.max_depth.unwrap_or(u32::MAX),
            agents_active: active,
            agents_idle: idle,
            agents_starting: starting,
            busy_share: if slots == 0 { 0.0 } else { 1.0 - f64::from(free) / f64::from(slots) },
            heap_share: self.heap_share(scaler.pool),
            tasks_running: slots.saturating_sub(free),
            latency: self.latency_since(index),
            error_share: self.error_share_since(index),
            index_size: self.indexes.size() as f64,
            mean_processing: Span::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)),
            arrival_rate_per_s: arrived as f64 / scaler.interval.as_secs_f64(),
        }
    }

    /// The mean time in the pool of the tasks that left it since the scaler's last look; zero where none did.
    fn latency_since(&self, index: usize) -> Span {
        let pool = &self.pools[self.plan.model.autoscalers[index].pool as usize];
        let (left, sojourn) = self.controllers.scalers[index].left_before;
        let left = u128::from(pool.left - left);
        let mean = (pool.sojourn - sojourn).checked_div(left).unwrap_or(0);
        Span::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// Of the tasks that a pool turned away, or that left it, since the scaler's last look: the share that did not leave it
    /// well. Zero where there were none.
    fn error_share_since(&self, index: usize) -> f64 {
        let pool = &self.pools[self.plan.model.autoscalers[index].pool as usize];
        let before = &self.controllers.scalers[index];
        let turned_away = pool.turned_away - before.errors_before.0;
        let all = turned_away + (pool.left - before.left_before.0);
        if all == 0 { 0.0 } else { (pool.went_wrong - before.errors_before.1) as f64 / all as f64 }
    }

    /// The degradation controller looks, decides and looks again later.
    pub(super) fn degrade(&mut self) {
        let (time, now) = (self.time(), self.now);
        let Some(model) = &self.plan.model.degrade else { return };
        let pool_model = &self.plan.model.pools[model.pool as usize];
        let memory_share = self.heap_share(model.pool);
        let pool = &self.pools[model.pool as usize];
        let slots: u32 = pool_model.agents.groups.iter().map(|group| group.concurrency * group.count).sum();
        let Some(state) = &mut self.degrade else { return };
        let health = Health {
            queue_share: pool_model
                .queue
                .max_depth
                .map_or(0.0, |max| f64::from(pool.queue.len()) / f64::from(max)),
            memory_share,
            success_share: state.success_share(now),
            load: f64::from(pool.number.value()) / f64::from(slots.max(1)),
        };
        state.settle(now);
        let change = state.rule.update(time, &health);
        if change.changed {
            state.changes += 1;
            let trigger = match change.reason {
                Trigger::Queue => 0,
                Trigger::Memory => 1,
                Trigger::Success => 2,
                Trigger::Load => 3,
                Trigger::None => 4,
            };
            state.triggers[trigger] += 1;
            let mode = state.mode_index();
            self.tell(What::Mode, 0, mode);
            self.age_caches();
        }
        let next = now.saturating_add(model.interval.as_nanos());
        self.agenda.schedule(next, Event::Degrade(0));
    }
}
