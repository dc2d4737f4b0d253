//! What the reader must know before trusting the numbers of a configuration.

mod failures;

use super::metrics::{CameBack, came_back, heap_growth};
use crate::model::Model;
use crate::result::{Cell, Flag, Severity};
use crate::sim::Run;
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::degrade::Level;
use tars_policy::limiter::Counted;

/// The share of unfinished tasks, and of services beyond the calibration, from which on they are told.
const SHARE_TOLD: f64 = 0.01;

/// Everything there is to say of a configuration.
pub(super) fn of_cell(model: &Model, runs: &[Run], cell: &Cell) -> Vec<Flag> {
    let mut flags = Vec::new();
    unfinished(runs, &mut flags);
    growing(model, runs, &mut flags);
    extrapolated(model, runs, &mut flags);
    limits(model, runs, &mut flags);
    scalers(model, runs, &mut flags);
    modes(model, runs, &mut flags);
    levels(runs, &mut flags);
    alerts(model, runs, &mut flags);
    recovery(model, runs, &mut flags);
    leaks(model, runs, &mut flags);
    failures::all(model, runs, &mut flags);
    if cell.warmup_rule.contains("refused") {
        flags.push(warning(
            "warm-up",
            format!("the warm-up did not settle within half the run: {}", cell.warmup_rule),
        ));
    }
    flags
}

fn warning(code: &str, text: String) -> Flag {
    Flag { code: code.to_owned(), text, severity: Severity::Warning }
}

fn info(code: &str, text: String) -> Flag {
    Flag { code: code.to_owned(), text, severity: Severity::Info }
}

fn unfinished(runs: &[Run], flags: &mut Vec<Flag>) {
    let issued: u64 = runs.iter().map(|run| run.issued).sum();
    let left: u64 = runs.iter().map(|run| run.unfinished).sum();
    let share = left as f64 / issued.max(1) as f64;
    if share > SHARE_TOLD {
        flags.push(warning(
            "unfinished",
            format!(
                "{:.1} % of the tasks had not ended when the run stopped: latencies are too small",
                share * 100.0
            ),
        ));
    }
}

/// A line that grows all the way: more comes in than goes out, so that every latency depends on the length of the run.
fn growing(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    if model.measure.terminating {
        return;
    }
    let windows = runs.iter().map(|run| run.windows.len()).min().unwrap_or(0);
    let quarter = windows / 4;
    if quarter == 0 {
        return;
    }
    let mean = |from: usize, to: usize| -> f64 {
        let area: u128 =
            runs.iter().flat_map(|run| &run.windows[from..to]).map(|window| window.queue_area).sum();
        let time: f64 = runs.iter().map(|run| run.end as f64 / windows as f64 * (to - from) as f64).sum();
        area as f64 / time
    };
    let quarters: Vec<f64> = (0..4).map(|index| mean(index * quarter, (index + 1) * quarter)).collect();
    let grows = quarters.windows(2).all(|pair| pair[1] > pair[0]);
    // A line at load one grows with the square root of time, by 1.2 between these quarters; in proportion, by 1.4.
    if grows && quarters[3] > 10.0 && quarters[3] > 1.25 * quarters[2] {
        flags.push(warning(
            "overload",
            format!(
                "the line grew all the way, to a mean of {:.0} in the last quarter of the run: more comes in than goes out, and latencies depend on how long the run is",
                quarters[3]
            ),
        ));
    }
}

fn extrapolated(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    for (index, station) in model.stations.iter().enumerate() {
        let Some(most) = station.slowdown.as_ref().and_then(|slow| slow.calibrated_to) else { continue };
        let started: u64 = runs.iter().map(|run| run.stations[index].started_ever).sum();
        let beyond: u64 = runs.iter().map(|run| run.stations[index].beyond_ever).sum();
        let share = beyond as f64 / started.max(1) as f64;
        if share > SHARE_TOLD {
            flags.push(warning(
                "extrapolated",
                format!(
                    "{:.0} % of the calls at `{}` started with more than {most} in flight a deployment, beyond the calibration",
                    share * 100.0,
                    station.name
                ),
            ));
        }
    }
}

