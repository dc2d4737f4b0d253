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
use serde::Serialize;

/// An alternative and what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name; the first is to do nothing.
    pub name: String,
    /// What it is, in words.
    pub about: String,
    /// What it costs over the futures.
    pub cost: Fan,
    /// What it saves against doing nothing, on the same futures.
    pub saved: Fan,
    /// How much later the first limit binds, in months on the same futures, capped by the horizon.
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
                about: spec.about,
                cost: Fan::of(fates.iter().map(|fate| fate.cost)),
                saved: Fan::of(pairs().map(|(before, now)| before.cost - now.cost)),
                months_gained: Fan::of(
                    pairs().map(|(before, now)| now.binds.min(horizon) - before.binds.min(horizon)),
                ),
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

fn fates(
    file: &ForecastFile,
    spec: &ScenarioSpec,
    limits: &[&Binding],
    ensemble: &Ensemble,
    needs: &dyn Fn(f64) -> Vec<f64>,
) -> Vec<Fate> {
    let change = |name: &str| spec.resources.get(name).copied().unwrap_or_default();
    let carried = |binding: &Binding, month: u32| {
        let Change { need_factor, limit_factor, .. } = change(&binding.resource);
        let acts = month >= spec.from_month;
        binding.agents() * if acts { limit_factor / need_factor } else { 1.0 }
    };
    let prices: Vec<(f64, f64)> = file
        .resources
        .iter()
        .map(|(name, resource)| {
            let Change { need_factor, price_factor, .. } = change(name);
            (resource.usd_per_unit_month, need_factor * price_factor)
        })
        .collect();
    let fate = |(agents, decline): (&Vec<f64>, &f64)| {
        let mut fate = Fate { cost: 0.0, unserved: 0.0, binds: f64::INFINITY, limit: 0 };
        for (month, now) in (0_u32..).zip(agents) {
            let acts = month >= spec.from_month;
            let (limit, least) = limits
                .iter()
                .map(|binding| carried(binding, month))
                .enumerate()
                .min_by(|one, other| one.1.total_cmp(&other.1))
                .unwrap_or((0, f64::INFINITY));
            if *now > least && fate.binds.is_infinite() {
                // Within the month before, unless the limit itself has moved.
                let since = first_above(agents, least).unwrap_or(f64::from(month));
                (fate.binds, fate.limit) = (since.max(f64::from(month) - 1.0).max(0.0), limit);
            }
            if month == 0 {
                continue;
            }
            fate.unserved += (now - least).max(0.0) * file.unserved_usd_per_agent_month;
            let llm = if acts { spec.llm_cost_factor.unwrap_or(1.0) } else { 1.0 };
            fate.cost += llm * llm_usd(file, *now, *decline, month as usize);
            let units = needs(*now);
            fate.cost += units
                .iter()
                .zip(&prices)
                .map(|(units, (price, factor))| units * price * if acts { *factor } else { 1.0 })
                .sum::<f64>();
            fate.cost += if acts { spec.usd_per_month } else { 0.0 };
            fate.cost += if month == spec.from_month.max(1) { spec.usd_once } else { 0.0 };
        }
        fate
    };
    ensemble.agents.iter().zip(&ensemble.decline).map(fate).collect()
}
