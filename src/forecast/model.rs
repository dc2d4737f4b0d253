//! How a series goes on: baselines and laws of growth, each with how sure it is.
//!
//! | method | what it expects | on the scale of | its spread at h steps |
//! |---|---|---|---|
//! | `naive` | the last value | logarithms | σ √h, σ of one step |
//! | `seasonal_naive` | the value a season ago | logarithms | σ √⌈h / s⌉, σ of a season's change |
//! | `moving_average` | the mean of the last season, of three without one | logarithms | σ √(1 + 1/k), σ of the values around such means |
//! | `drift` | the last value and the mean step h times | values | σ √(h (1 + h / (n − 1))) |
//! | `growth` | the last value and the mean growth h times | logarithms | as drift |
//! | `exponential` | a straight line of logarithms | logarithms | s √(1 + 1/n + (t − t̄)² / S) |
//! | `linear` | a straight line | values | as exponential |
//! | `logistic` | a straight line of logits below the best of ten ceilings | logits | as exponential |
//!
//! Series with a zero stay on the scale of values and know no growth. What is to come is Student's t around the
//! expected (Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, sections 5.2 and 7.5, on the stated scale).

use crate::stats::student_t_quantile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// As the last value.
    Naive,
    /// As a season ago.
    SeasonalNaive,
    /// As the mean of the last values.
    MovingAverage,
    /// By the mean step.
    Drift,
    /// By the mean growth.
    Growth,
    /// Along a trend of constant growth.
    Exponential,
    /// Along a straight line.
    Linear,
    /// Towards a ceiling.
    Logistic,
}

impl Method {
    /// All of them, baselines first.
    pub const ALL: [Self; 8] = [
        Self::Naive,
        Self::SeasonalNaive,
        Self::MovingAverage,
        Self::Drift,
        Self::Growth,
        Self::Exponential,
        Self::Linear,
        Self::Logistic,
    ];

    /// How many figures besides a level and a spread it takes from the past: what a simpler method has fewer of.
    pub const fn figures(self) -> u8 {
        match self {
            Self::Naive | Self::SeasonalNaive | Self::MovingAverage => 0,
            Self::Drift | Self::Growth => 1,
            Self::Exponential | Self::Linear => 2,
            Self::Logistic => 3,
        }
    }

    /// Its name in files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::SeasonalNaive => "seasonal_naive",
            Self::MovingAverage => "moving_average",
            Self::Drift => "drift",
            Self::Growth => "growth",
            Self::Exponential => "exponential",
            Self::Linear => "linear",
            Self::Logistic => "logistic",
        }
    }
}

/// The scale on which a method is a line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Value,
    Log,
    /// Below a ceiling.
    Logit(f64),
}

impl Scale {
    fn forth(self, value: f64) -> f64 {
        match self {
            Self::Value => value,
            Self::Log => libm::log(value),
            Self::Logit(ceiling) => libm::log(value / (ceiling - value)),
        }
    }

    fn back(self, place: f64) -> f64 {
        match self {
            Self::Value => place.max(0.0),
            Self::Log => libm::exp(place),
            Self::Logit(ceiling) => ceiling / (1.0 + libm::exp(-place)),
        }
    }
}

/// A method that has seen a series.
#[derive(Clone, Debug)]
pub struct Fitted {
    scale: Scale,
    path: Path,
    /// The spread of one step, or around a line.
    spread: f64,
    freedom: f64,
}

/// Where the expected lies, by steps ahead.
#[derive(Clone, Debug)]
enum Path {
    /// From a last place, by a mean step, the spread growing with √h or by the drift's formula.
    Walk { last: f64, step: f64, rows: f64, drifts: bool },
    /// The places of the last season.
    Season(Vec<f64>),
    /// One place, the mean of so many.
    Mean { place: f64, of: f64 },
    /// A line through `rows` places.
    Line { middle: f64, slope: f64, rows: f64, squares: f64 },
}

/// What is expected at a horizon.
#[derive(Clone, Copy, Debug)]
pub struct Predictive {
    scale: Scale,
    place: f64,
    spread: f64,
    /// Degrees of freedom of its t law.
    pub freedom: f64,
}

impl Predictive {
    /// The value at `t` spreads from the middle, as [`student_t_quantile`] gives it for a level.
    pub fn at(&self, t: f64) -> f64 {
        self.scale.back(self.place + self.spread * t)
    }

    /// How many spreads a value lies off the middle.
    pub fn off(&self, value: f64) -> f64 {
        let off = (self.scale.forth(value) - self.place).abs();
        match (off.is_finite(), self.spread > 0.0) {
            (true, true) => off / self.spread,
            (true, false) if off < 1e-12 => 0.0,
            (true | false, _) => f64::INFINITY,
        }
    }