/// How long a full bucket lasts at the load seen, and what it carries after.
fn limits(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    let providers = model.stations.iter().filter(|station| !station.offers.is_empty()).count();
    for (index, station) in model.stations.iter().enumerate() {
        let Some(mut limiter) = station.limiter.as_ref().and_then(|spec| spec.build().ok()) else { continue };
        limiter.set_initial_level(1.0);
        let calls: u64 = runs.iter().map(|run| run.stations[index].calls).sum();
        let time: f64 = runs.iter().map(super::metrics::seconds).sum();
        if calls == 0 {
            continue;
        }
        let good: u64 = runs.iter().map(|run| run.good).sum();
        let tokens = |f: fn(&Run) -> u64| runs.iter().map(f).sum::<u64>() as f64 / good.max(1) as f64;
        let per_call = |counts: Counted| match counts {
            Counted::Requests => 1.0,
            Counted::InputTokens => tokens(|run| run.input_tokens),
            Counted::OutputTokens => tokens(|run| run.output_tokens),
            Counted::TotalTokens => tokens(|run| run.input_tokens + run.output_tokens),
        };
        // What is refused or held up before it calls less often than it would: of the only provider at least one call a
        // task is asked for. Where several share the load nobody knows whose those calls would have been.
        let is_only_provider = !station.offers.is_empty() && providers == 1;
        let issued: u64 = runs.iter().map(|run| run.issued).sum();
        let rate = (if is_only_provider { calls.max(issued) } else { calls }) as f64 / time;
        for bucket in 0..limiter.len() {
            let counts = limiter.counts(bucket);
            let asked = rate * per_call(counts);
            let sustained = limiter.sustained_per_s(bucket);
            let what = match counts {
                Counted::Requests => "calls",
                Counted::InputTokens => "input tokens",
                Counted::OutputTokens => "output tokens",
                Counted::TotalTokens => "tokens",
            };
            let text = match limiter.seconds_to_exhaustion(bucket, asked) {
                Some(seconds) => format!(
                    "the limit of `{}` sustains {sustained:.2} {what}/s; at the {asked:.1}/s asked for, a full bucket lasts {seconds:.0} s",
                    station.name
                ),
                None => format!(
                    "the limit of `{}` sustains {sustained:.2} {what}/s, more than the {asked:.1}/s asked for",
                    station.name
                ),
            };
            flags.push(if asked > sustained {
                warning("limit-binds", text)
            } else {
                info("limit-holds", text)
            });
        }
    }
}

fn scalers(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    for (index, scaler) in model.autoscalers.iter().enumerate() {
        let acts = runs.iter().map(|run| run.scalers[index]);
        let (looks, ups, downs) = acts.fold((0, 0, 0), |(looks, ups, downs), acts| {
            (looks + acts.looks, ups + acts.ups, downs + acts.downs)
        });
        let pool = &model.pools[scaler.pool as usize];
        let agents: u32 = pool.agents.groups.iter().map(|group| group.count).sum();
        let max = scaler.rule.max();
        let above = match &scaler.rule {
            AutoscaleSpec::Threshold(rule) => Some(rule.scale_up_above),
            AutoscaleSpec::NeededAgents(_) | AutoscaleSpec::Predictive(_) | AutoscaleSpec::Hpa(_) => None,
        };
        if ups == 0 {
            let mut why = Vec::new();
            if agents >= max {
                why.push(format!("it starts with {agents} agents and may have {max}"));
            }
            if let (Some(above), Some(depth)) = (above, pool.queue.max_depth) {
                let longest =
                    runs.iter().map(|run| run.pools[scaler.pool as usize].queue_max).max().unwrap_or(0);
                why.push(format!(
                    "the queue would have to pass {:.0} of {depth}, and its longest was {longest}",
                    above * f64::from(depth)
                ));
            }
            flags.push(info(
                "never-acts",
                format!(
                    "the autoscaler of `{}` looked {looks} times and never added an agent: {}",
                    pool.name,
                    why.join("; ")
                ),
            ));
        }
        if ups + downs > 0 {
            flags.push(info(
                "autoscaled",
                format!("the autoscaler of `{}` added agents {ups} times and took some away {downs} times in {} runs", pool.name, runs.len()),
            ));
        }
    }
}

/// Each alert that fired: in how many replications, when first, for how long.
fn alerts(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    for (index, alert) in model.alerts.iter().enumerate() {
        let acts: Vec<_> = runs.iter().filter_map(|run| run.alerts.get(index)).collect();
        let fired: Vec<_> = acts.iter().filter(|acts| acts.fired > 0).collect();
        let watched = alert.rule.metric.as_str();
        if fired.is_empty() {
            flags.push(info("alert", format!("the alert `{}` on {watched} never fired", alert.name)));
            continue;
        }
        let firsts: Vec<f64> = fired.iter().map(|acts| acts.first_at as f64 / 1e9).collect();
        let mean = firsts.iter().sum::<f64>() / firsts.len() as f64;
        let firing: f64 = acts.iter().map(|acts| acts.firing as f64).sum();
        let time: f64 = runs.iter().map(|run| run.stopped as f64).sum();
        let actions: Vec<&str> = alert.rule.actions.iter().map(|action| action.as_str()).collect();
        let done = match (alert.acts, actions.is_empty()) {
            (_, true) => String::new(),
            (true, false) => format!("; it does: {}", actions.join(", ")),
            (false, false) => format!("; it would call for: {}", actions.join(", ")),
        };
        flags.push(info(
            "alert",
            format!(
                "the alert `{}` on {watched} fired in {} of {} replications, first after {mean:.0} s on average, and {:.0} % of the time{done}",
                alert.name,
                fired.len(),
                acts.len(),
                100.0 * firing / time
            ),
        ));
    }
}

