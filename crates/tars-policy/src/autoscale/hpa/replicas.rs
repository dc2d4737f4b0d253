//! How many replicas one metric calls for.

use alloc::vec::Vec;

use super::observed::{Observation, Phase, Pod, Reading, Sample};
use super::{HpaMetric, HpaSpec, Resource, ResourceTarget, ValueTarget};
use crate::units::{Span, Time};

/// What one metric calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// So many replicas.
    pub replicas: u32,
    /// The metric as it is: percent for a utilisation, else thousandths of a unit (an average for averages), before
    /// anything is filled in for missing pods.
    pub current: i64,
}

/// Why a metric calls for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricFailure {
    /// It could not be had, or holds no value at all.
    Unavailable,
    /// It is not of the kind that the metric needs.
    WrongKind,
    /// There are no pods.
    NoPods,
    /// No pod that counts has a sample.
    NoSamples,
    /// A pod does not say what it asks for.
    NoRequest,
    /// No sample belongs to a pod that asks for anything.
    NothingRequested,
}

/// How far a ratio may be off 1 in each direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    pub(super) up: f64,
    pub(super) down: f64,
}

impl Tolerance {
    fn holds(self, ratio: f64) -> bool {
        (1.0 - self.down) <= ratio && ratio <= (1.0 + self.up)
    }
}

/// What stands still while the metrics of one sync are looked at.
#[derive(Debug)]
pub(super) struct Sync<'a> {
    pub(super) now: Time,
    pub(super) seen: &'a Observation,
    pub(super) tolerance: Tolerance,
    pub(super) cpu_initialization_period: Span,
    pub(super) initial_readiness_delay: Span,
}

impl<'a> Sync<'a> {
    pub(super) fn new(now: Time, spec: &HpaSpec, seen: &'a Observation) -> Self {
        let rules = spec.behavior.as_ref();
        let tolerance = Tolerance {
            up: rules.and_then(|behavior| behavior.scale_up.tolerance).unwrap_or(spec.tolerance),
            down: rules.and_then(|behavior| behavior.scale_down.tolerance).unwrap_or(spec.tolerance),
        };
        Self {
            now,
            seen,
            tolerance,
            cpu_initialization_period: spec.cpu_initialization_period,
            initial_readiness_delay: spec.initial_readiness_delay,
        }
    }

    /// What `metric` calls for, given its `reading`.
    pub(super) fn propose(&self, metric: &HpaMetric, reading: &Reading) -> Result<Proposal, MetricFailure> {
        match metric {
            HpaMetric::Resource { name, target } | HpaMetric::ContainerResource { name, target, .. } => {
                let target = match *target {
                    ResourceTarget::AverageUtilizationPercent(percent) => Target::Utilization(percent),
                    ResourceTarget::AverageValueMilli(milli) => Target::Average(signed(milli)),
                };
                self.per_pod(reading, target, *name == Resource::Cpu)
            }
            HpaMetric::Pods { average_value_milli, .. } => {
                self.per_pod(reading, Target::Average(signed(*average_value_milli)), false)
            }
            HpaMetric::Object { target, .. } | HpaMetric::External { target, .. } => {
                self.of_total(reading, *target)
            }
        }
    }

    fn per_pod(&self, reading: &Reading, target: Target, cpu: bool) -> Result<Proposal, MetricFailure> {
        let (samples, requests, strays) = match reading {
            Reading::Pods { samples, requests_milli, strays_milli } => {
                (samples, requests_milli, strays_milli)
            }
            Reading::Values(_) => return Err(MetricFailure::WrongKind),
            Reading::Unavailable => return Err(MetricFailure::Unavailable),
        };
        if samples.iter().all(Option::is_none) && strays.is_empty() {
            return Err(MetricFailure::Unavailable);
        }
        if self.seen.pods.is_empty() {
            return Err(MetricFailure::NoPods);
        }
        let mut pods = Grouped::default();
        for (place, pod) in self.seen.pods.iter().enumerate() {
            let request = requests.get(place).copied().flatten();
            let sample = samples.get(place).copied().flatten();
            self.group(&mut pods, pod, sample, request, cpu);
        }
        let ready = pods.measured.len();
        pods.measured.extend(strays.iter().map(|&value| Entry { value, request: None }));
        if pods.measured.is_empty() {
            return Err(MetricFailure::NoSamples);
        }
        let asked = |place: usize| requests.get(place).copied().flatten().is_some();
        if matches!(target, Target::Utilization(_)) && !(0..self.seen.pods.len()).all(asked) {
            return Err(MetricFailure::NoRequest);
        }
        self.rebalanced(pods, target, ready)
    }

    /// Puts a pod where it belongs.
    fn group(&self, pods: &mut Grouped, pod: &Pod, sample: Option<Sample>, request: Option<i64>, cpu: bool) {
        if pod.ignored() {
            return;
        }
        if pod.phase == Phase::Pending {
            return pods.unready.push(request);
        }
        let Some(sample) = sample else { return pods.missing.push(request) };
        let (initialization, delay) = (self.cpu_initialization_period, self.initial_readiness_delay);
        if cpu && pod.warms_up(self.now, &sample, initialization, delay) {
            pods.unready.push(request);
        } else {
            pods.measured.push(Entry { value: sample.milli, request });
        }
    }

