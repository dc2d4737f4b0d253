//! What could be done, compared future by future.
//!
//! Every alternative meets the same futures, so that differences are those of pairs. On each future an alternative loses its
//! cost and the worth of the agents that its limits leave unserved; its regret is what it loses beyond the best one there.
//! Costs are those of the whole demand, so that an alternative does not save by serving less. Of each resource the largest of
//! its limits counts: what is planned anyway is taken as done.

use super::cost::llm_usd;
use super::demand::first_above;
use super::ensemble::{Ensemble, Fan};
use super::limits::Binding;
use super::schema::{Change, ForecastFile, ScenarioSpec};
use serde::{Deserialize, Serialize};

/// An alternative and what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its name; the first is to do nothing.
    pub name: String,
    /// What it is, in words.
    pub about: String,
    /// What it costs over the futures.
    pub cost: Fan,
    /// What it saves against doing nothing, on the same futures.
    pub saved: Fan,
    /// How much later the first of the limits that it touches binds, in months on the same futures, up to the horizon.
    pub months_gained: Fan,
    /// When its first limit binds: the middle of the futures, if it does.
    pub binds: Option<f64>,
    /// Which limit that is most often.
    pub binding: String,
    /// The share of futures in which some agent is not served.
    pub miss_share: f64,
    /// The worth of those who are not served, on average.
    pub unserved_usd: f64,
    /// What it loses beyond the best on each future, on average.
    pub regret: f64,
}

/// All alternatives, and which has the least regret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The alternatives, doing nothing first.
    pub outcomes: Vec<Outcome>,
    /// The place of the one with the least mean regret.
    pub best: usize,
}

/// What an alternative makes of a future.
#[derive(Clone, Copy, Debug)]
struct Fate {
    cost: f64,
    unserved: f64,
    binds: f64,
    limit: usize,
}

/// Compares the alternatives; nothing where the file states none.
pub fn compare(
    file: &ForecastFile,
    bindings: &[Binding],
    ensemble: &Ensemble,
    needs: &dyn Fn(f64) -> Vec<f64>,
) -> Option<Decision> {
    if file.scenarios.is_empty() || ensemble.is_empty() {
        return None;
    }
    let largest = largest(bindings);
    let nothing =
        ScenarioSpec { about: "nothing beyond what is planned".to_owned(), ..ScenarioSpec::default() };
    let named = std::iter::once(("as planned".to_owned(), nothing))
        .chain(file.scenarios.iter().map(|(name, spec)| (name.clone(), spec.clone())));
    let fates: Vec<(String, ScenarioSpec, Vec<Fate>)> = named
        .map(|(name, spec)| {
            let fates = fates(file, &spec, &largest, ensemble, needs);
            (name, spec, fates)
        })
        .collect();
    let paths = ensemble.len();
    let loss = |fate: &Fate| fate.cost + fate.unserved;
    let least: Vec<f64> = (0..paths)
        .map(|path| fates.iter().map(|(_, _, fates)| loss(&fates[path])).fold(f64::INFINITY, f64::min))
        .collect();
    let horizon = f64::from(file.months);
    let before = fates[0].2.clone();
    let gained = |spec: &ScenarioSpec| {
        let touched: Vec<&Binding> =
            largest.iter().copied().filter(|limit| spec.resources.contains_key(&limit.resource)).collect();
        let binds = |path: &Vec<f64>, spec: &ScenarioSpec| first_limit(path, spec, &touched).0.min(horizon);
        let nothing = ScenarioSpec::default();
        Fan::of(ensemble.agents.iter().map(|path| binds(path, spec) - binds(path, &nothing)))
    };
    let outcomes: Vec<Outcome> = fates
        .into_iter()
        .map(|(name, spec, fates)| {
            let pairs = || before.iter().zip(&fates);
            let mean = |value: &dyn Fn(usize) -> f64| (0..paths).map(value).sum::<f64>() / paths as f64;
            let mut counts = vec![0_usize; largest.len()];
            fates.iter().filter(|fate| fate.binds.is_finite()).for_each(|fate| counts[fate.limit] += 1);
            let most = (0..counts.len()).max_by_key(|place| (counts[*place], usize::MAX - place));
            let binding = most.filter(|place| counts[*place] > 0).map_or_else(String::new, |place| {
                format!("{}, {}", largest[place].title, largest[place].limit)
            });
            let mut binds: Vec<f64> = fates.iter().map(|fate| fate.binds).collect();
            binds.sort_by(f64::total_cmp);
            Outcome {
                name,
                about: spec.about.clone(),
                cost: Fan::of(fates.iter().map(|fate| fate.cost)),
                saved: Fan::of(pairs().map(|(before, now)| before.cost - now.cost)),
                months_gained: gained(&spec),
                binds: super::ensemble::quantile(&binds, 0.5).filter(|month| month.is_finite()),
                binding,
                miss_share: fates.iter().filter(|fate| fate.unserved > 0.0 || fate.binds.is_finite()).count()
                    as f64
                    / paths as f64,
                unserved_usd: mean(&|path| fates[path].unserved),
                regret: mean(&|path| loss(&fates[path]) - least[path]),
            }
        })
        .collect();
    let best =
        (0..outcomes.len()).min_by(|one, other| outcomes[*one].regret.total_cmp(&outcomes[*other].regret))?;
    Some(Decision { outcomes, best })
}

