//! Rolling origins: how each method would have done, had it been asked at every past date, and which one goes on.
//!
//! What did best in a short past is flattered by it, and twice: it was chosen for how well it did, and how sure it may be
//! is read off the same dates. Two rules answer that. The method that goes on is the simplest of those whose score is no
//! worse than the least by more than a standard error (Breiman et al. 1984, section 3.4.3), for score over level, so that
//! a demand that grows is not judged by its last dates alone. And P10 to P90 are stretched to hold 80 % of one value more
//! than were seen: with n of them by the quantile at 0.8 (n + 1) / n (Vovk, Gammerman & Shafer 2005, chapter 2). Windows
//! of a rows overlap, and n origins hold n / a that do not; n is the mean of that over the rows ahead.

use super::ensemble::quantile;
use super::model::{Fitted, Method};
use crate::stats::{mean, student_t_quantile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Origins that are looked at, spread evenly where there are more.
const ORIGINS_MAX: usize = 200;
/// Rows that a method sees, and that are looked at: the last ones.
pub const ROWS_MAX: usize = 2_000;
/// Rows before the first origin.
const ROWS_MIN: usize = 8;
/// The most that a spread is stretched.
const STRETCH_MAX: f64 = 10.0;
/// Levels of the quantiles that stand for a law.
const LEVELS: usize = 40;

/// How the methods did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backtest {
    /// How many dates were asked from.
    pub origins: usize,
    /// How many rows ahead, at most.
    pub horizon: usize,
    /// The rows of a season.
    pub season: usize,
    /// A row a method that could be asked at every origin.
    pub rows: Vec<Score>,
    /// The method with the least score.
    pub best: Method,
    /// The method that goes on: the simplest that is no worse beyond a standard error.
    pub chosen: Method,
    /// Whether it is better than the naive one beyond doubt.
    pub beats_naive: bool,
}

/// How a method did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The method.
    pub method: Method,
    /// The mean continuous ranked probability score (Gneiting & Raftery 2007), in the series' unit: the mean absolute
    /// error of a forecast that says one number.
    pub crps: f64,
    /// The same as a multiple of the naive method's.
    pub crps_share: f64,
    /// The mean absolute error of its medians.
    pub error: f64,
    /// The share of values between its P10 and P90: 0.8 where it knows how sure it is.
    pub coverage: f64,
    /// How many times as wide P10 to P90 have to be to hold 80 % of one value more, going by those that were seen.
    pub stretch: f64,
    /// The share of values between P10 and P90 where these are stretched; they never shrink.
    pub coverage_stretched: f64,
    /// The mean of its score less the naive one's over origins, and the ends of its 95 % interval. Windows of neighbouring
    /// origins overlap, so that the interval is too narrow rather than too wide.
    pub less_than_naive: (f64, Option<f64>, Option<f64>),
}

/// What a method's forecasts from one origin were worth.
#[derive(Clone, Debug, Default)]
struct Worth {
    /// How far off each value was, as a multiple of P90's distance.
    offs: Vec<f64>,
    crps: f64,
    error: f64,
    inside: f64,
    count: f64,
    /// The mean of what was known.
    level: f64,
}

/// Asks every method at past origins; nothing where a series is too short for a single one.
pub fn backtest(values: &[f64], season: usize, horizon: usize) -> Option<Backtest> {
    let values = &values[values.len().saturating_sub(ROWS_MAX)..];
    let first = ROWS_MIN.max(if season < values.len() / 2 { season + 3 } else { 0 });
    let ends = values.len().checked_sub(1).filter(|ends| *ends >= first)?;
    let stride = (ends + 1 - first).div_ceil(ORIGINS_MAX).max(1);
    let origins: Vec<usize> = (first..=ends).step_by(stride).collect();
    let mut quantiles = BTreeMap::new();
    let worths: Vec<(Method, Vec<Worth>)> = Method::ALL
        .into_iter()
        .filter_map(|method| {
            let worths =
                origins.iter().map(|origin| worth(method, values, *origin, season, horizon, &mut quantiles));
            Some((method, worths.collect::<Option<Vec<_>>>()?))
        })
        .collect();
    let naive = &worths.iter().find(|(method, _)| *method == Method::Naive)?.1;
    let windows = windows(origins.len(), stride, horizon);
    let rows: Vec<Score> = worths.iter().map(|(method, own)| score(*method, own, naive, windows)).collect();
    let chosen = simplest(&worths, horizon.div_ceil(stride))?;
    let best = rows.iter().min_by(|one, other| one.crps.total_cmp(&other.crps))?;
    let beats_naive = best.method != Method::Naive && best.less_than_naive.2.is_some_and(|high| high < 0.0);
    Some(Backtest {
        origins: origins.len(),
        horizon,
        season,
        best: best.method,
        chosen,
        beats_naive,
        rows: rows.clone(),
    })
}

