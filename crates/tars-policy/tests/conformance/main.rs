//! The same decisions under either clock.
//!
//! Threads drive the policies on the wall clock and write down every question (the time, the arguments, the draw) with
//! its answer. The log is then put to fresh policies in simulated time: every answer must be the same. Nothing here
//! depends on how fast the machine is; time only ever comes from the log.
//!
//! To add a policy: implement [`Subject`] for what drives it and add a row to [`SUBJECTS`].
#![expect(clippy::disallowed_types, reason = "one of the two clocks compared is the wall clock")]

mod controllers;

use controllers::{alert, autoscale, degrade, hpa, levels, load, predictive, three_mode, threshold, usual};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;
use tars_policy::admission::{
    Admission, AdmissionResult, AdmissionSpec, AdmissionView, AimdSpec, ConcurrencyLimit,
};
use tars_policy::alert::{Alert, AlertMetric, AlertSpec, AlertThreshold, Comparison};
use tars_policy::autoscale::hpa::{Behavior, HpaSpec};
use tars_policy::autoscale::{
    AutoscaleSpec, Autoscaler, Forecast, Metrics, PaceSpec, PredictiveSpec, SpawnRate, ThresholdSpec,
};
use tars_policy::balance::{Balance, BalanceSpec, Candidate};
use tars_policy::breaker::{Breaker, BreakerSpec, Outcome, Pass, Permit, Trip};
use tars_policy::cache::{Cache, CacheSpec};
use tars_policy::degrade::{
    Components, Degrade, DegradeSpec, Health, LevelSpec, Levels, LoadSpec, ThreeModeSpec,
};
use tars_policy::limiter::{Acquire, Algorithm, BucketSpec, Cost, Counted, Grant, Limiter, LimiterSpec};
use tars_policy::pool::{AgentId, AtStart, GroupId, GroupSpec, Pool, PoolSpec};
use tars_policy::queue::{CoDelSpec, LaneMask, Offer, Overflow, Priority, PriorityQueue, QueueSpec};
use tars_policy::retry::{Backoff, Failure, Jitter, Retry, RetryBudget, RetrySpec};
use tars_policy::units::{Rate, Span, Time};

/// What is asked at one moment. Each subject reads its arguments from `arguments` in its own way.
#[derive(Clone, Copy, Debug)]
struct Question {
    now: Time,
    arguments: u64,
    draw: f64,
}

impl Question {
    /// A number below `below`, from the bits from `shift` on.
    fn number(&self, shift: u32, below: u32) -> u32 {
        u32::try_from((self.arguments >> shift) % u64::from(below)).expect("below a u32")
    }
}

/// A policy with what its driver remembers: receipts, agents at work.
trait Subject: Send {
    /// Puts the question and returns the answer, its kind as the first word.
    fn ask(&mut self, question: &Question) -> String;
}

