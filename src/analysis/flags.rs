//! What the reader must know before trusting the numbers of a configuration.

mod failures;

use super::limits::{Demand, RateLimit, demands, rate_limits};
use super::metrics::{CameBack, came_back, heap_growth};
use crate::model::Model;
use crate::result::{Cell, Flag, Severity};
use crate::sim::Run;
use tars_policy::autoscale::AutoscaleSpec;
use tars_policy::degrade::Level;

/// The share of unfinished tasks, and of services beyond the calibration, from which on they are told.
const SHARE_TOLD: f64 = 0.01;

/// How many limits are told beside the one that binds first.
const DEMANDS_TOLD: usize = 4;

/// Everything there is to say of a configuration.
pub(super) fn of_cell(model: &Model, runs: &[Run], cell: &Cell) -> Vec<Flag> {
    let mut flags = Vec::new();
    unfinished(runs, &mut flags);
    growing(model, runs, &mut flags);
    extrapolated(model, runs, &mut flags);
    let binding = binding(model, runs);
    limits(model, runs, binding.as_ref().and_then(|(first, _)| first.rate.as_ref()), &mut flags);
    flags.extend(binding.map(|(_, flag)| flag));
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

/// How long a full bucket lasts at the load seen, and what it carries after; but for the one that binds first, which is
/// `told` elsewhere.
fn limits(model: &Model, runs: &[Run], told: Option<&RateLimit>, flags: &mut Vec<Flag>) {
    for limit in rate_limits(model, runs).into_iter().filter(|limit| Some(limit) != told) {
        let (station, unit) = (&model.stations[limit.station].name, limit.unit);
        let (asked, sustained) = (limit.asked, limit.sustained);
        let text = match limit.seconds_to_exhaustion {
            Some(seconds) => format!(
                "the limit of `{station}` sustains {sustained:.2} {unit}/s; at the {asked:.1}/s asked for, a full bucket lasts {seconds:.0} s"
            ),
            None => format!(
                "the limit of `{station}` sustains {sustained:.2} {unit}/s, more than the {asked:.1}/s asked for"
            ),
        };
        flags.push(if asked > sustained { warning("limit-binds", text) } else { info("limit-holds", text) });
    }
}

/// Which limit binds first, how long it is hidden by a full bucket, and how far the next ones are.
fn binding(model: &Model, runs: &[Run]) -> Option<(Demand, Flag)> {
    let mut demands = demands(model, runs);
    demands.sort_by(|a, b| b.load.total_cmp(&a.load));
    let first = demands.first().filter(|first| first.binds)?;
    let told = |demand: &Demand| {
        let of = |value: f64| format!("{value:.*}", usize::from(value < 10.0 && value.fract() != 0.0));
        format!("{} ({} of {} {})", demand.name, of(demand.asked), of(demand.limit), demand.unit)
    };
    let lasts = first.rate.as_ref().and_then(|rate| rate.seconds_to_exhaustion);
    let lasts =
        lasts.map_or_else(String::new, |seconds| format!("; a full bucket hides that for {seconds:.0} s"));
    let next: Vec<String> = demands[1..]
        .iter()
        .take(DEMANDS_TOLD)
        .map(|demand| format!("{} at {:.0} %", told(demand), demand.load * 100.0))
        .collect();
    let rest = if next.is_empty() { String::new() } else { format!("; then {}", next.join(", ")) };
    let flag = warning(
        "binds-first",
        format!(
            "the limit that binds first is that of {}, of which {:.1} times as much is asked{lasts}{rest}",
            told(first),
            first.load
        ),
    );
    Some((first.clone(), flag))
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
            let because = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
            flags.push(info(
                "never-acts",
                format!(
                    "the autoscaler of `{}` looked {looks} times and never added an agent{because}",
                    pool.name
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
