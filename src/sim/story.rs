//! What happened when: the moments of failures and of what is done about them, and what stands at the ends of windows.
//!
//! It tells one run to a reader and counts nothing that is not counted elsewhere; so it moves no digest. A model without
//! anything to tell writes nothing down.

use super::impact::ImpactRun;
use super::world::World;
use crate::model::Model;
use tars_policy::breaker::{Outcome, Pass, State};
use tars_policy::limiter::{Algorithm, Limiter, LimiterSpec};
use tars_policy::pool::GroupId;
use tars_policy::units::Time;

/// Moments of one kind that are written down at most.
const MOMENTS_MAX: usize = 1_000;
/// A whole limit, in millionths.
const WHOLE: f64 = 1e6;

/// What a moment is about. Its place in [`What::ALL`] is its number in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A fault begins; `to` is 1 where it lasts, 0 where it is over at once.
    FaultBegins,
    /// A fault ends.
    FaultEnds,
    /// A breaker opens.
    BreakerOpens,
    /// A breaker is closed again.
    BreakerCloses,
    /// The active member of a failover has ceased to answer, as was found later.
    MemberFails,
    /// Its watcher has found that out.
    MemberFound,
    /// The decision to put another in its place has been taken.
    SwitchDecided,
    /// Member `to` has been put in its place.
    Switched,
    /// The new member has given its first answer.
    MemberAnswers,
    /// The decision was that the active member had not failed.
    SwitchAborted,
    /// The first member has its place again.
    MemberReturns,
    /// The level of degradation by health is `to` from now on.
    Level,
    /// The mode of degradation by load is `to` from now on.
    Mode,
    /// An alert fires.
    AlertFires,
    /// An alert has resolved.
    AlertResolves,
    /// Agents of a pool die.
    AgentsDie,
    /// The first of them is found and started again.
    AgentsFound,
    /// All that had died are ready again.
    AgentsReady,
    /// A node of a group dies.
    NodeDies,
    /// It is back.
    NodeBack,
    /// A session of a pool has lost its agent.
    SessionsHit,
    /// The first of them is found by its heartbeat.
    SessionsFound,
    /// The latest of them to go on from its checkpoint.
    SessionsResume,
}

impl What {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 23] = [
        Self::FaultBegins,
        Self::FaultEnds,
        Self::BreakerOpens,
        Self::BreakerCloses,
        Self::MemberFails,
        Self::MemberFound,
        Self::SwitchDecided,
        Self::Switched,
        Self::MemberAnswers,
        Self::SwitchAborted,
        Self::MemberReturns,
        Self::Level,
        Self::Mode,
        Self::AlertFires,
        Self::AlertResolves,
        Self::AgentsDie,
        Self::AgentsFound,
        Self::AgentsReady,
        Self::NodeDies,
        Self::NodeBack,
        Self::SessionsHit,
        Self::SessionsFound,
        Self::SessionsResume,
    ];
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When, in nanoseconds.
    pub at: u64,
    /// What.
    pub what: What,
    /// To whom: its place in the model's list of its kind.
    pub of: u16,
    /// To what, where that is told.
    pub to: u16,
}

/// What stands when a window of the time series ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowStory {
    /// Of each station with a limit, in their order, what is left of its emptiest bucket in millionths, just before the
    /// window ends; nothing where it is in debt.
    pub limits: Vec<u32>,
    /// The active member of each failover, by place in its list.
    pub active: Vec<u16>,
    /// The level of degradation by health.
    pub level: u8,
    /// Agents that can take tasks, and agents that start.
    pub ready: u32,
    /// Those that start.
    pub starting: u32,
    /// Tasks that failures touched in the window, and what became of some in it; `still_there` at its end.
    pub impact: ImpactRun,
    /// When a failure first touched a task in the window, in nanoseconds: whoever called noticed it then.
    pub touched_at: Option<u64>,
}

/// The story of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoryRun {
    /// What happened, in the order in which it was found out.
    pub moments: Vec<Moment>,
    /// Moments that are not in there, for want of room.
    pub left_out: u64,
    /// What stood at the ends of windows.
    pub windows: Vec<WindowStory>,
}

/// The story while it is written.
pub(super) struct Story {
    on: bool,
    run: StoryRun,
    /// How often each kind has been written down.
    told: [usize; What::ALL.len()],
    /// Agents that have died and are not ready again, by pool and place.
    down: Vec<(u16, u32)>,
    impact: ImpactRun,
    touched_at: Option<u64>,
}

