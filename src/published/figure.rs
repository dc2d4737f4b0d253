//! The published figures: what each document prints, where, and in which unit.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// The figures of one document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its number: `001`.
    pub document: String,
    /// Its title.
    pub title: String,
    /// Its groups, in the order of the text.
    pub groups: Vec<GroupSpec>,
}

/// Figures that stand together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// A short name, which the ids begin with.
    pub group: String,
    /// What it is about.
    pub title: String,
    /// What all its figures were measured or set for.
    #[serde(default)]
    pub config: IndexMap<String, Value>,
    /// The heading all of them stand under, if it is one.
    #[serde(default)]
    pub section: Option<String>,
    /// The figures.
    pub figures: Vec<FigureSpec>,
}

/// A figure as the file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    id: String,
    line: u32,
    #[serde(default)]
    section: Option<String>,
    kind: Kind,
    #[serde(default)]
    role: Option<String>,
    metric: String,
    op: Op,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    low: Option<Number>,
    #[serde(default)]
    high: Option<Number>,
    unit: String,
    #[serde(default)]
    approx: bool,
    #[serde(default)]
    delta: bool,
    #[serde(default)]
    open_ended: bool,
    #[serde(default)]
    window_s: Option<f64>,
    #[serde(default)]
    config: IndexMap<String, Value>,
}

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Results of load tests, baselines, figures labelled as current.
    MeasuredBaseline,
    /// Latencies, sizes, hardware and timeouts of parts.
    ComponentParameter,
    /// Thresholds, caps, modes, rules and set-ups.
    PolicyParameter,
    /// Targets and objectives.
    TargetSlo,
    /// Prices and costs.
    PriceCost,
    /// The growth model, its forecast and its tiers.
    GrowthForecast,
    /// Improvements, savings and conclusions stated in prose.
    Claim,
}

/// How a figure is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Exactly.
    #[serde(rename = "=")]
    Equal,
    /// Below it.
    #[serde(rename = "<")]
    Below,
    /// Above it.
    #[serde(rename = ">")]
    Above,
    /// About it.
    #[serde(rename = "~")]
    About,
    /// It or more.
    #[serde(rename = "+")]
    AtLeast,
    /// From low to high.
    #[serde(rename = "range")]
    Range,
    /// From low to high or more.
    #[serde(rename = "range+")]
    RangeOrMore,
    /// An ordered list.
    #[serde(rename = "list")]
    List,
    /// An expression.
    #[serde(rename = "formula")]
    Formula,
    /// Words.
    #[serde(rename = "text")]
    Text,
}

/// One published figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its name: group, metric and configuration.
    pub id: String,
    /// The group it belongs to.
    pub group: String,
    /// What the group is about.
    pub title: String,
    /// The number of the document.
    pub document: String,
    /// The heading it stands under.
    pub section: String,
    /// Its line in the document, from 1.
    pub line: u32,
    /// What it is.
    pub kind: Kind,
    /// `test-configuration`, `test-assumption`, `test-plan` or `effort-estimate`.
    pub role: Option<String>,
    /// What it is a figure of.
    pub metric: String,
    /// How it is stated.
    pub op: Op,
    /// Its value, where it is one: a number, words or a list.
    pub value: Option<Value>,
    /// The lower end of a range.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// Whether a range was written as an approximate one.
    pub approx: bool,
    /// Whether it was written as a change.
    pub delta: bool,
    /// Whether a list goes on.
    pub open_ended: bool,
    /// The window it counts in, of circuit breakers, in seconds.
    pub window_s: Option<f64>,
    /// What it was measured or set for.
    pub config: IndexMap<String, Value>,
}

impl Document {
    /// Its figures, in order.
    pub fn figures(self) -> Vec<Figure> {
        let document = self.document;
        self.groups
            .into_iter()
            .flat_map(|group| {
                let (document, name, title) = (document.clone(), group.group, group.title);
                let (config, section) = (group.config, group.section);
                group
                    .figures
                    .into_iter()
                    .map(move |spec| {
                        let mut all = config.clone();
                        all.extend(spec.config);
                        Figure {
                            id: spec.id,
                            group: name.clone(),
                            title: title.clone(),
                            document: document.clone(),
                            section: spec.section.or_else(|| section.clone()).unwrap_or_default(),
                            line: spec.line,
                            kind: spec.kind,
                            role: spec.role,
                            metric: spec.metric,
                            op: spec.op,
                            value: spec.value,
                            low: spec.low.and_then(|low| low.as_f64()),
                            high: spec.high.and_then(|high| high.as_f64()),
                            unit: spec.unit,
                            approx: spec.approx,
                            delta: spec.delta,
                            open_ended: spec.open_ended,
                            window_s: spec.window_s,
                            config: all,
                        }
                    })
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Figure {
    /// Its value as a number, where it is one; of a range neither end.
    pub fn number(&self) -> Option<f64> {
        self.value.as_ref().and_then(Value::as_f64)
    }

    /// As it is printed in tables: `47.5 req/s`, `2 to 3 s`, `< 15 s`.
    pub fn shown(&self) -> String {
        let text = |value: &Value| match value {
            Value::String(words) => words.clone(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                value.to_string()
            }
        };
        let value = self.value.as_ref().map_or_else(String::new, text);
        let ends = || format!("{} to {}", self.low.unwrap_or(f64::NAN), self.high.unwrap_or(f64::NAN));
        let stated = match self.op {
            Op::Equal | Op::List | Op::Formula | Op::Text => value,
            Op::Below => format!("< {value}"),
            Op::Above => format!("> {value}"),
            Op::About => format!("~{value}"),
            Op::AtLeast => format!("{value}+"),
            Op::Range => ends(),
            Op::RangeOrMore => format!("{}+", ends()),
        };
        format!("{stated} {}", self.unit)
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::MeasuredBaseline,
        Self::ComponentParameter,
        Self::PolicyParameter,
        Self::TargetSlo,
        Self::PriceCost,
        Self::GrowthForecast,
        Self::Claim,
    ];

    /// Its name, as files have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MeasuredBaseline => "measured-baseline",
            Self::ComponentParameter => "component-parameter",
            Self::PolicyParameter => "policy-parameter",
            Self::TargetSlo => "target-slo",
            Self::PriceCost => "price-cost",
            Self::GrowthForecast => "growth-forecast",
            Self::Claim => "claim",
        }
    }
}
