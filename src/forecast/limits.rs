//! When limits bind, and what has to be ordered by when.

use super::calendar::{YearMonth, day_at};
use super::demand::{Curve, first_above};
use super::ensemble::{Ensemble, quantile};
use super::schema::{ForecastFile, LimitSpec, ResourceSpec};
use super::supply::Carried;
use serde::{Deserialize, Serialize};

/// Days of a month on average.
const DAYS_PER_MONTH: f64 = 30.4375;

/// When something happens over the futures: nothing where it is beyond the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct When {
    /// Along the plan.
    pub plan: Option<f64>,
    /// In a tenth of the futures it happens before this.
    pub p10: Option<f64>,
    /// In half.
    pub p50: Option<f64>,
    /// In nine tenths.
    pub p90: Option<f64>,
    /// The share of futures in which it happens within the horizon.
    pub share: f64,
}

/// A limit and when it binds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// The resource.
    pub resource: String,
    /// What it is called.
    pub title: String,
    /// What limits it.
    pub limit: String,
    /// The most there is.
    pub value: f64,
    /// The same in units of the rule: more than the value where its units carry more agents.
    pub value_by_rule: f64,
    /// In this unit.
    pub unit: String,
    /// How many agents that carries by rule.
    pub rule_agents: f64,
    /// When there are more.
    pub rule: When,
    /// How many it carries in the simulation: the most that met the objective, and the fewest that missed it.
    pub carried: Option<Carried>,
    /// When there are more than met it.
    pub simulated: Option<When>,
    /// From the order to the use, in days.
    pub lead_time_days: u32,
}

/// What has to be ordered by when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// What, in words.
    pub order: String,
    /// The limit that asks for it.
    pub limit: String,
    /// The resource.
    pub resource: String,
    /// The month in which it is needed in a tenth of the futures.
    pub needed_month: f64,
    /// That as a date.
    pub needed: String,
    /// The last day to order so that nine futures in ten are served: the start where that has passed.
    pub order_by: String,
    /// From the order to the use, in days.
    pub lead_time_days: u32,
    /// The share of futures in which it comes late if it is ordered at the start.
    pub late_if_now: f64,
    /// The same if it is ordered on `order_by`.
    pub late_if_by_date: f64,
    /// The same if it is ordered when the plan says: a lead time before the limit binds along it.
    pub late_if_by_plan: f64,
}

/// The number of agents at which a limit is reached by rule.
pub fn rule_agents(resource: &ResourceSpec, limit: &LimitSpec) -> f64 {
    limit.value / limit.per_agent.unwrap_or(resource.rule.per_agent)
}

/// When the agents exceed a number, along the plan and over the futures.
pub fn when(agents: f64, curve: &Curve, ensemble: &Ensemble, months: u32) -> When {
    let mut times = times(agents, ensemble);
    times.sort_by(f64::total_cmp);
    let at = |level| quantile(&times, level).filter(|month| month.is_finite());
    let within = times.iter().filter(|time| time.is_finite()).count();
    When {
        plan: curve.first_above(agents, months),
        p10: at(0.1),
        p50: at(0.5),
        p90: at(0.9),
        share: within as f64 / times.len().max(1) as f64,
    }
}

/// When each future exceeds a number of agents; infinity where it does not.
fn times(agents: f64, ensemble: &Ensemble) -> Vec<f64> {
    ensemble.agents.iter().map(|path| first_above(path, agents).unwrap_or(f64::INFINITY)).collect()
}

impl Binding {
    /// The agents that the limit carries: in the simulation where it was run, else by rule.
    pub fn agents(&self) -> f64 {
        self.carried.map_or(self.rule_agents, |carried| carried_agents(&carried))
    }

    /// When it binds: in the simulation where it was run, else by rule.
    pub fn when(&self) -> When {
        self.simulated.unwrap_or(self.rule)
    }
}

/// The most agents that met the objective; where even the fewest tried missed it, those.
pub fn carried_agents(carried: &Carried) -> f64 {
    carried.met.or(carried.missed).unwrap_or(carried.by_formula)
}

/// The orders, by the date they are due; limits that bind in no future are left out.
pub fn actions(
    file: &ForecastFile,
    bindings: &[Binding],
    start: YearMonth,
    ensemble: &Ensemble,
) -> Vec<Action> {
    let mut actions: Vec<Action> = bindings
        .iter()
        .filter_map(|binding| {
            let when = binding.when();
            let needed_month = when.p10.or(when.plan)?;
            let resource = file.resources.get(&binding.resource)?;
            let lead = f64::from(binding.lead_time_days) / DAYS_PER_MONTH;
            let order_month = (needed_month - lead).max(0.0);
            let needed = day_at(start, needed_month);
            let order_by = needed.plus(-i64::from(binding.lead_time_days)).max(start.first_day());
            let times = times(binding.agents(), ensemble);
            let late = |ordered: f64| {
                times.iter().filter(|time| **time < ordered + lead).count() as f64 / times.len().max(1) as f64
            };
            let by_plan = when.plan.map_or(order_month, |plan| (plan - lead).max(0.0));
            Some(Action {
                order: resource.order.clone(),
                limit: binding.limit.clone(),
                resource: binding.resource.clone(),
                needed_month,
                needed: needed.to_string(),
                order_by: order_by.to_string(),
                lead_time_days: binding.lead_time_days,
                late_if_now: late(0.0),
                late_if_by_date: late(order_month),
                late_if_by_plan: late(by_plan),
            })
        })
        .collect();
    actions.sort_by(|one, other| {
        (&one.order_by, one.needed_month.to_bits()).cmp(&(&other.order_by, other.needed_month.to_bits()))
    });
    actions
}