impl Story {
    /// An empty one; `windows` says whether the run is cut into windows at all.
    pub(super) fn new(model: &Model, windows: bool) -> Self {
        let on = windows && has_one(model);
        Self {
            on,
            run: StoryRun::default(),
            told: [0; What::ALL.len()],
            down: Vec::new(),
            impact: ImpactRun::default(),
            touched_at: None,
        }
    }

    /// A failure touches a task.
    pub(super) fn touched(&mut self, at: u64) {
        self.touched_at.get_or_insert(at);
    }

    /// Writes down a moment.
    pub(super) fn tell(&mut self, at: u64, what: What, of: usize, to: usize) {
        if !self.on {
            return;
        }
        let told = &mut self.told[what as usize];
        if *told >= MOMENTS_MAX {
            self.run.left_out += 1;
            return;
        }
        *told += 1;
        self.run.moments.push(Moment { at, what, of: small(of), to: small(to) });
    }

    /// Writes down a moment of many that mean one thing: only the first since `begin`.
    fn tell_first(&mut self, at: u64, what: What, of: usize, begin: What) {
        let of_these = |moment: &&Moment| moment.of == small(of) && [what, begin].contains(&moment.what);
        if self.run.moments.iter().rev().find(of_these).is_some_and(|moment| moment.what == begin) {
            self.tell(at, what, of, 0);
        }
    }

    /// A session has lost its agent; of one moment, once.
    pub(super) fn session_hit(&mut self, at: u64, pool: u16) {
        let known = |moment: &Moment| (moment.at, moment.what, moment.of) == (at, What::SessionsHit, pool);
        if !self.run.moments.iter().rev().take_while(|moment| moment.at == at).any(known) {
            self.tell(at, What::SessionsHit, usize::from(pool), 0);
        }
    }

    /// A session is found to have no agent.
    pub(super) fn session_found(&mut self, at: u64, pool: u16) {
        self.tell_first(at, What::SessionsFound, usize::from(pool), What::SessionsHit);
    }

    /// A session goes on: the latest since any was hit is told.
    pub(super) fn session_resumes(&mut self, at: u64, pool: u16) {
        let about = [What::SessionsHit, What::SessionsResume];
        let latest = self.run.moments.iter_mut().rev();
        let latest = latest.into_iter().find(|moment| moment.of == pool && about.contains(&moment.what));
        match latest {
            Some(moment) if moment.what == What::SessionsResume => moment.at = at,
            Some(_) | None => self.tell(at, What::SessionsResume, usize::from(pool), 0),
        }
    }

    /// Agents of a pool have died.
    pub(super) fn agents_die(&mut self, at: u64, pool: u16, places: impl ExactSizeIterator<Item = u32>) {
        if !self.on || places.len() == 0 {
            return;
        }
        self.tell(at, What::AgentsDie, usize::from(pool), places.len());
        for place in places {
            if !self.down.contains(&(pool, place)) {
                self.down.push((pool, place));
            }
        }
    }

    /// An agent that had died is found.
    pub(super) fn agent_found(&mut self, at: u64, pool: u16) {
        self.tell_first(at, What::AgentsFound, usize::from(pool), What::AgentsDie);
    }

    /// An agent can take tasks.
    pub(super) fn agent_ready(&mut self, at: u64, pool: u16, place: u32) {
        let Some(place) = self.down.iter().position(|down| *down == (pool, place)) else { return };
        self.down.swap_remove(place);
        if self.down.iter().all(|(of, _)| *of != pool) {
            self.tell(at, What::AgentsReady, usize::from(pool), 0);
        }
    }

    /// The story when the run is over; nothing where there was nothing to tell.
    pub(super) fn into_run(self) -> Option<StoryRun> {
        self.on.then_some(self.run)
    }
}

/// Whether a model has anything that a story tells.
fn has_one(model: &Model) -> bool {
    let limited = model.stations.iter().any(|station| station.limiter.is_some());
    let fails = !model.faults.is_empty() || !model.failovers.is_empty() || model.measure.impact;
    let acts = model.degrade.is_some() || model.levels.is_some() || !model.alerts.is_empty();
    limited || fails || acts || !model.breakers.is_empty() || !model.pools.is_empty()
}

