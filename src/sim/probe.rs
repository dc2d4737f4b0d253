//! What is recorded while a replication runs.

use super::alerts::Counters;
use super::ledger::{Ledger, PARTS};
use super::level::Level;
use super::run::{BreakdownRun, PlatformRun, Run, StationRun, WindowRun};
use super::strand::{CAUSES, Cause, NONE, Strand};
use crate::model::Model;
use crate::tally::Samples;

/// Sub-buckets of an octave in coarse latencies: neighbours differ by 4.4 %.
const PER_OCTAVE_BITS: u32 = 4;
/// Coarse buckets: 64 octaves.
pub(super) const COARSE: usize = 64 << PER_OCTAVE_BITS;
/// Ledgers are kept by every fourth coarse bucket.
const LEDGER_SHIFT: u32 = 2;

/// The coarse bucket of a latency.
#[inline]
pub(crate) const fn coarse(nanos: u64) -> u32 {
    let value = if nanos < 1 << PER_OCTAVE_BITS { 1 << PER_OCTAVE_BITS } else { nanos };
    let octave = value.ilog2();
    let below = (value >> (octave - PER_OCTAVE_BITS)) & ((1 << PER_OCTAVE_BITS) - 1);
    octave << PER_OCTAVE_BITS | below as u32
}

/// The latency in the middle of a coarse bucket, in nanoseconds.
pub fn coarse_middle(bucket: u32) -> f64 {
    coarse_at(bucket, 0.5)
}

/// Where a coarse bucket begins and where it ends, in nanoseconds.
pub fn coarse_edges(bucket: u32) -> (f64, f64) {
    (coarse_at(bucket, 0.0), coarse_at(bucket, 1.0))
}

/// The latency at this share of the way through a coarse bucket.
fn coarse_at(bucket: u32, share: f64) -> f64 {
    let octave = bucket >> PER_OCTAVE_BITS;
    let below = f64::from(bucket & ((1 << PER_OCTAVE_BITS) - 1));
    let parts = f64::from(1_u32 << PER_OCTAVE_BITS);
    libm::ldexp(1.0 + (below + share) / parts, i32::try_from(octave).expect("below 64"))
}

/// The coarse buckets that one bucket of ledgers spans: the first, and how many.
pub const fn ledger_span(bucket: u32) -> (u32, u32) {
    (bucket << LEDGER_SHIFT, 1 << LEDGER_SHIFT)
}

/// Counts one more.
#[inline]
pub(super) const fn count(counter: &mut u64) {
    // A run has fewer than 2^36 events, and no event counts anything 2^28 times.
    *counter = counter.wrapping_add(1);
}

/// Everything that is recorded.
pub(super) struct Probe {
    cut: u64,
    end: u64,
    closed: bool,
    outstanding: u64,
    issued_ever: u64,
    ended_ever: u64,
    issued: u64,
    good: u64,
    good_in_time: u64,
    good_within: u64,
    bad: [u64; CAUSES],
    ended_in_window: u64,
    good_in_window: u64,
    latency: Samples,
    pub(super) retried: u64,
    pub(super) dead_letters: u64,
    pub(super) resubmitted: u64,
    /// Tasks between two submissions of their client.
    pub(super) retrying: u32,
    pub(super) calls: u64,
    pub(super) limited: u64,
    pub(super) breaker_refused: u64,
    token_cost: u128,
    wasted: u128,
    orphans: u64,
    quality: u64,
    input_tokens: u64,
    output_tokens: u64,
    ledgers: Vec<(u64, [u64; PARTS])>,
    breakdowns: Vec<BreakdownRun>,
    /// For each dimension, where its values begin in `breakdowns`; `None` where there is nothing to tell apart.
    dimensions: [Option<usize>; 5],
    caches: Vec<(u64, u64)>,
    pub(super) stale_hits: u64,
    at_max: u64,
    /// What alerts watch, counted only where there are some.
    pub(super) counters: Counters,
    watched: bool,
    /// Tasks in the system.
    system: Level,
    windows: Vec<WindowRun>,
    window: OpenWindow,
    window_length: u64,
    slices: Vec<u128>,
    slice_length: u64,
}

/// The window of the time series that is open now, and areas at its beginning.
struct OpenWindow {
    index: usize,
    /// What is counted task by task; the rest is known when the window ends.
    so_far: WindowRun,
    latency: Vec<u64>,
    /// The buckets with any task: bucket `n` is bit `n`.
    touched: [u64; COARSE / 64],
    queue: u128,
    number: u128,
    agents: u128,
    heap: u128,
    limited: u64,
    slice_area: u128,
}

