//! The cells of a sweep → the answer: which configuration carries which load within the objective, and what the next
//! smaller one lacks.

mod choice;
mod wording;

use super::cell::{slo_terms, trim};
use crate::experiment::schema::SloSpec;
use crate::model::metric::{Better as MetricBetter, Metric};
use crate::result::{
    Answer, Assumption, Axis, Better, Cell, CellStatus, FORMAT, Figure, Flag, MetricInfo, PublishedCurve,
    ResultFile, Sensitivity, Severity, SloTerm,
};
use wording::{carried_words, in_words, uncarried_words};

/// What a whole result is made from, besides its cells.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The experiment's name.
    pub name: String,
    /// Its question.
    pub question: String,
    /// Where it comes from.
    pub source: Vec<String>,
    /// The command that repeats it.
    pub command: String,
    /// Whether it was cut short.
    pub quick: bool,
    /// Identifies experiment, code and seed scheme.
    pub plan_id: String,
    /// Identifies the raw results.
    pub digest: String,
    /// The master seed.
    pub seed: u64,
    /// The confidence of every interval.
    pub confidence: f64,
    /// What was varied.
    pub axes: Vec<Axis>,
    /// What is asked of the system.
    pub slo: SloSpec,
    /// Figures used.
    pub assumptions: Vec<Assumption>,
    /// What is published along its axes.
    pub published: Vec<PublishedCurve>,
}

/// Puts a result together.
pub fn assemble(whole: Whole, cells: Vec<Cell>, sensitivity: Vec<Sensitivity>) -> ResultFile {
    let slo = slo_terms(&whole.slo);
    let answer = answer(&whole, &slo, &cells, &sensitivity);
    let mut flags = flags(&whole, &cells);
    flags.sort_by_key(|flag| std::cmp::Reverse(flag.severity));
    ResultFile {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name: whole.name,
        question: whole.question,
        source: whole.source,
        command: whole.command,
        quick: whole.quick,
        plan_id: whole.plan_id,
        digest: whole.digest,
        seed: whole.seed,
        confidence: whole.confidence,
        axes: whole.axes,
        metrics: metric_infos(&cells),
        slo,
        answer,
        cells,
        assumptions: whole.assumptions,
        flags,
        sensitivity,
        published: whole.published,
    }
}

fn metric_infos(cells: &[Cell]) -> Vec<MetricInfo> {
    Metric::ALL
        .into_iter()
        .filter(|metric| cells.iter().any(|cell| cell.metrics.contains_key(metric.name())))
        .map(|metric| MetricInfo {
            name: metric.name().to_owned(),
            label: metric.label().to_owned(),
            unit: metric.unit().to_owned(),
            meaning: metric.meaning().to_owned(),
            better: match metric.better() {
                MetricBetter::Lower => Better::Lower,
                MetricBetter::Higher => Better::Higher,
                MetricBetter::Neither => Better::Neither,
            },
            headline: metric.is_headline(),
        })
        .collect()
}

/// Whether an axis varies the load and not the system.
fn is_load(axis: &Axis) -> bool {
    axis.paths.iter().all(|path| path.starts_with("/workload"))
}

/// The setting of a cell in words: `offered load 50, pool 10`.
fn words(axes: &[Axis], cell: &Cell, which: impl Fn(&Axis) -> bool) -> String {
    let parts: Vec<_> = axes
        .iter()
        .zip(&cell.coordinates)
        .filter(|(axis, _)| which(axis))
        .map(|(axis, value)| setting(&axis.label, axis.values.get(*value).map_or("", String::as_str)))
        .collect();
    parts.join(", ")
}

/// A label and a value: `offered load 50/s`, `provider limit 600,000 req/h`.
fn setting(label: &str, value: &str) -> String {
    let value = grouped(value);
    match label.rsplit_once(", ") {
        Some((name, unit)) => match unit.strip_prefix("1/") {
            Some(per) => format!("{name} {value}/{per}"),
            None => format!("{name} {value} {unit}"),
        },
        None => format!("{label} {value}"),
    }
}