/// A policy's name and how a fresh one is made.
type Row = (&'static str, fn() -> Box<dyn Subject>);

/// All policies that are compared. Spans are microseconds, so that the wall clock passes many of them in a short test.
const SUBJECTS: [Row; 19] = [
    ("limiter", || Box::new(limiter())),
    ("breaker", || Box::new(breaker(Trip::Consecutive { failures: 3 }))),
    ("breaker_count", || Box::new(breaker(Trip::Count { failures: 4, window: Span::from_micros(80) }))),
    ("retry", || Box::new(retry())),
    ("balance_round_robin", || Box::new(balance(&BalanceSpec::RoundRobin))),
    ("balance_two_choices", || Box::new(balance(&BalanceSpec::TwoChoices))),
    ("balance_rendezvous", || Box::new(balance(&BalanceSpec::Rendezvous { replicas: 2, bound: Some(1.25) }))),
    ("pool", || Box::new(pool())),
    ("cache", || Box::new(cache())),
    ("queue", || Box::new(queue())),
    ("admission", || Box::new(admission())),
    ("autoscale_threshold", || Box::new(autoscale(&threshold()))),
    ("autoscale_predictive", || Box::new(autoscale(&predictive()))),
    ("autoscale_hpa", || Box::new(autoscale(&hpa()))),
    ("degrade_three_mode", || Box::new(degrade(&three_mode()))),
    ("degrade_load", || Box::new(degrade(&load()))),
    ("degrade_levels", || Box::new(levels())),
    ("alert_value", || Box::new(alert(AlertThreshold::Value(0.6)))),
    ("alert_baseline", || Box::new(alert(usual()))),
];

const THREADS: u64 = 4;
const QUESTIONS_PER_THREAD: u64 = 400;

#[test]
fn the_wall_clock_and_simulated_time_give_the_same_decisions() {
    let mut decisions = 0;
    for (name, fresh) in SUBJECTS {
        let log = drive(fresh());
        decisions += log.len();
        assert!(log.is_sorted_by_key(|(question, _)| question.now), "{name}: the log is out of order");
        let kinds: BTreeSet<&str> =
            log.iter().filter_map(|(_, answer)| answer.split(['(', ' ']).next()).collect();
        assert!(kinds.len() > 1, "{name}: every answer was {kinds:?}, which compares nothing");
        let mut simulated = fresh();
        for (number, (question, answer)) in log.iter().enumerate() {
            assert_eq!(&simulated.ask(question), answer, "{name}, question {number}: {question:?}");
        }
    }
    assert!(decisions >= 10_000, "only {decisions} decisions");
}

#[test]
fn a_log_put_to_another_policy_does_not_conform() {
    // The comparison can fail: one token more or less is noticed.
    let log = drive(Box::new(limiter()));
    let mut other = limiter();
    other.limiter.set_burst(Time::START, 0, 3);
    assert!(log.iter().any(|(question, answer)| other.ask(question) != *answer));
}

/// Puts questions from several threads, on the wall clock; the log is in the order in which the policy met them.
fn drive(subject: Box<dyn Subject>) -> Vec<(Question, String)> {
    let start = Instant::now();
    let shared = Mutex::new((subject, Vec::new()));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let shared = &shared;
            scope.spawn(move || {
                for number in 0..QUESTIONS_PER_THREAD {
                    let arguments = mix(thread << 32 | number);
                    let draw = (mix(arguments) >> 11) as f64 / (1_u64 << 53) as f64;
                    let mut guard = shared.lock().expect("no thread panicked");
                    // The clock is read under the lock, so that time does not step back in the log.
                    let nanos = u64::try_from(start.elapsed().as_nanos()).expect("a short test");
                    let question = Question { now: Time::from_nanos(nanos), arguments, draw };
                    let answer = guard.0.ask(&question);
                    guard.1.push((question, answer));
                    drop(guard);
                    thread::yield_now();
                }
            });
        }
    });
    shared.into_inner().expect("no thread panicked").1
}

/// Scrambles a number (the finaliser of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn text(answer: impl Debug) -> String {
    format!("{answer:?}")
}

struct LimiterSubject {
    limiter: Limiter,
    grants: Vec<Grant>,
}

fn limiter() -> LimiterSubject {
    let rate = Rate::new(1, Span::from_micros(7)).expect("a rate");
    let bucket = |counts, algorithm| BucketSpec { counts, algorithm };
    let buckets = vec![
        bucket(Counted::Requests, Algorithm::TokenBucket { rate, burst: 5, initial_level: 1.0 }),
        bucket(Counted::InputTokens, Algorithm::FixedWindow { limit: 90, window: Span::from_micros(50) }),
        bucket(Counted::OutputTokens, Algorithm::SlidingLog { limit: 90, window: Span::from_micros(50) }),
    ];
    let limiter = LimiterSpec { buckets }.build().expect("a valid limiter");
    LimiterSubject { limiter, grants: Vec::new() }
}

impl Subject for LimiterSubject {
    fn ask(&mut self, question: &Question) -> String {
        let now = question.now;
        if question.number(0, 3) == 0
            && let Some(grant) = self.grants.pop()
        {
            let actual = Cost::call(u64::from(question.number(8, 60)), u64::from(question.number(16, 60)));
            self.limiter.settle(now, grant, &actual);
            return format!("Settled {:?}", self.limiter.level(now, 0).to_bits());
        }
        // Some ask for more than a bucket ever holds.
        let cost = Cost::call(u64::from(question.number(8, 100)), u64::from(question.number(16, 60)));
        match self.limiter.try_acquire(now, &cost) {
            Acquire::Granted(grant) => {
                let answer = text(&grant);
                self.grants.push(grant);
                answer
            }
            refused @ (Acquire::Wait { .. } | Acquire::Never { .. }) => text(refused),
        }
    }
}