impl OpenWindow {
    /// A task has ended.
    #[inline]
    fn ended(&mut self, bucket: u32, well: bool) {
        if !well {
            return count(&mut self.so_far.bad);
        }
        count(&mut self.so_far.good);
        count(&mut self.latency[bucket as usize]);
        self.touched[bucket as usize / 64] |= 1 << (bucket % 64);
    }

    /// The counts of the window, which starts anew.
    fn take(&mut self) -> WindowRun {
        let mut window = std::mem::take(&mut self.so_far);
        let touched = self.touched.iter().map(|word| word.count_ones() as usize).sum();
        window.latency.reserve_exact(touched);
        for (first, word) in (0..).step_by(64).zip(&mut self.touched) {
            let mut left = std::mem::take(word);
            while left != 0 {
                let bucket = first + left.trailing_zeros();
                left &= left - 1;
                window.latency.push((bucket, std::mem::take(&mut self.latency[bucket as usize])));
            }
        }
        window
    }
}

/// The window opens; the window closes; a window of the time series ends; a slice ends.
const OPENS: u32 = 0;
const CLOSES: u32 = 1;
const WINDOW: u32 = 2;
const SLICE: u32 = 3;

impl Probe {
    pub(super) fn new(model: &Model, cut: u64, end: u64, slices: u32) -> Self {
        let windows = if slices > 0 { 0 } else { model.measure.windows };
        let mut probe = Self {
            cut,
            end,
            closed: false,
            outstanding: 0,
            issued_ever: 0,
            ended_ever: 0,
            issued: 0,
            good: 0,
            good_in_time: 0,
            good_within: model.good_within.map_or(u64::MAX, tars_policy::units::Span::as_nanos),
            bad: [0; CAUSES],
            ended_in_window: 0,
            good_in_window: 0,
            latency: Samples::new(),
            retried: 0,
            dead_letters: 0,
            resubmitted: 0,
            retrying: 0,
            calls: 0,
            limited: 0,
            breaker_refused: 0,
            token_cost: 0,
            wasted: 0,
            orphans: 0,
            quality: 0,
            input_tokens: 0,
            output_tokens: 0,
            ledgers: vec![(0, [0; PARTS]); COARSE >> LEDGER_SHIFT],
            breakdowns: Vec::new(),
            dimensions: [None; 5],
            caches: vec![(0, 0); model.caches.len()],
            stale_hits: 0,
            at_max: 0,
            counters: Counters::of(model),
            watched: !model.alerts.is_empty(),
            system: Level::default(),
            windows: vec![WindowRun::default(); windows as usize],
            window: OpenWindow {
                index: 0,
                so_far: WindowRun::default(),
                latency: vec![0; COARSE],
                touched: [0; COARSE / 64],
                queue: 0,
                number: 0,
                agents: 0,
                heap: 0,
                limited: 0,
                slice_area: 0,
            },
            window_length: end.div_ceil(u64::from(windows.max(1))).max(1),
            slices: Vec::new(),
            slice_length: if slices > 0 { (end / u64::from(slices)).max(1) } else { 0 },
        };
        let providers = model.stations.len();
        let has_providers = model.stations.iter().any(|station| !station.offers.is_empty());
        let mut classes: Vec<_> = model.classes.iter().map(|class| class.priority.index()).collect();
        classes.dedup();
        probe.dimension(0, if classes.len() > 1 { 4 } else { 0 });
        probe.dimension(1, if model.classes.len() > 1 { model.classes.len() } else { 0 });
        probe.dimension(2, model.roles.len());
        probe.dimension(3, if has_providers { model.models.len() } else { 0 });
        probe.dimension(4, if has_providers { providers } else { 0 });
        probe
    }

    fn dimension(&mut self, dimension: u8, values: usize) {
        if values == 0 {
            return;
        }
        self.dimensions[dimension as usize] = Some(self.breakdowns.len());
        for value in 0..values {
            let value = u16::try_from(value).expect("a model has fewer than 65,535 parts of a kind");
            self.breakdowns.push(BreakdownRun { dimension, value, ..BreakdownRun::default() });
        }
    }

