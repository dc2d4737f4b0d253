//! Classes and clients.

mod arrivals;

pub(super) use arrivals::{expected_tasks, mean_rate};

use super::index;
use super::system::{check_law_option, spec_at};
use super::traces::TraceStore;
use crate::experiment::decode::Fields;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{ClassSpec, ClientSpec, ClosedLoad, LoadSpec, RetryOn, WorkloadSpec};
use crate::experiment::tree::Tree;
use crate::model::region::Region;
use crate::model::route::{Op, Program};
use crate::model::workload::{Class, Client, Closed, Load};
use indexmap::IndexMap;
use tars_policy::units::Span;

/// Decodes each class and client by itself.
pub(super) fn decode(tree: &Tree, path: &Path, diagnostics: &mut Diagnostics) -> Option<WorkloadSpec> {
    let mut fields = Fields::of(tree, path, diagnostics)?;
    let classes = fields
        .required_tree("classes", diagnostics)
        .and_then(|part| crate::experiment::decode_map::<ClassSpec>(part, &path.key("classes"), diagnostics));
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
    (program, regions): (&Program, &[Region]),
    roles: &[String],
    traces: &mut TraceStore,
    diagnostics: &mut Diagnostics,
) -> (Vec<Class>, Vec<Client>) {
    let root = Path::root().key("workload");
    let names: Vec<String> = workload.classes.keys().cloned().collect();
    if names.is_empty() {
        diagnostics.senseless(
            tree,
            &root.key("classes"),
            "there is no class of tasks",
            "expected at least one",
        );
    }
    if workload.clients.is_empty() {
        diagnostics.senseless(
            tree,
            &root.key("clients"),
            "there is no client, so nothing happens",
            "expected at least one",
        );
    }
    let classes = workload
        .classes
        .iter()
        .map(|(name, spec)| {
            class(tree, &root.key("classes").key(name), name, spec, program, roles, diagnostics)
        })
        .collect();
    let clients = workload
        .clients
        .iter()
        .filter_map(|(name, spec)| {
            let path = root.key("clients").key(name);
            let homes = homes(tree, &path, spec, program, regions, diagnostics);
            let client = client(tree, &path, name, spec, &names, program, traces, diagnostics)?;
            Some(Client { regions: homes, pinned: spec.pinned, ..client })
        })
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
    let route = if let Some(route) = &spec.route {
        routes.iter().position(|known| known == route).unwrap_or_else(|| {
            diagnostics.unknown_name(tree, &path.key("route"), "route", route, &routes);
            0
        })
    } else {
        if routes.len() != 1 {
            diagnostics.must_choose(tree, path, "route", &routes);
        }
        0
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
        LoadSpec::Closed(closed) => closed_loop(tree, &at.key("closed"), closed, diagnostics),
        LoadSpec::Open(arrivals) => arrivals::open(tree, &at.key("open"), arrivals, diagnostics)?,
        LoadSpec::Trace(trace) => {
            Load::Trace(traces.trace(tree, &at.key("trace"), trace, diagnostics)?, trace.speed)
        }
        LoadSpec::Sessions(sessions) => {
            Load::Sessions(traces.sessions(tree, &at.key("sessions"), sessions, diagnostics)?)
        }
    };
    if replays && !matches!(load, Load::Sessions(_)) {
        diagnostics.senseless(
            tree,
            &at,
            "a route replays recorded calls, and this client has none",
            "a `replay_calls` step goes with a `sessions` load",
        );
    }
    check_users(tree, path, spec, diagnostics);
    if spec.timeout.is_some_and(Span::is_zero) {
        diagnostics.senseless(
            tree,
            &path.key("timeout"),
            "the client gives up at once",
            "expected a positive span",
        );
    }
    Some(Client {
        name: name.to_owned(),
        load,
        mix,
        users: spec.users.clone(),
        regions: Vec::new(),
        pinned: false,
        timeout: spec.timeout,
        retry: spec.retry.clone(),
        retries_refused: spec.retry_on.contains(&RetryOn::Refused),
        retries_failed: spec.retry_on.contains(&RetryOn::Failed),
        retries_timed_out: spec.retry_on.contains(&RetryOn::TimedOut),
    })
}

