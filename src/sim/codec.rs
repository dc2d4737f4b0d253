//! A run as canonical bytes: what the journal keeps and the digest is taken of.
//!
//! Whole numbers are LEB128 varints, samples are their own canonical bytes with a length in front. Equal runs give
//! equal bytes; any change of this layout changes [`VERSION`].

mod platform;
mod recovery;
mod story;

use super::alerts::AlertActs;
use super::controllers::ScalerActs;
use super::ledger::PARTS;
use super::levels::LevelActs;
use super::run::{BreakdownRun, NodeRun, PoolRun, Run, StationRun, WindowRun};
use super::strand::CAUSES;
use crate::tally::Samples;
use std::fmt;

/// The version of the layout.
const VERSION: u64 = 7;

/// Why bytes are no run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunDecodeError;

impl fmt::Display for RunDecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not those of a run")
    }
}

impl std::error::Error for RunDecodeError {}

type Decoded<T> = Result<T, RunDecodeError>;

/// Writes numbers.
struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, value: impl Into<u128>) {
        let mut value = value.into();
        loop {
            let byte = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                return self.0.push(byte);
            }
            self.0.push(byte | 0x80);
        }
    }

    fn numbers<T: Into<u128>>(&mut self, values: impl IntoIterator<Item = T>) {
        for value in values {
            self.number(value);
        }
    }

    fn samples(&mut self, samples: &Samples) {
        let bytes = samples.encode();
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(&bytes);
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }
}

