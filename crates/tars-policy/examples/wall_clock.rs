//! The policies in a service: real threads, the wall clock, no simulator. Run it with
//! `cargo run -p tars-policy --example wall_clock`.
#![expect(
    clippy::disallowed_types,
    reason = "a service has a wall clock; the policies are told what it says"
)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};
use tars_policy::breaker::{Breaker, BreakerSpec, Outcome, Pass, Permit};
use tars_policy::cache::{Cache, CacheSpec};
use tars_policy::limiter::{Acquire, Algorithm, BucketSpec, Cost, Counted, Limiter, LimiterSpec};
use tars_policy::pool::{AgentId, AtStart, GroupId, GroupSpec, Pool, PoolSpec};
use tars_policy::retry::{Backoff, Failure, Retry, RetrySpec, RetryVerdict};
use tars_policy::spec::SpecError;
use tars_policy::units::{Rate, Span, Time};

/// All policies behind one lock: a decision takes nanoseconds, the work is done outside.
struct Policies {
    cache: Cache<u64, String>,
    retry: Retry,
    limiter: Limiter,
    breaker: Breaker,
    pool: Pool,
}

struct Service {
    start: Instant,
    policies: Mutex<Policies>,
    chance: AtomicU64,
}

/// What the policies say about one try.
enum Verdict {
    Go(Pass, AgentId),
    Wait(Time),
    Fail,
}

impl Service {
    fn new() -> Result<Self, SpecError> {
        let rate = Rate::new(1, Span::from_millis(2)).ok_or_else(|| SpecError::new("rate", "is zero"))?;
        let algorithm = Algorithm::TokenBucket { rate, burst: 20, initial_level: 1.0 };
        let backoff =
            Backoff::Exponential { base: Span::from_millis(4), factor: 2.0, cap: Span::from_secs(1) };
        let mut pool = PoolSpec::of(GroupSpec { concurrency: 2, ..GroupSpec::new("agent", 4) }).build()?;
        let _ = pool.start_full(Time::START, AtStart::Idle);
        let limits = vec![BucketSpec { counts: Counted::Requests, algorithm }];
        let policies = Policies {
            cache: CacheSpec::published_000().build()?,
            retry: RetrySpec { attempts: 4, backoff, ..RetrySpec::default() }.build()?,
            limiter: LimiterSpec { buckets: limits }.build()?,
            breaker: BreakerSpec { open_for: Span::from_millis(20), ..BreakerSpec::default() }.build()?,
            pool,
        };
        Ok(Self { start: Instant::now(), policies: Mutex::new(policies), chance: AtomicU64::new(1) })
    }

    /// Serves one question; true when it was answered.
    fn serve(&self, question: u64) -> bool {
        let (mut attempt, mut last_wait) = (1, Span::ZERO);
        self.lock().retry.on_request(self.now());
        if self.lock().cache.get(self.now(), &question).found().is_some() {
            return true;
        }
        loop {
            match self.ask() {
                Verdict::Wait(until) => {
                    self.sleep_until(until);
                    continue;
                }
                Verdict::Go(pass, agent) => {
                    thread::sleep(Duration::from_millis(1)); // the provider at work
                    let answered = self.draw() < 0.8;
                    if self.finish(question, pass, agent, answered) {
                        return true;
                    }
                }
                Verdict::Fail => {}
            }
            let (now, draw) = (self.now(), self.draw());
            let failure = Failure { last_wait, ..Failure::of_attempt(attempt) };
            match self.lock().retry.on_failure(now, &failure, draw) {
                RetryVerdict::RetryAt { at, .. } => {
                    last_wait = at - now;
                }
                RetryVerdict::GiveUp { .. } => return false,
            }
            self.sleep_until(now + last_wait);
            attempt += 1;
        }
    }

    fn ask(&self) -> Verdict {
        let (draw, mut policies) = (self.draw(), self.lock());
        let now = self.now();
        let Permit::Allowed(pass) = policies.breaker.permit(now) else { return Verdict::Fail };
        let refused = match policies.pool.pick(now, GroupId::new(0), 0, draw) {
            None => Verdict::Wait(now + Span::from_millis(1)),
            Some(agent) => match policies.limiter.try_acquire(now, &Cost::requests(1)) {
                Acquire::Granted(_) => return Verdict::Go(pass, agent),
                Acquire::Wait { until, .. } => {
                    policies.pool.release(now, agent);
                    Verdict::Wait(until)
                }
                Acquire::Never { .. } => {
                    policies.pool.release(now, agent);
                    Verdict::Fail
                }
            },
        };
        policies.breaker.record(now, pass, Outcome::Ignored); // the call was not made
        refused
    }

    fn finish(&self, question: u64, pass: Pass, agent: AgentId, answered: bool) -> bool {
        let mut policies = self.lock();
        let now = self.now();
        let outcome = if answered { Outcome::Success } else { Outcome::Failure };
        policies.breaker.record(now, pass, outcome);
        policies.pool.release(now, agent);
        if answered {
            policies.cache.insert(now, question, format!("answer {question}"), 16);
        }
        answered
    }

    fn lock(&self) -> MutexGuard<'_, Policies> {
        self.policies.lock().expect("no thread panicked")
    }

    fn now(&self) -> Time {
        Time::from_nanos(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn sleep_until(&self, at: Time) {
        thread::sleep(Duration::from_nanos(at.saturating_since(self.now()).as_nanos()));
    }

    /// Uniform on `[0, 1)`: a Weyl sequence, good enough to show where chance comes in.
    fn draw(&self) -> f64 {
        let count = self.chance.fetch_add(1, Ordering::Relaxed);
        (count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn main() -> Result<(), SpecError> {
    let service = Service::new()?;
    let served = AtomicU64::new(0);
    thread::scope(|scope| {
        for client in 0..4_u64 {
            let (service, served) = (&service, &served);
            scope.spawn(move || {
                for n in 0..50 {
                    served.fetch_add(u64::from(service.serve(client * 13 + n % 30)), Ordering::Relaxed);
                }
            });
        }
    });
    println!(
        "{} of 200 answered in {:.0} ms",
        served.load(Ordering::Relaxed),
        service.now().as_secs_f64() * 1e3
    );
    Ok(())
}
