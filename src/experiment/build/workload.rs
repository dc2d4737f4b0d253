//! Classes and clients.

use super::index;
use super::system::{check_law, check_law_option, spec_at};
use super::traces::TraceStore;
use crate::experiment::decode::Fields;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{Arrivals, ClassSpec, ClientSpec, LoadSpec, RateInterpolation, RatePoint, RetryOn, WorkloadSpec};
use crate::experiment::tree::Tree;
use crate::model::distribution::Law;
use crate::model::route::{Op, Program};
use crate::model::workload::{Class, Client, Closed, Load};
use tars_policy::units::Span;

/// Decodes each class and client by itself.
pub(super) fn decode(tree: &Tree, path: &Path, diagnostics: &mut Diagnostics) -> Option<WorkloadSpec> {
    let mut fields = Fields::of(tree, path, diagnostics)?;
    let classes = fields.required_tree("classes", diagnostics).and_then(|part| {
        crate::experiment::decode_map::<ClassSpec>(part, &path.key("classes"), diagnostics)
    });
    let clients = fields.required_tree("clients", diagnostics).and_then(|part| {
        crate::experiment::decode_map::<ClientSpec>(part, &path.key("clients"), diagnostics)
    });
    fields.finish(diagnostics);
    Some(WorkloadSpec { classes: classes?, clients: clients? })
}

