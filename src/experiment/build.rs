//! The tree of one cell → a [`Model`]: components decoded, names resolved, sense checked; everything wrong told at once.

mod checks;
mod controllers;
mod failovers;
mod faults;
mod levels;
mod recovery;
mod routes;
mod sharing;
mod system;
#[cfg(test)]
mod tests;
mod traces;
mod workload;

pub use traces::{TraceStore, data_folder};

use super::decode::Fields;
use super::diagnostic::Diagnostics;
use super::path::Path;
use super::schema::{
    CostSpec, FaultSpec, MeasureMode, MeasureSpec, PoliciesSpec, PrecisionSpec, PublishedSpec,
    SensitivitySpec, SloSpec, WarmupSpec,
};
use super::tree::Tree;
use crate::model::failover::Failover;
use crate::model::fault::Fault;
use crate::model::metric::MetricKey;
use crate::model::{AlertModel, Cost, Measure, Model, Pool, PrecisionGoal};
use tars_policy::alert::AlertAction;
use tars_policy::units::Span;

/// One cell, ready to be run, and what is asked of it.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// The question it asks.
    pub question: String,
    /// Where it comes from.
    pub source: Vec<String>,
    /// Whether overload is meant.
    pub transient: bool,
    /// What is simulated.
    pub model: Model,
    /// What is asked of the system.
    pub slo: SloSpec,
    /// What is shown at half and double.
    pub sensitivity: Vec<SensitivitySpec>,
    /// What is drawn beside it.
    pub published: Vec<PublishedSpec>,
}

/// Makes the experiment that `tree` describes; `traces` holds what was read from files already.
///
/// What is wrong goes to `diagnostics`; there is a result only if nothing is.
pub fn build(tree: &Tree, traces: &mut TraceStore, diagnostics: &mut Diagnostics) -> Option<Experiment> {
    let root = Path::root();
    let mut fields = Fields::of(tree, &root, diagnostics)?;
    let name: Option<String> = fields.required("name", diagnostics);
    let question: Option<String> = optional(&mut fields, "question", diagnostics);
    let source: Option<Vec<String>> = optional(&mut fields, "source", diagnostics);
    let transient: Option<bool> = optional(&mut fields, "transient", diagnostics);
    let cost: Option<CostSpec> = optional(&mut fields, "cost", diagnostics);
    let slo: Option<SloSpec> = optional(&mut fields, "slo", diagnostics);
    let faults = fields.list::<FaultSpec>("faults", diagnostics);
    let sensitivity = fields.list::<SensitivitySpec>("sensitivity", diagnostics);
    let published = fields.list::<PublishedSpec>("published", diagnostics);
    let measure: Option<MeasureSpec> = fields.required("measure", diagnostics);
    let policies = fields.tree("policies").map_or(Some(PoliciesSpec::default()), |policies| {
        policies_of(policies, &root.key("policies"), diagnostics)
    });
    let system = fields
        .required_tree("system", diagnostics)
        .and_then(|part| system::decode(part, &root.key("system"), diagnostics));
    let workload = fields
        .required_tree("workload", diagnostics)
        .and_then(|part| workload::decode(part, &root.key("workload"), diagnostics));
    fields.finish(diagnostics);
    if diagnostics.has_errors() {
        return None;
    }
    let (measure, slo, cost) = (measure?, slo?, cost?);
    check_slo(tree, &slo, diagnostics);
    let published = published?;
    check_published(tree, &published, diagnostics);
    let policies = policies?;
    check_policies(tree, &policies, diagnostics);
    let (system, load) = (system?, workload?);
    let roles = workload::roles(&load);
    let models: Vec<String> = system.models.keys().cloned().collect();
    let mut parts = system::build(tree, &system, &roles, diagnostics);
    let failovers = failovers::failovers(tree, &policies, &parts, diagnostics);
    let program = routes::lay_out(tree, &system, &policies, &parts, &failovers, diagnostics);
    let (classes, clients) =
        workload::build(tree, &load, (&program, &parts.regions), &roles, traces, diagnostics);
    let autoscalers = controllers::autoscalers(tree, &policies, &mut parts.pools, diagnostics);
    let degrade = controllers::degrade(tree, &policies, &parts, &models, &program, diagnostics);
    let levels = levels::levels(tree, &policies, &parts, &program, diagnostics);
    let faults = faults::faults(tree, &faults?, &parts, diagnostics);
    let alerts = alerts_of(&policies);
    let batches = sharing::batches(tree, &policies, diagnostics);
    let coalescers = sharing::coalescers(tree, &policies, diagnostics);
    let recovery = recovery::recovery(tree, &measure, &faults, diagnostics);
    let impact = measure.impact || fails_over(&faults, &parts.pools, &failovers);
    let scaling = recovery::scaling(tree, &measure, !autoscalers.is_empty(), diagnostics);
    let measure = Measure { recovery, impact, scaling, ..measure_of(tree, &measure, diagnostics) };
    let good_within = slo.latency_p99;
    let model = Model {
        classes,
        clients,
        stations: parts.stations,
        pools: parts.pools,
        models: parts.models,
        roles,
        caches: parts.caches,
        nodes: parts.nodes,
        regions: parts.regions,
        faults,
        program,
        retries: policies.retries.into_iter().collect(),
        breakers: policies.breakers.into_iter().collect(),
        batches,
        coalescers,
        autoscalers,
        failovers,
        indexes: parts.indexes,
        degrade,
        levels,
        alerts,
        measure,
        cost: Cost {
            agent: cost.agent_usd_per_hour.unwrap_or_default(),
            fixed: cost.fixed_usd_per_hour.unwrap_or_default(),
        },
        good_within,
    };
    let transient = transient.unwrap_or(false) || model.measure.terminating;
    if !diagnostics.has_errors() {
        checks::check(tree, &model, transient, diagnostics);
    }
    if diagnostics.has_errors() {
        return None;
    }
    Some(Experiment {
        name: name?,
        question: question?,
        source: source?,
        transient,
        model,
        slo,
        sensitivity: sensitivity?,
        published,
    })
}