    /// When the ruler moves, and what it does then.
    pub(super) fn marks(&self) -> Vec<(u64, u32)> {
        let mut marks = vec![(self.cut, OPENS), (self.end, CLOSES)];
        if !self.windows.is_empty() {
            marks.push((self.window_length.min(self.end), WINDOW));
        }
        if self.slice_length > 0 {
            marks.push((self.slice_length, SLICE));
        }
        marks
    }

    /// Whether the window is closed and all its tasks have ended.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.closed && self.outstanding == 0
    }

    #[inline]
    pub(super) fn issued(&mut self, now: u64, measured: bool) {
        count(&mut self.issued_ever);
        self.system.up(now);
        if measured {
            count(&mut self.issued);
            count(&mut self.outstanding);
        }
        count(&mut self.window.so_far.issued);
    }

    /// A task has ended for its client.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(super) fn ended(&mut self, now: u64, model: &Model, strand: &Strand, cause: Option<Cause>) {
        let latency = now - strand.begun;
        let bucket = coarse(latency);
        let parts = if strand.measured && cause.is_none() {
            self.add_ledger(bucket, &strand.ledger)
        } else {
            strand.ledger.total()
        };
        assert_eq!(parts, latency, "the parts of a task's time sum to its latency");
        count(&mut self.ended_ever);
        self.system.down(now);
        if strand.cost > 0 {
            self.paid(strand, cause);
        }
        if now >= self.cut && now < self.end {
            count(&mut self.ended_in_window);
            self.good_in_window += u64::from(cause.is_none());
        }
        self.window.ended(bucket, cause.is_none());
        if self.watched {
            self.counters.ended(bucket, cause.is_none());
        }
        if !strand.measured {
            return;
        }
        self.outstanding -= 1;
        let quality = match cause {
            Some(cause) => {
                self.bad[cause as usize] += 1;
                0
            }
            None => self.ended_well(model, strand, latency),
        };
        if !self.breakdowns.is_empty() {
            self.break_down(strand, cause, latency, quality);
        }
    }

    /// A task has ended that tokens were bought for.
    #[inline(never)]
    fn paid(&mut self, strand: &Strand, cause: Option<Cause>) {
        self.wasted += u128::from(if cause.is_none() { strand.lost } else { strand.cost });
        self.window.so_far.cost += u128::from(strand.cost);
        if strand.measured {
            self.token_cost += u128::from(strand.cost);
        }
    }

    /// Adds the ledger of a task to those of its coarse latency; gives its sum.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    fn add_ledger(&mut self, bucket: u32, ledger: &Ledger) -> u64 {
        let (tasks, spent) = &mut self.ledgers[(bucket >> LEDGER_SHIFT) as usize];
        count(tasks);
        let mut total = 0_u64;
        // Whether a sum has wrapped is seen at the end, where the sum of all latencies is known exactly.
        for (place, part) in ledger.spent() {
            spent[place] = spent[place].wrapping_add(part);
            total = total.wrapping_add(part);
        }
        total
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    fn ended_well(&mut self, model: &Model, strand: &Strand, latency: u64) -> u64 {
        count(&mut self.good);
        self.good_in_time += u64::from(latency <= self.good_within);
        self.latency.record(latency);
        self.input_tokens += u64::from(strand.input_tokens);
        self.output_tokens += u64::from(strand.output_tokens);
        let mut quality = match strand.model {
            NONE => 1_000_000,
            used => model.models[used as usize].accuracy_millionths,
        };
        if strand.cached != NONE {
            quality = quality * model.faithfulness(strand.cached) / 1_000_000;
        }
        self.quality += quality;
        quality
    }

    #[inline(never)]
    fn break_down(&mut self, strand: &Strand, cause: Option<Cause>, latency: u64, quality: u64) {
        let priority = u16::try_from(strand.priority.index()).expect("four priorities");
        let values = [priority, strand.class, strand.role, strand.model, strand.provider];
        for (dimension, value) in self.dimensions.iter().zip(values) {
            let Some(first) = dimension else { continue };
            if value == NONE {
                continue;
            }
            let entry = &mut self.breakdowns[first + value as usize];
            count(&mut entry.ended);
            entry.cost += u128::from(strand.cost);
            if cause.is_none() {
                count(&mut entry.good);
                entry.latency.record(latency);
                entry.quality += quality;
            }
        }
    }

    /// A call of a provider came back.
    pub(super) fn called(&mut self, model: u16, provider: u16, measured: bool, well: bool) {
        if !measured {
            return;
        }
        for (dimension, value) in [(3, model), (4, provider)] {
            if let Some(first) = self.dimensions[dimension]
                && value != NONE
            {
                let entry = &mut self.breakdowns[first + value as usize];
                entry.calls += 1;
                entry.calls_failed += u64::from(!well);
            }
        }
    }

    /// Work that its client had left is over: what it spent is on the bill all the same.
    pub(super) fn orphan_ends(&mut self, orphan: &Strand) {
        self.orphans += 1;
        self.wasted += u128::from(orphan.cost);
        if orphan.measured {
            self.token_cost += u128::from(orphan.cost);
        }
    }

    /// Work in the background is over: what it spent is on the bill, for nothing where it failed.
    pub(super) fn paid_behind(&mut self, work: &Strand, cause: Option<Cause>) {
        self.wasted += u128::from(if cause.is_none() { work.lost } else { work.cost });
        if work.measured {
            self.token_cost += u128::from(work.cost);
        }
    }

    /// A call made for several tasks came back when nobody waited for it any more: it is on the bill all the same.
    pub(super) fn nobody_waited(&mut self, carrier: &Strand) {
        self.wasted += u128::from(carrier.cost);
        if carrier.measured {
            self.token_cost += u128::from(carrier.cost);
        }
    }

    pub(super) fn cache_look(&mut self, cache: usize, hit: bool, measured: bool) {
        if measured {
            let (looks, hits) = &mut self.caches[cache];
            *looks += 1;
            *hits += u64::from(hit);
        }
    }

    pub(super) fn scale_reason(&mut self, at_max: bool) {
        self.at_max += u64::from(at_max);
    }

    /// Tasks submitted are tasks ended and tasks still there.
    pub(super) fn audit(&self, still_there: u64) {
        assert_eq!(self.issued_ever, self.ended_ever + still_there, "tasks are all accounted for");
        assert!(self.latency.sum() < u128::from(u64::MAX), "ledgers hold 584 years of latency");
        let bad: u64 = self.bad.iter().sum();
        assert_eq!(self.issued, self.good + bad + self.outstanding, "measured tasks are all accounted for");
    }

    /// The run stops: areas of the window end here, if they have not yet.
    pub(super) fn close(&mut self, now: u64) {
        if !self.closed {
            self.system.close(now.max(self.cut));
        }
    }
}

