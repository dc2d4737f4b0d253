//! The digest of raw results: what happened, whoever computed it, in whatever order.
//!
//! It holds integer counts and sums, exact samples and histogram buckets of every component that saw work, by the
//! component's **name**. It leaves out what an unused component would change: counts of events, the levels that all
//! pools share, a dimension with a single value, which repeats the totals.

use crate::model::Model;
use crate::sim::{PoolRun, Run, StationRun, WindowRun};
use crate::store::hex;
use crate::tally::Samples;
use sha2::{Digest, Sha256};

/// Identifies what the replications of one cell gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellDigest([u8; 32]);

/// The digest of a whole result, from those of its cells in their order, in hexadecimal.
pub fn combined(cells: &[CellDigest]) -> String {
    let sum = cells.iter().fold(Sha256::new(), |sum, cell| sum.chain_update(cell.0));
    hex(&sum.finalize())
}

impl CellDigest {
    /// The digest of the replications of cell `index`, in their order.
    pub fn of(index: usize, model: &Model, runs: &[Run]) -> Self {
        let mut sum = Sink(Sha256::new());
        sum.number(index as u64);
        sum.number(model.measure.seed);
        sum.number(runs.len() as u64);
        for (replication, run) in runs.iter().enumerate() {
            sum.number(replication as u64);
            sum.run(model, run);
        }
        Self(sum.0.finalize().into())
    }

    /// The digest of a cell that failed.
    pub fn failed(index: usize) -> Self {
        let mut sum = Sink(Sha256::new());
        sum.text("failed");
        sum.number(index as u64);
        Self(sum.0.finalize().into())
    }
}

/// Takes in values so that no two different sequences of them are the same bytes.
struct Sink(Sha256);

impl Sink {
    fn number(&mut self, value: impl Into<u128>) {
        self.0.update(value.into().to_le_bytes());
    }

