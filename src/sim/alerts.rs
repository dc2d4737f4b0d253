//! Alerts: what they watch, when they fire, and what they bring about.

use super::event::Event;
use super::probe::{COARSE, coarse_middle};
use super::stations::small;
use super::story::What;
use super::world::{FAR, World};
use crate::model::{AlertModel, Model};
use tars_policy::alert::{Alert, AlertAction, AlertEvent, AlertMetric};
use tars_policy::breaker::State;
use tars_policy::pool::GroupId;

/// An alert at work, and what it did.
pub(super) struct AlertState {
    rule: Alert,
    before: Counters,
    acts: AlertActs,
    since: Option<u64>,
}

/// What an alert did in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertActs {
    /// How often it fired.
    pub fired: u64,
    /// When it fired first, in nanoseconds; meaningless if it never fired.
    pub first_at: u64,
    /// How long it fired in all, in nanoseconds.
    pub firing: u64,
}

/// What is counted over the whole run, for alerts alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    pub(super) good: u64,
    pub(super) bad: u64,
    pub(super) timeouts: u64,
    calls: u64,
    limited: u64,
    worked: u64,
    /// Latencies of the good, coarsely; empty where no alert watches them.
    pub(super) latency: Vec<u64>,
}

/// What alerts have brought about and take back when they resolve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    /// Alerts that have the gateway refuse everything, refuse `low`, and serve from the cache alone.
    pub(super) reject: u32,
    pub(super) shed: u32,
    pub(super) cached: u32,
    /// Alerts that have providers serve fewer calls at once.
    pub(super) reduced: u32,
}

impl AlertState {
    pub(super) fn all(model: &Model) -> Vec<Self> {
        let alert = |alert: &AlertModel| Self {
            rule: alert.rule.build().expect("policies were validated when the model was made"),
            before: Counters::of(model),
            acts: AlertActs::default(),
            since: None,
        };
        model.alerts.iter().map(alert).collect()
    }

    /// What it did, up to `now`.
    pub(super) fn acts(&self, now: u64) -> AlertActs {
        let since = self.since.map_or(0, |since| now - since);
        AlertActs { firing: self.acts.firing + since, ..self.acts }
    }
}

impl Counters {
    pub(super) fn of(model: &Model) -> Self {
        let watched = model.alerts.iter().any(|alert| alert.rule.metric == AlertMetric::LatencyP99S);
        Self { latency: if watched { vec![0; COARSE] } else { Vec::new() }, ..Self::default() }
    }
}

impl Counters {
    /// A task has ended for its client.
    pub(super) fn ended(&mut self, bucket: u32, well: bool) {
        if !well {
            self.bad += 1;
            return;
        }
        self.good += 1;
        if let Some(count) = self.latency.get_mut(bucket as usize) {
            *count += 1;
        }
    }
}

/// A share of what happened; not a number when nothing did.
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