/// A whole number of five digits or more with its thousands apart.
fn grouped(text: &str) -> String {
    if text.len() < 5 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let mut out = String::new();
    for (place, digit) in text.chars().enumerate() {
        if place > 0 && (text.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn value(cell: &Cell, metric: Metric) -> Option<f64> {
    cell.metrics.get(metric.name()).and_then(|figure| figure.value)
}

fn answer(whole: &Whole, slo: &[SloTerm], cells: &[Cell], sensitivity: &[Sensitivity]) -> Answer {
    let done: Vec<&Cell> = cells.iter().filter(|cell| cell.status == CellStatus::Done).collect();
    let mut answer = match (slo.is_empty(), done.as_slice()) {
        (_, []) => Answer { headline: "No configuration could be computed.".to_owned(), ..Answer::default() },
        (true, [only]) => described(only),
        (true, _) => ranged(whole, &done),
        (false, [only]) => judged(slo, only),
        (false, _) => chosen(whole, slo, &done),
    };
    for row in sensitivity {
        answer.details.push(sensitivity_words(row));
    }
    let back = |flag: &&Flag| matches!(flag.code.as_str(), "recovered" | "not-recovered");
    let backs = done
        .iter()
        .filter_map(|cell| Some((words(&whole.axes, cell, |_| true), cell.flags.iter().find(back)?)));
    answer.details.extend(backs.take(DETAILS_MAX).map(in_words));
    let binds = |flag: &&Flag| flag.code == "binds-first";
    let bound = done
        .iter()
        .filter_map(|cell| Some((words(&whole.axes, cell, |_| true), cell.flags.iter().find(binds)?)));
    answer.details.extend(bound.take(DETAILS_MAX).map(in_words));
    if let Some(flag) = cells.iter().flat_map(|cell| &cell.flags).find(|flag| flag.code == "never-acts") {
        answer.details.push(format!("{}.", capital(&flag.text)));
    }
    answer
}

/// Cells that are told one by one.
const DETAILS_MAX: usize = 12;

/// One cell without an objective.
fn described(cell: &Cell) -> Answer {
    Answer {
        headline: format!("{}.", capital(&headline_numbers(cell))),
        details: Vec::new(),
        cell: Some(cell.index),
        smaller: None,
    }
}

/// One cell and its objective.
fn judged(slo: &[SloTerm], cell: &Cell) -> Answer {
    let headline = if cell.slo_missed.is_empty() {
        format!("It meets its objective: {}.", headline_numbers(cell))
    } else {
        format!("It misses its objective: {}.", missed_words(slo, cell))
    };
    Answer {
        headline,
        details: vec![format!("{}.", capital(&headline_numbers(cell)))],
        cell: Some(cell.index),
        smaller: None,
    }
}

/// Several cells without an objective.
fn ranged(whole: &Whole, cells: &[&Cell]) -> Answer {
    let by = |metric: Metric| cells.iter().filter_map(move |cell| Some((value(cell, metric)?, *cell)));
    let most = by(Metric::Good).max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((rate, cell)) = most else {
        return Answer {
            headline: "Nothing ended well in any configuration.".to_owned(),
            ..Answer::default()
        };
    };
    Answer {
        headline: format!(
            "The most goodput is {}/s, with {}.",
            three(rate),
            words(&whole.axes, cell, |_| true)
        ),
        details: vec![format!("There, {}.", headline_numbers(cell))],
        cell: Some(cell.index),
        smaller: None,
    }
}

/// Several cells and an objective: for each load the cheapest that meets it; the headline is about the highest load
/// that any configuration carries.
fn chosen(whole: &Whole, slo: &[SloTerm], cells: &[&Cell]) -> Answer {
    let load_of = |cell: &Cell| -> Vec<usize> {
        whole
            .axes
            .iter()
            .zip(&cell.coordinates)
            .filter(|(axis, _)| is_load(axis))
            .map(|(_, value)| *value)
            .collect()
    };
    let mut loads: Vec<Vec<usize>> = cells.iter().map(|cell| load_of(cell)).collect();
    loads.sort();
    loads.dedup();
    let mut best: Vec<(&Cell, Option<&Cell>)> = Vec::new();
    let mut details = Vec::new();
    let mut uncarried = Vec::new();
    for load in &loads {
        let here = cells.iter().copied().filter(|cell| load_of(cell) == *load);
        let met: Vec<&Cell> = here.clone().filter(|cell| cell.slo_missed.is_empty()).collect();
        let cheapest = choice::cheapest(&met);
        if let Some(cell) = cheapest {
            best.push((cell, choice::smaller(whole, cells, cell)));
        } else {
            uncarried.extend(choice::nearest(slo, here));
        }
    }
    details.extend(smallest(whole, slo, cells));
    for (cell, _) in &best {
        details.push(carried_words(whole, cell));
    }
    for cell in &uncarried {
        details.push(uncarried_words(whole, slo, cell));
    }
    let Some((cell, small)) = best.last() else {
        let nearest = choice::nearest(slo, uncarried.iter().copied());
        return Answer {
            headline: format!(
                "No: none of the {} configurations meets the objective{}.",
                cells.len(),
                nearest.map_or(String::new(), |cell| format!(
                    "; the nearest misses {}",
                    missed_words(slo, cell)
                ))
            ),
            details,
            cell: nearest.map(|cell| cell.index),
            smaller: None,
        };
    };
    let load = words(&whole.axes, cell, is_load);
    let system = words(&whole.axes, cell, |axis| !is_load(axis));
    let opening = smallest_misses(whole, cells).unwrap_or_default();
    let mut headline = match (load.is_empty(), system.is_empty()) {
        (false, false) => format!(
            "At {load}, the cheapest that meets the objective is {system}: {}.",
            headline_numbers(cell)
        ),
        (true, _) => {
            format!("The cheapest that meets the objective is {system}: {}.", headline_numbers(cell))
        }
        (false, true) => format!("The objective is met up to {load}: {}.", headline_numbers(cell)),
    };
    headline.insert_str(0, &opening);
    if let Some(small) = small {
        let system = words(&whole.axes, small, |axis| !is_load(axis));
        headline = format!("{headline} The next smaller, {system}, misses: {}.", missed_words(slo, small));
    }
    Answer { headline, details, cell: Some(cell.index), smaller: small.map(|small| small.index) }
}

/// Whether the smallest configuration, the first on every axis of the system, carries any load, in a short sentence.
fn smallest_misses(whole: &Whole, cells: &[&Cell]) -> Option<String> {
    let is_first = |cell: &&&Cell| {
        whole.axes.iter().zip(&cell.coordinates).all(|(axis, value)| is_load(axis) || *value == 0)
    };
    let first: Vec<&&Cell> = cells.iter().filter(is_first).collect();
    let low = first.first()?;
    let system = words(&whole.axes, low, |axis| !is_load(axis));
    let load = words(&whole.axes, low, is_load);
    if load.is_empty() || system.is_empty() || first.iter().any(|cell| cell.slo_missed.is_empty()) {
        return None;
    }
    let rate = three(value(low, Metric::Good)?);
    Some(format!("{} carries none of these loads (at {load}, goodput is {rate}/s). ", capital(&system)))
}

/// How the smallest configuration, the first on every axis of the system, fares from the lowest to the highest load.
fn smallest(whole: &Whole, slo: &[SloTerm], cells: &[&Cell]) -> Option<String> {
    let is_first = |cell: &Cell| {
        whole.axes.iter().zip(&cell.coordinates).all(|(axis, value)| is_load(axis) || *value == 0)
    };
    let loads = whole.axes.iter().any(is_load);
    let first: Vec<&Cell> = cells.iter().copied().filter(|cell| is_first(cell)).collect();
    let (low, high) = (first.first()?, first.last()?);
    let system = words(&whole.axes, low, |axis| !is_load(axis));
    if !loads || system.is_empty() {
        return None;
    }
    let says = |cell: &Cell| {
        let load = words(&whole.axes, cell, is_load);
        let verdict = if cell.slo_missed.is_empty() {
            "meets it".to_owned()
        } else {
            format!("misses: {}", missed_words(slo, cell))
        };
        format!("at {load}, goodput {}/s, it {verdict}", three(value(cell, Metric::Good).unwrap_or(0.0)))
    };
    let mut text = format!("The smallest, {system}: {}", says(low));
    if high.index != low.index {
        text = format!("{text}; {}", says(high));
    }
    text.push('.');
    Some(text)
}

/// What a cell does, in a few numbers.
fn headline_numbers(cell: &Cell) -> String {
    let mut parts = Vec::new();
    if let Some(rate) = value(cell, Metric::Good) {
        parts.push(format!("goodput {}/s", three(rate)));
    }
    if let Some(p99) = cell.metrics.get(Metric::LatencyP99.name()) {
        parts.push(format!("p99 {}", with_half(p99, "s", 1.0)));
    }
    if let Some(errors) = cell.metrics.get(Metric::ErrorShare.name())
        && errors.value.is_some_and(|share| share > 0.0)
    {
        parts.push(format!("errors {}", with_half(errors, "%", 100.0)));
    }
    if let Some(quality) = value(cell, Metric::Quality) {
        parts.push(format!("quality {quality:.3}"));
    }
    if let Some(cost) = value(cell, Metric::Cost) {
        parts.push(format!("${} per 1,000 tasks", three(cost)));
    }
    parts.join(", ")
}

/// A figure and half the width of its interval.
fn with_half(figure: &Figure, unit: &str, scale: f64) -> String {
    let Some(value) = figure.value else { return "unknown".to_owned() };
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => {
            format!("{} {unit} ± {}", three(value * scale), two((high - low) / 2.0 * scale))
        }
        (None, _) | (_, None) => format!("{} {unit} (no interval)", three(value * scale)),
    }
}

/// What a cell lacks.
fn missed_words(slo: &[SloTerm], cell: &Cell) -> String {
    let parts: Vec<_> = cell
        .slo_missed
        .iter()
        .filter_map(|index| slo.get(*index))
        .map(|term| {
            let scale = if term.metric.ends_with("share") || term.metric.starts_with("quality") {
                (100.0, "%")
            } else {
                (1.0, "")
            };
            match cell.metrics.get(&term.metric) {
                Some(figure) if figure.value.is_some() => {
                    let unit = match (term.metric.ends_with("_per_s"), term.metric.ends_with("_s")) {
                        (true, _) => "1/s",
                        (false, true) => "s",
                        (false, false) => scale.1,
                    };
                    format!("{}, and it is {}", term.text, with_half(figure, unit, scale.0))
                }
                Some(_) | None => format!("{}, and it is unknown", term.text),
            }
        })
        .collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
}

fn sensitivity_words(row: &Sensitivity) -> String {
    let parts: Vec<_> = row
        .rows
        .iter()
        .map(|entry| {
            let verdict = match (&entry.failed, entry.slo_met) {
                (Some(why), _) => format!("could not be computed ({why})"),
                (None, Some(true)) => "it still holds".to_owned(),
                (None, Some(false)) => "it no longer holds".to_owned(),
                (None, None) => "no objective".to_owned(),
            };
            let p99 = entry
                .metrics
                .get(Metric::LatencyP99.name())
                .map_or(String::new(), |figure| format!(", p99 {}", with_half(figure, "s", 1.0)));
            format!("at {}× {verdict}{p99}", trim(entry.factor))
        })
        .collect();
    let values: Vec<_> = row.rows.iter().map(|entry| entry.value.as_str()).collect();
    format!("Assumed, {} ({}), in cell {}: {}.", row.label, values.join(" → "), row.cell, parts.join("; "))
}

/// Three significant digits.
fn three(value: f64) -> String {
    digits(value, 3)
}

/// Two significant digits.
fn two(value: f64) -> String {
    digits(value, 2)
}

fn digits(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a float is small")]
    let exponent = libm::floor(libm::log10(libm::fabs(value))) as i32;
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    format!("{value:.decimals$}")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// What concerns the whole: the most frequent remarks of the cells, once each.
fn flags(whole: &Whole, cells: &[Cell]) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    if whole.quick {
        flags.push(Flag {
            code: "quick".to_owned(),
            text: "made with --quick: not for decisions".to_owned(),
            severity: Severity::Warning,
        });
    }
    let failed = cells.iter().filter(|cell| cell.status != CellStatus::Done).count();
    if failed > 0 {
        flags.push(Flag {
            code: "failed".to_owned(),
            text: format!("{failed} of {} configurations could not be computed", cells.len()),
            severity: Severity::Warning,
        });
    }
    let replications: Vec<u32> = cells.iter().map(|cell| cell.replications).collect();
    if replications.iter().any(|count| *count < 20) && !whole.quick {
        flags.push(Flag {
            code: "few-replications".to_owned(),
            text: "fewer than 20 replications: intervals may be too narrow".to_owned(),
            severity: Severity::Warning,
        });
    }
    flags
}

#[cfg(test)]
mod tests;
