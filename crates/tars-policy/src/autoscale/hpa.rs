//! The Horizontal Pod Autoscaler of Kubernetes (`autoscaling/v2`), decision by decision.
//!
//! An [`Hpa`] is told, once a sync, how many replicas are asked for, the pods there are and one [`Reading`] per metric.
//! Each metric proposes a count ([`Proposal`]), the largest wins, and then the count is stabilised over recent proposals,
//! limited in rate and cut at the bounds. The arithmetic is that of the controller: milli-values are summed as integers,
//! a utilisation is a whole percentage rounded towards zero, ratios are 64-bit floats, replicas are rounded up.
//!
//! | edge | decision |
//! |---|---|
//! | ratio exactly 1 ± tolerance | within: no change |
//! | pod without a sample | on the way down it uses what it asked for (or the target, when above 100 %); on the way up nothing |
//! | pod that is not ready | on the way up it uses nothing; on the way down it is left out |
//! | pod that failed, finished or is being deleted | left out altogether |
//! | the filled-in ratio points the other way, or is within tolerance | no change |
//! | one metric of several unavailable | the others may scale up, not down |
//! | recommendation or event exactly a window old | no longer counts (without `behavior`, a recommendation still does) |
//! | no replicas and a minimum above 0 | disabled |
//! | replicas outside the bounds | the bound at once, whatever the metrics and the pace say |
//! | a count beyond 32 bits | the largest that fits; the only departure from the arithmetic of the controller |
//!
//! Written from the published algorithm ("Horizontal Pod Autoscaling" and KEP-853, KEP-2021, KEP-4951) and the source of
//! the controller (`pkg/controller/podautoscaler`, release 1.33 and later).
//!
//! ```
//! use tars_policy::autoscale::hpa::{HpaSpec, Observation, Pod, Reading, Sample};
//! use tars_policy::units::{Span, Time};
//!
//! // 100 % of the request is twice the target of 50 %: three become six.
//! let mut hpa = HpaSpec::cpu(50, 1, 10).build()?;
//! let now = Time::START + Span::from_secs(3_600);
//! let pods = vec![Pod::ready_since(Time::START); 3];
//! let samples = vec![Some(Sample::of(1_000, now)); 3];
//! let reading = Reading::Pods { samples, requests_milli: vec![Some(1_000); 3], strays_milli: vec![] };
//! let seen = Observation { spec_replicas: 3, status_replicas: 3, pods, readings: vec![reading] };
//! assert_eq!(hpa.sync(now, &seen).replicas, 6);
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::spec::SpecError;
use crate::units::Span;

mod behavior;
mod conditions;
mod controller;
mod observed;
mod replicas;
#[cfg(test)]
mod tests;

pub use behavior::{Behavior, RatePolicy, ScalingRules, SelectPolicy};
pub use conditions::{Able, Active, Conditions, Limited, Rescale};
pub use controller::{Hpa, HpaDecision};
pub use observed::{Observation, Phase, Pod, Readiness, Reading, Sample};
pub use replicas::{MetricFailure, Proposal};

/// A resource that pods ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Resource {
    /// Processor time, in thousandths of a core. Samples of pods that are still starting are set aside.
    Cpu,
    /// Memory, in thousandths of a byte.
    Memory,
}

/// What a resource metric is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ResourceTarget {
    /// Percent of what the pods ask for, at least 1; may be above 100.
    AverageUtilizationPercent(u32),
    /// Thousandths of a unit a pod, at least 1.
    AverageValueMilli(u64),
}

/// What a metric that no single pod reports is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ValueTarget {
    /// Thousandths of a unit in all, at least 1; ready pods are scaled by the ratio.
    ValueMilli(u64),
    /// Thousandths of a unit a pod, at least 1.
    AverageValueMilli(u64),
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum HpaMetric {
    /// A resource of whole pods.
    Resource {
        /// Which.
        name: Resource,
        /// What it is to be.
        target: ResourceTarget,
    },
    /// A resource of one container in each pod.
    ContainerResource {
        /// Which.
        name: Resource,
        /// The container.
        container: String,
        /// What it is to be.
        target: ResourceTarget,
    },
    /// A metric that each pod reports.
    Pods {
        /// What it is called.
        name: String,
        /// Thousandths of a unit a pod, at least 1.
        average_value_milli: u64,
    },
    /// A metric of one object of the cluster.
    Object {
        /// What it is called.
        name: String,
        /// What it is to be.
        target: ValueTarget,
    },
    /// A metric from outside the cluster; several series are summed.
    External {
        /// What it is called.
        name: String,
        /// What it is to be.
        target: ValueTarget,
    },
}

