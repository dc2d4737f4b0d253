//! What was found, as rows of the result.

use super::calendar::YearMonth;
use super::demand::Curve;
use super::ensemble::{Ensemble, Fan};
use super::outcome::{
    Extent, How, MonthDemand, MultiplierRow, Need, ResourceOutcome, SizeRow, TierRow, Verified,
};
use super::schema::{ForecastFile, ResourceSpec, SimulatedSpec, TierSpec};
use super::supply::{Plan, Sized};
use super::{Demand, Found, Inputs, QUICK_AGENTS_MAX, by_rule, cost, needs, platform};

pub(super) fn months(file: &ForecastFile, start: YearMonth, demand: &Demand) -> Vec<MonthDemand> {
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

pub(super) fn resources(
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

pub(super) fn verified(sized: &[Sized<'_>], found: &Found) -> Vec<Verified> {
    let row = |(month, plan): (&u32, &Plan)| Verified {
        month: *month,
        agents: plan.agents,
        verdict: plan.seen.verdict,
        missed: plan.seen.missed.clone(),
        goodput_per_s: plan.seen.goodput_per_s,
        latency_p99_s: plan.seen.latency_p99_s,
        turns: plan.seen.turns,
        replications: plan.seen.replications,
        hour: plan.hour.clone(),
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

pub(super) fn multipliers(file: &ForecastFile, curve: &Curve) -> Vec<MultiplierRow> {
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

pub(super) fn tiers(file: &ForecastFile, units_usd: &dyn Fn(f64) -> f64) -> Vec<TierRow> {
    let linear = file.cost.linear;
    let both = linear.llm_usd_per_agent_month + linear.infrastructure_usd_per_agent_month;
    let row = |tier: &TierSpec| TierRow {
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

pub(super) fn notes(inputs: &Inputs<'_>, sized: &[Sized<'_>], found: &Found, demand: &Demand) -> Vec<String> {
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
            if plan.hour.as_ref().is_some_and(|hour| hour.verdict != platform::Verdict::Meets) {
                notes.push(format!(
                    "no sizes were found that meet the objective for an hour in month {month}"
                ));
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
