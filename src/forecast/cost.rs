//! What a month costs: by the published rule, and from turns, tokens and units.
//!
//! Two loads are kept apart. Agents at work take turns at the peak rate, and limits are sized by that; over a month they are
//! at work for the duty cycle, and tokens are priced by that.

use super::ensemble::{Ensemble, Fan, quantile};
use super::schema::{CommitmentSpec, CostSpec, ForecastFile, TurnSpec};
use serde::{Deserialize, Serialize};

/// The mean price of a turn in dollars, tokens of the mix at today's prices.
pub fn turn_usd(turns: &TurnSpec) -> f64 {
    let cached = turns.input_tokens * turns.cached_share;
    let plain = turns.input_tokens - cached;
    let of = |model: &super::schema::TurnModel| {
        plain * model.input_usd_per_million_tokens
            + cached * model.cached_usd_per_million_tokens
            + turns.output_tokens * model.output_usd_per_million_tokens
    };
    turns.models.values().map(|model| model.share * of(model) / 1e6).sum()
}

/// The turns of an agent in a month at work all the time.
pub fn full_turns(turns: &TurnSpec, cost: &CostSpec) -> f64 {
    turns.peak_per_agent_s * cost.hours_per_month * 3_600.0
}

/// What a price is at a month when it falls by `decline` a year.
pub fn price_factor(decline: f64, month: f64) -> f64 {
    libm::pow(1.0 - decline, month / 12.0)
}

/// What the published rule and the price of tokens say of each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Implied {
    /// Dollars an agent-month of turns without a pause.
    pub full_duty_usd: f64,
    /// Dollars an agent-month of turns in the stated duty cycle.
    pub duty_usd: f64,
    /// The published dollars an agent-month.
    pub linear_usd: f64,
    /// The duty cycle that the published dollars pay for.
    pub duty_share: f64,
    /// The tokens a turn that they pay for, without a pause.
    pub tokens_per_turn: f64,
    /// How many times the published dollars turns without a pause cost.
    pub full_duty_factor: f64,
}

/// Holds the published rule against the price of tokens (audit G3).
pub fn implied(turns: &TurnSpec, cost: &CostSpec) -> Implied {
    let full_duty_usd = full_turns(turns, cost) * turn_usd(turns);
    let linear_usd = cost.linear.llm_usd_per_agent_month;
    let tokens = turns.input_tokens + turns.output_tokens;
    Implied {
        full_duty_usd,
        duty_usd: full_duty_usd * turns.duty_share,
        linear_usd,
        duty_share: linear_usd / full_duty_usd,
        tokens_per_turn: tokens * linear_usd / full_duty_usd,
        full_duty_factor: full_duty_usd / linear_usd,
    }
}

/// A month's dollars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthCost {
    /// The month.
    pub month: u32,
    /// The agents of the busy hour.
    pub agents: f64,
    /// The provider, by the published rule.
    pub linear_llm: f64,
    /// The rest, by the published rule.
    pub linear_infrastructure: f64,
    /// The provider, as published for this month.
    pub published_llm: Option<f64>,
    /// The rest, as published for this month.
    pub published_infrastructure: Option<f64>,
    /// The provider, from turns, the duty cycle and tokens, at the middle of the prices.
    pub computed_llm: f64,
    /// The rest, from units and their prices.
    pub computed_infrastructure: f64,
    /// The provider, were agents at work all the time.
    pub full_duty_llm: f64,
    /// The computed total over the futures.
    pub computed: Fan,
    /// The computed total since month 1 over the futures.
    pub cumulative: Fan,
    /// Computed dollars an agent.
    pub usd_per_agent: f64,
    /// Computed dollars a thousand turns.
    pub usd_per_1000_turns: f64,
}

/// Dollars from month 1 to the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// By the published rule, for the provider.
    pub linear_llm: f64,
    /// By the published rule, for the rest.
    pub linear_infrastructure: f64,
    /// Both.
    pub linear: f64,
    /// Both, were the table read in the other way.
    pub linear_alternative: Option<f64>,
    /// Computed along the plan.
    pub computed: f64,
    /// Computed over the futures.
    pub computed_fan: Fan,
}

/// The dollars of the provider in a month on one future.
pub fn llm_usd(file: &ForecastFile, agents: f64, decline: f64, month: usize) -> f64 {
    let turns = full_turns(&file.turns, &file.cost) * file.turns.duty_share * agents;
    turns * turn_usd(&file.turns) * price_factor(decline, month as f64)
}

