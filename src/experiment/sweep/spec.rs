//! How a sweep is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tars_policy::units::Span;

/// Which configurations an experiment is run in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepSpec {
    /// How the axes are combined.
    #[serde(default)]
    pub design: DesignSpec,
    /// What is varied, 1 to 32 axes.
    pub axes: Vec<AxisSpec>,
}

/// How the axes are combined.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum DesignSpec {
    /// Every value of each axis with every value of the others; the last axis moves fastest.
    Grid(GridSpec),
    /// A sample with one point in each of `samples` equal slices of every axis.
    LatinHypercube(LatinHypercubeSpec),
    /// The first points of the Sobol sequence, which fill the space evenly; best if their number is a power of two.
    Sobol(SobolSpec),
}

impl Default for DesignSpec {
    fn default() -> Self {
        Self::Grid(GridSpec {})
    }
}

/// A grid has no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GridSpec {}

/// A Latin hypercube sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatinHypercubeSpec {
    /// Cells, 1 to 100,000.
    pub samples: u64,
    /// The seed of the sample; not that of the simulation.
    #[serde(default)]
    pub seed: u64,
}

/// A Sobol sample, of at most 16 axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SobolSpec {
    /// Cells, 1 to 100,000.
    pub samples: u64,
}

/// One axis: `path` and `values`, or `paths` and `rows`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisSpec {
    /// The value that is varied, as a JSON pointer into the experiment after its parts were put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The values it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<AxisValues>")]
    pub values: Option<Value>,
    /// Values that are varied together, as JSON pointers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// What they take together: each row has a value for each path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Vec<Value>>>,
    /// The name of the axis in tables and plots; by default the last key of its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Names of the values or rows in tables and plots; by default the values themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
}

/// The values of an axis.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AxisValues {
    /// One by one.
    List(Vec<Value>),
    /// Between two ends.
    Range(RangeSpec),
}

/// Values between two ends, both included.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeSpec {
    /// The first value: a number, or a span such as `"100ms"`.
    #[schemars(with = "Endpoint")]
    pub from: Value,
    /// The last value, of the same kind.
    #[schemars(with = "Endpoint")]
    pub to: Value,
    /// How many values; a grid needs it, a sample takes any value of the range without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// How they are spaced.
    #[serde(default)]
    pub scale: Scale,
}

/// An end of a range.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Endpoint {
    /// A number.
    Number(f64),
    /// A length of time.
    Span(Span),
}

/// How the values of a range are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// By equal differences.
    #[default]
    Linear,
    /// By equal factors; both ends are positive.
    Log,
    /// By equal differences, rounded to whole numbers; a number that comes twice is taken once.
    Integer,
}