impl super::world::World<'_> {
    /// The ruler moves.
    pub(super) fn mark(&mut self, which: u32) {
        let now = self.now;
        match which {
            OPENS => self.each_level(|level| level.open(now)),
            CLOSES => {
                self.each_level(|level| level.close(now));
                self.probe.closed = true;
            }
            WINDOW => self.window_ends(),
            SLICE => {
                let area = self.probe.system.area(now);
                self.probe.slices.push(area - self.probe.window.slice_area);
                self.probe.window.slice_area = area;
                let next = now.saturating_add(self.probe.slice_length);
                if next <= self.end {
                    self.marks.push((next, SLICE));
                }
            }
            other => unreachable!("there is no mark {other}"),
        }
    }

    fn each_level(&mut self, act: impl Fn(&mut Level)) {
        act(&mut self.probe.system);
        for station in &mut self.stations {
            act(&mut station.number);
            act(&mut station.busy);
            act(&mut station.working);
            act(&mut station.answering);
        }
        for pool in &mut self.pools {
            act(&mut pool.number);
            act(&mut pool.queued);
            act(&mut pool.alive);
            act(&mut pool.claimed);
        }
        for failover in &mut self.failovers {
            act(failover.answering());
        }
        for node in &mut self.nodes {
            act(&mut node.tasks);
            act(&mut node.heap);
            act(&mut node.resident);
        }
    }

    fn window_ends(&mut self) {
        let now = self.now;
        self.tell_window();
        let queue: u128 = self.pools.iter().map(|pool| pool.queued.area(now)).sum::<u128>()
            + self
                .stations
                .iter()
                .map(|station| station.number.area(now) - station.busy.area(now))
                .sum::<u128>();
        let agents: u128 = self.pools.iter().map(|pool| pool.alive.area(now)).sum();
        let heap: u128 = self.nodes.iter().map(|node| node.heap.area(now)).sum();
        let number = self.probe.system.area(now);
        let mode = self.degrade.as_ref().map_or(0, |degrade| u8::try_from(degrade.mode_index()).unwrap_or(0));
        let probe = &mut self.probe;
        let open = &mut probe.window;
        let mut window = open.take();
        window.queue_area = queue - open.queue;
        window.number_area = number - open.number;
        window.agent_area = agents - open.agents;
        window.heap_area = heap - open.heap;
        open.heap = heap;
        window.limited = probe.limited - open.limited;
        window.mode = mode;
        probe.windows[open.index] = window;
        (open.queue, open.number, open.agents, open.limited) = (queue, number, agents, probe.limited);
        open.index += 1;
        let next = now.saturating_add(probe.window_length).min(probe.end);
        if open.index < probe.windows.len() && next > now {
            self.marks.push((next, WINDOW));
        }
    }

    /// What the replication gives.
    pub(super) fn into_run(self) -> Run {
        let now = self.now;
        let recovery = self.impact.on.then(|| self.recovery_run());
        let indexes = self.indexes.runs();
        let background = self.background.on.then(|| self.background_run());
        let scaling = self.scaling.run();
        let any = !indexes.is_empty() || background.is_some() || scaling.is_some();
        let platform = any.then_some(PlatformRun { indexes, background, scaling });
        let scalers = self.controllers.acts();
        let modes = self.degrade.map(|mut degrade| {
            degrade.settle(now);
            (degrade.spent, degrade.changes, degrade.triggers)
        });
        let levels = self.levels.map(|levels| levels.acts(now));
        let probe = self.probe;
        let ledgers = probe.ledgers.into_iter().enumerate().filter(|(_, (tasks, _))| *tasks > 0);
        Run {
            cut: self.cut,
            end: self.end,
            stopped: now,
            events: self.agenda.popped() + self.marked,
            stale: self.stale,
            issued_ever: probe.issued_ever,
            ended_ever: probe.ended_ever,
            still_there: u64::from(probe.system.value()),
            issued: probe.issued,
            good: probe.good,
            good_in_time: probe.good_in_time,
            bad: probe.bad,
            unfinished: probe.outstanding,
            ended_in_window: probe.ended_in_window,
            good_in_window: probe.good_in_window,
            latency: probe.latency,
            first_byte: self.first_bytes.samples,
            system_area: probe.system.window(),
            retried: probe.retried,
            dead_letters: probe.dead_letters,
            resubmitted: probe.resubmitted,
            calls_ever: probe.calls,
            limited_ever: probe.limited,
            breaker_refused_ever: probe.breaker_refused,
            token_cost: probe.token_cost,
            wasted_cost_ever: probe.wasted,
            orphans_ever: probe.orphans,
            quality: probe.quality,
            input_tokens: probe.input_tokens,
            output_tokens: probe.output_tokens,
            ledgers: ledgers
                .map(|(bucket, (tasks, spent))| (u32::try_from(bucket).expect("few buckets"), tasks, spent))
                .collect(),
            breakdowns: probe.breakdowns.into_iter().filter(|entry| entry.ended + entry.calls > 0).collect(),
            stations: (0..)
                .zip(self.stations)
                .map(|(place, state)| StationRun {
                    handshakes: self.sockets.opened(place),
                    ..state.into_run()
                })
                .collect(),
            pools: self.pools.into_iter().map(super::agents::PoolState::into_run).collect(),
            nodes: self.nodes.into_iter().map(super::nodes::NodeState::into_run).collect(),
            caches: probe.caches,
            stale_hits: probe.stale_hits,
            scalers,
            alerts: self.alerts.iter().map(|alert| alert.acts(now)).collect(),
            modes,
            levels,
            windows: probe.windows,
            slices: probe.slices,
            recovery,
            platform,
            story: self.story.into_run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_buckets_are_within_a_twentieth() {
        for nanos in [1_u64, 17, 1_000, 999_999, 1_500_000_000, 86_400_000_000_000] {
            let middle = coarse_middle(coarse(nanos));
            let error = (middle - nanos as f64).abs() / nanos as f64;
            assert!(nanos < 16 || error < 0.035, "{nanos}: {middle}");
        }
    }

    #[test]
    fn coarse_buckets_rise_with_latency() {
        let mut last = 0;
        for nanos in (16..100_000).step_by(7) {
            let bucket = coarse(nanos);
            assert!(bucket >= last);
            last = bucket;
        }
    }
}