/// The alerts.
fn alerts_of(policies: &PoliciesSpec) -> Vec<AlertModel> {
    policies
        .alerts
        .iter()
        .map(|(name, alert)| AlertModel {
            name: name.clone(),
            interval: alert.interval,
            rule: alert.rule.clone(),
            acts: alert.acts,
        })
        .collect()
}

/// Whether what failures do is written down without being asked for.
fn fails_over(faults: &[Fault], pools: &[Pool], failovers: &[Failover]) -> bool {
    faults.iter().any(|fault| fault.process.is_some())
        || pools.iter().any(|pool| pool.recovery.is_some())
        || !failovers.is_empty()
}

/// The member, or its default when it is missing; `None` when it is wrong.
fn optional<T: serde::de::DeserializeOwned + Default>(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let path = fields.path(name);
    match fields.tree(name) {
        Some(tree) => super::decode(tree, &path, diagnostics),
        None => Some(T::default()),
    }
}

fn policies_of(tree: &Tree, path: &Path, diagnostics: &mut Diagnostics) -> Option<PoliciesSpec> {
    let mut fields = Fields::of(tree, path, diagnostics)?;
    let retries = fields.map("retries", diagnostics);
    let breakers = fields.map("breakers", diagnostics);
    let autoscale = fields.map("autoscale", diagnostics);
    let alerts = fields.map("alerts", diagnostics);
    let batches = fields.map("batches", diagnostics);
    let coalesce = fields.map("coalesce", diagnostics);
    let failovers = fields.map("failovers", diagnostics);
    let degrade = match fields.tree("degrade") {
        Some(degrade) => Some(super::decode(degrade, &path.key("degrade"), diagnostics)?),
        None => None,
    };
    let levels = match fields.tree("levels") {
        Some(levels) => Some(super::decode(levels, &path.key("levels"), diagnostics)?),
        None => None,
    };
    fields.finish(diagnostics);
    Some(PoliciesSpec {
        levels,
        retries: retries?,
        breakers: breakers?,
        autoscale: autoscale?,
        degrade,
        alerts: alerts?,
        batches: batches?,
        coalesce: coalesce?,
        failovers: failovers?,
    })
}

