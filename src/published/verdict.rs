//! One verdict for each published figure, with its evidence.

use super::expression::{Condition, End, Expression, Operand, shown};
use super::figure::{Figure, Op};
use super::input;
use super::measured::{Measured, Value};
use super::rule::{Band, Evidence, Rule, rule_of};
use super::shelf::{Published, Shelf};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of a published figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// It should be reproducible and is not.
    #[serde(rename = "missed")]
    Missed,
    /// It contradicts arithmetic or another published figure.
    #[serde(rename = "refuted")]
    Refuted,
    /// The simulated value lies within the band.
    #[serde(rename = "reproduced")]
    Reproduced,
    /// It fixed a reading or the calibration.
    #[serde(rename = "fitted")]
    Fitted,
    /// A parameter that the model carries, and that matters.
    #[serde(rename = "input")]
    Input,
    /// A parameter that changes nothing.
    #[serde(rename = "inert")]
    Inert,
    /// A target that is met.
    #[serde(rename = "met")]
    Met,
    /// A target that is not met.
    #[serde(rename = "not met")]
    NotMet,
    /// A claim that holds.
    #[serde(rename = "holds")]
    Holds,
    /// A claim that fails.
    #[serde(rename = "fails")]
    Fails,
    /// Beyond a simulator of this kind.
    #[serde(rename = "not testable")]
    NotTestable,
}

impl Verdict {
    /// Every verdict, in the order of display.
    pub const ALL: [Self; 11] = [
        Self::Missed,
        Self::Refuted,
        Self::Reproduced,
        Self::Fitted,
        Self::Input,
        Self::Inert,
        Self::Met,
        Self::NotMet,
        Self::Holds,
        Self::Fails,
        Self::NotTestable,
    ];

    /// In the words of every file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Refuted => "refuted",
            Self::Reproduced => "reproduced",
            Self::Fitted => "fitted",
            Self::Input => "input",
            Self::Inert => "inert",
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::NotTestable => "not testable",
        }
    }
}

/// An entry and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The entry.
    pub id: String,
    /// Its group.
    pub group: String,
    /// The document and the line in it.
    pub document: String,
    /// The line.
    pub line: u32,
    /// What it is.
    pub kind: String,
    /// As it is printed, with its unit.
    pub published: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What the simulator or the computation finds, in the entry's unit.
    pub found: Option<f64>,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// How far it may be away from the published value.
    pub band: String,
    /// The evidence: where the value is from, the inequality with its numbers, or the keys that carry it.
    pub evidence: String,
    /// The finding of the audit.
    pub finding: String,
    /// The explanation.
    pub why: String,
    /// Whether it is told why it is missed, if it is.
    pub explained: bool,
}

/// Everything that entries are judged with.
pub struct Court<'a> {
    /// The files.
    pub shelf: &'a Shelf,
    /// The figures and rules.
    pub published: &'a Published,
    /// What was simulated.
    pub measured: &'a BTreeMap<String, Measured>,
}

impl std::fmt::Debug for Court<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Court").finish_non_exhaustive()
    }
}

/// What was found of one entry.
struct Found {
    verdict: Verdict,
    value: Option<Value>,
    band: String,
    evidence: String,
    /// What went wrong, or what the rule does not say.
    remark: String,
}

impl Found {
    fn new(verdict: Verdict) -> Self {
        Self { verdict, value: None, band: String::new(), evidence: String::new(), remark: String::new() }
    }

    fn missed(remark: impl Into<String>) -> Self {
        Self { remark: remark.into(), ..Self::new(Verdict::Missed) }
    }
}