/// Whose the tasks of a client are can be said only where it is not known.
fn check_users(tree: &Tree, path: &Path, spec: &ClientSpec, diagnostics: &mut Diagnostics) {
    let at = path.key("users");
    check_law_option(tree, &at, spec.users.as_ref(), diagnostics);
    let known = match &spec.load {
        LoadSpec::Closed(_) => "each user of a closed loop submits its own tasks",
        LoadSpec::Sessions(_) => "each session is one task",
        LoadSpec::Open(_) | LoadSpec::Trace(_) => return,
    };
    if spec.users.is_some() {
        diagnostics.senseless(tree, &at, known, "leave `users` out, or take an `open` or `trace` load");
    }
}

/// Cumulative shares of the regions that a client's tasks come from.
fn homes(
    tree: &Tree,
    path: &Path,
    spec: &ClientSpec,
    program: &Program,
    regions: &[Region],
    diagnostics: &mut Diagnostics,
) -> Vec<(f64, u16)> {
    let path = path.key("regions");
    let known: Vec<String> = regions.iter().map(|region| region.name.clone()).collect();
    if spec.regions.is_empty() {
        if !program.regionals.is_empty() {
            let hint = "give `regions`, such as {\"usa\": 1}";
            diagnostics.senseless(tree, &path, "a route goes by region, and this client is in none", hint);
        }
        return Vec::new();
    }
    cumulative(tree, &path, "region under `system.regions`", &spec.regions, &known, diagnostics)
}

/// The most users of a closed loop.
const USERS_MAX: u32 = 8_000_000;

fn closed_loop(tree: &Tree, path: &Path, closed: &ClosedLoad, diagnostics: &mut Diagnostics) -> Load {
    check_law_option(tree, &path.key("think_time"), closed.think_time.as_ref(), diagnostics);
    if closed.users == 0 || closed.users > USERS_MAX {
        let users = f64::from(closed.users);
        diagnostics.out_of_range(tree, &path.key("users"), "the number of users", users, "1 to 8,000,000");
    }
    let start_after = closed.start_after.unwrap_or_default();
    if closed.leave_after.is_some_and(|leave| leave <= start_after) {
        let hint = "expected a time after `start_after`";
        diagnostics.senseless(tree, &path.key("leave_after"), "these users leave before they come", hint);
    }
    Load::Closed(Closed {
        users: closed.users,
        think: closed.think_time.clone(),
        start_thinking: closed.start_thinking,
        start_after,
        start_spread: closed.start_spread.unwrap_or_default(),
        leave_after: closed.leave_after,
        tasks_per_user: closed.tasks_per_user,
    })
}

/// Cumulative shares of classes.
fn mix(
    tree: &Tree,
    path: &Path,
    spec: &ClientSpec,
    classes: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<(f64, u16)> {
    if spec.mix.is_empty() {
        if classes.len() > 1 {
            diagnostics.must_choose(tree, path, "mix", classes);
        }
        return vec![(1.0, 0)];
    }
    cumulative(tree, &path.key("mix"), "class", &spec.mix, classes, diagnostics)
}

/// Weights by name as cumulative shares by place; the last is above one.
fn cumulative(
    tree: &Tree,
    path: &Path,
    what: &str,
    weights: &IndexMap<String, f64>,
    known: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<(f64, u16)> {
    let total: f64 = weights.values().sum();
    let mut cumulative = 0.0;
    let mut shares = Vec::new();
    for (name, weight) in weights {
        let at = path.key(name);
        if !(weight.is_finite() && *weight >= 0.0) {
            diagnostics.out_of_range(tree, &at, "a weight", *weight, "at least 0");
        }
        let Some(place) = known.iter().position(|known| known == name) else {
            diagnostics.unknown_name(tree, &at, what, name, known);
            continue;
        };
        cumulative += weight / total;
        shares.push((cumulative, index(place)));
    }
    if !(total.is_finite() && total > 0.0) {
        diagnostics.out_of_range(tree, path, "the sum of weights", total, "above 0");
    }
    if let Some(last) = shares.last_mut() {
        last.0 = 2.0;
    }
    shares
}