/// Reports what the policies refuse.
fn check_policies(tree: &Tree, policies: &PoliciesSpec, diagnostics: &mut Diagnostics) {
    let root = Path::root().key("policies");
    for (name, retry) in &policies.retries {
        if let Err(error) = retry.validate() {
            diagnostics.spec(tree, &root.key("retries").key(name), &error);
        }
    }
    for (name, breaker) in &policies.breakers {
        if let Err(error) = breaker.validate() {
            diagnostics.spec(tree, &root.key("breakers").key(name), &error);
        }
    }
    for (name, scaler) in &policies.autoscale {
        if let Err(error) = scaler.rule.validate() {
            diagnostics.spec(tree, &root.key("autoscale").key(name).key("rule"), &error);
        }
    }
    for (name, alert) in &policies.alerts {
        let path = root.key("alerts").key(name);
        check_positive(tree, &path.key("interval"), alert.interval, diagnostics);
        if let Err(error) = alert.rule.validate() {
            diagnostics.spec(tree, &path.key("rule"), &error);
        }
        let gives_up = alert.rule.actions.iter().position(|action| *action == AlertAction::Degrade);
        if let Some(place) = gives_up.filter(|_| alert.acts && policies.degrade.is_none()) {
            diagnostics.senseless(
                tree,
                &path.key("rule").key("actions").index(place),
                "the action `degrade` asks for the modes of `policies.degrade`, and there are none",
                "state `policies.degrade`, whose `high_load` mode holds while the alert fires",
            );
        }
    }
    if let Some(Err(error)) = policies.degrade.as_ref().map(|degrade| degrade.rule.validate()) {
        diagnostics.spec(tree, &root.key("degrade").key("rule"), &error);
    }
}

fn check_positive(tree: &Tree, path: &Path, span: Span, diagnostics: &mut Diagnostics) {
    if span.is_zero() {
        diagnostics.senseless(tree, path, "this span is zero; expected a positive one", "");
    }
}

/// What is published must be of a metric of the system, or it would silently not be drawn.
fn check_published(tree: &Tree, published: &[PublishedSpec], diagnostics: &mut Diagnostics) {
    for (place, spec) in published.iter().enumerate() {
        let known = MetricKey::examples();
        if !known.contains(&spec.metric) {
            let path = Path::root().key("published").index(place).key("metric");
            diagnostics.unknown_name(tree, &path, "metric of the system", &spec.metric, &known);
        }
    }
}

fn check_slo(tree: &Tree, slo: &SloSpec, diagnostics: &mut Diagnostics) {
    let path = Path::root().key("slo");
    for (field, share) in [("error_share_max", slo.error_share_max), ("quality_min", slo.quality_min)] {
        if let Some(share) = share
            && !(0.0..=1.0).contains(&share)
        {
            diagnostics.out_of_range(tree, &path.key(field), "this share", share, "0 to 1");
        }
    }
}