impl Court<'_> {
    /// Judges the entries that `wanted` names, in their order, on the rayon pool it is called in.
    pub fn judge(&self, wanted: impl Fn(&Figure) -> bool + Sync) -> Vec<Row> {
        let entries: Vec<&Figure> = self.published.figures.iter().filter(|figure| wanted(figure)).collect();
        entries.into_par_iter().map(|figure| self.row(figure)).collect()
    }

    fn row(&self, figure: &Figure) -> Row {
        let rule = rule_of(&self.published.rules, &figure.id);
        let found = rule.map_or_else(
            || Found::missed("no evidence has been gathered for it yet"),
            |rule| self.found(figure, rule).unwrap_or_else(Found::missed),
        );
        let told =
            rule.and_then(|rule| rule.why.as_deref()).map(|why| filled(why, figure)).unwrap_or_default();
        let explained = found.verdict != Verdict::Missed || !told.is_empty();
        let why =
            [told, found.remark].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        Row {
            id: figure.id.clone(),
            group: figure.group.clone(),
            document: figure.document.clone(),
            line: figure.line,
            kind: figure.kind.as_str().to_owned(),
            published: figure.shown(),
            verdict: found.verdict,
            found: found.value.map(|value| value.mean),
            low: found.value.map(|value| value.interval.0),
            high: found.value.map(|value| value.interval.1),
            band: found.band,
            evidence: found.evidence,
            finding: rule.and_then(|rule| rule.finding.clone()).unwrap_or_default(),
            why,
            explained,
        }
    }

    fn found(&self, figure: &Figure, rule: &Rule) -> Result<Found, String> {
        match &rule.by {
            Evidence::Finds { value, within } => self.within(figure, value, *within, Verdict::Reproduced),
            Evidence::Fitted { value, within } => self.within(figure, value, *within, Verdict::Fitted),
            Evidence::Refuted { needs, finds } => {
                self.decided(figure, needs, finds.as_deref(), [Verdict::Missed, Verdict::Refuted])
            }
            Evidence::Asks { that, finds } => {
                self.decided(figure, that, finds.as_deref(), [Verdict::Met, Verdict::NotMet])
            }
            Evidence::Claims { that, finds } => {
                self.decided(figure, that, finds.as_deref(), [Verdict::Holds, Verdict::Fails])
            }
            Evidence::Input(spec) => self.carried(figure, spec),
            Evidence::Inert { carried } => {
                let evidence = carried.clone().unwrap_or_default();
                Ok(Found { evidence, ..Found::new(Verdict::Inert) })
            }
            Evidence::NotTestable {} => Ok(Found::new(Verdict::NotTestable)),
            Evidence::Missed {} => Ok(Found::new(Verdict::Missed)),
        }
    }

    /// A value against the published one.
    fn within(&self, figure: &Figure, text: &str, band: Band, good: Verdict) -> Result<Found, String> {
        let text = filled(text, figure);
        let expression = Expression::parse(&text).map_err(|why| format!("{text}: {why}"))?;
        let value = self.value(figure, &expression)?;
        let (low, high) = ends(figure).ok_or("a figure in words has no band")?;
        let (low, high) = match band {
            Band::Relative(share) => (low - share * libm::fabs(low), high + share * libm::fabs(high)),
            Band::Absolute(reach) => (low - reach, high + reach),
            Band::OneRun => (low - (value.spread.1 - value.mean), high + (value.mean - value.spread.0)),
        };
        let shown_band = match band {
            Band::Relative(share) => format!("{} %", shown(share * 100.0)),
            Band::Absolute(reach) => format!("± {} {}", shown(reach), figure.unit),
            Band::OneRun => {
                format!("one run: {} to {}", shown(value.spread.0), shown(value.spread.1))
            }
        };
        // Rounding of the last printed bit is no miss.
        let slack = 1e-9 * libm::fabs(value.mean);
        let inside = low - slack <= value.mean && value.mean <= high + slack;
        let mut found = Found::new(if inside { good } else { Verdict::Missed });
        found.value = Some(value);
        found.band = shown_band;
        found.evidence = self.told(figure, &text, &expression);
        if !inside {
            found.remark = off(figure, value.mean);
        }
        Ok(found)
    }

    /// A condition that decides between two verdicts; `verdicts` are for true and false.
    fn decided(
        &self,
        figure: &Figure,
        text: &str,
        finds: Option<&str>,
        verdicts: [Verdict; 2],
    ) -> Result<Found, String> {
        let text = filled(text, figure);
        let condition = Condition::parse(&text).map_err(|why| format!("{text}: {why}"))?;
        let lookup = |operand: &Operand| self.number(figure, operand);
        let holds = condition.holds(&lookup)?;
        let mut found = Found::new(verdicts[usize::from(!holds)]);
        let names = if condition.operands().is_empty() { String::new() } else { format!("{text} is ") };
        found.evidence = format!("{names}{}", condition.with_numbers(&lookup));
        if let Some(finds) = finds {
            let finds = filled(finds, figure);
            let expression = Expression::parse(&finds).map_err(|why| format!("{finds}: {why}"))?;
            found.value = Some(self.value(figure, &expression)?);
        }
        if found.verdict == Verdict::Missed {
            "the inequality that should refute it holds".clone_into(&mut found.remark);
        }
        Ok(found)
    }

    fn carried(&self, figure: &Figure, spec: &super::rule::InputSpec) -> Result<Found, String> {
        let mut spec = spec.clone();
        for text in spec.at.0.iter_mut().chain(&mut spec.under) {
            *text = filled(text, figure);
        }
        spec.experiment = filled(&spec.experiment, figure);
        let values = input::carried(self.shelf, figure, &spec)?;
        let moved = input::perturb(self.shelf, &spec, &values)?;
        let keys: Vec<String> = values
            .iter()
            .zip(moved)
            .map(|((at, value), other)| format!("{at} = {value} (at {other} the digest moves)"))
            .collect();
        let under =
            if spec.under.is_empty() { String::new() } else { format!(", under {}", spec.under.join(" ")) };
        let evidence = format!("{}: {}{under}", spec.experiment, keys.join(", "));
        Ok(Found { evidence, ..Found::new(Verdict::Input) })
    }

    /// The number that a name stands for.
    pub fn number(&self, figure: &Figure, operand: &Operand) -> Option<f64> {
        self.known(figure, operand).map(|value| value.mean)
    }

    /// The number that a name stands for where no entry is judged.
    pub fn free(&self, operand: &Operand) -> Option<f64> {
        match operand {
            Operand::Published(_) => None,
            Operand::Entry(..) | Operand::Metric(..) => {
                self.published.figures.first().and_then(|any| self.number(any, operand))
            }
        }
    }

    fn known(&self, figure: &Figure, operand: &Operand) -> Option<Value> {
        let of = |figure: &Figure, end: Option<End>| {
            let number = match end {
                None => figure.number(),
                Some(End::Low) => figure.low,
                Some(End::High) => figure.high,
            };
            number.map(Value::exact)
        };
        match operand {
            Operand::Published(end) => of(figure, *end),
            Operand::Entry(id, end) => {
                let entry = self.published.figures.iter().find(|entry| entry.id == *id)?;
                of(entry, *end)
            }
            Operand::Metric(cell, metric) => self.measured.get(cell)?.value(metric),
        }
    }

    /// The value of an expression, its interval by moving each metric to the ends of its own, all apart.
    fn value(&self, figure: &Figure, expression: &Expression) -> Result<Value, String> {
        if let Expression::Operand(operand) = expression {
            return self.known(figure, operand).ok_or_else(|| format!("{operand} has no number"));
        }
        let lookup = |operand: &Operand| self.number(figure, operand);
        let mean = expression.value(&lookup)?;
        let (mut interval, mut spread) = (0.0, 0.0);
        for moved in expression.operands() {
            let Some(own) = self.known(figure, &moved) else { continue };
            let half = |(low, high): (f64, f64)| -> Result<f64, String> {
                let at = |end: f64| {
                    expression.value(&|operand: &Operand| {
                        if *operand == moved { Some(end) } else { self.number(figure, operand) }
                    })
                };
                Ok((at(high)? - at(low)?) / 2.0)
            };
            let (narrow, wide) = (half(own.interval)?, half(own.spread)?);
            interval += narrow * narrow;
            spread += wide * wide;
        }
        let (interval, spread) = (libm::sqrt(interval), libm::sqrt(spread));
        Ok(Value {
            mean,
            interval: (mean - interval, mean + interval),
            spread: (mean - spread, mean + spread),
        })
    }

    fn told(&self, figure: &Figure, text: &str, expression: &Expression) -> String {
        match expression {
            Expression::Operand(_) | Expression::Constant(_) => text.to_owned(),
            Expression::Joined(..) | Expression::Applied(..) => {
                let numbers = expression.with_numbers(&|operand: &Operand| self.number(figure, operand));
                if expression.operands().is_empty() { numbers } else { format!("{text} is {numbers}") }
            }
        }
    }
}

