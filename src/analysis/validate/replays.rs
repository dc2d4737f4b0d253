//! Exact replays of public traces: every figure of `reference_replays.json` against the experiment that asks for it.
//!
//! The references were computed without this program, from traces that are not part of it. Each replay is an experiment
//! of `experiments/replays` whose cells are the cases of the reference, in the same order.

use super::{Row, Verdict};
use crate::experiment::{Diagnostics, TraceStore, build, cell_tree, load_text};
use crate::sim::{Plan, Run, replicate};
use crate::tally::Samples;
use serde_json::Value;
use std::path::Path;
use tars_policy::units::Span;

/// The references are rounded to a microsecond, the simulation to a nanosecond.
pub const TOLERANCE: f64 = 1e-6;
/// The file of references in the folder of public traces.
const REFERENCES: &str = "reference_replays.json";

/// A replay: its experiment, where its reference stands, and what is compared.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    /// The name of its experiment in `experiments/replays`.
    pub name: &'static str,
    text: &'static str,
    reference: &'static [&'static str],
    figures: fn(&Value, &Run) -> Vec<Figure>,
}

/// A figure: its path in the reference, and what the simulation gives for it.
type Figure = (&'static str, f64);

/// Every replay there is a reference for.
pub const REPLAYS: [Replay; 7] = [
    Replay {
        name: "azure-code-servers",
        text: include_str!("../../../experiments/replays/azure-code-servers.json"),
        reference: &["azure_code", "fifo_c"],
        figures: servers,
    },
    Replay {
        name: "azure-conv-servers",
        text: include_str!("../../../experiments/replays/azure-conv-servers.json"),
        reference: &["azure_conv_first30min", "fifo_c"],
        figures: servers,
    },
    Replay {
        name: "azure-code-tokens-per-minute",
        text: include_str!("../../../experiments/replays/azure-code-tokens-per-minute.json"),
        reference: &["azure_code", "token_bucket_tpm"],
        figures: limit,
    },
    Replay {
        name: "azure-conv-tokens-per-minute",
        text: include_str!("../../../experiments/replays/azure-conv-tokens-per-minute.json"),
        reference: &["azure_conv_first30min", "token_bucket_tpm"],
        figures: limit,
    },
    Replay {
        name: "azure-code-requests-per-minute",
        text: include_str!("../../../experiments/replays/azure-code-requests-per-minute.json"),
        reference: &["azure_code", "token_bucket_rpm"],
        figures: limit,
    },
    Replay {
        name: "azure-conv-requests-per-minute",
        text: include_str!("../../../experiments/replays/azure-conv-requests-per-minute.json"),
        reference: &["azure_conv_first30min", "token_bucket_rpm"],
        figures: limit,
    },
    Replay {
        name: "agents-shared-slots",
        text: include_str!("../../../experiments/replays/agents-shared-slots.json"),
        reference: &["agents_shared_slots"],
        figures: slots,
    },
];

/// The references in the folder `data`.
///
/// # Errors
/// In words, naming the file, where it cannot be read.
pub fn references(data: &Path) -> Result<Value, String> {
    let file = data.join(REFERENCES);
    let hint = "hint: name the folder of public traces, which holds this file";
    let text = std::fs::read_to_string(&file)
        .map_err(|error| format!("cannot read {}: {error}\n  {hint}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is not readable: {error}", file.display()))
}

impl Replay {
    /// Runs each cell with the traces of `data` and compares every figure of the reference that stands at its place.
    ///
    /// # Errors
    /// In words, where the experiment cannot be built, the reference is not of its shape, or a figure of the reference
    /// is not compared.
    pub fn rows(&self, references: &Value, data: &Path) -> Result<Vec<Row>, String> {
        let at = self.reference.iter().try_fold(references, |value, key| value.get(key));
        let cases = at.and_then(Value::as_array);
        let cases =
            cases.ok_or_else(|| format!("{REFERENCES} has no list at {}", self.reference.join("/")))?;
        let plans = self.plans(data)?;
        if plans.len() != cases.len() {
            return Err(format!("`{}` has {} cells for {} references", self.name, plans.len(), cases.len()));
        }
        let mut rows = Vec::new();
        for (case, plan) in cases.iter().zip(&plans) {
            rows.extend(self.compare(case, &replicate(plan, 0, Span::ZERO))?);
        }
        Ok(rows)
    }

    fn plans(&self, data: &Path) -> Result<Vec<Plan>, String> {
        let mut diagnostics = Diagnostics::new();
        let name = format!("experiments/replays/{}.json", self.name);
        let loaded =
            load_text(&name, self.text, &[], &mut diagnostics).ok_or_else(|| diagnostics.to_string())?;
        let mut traces = TraceStore::new(Path::new(&name), Some(data.to_owned()));
        loaded
            .cells
            .iter()
            .map(|cell| {
                let built = build(&cell_tree(&loaded, cell), &mut traces, &mut diagnostics);
                built.map(|experiment| Plan::new(experiment.model)).ok_or_else(|| diagnostics.to_string())
            })
            .collect()
    }

    fn compare(&self, case: &Value, run: &Run) -> Result<Vec<Row>, String> {
        let figures = (self.figures)(case, run);
        let compared = leaves(case) - inputs(case);
        if figures.len() != compared {
            return Err(format!("`{}` compares {} figures of {compared}", self.name, figures.len()));
        }
        figures
            .into_iter()
            .map(|(path, simulated)| {
                let expected = number(case, path)
                    .ok_or_else(|| format!("the reference of `{}` has no number at {path}", self.name))?;
                let holds = libm::fabs(simulated - expected) <= TOLERANCE;
                let verdict = if holds { Verdict::Holds } else { Verdict::Off };
                let name = format!("replay: {}, {}", self.name, swept(case));
                Ok(Row::exact(name, path, expected, simulated, verdict))
            })
            .collect()
    }
}

const WAITS: [&str; 6] =
    ["wait_s/mean", "wait_s/p50", "wait_s/p95", "wait_s/p99", "wait_s/max", "wait_s/fraction_waiting"];
const DELAYS: [&str; 6] =
    ["delay_s/mean", "delay_s/p50", "delay_s/p95", "delay_s/p99", "delay_s/max", "delay_s/fraction_waiting"];

/// First come, first served: the run stops with the last answer.
fn servers(case: &Value, run: &Run) -> Vec<Figure> {
    let served = seconds(run.latency.sum().saturating_sub(run.stations[0].wait.sum()));
    let makespan = seconds(u128::from(run.stopped));
    let last_arrival = seconds(u128::from(run.end.saturating_sub(1)));
    let mut figures = waits(WAITS, run);
    figures.push(("makespan_s", makespan));
    figures
        .push(("utilisation_over_makespan", served / makespan / number(case, "servers").unwrap_or(f64::NAN)));
    // The reference gives the offered load with four digits.
    figures.push(("offered_erlangs", libm::round(served / last_arrival * 1e4) / 1e4));
    figures
}

/// A limit without service: the run stops with the last start.
fn limit(_: &Value, run: &Run) -> Vec<Figure> {
    let mut figures = waits(DELAYS, run);
    // Where the last request does not wait, the run goes on to its end, a nanosecond later.
    figures.push(("last_start_s", seconds(u128::from(run.stopped))));
    figures
}

/// Sessions that start together: the longest lasts as long as all.
fn slots(case: &Value, run: &Run) -> Vec<Figure> {
    let mut figures = waits(WAITS, run);
    let all_there = case["sessions"].as_u64() == Some(run.latency.len())
        && case["llm_calls"].as_u64() == Some(run.stations[0].wait.len());
    let of_sessions = |level| if all_there { quantile(&run.latency, level) } else { f64::NAN };
    figures.push(("makespan_s", of_sessions(1.0)));
    figures.push(("session_duration_s/mean", run.latency.mean().unwrap_or(f64::NAN) / 1e9));
    figures.push(("session_duration_s/p50", of_sessions(0.5)));
    figures.push(("session_duration_s/p95", of_sessions(0.95)));
    figures
}

/// Mean, three quantiles, greatest and share above zero of the waits at the only station. Not numbers, which agree with
/// nothing, unless every request was answered and its wait is kept exactly.
fn waits(names: [&'static str; 6], run: &Run) -> Vec<Figure> {
    let wait = &run.stations[0].wait;
    let sound = (run.good, run.unfinished) == (run.issued, 0) && wait.is_exact() && !wait.is_empty();
    let waiting = 1.0 - wait.count_at_most(0) as f64 / wait.len() as f64;
    let mean = wait.mean().unwrap_or(f64::NAN) / 1e9;
    let values =
        [mean, quantile(wait, 0.5), quantile(wait, 0.95), quantile(wait, 0.99), quantile(wait, 1.0), waiting];
    names.into_iter().zip(values.map(|value| if sound { value } else { f64::NAN })).collect()
}

/// A quantile of type 7 in seconds.
fn quantile(samples: &Samples, level: f64) -> f64 {
    samples.quantile(level).map_or(f64::NAN, |value| value / 1e9)
}

fn seconds(nanos: u128) -> f64 {
    nanos as f64 / 1e9
}

fn number(case: &Value, path: &str) -> Option<f64> {
    path.split('/').try_fold(case, |value, key| value.get(key))?.as_f64()
}

/// What tells this case from the others.
fn swept(case: &Value) -> String {
    let keys = ["servers", "limit_per_minute", "slots"];
    let key = keys.into_iter().find(|key| !case[key].is_null()).unwrap_or("servers");
    format!("{} {}", case[key], key.replace('_', " "))
}

/// The numbers and texts that a case holds.
fn leaves(case: &Value) -> usize {
    match case {
        Value::Object(members) => members.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// Those that say what is replayed, not what comes of it.
fn inputs(case: &Value) -> usize {
    let keys = ["servers", "limit_per_minute", "slots", "group", "sessions", "llm_calls"];
    keys.into_iter().filter(|key| !case[key].is_null()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_references_is_named() {
        let error = references(Path::new("no-such-folder")).expect_err("there is none");
        assert!(error.contains("no-such-folder") && error.contains(REFERENCES), "{error}");
    }

    #[test]
    fn a_reference_of_another_shape_is_refused() {
        let error = REPLAYS[0].rows(&serde_json::json!({"azure_code": {}}), Path::new("."));
        assert!(error.is_err_and(|why| why.contains("azure_code/fifo_c")));
    }

    #[test]
    fn every_figure_counts_once() {
        let case = serde_json::json!({"servers": 5, "wait_s": {"mean": 1.0, "p50": 2.0}, "makespan_s": 3.0});
        assert_eq!((leaves(&case), inputs(&case)), (4, 1));
        assert_eq!((swept(&case), number(&case, "wait_s/p50")), ("5 servers".to_owned(), Some(2.0)));
    }
}