fn measure_of(tree: &Tree, spec: &MeasureSpec, diagnostics: &mut Diagnostics) -> Measure {
    let path = Path::root().key("measure");
    check_positive(tree, &path.key("duration"), spec.duration, diagnostics);
    if spec.duration > Span::from_secs(30 * 365 * 86_400) {
        diagnostics.senseless(
            tree,
            &path.key("duration"),
            "the run is longer than 30 years",
            "the clock ends at 36 years",
        );
    }
    let terminating = spec.mode == MeasureMode::Terminating;
    let warmup = match spec.warmup {
        WarmupSpec::Auto if terminating => Some(Span::ZERO),
        WarmupSpec::Auto => None,
        WarmupSpec::Span(span) => Some(span),
    };
    if warmup.is_some_and(|span| span >= spec.duration && !span.is_zero()) {
        diagnostics.senseless(
            tree,
            &path.key("warmup"),
            "the warm-up is as long as the run, so nothing is measured",
            "shorten it, or lengthen `duration`",
        );
    }
    if terminating && warmup.is_some_and(|span| !span.is_zero()) {
        diagnostics.senseless(
            tree,
            &path.key("warmup"),
            "a terminating experiment cuts nothing off",
            "leave `warmup` out",
        );
    }
    let replications = spec.replications;
    if replications.min == 0 || replications.min > replications.max || replications.max > 100_000 {
        diagnostics.senseless(
            tree,
            &path.key("replications"),
            format!(
                "there are {} to {} replications; expected 1 ≤ min ≤ max ≤ 100000",
                replications.min, replications.max
            ),
            "",
        );
    }
    if !(0.5..1.0).contains(&spec.confidence) {
        diagnostics.out_of_range(
            tree,
            &path.key("confidence"),
            "the confidence",
            spec.confidence,
            "at least 0.5 and below 1",
        );
    }
    if spec.windows == 0 || spec.windows > 1_000 {
        diagnostics.out_of_range(
            tree,
            &path.key("windows"),
            "the number of windows",
            f64::from(spec.windows),
            "1 to 1000",
        );
    }
    for (place, goal) in spec.precision.iter().enumerate() {
        let at = path.key("precision").index(place);
        if MetricKey::parse(&goal.metric).is_none() {
            diagnostics.unknown_name(tree, &at.key("metric"), "metric", &goal.metric, &MetricKey::examples());
        }
        let goals = [goal.relative, goal.absolute];
        if goals.iter().flatten().count() > 1
            || goals.iter().flatten().any(|goal| goal.is_nan() || *goal <= 0.0)
        {
            diagnostics.senseless(
                tree,
                &at,
                "a precision is either `relative` or `absolute`, and positive",
                "leave both out for the usual one",
            );
        }
    }
    Measure {
        duration: spec.duration,
        warmup,
        terminating,
        drain: spec.drain.unwrap_or(spec.duration),
        replications_min: replications.min,
        replications_max: replications.max,
        precision: precision(spec),
        confidence: spec.confidence,
        seed: spec.seed,
        windows: spec.windows,
        recovery: None,
        impact: spec.impact,
        scaling: None,
        sustained: spec.sustained,
    }
}

/// When to stop replicating: as stated, else the usual rule where the number of replications is left open.
fn precision(spec: &MeasureSpec) -> Vec<PrecisionGoal> {
    let is_open = spec.replications.min < spec.replications.max;
    if spec.precision.is_empty() && is_open {
        return PrecisionGoal::usual(PrecisionGoal::MEAN);
    }
    let goal = |goal: &PrecisionSpec| match (goal.relative, goal.absolute) {
        (None, None) => PrecisionGoal::of(&goal.metric, PrecisionGoal::MEAN),
        (relative, absolute) => PrecisionGoal { metric: goal.metric.clone(), relative, absolute },
    };
    spec.precision.iter().map(goal).collect()
}

/// The places of names in the list of what is known; each that is unknown is told.
fn places(
    tree: &Tree,
    path: &Path,
    what: &str,
    wanted: &[String],
    known: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<u16> {
    let mut places = Vec::new();
    for (number, name) in wanted.iter().enumerate() {
        match known.iter().position(|known| known == name) {
            Some(place) => places.push(index(place)),
            None => diagnostics.unknown_name(tree, &path.index(number), what, name, known),
        }
    }
    places
}

/// An index of a model's list.
fn index(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}