/// The roles that classes name, each once, in order.
pub(super) fn roles(workload: &WorkloadSpec) -> Vec<String> {
    let mut roles: Vec<String> = Vec::new();
    for role in workload.classes.values().filter_map(|class| class.role.as_ref()) {
        if !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    roles
}

/// Builds classes and clients and checks them.
pub(super) fn build(
    tree: &Tree,
    workload: &WorkloadSpec,
    program: &Program,
    roles: &[String],
    traces: &mut TraceStore,
    diagnostics: &mut Diagnostics,
) -> (Vec<Class>, Vec<Client>) {
    let root = Path::root().key("workload");
    let names: Vec<String> = workload.classes.keys().cloned().collect();
    if names.is_empty() {
        diagnostics.senseless(tree, &root.key("classes"), "there is no class of tasks", "expected at least one");
    }
    if workload.clients.is_empty() {
        diagnostics.senseless(tree, &root.key("clients"), "there is no client, so nothing happens", "expected at least one");
    }
    let classes = workload
        .classes
        .iter()
        .map(|(name, spec)| class(tree, &root.key("classes").key(name), name, spec, program, roles, diagnostics))
        .collect();
    let clients = workload
        .clients
        .iter()
        .filter_map(|(name, spec)| client(tree, &root.key("clients").key(name), name, spec, &names, program, traces, diagnostics))
        .collect();
    (classes, clients)
}

fn class(
    tree: &Tree,
    path: &Path,
    name: &str,
    spec: &ClassSpec,
    program: &Program,
    roles: &[String],
    diagnostics: &mut Diagnostics,
) -> Class {
    let routes: Vec<String> = program.routes.iter().map(|(name, _)| name.clone()).collect();
    let route = match &spec.route {
        Some(route) => routes.iter().position(|known| known == route).unwrap_or_else(|| {
            diagnostics.unknown_name(tree, &path.key("route"), "route", route, &routes);
            0
        }),
        None => {
            if routes.len() != 1 {
                diagnostics.must_choose(tree, path, "route", &routes);
            }
            0
        }
    };
    check_law_option(tree, &path.key("input_tokens"), spec.input_tokens.as_ref(), diagnostics);
    check_law_option(tree, &path.key("output_tokens"), spec.output_tokens.as_ref(), diagnostics);
    check_law_option(tree, &path.key("complexity"), spec.complexity.as_ref(), diagnostics);
    Class {
        name: name.to_owned(),
        route: index(route),
        priority: spec.priority,
        role: spec.role.as_ref().and_then(|role| roles.iter().position(|known| known == role)).map(index),
        input_tokens: spec.input_tokens.clone(),
        output_tokens: spec.output_tokens.clone(),
        complexity: spec.complexity.clone(),
        deadline: spec.deadline,
    }
}

#[expect(clippy::too_many_arguments, reason = "what a client is checked against")]
fn client(
    tree: &Tree,
    path: &Path,
    name: &str,
    spec: &ClientSpec,
    classes: &[String],
    program: &Program,
    traces: &mut TraceStore,
    diagnostics: &mut Diagnostics,
) -> Option<Client> {
    let mix = mix(tree, path, spec, classes, diagnostics);
    if let Some(Err(error)) = spec.retry.as_ref().map(tars_policy::retry::RetrySpec::validate) {
        spec_at(tree, &path.key("retry"), &error, diagnostics);
    }
    let replays = program.ops.iter().any(|op| matches!(op, Op::Replay(_)));
    let at = path.key("load");
    let load = match &spec.load {
        LoadSpec::Closed(closed) => {
            let at = at.key("closed");
            check_law_option(tree, &at.key("think_time"), closed.think_time.as_ref(), diagnostics);
            if closed.users == 0 {
                diagnostics.out_of_range(tree, &at.key("users"), "the number of users", 0.0, "at least 1");
            }
            if closed.users > 8_000_000 {
                diagnostics.out_of_range(tree, &at.key("users"), "the number of users", f64::from(closed.users), "at most 8,000,000");
            }
            Load::Closed(Closed {
                users: closed.users,
                think: closed.think_time.clone(),
                start_thinking: closed.start_thinking,
                start_spread: closed.start_spread.unwrap_or_default(),
                tasks_per_user: closed.tasks_per_user,
            })
        }
        LoadSpec::Open(arrivals) => open(tree, &at.key("open"), arrivals, diagnostics)?,
        LoadSpec::Trace(trace) => Load::Trace(traces.trace(tree, &at.key("trace"), trace, diagnostics)?, trace.speed),
        LoadSpec::Sessions(sessions) => Load::Sessions(traces.sessions(tree, &at.key("sessions"), sessions, diagnostics)?),
    };
    if replays && !matches!(load, Load::Sessions(_)) {
        diagnostics.senseless(
            tree,
            &at,
            "a route replays recorded calls, and this client has none",
            "a `replay_calls` step goes with a `sessions` load",
        );
    }
    if spec.timeout.is_some_and(Span::is_zero) {
        diagnostics.senseless(tree, &path.key("timeout"), "the client gives up at once", "expected a positive span");
    }
    Some(Client {
        name: name.to_owned(),
        load,
        mix,
        timeout: spec.timeout,
        retry: spec.retry.clone(),
        retries_refused: spec.retry_on.contains(&RetryOn::Refused),
        retries_failed: spec.retry_on.contains(&RetryOn::Failed),
        retries_timed_out: spec.retry_on.contains(&RetryOn::TimedOut),
    })
}

/// Cumulative shares of classes.
fn mix(tree: &Tree, path: &Path, spec: &ClientSpec, classes: &[String], diagnostics: &mut Diagnostics) -> Vec<(f64, u16)> {
    if spec.mix.is_empty() {
        if classes.len() > 1 {
            diagnostics.must_choose(tree, path, "mix", classes);
        }
        return vec![(1.0, 0)];
    }
    let total: f64 = spec.mix.values().sum();
    let mut cumulative = 0.0;
    let mut shares = Vec::new();
    for (class, weight) in &spec.mix {
        let at = path.key("mix").key(class);
        if !(weight.is_finite() && *weight >= 0.0) {
            diagnostics.out_of_range(tree, &at, "a weight", *weight, "at least 0");
        }
        let Some(place) = classes.iter().position(|known| known == class) else {
            diagnostics.unknown_name(tree, &at, "class", class, classes);
            continue;
        };
        cumulative += weight / total;
        shares.push((cumulative, index(place)));
    }
    if !(total.is_finite() && total > 0.0) {
        diagnostics.out_of_range(tree, &path.key("mix"), "the sum of weights", total, "above 0");
    }
    if let Some(last) = shares.last_mut() {
        last.0 = 2.0;
    }
    shares
}

fn check_rate(tree: &Tree, path: &Path, rate: f64, diagnostics: &mut Diagnostics) -> bool {
    let right = rate.is_finite() && rate > 0.0 && rate <= 1e9;
    if !right {
        diagnostics.out_of_range(tree, path, "the rate", rate, "above 0 and at most a billion per second");
    }
    right
}

fn open(tree: &Tree, path: &Path, arrivals: &Arrivals, diagnostics: &mut Diagnostics) -> Option<Load> {
    match arrivals {
        Arrivals::Poisson { rate_per_s } => {
            let at = path.key("poisson").key("rate_per_s");
            check_rate(tree, &at, *rate_per_s, diagnostics)
                .then(|| Load::Rate(vec![(Span::ZERO, *rate_per_s, 0.0)], None))
        }
        Arrivals::Renewal { interval, rate_per_s } => {
            let at = path.key("renewal");
            check_law(tree, &at.key("interval"), interval, diagnostics);
            let factor = match rate_per_s {
                None => 1.0,
                Some(rate) => {
                    check_rate(tree, &at.key("rate_per_s"), *rate, diagnostics);
                    let Some(mean) = interval.validate().ok().and_then(|()| interval.mean_seconds()).filter(|mean| *mean > 0.0) else {
                        diagnostics.senseless(tree, &at.key("interval"), "a law without a finite positive mean cannot be scaled to a rate", "");
                        return None;
                    };
                    1.0 / rate / mean
                }
            };
            Some(Load::Renewal(interval.clone(), factor))
        }
        Arrivals::Piecewise { points, interpolation, repeat, factor } => {
            piecewise(tree, &path.key("piecewise"), points, *interpolation, *repeat, *factor, diagnostics)
        }
        Arrivals::Sinusoidal { mean_rate_per_s, amplitude_share, period } => {
            let at = path.key("sinusoidal");
            check_rate(tree, &at.key("mean_rate_per_s"), *mean_rate_per_s, diagnostics);
            if !(0.0..=1.0).contains(amplitude_share) {
                diagnostics.out_of_range(tree, &at.key("amplitude_share"), "the amplitude", *amplitude_share, "0 to 1");
            }
            super::check_positive(tree, &at.key("period"), *period, diagnostics);
            Some(Load::Sinusoidal(*mean_rate_per_s, *amplitude_share, *period))
        }
        Arrivals::Mmpp { states, rate_per_s } => {
            let at = path.key("mmpp");
            for (place, state) in states.iter().enumerate() {
                let at = at.key("states").index(place);
                if !(state.rate_per_s.is_finite() && state.rate_per_s >= 0.0) {
                    diagnostics.out_of_range(tree, &at.key("rate_per_s"), "the rate", state.rate_per_s, "at least 0");
                }
                super::check_positive(tree, &at.key("mean_stay"), state.mean_stay, diagnostics);
            }
            let time: f64 = states.iter().map(|state| state.mean_stay.as_secs_f64()).sum();
            let tasks: f64 = states.iter().map(|state| state.rate_per_s * state.mean_stay.as_secs_f64()).sum();
            if !(tasks > 0.0) {
                diagnostics.senseless(tree, &at.key("states"), "no state has arrivals", "expected at least one with a positive rate");
                return None;
            }
            let factor = rate_per_s.map_or(1.0, |rate| rate * time / tasks);
            if let Some(rate) = rate_per_s {
                check_rate(tree, &at.key("rate_per_s"), *rate, diagnostics);
            }
            Some(Load::Mmpp(states.iter().map(|state| (state.rate_per_s * factor, state.mean_stay)).collect()))
        }
        Arrivals::Batches { interval, size } => {
            let at = path.key("batches");
            check_law(tree, &at.key("interval"), interval, diagnostics);
            check_law(tree, &at.key("size"), size, diagnostics);
            Some(Load::Batches(interval.clone(), size.clone()))
        }
        Arrivals::Scheduled { times } => {
            if let Some(place) = times.windows(2).position(|pair| pair[0] > pair[1]) {
                let at = path.key("scheduled").key("times").index(place + 1);
                diagnostics.senseless(tree, &at, "this time is before the one in front of it", "list times in order");
            }
            Some(Load::Scheduled(times.clone()))
        }
    }
}

fn piecewise(
    tree: &Tree,
    path: &Path,
    points: &[RatePoint],
    interpolation: RateInterpolation,
    repeat: bool,
    factor: f64,
    diagnostics: &mut Diagnostics,
) -> Option<Load> {
    let at = path.key("points");
    if points.first().is_none_or(|point| !point.at.is_zero()) {
        diagnostics.senseless(tree, &at, "the first point is not at `0s`", "say which rate the run starts with");
        return None;
    }
    if let Some(place) = points.windows(2).position(|pair| pair[0].at >= pair[1].at) {
        diagnostics.senseless(tree, &at.index(place + 1).key("at"), "this point is not after the one before it", "");
        return None;
    }
    for (place, point) in points.iter().enumerate() {
        if !(point.rate_per_s.is_finite() && point.rate_per_s >= 0.0) {
            diagnostics.out_of_range(tree, &at.index(place).key("rate_per_s"), "the rate", point.rate_per_s, "at least 0");
        }
    }
    if !(factor.is_finite() && factor > 0.0) {
        diagnostics.out_of_range(tree, &path.key("factor"), "the factor", factor, "above 0");
    }
    if repeat && points.len() < 2 {
        diagnostics.senseless(tree, path, "a pattern that repeats needs a second point, whose time is the period", "");
        return None;
    }
    let pieces = points.len() - usize::from(repeat);
    let lines = (0..pieces).map(|place| {
        let rate = points[place].rate_per_s * factor;
        let slope = match (interpolation, points.get(place + 1)) {
            (RateInterpolation::Linear, Some(next)) => {
                (next.rate_per_s * factor - rate) / (next.at - points[place].at).as_secs_f64()
            }
            (RateInterpolation::Linear | RateInterpolation::Step, _) => 0.0,
        };
        (points[place].at, rate, slope)
    });
    Some(Load::Rate(lines.collect(), repeat.then(|| points[points.len() - 1].at)))
}

/// The mean rate of a load per second, where it has one.
pub(super) fn mean_rate(load: &Load) -> Option<f64> {
    match load {
        Load::Renewal(law, factor) => Some(1.0 / (law.mean_seconds()? * factor)),
        Load::Rate(pieces, None) => match pieces.as_slice() {
            [(_, rate, _)] => Some(*rate),
            _ => None,
        },
        Load::Sinusoidal(mean, ..) => Some(*mean),
        Load::Mmpp(states) => {
            let time: f64 = states.iter().map(|(_, stay)| stay.as_secs_f64()).sum();
            let tasks: f64 = states.iter().map(|(rate, stay)| rate * stay.as_secs_f64()).sum();
            Some(tasks / time)
        }
        Load::Batches(interval, size) => {
            let mean: Option<f64> = Law::mean(size);
            Some(mean? / interval.mean_seconds()?)
        }
        Load::Rate(_, Some(_)) | Load::Closed(_) | Load::Scheduled(_) | Load::Trace(..) | Load::Sessions(_) => None,
    }
}
