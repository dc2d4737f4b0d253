//! The agents of each month, and the month of a number of agents.

use super::schema::{Growth, Interpolation, MonthAgents};

/// A demand over continuous months, from 0 on.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    law: Law,
    /// What the stated numbers are multiplied by to be those of the busy hour.
    factor: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Law {
    Table { points: Vec<MonthAgents>, interpolation: Interpolation },
    Exponential { agents: f64, growth: f64 },
    Linear { agents: f64, per_month: f64 },
    Logistic { agents: f64, ceiling: f64, growth: f64 },
}

impl Curve {
    /// The curve of a growth that is no history, multiplied by `factor`. Its numbers have been checked.
    pub fn of(growth: &Growth, factor: f64) -> Option<Self> {
        let law = match growth {
            Growth::Table { points, interpolation } => {
                Law::Table { points: points.clone(), interpolation: *interpolation }
            }
            Growth::Exponential { agents, growth_per_month_share } => {
                Law::Exponential { agents: *agents, growth: *growth_per_month_share }
            }
            Growth::Linear { agents, agents_per_month } => {
                Law::Linear { agents: *agents, per_month: *agents_per_month }
            }
            Growth::Logistic { agents, ceiling, growth_per_month_share } => {
                Law::Logistic { agents: *agents, ceiling: *ceiling, growth: *growth_per_month_share }
            }
            Growth::History(_) => return None,
        };
        Some(Self { law, factor })
    }

    /// The curve through one value a month, from month 0 on.
    pub fn through(values: &[f64]) -> Self {
        let points =
            (0..).zip(values).map(|(month, agents)| MonthAgents { month, agents: *agents }).collect();
        Self { law: Law::Table { points, interpolation: Interpolation::Geometric }, factor: 1.0 }
    }

    /// The same table read in another way; nothing where it is no table.
    #[must_use]
    pub fn read_as(&self, interpolation: Interpolation) -> Option<Self> {
        match &self.law {
            Law::Table { points, .. } => {
                Some(Self { law: Law::Table { points: points.clone(), interpolation }, factor: self.factor })
            }
            Law::Exponential { .. } | Law::Linear { .. } | Law::Logistic { .. } => None,
        }
    }

    /// The agents at `month`, which may lie between months.
    pub fn agents(&self, month: f64) -> f64 {
        self.factor
            * match &self.law {
                Law::Table { points, interpolation } => between(points, *interpolation, month),
                Law::Exponential { agents, growth } => agents * libm::pow(1.0 + growth, month),
                Law::Linear { agents, per_month } => (agents + per_month * month).max(0.0),
                Law::Logistic { agents, ceiling, growth } => {
                    let left = (ceiling - agents) / agents * libm::pow(1.0 + growth, -month);
                    ceiling / (1.0 + left)
                }
            }
    }

    /// The agents of months 0 to `last`.
    pub fn months(&self, last: u32) -> Vec<f64> {
        (0..=last).map(|month| self.agents(f64::from(month))).collect()
    }

    /// The first time at which there are more than `agents`, in months up to `last`; 0 if there are from the start.
    pub fn first_above(&self, agents: f64, last: u32) -> Option<f64> {
        if self.agents(0.0) > agents {
            return Some(0.0);
        }
        let month = (1..=last).find(|month| self.agents(f64::from(*month)) > agents)?;
        let (mut low, mut high) = (f64::from(month - 1), f64::from(month));
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.agents(middle) > agents { high = middle } else { low = middle }
        }
        Some(high)
    }
}

/// What a table says at `month`; beyond its ends, what it says there.
fn between(points: &[MonthAgents], interpolation: Interpolation, month: f64) -> f64 {
    let Some(after) = points.iter().position(|point| f64::from(point.month) >= month) else {
        return points.last().map_or(0.0, |point| point.agents);
    };
    let Some(before) = after.checked_sub(1) else { return points[after].agents };
    let (from, to) = (points[before], points[after]);
    let share = (month - f64::from(from.month)) / f64::from(to.month - from.month);
    match interpolation {
        Interpolation::Geometric => from.agents * libm::pow(to.agents / from.agents, share),
        Interpolation::Linear => from.agents + (to.agents - from.agents) * share,
    }
}

/// The first time at which values, one a month, geometric in between, exceed a level: 0 if they do from the start.
pub fn first_above(values: &[f64], level: f64) -> Option<f64> {
    let month = values.iter().position(|value| *value > level)?;
    let Some(before) = month.checked_sub(1) else { return Some(0.0) };
    let (from, to) = (values[before], values[month]);
    // Both ends positive: demand is.
    Some(before as f64 + libm::log(level / from) / libm::log(to / from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(interpolation: Interpolation) -> Curve {
        let points = [(0, 1e3), (6, 5e3), (12, 2e4), (18, 1e5)];
        let points = points.map(|(month, agents)| MonthAgents { month, agents }).to_vec();
        Curve::of(&Growth::Table { points, interpolation }, 1.0).unwrap()
    }

    #[test]
    fn the_published_table_gives_the_audited_months() {
        let curve = published(Interpolation::Geometric);
        let month = |agents: f64| (curve.first_above(agents, 18).unwrap() * 10.0).round() / 10.0;
        let found = [1e4 / 18.0, 1e4 / 3.0, 4e3, 5e3 / 0.3, 12_500.0, 25_000.0].map(month);
        assert_eq!(found.map(f64::to_bits), [0.0, 4.5, 5.2, 11.2, 10.0, 12.8].map(f64::to_bits));
        assert_eq!(curve.first_above(1e5, 18), None);
    }

    #[test]
    fn the_interpolation_moves_the_total_by_a_sixth() {
        let total = |interpolation| published(interpolation).months(18)[1..].iter().sum::<f64>() * 7.0 / 1e6;
        assert!((total(Interpolation::Geometric) - 3.01).abs() < 0.005);
        assert!((total(Interpolation::Linear) - 3.52).abs() < 0.005);
    }

    #[test]
    fn a_logistic_grows_like_an_exponential_and_stays_below_its_ceiling() {
        let growth = Growth::Logistic { agents: 100.0, ceiling: 1e6, growth_per_month_share: 0.3 };
        let curve = Curve::of(&growth, 2.0).unwrap();
        assert!((curve.agents(1.0) / curve.agents(0.0) - 1.3).abs() < 1e-4);
        assert!(curve.agents(100.0) <= 2e6 && curve.agents(100.0) > 1.99e6);
    }

    #[test]
    fn a_level_between_months_is_found_in_between() {
        assert_eq!(first_above(&[1.0, 4.0], 2.0), Some(0.5));
        assert_eq!(first_above(&[3.0, 4.0], 2.0), Some(0.0));
        assert_eq!(first_above(&[1.0, 1.5], 2.0), None);
    }
}