    /// The quantile at `level`.
    pub fn quantile(&self, level: f64) -> f64 {
        self.at(student_t_quantile(level, self.freedom))
    }
}

impl Fitted {
    /// Fits `method` to at least three values; nothing where they are too few for it, or not of its kind.
    pub fn new(method: Method, values: &[f64], season: usize) -> Option<Self> {
        let positive = values.iter().all(|value| *value > 0.0);
        let usual = if positive { Scale::Log } else { Scale::Value };
        if values.len() < 3 {
            return None;
        }
        match method {
            Method::Naive => Self::walk(values, usual, false),
            Method::Drift => Self::walk(values, Scale::Value, true),
            Method::Growth => positive.then(|| Self::walk(values, Scale::Log, true))?,
            Method::SeasonalNaive => Self::seasonal(values, usual, season),
            Method::MovingAverage => Self::average(values, usual, if season > 1 { season } else { 3 }),
            Method::Exponential => positive.then(|| Self::line(values, Scale::Log)),
            Method::Linear => Some(Self::line(values, Scale::Value)),
            Method::Logistic => positive.then(|| Self::logistic(values))?,
        }
    }

    fn walk(values: &[f64], scale: Scale, drifts: bool) -> Option<Self> {
        let places: Vec<f64> = values.iter().map(|value| scale.forth(*value)).collect();
        let steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let count = steps.len() as f64;
        let step = if drifts { steps.iter().sum::<f64>() / count } else { 0.0 };
        let freedom = if drifts { count - 1.0 } else { count };
        let squares: f64 = steps.iter().map(|found| (found - step) * (found - step)).sum();
        let path = Path::Walk { last: *places.last()?, step, rows: values.len() as f64, drifts };
        Some(Self { scale, path, spread: libm::sqrt(squares / freedom), freedom })
    }

    fn seasonal(values: &[f64], scale: Scale, season: usize) -> Option<Self> {
        if season < 2 || values.len() < season + 3 {
            return None;
        }
        let places: Vec<f64> = values.iter().map(|value| scale.forth(*value)).collect();
        let changes = places.iter().skip(season).zip(&places).map(|(now, before)| now - before);
        let freedom = (places.len() - season) as f64;
        let squares: f64 = changes.map(|change| change * change).sum();
        let path = Path::Season(places[places.len() - season..].to_vec());
        Some(Self { scale, path, spread: libm::sqrt(squares / freedom), freedom })
    }

    fn average(values: &[f64], scale: Scale, of: usize) -> Option<Self> {
        if values.len() < of + 3 {
            return None;
        }
        let places: Vec<f64> = values.iter().map(|value| scale.forth(*value)).collect();
        let mean = |window: &[f64]| window.iter().sum::<f64>() / window.len() as f64;
        // Errors of the mean of `of` values for the next one hold its own error too.
        let squares: f64 = places
            .windows(of + 1)
            .map(|window| window[of] - mean(&window[..of]))
            .map(|error| error * error)
            .sum();
        let freedom = (places.len() - of) as f64;
        let own = 1.0 + 1.0 / of as f64;
        let path = Path::Mean { place: mean(&places[places.len() - of..]), of: of as f64 };
        Some(Self { scale, path, spread: libm::sqrt(squares / freedom / own), freedom })
    }

    /// Least squares.
    fn line(values: &[f64], scale: Scale) -> Self {
        let rows = values.len() as f64;
        let places: Vec<f64> = values.iter().map(|value| scale.forth(*value)).collect();
        let (middle, centre) = (places.iter().sum::<f64>() / rows, (rows - 1.0) / 2.0);
        let off = |row: usize| row as f64 - centre;
        let squares: f64 = (0..places.len()).map(|row| off(row) * off(row)).sum();
        let slope = places.iter().enumerate().map(|(row, place)| off(row) * place).sum::<f64>() / squares;
        let errors: f64 = places
            .iter()
            .enumerate()
            .map(|(row, place)| place - middle - slope * off(row))
            .map(|error| error * error)
            .sum();
        let freedom = rows - 2.0;
        let path = Path::Line { middle, slope, rows, squares };
        Self { scale, path, spread: libm::sqrt(errors / freedom), freedom }
    }