    fn numbers<const N: usize>(&mut self, values: [u64; N]) {
        for value in values {
            self.number(value);
        }
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn samples(&mut self, samples: &Samples) {
        let bytes = samples.encode();
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn run(&mut self, model: &Model, run: &Run) {
        self.tasks(run);
        self.breakdowns(model, run);
        let stations = model.stations.iter().map(|station| &station.name).zip(&run.stations);
        for (name, station) in
            by_name(stations.filter(|(_, station)| station.arrived_ever + station.calls > 0))
        {
            self.text("station");
            self.text(name);
            self.station(station);
        }
        let pools = model.pools.iter().map(|pool| &pool.name).zip(&run.pools);
        for (name, pool) in by_name(pools.filter(|(_, pool)| pool_worked(pool))) {
            self.text("pool");
            self.text(name);
            self.pool(pool);
        }
        let caches = model.caches.iter().map(|cache| &cache.name).zip(&run.caches);
        for (name, (looks, hits)) in by_name(caches.filter(|(_, (looks, _))| *looks > 0)) {
            self.text("cache");
            self.text(name);
            self.numbers([*looks, *hits]);
        }
        if model.program.writes_any() {
            self.text("stale hits");
            self.number(run.stale_hits);
        }
        self.controllers(model, run);
        for window in &run.windows {
            self.window(window);
        }
    }

    fn tasks(&mut self, run: &Run) {
        self.numbers([run.cut, run.end, run.issued_ever, run.ended_ever, run.still_there]);
        self.numbers([run.issued, run.good, run.good_in_time, run.unfinished]);
        self.numbers([run.ended_in_window, run.good_in_window, run.retried, run.resubmitted]);
        if run.dead_letters > 0 {
            self.text("dead letters");
            self.number(run.dead_letters);
        }
        self.numbers([run.calls_ever, run.limited_ever, run.breaker_refused_ever, run.orphans_ever]);
        self.numbers([run.quality, run.input_tokens, run.output_tokens]);
        self.numbers(run.bad);
        for value in [run.system_area, run.token_cost, run.wasted_cost_ever] {
            self.number(value);
        }
        self.samples(&run.latency);
        if !run.first_byte.is_empty() {
            self.text("first byte");
            self.samples(&run.first_byte);
        }
        self.number(run.ledgers.len() as u64);
        for (bucket, tasks, parts) in &run.ledgers {
            self.number(*bucket);
            self.number(*tasks);
            self.numbers(*parts);
        }
    }

    fn breakdowns(&mut self, model: &Model, run: &Run) {
        for dimension in 0..=4 {
            let entries = run.breakdowns.iter().filter(|entry| entry.dimension == dimension);
            let entries = entries.filter(|entry| entry.ended + entry.calls > 0);
            let named = by_name(entries.map(|entry| (value_name(model, dimension, entry.value), entry)));
            if named.len() < 2 {
                continue;
            }
            self.number(dimension);
            for (name, entry) in named {
                self.text(&name);
                self.numbers([entry.ended, entry.good, entry.quality, entry.calls, entry.calls_failed]);
                self.number(entry.cost);
                self.samples(&entry.latency);
            }
        }
    }

    fn station(&mut self, station: &StationRun) {
        self.numbers([station.arrived_ever, station.calls, station.served, station.refused, station.limited]);
        self.numbers([station.started_ever, station.beyond_ever, u64::from(station.number_max)]);
        for area in [station.number_area, station.busy_area, station.working_area] {
            self.number(area);
        }
        if station.handshakes > 0 {
            self.text("handshakes");
            self.number(station.handshakes);
        }
        self.samples(&station.wait);
    }

    fn pool(&mut self, pool: &PoolRun) {
        self.numbers([pool.arrived_ever, pool.refused, pool.spawned_ever, pool.retired_ever]);
        self.numbers([u64::from(pool.queue_max), u64::from(pool.number_max)]);
        for area in [pool.number_area, pool.queue_area, pool.agent_area] {
            self.number(area);
        }
        if pool.claimed_area > 0 {
            self.text("claimed");
            self.number(pool.claimed_area);
        }
        self.samples(&pool.wait);
    }

    /// Controllers of pools that saw work.
    fn controllers(&mut self, model: &Model, run: &Run) {
        let worked = |pool: u16| run.pools.get(usize::from(pool)).is_some_and(pool_worked);
        let scalers = model.autoscalers.iter().zip(&run.scalers).filter(|(scaler, _)| worked(scaler.pool));
        for (scaler, acts) in scalers {
            self.text("autoscaler");
            self.text(&model.pools[usize::from(scaler.pool)].name);
            self.numbers([acts.looks, acts.ups, acts.downs]);
        }
        let watched = model.degrade.as_ref().is_some_and(|degrade| worked(degrade.pool));
        if let Some((spent, changes, triggers)) = run.modes.as_ref().filter(|_| watched) {
            self.text("modes");
            self.numbers(*spent);
            self.number(*changes);
            self.numbers(*triggers);
        }
        if let Some(levels) = run.levels {
            self.text("levels");
            self.numbers(levels.spent);
            self.number(levels.changes);
        }
    }

    /// All but the agents, whom unused pools have too, and the mode, which is told in full above.
    fn window(&mut self, window: &WindowRun) {
        self.numbers([window.issued, window.good, window.bad, window.limited]);
        for value in [window.cost, window.queue_area, window.number_area] {
            self.number(value);
        }
        self.number(window.latency.len() as u64);
        for (bucket, count) in &window.latency {
            self.number(*bucket);
            self.number(*count);
        }
    }
}

const fn pool_worked(pool: &PoolRun) -> bool {
    pool.arrived_ever + pool.refused > 0
}

/// Ordered by name, so that the order in which an experiment lists its parts does not matter.
fn by_name<K: Ord, V>(parts: impl Iterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut parts: Vec<(K, V)> = parts.collect();
    parts.sort_by(|(a, _), (b, _)| a.cmp(b));
    parts
}

fn value_name(model: &Model, dimension: u8, value: u16) -> String {
    let place = usize::from(value);
    let name = match dimension {
        1 => model.classes.get(place).map(|class| &class.name),
        2 => model.roles.get(place),
        3 => model.models.get(place).map(|model| &model.name),
        4 => model.stations.get(place).map(|station| &station.name),
        _ => None,
    };
    name.cloned().unwrap_or_else(|| value.to_string())
}
