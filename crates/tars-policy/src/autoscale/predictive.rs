//! The predictive rule: as many agents as the load will need when they are ready.

use alloc::collections::VecDeque;
use alloc::format;

use super::needed::ceiling;
use super::{Metrics, PaceSpec, Scale, ScaleReason, change, check_bounds};
use crate::spec::SpecError;
use crate::units::{Span, Time};

/// As many agents as carry the forecast arrivals (document 001, "Implement predictive scaling (forecast load)").
///
/// At each look the arrival rate is taken in, and the rate is forecast `horizon` ahead: when an agent that is spawned now
/// will be ready. Needed are forecast × mean processing time ÷ (`concurrency` × `target_utilisation`), and never fewer
/// than the present rate needs: a forecast brings agents early, and sends none away early. A forecast below 0 is 0.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct PredictiveSpec {
    /// Fewest agents.
    pub min: u32,
    /// Most agents.
    pub max: u32,
    /// How the rate is forecast.
    pub forecast: Forecast,
    /// How far ahead: the time from a look to the first work of an agent spawned at it.
    pub horizon: Span,
    /// Tasks an agent works on at once.
    pub concurrency: u32,
    /// The share of the agents' time that the forecast load may take: above 0, at most 1.
    pub target_utilisation: f64,
    /// How fast the rule may act.
    pub pace: PaceSpec,
}

/// How a rate is forecast.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Forecast {
    /// It stays as it is: the rule is then no prediction, for comparison.
    Last,
    /// The straight line through the looks of a window, by least squares.
    Linear {
        /// Looks exactly this old are left out.
        window: Span,
    },
    /// Double exponential smoothing (Holt): a level and a trend per second, for looks at any distance of time. The
    /// weights apply to a step of `step` and are compounded for longer and shorter ones.
    Holt {
        /// Weight of the newest rate in the level: above 0, at most 1.
        level_share: f64,
        /// Weight of the newest change in the trend: 0 to 1.
        trend_share: f64,
        /// The step of time that the weights are meant for.
        step: Span,
    },
}

impl Default for PredictiveSpec {
    /// 5 to 20 agents of one task at 80 %, forecast (Holt, 0.5 and 0.3 at steps of 15 s) a cold start and a look ahead; down
    /// after 5 min without a change.
    fn default() -> Self {
        Self {
            min: 5,
            max: 20,
            forecast: Forecast::Holt { level_share: 0.5, trend_share: 0.3, step: Span::from_secs(15) },
            horizon: Span::from_millis(17_500),
            concurrency: 1,
            target_utilisation: 0.8,
            pace: PaceSpec { cooldown_down: Span::from_secs(300), ..PaceSpec::default() },
        }
    }
}

impl PredictiveSpec {
    pub(super) fn validate(&self) -> Result<(), SpecError> {
        check_bounds(self.min, self.max)?;
        if self.concurrency == 0 {
            return Err(SpecError::new("concurrency", "is 0; expected at least 1"));
        }
        check_weight("target_utilisation", self.target_utilisation)?;
        self.forecast.validate().map_err(|error| error.within("forecast"))?;
        self.pace.validate().map_err(|error| error.within("pace"))
    }
}

impl Forecast {
    fn validate(&self) -> Result<(), SpecError> {
        match self {
            Self::Last => Ok(()),
            Self::Linear { window } if window.is_zero() => {
                Err(SpecError::new("linear.window", "is zero; expected a positive span"))
            }
            Self::Linear { .. } => Ok(()),
            Self::Holt { level_share, trend_share, step } => {
                check_weight("holt.level_share", *level_share)?;
                if !(0.0..=1.0).contains(trend_share) {
                    let problem = format!("{trend_share} is no share; expected 0 to 1");
                    return Err(SpecError::new("holt.trend_share", problem));
                }
                if step.is_zero() {
                    return Err(SpecError::new("holt.step", "is zero; expected a positive span"));
                }
                Ok(())
            }
        }
    }
}

/// A share that nothing would come of at 0.
fn check_weight(field: &str, share: f64) -> Result<(), SpecError> {
    if share > 0.0 && share <= 1.0 {
        Ok(())
    } else {
        Err(SpecError::new(field, format!("{share} is impossible; expected above 0, at most 1")))
    }
}

/// The rule at work.
#[derive(Debug)]
pub(super) struct Predictive {
    spec: PredictiveSpec,
    /// The looks of the window, oldest first; one for rules that need no more.
    looks: VecDeque<(Time, f64)>,
    level: f64,
    trend_per_s: f64,
}

