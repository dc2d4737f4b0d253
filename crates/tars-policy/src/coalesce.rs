//! Coalescing: identical calls that are under way at the same time are made once (single flight).
//!
//! The first caller of a key *leads* and makes the call; those who ask for the same key meanwhile *follow* and get the
//! leader's result. A [`Coalescer`] keeps no results: once a flight has ended the next caller leads another, unless a
//! failure is remembered for a while.
//!
//! | edge | decision |
//! |---|---|
//! | the leader fails | the failure is shared; or the first follower leads on, so many times, and then it is shared |
//! | the leader leaves, or is late | the first follower leads on; without followers the flight is forgotten |
//! | exactly at the leader's timeout | it is late |
//! | one who no longer leads ends | the flight is not touched: its result is its own |
//! | more callers than may follow | those make the call by themselves |
//! | exactly when a remembered failure ends | it has ended; the caller leads |
//!
//! ```
//! use tars_policy::coalesce::{CoalesceSpec, Ended, FlightOutcome, Part};
//! use tars_policy::units::Time;
//!
//! let mut coalescer = CoalesceSpec::default().build::<&str, u32>()?;
//! assert!(matches!(coalescer.request(Time::START, "prompt", 1), Part::Leads { .. }));
//! assert_eq!(coalescer.request(Time::START, "prompt", 2), Part::Follows { leader: 1 });
//! let ended = coalescer.end(Time::START, &"prompt", &1, FlightOutcome::Success);
//! assert_eq!(ended, Ended::Shared { followers: vec![2] });
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use crate::spec::SpecError;
use crate::units::{Span, Time};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec;
use alloc::vec::Vec;

/// How identical calls are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct CoalesceSpec {
    /// The most who follow one leader at a time, at least 1. None: any number.
    pub followers_max: Option<u32>,
    /// How long one may lead, above zero. None: for ever.
    pub leader_timeout: Option<Span>,
    /// What a failure of the leader means to its followers.
    pub on_failure: OnFailure,
    /// How long a failure that was shared is remembered and given to new callers at once, above zero. None: not at all.
    pub failure_ttl: Option<Span>,
}

/// What a failure of the leader means to its followers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum OnFailure {
    /// They fail with it, as in Go's `singleflight`.
    #[default]
    Share,
    /// The first of them makes the call again.
    Retry {
        /// How many times in one flight, at least 1; a later failure is shared.
        times_max: u32,
    },
}

impl CoalesceSpec {
    /// Names every impossible value: no followers, spans of zero, no retries.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.followers_max == Some(0) {
            return Err(SpecError::new(
                "followers_max",
                "is 0; expected at least 1, or leave coalescing out",
            ));
        }
        for (span, field) in [(self.leader_timeout, "leader_timeout"), (self.failure_ttl, "failure_ttl")] {
            if span.is_some_and(Span::is_zero) {
                return Err(SpecError::new(field, "is zero; expected a span, or leave it out"));
            }
        }
        match self.on_failure {
            OnFailure::Retry { times_max: 0 } => {
                Err(SpecError::new("on_failure.retry.times_max", "is 0; expected at least 1, or `share`"))
            }
            OnFailure::Retry { .. } | OnFailure::Share => Ok(()),
        }
    }

    /// The coalescer, with nothing under way.
    pub fn build<K: Ord + Clone, T: Clone + Eq>(&self) -> Result<Coalescer<K, T>, SpecError> {
        self.validate()?;
        Ok(Coalescer {
            spec: self.clone(),
            flights: BTreeMap::new(),
            timeouts: BTreeMap::new(),
            turns: 0,
            failures: BTreeMap::new(),
            forgetting: VecDeque::new(),
        })
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let leader_timeout = Some(Span::from_secs(30));
        vec![
            ("single_flight", Self::default()),
            (
                "retried",
                Self { leader_timeout, on_failure: OnFailure::Retry { times_max: 2 }, ..Self::default() },
            ),
            ("few_followers", Self { followers_max: Some(2), leader_timeout, ..Self::default() }),
            ("failures_remembered", Self { failure_ttl: Some(Span::from_secs(5)), ..Self::default() }),
        ]
    }
}

