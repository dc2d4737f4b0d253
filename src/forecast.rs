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
pub mod schema;
pub mod supply;

use calendar::YearMonth;
use demand::Curve;
use ensemble::{Ensemble, Fan};
use limits::Binding;
use outcome::{
    Extent, FORMAT, Forecast, HistoryOutcome, How, MonthDemand, MultiplierRow, Need, ResourceOutcome,
    SizeRow, TierRow, Verified,
};
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
        demand: months(file, inputs.read.start, &demand),
        busy_over_mean: demand.busy_over_mean,
        resources: resources(file, &sized, &found, &demand),
        verified: verified(&sized, &found),
        actions: limits::actions(file, &bindings, inputs.read.start, &demand.ensemble),
        totals: cost::totals(&costs, demand.alternative.as_deref(), file),
        implied: cost::implied(&file.turns, &file.cost),
        shape_duty_share: 1.0 / demand.busy_over_mean,
        commitments: commitments
            .map(|(name, spec)| cost::commitment(name, spec, file, &demand.ensemble))
            .collect(),
        multipliers: multipliers(file, &demand.curve),
        tiers: tiers(file, &units_usd),
        decision: decisions::compare(file, &bindings, &demand.ensemble, &needs),
        notes: notes(inputs, &sized, &found, &demand),
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

/// Months that are simulated, and how.
fn schedule(spec: &SimulationSpec, extent: Extent, plan: &[f64]) -> (Vec<u32>, SimulationSpec) {
    let mut spec = spec.clone();
    let months = match extent {
        Extent::Usual => spec.months.clone(),
        Extent::Full => {
            spec.window = "1h".parse().expect("an hour is a span");
            (0..).zip(plan).map(|(month, _)| month).collect()
        }
        Extent::Quick => {
            spec.replications = 2;
            spec.replications_of_others = 2;
            let few =
                |month: &u32| plan.get(*month as usize).is_some_and(|agents| *agents <= QUICK_AGENTS_MAX);
            spec.months.iter().copied().filter(few).collect()
        }
    };
    (months, spec)
}