impl Predictive {
    pub(super) fn new(spec: &PredictiveSpec) -> Self {
        Self { spec: spec.clone(), looks: VecDeque::new(), level: 0.0, trend_per_s: 0.0 }
    }

    /// What the rule calls for; agents that are starting count.
    pub(super) fn wanted(&mut self, now: Time, metrics: &Metrics) -> Scale {
        let rate = metrics.arrival_rate_per_s;
        if rate.is_finite() {
            self.take_in(now, rate);
        }
        let ahead = self.forecast(now);
        let present = self.needed(rate, metrics);
        let forecast = self.needed(ahead, metrics);
        let needed = present.max(forecast).clamp(self.spec.min, self.spec.max);
        let agents = metrics.agents_active.saturating_add(metrics.agents_starting);
        let reason = match (needed.cmp(&agents), agents) {
            (core::cmp::Ordering::Greater, _) if agents < self.spec.min => ScaleReason::BelowMin,
            (core::cmp::Ordering::Greater, _) if forecast > present => ScaleReason::Forecast,
            (core::cmp::Ordering::Greater | core::cmp::Ordering::Less, _) => ScaleReason::NeededAgents,
            (core::cmp::Ordering::Equal, agents) if agents >= self.spec.max => ScaleReason::AtMax,
            (core::cmp::Ordering::Equal, agents) if agents <= self.spec.min => ScaleReason::AtMin,
            (core::cmp::Ordering::Equal, _) => ScaleReason::Within,
        };
        Scale::new(change(i64::from(needed) - i64::from(agents)), reason)
    }

    fn needed(&self, rate_per_s: f64, metrics: &Metrics) -> u32 {
        let work = rate_per_s * metrics.mean_processing.as_secs_f64();
        ceiling(work / (f64::from(self.spec.concurrency) * self.spec.target_utilisation))
    }

    fn take_in(&mut self, now: Time, rate: f64) {
        match self.spec.forecast {
            Forecast::Last => self.level = rate,
            Forecast::Linear { window } => {
                self.looks.retain(|&(at, _)| at.saturating_add(window) > now);
                self.looks.push_back((now, rate));
            }
            Forecast::Holt { level_share, trend_share, step } => {
                let Some(&(before, _)) = self.looks.back() else {
                    self.level = rate;
                    return self.looks.push_back((now, rate));
                };
                let seconds = now.saturating_since(before).as_secs_f64();
                if seconds > 0.0 {
                    let steps = seconds / step.as_secs_f64();
                    let weight = |share: f64| 1.0 - libm::pow(1.0 - share, steps);
                    let expected = self.level + self.trend_per_s * seconds;
                    let level = expected + weight(level_share) * (rate - expected);
                    let slope = (level - self.level) / seconds;
                    self.trend_per_s += weight(trend_share) * (slope - self.trend_per_s);
                    self.level = level;
                    self.looks[0] = (now, rate);
                }
            }
        }
    }

    /// The rate one horizon ahead of `now`.
    fn forecast(&self, now: Time) -> f64 {
        let horizon = self.spec.horizon.as_secs_f64();
        let ahead = match self.spec.forecast {
            Forecast::Last => self.level,
            Forecast::Linear { .. } => self.line(now, horizon),
            Forecast::Holt { .. } => self.level + self.trend_per_s * horizon,
        };
        ahead.max(0.0)
    }