/// The part of a caller.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<T> {
    /// It makes the call, and tells by [`Coalescer::end`] how it went.
    Leads {
        /// When it is late: ask [`Coalescer::take_late`] then.
        late_at: Option<Time>,
    },
    /// It waits for the result of another.
    Follows {
        /// Who makes the call.
        leader: T,
    },
    /// It makes the call for itself, as too many follow already. Nothing is to be told.
    Alone,
    /// It gets the failure that is remembered.
    Fails {
        /// Until when the failure is remembered.
        until: Time,
    },
}

/// How a flight's call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlightOutcome {
    /// It has a result.
    Success,
    /// It failed.
    Failure,
}

/// What the end of a call means to others.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended<T> {
    /// The flight is over; these get the same result, in order of arrival.
    Shared {
        /// Those who followed.
        followers: Vec<T>,
    },
    /// The call failed for the leader alone; the first follower makes it again.
    HandedOn(Handed<T>),
    /// The caller leads nothing: its result is its own.
    NotLeading,
}

/// A follower that leads from now on.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed<T> {
    /// Who makes the call now.
    pub leader: T,
    /// When it is late.
    pub late_at: Option<Time>,
}

/// What the leaving of a caller means to others.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Departed<T> {
    /// It led; the first follower makes the call now.
    HandedOn(Handed<T>),
    /// It led nobody; the flight is forgotten.
    Abandoned,
    /// It followed.
    Followed,
    /// It had no part in the flight.
    Unknown,
}

/// A leader that was late.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late<K, T> {
    /// What was called.
    pub key: K,
    /// Who led too long.
    pub deposed: T,
    /// Who leads now, if anybody followed.
    pub handed: Option<Handed<T>>,
}

#[derive(Clone, Debug)]
struct Flight<T> {
    leader: T,
    followers: VecDeque<T>,
    retries: u32,
    /// Of the present leader, in [`Coalescer::timeouts`].
    timeout: Option<(Time, u64)>,
}

/// Joins identical calls; made by [`CoalesceSpec::build`].
///
/// Cost: O(log flights) for each operation, and O(followers) for one who leaves.
#[derive(Clone, Debug)]
pub struct Coalescer<K, T> {
    spec: CoalesceSpec,
    flights: BTreeMap<K, Flight<T>>,
    timeouts: BTreeMap<(Time, u64), K>,
    /// Leaders so far: the order of those who are late at once.
    turns: u64,
    failures: BTreeMap<K, Time>,
    /// The same failures in the order in which they end.
    forgetting: VecDeque<(Time, K)>,
}

impl<K: Ord + Clone, T: Clone + Eq> Coalescer<K, T> {
    /// A caller asks for `key`. No caller asks twice in one flight; time never steps back.
    pub fn request(&mut self, now: Time, key: K, caller: T) -> Part<T> {
        if let Some(flight) = self.flights.get_mut(&key) {
            let most = self.spec.followers_max.map_or(usize::MAX, |most| most as usize);
            if flight.followers.len() >= most {
                return Part::Alone;
            }
            flight.followers.push_back(caller);
            return Part::Follows { leader: flight.leader.clone() };
        }
        self.forget_failures(now);
        if let Some(until) = self.failures.get(&key) {
            return Part::Fails { until: *until };
        }
        let timeout = self.arm(now, &key);
        let flight = Flight { leader: caller, followers: VecDeque::new(), retries: 0, timeout };
        self.flights.insert(key, flight);
        Part::Leads { late_at: timeout.map(|(at, _)| at) }
    }