fn simulated(inputs: &Inputs<'_>, sized: &[Sized<'_>], demand: &Demand) -> Result<Found, String> {
    let file = &inputs.read.file;
    let (Some(platform), Some(spec)) = (inputs.platform, &file.simulation) else {
        return Ok(Found::default());
    };
    let (months, spec) = schedule(spec, inputs.extent, &demand.plan);
    let usage = supply::pilot(platform, sized, demand.plan[0], spec.replications_of_others)?;
    let agents: Vec<f64> = months.iter().map(|month| libm::round(demand.plan[*month as usize])).collect();
    let plans = supply::search(platform, sized, &usage, &agents, &spec)?;
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
    rule.step.map_or(amount, |step| libm::ceil(amount / step - 1e-9) * step)
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

fn months(file: &ForecastFile, start: YearMonth, demand: &Demand) -> Vec<MonthDemand> {
    let turns = cost::full_turns(&file.turns, &file.cost) * file.turns.duty_share;
    (0_u32..)
        .zip(&demand.plan)
        .map(|(month, agents)| MonthDemand {
            month,
            date: start.plus(month).to_string(),
            agents: *agents,
            alternative: demand.alternative.as_ref().map(|other| other[month as usize]),
            fan: demand.ensemble.fan(month as usize),
            mean_agents: agents / demand.busy_over_mean,
            peak_turns_per_s: agents * file.turns.peak_per_agent_s,
            turns: agents * turns,
        })
        .collect()
}

fn resources(
    file: &ForecastFile,
    sized: &[Sized<'_>],
    found: &Found,
    demand: &Demand,
) -> Vec<ResourceOutcome> {
    let places: Vec<Vec<f64>> =
        demand.plan.iter().map(|agents| needs(file, sized, found.usage.as_ref(), *agents)).collect();
    let (mut of_sized, mut of_flow) = (0, 0);
    let mut outcomes = Vec::new();
    for (place, (name, spec)) in file.resources.iter().enumerate() {
        let months = (0_u32..)
            .zip(&demand.plan)
            .map(|(month, agents)| {
                let formula = places[month as usize][place];
                let (simulated, how) = match (&spec.simulated, found.plans.get(&month)) {
                    (None, _) => (None, How::Rule),
                    (Some(_), _) if found.usage.is_none() => (None, How::Rule),
                    (Some(SimulatedSpec::Size { .. }), Some(plan)) => {
                        (Some(plan.units[of_sized]), How::Simulated)
                    }
                    (Some(SimulatedSpec::Flow { per_unit, .. }), Some(plan)) => {
                        (plan.seen.flows[of_flow].map(|flow| flow * per_unit), How::Simulated)
                    }
                    (Some(_), None) => (Some(formula), How::Formula),
                };
                need(spec, month, *agents, (simulated, how), &demand.ensemble)
            })
            .collect();
        match &spec.simulated {
            Some(SimulatedSpec::Size { .. }) => of_sized += 1,
            Some(SimulatedSpec::Flow { .. }) => of_flow += 1,
            None => {}
        }
        let (title, unit) = (spec.title.clone(), spec.unit.clone());
        outcomes.push(ResourceOutcome { name: name.clone(), title, unit, months });
    }
    outcomes
}

fn need(
    spec: &ResourceSpec,
    month: u32,
    agents: f64,
    (simulated, how): (Option<f64>, How),
    ensemble: &Ensemble,
) -> Need {
    let rule = by_rule(&spec.rule, agents);
    let published = spec.published.iter().find(|value| value.month == month).map(|value| value.value);
    let deviation =
        |value: f64| published.filter(|published| *published > 0.0).map(|published| value / published - 1.0);
    let fan = Fan::of(ensemble.agents.iter().map(|path| by_rule(&spec.rule, path[month as usize])));
    Need {
        month,
        rule,
        fan,
        published,
        rule_deviation: deviation(rule),
        simulated,
        simulated_deviation: simulated.and_then(deviation),
        how,
    }
}

fn verified(sized: &[Sized<'_>], found: &Found) -> Vec<Verified> {
    let row = |(month, plan): (&u32, &Plan)| Verified {
        month: *month,
        agents: plan.agents,
        verdict: plan.seen.verdict,
        missed: plan.seen.missed.clone(),
        goodput_per_s: plan.seen.goodput_per_s,
        latency_p99_s: plan.seen.latency_p99_s,
        turns: plan.seen.turns,
        replications: plan.seen.replications,
        sizes: sized
            .iter()
            .enumerate()
            .map(|(place, of)| SizeRow {
                resource: of.name.to_owned(),
                units: plan.units[place],
                headroom_share: 1.0 - plan.seen.loads[place] / (plan.units[place] * of.per_unit),
                smaller: plan.smaller[place].clone(),
            })
            .collect(),
    };
    found.plans.iter().map(row).collect()
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

fn multipliers(file: &ForecastFile, curve: &Curve) -> Vec<MultiplierRow> {
    let mut rows = Vec::new();
    for multiplier in &file.multipliers {
        for point in &multiplier.points {
            let agents = curve.agents(f64::from(point.month)) / curve.agents(0.0);
            let mut found = Vec::new();
            for name in &multiplier.resources {
                let spec = &file.resources[name];
                let at =
                    |month| spec.published.iter().find(|value| value.month == month).map(|value| value.value);
                // What is published for the month; where nothing is, the rule, which goes with the agents.
                let own = at(point.month).zip(at(0)).map_or(agents, |(now, first)| now / first);
                found.push((spec.title.clone(), own));
            }
            if found.is_empty() {
                found.push(("agents".to_owned(), agents));
            }
            rows.push(MultiplierRow {
                name: multiplier.name.clone(),
                month: point.month,
                stated: point.value,
                found,
            });
        }
    }
    rows
}

fn tiers(file: &ForecastFile, units_usd: &dyn Fn(f64) -> f64) -> Vec<TierRow> {
    let linear = file.cost.linear;
    let both = linear.llm_usd_per_agent_month + linear.infrastructure_usd_per_agent_month;
    let row = |tier: &schema::TierSpec| TierRow {
        name: tier.name.clone(),
        agents: tier.agents,
        usd_published: tier.usd_per_month,
        usd_linear: both * tier.agents,
        usd_computed: cost::llm_usd(file, tier.agents, 0.0, 0) + units_usd(tier.agents),
        resources: tier
            .resources
            .iter()
            .map(|(name, amount)| {
                let spec = &file.resources[name];
                (spec.title.clone(), *amount, by_rule(&spec.rule, tier.agents))
            })
            .collect(),
    };
    file.tiers.iter().map(row).collect()
}

fn notes(inputs: &Inputs<'_>, sized: &[Sized<'_>], found: &Found, demand: &Demand) -> Vec<String> {
    let file = &inputs.read.file;
    let mut notes = Vec::new();
    match inputs.extent {
        Extent::Quick => notes.push(format!(
            "a first look: two replications, and nothing beyond {QUICK_AGENTS_MAX} agents was simulated; not for decisions"
        )),
        Extent::Usual | Extent::Full => {}
    }
    if inputs.platform.is_some() {
        let unsure = found.plans.values().flat_map(|plan| &plan.smaller).flatten();
        let unsure = unsure.filter(|smaller| smaller.verdict == platform::Verdict::Unsure).count();
        if unsure > 0 {
            notes.push(format!(
                "{unsure} next smaller sizes neither meet nor miss the objective beyond doubt"
            ));
        }
        for (month, plan) in &found.plans {
            if plan.seen.verdict != platform::Verdict::Meets {
                notes.push(format!("no sizes were found that meet the objective in month {month}"));
            }
            let whole = libm::round(demand.plan[*month as usize]);
            debug_assert!(
                (plan.agents - whole).abs() < 1.0,
                "all agents are simulated, never a part of them"
            );
        }
        let by_rule: Vec<&str> = file
            .resources
            .iter()
            .filter(|(_, spec)| spec.simulated.is_none())
            .map(|(name, _)| name.as_str())
            .collect();
        if !by_rule.is_empty() && !sized.is_empty() {
            notes.push(format!("by rule alone: {}", by_rule.join(", ")));
        }
    }
    notes.push(format!(
        "limits are sized by the peak of {} turns/s an agent, tokens are priced by a duty cycle of {:.2} %",
        file.turns.peak_per_agent_s,
        file.turns.duty_share * 100.0
    ));
    notes
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