/// The months' dollars along the plan and over the futures; `units_usd` prices what some agents need.
pub fn months(
    file: &ForecastFile,
    plan: &[f64],
    ensemble: &Ensemble,
    units_usd: &dyn Fn(f64) -> f64,
) -> Vec<MonthCost> {
    let middle = Fan::of(ensemble.decline.iter().copied()).p50;
    let totals = path_totals(file, ensemble, units_usd);
    let published = |values: &[super::schema::MonthValue], month: u32| {
        values.iter().find(|value| value.month == month).map(|value| value.value)
    };
    let linear = file.cost.linear;
    let turns = full_turns(&file.turns, &file.cost);
    let fan = |month: usize, from: usize| Fan::of(totals.iter().map(|path| path[from..=month].iter().sum()));
    (0_u32..)
        .zip(plan)
        .map(|(month, agents)| {
            let place = month as usize;
            let computed_llm = llm_usd(file, *agents, middle, place);
            let computed_infrastructure = units_usd(*agents);
            let computed = computed_llm + computed_infrastructure;
            MonthCost {
                month,
                agents: *agents,
                linear_llm: linear.llm_usd_per_agent_month * agents,
                linear_infrastructure: linear.infrastructure_usd_per_agent_month * agents,
                published_llm: published(&file.cost.published_llm, month),
                published_infrastructure: published(&file.cost.published_infrastructure, month),
                computed_llm,
                computed_infrastructure,
                full_duty_llm: turns
                    * agents
                    * turn_usd(&file.turns)
                    * price_factor(middle, f64::from(month)),
                computed: fan(place, place),
                cumulative: if place == 0 { Fan { p10: 0.0, p50: 0.0, p90: 0.0 } } else { fan(place, 1) },
                usd_per_agent: computed / agents,
                usd_per_1000_turns: computed / (agents * turns * file.turns.duty_share) * 1e3,
            }
        })
        .collect()
}

/// The dollars of each month on each future.
pub fn path_totals(
    file: &ForecastFile,
    ensemble: &Ensemble,
    units_usd: &dyn Fn(f64) -> f64,
) -> Vec<Vec<f64>> {
    let path = |(agents, decline): (&Vec<f64>, &f64)| {
        let month =
            |(month, agents): (usize, &f64)| llm_usd(file, *agents, *decline, month) + units_usd(*agents);
        agents.iter().enumerate().map(month).collect()
    };
    ensemble.agents.iter().zip(&ensemble.decline).map(path).collect()
}

/// The dollars from month 1 to the last.
pub fn totals(months: &[MonthCost], alternative: Option<&[f64]>, file: &ForecastFile) -> Totals {
    let later = || months.iter().skip(1);
    let linear_llm = later().map(|month| month.linear_llm).sum();
    let linear_infrastructure = later().map(|month| month.linear_infrastructure).sum();
    let linear = file.cost.linear;
    let both = linear.llm_usd_per_agent_month + linear.infrastructure_usd_per_agent_month;
    let nothing = Fan { p10: 0.0, p50: 0.0, p90: 0.0 };
    Totals {
        linear_llm,
        linear_infrastructure,
        linear: linear_llm + linear_infrastructure,
        linear_alternative: alternative.map(|agents| agents[1..].iter().sum::<f64>() * both),
        computed: later().map(|month| month.computed_llm + month.computed_infrastructure).sum(),
        computed_fan: months.last().map_or(nothing, |month| month.cumulative),
    }
}

/// What a commitment would be worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commitment {
    /// Its name.
    pub name: String,
    /// What is taken off.
    pub discount_share: f64,
    /// Its first month.
    pub from_month: u32,
    /// Its months.
    pub term_months: u32,
    /// The share of it that has to be used so that it costs no more than list prices.
    pub break_even_share: f64,
    /// The spend a month at list prices that saves the most on average.
    pub best_usd_per_month: f64,
    /// What that saves over its months, over the futures.
    pub saved: Fan,
    /// The share of futures in which it saves nothing.
    pub loss_share: f64,
}

/// Finds the best size of a commitment.
///
/// With a discount d, a commitment of K a month costs (1 − d) K and what is spent beyond K; that is least on average where
/// a spend exceeds K with probability 1 − d: at the d-quantile of spends (the newsvendor's rule).
pub fn commitment(name: &str, spec: &CommitmentSpec, file: &ForecastFile, ensemble: &Ensemble) -> Commitment {
    let months =
        spec.from_month as usize..=(spec.from_month + spec.term_months - 1).min(file.months) as usize;
    let spends: Vec<Vec<f64>> = ensemble
        .agents
        .iter()
        .zip(&ensemble.decline)
        .map(|(agents, decline)| {
            months.clone().map(|month| llm_usd(file, agents[month], *decline, month)).collect()
        })
        .collect();
    let mut all: Vec<f64> = spends.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let level = quantile(&all, spec.discount_share).unwrap_or(0.0);
    let saved = |path: &Vec<f64>| -> f64 {
        let cost = |spend: &f64| (1.0 - spec.discount_share) * level + (spend - level).max(0.0);
        path.iter().map(|spend| spend - cost(spend)).sum()
    };
    let saved: Vec<f64> = spends.iter().map(saved).collect();
    Commitment {
        name: name.to_owned(),
        discount_share: spec.discount_share,
        from_month: spec.from_month,
        term_months: spec.term_months,
        break_even_share: 1.0 - spec.discount_share,
        best_usd_per_month: level,
        loss_share: saved.iter().filter(|saved| **saved <= 0.0).count() as f64 / saved.len().max(1) as f64,
        saved: Fan::of(saved.into_iter()),
    }
}