/// Reads numbers.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Whether a part with this tag, of one byte, follows.
    fn next_is(&self, tag: u64) -> bool {
        self.0.first().is_some_and(|byte| u64::from(*byte) == tag)
    }

    fn wide(&mut self) -> Decoded<u128> {
        let mut value = 0_u128;
        let mut shift = 0;
        loop {
            let (byte, rest) = self.0.split_first().ok_or(RunDecodeError)?;
            self.0 = rest;
            if shift > 126 {
                return Err(RunDecodeError);
            }
            value |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    fn number<T: TryFrom<u128>>(&mut self) -> Decoded<T> {
        T::try_from(self.wide()?).map_err(|_| RunDecodeError)
    }

    fn samples(&mut self) -> Decoded<Samples> {
        let length: usize = self.number()?;
        if length > self.0.len() {
            return Err(RunDecodeError);
        }
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        Samples::decode(bytes).map_err(|_| RunDecodeError)
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let length: usize = self.number()?;
        if length > self.0.len() {
            return Err(RunDecodeError);
        }
        (0..length).map(|_| read(self)).collect()
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u64; N]> {
        let mut values = [0; N];
        for value in &mut values {
            *value = self.number()?;
        }
        Ok(values)
    }
}

impl Run {
    /// The run as canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(64 * 1024));
        out.number(VERSION);
        for value in self.plain() {
            out.number(value);
        }
        for value in self.wide() {
            out.number(value);
        }
        for value in self.bad {
            out.number(value);
        }
        out.samples(&self.latency);
        out.samples(&self.first_byte);
        out.list(&self.ledgers, |out, (bucket, tasks, spent)| {
            out.number(*bucket);
            out.number(*tasks);
            out.numbers(spent.iter().copied());
        });
        out.list(&self.breakdowns, write_breakdown);
        out.list(&self.stations, write_station);
        out.list(&self.pools, write_pool);
        out.list(&self.nodes, write_node);
        out.list(&self.caches, |out, (looks, hits)| {
            out.number(*looks);
            out.number(*hits);
        });
        out.list(&self.scalers, |out, acts| {
            out.numbers([acts.looks, acts.ups, acts.downs]);
        });
        out.list(&self.alerts, |out, acts| out.numbers([acts.fired, acts.first_at, acts.firing]));
        let modes: Vec<_> = self.modes.iter().copied().collect();
        out.list(&modes, |out, (spent, changes, triggers)| {
            out.numbers(spent.iter().chain([changes]).chain(triggers).copied());
        });
        let levels: Vec<_> = self.levels.iter().copied().collect();
        out.list(&levels, |out, acts| out.numbers(acts.spent.into_iter().chain([acts.changes])));
        out.list(&self.windows, write_window);
        out.list(&self.slices, |out, area| out.number(*area));
        // A run in which nothing of it is written down keeps its bytes.
        if let Some(recovery) = &self.recovery {
            recovery::write(&mut out, recovery);
        }
        if let Some(platform) = &self.platform {
            platform::write(&mut out, platform);
        }
        if let Some(told) = &self.story {
            story::write(&mut out, told);
        }
        out.0
    }

    /// The run that [`encode`](Self::encode) wrote.
    pub fn decode(bytes: &[u8]) -> Decoded<Self> {
        let mut from = Reader(bytes);
        if from.number::<u64>()? != VERSION {
            return Err(RunDecodeError);
        }
        let mut run = Self::default();
        for value in run.plain_mut() {
            *value = from.number()?;
        }
        for value in run.wide_mut() {
            *value = from.wide()?;
        }
        run.bad = from.array::<CAUSES>()?;
        run.latency = from.samples()?;
        run.first_byte = from.samples()?;
        run.ledgers = from.list(|from| Ok((from.number()?, from.number()?, from.array::<PARTS>()?)))?;
        run.breakdowns = from.list(read_breakdown)?;
        run.stations = from.list(read_station)?;
        run.pools = from.list(read_pool)?;
        run.nodes = from.list(read_node)?;
        run.caches = from.list(|from| Ok((from.number()?, from.number()?)))?;
        run.scalers = from.list(|from| {
            Ok(ScalerActs { looks: from.number()?, ups: from.number()?, downs: from.number()? })
        })?;
        run.alerts = from.list(|from| {
            Ok(AlertActs { fired: from.number()?, first_at: from.number()?, firing: from.number()? })
        })?;
        run.modes = from.list(|from| Ok((from.array()?, from.number()?, from.array()?)))?.pop();
        run.levels = from.list(|from| Ok(LevelActs { spent: from.array()?, changes: from.number()? }))?.pop();
        run.windows = from.list(read_window)?;
        run.slices = from.list(Reader::wide)?;
        if from.next_is(recovery::TAG) {
            run.recovery = Some(recovery::read(&mut from)?);
        }
        if from.next_is(platform::TAG) {
            run.platform = Some(platform::read(&mut from)?);
        }
        if from.next_is(story::TAG) {
            run.story = Some(story::read(&mut from)?);
        }
        if from.0.is_empty() { Ok(run) } else { Err(RunDecodeError) }
    }

    fn plain(&self) -> [u64; 25] {
        let mut copy = self.shallow();
        copy.plain_mut().map(|value| *value)
    }

    fn wide(&self) -> [u128; 3] {
        [self.token_cost, self.wasted_cost_ever, self.system_area]
    }

    fn wide_mut(&mut self) -> [&mut u128; 3] {
        [&mut self.token_cost, &mut self.wasted_cost_ever, &mut self.system_area]
    }

    /// The plain counts alone.
    fn shallow(&self) -> Self {
        Self {
            cut: self.cut,
            end: self.end,
            stopped: self.stopped,
            events: self.events,
            stale: self.stale,
            issued_ever: self.issued_ever,
            ended_ever: self.ended_ever,
            still_there: self.still_there,
            issued: self.issued,
            good: self.good,
            good_in_time: self.good_in_time,
            unfinished: self.unfinished,
            ended_in_window: self.ended_in_window,
            good_in_window: self.good_in_window,
            retried: self.retried,
            dead_letters: self.dead_letters,
            resubmitted: self.resubmitted,
            calls_ever: self.calls_ever,
            limited_ever: self.limited_ever,
            breaker_refused_ever: self.breaker_refused_ever,
            orphans_ever: self.orphans_ever,
            quality: self.quality,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            stale_hits: self.stale_hits,
            ..Self::default()
        }
    }

    fn plain_mut(&mut self) -> [&mut u64; 25] {
        [
            &mut self.cut,
            &mut self.end,
            &mut self.stopped,
            &mut self.events,
            &mut self.stale,
            &mut self.issued_ever,
            &mut self.ended_ever,
            &mut self.still_there,
            &mut self.issued,
            &mut self.good,
            &mut self.good_in_time,
            &mut self.unfinished,
            &mut self.ended_in_window,
            &mut self.good_in_window,
            &mut self.retried,
            &mut self.dead_letters,
            &mut self.resubmitted,
            &mut self.calls_ever,
            &mut self.limited_ever,
            &mut self.breaker_refused_ever,
            &mut self.orphans_ever,
            &mut self.quality,
            &mut self.input_tokens,
            &mut self.output_tokens,
            &mut self.stale_hits,
        ]
    }
}

fn write_breakdown(out: &mut Writer, entry: &BreakdownRun) {
    out.number(entry.dimension);
    out.number(entry.value);
    out.number(entry.cost);
    out.numbers([entry.ended, entry.good, entry.quality, entry.calls, entry.calls_failed]);
    out.samples(&entry.latency);
}