impl World<'_> {
    pub(super) fn start_alerts(&mut self) {
        for (index, alert) in self.plan.model.alerts.iter().enumerate() {
            self.agenda.schedule(alert.interval.as_nanos().min(FAR), Event::Alert(u32::from(small(index))));
        }
    }

    /// An alert looks, decides, acts and looks again later.
    pub(super) fn alert(&mut self, index: u32) {
        let (time, now) = (self.time(), self.now);
        let place = index as usize;
        let model = &self.plan.model.alerts[place];
        let counters = self.counters();
        let value = self.watched(model, &self.alerts[place].before, &counters);
        let state = &mut self.alerts[place];
        state.before = counters;
        let decision = state.rule.update(time, value);
        match decision.event {
            AlertEvent::None => {}
            AlertEvent::Fired => {
                if state.acts.fired == 0 {
                    state.acts.first_at = now;
                }
                state.acts.fired += 1;
                state.since = Some(now);
                self.tell(What::AlertFires, place, 0);
                self.act(model, true);
            }
            AlertEvent::Repeated => self.act(model, false),
            AlertEvent::Resolved => {
                let since = state.since.take().expect("it fired before");
                state.acts.firing += now - since;
                self.tell(What::AlertResolves, place, 0);
                self.take_back(model);
            }
        }
        self.agenda.schedule(now.saturating_add(model.interval.as_nanos()).min(FAR), Event::Alert(index));
    }

    fn counters(&self) -> Counters {
        let mut counters = self.probe.counters.clone();
        counters.calls = self.probe.calls;
        counters.limited = self.probe.limited;
        counters.worked = self.nodes.iter().map(super::nodes::NodeState::worked_ever).sum();
        counters
    }

    /// What an alert watches, since its last look; not a number where nothing was seen.
    fn watched(&self, alert: &AlertModel, before: &Counters, after: &Counters) -> f64 {
        let ended = (after.good + after.bad) - (before.good + before.bad);
        match alert.rule.metric {
            AlertMetric::ThroughputPerS => share(after.good - before.good, 1) / alert.interval.as_secs_f64(),
            AlertMetric::LatencyP99S => latency_p99(&before.latency, &after.latency),
            AlertMetric::ErrorShare => share(after.bad - before.bad, ended),
            AlertMetric::RateLimitedShare => {
                share(after.limited - before.limited, after.calls - before.calls)
            }
            AlertMetric::TimeoutShare => share(after.timeouts - before.timeouts, after.calls - before.calls),
            AlertMetric::HeapMb => {
                let nodes: u64 = self.nodes.iter().map(|node| u64::from(node.heap.value())).sum();
                let pools =
                    self.pools.iter().zip(&self.plan.model.pools).map(|(pool, model)| {
                        model.heap.map_or(0.0, |(size, ..)| pool.heap_share(model) * size)
                    });
                nodes as f64 / 1024.0 + pools.sum::<f64>()
            }
            AlertMetric::HeapShare => {
                (0..self.pools.len()).map(|pool| self.heap_share(small(pool))).fold(0.0, f64::max)
            }
            AlertMetric::CpuShare if self.nodes.is_empty() => self.busiest_pool(),
            AlertMetric::CpuShare => {
                let time = alert.interval.as_nanos() as f64 * self.nodes.len() as f64;
                (after.worked - before.worked) as f64 / time
            }
            AlertMetric::QueueDepth => self.pools.iter().map(|pool| f64::from(pool.queue.len())).sum(),
            AlertMetric::OpenBreakers => {
                let time = self.time();
                let open = self.breakers.iter().filter(|breaker| breaker.state(time) == State::Open);
                share(open.count() as u64, 1)
            }
        }
    }

    /// Busy slots as a share of all, in the pool where that is most.
    fn busiest_pool(&self) -> f64 {
        let busy = |(pool, model): (&super::agents::PoolState, &crate::model::Pool)| {
            let (mut free, mut slots) = (0, 0);
            for (place, group) in model.agents.groups.iter().enumerate() {
                let id = GroupId::new(u32::from(small(place)));
                let counts = pool.agents.counts(id);
                free += pool.agents.free_slots(id);
                slots += (counts.idle + counts.busy) * group.concurrency;
            }
            if slots == 0 { 0.0 } else { 1.0 - f64::from(free) / f64::from(slots) }
        };
        self.pools.iter().zip(&self.plan.model.pools).map(busy).fold(0.0, f64::max)
    }

    /// Carries out what an alert calls for; `begins` is false when it calls again.
    fn act(&mut self, alert: &AlertModel, begins: bool) {
        if !alert.acts {
            return;
        }
        let time = self.time();
        for action in &alert.rule.actions {
            match action {
                AlertAction::Page => {}
                AlertAction::ScaleUp => self.scale_pools(1),
                AlertAction::EmergencyScaleUp => self.scale_pools(2),
                AlertAction::TripBreaker if begins => {
                    for breaker in &mut self.breakers {
                        let _ = breaker.force_open(time);
                    }
                }
                AlertAction::CollectGarbage => {
                    for node in 0..self.nodes.len() {
                        self.collect_now(small(node));
                    }
                }
                AlertAction::ShrinkCache => self.caches.clear_all(&self.plan.model),
                AlertAction::Restart => {
                    for node in 0..self.nodes.len() {
                        self.kill_node(small(node));
                    }
                }
                AlertAction::ServeCached => self.orders.cached += u32::from(begins),
                AlertAction::RejectNew => self.orders.reject += u32::from(begins),
                AlertAction::Shed => self.orders.shed += u32::from(begins),
                AlertAction::TripBreaker => {}
                AlertAction::Degrade if begins => self.order_degradation(true),
                AlertAction::Degrade => {}
                AlertAction::ReduceConcurrency => {
                    self.orders.reduced += u32::from(begins);
                    self.halve_concurrency();
                }
            }
        }
    }

    /// The alert has resolved: what it ordered until then is over.
    fn take_back(&mut self, alert: &AlertModel) {
        if !alert.acts {
            return;
        }
        let time = self.time();
        for action in &alert.rule.actions {
            match action {
                AlertAction::TripBreaker => {
                    for breaker in &mut self.breakers {
                        let _ = breaker.release(time);
                    }
                }
                AlertAction::ServeCached => self.orders.cached -= 1,
                AlertAction::RejectNew => self.orders.reject -= 1,
                AlertAction::Shed => self.orders.shed -= 1,
                AlertAction::Degrade => self.order_degradation(false),
                AlertAction::ReduceConcurrency => {
                    self.orders.reduced -= 1;
                    if self.orders.reduced == 0 {
                        self.restore_concurrency();
                    }
                }
                AlertAction::Page
                | AlertAction::ScaleUp
                | AlertAction::EmergencyScaleUp
                | AlertAction::CollectGarbage
                | AlertAction::ShrinkCache
                | AlertAction::Restart => {}
            }
        }
    }

    /// Each pool gets so many more agents, as far as its autoscaler's maximum allows.
    fn scale_pools(&mut self, count: u32) {
        for pool in 0..self.pools.len() {
            let scaler = self.plan.model.autoscalers.iter().find(|scaler| usize::from(scaler.pool) == pool);
            let (group, most) = scaler.map_or((0, u32::MAX), |scaler| (scaler.group, scaler.rule.max()));
            let room = most.saturating_sub(self.pools[pool].agents.total_agents());
            self.spawn(small(pool), group, count.min(room));
        }
    }
}

/// The 99th percentile of what came between two looks, in seconds; not a number when nothing did.
fn latency_p99(before: &[u64], after: &[u64]) -> f64 {
    let new = || after.iter().zip(before).map(|(after, before)| after - before);
    let all: u64 = new().sum();
    let mut seen = 0;
    for (bucket, count) in new().enumerate() {
        seen += count;
        if all > 0 && seen * 100 >= all * 99 {
            return coarse_middle(u32::try_from(bucket).expect("few buckets")) / 1e9;
        }
    }
    f64::NAN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::probe::coarse;

    #[test]
    fn the_percentile_is_that_of_what_is_new() {
        let mut before = vec![0; COARSE];
        before[coarse(1_000_000_000) as usize] = 1_000;
        let mut after = before.clone();
        assert!(latency_p99(&before, &after).is_nan());
        after[coarse(2_000_000_000) as usize] = 98;
        after[coarse(8_000_000_000) as usize] = 2;
        assert!((latency_p99(&before, &after) - 8.0).abs() < 0.3);
    }
}