/// How many windows there are that do not overlap, on average over the rows ahead.
fn windows(origins: usize, stride: usize, horizon: usize) -> f64 {
    let apart = |ahead: usize| origins as f64 * (stride as f64 / ahead as f64).min(1.0);
    ((1..=horizon).map(apart).sum::<f64>() / horizon as f64).max(1.0)
}

/// The method of the fewest figures, of those whose score is no worse than the least by more than a standard error.
fn simplest(worths: &[(Method, Vec<Worth>)], overlap: usize) -> Option<Method> {
    let relative = |worth: &Worth| worth.crps / worth.count / worth.level;
    let scores: Vec<(Method, Vec<f64>)> =
        worths.iter().map(|(method, own)| (*method, own.iter().map(relative).collect())).collect();
    let total = |scores: &[f64]| scores.iter().sum::<f64>();
    let (_, least) = scores.iter().min_by(|one, other| total(&one.1).total_cmp(&total(&other.1)))?;
    let near = scores.iter().filter(|(_, own)| {
        let worse: Vec<f64> = own.iter().zip(least).map(|(own, least)| own - least).collect();
        total(&worse) / worse.len() as f64 <= standard_error(&worse, overlap)
    });
    let order = |one: &&(Method, Vec<f64>), other: &&(Method, Vec<f64>)| {
        one.0.figures().cmp(&other.0.figures()).then(total(&one.1).total_cmp(&total(&other.1)))
    };
    near.min_by(order).map(|(method, _)| *method)
}

/// Of the mean of values of which so many neighbours go together (Newey & West 1987).
fn standard_error(values: &[f64], overlap: usize) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let together = |lag: usize| {
        let pairs = values.iter().zip(&values[lag..]);
        pairs.map(|(one, other)| (one - mean) * (other - mean)).sum::<f64>() / count
    };
    let weight = |lag: usize| 2.0 * (1.0 - lag as f64 / overlap as f64);
    let neighbours: f64 = (1..overlap.min(values.len())).map(|lag| weight(lag) * together(lag)).sum();
    libm::sqrt((together(0) + neighbours).max(0.0) / count)
}

fn worth(
    method: Method,
    values: &[f64],
    origin: usize,
    season: usize,
    horizon: usize,
    quantiles: &mut BTreeMap<u64, Vec<f64>>,
) -> Option<Worth> {
    let fitted = Fitted::new(method, &values[..origin], season)?;
    let level = values[..origin].iter().sum::<f64>() / origin as f64;
    // A past of nothing has no level, and its scores are what they are.
    let mut worth = Worth { level: if level > 0.0 { level } else { 1.0 }, ..Worth::default() };
    for (ahead, value) in (1..=horizon).zip(&values[origin..]) {
        let law = fitted.ahead(ahead);
        let spreads = quantiles.entry(law.freedom.to_bits()).or_insert_with(|| levels(law.freedom));
        worth.crps += crps(spreads.iter().map(|t| law.at(*t)), *value);
        worth.error += (law.at(0.0) - value).abs();
        worth.inside += f64::from(u8::from(law.quantile(0.1) <= *value && *value <= law.quantile(0.9)));
        worth.offs.push(law.off(*value) / student_t_quantile(0.9, law.freedom));
        worth.count += 1.0;
    }
    Some(worth)
}

/// The t quantiles that stand for a law.
fn levels(freedom: f64) -> Vec<f64> {
    (0..LEVELS).map(|place| student_t_quantile((place as f64 + 0.5) / LEVELS as f64, freedom)).collect()
}

/// The score of a law given by quantiles at the middles of equal parts: twice the mean pinball loss.
fn crps(quantiles: impl Iterator<Item = f64>, value: f64) -> f64 {
    let losses = quantiles.enumerate().map(|(place, quantile)| {
        let level = (place as f64 + 0.5) / LEVELS as f64;
        let off = value - quantile;
        if off >= 0.0 { level * off } else { (level - 1.0) * off }
    });
    2.0 * losses.sum::<f64>() / LEVELS as f64
}

