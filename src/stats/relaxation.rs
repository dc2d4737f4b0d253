//! How long a system takes to forget where it was: [`relaxation_time`].

/// Steps of bisection that find a ratio to machine precision.
const STEPS: u32 = 100;
/// Below this correlation neighbours tell nothing apart from chance.
const CORRELATION_MIN: f64 = 0.01;

/// The relaxation time of a system, in observations: `series` holds, for each of at least two replications, averages of
/// the number in the system over equal spans that follow on each other.
///
/// Deviations from the average over replications show no drift and no daily pattern. If they forget exponentially with
/// a time τ, averages over spans of a · τ are correlated by (1 − e^(−a))² / (2 (a − 1 + e^(−a))) with their neighbour;
/// that is solved for a. The number in M/M/1 forgets on average in half of its relaxation time 1 / (μ (1 − √ρ)²) (exactly
/// so in heavy traffic), hence two τ are the relaxation time.
///
/// `None` where there is nothing to tell: too few observations, a number that never moves, or neighbours that are no
/// more alike than chance would have them (then the spans are much longer than the relaxation time).
///
/// ```
/// use tars_sim::stats::relaxation_time;
///
/// assert_eq!(relaxation_time(&[vec![1.0; 100], vec![1.0; 100]]), None);
/// ```
pub fn relaxation_time(series: &[Vec<f64>]) -> Option<f64> {
    let length = series.iter().map(Vec::len).min().unwrap_or(0);
    if series.len() < 2 || length < 10 {
        return None;
    }
    let average = super::average_series(series);
    let deviations: Vec<Vec<f64>> = series
        .iter()
        .map(|replication| replication.iter().zip(&average).map(|(value, mean)| value - mean).collect())
        .collect();
    let squares: f64 = deviations.iter().flatten().map(|value| value * value).sum();
    let products: f64 =
        deviations.iter().flat_map(|values| values.windows(2)).map(|pair| pair[0] * pair[1]).sum();
    if squares <= 0.0 {
        return None;
    }
    let correlation = products / (length - 1) as f64 / (squares / length as f64);
    (correlation > CORRELATION_MIN).then(|| 2.0 / spans_per_time(correlation.min(0.999_999)))
}

/// The length of a span in times τ whose averages are so correlated with their neighbours.
fn spans_per_time(correlation: f64) -> f64 {
    let (mut low, mut high) = (1e-9, 1e3);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if neighbours(middle) > correlation {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The correlation of the averages over neighbouring spans of `length` times τ; falls from one to zero.
fn neighbours(length: f64) -> f64 {
    if length < 1e-4 {
        // The first terms of its series: the formula would cancel.
        return 1.0 - 2.0 / 3.0 * length;
    }
    let gone = -libm::expm1(-length);
    gone * gone / (2.0 * (length - gone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::Chance;

    /// An autoregression of `steps` a time τ, averaged over spans of `each` steps.
    fn forgetful(chance: &mut Chance, steps: f64, each: usize, spans: usize) -> Vec<f64> {
        let keep = libm::exp(-1.0 / steps);
        let fresh = libm::sqrt(1.0 - keep * keep);
        let mut value = chance.normal();
        (0..spans)
            .map(|_| {
                let sum: f64 = (0..each)
                    .map(|_| {
                        value = keep * value + fresh * chance.normal();
                        value
                    })
                    .sum();
                sum / each as f64
            })
            .collect()
    }

    #[track_caller]
    fn check(steps: f64, each: usize, within: f64) {
        let mut chance = Chance::new(40);
        let series: Vec<Vec<f64>> = (0..5).map(|_| forgetful(&mut chance, steps, each, 500)).collect();
        let found = relaxation_time(&series).expect("neighbours are alike") * each as f64 / 2.0;
        assert!((found / steps - 1.0).abs() < within, "{found} is not {steps}");
    }

    #[test]
    fn the_time_of_an_autoregression_is_found_whatever_the_span() {
        check(50.0, 5, 0.25);
        check(50.0, 50, 0.15);
        check(50.0, 150, 0.15);
    }

    #[test]
    fn a_pattern_common_to_all_replications_is_no_memory() {
        let mut chance = Chance::new(41);
        let mut series = || (0..500).map(|at| f64::from(at % 100) + chance.normal()).collect::<Vec<f64>>();
        let found = relaxation_time(&[series(), series(), series(), series(), series()]);
        assert!(found.is_none_or(|time| time < 1.0), "{found:?}");
    }

    #[test]
    fn without_observations_there_is_nothing_to_tell() {
        assert_eq!(relaxation_time(&[]), None);
        assert_eq!(relaxation_time(&[vec![1.0, 2.0]]), None);
        assert_eq!(relaxation_time(&[vec![1.0; 5], vec![2.0; 5]]), None);
    }

    #[test]
    fn the_correlation_of_neighbours_falls_from_one_to_zero() {
        let lengths = [1e-9, 1e-5, 0.9e-4, 1.1e-4, 0.01, 0.1, 1.0, 10.0, 1_000.0];
        let found = lengths.map(neighbours);
        assert!(found.windows(2).all(|pair| pair[0] > pair[1]), "{found:?}");
        assert!(found[0] > 0.999 && found[8] < 0.001);
    }
}