    /// The count, with missing and unready pods filled in against the direction of the change.
    fn rebalanced(&self, pods: Grouped, target: Target, ready: usize) -> Result<Proposal, MetricFailure> {
        let (ratio, current) = target.ratio(&pods.measured)?;
        let unchanged = Ok(Proposal { replicas: self.seen.spec_replicas, current });
        let unready_matter = !pods.unready.is_empty() && ratio > 1.0;
        if !unready_matter && pods.missing.is_empty() {
            if self.tolerance.holds(ratio) {
                return unchanged;
            }
            return Ok(Proposal { replicas: ceiling(ratio * ready as f64), current });
        }
        let mut entries = pods.measured;
        if ratio < 1.0 {
            let filled = |&request: &Option<i64>| Entry { value: target.assumed(request), request };
            entries.extend(pods.missing.iter().map(filled));
        } else if ratio > 1.0 {
            entries.extend(pods.missing.iter().map(|&request| Entry { value: 0, request }));
        }
        if unready_matter {
            entries.extend(pods.unready.iter().map(|&request| Entry { value: 0, request }));
        }
        let (filled, _) = target.ratio(&entries)?;
        let turned = (ratio < 1.0 && filled > 1.0) || (ratio > 1.0 && filled < 1.0);
        if self.tolerance.holds(filled) || turned {
            return unchanged;
        }
        let replicas = ceiling(filled * entries.len() as f64);
        let present = self.seen.spec_replicas;
        let against = (filled < 1.0 && replicas > present) || (filled > 1.0 && replicas < present);
        if against { unchanged } else { Ok(Proposal { replicas, current }) }
    }

    fn of_total(&self, reading: &Reading, target: ValueTarget) -> Result<Proposal, MetricFailure> {
        let total = match reading {
            Reading::Values(values) if values.is_empty() => return Err(MetricFailure::Unavailable),
            Reading::Values(values) => values.iter().fold(0_i64, |sum, &value| sum.saturating_add(value)),
            Reading::Pods { .. } => return Err(MetricFailure::WrongKind),
            Reading::Unavailable => return Err(MetricFailure::Unavailable),
        };
        match target {
            ValueTarget::ValueMilli(milli) => self.by_value(total, signed(milli)),
            ValueTarget::AverageValueMilli(milli) => Ok(self.by_average(total, signed(milli))),
        }
    }

    fn by_value(&self, total: i64, target: i64) -> Result<Proposal, MetricFailure> {
        let ratio = total as f64 / target as f64;
        let current = self.seen.spec_replicas;
        let replicas = if current == 0 {
            ceiling(ratio)
        } else if self.tolerance.holds(ratio) {
            current
        } else if self.seen.pods.is_empty() {
            return Err(MetricFailure::NoPods);
        } else {
            let ready = self.seen.pods.iter().filter(|pod| pod.serves()).count();
            ceiling(ratio * ready as f64)
        };
        Ok(Proposal { replicas, current: total })
    }

    fn by_average(&self, total: i64, target: i64) -> Proposal {
        let (total_value, target) = (total as f64, target as f64);
        let present = f64::from(self.seen.status_replicas);
        let within = self.tolerance.holds(total_value / (target * present));
        let replicas = if within { self.seen.status_replicas } else { ceiling(total_value / target) };
        let current =
            if self.seen.status_replicas == 0 { 0 } else { whole(libm::ceil(total_value / present)) };
        Proposal { replicas, current }
    }
}

/// The pods of one metric; of the last two only what they ask for matters.
#[derive(Debug, Default)]
struct Grouped {
    measured: Vec<Entry>,
    missing: Vec<Option<i64>>,
    unready: Vec<Option<i64>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    value: i64,
    request: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Utilization(u32),
    Average(i64),
}

impl Target {
    /// The metric over its target, and the metric.
    fn ratio(self, entries: &[Entry]) -> Result<(f64, i64), MetricFailure> {
        match self {
            Self::Utilization(percent) => {
                let asked =
                    entries.iter().filter_map(|entry| entry.request.map(|request| (entry.value, request)));
                let (used, requested) =
                    asked.fold((0_i128, 0_i128), |(used, requested), (value, request)| {
                        (used + i128::from(value), requested + i128::from(request))
                    });
                if requested == 0 {
                    return Err(MetricFailure::NothingRequested);
                }
                let current = narrow(used * 100 / requested);
                Ok((current as f64 / f64::from(percent), current))
            }
            Self::Average(target) => {
                let used: i128 = entries.iter().map(|entry| i128::from(entry.value)).sum();
                let pods = i128::try_from(entries.len()).expect("a count fits");
                let current = narrow(used / pods);
                Ok((current as f64 / target as f64, current))
            }
        }
    }

    /// What a pod without a sample is taken to use on the way down.
    fn assumed(self, request: Option<i64>) -> i64 {
        match self {
            Self::Utilization(percent) => {
                narrow(i128::from(request.unwrap_or(0)) * i128::from(percent.max(100)) / 100)
            }
            Self::Average(target) => target,
        }
    }
}

/// A validated target: it fits.
fn signed(milli: u64) -> i64 {
    i64::try_from(milli).unwrap_or(i64::MAX)
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// Rounds up to replicas, of which there are at most 2³¹ − 1; what is not a number is none.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
fn ceiling(replicas: f64) -> u32 {
    (libm::ceil(replicas) as i32).max(0).unsigned_abs()
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
fn whole(value: f64) -> i64 {
    value as i64
}