/// Of each resource the limit that carries the most.
fn largest(bindings: &[Binding]) -> Vec<&Binding> {
    let mut kept: Vec<&Binding> = Vec::new();
    for binding in bindings {
        match kept.iter_mut().find(|known| known.resource == binding.resource) {
            Some(known) if known.agents() < binding.agents() => *known = binding,
            Some(_) => {}
            None => kept.push(binding),
        }
    }
    kept
}

/// When the first of some limits binds on a future, infinity where none does, and which that is.
fn first_limit(agents: &[f64], spec: &ScenarioSpec, limits: &[&Binding]) -> (f64, usize) {
    for (month, now) in (0_u32..).zip(agents) {
        let (limit, least) = least(spec, limits, month);
        if *now > least {
            // Within the month before, unless the limit itself has moved.
            let since = first_above(agents, least).unwrap_or(f64::from(month));
            return (since.max(f64::from(month) - 1.0).max(0.0), limit);
        }
    }
    (f64::INFINITY, 0)
}

/// The limit that carries the fewest agents in a month, and how many.
fn least(spec: &ScenarioSpec, limits: &[&Binding], month: u32) -> (usize, f64) {
    let carried = |binding: &Binding| {
        let Change { need_factor, limit_factor, .. } =
            spec.resources.get(&binding.resource).copied().unwrap_or_default();
        binding.agents() * if month >= spec.from_month { limit_factor / need_factor } else { 1.0 }
    };
    let all = limits.iter().map(|binding| carried(binding)).enumerate();
    all.min_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((0, f64::INFINITY))
}

/// What becomes of each future.
fn fates(
    file: &ForecastFile,
    spec: &ScenarioSpec,
    limits: &[&Binding],
    ensemble: &Ensemble,
    needs: &dyn Fn(f64) -> Vec<f64>,
) -> Vec<Fate> {
    let prices: Vec<(f64, f64)> = file
        .resources
        .iter()
        .map(|(name, resource)| {
            let Change { need_factor, price_factor, .. } =
                spec.resources.get(name).copied().unwrap_or_default();
            (resource.usd_per_unit_month, need_factor * price_factor)
        })
        .collect();
    let month_cost = |month: u32, agents: f64, decline: f64| {
        let acts = month >= spec.from_month;
        let llm = if acts { spec.llm_cost_factor.unwrap_or(1.0) } else { 1.0 };
        let units = needs(agents);
        let bills = units.iter().zip(&prices);
        let infrastructure: f64 =
            bills.map(|(units, (price, factor))| units * price * if acts { *factor } else { 1.0 }).sum();
        let once = if month == spec.from_month.max(1) { spec.usd_once } else { 0.0 };
        let monthly = if acts { spec.usd_per_month } else { 0.0 };
        llm * llm_usd(file, agents, decline, month as usize) + infrastructure + monthly + once
    };
    let fate = |(agents, decline): (&Vec<f64>, &f64)| {
        let (binds, limit) = first_limit(agents, spec, limits);
        let mut fate = Fate { cost: 0.0, unserved: 0.0, binds, limit };
        for (month, now) in (0_u32..).zip(agents).skip(1) {
            let beyond = (now - least(spec, limits, month).1).max(0.0);
            fate.unserved += beyond * file.unserved_usd_per_agent_month;
            fate.cost += month_cost(month, *now, *decline);
        }
        fate
    };
    ensemble.agents.iter().zip(&ensemble.decline).map(fate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::limits::When;

    fn limit(resource: &str, agents: f64) -> Binding {
        let when = When { plan: None, p10: None, p50: None, p90: None, share: 0.0 };
        Binding {
            resource: resource.to_owned(),
            title: resource.to_owned(),
            limit: "most".to_owned(),
            value: agents,
            value_by_rule: agents,
            unit: String::new(),
            rule_agents: agents,
            rule: when,
            carried: None,
            simulated: None,
            lead_time_days: 0,
        }
    }

    fn raising(resource: &str, limit_factor: f64, from_month: u32) -> ScenarioSpec {
        let change = Change { limit_factor, ..Change::default() };
        let resources = [(resource.to_owned(), change)].into_iter().collect();
        ScenarioSpec { resources, from_month, ..ScenarioSpec::default() }
    }

    const DOUBLING: [f64; 5] = [100.0, 200.0, 400.0, 800.0, 1_600.0];

    #[test]
    fn the_first_limit_binds_between_months() {
        let (a, b) = (limit("a", 283.0), limit("b", 500.0));
        let (month, which) = first_limit(&DOUBLING, &ScenarioSpec::default(), &[&b, &a]);
        assert!((month - 1.5).abs() < 0.01 && which == 1, "{month} {which}");
        assert!(first_limit(&DOUBLING, &ScenarioSpec::default(), &[&limit("c", 2e3)]).0.is_infinite());
    }

    #[test]
    fn raising_a_limit_helps_from_its_month_on() {
        let a = limit("a", 283.0);
        let month = |from| first_limit(&DOUBLING, &raising("a", 2.0, from), &[&a]).0;
        assert!((month(0) - 2.5).abs() < 0.01);
        assert!((month(3) - 1.5).abs() < 0.01, "too late");
    }

    #[test]
    fn of_a_resource_the_largest_limit_counts() {
        let all = [limit("a", 10.0), limit("b", 5.0), limit("a", 30.0)];
        let kept: Vec<f64> = largest(&all).iter().map(|limit| limit.agents()).collect();
        assert_eq!(kept, [30.0, 5.0]);
    }
}