fn read_breakdown(from: &mut Reader<'_>) -> Decoded<BreakdownRun> {
    Ok(BreakdownRun {
        dimension: from.number()?,
        value: from.number()?,
        cost: from.wide()?,
        ended: from.number()?,
        good: from.number()?,
        quality: from.number()?,
        calls: from.number()?,
        calls_failed: from.number()?,
        latency: from.samples()?,
    })
}

fn write_station(out: &mut Writer, station: &StationRun) {
    out.numbers([
        station.arrived_ever,
        station.calls,
        station.served,
        station.refused,
        station.limited,
        station.started_ever,
        station.beyond_ever,
        station.handshakes,
    ]);
    out.numbers([station.number_area, station.busy_area, station.working_area]);
    out.number(station.number_max);
    out.samples(&station.wait);
}

fn read_station(from: &mut Reader<'_>) -> Decoded<StationRun> {
    Ok(StationRun {
        arrived_ever: from.number()?,
        calls: from.number()?,
        served: from.number()?,
        refused: from.number()?,
        limited: from.number()?,
        started_ever: from.number()?,
        beyond_ever: from.number()?,
        handshakes: from.number()?,
        number_area: from.wide()?,
        busy_area: from.wide()?,
        working_area: from.wide()?,
        number_max: from.number()?,
        wait: from.samples()?,
    })
}

fn write_pool(out: &mut Writer, pool: &PoolRun) {
    out.numbers([pool.arrived_ever, pool.refused, pool.spawned_ever, pool.retired_ever]);
    out.numbers([pool.number_area, pool.queue_area, pool.agent_area, pool.claimed_area]);
    out.number(pool.queue_max);
    out.number(pool.number_max);
    out.samples(&pool.wait);
}

fn read_pool(from: &mut Reader<'_>) -> Decoded<PoolRun> {
    Ok(PoolRun {
        arrived_ever: from.number()?,
        refused: from.number()?,
        spawned_ever: from.number()?,
        retired_ever: from.number()?,
        number_area: from.wide()?,
        queue_area: from.wide()?,
        agent_area: from.wide()?,
        claimed_area: from.wide()?,
        queue_max: from.number()?,
        number_max: from.number()?,
        wait: from.samples()?,
    })
}

fn write_node(out: &mut Writer, node: &NodeRun) {
    out.numbers([
        u64::from(node.group),
        node.minors,
        node.majors,
        node.manuals,
        node.worked,
        node.stopped,
        node.deaths_ever,
        node.probe_kills_ever,
        node.writes,
        node.disk_busy,
        node.lines_lost_ever,
        node.left[0].0,
        node.left[0].1,
        node.left[1].0,
        node.left[1].1,
    ]);
    out.numbers([node.heap_area, node.tasks_area]);
    out.number(node.heap_max);
    out.number(node.resident_max);
    out.samples(&node.pauses);
}

fn read_node(from: &mut Reader<'_>) -> Decoded<NodeRun> {
    Ok(NodeRun {
        group: from.number()?,
        minors: from.number()?,
        majors: from.number()?,
        manuals: from.number()?,
        worked: from.number()?,
        stopped: from.number()?,
        deaths_ever: from.number()?,
        probe_kills_ever: from.number()?,
        writes: from.number()?,
        disk_busy: from.number()?,
        lines_lost_ever: from.number()?,
        left: [(from.number()?, from.number()?), (from.number()?, from.number()?)],
        heap_area: from.wide()?,
        tasks_area: from.wide()?,
        heap_max: from.number()?,
        resident_max: from.number()?,
        pauses: from.samples()?,
    })
}

fn write_window(out: &mut Writer, window: &WindowRun) {
    out.numbers([window.issued, window.good, window.bad, window.limited]);
    out.numbers([window.cost, window.queue_area, window.number_area, window.agent_area, window.heap_area]);
    out.number(window.mode);
    out.list(&window.latency, |out, (bucket, count)| {
        out.number(*bucket);
        out.number(*count);
    });
}

fn read_window(from: &mut Reader<'_>) -> Decoded<WindowRun> {
    Ok(WindowRun {
        issued: from.number()?,
        good: from.number()?,
        bad: from.number()?,
        limited: from.number()?,
        cost: from.wide()?,
        queue_area: from.wide()?,
        number_area: from.wide()?,
        agent_area: from.wide()?,
        heap_area: from.wide()?,
        mode: from.number()?,
        latency: from.list(|from| Ok((from.number()?, from.number()?)))?,
    })
}