    /// The ceiling, of ten, whose line leaves the least error of logarithms.
    fn logistic(values: &[f64]) -> Option<Self> {
        if values.len() < 5 {
            return None;
        }
        let most = values.iter().copied().fold(0.0, f64::max);
        let factors = [1.05, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0];
        let fits = factors.iter().map(|factor| {
            let mut fitted = Self::line(values, Scale::Logit(most * factor));
            // The ceiling was chosen too.
            fitted.spread *= libm::sqrt(fitted.freedom / (fitted.freedom - 1.0));
            fitted.freedom -= 1.0;
            (fitted.misfit(values), fitted)
        });
        fits.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, fitted)| fitted)
    }

    /// The squared error of logarithms of a line over the values it was fitted to.
    fn misfit(&self, values: &[f64]) -> f64 {
        let Path::Line { middle, slope, rows, .. } = self.path else { return f64::INFINITY };
        let errors = values.iter().enumerate().map(|(row, value)| {
            let place = middle + slope * (row as f64 - (rows - 1.0) / 2.0);
            libm::log(value / self.scale.back(place))
        });
        errors.map(|error| error * error).sum()
    }

    /// The same, so many times less sure.
    #[must_use]
    pub fn stretched(self, factor: f64) -> Self {
        Self { spread: self.spread * factor, ..self }
    }

    /// What is expected `ahead` steps after the last value, 1 being the next.
    pub fn ahead(&self, ahead: usize) -> Predictive {
        let steps = ahead as f64;
        let (place, factor) = match &self.path {
            Path::Walk { last, step, rows, drifts } => {
                let more = if *drifts { 1.0 + steps / (rows - 1.0) } else { 1.0 };
                (last + step * steps, libm::sqrt(steps * more))
            }
            Path::Season(season) => {
                let place = season[(ahead - 1) % season.len()];
                (place, libm::sqrt(ahead.div_ceil(season.len()) as f64))
            }
            Path::Mean { place, of } => (*place, libm::sqrt(1.0 + 1.0 / of)),
            Path::Line { middle, slope, rows, squares } => {
                let off = (rows - 1.0) / 2.0 + steps;
                (middle + slope * off, libm::sqrt(1.0 + 1.0 / rows + off * off / squares))
            }
        };
        Predictive { scale: self.scale, place, spread: self.spread * factor, freedom: self.freedom }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn middle(method: Method, values: &[f64], season: usize, ahead: usize) -> f64 {
        Fitted::new(method, values, season).unwrap().ahead(ahead).quantile(0.5)
    }

    #[test]
    fn each_method_goes_on_as_its_law_says() {
        let doubling: Vec<f64> = (0..12).map(|row| libm::exp2(f64::from(row))).collect();
        let near = |found: f64, expected: f64| {
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} for {expected}");
        };
        near(middle(Method::Naive, &doubling, 0, 3), 2048.0);
        near(middle(Method::Growth, &doubling, 0, 3), 16_384.0);
        near(middle(Method::Exponential, &doubling, 0, 3), 16_384.0);
        near(middle(Method::SeasonalNaive, &doubling, 4, 2), 512.0);
        let rising: Vec<f64> = (1..=12).map(f64::from).collect();
        near(middle(Method::Drift, &rising, 0, 5), 17.0);
        near(middle(Method::Linear, &rising, 0, 5), 17.0);
    }

    #[test]
    fn a_ceiling_is_found_in_what_bends() {
        let bends: Vec<f64> =
            (0..24).map(|row| 1e3 / (1.0 + 99.0 * libm::exp(-0.4 * f64::from(row)))).collect();
        let far = middle(Method::Logistic, &bends, 0, 24);
        assert!((900.0..1_100.0).contains(&far), "{far}");
        assert!(middle(Method::Exponential, &bends, 0, 24) > 3_000.0);
    }

    #[test]
    fn a_series_with_zeros_knows_no_growth() {
        let values = [0.0, 1.0, 2.0, 1.0, 3.0, 2.0];
        for method in [Method::Growth, Method::Exponential, Method::Logistic] {
            assert!(Fitted::new(method, &values, 0).is_none());
        }
        assert!(Fitted::new(Method::Naive, &values, 0).unwrap().ahead(9).quantile(0.01) >= 0.0);
    }

    #[test]
    fn what_is_further_is_less_sure() {
        let values: Vec<f64> = (0..30).map(|row| 100.0 + 10.0 * libm::sin(f64::from(row * row))).collect();
        for method in Method::ALL {
            let Some(fitted) = Fitted::new(method, &values, 12) else { continue };
            let width = |ahead| fitted.ahead(ahead).quantile(0.9) - fitted.ahead(ahead).quantile(0.1);
            assert!(width(13) >= width(1) * 0.999, "{}", method.name());
        }
    }
}
