//! Trends: how a number changes while a run lasts.

use super::estimate::{Basis, Estimate, Method, NoInterval};
use super::student::student_t_critical;

/// The common slope of several series of `(time, value)`, as a share of the mean value, per unit of time: ordinary least
/// squares with a mean of its own for each series (Draper & Smith, *Applied Regression Analysis*, ch. 1 and 14).
///
/// The interval is ± t · standard error of the residuals with n − R − 1 degrees of freedom, over the same mean. It holds
/// where neighbouring values are independent, that is where each is of a window much longer than the system takes to
/// forget. `None` where the times do not differ, or the mean is zero. Panics unless `confidence` lies in (0, 1).
///
/// ```
/// use tars_sim::stats::relative_trend;
///
/// let rising: Vec<(f64, f64)> = (0..10).map(|hour| (f64::from(hour), 100.0 + 2.0 * f64::from(hour))).collect();
/// let trend = relative_trend(&[rising], 0.95).expect("the times differ");
/// assert!((trend.value - 2.0 / 109.0).abs() < 1e-12);
/// ```
pub fn relative_trend(series: &[Vec<(f64, f64)>], confidence: f64) -> Option<Estimate> {
    let count: usize = series.iter().map(Vec::len).sum();
    let all = series.iter().flatten().map(|(_, value)| value).sum::<f64>() / count.max(1) as f64;
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for points in series.iter().filter(|points| !points.is_empty()) {
        let number = points.len() as f64;
        let x_mean = points.iter().map(|(x, _)| x).sum::<f64>() / number;
        let y_mean = points.iter().map(|(_, y)| y).sum::<f64>() / number;
        for (x, y) in points {
            xx += (x - x_mean) * (x - x_mean);
            xy += (x - x_mean) * (y - y_mean);
            yy += (y - y_mean) * (y - y_mean);
        }
    }
    let slope = xy / xx / all;
    if !slope.is_finite() {
        return None;
    }
    let basis = Basis { replications: series.len(), method: Method::Trend, confidence };
    let freedom = count as f64 - series.len() as f64 - 1.0;
    if freedom < 1.0 {
        return Some(Estimate::bare(slope, NoInterval::TooFewReplications, basis));
    }
    // What is left of the squares is never negative but for rounding.
    let residual = (yy - xy * xy / xx).max(0.0) / freedom;
    let error = libm::sqrt(residual / xx) / all.abs();
    Some(Estimate::symmetric(slope, student_t_critical(confidence, freedom) * error, basis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_and_no_width() {
        let line = |start: f64| (0..5).map(|x| (f64::from(x), start - f64::from(x))).collect::<Vec<_>>();
        let trend = relative_trend(&[line(10.0), line(20.0)], 0.95).unwrap();
        // A mean of 13, a slope of −1: series far apart have the same slope.
        assert!((trend.value + 1.0 / 13.0).abs() < 1e-12);
        assert!(trend.half_width().unwrap() < 1e-9);
    }

    #[test]
    fn where_nothing_differs_there_is_no_trend() {
        assert_eq!(relative_trend(&[vec![(1.0, 2.0), (1.0, 3.0)]], 0.95), None);
        assert_eq!(relative_trend(&[vec![(1.0, 0.0), (2.0, 0.0)]], 0.95), None);
        assert_eq!(relative_trend(&[], 0.95), None);
        assert_eq!(relative_trend(&[vec![(1.0, 2.0), (2.0, 3.0)]], 0.95).unwrap().half_width(), None);
    }

    #[test]
    fn its_interval_holds_the_truth_as_often_as_it_says() {
        // A linear congruential generator is chance enough for this.
        let mut state = 11_u64;
        let mut unit = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let held = (0..400)
            .filter(|_| {
                let mut series = || -> Vec<(f64, f64)> {
                    (0..20).map(|x| (f64::from(x), 10.0 + 0.1 * f64::from(x) + unit())).collect()
                };
                // The mean of the values is 10 + 0.95 + 0.5.
                let trend = relative_trend(&[series(), series()], 0.95).unwrap();
                trend.holds(0.1 / 11.45).unwrap()
            })
            .count();
        assert!((368..=392).contains(&held), "{held} of 400");
    }
}
