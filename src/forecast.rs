//! Months ahead: what load comes, what carries it, what binds first, what it costs, and how sure that is.
//!
//! ```text
//! forecast file ─▶ demand ─▶ futures ──────────┬─▶ limits ─▶ actions
//!   or history ─▶ backtest ─┘                  │
//! experiment ─▶ busy hour simulated ─▶ sizes ──┴─▶ cost ─▶ decisions ─▶ report
//! ```
//!
//! Everything here is a function of what was read: files are read and written by the command, and the busy hour is
//! simulated through the runner that runs sweeps.

pub mod backtest;
pub mod calendar;
pub mod cost;
pub mod decisions;
pub mod demand;
pub mod ensemble;
pub mod history;
pub mod limits;
pub mod model;
pub mod outcome;
pub mod past;
pub mod platform;
pub mod read;
pub mod report;
mod rows;
pub mod schema;
pub mod supply;

use demand::Curve;
use ensemble::Ensemble;
use limits::Binding;
use outcome::{Extent, FORMAT, Forecast, HistoryOutcome};
use platform::Platform;
use read::Read;
use schema::{
    ForecastFile, Growth, Interpolation, Meaning, ResourceSpec, RuleSpec, ShapeSpec, SimulatedSpec,
    SimulationSpec,
};
use std::collections::BTreeMap;
use supply::{Bound, Carried, Plan, Sized, Usage};

/// Agents beyond which a first look simulates nothing.
const QUICK_AGENTS_MAX: f64 = 5_000.0;

/// What a forecast is made from.
pub struct Inputs<'a> {
    /// The file.
    pub read: &'a Read,
    /// Its history, if it goes on from one.
    pub history: Option<history::History>,
    /// The busy hour, if it is simulated.
    pub platform: Option<&'a dyn Platform>,
    /// How much of it.
    pub extent: Extent,
    /// The command that makes it again.
    pub command: String,
}

impl std::fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs").field("extent", &self.extent).finish_non_exhaustive()
    }
}

/// Demand, with what it was made from.
struct Demand {
    curve: Curve,
    plan: Vec<f64>,
    alternative: Option<Vec<f64>>,
    ensemble: Ensemble,
    busy_over_mean: f64,
    history: Option<HistoryOutcome>,
}

/// What the simulation found.
#[derive(Default)]
struct Found {
    usage: Option<Usage>,
    plans: BTreeMap<u32, Plan>,
    carried: BTreeMap<(String, usize), Carried>,
}

/// Makes a forecast.
///
/// # Errors
/// Where the history is too short or the busy hour cannot be simulated, in words.
pub fn forecast(inputs: &Inputs<'_>) -> Result<Forecast, String> {
    let file = &inputs.read.file;
    let demand = demand_of(inputs)?;
    let sized = supply::sized(file);
    let found = simulated(inputs, &sized, &demand)?;
    let needs = |agents: f64| needs(file, &sized, found.usage.as_ref(), agents);
    let units_usd = |agents: f64| -> f64 {
        needs(agents)
            .iter()
            .zip(file.resources.values())
            .map(|(units, of)| units * of.usd_per_unit_month)
            .sum()
    };
    let bindings = bindings(file, &found, &demand);
    let costs = cost::months(file, &demand.plan, &demand.ensemble, &units_usd);
    let commitments = file.cost.commitments.iter();
    Ok(Forecast {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name: file.name.clone(),
        question: file.question.clone(),
        source: file.source.clone(),
        command: inputs.command.clone(),
        extent: inputs.extent,
        start: file.start.clone(),
        paths: demand.ensemble.len(),
        seed: file.uncertainty.seed,
        demand: rows::months(file, inputs.read.start, &demand),
        busy_over_mean: demand.busy_over_mean,
        resources: rows::resources(file, &sized, &found, &demand),
        verified: rows::verified(&sized, &found),
        actions: limits::actions(file, &bindings, inputs.read.start, &demand.ensemble),
        totals: cost::totals(&costs, demand.alternative.as_deref(), file),
        implied: cost::implied(&file.turns, &file.cost),
        shape_duty_share: 1.0 / demand.busy_over_mean,
        commitments: commitments
            .map(|(name, spec)| cost::commitment(name, spec, file, &demand.ensemble))
            .collect(),
        multipliers: rows::multipliers(file, &demand.curve),
        tiers: rows::tiers(file, &units_usd),
        decision: decisions::compare(file, &bindings, &demand.ensemble, &needs),
        notes: rows::notes(inputs, &sized, &found, &demand),
        assumptions: inputs.read.loaded.assumptions.iter().map(assumption).collect(),
        digest: String::new(),
        limits: bindings,
        history: demand.history,
        costs,
    })
}

/// The busiest hour over the mean.
fn busy_over_mean(shape: Option<&ShapeSpec>) -> f64 {
    let peak = |rates: &[f64]| {
        let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        if rates.is_empty() { 1.0 } else { rates.iter().copied().fold(0.0, f64::max) / mean }
    };
    shape.map_or(1.0, |shape| peak(&shape.hours) * peak(&shape.days))
}

fn demand_of(inputs: &Inputs<'_>) -> Result<Demand, String> {
    let file = &inputs.read.file;
    let busy_over_mean = busy_over_mean(file.shape.as_ref());
    let factor = match file.demand.agents_are {
        Meaning::BusyHour => 1.0,
        Meaning::Mean => busy_over_mean,
    };
    if let Growth::History(spec) = &file.demand.growth {
        let history = inputs.history.as_ref().ok_or("the history was not read")?;
        let past = past::Past::new(history, spec, inputs.read.start)?;
        let (plan, ensemble) = past.futures(file.months, factor, &file.uncertainty);
        let curve = Curve::through(&plan);
        return Ok(Demand {
            curve,
            plan,
            alternative: None,
            ensemble,
            busy_over_mean,
            history: Some(past.outcome),
        });
    }
    let curve = Curve::of(&file.demand.growth, factor).ok_or("the growth is no curve")?;
    let plan = curve.months(file.months);
    let other = file.demand.alternative.and_then(|other: Interpolation| curve.read_as(other));
    let alternative = other.map(|other| other.months(file.months));
    let ensemble = Ensemble::around(&plan, &file.uncertainty);
    Ok(Demand { curve, plan, alternative, ensemble, busy_over_mean, history: None })
}

