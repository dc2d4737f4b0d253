//! Contestants timed in turns, so that what slows the machine slows them alike.

use std::hint::black_box;
#[expect(clippy::disallowed_types, reason = "a bench measures real time")]
use std::time::Instant;

/// One way to do the work; each call does all of it and says where it ended, or how much it was.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'static str,
    pub(crate) run: &'a dyn Fn() -> u64,
}

/// Nanoseconds per unit of work of one contestant, by round, sorted.
pub(crate) struct Timed {
    pub(crate) name: &'static str,
    nanos: Vec<f64>,
}

impl Timed {
    pub(crate) fn best(&self) -> f64 {
        self.nanos[0]
    }

    pub(crate) fn median(&self) -> f64 {
        self.nanos[self.nanos.len() / 2]
    }
}

/// Lets all contestants do `work` units in turns, `rounds` times.
///
/// # Panics
/// If they do not all end at the same nanosecond: they would not have done the same work.
#[expect(clippy::disallowed_types, reason = "a bench measures real time")]
pub(crate) fn interleaved(contestants: &[Contestant<'_>], work: u64, rounds: u32) -> Vec<Timed> {
    let mut timed: Vec<Timed> =
        contestants.iter().map(|contestant| Timed { name: contestant.name, nanos: Vec::new() }).collect();
    let end = (contestants[0].run)();
    for _ in 0..rounds {
        for (contestant, timed) in contestants.iter().zip(&mut timed) {
            let start = Instant::now();
            let ended = black_box((contestant.run)());
            timed.nanos.push(start.elapsed().as_nanos() as f64 / work as f64);
            assert_eq!(ended, end, "{} did other work", contestant.name);
        }
    }
    sorted(timed)
}

/// Lets contestants that do different work take turns, `rounds` times; each says how many units it did.
#[expect(clippy::disallowed_types, reason = "a bench measures real time")]
pub(crate) fn in_turns(contestants: &[Contestant<'_>], rounds: u32) -> Vec<Timed> {
    let mut timed: Vec<Timed> =
        contestants.iter().map(|contestant| Timed { name: contestant.name, nanos: Vec::new() }).collect();
    for _ in 0..rounds {
        for (contestant, timed) in contestants.iter().zip(&mut timed) {
            let start = Instant::now();
            let units = black_box((contestant.run)());
            timed.nanos.push(start.elapsed().as_nanos() as f64 / units as f64);
        }
    }
    sorted(timed)
}

fn sorted(mut timed: Vec<Timed>) -> Vec<Timed> {
    for timed in &mut timed {
        timed.nanos.sort_unstable_by(f64::total_cmp);
    }
    timed
}
