//! The simulator against queueing theory and exact replays: a committed suite of systems whose behaviour is known.
//!
//! A [`Case`] is an experiment in the ordinary format, with overrides, and what its metrics are in truth. Each is run
//! as it stands; nothing here reaches around the format.
//!
//! Over the m comparisons of a suite that rest on chance, one passes if
//!
//! - |simulated − expected| ≤ t(1 − 0.0005/m; R − 1) · SE, so that a sound simulator fails the whole suite once in a
//!   thousand seeds, and
//! - SE / expected is at most half the tolerance (5 % in the short form, 1 % in the full one), so that a wide interval
//!   does not pass.
//!
//! A comparison that does not rest on chance holds to a nanosecond.
//!
//! ```
//! use tars_sim::analysis::validate::{Options, suite, validate};
//!
//! let exact: Vec<_> = suite().into_iter().filter(|case| case.name.starts_with("exact")).collect();
//! let report = validate(&exact, &Options::default());
//! assert!(report.passed(), "{}", report.failures());
//! assert!(report.to_csv().starts_with("case,metric,expected,simulated"));
//! ```

mod case;
pub mod coverage;
mod measured;
mod mutants;
mod prefixes;
pub mod replays;
mod suite;
pub(crate) mod table;

pub use case::{Case, Check, Experiment, Within};
pub use mutants::{Mutant, mutants};
pub use suite::{FILES, suite};

use crate::stats::{Estimate, student_t_quantile};
use measured::Measured;

/// How closely a suite is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Some two minutes on two cores: tolerance 5 %.
    #[default]
    Short,
    /// Twenty-five times the work: tolerance 1 %.
    Full,
}

impl Form {
    /// The relative error of which a standard error may be half.
    pub const fn tolerance(self) -> f64 {
        match self {
            Self::Short => 0.05,
            Self::Full => 0.01,
        }
    }
}

/// How a suite is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How closely it is looked at.
    pub form: Form,
    /// Where public traces are, for cases that replay one.
    pub data: Option<std::path::PathBuf>,
}

/// What became of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// The simulated value is too far from the expected one.
    Off,
    /// The interval is too wide to tell.
    Wide,
    /// There was nothing to compare, and why.
    Missing(String),
}

impl Verdict {
    /// In one word, or the reason why there is none.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Holds => "holds",
            Self::Off => "OFF",
            Self::Wide => "WIDE",
            Self::Missing(why) => why,
        }
    }
}

/// One comparison.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub case: String,
    /// What the metric is called in reports and files.
    pub metric: String,
    /// What theory says, in the metric's unit.
    pub expected: f64,
    /// What was simulated.
    pub simulated: Option<f64>,
    /// Its interval, where it rests on chance.
    pub interval: Option<(f64, f64)>,
    /// Its standard error, where it rests on chance.
    pub standard_error: Option<f64>,
    /// What became of it.
    pub verdict: Verdict,
}

impl Row {
    /// A comparison that does not rest on chance.
    fn exact(case: String, metric: &str, expected: f64, simulated: f64, verdict: Verdict) -> Self {
        let metric = metric.to_owned();
        Self {
            case,
            metric,
            expected,
            simulated: Some(simulated),
            interval: None,
            standard_error: None,
            verdict,
        }
    }

    /// The error in standard errors.
    pub fn error_in_standard_errors(&self) -> Option<f64> {
        let error = self.simulated? - self.expected;
        self.standard_error
            .filter(|standard_error| *standard_error > 0.0)
            .map(|standard_error| error / standard_error)
    }

    /// The error as a share of what is expected.
    pub fn relative_error(&self) -> Option<f64> {
        let error = self.simulated? - self.expected;
        if error == 0.0 { Some(0.0) } else { Some(error / libm::fabs(self.expected)) }
    }
}

/// What a run of a suite found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The comparisons, in the order of the suite.
    pub rows: Vec<Row>,
    /// How many of them rest on chance.
    pub comparisons: usize,
    /// How closely it was looked at.
    pub form: Form,
}

impl Report {
    /// Whether every comparison holds, and there was one.
    pub fn passed(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.verdict == Verdict::Holds)
    }
}

/// Runs `cases` on the rayon pool it is called in and judges them.
pub fn validate(cases: &[Case], options: &Options) -> Report {
    validate_watched(cases, options, &|_, _| {})
}

/// As [`validate`], and tells each case with its rows as soon as it is judged.
pub fn validate_watched(cases: &[Case], options: &Options, watch: &(dyn Fn(usize, &[Row]) + Sync)) -> Report {
    let comparisons = sampled(cases);
    let mut rows = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let of_case = rows_of(case, options, comparisons);
        watch(index, &of_case);
        rows.extend(of_case);
    }
    Report { rows, comparisons, form: options.form }
}

