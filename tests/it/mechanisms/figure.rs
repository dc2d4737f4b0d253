//! What a row may measure: every metric by its name, and what reports print beside: ledgers, breakdowns, acts of controllers.

use tars_sim::analysis::metrics::{estimate, seconds};
use tars_sim::model::Model;
use tars_sim::model::metric::MetricKey;
use tars_sim::sim::{Part, Run};

/// Priorities, in the order of their numbers.
const PRIORITIES: [&str; 4] = ["critical", "high", "normal", "low"];

/// A number of one run.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Figure {
    /// A metric of the simulator.
    Metric(String),
    /// Mean seconds that good tasks spent in a part: `ledger/provider`.
    Ledger(Part),
    /// Something of the tasks that share a value: `priority/critical/error_share`.
    Breakdown(u8, u16, Of),
    /// How often an alert fired: `alert/NAME/fired`.
    Fired(usize),
    /// How often an autoscaler added agents: `autoscale/POOL/ups`.
    Ups(usize),
    /// How often it took agents away: `autoscale/POOL/downs`.
    Downs(usize),
    /// Agents that began to start: `agents/POOL/spawned`.
    Spawned(usize),
    /// Agents that were retired: `agents/POOL/retired`.
    Retired(usize),
    /// The share of time in a mode of degradation: `degrade/high_load`.
    Mode(usize),
    /// Changes of the mode of degradation: `degrade/changes`.
    Changes,
    /// Calls that a breaker refused, of all that were tried: `breaker_refused_share`.
    BreakerRefused,
    /// Tasks whose work went on for nobody, of all: `orphan_share`.
    Orphans,
}

/// What is asked of the tasks that share a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Mean latency of the good, in seconds.
    LatencyMean,
    /// The share that did not end well.
    ErrorShare,
    /// Those that ended well, per second.
    Good,
    /// Calls per second, of models and providers.
    Calls,
}

impl Of {
    /// Whether it is a number of things, which is 0 where none was seen.
    const fn is_count(self) -> bool {
        match self {
            Self::Good | Self::Calls => true,
            Self::LatencyMean | Self::ErrorShare => false,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "latency_mean_s" => Self::LatencyMean,
            "error_share" => Self::ErrorShare,
            "goodput_per_s" => Self::Good,
            "calls_per_s" => Self::Calls,
            _ => return None,
        })
    }
}

impl Figure {
    /// The figure of this name in a model.
    pub(super) fn parse(name: &str, model: &Model) -> Result<Self, String> {
        if let Some(key) = MetricKey::parse(name)
            && exists(&key, model)
        {
            return Ok(Self::Metric(name.to_owned()));
        }
        if let Some(part) = name.strip_prefix("ledger/") {
            let part = Part::ALL.into_iter().find(|known| known.as_str() == part);
            return part.map(Self::Ledger).ok_or_else(|| format!("there is no metric `{name}`"));
        }
        let parts: Vec<&str> = name.split('/').collect();
        Self::of_parts(&parts, model).ok_or_else(|| format!("there is no metric `{name}`"))
    }

    fn of_parts(parts: &[&str], model: &Model) -> Option<Self> {
        let pool = |name: &str| model.pools.iter().position(|pool| pool.name == name);
        let scaler = |name: &str| {
            let pool = pool(name)?;
            model.autoscalers.iter().position(|scaler| usize::from(scaler.pool) == pool)
        };
        Some(match parts {
            ["breaker_refused_share"] => Self::BreakerRefused,
            ["orphan_share"] => Self::Orphans,
            ["degrade", "changes"] => Self::Changes,
            ["degrade", "high_load"] => Self::Mode(1),
            ["degrade", "critical"] => Self::Mode(2),
            ["alert", name, "fired"] => {
                Self::Fired(model.alerts.iter().position(|alert| alert.name == *name)?)
            }
            ["autoscale", name, "ups"] => Self::Ups(scaler(name)?),
            ["autoscale", name, "downs"] => Self::Downs(scaler(name)?),
            ["agents", name, "spawned"] => Self::Spawned(pool(name)?),
            ["agents", name, "retired"] => Self::Retired(pool(name)?),
            [dimension, value, of] => {
                let (dimension, value) = breakdown(dimension, value, model)?;
                Self::Breakdown(dimension, u16::try_from(value).ok()?, Of::parse(of)?)
            }
            _ => return None,
        })
    }

    /// Its value in a run; `None` where nothing was seen of it.
    pub(super) fn of(&self, model: &Model, run: &Run) -> Option<f64> {
        let whole = run.stopped.max(1) as f64;
        Some(match self {
            Self::Metric(name) => estimate(model, name, std::slice::from_ref(run), None)?.value,
            Self::Ledger(part) => {
                let spent: u64 = run.ledgers.iter().map(|(_, _, spent)| spent[*part as usize]).sum();
                spent as f64 / 1e9 / run.good as f64
            }
            Self::Breakdown(dimension, value, of) => {
                let mut entries = run.breakdowns.iter();
                let entry = entries.find(|entry| (entry.dimension, entry.value) == (*dimension, *value));
                // What nobody was seen with has no entry.
                let Some(entry) = entry else { return of.is_count().then_some(0.0) };
                match of {
                    Of::LatencyMean => entry.latency.mean()? / 1e9,
                    Of::ErrorShare => (entry.ended - entry.good) as f64 / entry.ended as f64,
                    Of::Good => entry.good as f64 / seconds(run),
                    Of::Calls => entry.calls as f64 / seconds(run),
                }
            }
            Self::Fired(place) => run.alerts[*place].fired as f64,
            Self::Ups(place) => run.scalers[*place].ups as f64,
            Self::Downs(place) => run.scalers[*place].downs as f64,
            Self::Spawned(place) => run.pools[*place].spawned_ever as f64,
            Self::Retired(place) => run.pools[*place].retired_ever as f64,
            Self::Mode(mode) => run.modes?.0[*mode] as f64 / whole,
            Self::Changes => run.modes?.1 as f64,
            Self::BreakerRefused => {
                let refused = run.breaker_refused_ever as f64;
                refused / (refused + run.calls_ever as f64)
            }
            Self::Orphans => run.orphans_ever as f64 / run.issued_ever as f64,
        })
    }
}

/// Whether what a metric is of is in the model.
fn exists(key: &MetricKey, model: &Model) -> bool {
    match key {
        MetricKey::System(_) => true,
        MetricKey::Station(name, _) => model.stations.iter().any(|station| station.name == *name),
        MetricKey::Pool(name, _) => model.pools.iter().any(|pool| pool.name == *name),
        MetricKey::Nodes(name, _) => model.nodes.iter().any(|nodes| nodes.name == *name),
        MetricKey::Failover(name, _) => model.failovers.iter().any(|known| known.name == *name),
        MetricKey::Index(name, _) => model.indexes.iter().any(|known| known.name == *name),
    }
}

/// The numbers of a dimension and of a value in it.
fn breakdown(dimension: &str, value: &str, model: &Model) -> Option<(u8, usize)> {
    let class = || model.classes.iter().position(|class| class.name == value);
    Some(match dimension {
        "priority" => (0, PRIORITIES.into_iter().position(|known| known == value)?),
        "class" => (1, class()?),
        "role" => (2, model.roles.iter().position(|role| role == value)?),
        "model" => (3, model.models.iter().position(|known| known.name == value)?),
        "provider" => (4, model.stations.iter().position(|station| station.name == value)?),
        _ => return None,
    })
}