struct BreakerSubject {
    breaker: Breaker,
    passes: Vec<Pass>,
}

fn breaker(trip: Trip) -> BreakerSubject {
    let spec = BreakerSpec { trip, open_for: Span::from_micros(60), probes: 2, ..BreakerSpec::default() };
    BreakerSubject { breaker: spec.build().expect("a valid breaker"), passes: Vec::new() }
}

impl Subject for BreakerSubject {
    fn ask(&mut self, question: &Question) -> String {
        let now = question.now;
        if question.number(0, 2) == 0
            && let Some(pass) = self.passes.pop()
        {
            let outcome = if question.number(8, 5) < 3 { Outcome::Failure } else { Outcome::Success };
            return format!(
                "Recorded {:?} {:?}",
                self.breaker.record(now, pass, outcome),
                self.breaker.state(now)
            );
        }
        match self.breaker.permit(now) {
            Permit::Allowed(pass) => {
                let answer = text(&pass);
                self.passes.push(pass);
                answer
            }
            refused @ Permit::Refused { .. } => text(refused),
        }
    }
}

struct RetrySubject(Retry);

fn retry() -> RetrySubject {
    let spec = RetrySpec {
        attempts: 6,
        backoff: Backoff::Exponential { base: Span::from_micros(3), factor: 2.0, cap: Span::from_millis(1) },
        jitter: Jitter::Decorrelated,
        budget: Some(RetryBudget::TokenRatio { ratio: 0.4, reserve_per_s: 20_000.0, capacity: 5 }),
        ..RetrySpec::default()
    };
    RetrySubject(spec.build().expect("a valid retry policy"))
}

impl Subject for RetrySubject {
    fn ask(&mut self, question: &Question) -> String {
        if question.number(0, 3) == 0 {
            self.0.on_request(question.now);
            return "Earned".to_string();
        }
        let failure = Failure {
            attempt: question.number(8, 7) + 1,
            last_wait: Span::from_nanos(u64::from(question.number(16, 50_000))),
            retry_after: (question.number(24, 5) == 0).then_some(Span::from_micros(9)),
            active: question.number(32, 100),
            retrying: question.number(40, 30),
        };
        text(self.0.on_failure(question.now, &failure, question.draw))
    }
}

struct BalanceSubject {
    balance: Balance,
    candidates: Vec<Candidate>,
}

fn balance(spec: &BalanceSpec) -> BalanceSubject {
    let candidates = (0..5).map(|id| Candidate::new(id, 0, 3)).collect();
    BalanceSubject { balance: spec.build().expect("a valid balancer"), candidates }
}

impl Subject for BalanceSubject {
    fn ask(&mut self, question: &Question) -> String {
        let somebody = question.number(8, 5) as usize;
        match question.number(0, 4) {
            0 => self.candidates[somebody].up ^= true,
            1 => self.candidates[somebody].load = self.candidates[somebody].load.saturating_sub(1),
            _ => {
                let pick = self.balance.pick(&self.candidates, question.arguments >> 50, question.draw);
                if let Some(index) = pick {
                    self.candidates[index].load += 1;
                }
                return text(pick);
            }
        }
        "Changed".to_string()
    }
}

struct PoolSubject {
    pool: Pool,
    agents: Vec<AgentId>,
}

fn pool() -> PoolSubject {
    let group = GroupSpec {
        concurrency: 2,
        cold_start: Span::from_micros(90),
        warm_start: Span::from_micros(20),
        minimum: 1,
        ..GroupSpec::new("agent", 3)
    };
    let spec = PoolSpec {
        warm_pool: 2,
        idle_ttl: Some(Span::from_micros(70)),
        lifespan: Some(Span::from_micros(400)),
        balance: BalanceSpec::LeastLoaded,
        ..PoolSpec::of(group)
    };
    let mut pool = spec.build().expect("a valid pool");
    let started = pool.start_full(Time::START, AtStart::Idle);
    assert!(started.is_empty(), "all are ready at once");
    PoolSubject { pool, agents: Vec::new() }
}