/// The months that are simulated, those of them that are held for a whole hour, and how.
fn schedule(spec: &SimulationSpec, extent: Extent, plan: &[f64]) -> (Vec<u32>, Vec<u32>, SimulationSpec) {
    let mut spec = spec.clone();
    match extent {
        Extent::Usual => (spec.months.clone(), Vec::new(), spec),
        Extent::Full => ((0..).zip(plan).map(|(month, _)| month).collect(), spec.months.clone(), spec),
        Extent::Quick => {
            spec.replications = 2;
            spec.replications_of_others = 2;
            let few =
                |month: &u32| plan.get(*month as usize).is_some_and(|agents| *agents <= QUICK_AGENTS_MAX);
            (spec.months.iter().copied().filter(few).collect(), Vec::new(), spec)
        }
    }
}

fn simulated(inputs: &Inputs<'_>, sized: &[Sized<'_>], demand: &Demand) -> Result<Found, String> {
    let file = &inputs.read.file;
    let (Some(platform), Some(spec)) = (inputs.platform, &file.simulation) else {
        return Ok(Found::default());
    };
    let (months, hours, spec) = schedule(spec, inputs.extent, &demand.plan);
    let usage = supply::pilot(platform, sized, demand.plan[0], spec.replications_of_others)?;
    let agents: Vec<f64> = months.iter().map(|month| libm::round(demand.plan[*month as usize])).collect();
    let mut plans = supply::search(platform, sized, &usage, &agents, &spec)?;
    let mut held: Vec<&mut Plan> = plans
        .iter_mut()
        .zip(&months)
        .filter(|(_, month)| hours.contains(month))
        .map(|(plan, _)| plan)
        .collect();
    supply::hold_an_hour(platform, sized, &mut held, &spec)?;
    let (mut bounds, mut names) = (Vec::new(), Vec::new());
    for (of, resource) in sized.iter().enumerate() {
        for (index, limit) in resource.spec.limits.iter().enumerate() {
            // A limit that goes by another rule counts in units that carry more, or less.
            let ratio = limit.per_agent.map_or(1.0, |own| resource.spec.rule.per_agent / own);
            bounds.push(Bound { of, units: limit.value * ratio });
            names.push((resource.name.to_owned(), index));
        }
    }
    let last = demand.ensemble.fan(demand.plan.len() - 1).p90;
    let most = if inputs.extent == Extent::Quick { QUICK_AGENTS_MAX } else { last };
    let found = supply::carried(platform, sized, &usage, &bounds, most, &spec)?;
    let carried = names.into_iter().zip(found).filter_map(|(name, carried)| Some((name, carried?))).collect();
    Ok(Found { usage: Some(usage), plans: months.into_iter().zip(plans).collect(), carried })
}

/// A requirement by rule.
pub fn by_rule(rule: &RuleSpec, agents: f64) -> f64 {
    let amount = (agents * rule.per_agent).max(rule.minimum);
    rule.step.map_or(amount, |step| libm::ceil((amount / step - 1e-9).max(0.0)) * step)
}

/// What some agents need of each resource: as the simulation sees it where it does, else by rule.
fn needs(file: &ForecastFile, sized: &[Sized<'_>], usage: Option<&Usage>, agents: f64) -> Vec<f64> {
    let mut units =
        usage.map(|usage| supply::by_formula(sized, usage, agents)).unwrap_or_default().into_iter();
    let mut flows = usage.map(|usage| usage.flows.clone()).unwrap_or_default().into_iter();
    let need = |spec: &ResourceSpec| {
        let seen = match &spec.simulated {
            Some(SimulatedSpec::Size { .. }) => units.next(),
            Some(SimulatedSpec::Flow { per_unit, .. }) => {
                flows.next().flatten().map(|flow| flow * agents * per_unit)
            }
            None => None,
        };
        seen.unwrap_or_else(|| by_rule(&spec.rule, agents))
    };
    file.resources.values().map(need).collect()
}

fn bindings(file: &ForecastFile, found: &Found, demand: &Demand) -> Vec<Binding> {
    let when = |agents| limits::when(agents, &demand.curve, &demand.ensemble, file.months);
    let mut bindings = Vec::new();
    for (name, spec) in &file.resources {
        for (index, limit) in spec.limits.iter().enumerate() {
            let rule_agents = limits::rule_agents(spec, limit);
            let carried = found.carried.get(&(name.clone(), index)).copied();
            bindings.push(Binding {
                resource: name.clone(),
                title: spec.title.clone(),
                limit: limit.name.clone(),
                value: limit.value,
                value_by_rule: rule_agents * spec.rule.per_agent,
                unit: spec.unit.clone(),
                rule_agents,
                rule: when(rule_agents),
                carried,
                simulated: carried.map(|carried| when(limits::carried_agents(&carried))),
                lead_time_days: spec.lead_time_days,
            });
        }
    }
    bindings
}

fn assumption(figure: &crate::experiment::Assumption) -> crate::result::Assumption {
    crate::result::Assumption {
        path: figure.path.to_pointer(),
        value: figure.value.clone(),
        mark: figure.mark.as_str().to_owned(),
        source: figure.source.clone(),
        note: figure.note.clone(),
    }
}