    /// The line of least squares, `horizon` seconds after `now`; the mean where there is no slope to be had.
    fn line(&self, now: Time, horizon: f64) -> f64 {
        let count = self.looks.len() as f64;
        let age = |at: Time| -now.saturating_since(at).as_secs_f64();
        let mean_age = self.looks.iter().map(|&(at, _)| age(at)).sum::<f64>() / count;
        let mean_rate = self.looks.iter().map(|&(_, rate)| rate).sum::<f64>() / count;
        let (mut product, mut square) = (0.0, 0.0);
        for &(at, rate) in &self.looks {
            let distance = age(at) - mean_age;
            product += distance * (rate - mean_rate);
            square += distance * distance;
        }
        let slope = if square > 0.0 { product / square } else { 0.0 };
        mean_rate + slope * (horizon - mean_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(forecast: Forecast) -> Predictive {
        let spec = PredictiveSpec {
            forecast,
            horizon: Span::from_secs(30),
            min: 1,
            max: 1_000,
            target_utilisation: 1.0,
            ..PredictiveSpec::default()
        };
        spec.validate().expect("a valid rule");
        Predictive::new(&spec)
    }

    fn holt() -> Forecast {
        Forecast::Holt { level_share: 0.5, trend_share: 0.5, step: Span::from_secs(10) }
    }

    fn linear() -> Forecast {
        Forecast::Linear { window: Span::from_secs(60) }
    }

    fn look(rule: &mut Predictive, seconds: u64, rate: f64, agents: u32) -> (i32, ScaleReason) {
        let metrics = Metrics {
            arrival_rate_per_s: rate,
            mean_processing: Span::from_secs(1),
            agents_active: agents,
            ..Metrics::default()
        };
        let scale = rule.wanted(Time::START + Span::from_secs(seconds), &metrics);
        (scale.target_change, scale.reason)
    }

    #[test]
    fn a_ramp_is_met_before_it_comes() {
        // 1 a second more every second: 30 s ahead of 60/s there are 90/s.
        for (forecast, expected) in [(Forecast::Last, 60), (linear(), 90)] {
            let mut rule = rule(forecast);
            for second in (0..60).step_by(10) {
                let _ = look(&mut rule, second, second as f64, 60);
            }
            let (change, reason) = look(&mut rule, 60, 60.0, 60);
            assert_eq!(change, expected - 60);
            assert_eq!(reason, if change > 0 { ScaleReason::Forecast } else { ScaleReason::Within });
        }
        let mut rule = rule(holt());
        for second in (0..600).step_by(10) {
            let _ = look(&mut rule, second, second as f64 + 0.5, 600);
        }
        assert_eq!(look(&mut rule, 600, 600.5, 601), (30, ScaleReason::Forecast));
    }

    #[test]
    fn a_fall_is_not_anticipated() {
        let mut rule = rule(linear());
        for (second, rate) in [(0, 100.0), (10, 90.0), (20, 80.0)] {
            let _ = look(&mut rule, second, rate, 100);
        }
        assert_eq!(look(&mut rule, 30, 70.0, 100), (-30, ScaleReason::NeededAgents));
    }

    #[test]
    fn one_look_and_looks_at_one_moment_have_no_slope() {
        for forecast in [linear(), holt()] {
            let mut rule = rule(forecast);
            assert_eq!(look(&mut rule, 5, 10.0, 10), (0, ScaleReason::Within));
            assert_eq!(look(&mut rule, 5, 10.0, 10), (0, ScaleReason::Within));
        }
    }

    #[test]
    fn looks_older_than_the_window_do_not_tilt_the_line() {
        let mut rule = rule(linear());
        let _ = look(&mut rule, 0, 1_000.0, 10);
        let _ = look(&mut rule, 50, 10.0, 10);
        assert_eq!(look(&mut rule, 60, 10.0, 10), (0, ScaleReason::Within));
    }

    #[test]
    fn a_rate_that_is_not_a_number_is_passed_over() {
        let mut rule = rule(holt());
        let _ = look(&mut rule, 0, 10.0, 10);
        assert_eq!(look(&mut rule, 10, f64::NAN, 10), (0, ScaleReason::Within));
    }

    #[test]
    fn impossible_specifications_name_the_field() {
        let error = |change: fn(&mut PredictiveSpec)| {
            let mut spec = PredictiveSpec::default();
            change(&mut spec);
            spec.validate().expect_err("it is impossible").field
        };
        assert_eq!(error(|spec| spec.min = 21), "min");
        assert_eq!(error(|spec| spec.concurrency = 0), "concurrency");
        assert_eq!(error(|spec| spec.target_utilisation = 0.0), "target_utilisation");
        assert_eq!(
            error(|spec| spec.forecast = Forecast::Linear { window: Span::ZERO }),
            "forecast.linear.window"
        );
        let step = Span::from_secs(1);
        let weights = |level_share, trend_share, step| {
            let forecast = Forecast::Holt { level_share, trend_share, step };
            PredictiveSpec { forecast, ..PredictiveSpec::default() }.validate().expect_err("impossible").field
        };
        assert_eq!(weights(0.0, 0.5, step), "forecast.holt.level_share");
        assert_eq!(weights(0.5, 1.1, step), "forecast.holt.trend_share");
        assert_eq!(weights(0.5, 0.5, Span::ZERO), "forecast.holt.step");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_fewer_than_the_present_rate_needs(
            steps in proptest::collection::vec((0_u64..60, 0.0..500.0_f64), 1..40)
        ) {
            for forecast in [Forecast::Last, linear(), holt()] {
                let mut rule = rule(forecast);
                let mut second = 0;
                for &(gap, rate) in &steps {
                    second += gap;
                    let agents = i64::from(look(&mut rule, second, rate, 0).0);
                    prop_assert!(agents as f64 >= libm::ceil(rate), "{agents} agents for {rate}/s");
                    prop_assert!(agents <= 1_000);
                }
            }
        }
    }
}