    /// The call that `caller` made of `key` ended.
    pub fn end(&mut self, now: Time, key: &K, caller: &T, outcome: FlightOutcome) -> Ended<T> {
        let Some(flight) = self.flights.get_mut(key).filter(|flight| flight.leader == *caller) else {
            return Ended::NotLeading;
        };
        let retries = match (outcome, self.spec.on_failure) {
            (FlightOutcome::Failure, OnFailure::Retry { times_max }) => times_max,
            (FlightOutcome::Failure, OnFailure::Share) | (FlightOutcome::Success, _) => 0,
        };
        if flight.retries < retries && !flight.followers.is_empty() {
            flight.retries += 1;
            return match self.hand_on(now, key) {
                Some(handed) => Ended::HandedOn(handed),
                None => Ended::Shared { followers: Vec::new() },
            };
        }
        let followers = self.land(key).into();
        if let (FlightOutcome::Failure, Some(ttl)) = (outcome, self.spec.failure_ttl) {
            self.forget_failures(now);
            let until = now.saturating_add(ttl);
            self.failures.insert(key.clone(), until);
            self.forgetting.push_back((until, key.clone()));
        }
        Ended::Shared { followers }
    }

    /// A caller gives up, or is cancelled.
    pub fn leave(&mut self, now: Time, key: &K, caller: &T) -> Departed<T> {
        let Some(flight) = self.flights.get_mut(key) else { return Departed::Unknown };
        if flight.leader == *caller {
            return self.hand_on(now, key).map_or(Departed::Abandoned, Departed::HandedOn);
        }
        match flight.followers.iter().position(|follower| follower == caller) {
            None => Departed::Unknown,
            Some(place) => {
                flight.followers.remove(place);
                Departed::Followed
            }
        }
    }

    /// The leader that has been late the longest, if one is late at `now`. Ask until there is none.
    pub fn take_late(&mut self, now: Time) -> Option<Late<K, T>> {
        let (_, key) = self.timeouts.first_key_value().filter(|((at, _), _)| *at <= now)?;
        let key = key.clone();
        let deposed = self.flights.get(&key).expect("a timeout belongs to a flight").leader.clone();
        let handed = self.hand_on(now, &key);
        Some(Late { key, deposed, handed })
    }

    /// When the next leader is late.
    pub fn next_late(&self) -> Option<Time> {
        self.timeouts.first_key_value().map(|((at, _), _)| *at)
    }

    /// Flights under way.
    pub fn flights(&self) -> usize {
        self.flights.len()
    }

    /// Callers with a part in a flight: leaders and followers. Looks at each flight.
    pub fn callers(&self) -> usize {
        self.flights.values().map(|flight| 1 + flight.followers.len()).sum()
    }

    /// Lets the first follower lead; without one the flight is over.
    fn hand_on(&mut self, now: Time, key: &K) -> Option<Handed<T>> {
        let flight = self.flights.get_mut(key)?;
        let Some(leader) = flight.followers.pop_front() else {
            self.land(key);
            return None;
        };
        flight.leader = leader.clone();
        if let Some(timeout) = flight.timeout.take() {
            self.timeouts.remove(&timeout);
        }
        let timeout = self.arm(now, key);
        if let Some(flight) = self.flights.get_mut(key) {
            flight.timeout = timeout;
        }
        Some(Handed { leader, late_at: timeout.map(|(at, _)| at) })
    }

    /// The flight is over; those who followed.
    fn land(&mut self, key: &K) -> VecDeque<T> {
        let Some(flight) = self.flights.remove(key) else { return VecDeque::new() };
        if let Some(timeout) = flight.timeout {
            self.timeouts.remove(&timeout);
        }
        flight.followers
    }

    fn arm(&mut self, now: Time, key: &K) -> Option<(Time, u64)> {
        let at = now.saturating_add(self.spec.leader_timeout?);
        self.turns += 1;
        self.timeouts.insert((at, self.turns), key.clone());
        Some((at, self.turns))
    }

    fn forget_failures(&mut self, now: Time) {
        while let Some((until, key)) = self.forgetting.front()
            && *until <= now
        {
            self.failures.remove(key);
            self.forgetting.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