impl HpaMetric {
    fn validate(&self) -> Result<(), SpecError> {
        let (field, target) = match self {
            Self::Resource { target, .. } | Self::ContainerResource { target, .. } => match target {
                ResourceTarget::AverageUtilizationPercent(percent) => {
                    ("target.average_utilization_percent", u64::from(*percent))
                }
                ResourceTarget::AverageValueMilli(milli) => ("target.average_value_milli", *milli),
            },
            Self::Pods { average_value_milli, .. } => ("average_value_milli", *average_value_milli),
            Self::Object { target, .. } | Self::External { target, .. } => match target {
                ValueTarget::ValueMilli(milli) => ("target.value_milli", *milli),
                ValueTarget::AverageValueMilli(milli) => ("target.average_value_milli", *milli),
            },
        };
        if target == 0 || i64::try_from(target).is_err() {
            return Err(SpecError::new(field, format!("{target} is impossible; expected at least 1")));
        }
        Ok(())
    }

    /// Whether it is known without a single pod, so that it can wake a target that has none.
    const fn needs_no_pod(&self) -> bool {
        match self {
            Self::Resource { .. } | Self::ContainerResource { .. } | Self::Pods { .. } => false,
            Self::Object { .. } | Self::External { .. } => true,
        }
    }
}

/// A Horizontal Pod Autoscaler; see the [module](self).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct HpaSpec {
    /// Fewest replicas; 0 only with an object or external metric.
    pub min: u32,
    /// Most replicas.
    pub max: u32,
    /// What is watched, at least one; the largest proposal wins.
    pub metrics: Vec<HpaMetric>,
    /// How fast it may act. Absent: as before `behavior` existed, at most twice the replicas (or 4) up in a sync, and
    /// down to the highest proposal of `downscale_stabilization`.
    pub behavior: Option<Behavior>,
    /// How far the ratio may be off 1 before anything is done, where `behavior` says nothing else.
    pub tolerance: f64,
    /// So long after its start a pod's samples of the processor count only when they were taken while it was ready.
    pub cpu_initialization_period: Span,
    /// A pod that became unready within this time of its start counts as never having been ready.
    pub initial_readiness_delay: Span,
    /// The window of the way down, where `behavior` names none.
    pub downscale_stabilization: Span,
    /// Time between two syncs.
    pub sync_period: Span,
}

impl Default for HpaSpec {
    /// The defaults of Kubernetes: 1 to 10 replicas at 80 % of the processor asked for, every 15 s.
    fn default() -> Self {
        Self {
            min: 1,
            max: 10,
            metrics: alloc::vec![HpaMetric::Resource {
                name: Resource::Cpu,
                target: ResourceTarget::AverageUtilizationPercent(80),
            }],
            behavior: None,
            tolerance: 0.1,
            cpu_initialization_period: Span::from_secs(300),
            initial_readiness_delay: Span::from_secs(30),
            downscale_stabilization: Span::from_secs(300),
            sync_period: Span::from_secs(15),
        }
    }
}

impl HpaSpec {
    /// An autoscaler of `min` to `max` replicas at `percent` of the processor asked for.
    pub fn cpu(percent: u32, min: u32, max: u32) -> Self {
        let target = ResourceTarget::AverageUtilizationPercent(percent);
        let metrics = alloc::vec![HpaMetric::Resource { name: Resource::Cpu, target }];
        Self { min, max, metrics, ..Self::default() }
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        super::check_bounds(self.min, self.max)?;
        if i32::try_from(self.max).is_err() {
            return Err(SpecError::new("max", format!("{} does not fit 31 bits", self.max)));
        }
        if self.metrics.is_empty() {
            return Err(SpecError::new("metrics", "is empty; expected at least one metric"));
        }
        for (index, metric) in self.metrics.iter().enumerate() {
            metric.validate().map_err(|error| error.within(&format!("metrics.{index}")))?;
        }
        if self.min == 0 && !self.metrics.iter().any(HpaMetric::needs_no_pod) {
            let problem =
                "is 0, from which only an object or external metric leads back; expected at least 1";
            return Err(SpecError::new("min", problem));
        }
        check_tolerance("tolerance", self.tolerance)?;
        if self.sync_period.is_zero() {
            return Err(SpecError::new("sync_period", "is zero; expected a positive span"));
        }
        self.behavior.as_ref().map_or(Ok(()), Behavior::validate).map_err(|error| error.within("behavior"))
    }

    /// The autoscaler, which has seen nothing yet.
    pub fn build(&self) -> Result<Hpa, SpecError> {
        self.validate()?;
        Ok(Hpa::new(self))
    }
}

/// A tolerance is a finite number from 0 on.
fn check_tolerance(field: &str, tolerance: f64) -> Result<(), SpecError> {
    if tolerance >= 0.0 && tolerance.is_finite() {
        Ok(())
    } else {
        Err(SpecError::new(field, format!("{tolerance} is no tolerance; expected 0 or more")))
    }
}
