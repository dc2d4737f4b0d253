//! From a history to futures: which method goes on, and how far apart its futures lie.

use super::backtest::{Backtest, backtest};
use super::calendar::YearMonth;
use super::ensemble::Ensemble;
use super::history::History;
use super::model::{Fitted, Method};
use super::outcome::HistoryOutcome;
use super::schema::{HistorySpec, Step, UncertaintySpec};
use crate::stats::student_t_quantile;

/// A history with the method that continues it.
#[derive(Debug)]
pub struct Past {
    /// What is told of it.
    pub outcome: HistoryOutcome,
    fitted: Fitted,
    /// The last month that is known.
    last: f64,
    /// Months from the last that is known to month 0.
    lag: usize,
}

impl Past {
    /// Chooses the method by its backtest on months, unless the file names one.
    ///
    /// # Errors
    /// Where the history has fewer than three whole months, ends after the start, or does not suit the named method.
    pub fn new(history: &History, spec: &HistorySpec, start: YearMonth) -> Result<Self, String> {
        let (first, months, mut told) = history.months();
        let known = months.len();
        if known < 3 {
            return Err(format!(
                "error: the history covers {known} whole months, and three at least show a growth"
            ));
        }
        let season = spec.season.map_or(history.season(), |season| season as usize);
        let horizon = spec.backtest_horizon as usize;
        let of_rows = backtest(&history.values, season, horizon);
        let of_months = match history.step {
            Step::Month => None,
            Step::Day | Step::Hour => backtest(&months, 12, horizon.min(known / 2).max(1)),
        };
        let judge = if history.step == Step::Month { of_rows.as_ref() } else { of_months.as_ref() };
        let chosen = spec.model.or(judge.map(|judge| judge.chosen));
        // Too short to ask the past: what growth there is goes on.
        let method = chosen.unwrap_or(Method::Growth);
        let yearly = if history.step == Step::Month { season } else { 12 };
        let fitted =
            Fitted::new(method, &months, yearly).or_else(|| Fitted::new(Method::Naive, &months, yearly));
        let fitted =
            fitted.filter(|_| spec.model.is_none() || Fitted::new(method, &months, yearly).is_some());
        let name = method.name();
        let fitted = fitted.ok_or_else(|| {
            format!("error: the method {name} does not suit this history of {known} months")
        })?;
        let told_by = judge.and_then(|judge| judge.rows.iter().find(|row| row.method == method));
        // A method that was too sure of itself in the past is not believed again; one that was not is left as it is.
        let stretch = told_by.map_or(1.0, |row| row.stretch.max(1.0));
        let fitted = fitted.stretched(stretch);
        let lag = i64::from(start.index()) + 1 - first - i64::try_from(known).unwrap_or(i64::MAX / 2);
        let lag = usize::try_from(lag).map_err(|_| {
            "error: the history goes on after the start: let the forecast start with its last month"
                .to_owned()
        })?;
        if lag > 0 {
            told.push(format!("it ends {lag} months before the start, which are forecast too"));
        }
        let mut repairs = history.repairs.clone();
        repairs.extend(told);
        let outcome = HistoryOutcome {
            rows: history.values.len(),
            repairs,
            finding: finding(judge),
            stretch,
            coverage: told_by.map(|row| (row.coverage, row.coverage_stretched)),
            backtest: of_rows,
            months: of_months,
            method,
            peak_over_mean: history.peak_over_mean(),
        };
        Ok(Self { outcome, fitted, last: months[known - 1], lag })
    }

    /// The middle of each month from 0 to `last`, and the futures around it, as multiples by `factor`.
    ///
    /// A future keeps its place among the futures: it is the same quantile in every month.
    pub fn futures(&self, last: u32, factor: f64, spec: &UncertaintySpec) -> (Vec<f64>, Ensemble) {
        let horizon = last as usize;
        let along = |t: f64| -> Vec<f64> {
            (0..=horizon)
                .map(|month| match month + self.lag {
                    0 => factor * self.last.max(1e-9),
                    // Demand may come close to nothing, and never to it: what is sized needs an agent.
                    ahead => factor * self.fitted.ahead(ahead).at(t).max(1e-9 * self.last.max(1.0)),
                })
                .collect()
        };
        let freedom = self.fitted.ahead(1).freedom;
        let ensemble = Ensemble::drawn(spec, |streams| {
            along(student_t_quantile(streams.stream("forecast", "growth").open_unit(), freedom))
        });
        (along(0.0), ensemble)
    }
}

/// What a backtest says, in a sentence.
fn finding(judge: Option<&Backtest>) -> String {
    let Some(judge) = judge else {
        return "the history is too short for a backtest".to_owned();
    };
    let share = |method| {
        let row = judge.rows.iter().find(|row| row.method == method);
        format!("{:.0} %", row.map_or(1.0, |row| row.crps_share) * 100.0)
    };
    let (best, chosen, origins) = (judge.best, judge.chosen, judge.origins);
    let simpler = if chosen == best {
        String::new()
    } else {
        let own = chosen.name();
        format!("; {own}, with {}, is the simplest that is no worse beyond a standard error", share(chosen))
    };
    match (best, judge.beats_naive) {
        (Method::Naive, _) => format!("nothing beats the naive method{simpler}"),
        (best, true) => {
            let name = best.name();
            format!(
                "{name} is best, with {} of the naive method's score over {origins} origins{simpler}",
                share(best)
            )
        }
        (best, false) => format!(
            "nothing beats the naive method beyond doubt; {} comes nearest with {} of its score over {origins} origins{simpler}",
            best.name(),
            share(best)
        ),
    }
}