/// The ends that a published figure allows; a limit allows all on its side.
fn ends(figure: &Figure) -> Option<(f64, f64)> {
    Some(match figure.op {
        Op::Equal | Op::About => (figure.number()?, figure.number()?),
        Op::Below => (-f64::MAX, figure.number()?),
        Op::Above | Op::AtLeast => (figure.number()?, f64::MAX),
        Op::Range => (figure.low?, figure.high?),
        Op::RangeOrMore => (figure.low?, f64::MAX),
        Op::List | Op::Formula | Op::Text => return None,
    })
}

/// How far a value is off, in words.
fn off(figure: &Figure, value: f64) -> String {
    let Some((low, high)) = ends(figure) else { return String::new() };
    let end = if value < low { low } else { high };
    let share = if end == 0.0 { String::new() } else { format!(", {:+.1} %", 100.0 * (value - end) / end) };
    format!("{} {} is found{share}", shown(value), figure.unit)
}

/// `text` with `$key` replaced by the entry's configuration; longer keys first, so that none cuts another.
pub fn filled(text: &str, figure: &Figure) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let mut keys: Vec<&String> = figure.config.keys().collect();
    keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
    keys.into_iter().fold(text.to_owned(), |text, key| {
        let value = &figure.config[key];
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.replace(&format!("${key}"), &value)
    })
}
