//! Many futures: demand and prices, drawn path by path from named streams.
//!
//! Path `p` draws the same whatever else is drawn: more paths keep those there were, and scenarios meet the same futures.

use super::schema::UncertaintySpec;
use crate::random::{Sampler, Streams};

/// Futures, month by month.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// The agents of the busy hour: a row a path, a value a month from 0 on.
    pub agents: Vec<Vec<f64>>,
    /// How much prices fall in a year on each path, as a share.
    pub decline: Vec<f64>,
}

/// What 80 % of the paths lie between, and the middle.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fan {
    /// A tenth of the paths lies below.
    pub p10: f64,
    /// Half.
    pub p50: f64,
    /// Nine tenths.
    pub p90: f64,
}

impl Ensemble {
    /// Futures around the agents of each month: growth since month 0 stretched on a logarithmic scale by a factor a path,
    /// and each month moved by a factor that stays.
    pub fn around(agents: &[f64], spec: &UncertaintySpec) -> Self {
        let (growth, month) = (Sampler::of_counts(&spec.growth), Sampler::of_counts(&spec.month));
        Self::drawn(spec, |streams| {
            let stretch = growth.sample(streams.stream("forecast", "growth").unit());
            let mut steps = streams.stream("forecast", "month");
            let mut moved = 1.0;
            let first = agents[0];
            let later = agents[1..].iter().map(|now| {
                moved *= month.sample(steps.unit());
                first * libm::pow(now / first, stretch) * moved
            });
            std::iter::once(first).chain(later).collect()
        })
    }

    /// Futures whose demand `path` makes of its own streams.
    pub fn drawn(spec: &UncertaintySpec, path: impl Fn(&Streams) -> Vec<f64>) -> Self {
        let decline = Sampler::of_counts(&spec.price_decline_per_year);
        let streams = (0..u64::from(spec.paths)).map(|number| Streams::new(spec.seed, number));
        let (agents, decline) = streams
            .map(|streams| (path(&streams), decline.sample(streams.stream("forecast", "price").unit())))
            .unzip();
        Self { agents, decline }
    }

    /// The agents of a month over the paths.
    pub fn fan(&self, month: usize) -> Fan {
        Fan::of(self.agents.iter().map(|path| path[month]))
    }

    /// How many futures there are.
    pub fn len(&self) -> usize {
        self.agents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }
}

impl Fan {
    /// Over some values, none of which is no number; all zero where there are none.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |level| quantile(&values, level).unwrap_or(0.0);
        Self { p10: at(0.1), p50: at(0.5), p90: at(0.9) }
    }
}

/// The quantile of sorted values, linear between order statistics.
pub fn quantile(sorted: &[f64], level: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = last as f64 * level;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the values")]
    let below = libm::floor(position) as usize;
    let (from, to) = (sorted[below], sorted[(below + 1).min(last)]);
    let share = position - below as f64;
    // Beyond the horizon is written as infinity, which has no middle with anything.
    Some(if share == 0.0 || from.total_cmp(&to).is_eq() { from } else { from + share * (to - from) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::distribution::Law;

    fn spec(paths: u32) -> UncertaintySpec {
        let law = |text| serde_json::from_str::<Law<f64>>(text).unwrap();
        UncertaintySpec {
            paths,
            seed: 7,
            growth: law(r#"{"lognormal": {"mean": 1, "cv": 0.2}}"#),
            month: law(r#"{"lognormal": {"mean": 1, "cv": 0.1}}"#),
            price_decline_per_year: law(r#"{"uniform": {"low": 0, "high": 0.4}}"#),
        }
    }

    #[test]
    fn more_paths_keep_those_there_were() {
        let agents = [1e3, 2e3, 4e3];
        let (few, many) = (Ensemble::around(&agents, &spec(10)), Ensemble::around(&agents, &spec(50)));
        assert_eq!(few.agents[..], many.agents[..10]);
        assert_eq!(few.decline[..], many.decline[..10]);
    }

    #[test]
    fn futures_start_together_and_part() {
        let ensemble = Ensemble::around(&[1e3, 2e3, 4e3, 8e3], &spec(1_000));
        let width = |month| ensemble.fan(month).p90 / ensemble.fan(month).p10;
        assert!((width(0) - 1.0).abs() < 1e-12);
        assert!(width(1) < width(2) && width(2) < width(3));
        assert!((ensemble.fan(3).p50 / 8e3 - 1.0).abs() < 0.1);
    }

    #[test]
    fn without_uncertainty_each_future_is_the_plan() {
        let agents = [1e3, 2e3];
        let ensemble = Ensemble::around(&agents, &UncertaintySpec { paths: 3, ..UncertaintySpec::default() });
        assert_eq!(ensemble.agents, vec![agents.to_vec(); 3]);
    }

    #[test]
    fn quantiles_lie_between_order_statistics() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.25), Some(1.5));
        assert_eq!(quantile(&[1.0, f64::INFINITY, f64::INFINITY], 0.9), Some(f64::INFINITY));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
