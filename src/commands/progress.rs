//! How far a run is: a bar with rate and time left on a terminal, few quiet lines elsewhere.

#![expect(clippy::disallowed_types, reason = "the progress line is what the clock is for; no result sees it")]

use super::talk;
use crate::runner::{Origin, Progress};
use crate::sim::Run;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How progress is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// A bar that moves.
    Bar,
    /// A line now and then.
    Lines,
    /// Nothing.
    Silence,
}

impl Manner {
    /// How it is told to someone who wants to know, on standard error that can show a bar or not.
    pub(super) const fn of(quiet: bool, bar: bool) -> Self {
        match (quiet, bar) {
            (true, _) => Self::Silence,
            (false, true) => Self::Bar,
            (false, false) => Self::Lines,
        }
    }
}

/// Seconds between lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Counts what is done, and tells it.
#[derive(Debug)]
pub(super) struct Meter {
    manner: Manner,
    start: Instant,
    bar: ProgressBar,
    /// How many there will be, where that is known before.
    cells: Option<u64>,
    planned: AtomicU64,
    done: AtomicU64,
    cells_done: AtomicU64,
    resumed: AtomicU64,
    events: AtomicU64,
    stale: AtomicU64,
    tasks: AtomicU64,
    /// Milliseconds since the start at which the next line is due.
    next_line: AtomicU64,
}

impl Meter {
    pub(super) fn new(manner: Manner, cells: Option<usize>) -> Self {
        let target = match manner {
            Manner::Bar => ProgressDrawTarget::stderr(),
            Manner::Lines | Manner::Silence => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let style = "{bar:32} {pos}/{len} replications · {msg} · {per_sec} · {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is well formed"));
        let zero = || AtomicU64::new(0);
        Self {
            manner,
            start: Instant::now(),
            bar,
            cells: cells.map(|cells| cells as u64),
            planned: zero(),
            done: zero(),
            cells_done: zero(),
            resumed: zero(),
            events: zero(),
            stale: zero(),
            tasks: zero(),
            next_line: AtomicU64::new(millis(LINE_EVERY)),
        }
    }

    /// Cells that are done.
    pub(super) fn cells_done(&self) -> u64 {
        self.cells_done.load(Ordering::Relaxed)
    }

    /// The cells of the sweep, and those that show an assumed figure at other values.
    fn cells_in_words(&self) -> String {
        let done = self.cells_done();
        let Some(cells) = self.cells else { return format!("{done} setups of the busy hour") };
        match done.checked_sub(cells) {
            None | Some(0) => format!("{done} of {cells} cells"),
            Some(more) => format!("{cells} cells and {more} with an assumed figure changed"),
        }
    }

    /// Takes the bar away and says what was done and how fast.
    pub(super) fn close(&self) {
        self.bar.finish_and_clear();
        if self.manner == Manner::Silence {
            return;
        }
        let seconds = self.start.elapsed().as_secs_f64();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (done, resumed, tasks) = (load(&self.done), load(&self.resumed), load(&self.tasks));
        let valid = load(&self.events) - load(&self.stale);
        let cells = self.cells_in_words();
        let kept = if resumed > 0 { format!(", {resumed} of them from the journal") } else { String::new() };
        let speed = if tasks > 0 {
            let rate = |number: u64| counted(number as f64 / seconds);
            let each = valid as f64 / tasks as f64;
            format!("; simulated {} events/s, {} tasks/s, {each:.1} events a task", rate(valid), rate(tasks))
        } else {
            String::new()
        };
        talk(&format!("{cells}, {done} replications in {seconds:.1} s{kept}{speed}\n"));
    }

    fn line(&self) {
        let now = millis(self.start.elapsed());
        let due = self.next_line.load(Ordering::Relaxed);
        let next = now + millis(LINE_EVERY);
        let mine = now >= due
            && self.next_line.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            let (done, planned) = (self.done.load(Ordering::Relaxed), self.planned.load(Ordering::Relaxed));
            talk(&format!("{}, {done} of {planned} replications\n", self.cells_in_words()));
        }
    }
}

impl Progress for Meter {
    fn planned(&self, replications: u64) {
        self.planned.fetch_add(replications, Ordering::Relaxed);
        self.bar.inc_length(replications);
    }

    fn replicated(&self, run: &Run, origin: Origin) {
        self.done.fetch_add(1, Ordering::Relaxed);
        match origin {
            Origin::Journal => {
                self.resumed.fetch_add(1, Ordering::Relaxed);
            }
            Origin::Fresh => {
                self.events.fetch_add(run.events, Ordering::Relaxed);
                self.stale.fetch_add(run.stale, Ordering::Relaxed);
                self.tasks.fetch_add(run.ended_ever, Ordering::Relaxed);
            }
        }
        self.bar.inc(1);
        if self.manner == Manner::Lines {
            self.line();
        }
    }

    fn cell_done(&self, _unneeded: u64) {
        let done = self.cells_done.fetch_add(1, Ordering::Relaxed) + 1;
        // Cells not started yet are likely to need as many replications as the others did.
        let planned = self.planned.load(Ordering::Relaxed);
        let Some(cells) = self.cells else { return self.bar.set_message(self.cells_in_words()) };
        self.bar.set_message(format!("{done}/{cells} cells"));
        self.bar.set_length(planned.max(self.done.load(Ordering::Relaxed) * cells / done));
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A number with a thousand's letter.
fn counted(number: f64) -> String {
    match number {
        number if number >= 1e6 => format!("{:.2} M", number / 1e6),
        number if number >= 1e3 => format!("{:.1} k", number / 1e3),
        number => format!("{number:.0}"),
    }
}
