//! Five levels by the health of components: checks of stations, and what a level gives up.

use super::event::Event;
use super::impact::Mark;
use super::story::What;
use super::strand::Cause;
use super::world::{FAR, World};
use crate::model::levels::{COMPONENTS, Levels as Model};
use crate::random::{Stream, Streams};
use std::collections::VecDeque;
use tars_policy::degrade::{Component, Components, Levels};

/// The number of the event that has this controller look; that of the modes is 0.
pub(super) const LOOK: u32 = 1;

/// The controller at work, and what it did.
pub(super) struct LevelsState {
    rule: Levels,
    /// Of each component whether it answered its last checks, the oldest first.
    checks: [VecDeque<bool>; COMPONENTS],
    chance: Stream,
    acts: LevelActs,
    since: u64,
}

/// What the controller of levels did in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelActs {
    /// Nanoseconds in each level, the best first.
    pub spent: [u64; 5],
    /// How often the level changed.
    pub changes: u64,
}

impl LevelsState {
    pub(super) fn new(model: &Model, streams: &Streams) -> Self {
        Self {
            rule: model.rule.build().expect("policies were validated when the model was made"),
            checks: std::array::from_fn(|_| VecDeque::new()),
            chance: streams.stream("levels", "checks"),
            acts: LevelActs::default(),
            since: 0,
        }
    }

    /// The level now, 0 to 4.
    pub(super) fn number(&self) -> u8 {
        self.rule.level().number()
    }

    /// The model that is asked for, where quality is reduced.
    pub(super) fn model(&self, model: &Model) -> Option<u16> {
        if self.rule.capabilities().full_quality { None } else { model.reduced }
    }

    /// Whether a feature of the routes is on.
    pub(super) fn feature_is_on(&self, model: &Model, feature: u16) -> bool {
        let (can, place) = (self.rule.capabilities(), usize::from(feature));
        (can.long_term_memory || !model.memory_features[place])
            && (can.tools || !model.tool_features[place])
            && (!can.new_requests || !model.history_features[place])
    }

    /// Whether only what is cached is served.
    pub(super) fn cached_only(&self) -> bool {
        !self.rule.capabilities().new_requests
    }

    /// What it did, up to `now`.
    pub(super) fn acts(&self, now: u64) -> LevelActs {
        let mut acts = self.acts;
        acts.spent[usize::from(self.rule.level().number())] += now - self.since;
        acts
    }

    /// A component has been checked; the share of its last checks that it answered.
    fn checked(&mut self, place: usize, answered: bool, most: usize) -> f64 {
        let checks = &mut self.checks[place];
        checks.push_back(answered);
        if checks.len() > most {
            checks.pop_front();
        }
        checks.iter().filter(|answered| **answered).count() as f64 / checks.len() as f64
    }
}

impl World<'_> {
    pub(super) fn start_levels(&mut self) {
        if let Some(levels) = &self.plan.model.levels {
            self.agenda.schedule(levels.interval.as_nanos().min(FAR), Event::Degrade(LOOK));
        }
    }

    /// The controller checks every component, decides and looks again later.
    pub(super) fn choose_level(&mut self) {
        let (now, time) = (self.now, self.time());
        let Some(model) = &self.plan.model.levels else { return };
        let mut shares = [1.0; COMPONENTS];
        for (place, station) in model.components.iter().enumerate() {
            let Some(station) = station else { continue };
            let fails = self.check_fails_share(*station);
            let Some(state) = &mut self.levels else { return };
            let answered = state.chance.unit() >= fails;
            shares[place] = state.checked(place, answered, model.checks as usize);
        }
        let [primary_model, backup_model, memory_service, tool_service, checkpoint_store] = shares;
        let health =
            Components { primary_model, backup_model, memory_service, tool_service, checkpoint_store };
        let Some(state) = &mut self.levels else { return };
        let before = usize::from(state.rule.level().number());
        let change = state.rule.update(time, &health);
        if change.changed {
            state.acts.spent[before] += now - state.since;
            state.acts.changes += 1;
            state.since = now;
            let level = state.number();
            self.tell(What::Level, 0, usize::from(level));
        }
        self.agenda.schedule(now.saturating_add(model.interval.as_nanos()).min(FAR), Event::Degrade(LOOK));
    }

    /// The probability that a check of a station fails now, as a service that began would.
    fn check_fails_share(&self, station: u16) -> f64 {
        let place = station as usize;
        let state = &self.stations[place];
        let load = self.plan.stations[place].load(&self.plan.model.stations[place], state.busy.value());
        1.0 - (1.0 - load.failure_share) * (1.0 - state.trouble.fails_share(self.now))
    }

    /// Whether a feature of the routes is on, by load and by the health of components.
    pub(super) fn feature_is_on(&self, feature: u16) -> bool {
        let model = &self.plan.model;
        let by_load = self.degrade.as_ref().is_none_or(|degrade| degrade.feature_is_on(model, feature));
        let by_health = self.levels.as_ref().zip(model.levels.as_ref());
        by_load && by_health.is_none_or(|(levels, stated)| levels.feature_is_on(stated, feature))
    }

    /// Whether a task takes the steps of a feature; who goes without, or gets what there is in maintenance, is degraded.
    pub(super) fn takes_feature(&mut self, id: u32, feature: u16) -> bool {
        let on = self.feature_is_on(feature);
        let levels = self.plan.model.levels.as_ref();
        let of_history = levels.is_some_and(|levels| levels.history_features[usize::from(feature)]);
        if on == of_history {
            self.touch_task(id, Mark::Degraded);
        }
        on
    }

    /// A level decides about a call of a provider, before it is made: true if it is not made, or another in its place.
    pub(super) fn level_decides(&mut self, id: u32, visit: u16) -> bool {
        let plan = self.plan;
        let (Some(levels), Some(model)) = (&self.levels, &plan.model.levels) else { return false };
        let call = &plan.model.program.visits[visit as usize];
        if !call.is_llm {
            return false;
        }
        if levels.cached_only() {
            if self.sharing.is_busy() {
                self.flight_fails(id, Cause::Degraded);
            }
            self.task_ends(id, Some(Cause::Degraded));
            return true;
        }
        let is_down = |station: u16| {
            let component = Component::ALL.into_iter().zip(model.components);
            component
                .into_iter()
                .any(|(component, named)| named == Some(station) && !levels.rule.is_up(component))
        };
        if !is_down(call.station) {
            return false;
        }
        // The first of its fallbacks that is not down itself.
        let Some((chain, place)) = call.chain else { return false };
        let chain = &plan.model.program.chains[chain as usize].visits;
        let next = chain.iter().skip(place as usize + 1).copied();
        let next = next.into_iter().find(|next| !is_down(plan.model.program.visits[*next as usize].station));
        let Some(next) = next else { return false };
        self.visit(id, next);
        true
    }
}