fn score(method: Method, own: &[Worth], naive: &[Worth], windows: f64) -> Score {
    let total = |worths: &[Worth], of: fn(&Worth) -> f64| worths.iter().map(of).sum::<f64>();
    let count = total(own, |worth| worth.count);
    let crps = total(own, |worth| worth.crps) / count;
    let naive_crps = total(naive, |worth| worth.crps) / count;
    let less: Vec<f64> =
        own.iter().zip(naive).map(|(own, naive)| (own.crps - naive.crps) / own.count).collect();
    let less = mean(&less, 0.95);
    let mut offs: Vec<f64> = own.iter().flat_map(|worth| worth.offs.iter().copied()).collect();
    offs.sort_by(f64::total_cmp);
    // Past the widest that can be told, it is as unsure as can be.
    let level = (0.8 * (windows + 1.0) / windows).min(1.0);
    let stretch = quantile(&offs, level).unwrap_or(1.0).min(STRETCH_MAX);
    let held = offs.iter().filter(|off| **off <= stretch.max(1.0)).count();
    Score {
        method,
        crps,
        crps_share: if naive_crps > 0.0 { crps / naive_crps } else { 1.0 },
        error: total(own, |worth| worth.error) / count,
        coverage: total(own, |worth| worth.inside) / count,
        stretch,
        coverage_stretched: held as f64 / count,
        less_than_naive: less.map_or((0.0, None, None), |less| (less.value, less.low, less.high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    /// A series whose logarithm moves by `drift` and a uniform shock.
    fn series(rows: usize, drift: f64, shock: f64) -> Vec<f64> {
        let mut stream = Streams::new(5, 0).stream("test", "series");
        let mut place = libm::log(1e3);
        (0..rows)
            .map(|_| {
                place += drift + shock * (2.0 * stream.unit() - 1.0);
                libm::exp(place)
            })
            .collect()
    }

    #[test]
    fn growth_beats_the_naive_method_where_there_is_growth() {
        let found = backtest(&series(60, 0.1, 0.05), 0, 6).unwrap();
        assert!(matches!(found.best, Method::Growth | Method::Exponential), "{:?}", found.best);
        assert!(found.beats_naive);
        let growth = found.rows.iter().find(|row| row.method == Method::Growth).unwrap();
        assert!(growth.crps_share < 0.5 && (0.6..=1.0).contains(&growth.coverage), "{growth:?}");
    }

    #[test]
    fn nothing_beats_the_naive_method_on_a_walk_without_drift() {
        assert!(!backtest(&series(80, 0.0, 0.1), 0, 6).unwrap().beats_naive);
    }

    #[test]
    fn a_season_is_seen() {
        let wave = |row: usize| 100.0 + 50.0 * libm::sin(row as f64 * core::f64::consts::TAU / 12.0);
        let noise = series(72, 0.0, 0.02);
        let values: Vec<f64> = (0..72).map(|row| wave(row) * noise[row] / 1e3).collect();
        let found = backtest(&values, 12, 6).unwrap();
        assert_eq!(found.best, Method::SeasonalNaive);
    }

    #[test]
    fn of_methods_that_do_alike_the_simplest_goes_on() {
        let worths = |crps: [f64; 4]| -> Vec<Worth> {
            crps.map(|crps| Worth { crps, count: 1.0, level: 1.0, ..Worth::default() }).to_vec()
        };
        let line = (Method::Exponential, worths([1.0, 2.0, 1.0, 2.0]));
        let alike = (Method::Growth, worths([2.0, 1.1, 2.0, 1.1]));
        let worse = (Method::Naive, worths([3.0, 4.0, 3.0, 4.0]));
        assert_eq!(simplest(&[worse.clone(), alike, line.clone()], 1), Some(Method::Growth));
        assert_eq!(simplest(&[worse, line], 1), Some(Method::Exponential));
    }

    #[test]
    fn values_that_go_together_tell_less() {
        let alone = standard_error(&[1.0, -1.0, 1.0, -1.0], 1);
        assert!((alone - 0.5).abs() < 1e-12);
        let pairs = [1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0];
        assert!(standard_error(&pairs, 2) > standard_error(&pairs, 1));
        assert_eq!(standard_error(&[2.0; 5], 3).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn windows_that_overlap_count_once() {
        assert!((windows(12, 1, 1) - 12.0).abs() < 1e-12);
        assert!((windows(12, 1, 3) - 12.0 * (1.0 + 0.5 + 1.0 / 3.0) / 3.0).abs() < 1e-12);
        assert!((windows(12, 4, 3) - 12.0).abs() < 1e-12);
        assert!((windows(1, 1, 6) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_short_series_cannot_be_asked() {
        assert_eq!(backtest(&[1.0, 2.0, 3.0], 0, 3), None);
        assert_eq!(backtest(&[], 12, 3), None);
    }

    #[test]
    fn the_score_of_one_number_is_its_error() {
        assert!((crps([7.0; LEVELS].into_iter(), 10.0) - 3.0).abs() < 1e-12);
        // Uniform on 0 to 1, told 0.5: ∫ (F − 1{x ≥ y})² = 1/12.
        let uniform = (0..LEVELS).map(|place| (place as f64 + 0.5) / LEVELS as f64);
        assert!((crps(uniform, 0.5) - 1.0 / 12.0).abs() < 1e-3);
    }
}