/// Nodes whose collections of the whole heap leave more and more: what document 002 calls a potential leak.
fn leaks(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    for (index, group) in model.nodes.iter().enumerate() {
        let growth: Vec<f64> = runs.iter().filter_map(|run| heap_growth(run, index)).collect();
        let mean = growth.iter().sum::<f64>() / growth.len().max(1) as f64;
        if mean > group.leak_above {
            flags.push(warning(
                "potential-leak",
                format!(
                    "what collections leave in the heap of a node of `{}` grew by {mean:.0} MB over the measured window, more than {:.0} MB: a leak, or a window in which load rises",
                    group.name, group.leak_above
                ),
            ));
        }
    }
}

/// Whether and when it came back after its trigger.
fn recovery(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    let Some(asked) = model.measure.recovery else { return };
    let seen: Vec<CameBack> = runs.iter().filter_map(|run| came_back(model, run)).collect();
    if seen.is_empty() {
        return;
    }
    let times = seen.iter().filter_map(|back| match back {
        CameBack::After(seconds) => Some(*seconds),
        CameBack::NotWithin(_) => None,
    });
    let (count, longest) =
        times.fold((0, 0.0), |(count, longest): (usize, f64), time| (count + 1, longest.max(time)));
    let trigger = format!("after the trigger, over at {}, ", asked.from);
    let share = asked.goodput_share * 100.0;
    if count == seen.len() {
        let text = format!(
            "{trigger}goodput was back at {share:.0} % of what is offered within {longest:.0} s in all {count} replications"
        );
        return flags.push(info("recovered", text));
    }
    flags.push(warning(
        "not-recovered",
        format!(
            "{trigger}goodput was not back at {share:.0} % of what is offered when the run ended in {} of {} replications",
            seen.len() - count,
            seen.len()
        ),
    ));
}

/// How long the service was at each level.
fn levels(runs: &[Run], flags: &mut Vec<Flag>) {
    let mut spent = [0_u128; 5];
    for acts in runs.iter().filter_map(|run| run.levels) {
        spent.iter_mut().zip(acts.spent).for_each(|(sum, part)| *sum += u128::from(part));
    }
    let all: u128 = spent.iter().sum();
    if all == 0 {
        return;
    }
    let told: Vec<_> = Level::ALL
        .into_iter()
        .zip(spent)
        .filter(|(_, part)| *part > 0)
        .map(|(level, part)| {
            format!("{} {:.0} %", level.as_str().replace('_', " "), part as f64 / all as f64 * 100.0)
        })
        .collect();
    flags.push(info(
        "levels",
        format!("by the health of components the service was {} of the time", told.join(", ")),
    ));
}

fn modes(model: &Model, runs: &[Run], flags: &mut Vec<Flag>) {
    if model.degrade.is_none() {
        return;
    }
    let mut spent = [0_u128; 3];
    let mut triggers = [0_u64; 5];
    for (modes, _, fired) in runs.iter().filter_map(|run| run.modes) {
        spent.iter_mut().zip(modes).for_each(|(sum, part)| *sum += u128::from(part));
        triggers.iter_mut().zip(fired).for_each(|(sum, part)| *sum += part);
    }
    let all: u128 = spent.iter().sum();
    let share = |part: u128| part as f64 / all.max(1) as f64 * 100.0;
    let fired: Vec<_> = ["queue", "memory", "success", "load", "recovery"]
        .into_iter()
        .zip(triggers)
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {count}×"))
        .collect();
    let fired = if fired.is_empty() {
        "it never changed".to_owned()
    } else {
        format!("changed by {}", fired.join(", "))
    };
    flags.push(info(
        "modes",
        format!(
            "degradation was optimal {:.0} % of the time, high load {:.0} %, critical {:.0} %; {fired}",
            share(spent[0]),
            share(spent[1]),
            share(spent[2])
        ),
    ));
}
