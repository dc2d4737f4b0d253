//! Rolling origins: how each method would have done, had it been asked at every past date.

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
    /// How many times as wide P10 to P90 would have had to be to hold 80 % of the values.
    pub stretch: f64,
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
    let rows: Vec<Score> = worths.iter().map(|(method, own)| score(*method, own, naive)).collect();
    let best = rows.iter().min_by(|one, other| one.crps.total_cmp(&other.crps))?;
    let beats_naive = best.method != Method::Naive && best.less_than_naive.2.is_some_and(|high| high < 0.0);
    Some(Backtest {
        origins: origins.len(),
        horizon,
        season,
        best: best.method,
        beats_naive,
        rows: rows.clone(),
    })
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
    let mut worth = Worth::default();
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

fn score(method: Method, own: &[Worth], naive: &[Worth]) -> Score {
    let total = |worths: &[Worth], of: fn(&Worth) -> f64| worths.iter().map(of).sum::<f64>();
    let count = total(own, |worth| worth.count);
    let crps = total(own, |worth| worth.crps) / count;
    let naive_crps = total(naive, |worth| worth.crps) / count;
    let less: Vec<f64> =
        own.iter().zip(naive).map(|(own, naive)| (own.crps - naive.crps) / own.count).collect();
    let less = mean(&less, 0.95);
    let mut offs: Vec<f64> = own.iter().flat_map(|worth| worth.offs.iter().copied()).collect();
    offs.sort_by(f64::total_cmp);
    Score {
        method,
        crps,
        crps_share: if naive_crps > 0.0 { crps / naive_crps } else { 1.0 },
        error: total(own, |worth| worth.error) / count,
        coverage: total(own, |worth| worth.inside) / count,
        // Past the widest that can be told, it is as unsure as can be.
        stretch: quantile(&offs, 0.8).unwrap_or(1.0).min(STRETCH_MAX),
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