impl Subject for PoolSubject {
    fn ask(&mut self, question: &Question) -> String {
        let (now, group) = (question.now, GroupId::new(0));
        let known = self.agents.len().max(1);
        let somebody = self.agents.get(question.number(8, 1 << 16) as usize % known).copied();
        match (question.number(0, 8), somebody) {
            (0..=2, _) => {
                let pick = self.pool.pick(now, group, question.arguments, question.draw);
                self.agents.extend(pick);
                format!("Picked {pick:?}")
            }
            (3 | 4, Some(agent)) => format!("Released {:?}", self.pool.release(now, agent)),
            (5, _) => {
                let spawned = self.pool.spawn(now, group);
                self.agents.push(spawned.agent);
                text(spawned)
            }
            (6, Some(agent)) => format!("Ready {}", self.pool.ready(now, agent)),
            (_, _) => format!("Expired {:?} {:?}", self.pool.expire(now), self.pool.next_expiry(now)),
        }
    }
}

struct CacheSubject(Cache<u32, u64>);

fn cache() -> CacheSubject {
    let spec = CacheSpec {
        max_entries: Some(8),
        ttl: Some(Span::from_micros(60)),
        update_age_on_get: true,
        allow_stale: true,
        ..CacheSpec::default()
    };
    CacheSubject(spec.build().expect("a valid cache"))
}

impl Subject for CacheSubject {
    fn ask(&mut self, question: &Question) -> String {
        let key = question.number(8, 12);
        if question.number(0, 3) == 0 {
            return format!("Evicted {:?}", self.0.insert(question.now, key, question.arguments, 1));
        }
        text(self.0.get(question.now, &key))
    }
}

struct QueueSubject(PriorityQueue<u64>);

fn queue() -> QueueSubject {
    let spec = QueueSpec {
        max_depth: Some(12),
        overflow: Overflow::DisplaceLowest,
        drop_expired: true,
        codel: Some(CoDelSpec { target: Span::from_micros(5), interval: Span::from_micros(40) }),
        ..QueueSpec::default()
    };
    QueueSubject(spec.build(1).expect("a valid queue"))
}

impl Subject for QueueSubject {
    fn ask(&mut self, question: &Question) -> String {
        if question.number(0, 9) < 5 {
            let priority = Priority::ALL[question.number(8, 4) as usize];
            let patience = Span::from_micros(u64::from(question.number(16, 200)));
            let deadline = (question.number(32, 3) == 0).then(|| question.now + patience);
            let offer = Offer { deadline, ..Offer::new(priority) };
            return text(self.0.offer(question.now, question.arguments, offer));
        }
        format!("Taken {:?}", self.0.take(question.now, LaneMask::ALL, question.draw))
    }
}

struct AdmissionSubject(Admission);

fn admission() -> AdmissionSubject {
    let aimd = AimdSpec { initial: 5, min: 1, decrease_every: Span::from_micros(50), ..AimdSpec::default() };
    let spec = AdmissionSpec {
        reject_above_utilisation: Some(0.9),
        concurrency: Some(ConcurrencyLimit::Aimd(aimd)),
        ..AdmissionSpec::published_003()
    };
    AdmissionSubject(spec.build().expect("a valid admission"))
}

impl Subject for AdmissionSubject {
    fn ask(&mut self, question: &Question) -> String {
        if question.number(0, 3) == 0 {
            let result =
                if question.number(8, 4) == 0 { AdmissionResult::Limited } else { AdmissionResult::Accepted };
            let latency = Span::from_nanos(u64::from(question.number(16, 50_000)));
            self.0.on_result(question.now, result, latency);
            return format!("Limit {:?}", self.0.concurrency_limit());
        }
        let view = AdmissionView {
            depth: question.number(8, 1_001),
            max_depth: Some(1_000),
            heap_share: f64::from(question.number(24, 100)) / 100.0,
            in_flight: question.number(32, 20),
        };
        text(self.0.decide(question.now, &view, question.draw))
    }
}