/// Adds the replays of the public traces in the folder `data` to a report.
///
/// # Errors
/// In words, where the references cannot be read or a replay cannot be run.
pub fn add_replays(report: &mut Report, data: &std::path::Path) -> Result<(), String> {
    let references = replays::references(data)?;
    for replay in replays::REPLAYS {
        report.rows.extend(replay.rows(&references, data)?);
    }
    report.rows.extend(prefixes::rows(data)?);
    Ok(())
}

/// How many comparisons of `cases` rest on chance.
fn sampled(cases: &[Case]) -> usize {
    cases.iter().flat_map(|case| &case.checks).filter(|check| check.within == Within::Sampled).count()
}

/// The model of a case's experiment.
///
/// # Errors
/// With all that is wrong with it.
pub fn model(case: &Case) -> Result<crate::model::Model, String> {
    measured::model_of(case, &Options::default())
}

/// Runs one case and judges it as one of `comparisons`.
pub fn rows_of(case: &Case, options: &Options, comparisons: usize) -> Vec<Row> {
    match Measured::of(case, options) {
        Ok(measured) => {
            case.checks.iter().map(|check| judge(case, check, &measured, options.form, comparisons)).collect()
        }
        Err(why) => case.checks.iter().map(|check| missing(case, check, why.clone())).collect(),
    }
}

fn missing(case: &Case, check: &Check, why: String) -> Row {
    Row {
        case: case.name.clone(),
        metric: check.metric.clone(),
        expected: check.expected,
        simulated: None,
        interval: None,
        standard_error: None,
        verdict: Verdict::Missing(why),
    }
}

fn judge(case: &Case, check: &Check, measured: &Measured, form: Form, comparisons: usize) -> Row {
    let Some(estimate) = measured.estimate(&check.metric) else {
        return missing(case, check, "there is no such metric, or nothing was seen of it".to_owned());
    };
    let mut row = missing(case, check, String::new());
    row.simulated = Some(estimate.value);
    row.verdict = match check.within {
        Within::Exactly(error) if libm::fabs(estimate.value - check.expected) <= error => Verdict::Holds,
        Within::Exactly(_) => Verdict::Off,
        Within::Sampled => {
            row.interval = estimate.low.zip(estimate.high);
            row.standard_error = standard_error(&estimate);
            judge_sampled(check.expected, &estimate, form, comparisons)
        }
    };
    row
}

/// The standard error that an interval was made from, by Student's t for its replications.
fn standard_error(estimate: &Estimate) -> Option<f64> {
    let (low, high) = estimate.low.zip(estimate.high)?;
    let freedom = f64::from(estimate.replications) - 1.0;
    let critical = student_t_quantile(f64::midpoint(1.0, estimate.confidence), freedom);
    Some((high - low) / 2.0 / critical)
}

fn judge_sampled(expected: f64, estimate: &Estimate, form: Form, comparisons: usize) -> Verdict {
    let Some(error) = standard_error(estimate) else {
        let why = estimate.note.map_or_else(|| "no interval".to_owned(), |note| note.to_string());
        return Verdict::Missing(why);
    };
    let freedom = f64::from(estimate.replications) - 1.0;
    let reach = student_t_quantile(1.0 - 0.0005 / comparisons.max(1) as f64, freedom);
    if libm::fabs(estimate.value - expected) > reach * error {
        return Verdict::Off;
    }
    if error > form.tolerance() / 2.0 * libm::fabs(expected) { Verdict::Wide } else { Verdict::Holds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean;

    #[track_caller]
    fn check(values: &[f64], expected: f64, verdict: &Verdict) {
        let estimate = mean(values, 0.95).expect("there are values");
        assert_eq!(judge_sampled(expected, &estimate, Form::Short, 100), *verdict);
    }

    #[test]
    fn a_near_and_narrow_mean_holds() {
        check(&[9.9, 10.1, 10.0, 10.05], 10.0, &Verdict::Holds);
    }

    #[test]
    fn a_far_mean_is_off() {
        let values: Vec<f64> = (0..20_u32).map(|number| 11.0 + 0.01 * f64::from(number)).collect();
        check(&values, 10.0, &Verdict::Off);
    }

    #[test]
    fn a_wide_interval_does_not_pass_although_it_holds_the_truth() {
        check(&[2.0, 18.0, 5.0, 15.0], 10.0, &Verdict::Wide);
    }

    #[test]
    fn a_standard_error_is_read_back_from_its_interval() {
        let estimate = mean(&[1.0, 2.0, 3.0, 4.0], 0.95).expect("there are values");
        let error = standard_error(&estimate).expect("it has an interval");
        assert!((error - libm::sqrt(5.0 / 3.0 / 4.0)).abs() < 1e-9, "{error}");
    }

    #[test]
    fn a_report_without_rows_has_not_passed() {
        assert!(!validate(&[], &Options::default()).passed());
    }
}
