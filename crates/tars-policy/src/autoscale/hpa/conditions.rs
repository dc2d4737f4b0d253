//! The conditions of an autoscaler, with their reasons as Kubernetes names them.

/// Whether it can act on its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Able {
    /// The present scale is known, no more.
    SucceededGetScale,
    /// The proposal stands as it is.
    ReadyForNewScale,
    /// A lower recent proposal was taken instead.
    ScaleUpStabilized,
    /// A higher recent proposal was taken instead.
    ScaleDownStabilized,
    /// The number of replicas has been changed.
    SucceededRescale,
}

impl Able {
    /// The reason, as Kubernetes writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SucceededGetScale => "SucceededGetScale",
            Self::ReadyForNewScale => "ReadyForNewScale",
            Self::ScaleUpStabilized => "ScaleUpStabilized",
            Self::ScaleDownStabilized => "ScaleDownStabilized",
            Self::SucceededRescale => "SucceededRescale",
        }
    }
}

/// Whether it has a count to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Active {
    /// A metric gave a count.
    ValidMetricFound,
    /// There are no replicas, which turns it off.
    ScalingDisabled,
    /// A resource of pods is missing.
    FailedGetResourceMetric,
    /// A resource of containers is missing.
    FailedGetContainerResourceMetric,
    /// A metric of pods is missing.
    FailedGetPodsMetric,
    /// A metric of an object is missing.
    FailedGetObjectMetric,
    /// A metric from outside is missing.
    FailedGetExternalMetric,
}

impl Active {
    /// The reason, as Kubernetes writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValidMetricFound => "ValidMetricFound",
            Self::ScalingDisabled => "ScalingDisabled",
            Self::FailedGetResourceMetric => "FailedGetResourceMetric",
            Self::FailedGetContainerResourceMetric => "FailedGetContainerResourceMetric",
            Self::FailedGetPodsMetric => "FailedGetPodsMetric",
            Self::FailedGetObjectMetric => "FailedGetObjectMetric",
            Self::FailedGetExternalMetric => "FailedGetExternalMetric",
        }
    }

    /// The status of the condition.
    pub const fn holds(self) -> bool {
        matches!(self, Self::ValidMetricFound)
    }
}

/// Whether a bound or the pace cut the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limited {
    /// Nothing cut it.
    DesiredWithinRange,
    /// It was below the minimum.
    TooFewReplicas,
    /// It was above the maximum.
    TooManyReplicas,
    /// It rose too fast.
    ScaleUpLimit,
    /// It fell too fast.
    ScaleDownLimit,
}

impl Limited {
    /// The reason, as Kubernetes writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DesiredWithinRange => "DesiredWithinRange",
            Self::TooFewReplicas => "TooFewReplicas",
            Self::TooManyReplicas => "TooManyReplicas",
            Self::ScaleUpLimit => "ScaleUpLimit",
            Self::ScaleDownLimit => "ScaleDownLimit",
        }
    }

    /// The status of the condition.
    pub const fn holds(self) -> bool {
        !matches!(self, Self::DesiredWithinRange)
    }
}

/// Why the number of replicas changes, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rescale {
    /// This metric, by its place in the specification, called for the most, and for more than there are.
    AboveTarget(usize),
    /// Every metric called for fewer.
    AllBelowTarget,
    /// There were more than the maximum.
    AboveMax,
    /// There were fewer than the minimum.
    BelowMin,
    /// The present number is right, is held, or is not known to be wrong.
    None,
}

/// The three conditions as they stand; what a sync does not look at stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// `AbleToScale`.
    pub able_to_scale: Able,
    /// `ScalingActive`; absent until metrics were first looked at.
    pub scaling_active: Option<Active>,
    /// `ScalingLimited`; absent until a count was first limited or not.
    pub scaling_limited: Option<Limited>,
}