fn small(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

/// What is left of the emptiest bucket, in millionths of what it holds at most.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between nothing and a million")]
fn millionths_left(limiter: &Limiter, spec: &LimiterSpec, now: Time) -> u32 {
    let most = |algorithm: &Algorithm| match algorithm {
        Algorithm::TokenBucket { burst, .. } => *burst,
        Algorithm::FixedWindow { limit, .. } | Algorithm::SlidingLog { limit, .. } => *limit,
    };
    let buckets = spec.buckets.iter().enumerate();
    let shares =
        buckets.map(|(place, bucket)| limiter.level(now, place) / most(&bucket.algorithm).max(1) as f64);
    libm::round(shares.fold(1.0, f64::min).clamp(0.0, 1.0) * WHOLE) as u32
}

impl World<'_> {
    /// Something happens now.
    pub(super) fn tell(&mut self, what: What, of: usize, to: usize) {
        self.story.tell(self.now, what, of, to);
    }

    /// A breaker is told how a call fared.
    #[inline]
    pub(super) fn record_outcome(&mut self, breaker: u16, pass: Pass, outcome: Outcome) {
        let time = self.time();
        if let Some(change) = self.breakers[breaker as usize].record(time, pass, outcome) {
            self.breaker_changes(breaker, change.to);
        }
    }

    #[inline(never)]
    fn breaker_changes(&mut self, breaker: u16, to: State) {
        let what = match to {
            State::Open | State::ForcedOpen => What::BreakerOpens,
            State::Closed | State::ForcedClosed => What::BreakerCloses,
            State::HalfOpen => return,
        };
        self.tell(what, usize::from(breaker), 0);
    }

    /// A window of the time series ends: what stands is written down.
    pub(super) fn tell_window(&mut self) {
        if !self.story.on {
            return;
        }
        let impact = if self.impact.on { self.impact_run() } else { ImpactRun::default() };
        let before = std::mem::replace(&mut self.story.impact, impact);
        let window = WindowStory {
            limits: self.limits_left(),
            active: self.failovers.iter().map(|state| small(state.active_member())).collect(),
            level: self.levels.as_ref().map_or(0, super::levels::LevelsState::number),
            ready: self.agents_in(|counts| counts.idle + counts.busy),
            starting: self.agents_in(|counts| counts.starting),
            impact: impact.since(&before),
            touched_at: self.story.touched_at.take(),
        };
        self.story.run.windows.push(window);
    }

    /// Just before now: a window of a limit that begins now is another.
    fn limits_left(&self) -> Vec<u32> {
        let before = Time::from_nanos(self.now.saturating_sub(1));
        let stations = self.stations.iter().zip(&self.plan.model.stations);
        let limited =
            stations.filter_map(|(state, model)| Some((state.limiter.as_ref()?, model.limiter.as_ref()?)));
        limited.map(|(limiter, spec)| millionths_left(limiter, spec, before)).collect()
    }

    fn agents_in(&self, of: impl Fn(tars_policy::pool::Counts) -> u32) -> u32 {
        let pools = self.pools.iter().zip(&self.plan.model.pools);
        let each = pools.flat_map(|(pool, model)| {
            (0..model.agents.groups.len())
                .map(|place| pool.agents.counts(GroupId::new(u32::from(small(place)))))
        });
        each.map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_kind_is_its_place() {
        for (place, what) in What::ALL.into_iter().enumerate() {
            assert_eq!(what as usize, place, "{what:?}");
        }
    }

    fn story() -> Story {
        Story {
            on: true,
            run: StoryRun::default(),
            told: [0; What::ALL.len()],
            down: Vec::new(),
            impact: ImpactRun::default(),
            touched_at: None,
        }
    }

    #[test]
    fn a_kind_that_comes_again_and_again_leaves_room_for_the_others() {
        let mut story = story();
        for at in 0..1_500 {
            story.tell(at, What::BreakerOpens, 0, 0);
        }
        story.tell(1_500, What::FaultBegins, 0, 1);
        let run = story.into_run().unwrap();
        assert_eq!((run.moments.len(), run.left_out), (MOMENTS_MAX + 1, 500));
    }

    #[test]
    fn the_last_of_the_agents_that_died_ends_it() {
        let mut story = story();
        story.agents_die(10, 0, [3, 5].into_iter());
        story.agent_found(20, 0);
        story.agent_found(21, 0);
        story.agent_ready(30, 0, 5);
        story.agent_ready(31, 0, 9);
        story.agent_ready(40, 0, 3);
        let seen: Vec<_> = story.run.moments.iter().map(|moment| (moment.at, moment.what)).collect();
        assert_eq!(seen, [(10, What::AgentsDie), (20, What::AgentsFound), (40, What::AgentsReady)]);
    }

    #[test]
    fn of_sessions_the_first_found_and_the_last_to_go_on_are_told() {
        let mut story = story();
        for _ in 0..3 {
            story.session_hit(10, 0);
        }
        story.session_found(20, 0);
        story.session_found(20, 0);
        story.session_resumes(25, 0);
        story.session_resumes(28, 0);
        let seen: Vec<_> = story.run.moments.iter().map(|moment| (moment.at, moment.what)).collect();
        assert_eq!(seen, [(10, What::SessionsHit), (20, What::SessionsFound), (28, What::SessionsResume)]);
    }
}
