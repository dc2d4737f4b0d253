//! From a quantity to a place on an axis, and the ticks that a reader can use.

use crate::report::number;

/// How an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Equal steps.
    Linear {
        /// The value at the start.
        low: f64,
        /// The value at the end.
        high: f64,
    },
    /// Whole numbers from 0: levels, modes, places in a list.
    Whole {
        /// The value at the end.
        high: f64,
    },
    /// Equal factors.
    Log {
        /// The value at the start, above 0.
        low: f64,
        /// The value at the end.
        high: f64,
    },
}

/// Values that span more than this factor are shown on a logarithmic axis.
const LOG_FACTOR: f64 = 30.0;

/// The same for latencies.
const TAIL_FACTOR: f64 = 8.0;

/// The share of the longest latency below which a logarithmic axis ends.
const FASTEST_SHOWN: f64 = 1e-4;

/// Where an axis begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// At zero: amounts.
    Zero,
    /// Where the values do.
    Free,
}

impl Scale {
    /// Chooses a scale that shows every value, rounded out to ticks.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>, origin: Origin) -> Self {
        let (mut low, mut high, mut least) = (f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
            if value > 0.0 {
                least = least.min(value);
            }
        }
        if low > high {
            return Self::Linear { low: 0.0, high: 1.0 };
        }
        if low > 0.0 && high / least > LOG_FACTOR {
            return Self::log(least, high);
        }
        Self::linear(low, high, origin)
    }

    /// Chooses a scale for latencies, whose tails are worth a logarithmic axis sooner than amounts are. An interval that
    /// reaches below zero ends at the axis: no latency is there. Nor does the axis follow answers that took hardly any
    /// time, such as those of a cache: it ends at a ten-thousandth of the longest.
    pub(crate) fn of_latencies(values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> =
            values.into_iter().filter(|value| value.is_finite() && *value >= 0.0).collect();
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let low = if low > 0.0 { low.max(high * FASTEST_SHOWN) } else { low };
        if low > 0.0 && high / low > TAIL_FACTOR {
            Self::log(low, high)
        } else {
            Self::of(values, Origin::Zero)
        }
    }

    /// Equal steps from zero or just below `low` to just above `high`.
    pub(crate) fn linear(low: f64, high: f64, origin: Origin) -> Self {
        let start = match origin {
            Origin::Zero => low.min(0.0),
            Origin::Free => low,
        };
        let size = start.abs().max(high.abs());
        // Values that differ by no more than rounding are one value, which stands in the middle of its axis.
        let (start, high) = match origin {
            _ if high - start > 1e-9 * size => (start, high),
            Origin::Free if size > 0.0 => (start - 0.1 * size, high + 0.1 * size),
            Origin::Free | Origin::Zero => (start, start + size.max(1.0)),
        };
        let step = nice_step((high - start) / 5.0);
        Self::Linear { low: (start / step).floor() * step, high: (high / step - 1e-9).ceil() * step }
    }

    /// Equal factors, widened to 1, 2 or 5 times a power of ten.
    pub(crate) fn log(low: f64, high: f64) -> Self {
        let below = log_ticks_between(low / 10.0, low * (1.0 + 1e-9)).pop().unwrap_or(low);
        let above = log_ticks_between(high * (1.0 - 1e-9), high * 10.0).first().copied().unwrap_or(high);
        Self::Log { low: below, high: if above > below { above } else { below * 10.0 } }
    }

    /// The words that tell a reader of equal factors, behind an axis's label.
    pub(crate) const fn remark(self) -> &'static str {
        match self {
            Self::Linear { .. } | Self::Whole { .. } => "",
            Self::Log { .. } => " (log)",
        }
    }

    /// The place of a value, 0 at the start and 1 at the end, held within a little beyond.
    pub(crate) fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::Whole { high } => value / high,
            Self::Log { low, high } => libm::log(value.max(low * 1e-9) / low) / libm::log(high / low),
        };
        place.clamp(0.0, 1.0)
    }

    /// Whether the axis shows the value.
    pub(crate) fn shows(self, value: f64) -> bool {
        match self {
            Self::Linear { low, high } | Self::Log { low, high } => (low..=high).contains(&value),
            Self::Whole { high } => (0.0..=high).contains(&value),
        }
    }

    /// Round values, some four to eight of them, with their text.
    pub(crate) fn ticks(self) -> Vec<(f64, String)> {
        let values = match self {
            Self::Linear { low, high } => {
                let ticks = linear_ticks(low, high);
                return ticks.iter().map(|tick| (*tick, number::step_text(*tick, &ticks))).collect();
            }
            Self::Whole { high } => {
                linear_ticks(0.0, high).into_iter().filter(|tick| tick.fract() == 0.0).collect()
            }
            Self::Log { low, high } => {
                let all = log_ticks_between(low, high);
                let decades: Vec<f64> = all.iter().copied().filter(|tick| is_power_of_ten(*tick)).collect();
                if decades.len() > 3 { decades } else { all }
            }
        };
        values.into_iter().map(|value| (value, number::plain(value))).collect()
    }
}

/// 1, 2, 2.5 or 5 times a power of ten, not below `rough`.
fn nice_step(rough: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(rough)));
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.iter().map(|step| step * power).find(|step| *step >= rough * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let step = nice_step((high - low) / 6.0);
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).max(0.0);
    let mut ticks = Vec::new();
    let mut index = 0.0;
    while index <= count {
        let value = (first + index) * step;
        ticks.push(if value.abs() < step * 1e-9 { 0.0 } else { value });
        index += 1.0;
    }
    ticks
}

fn log_ticks_between(low: f64, high: f64) -> Vec<f64> {
    let mut ticks = Vec::new();
    let mut exponent = libm::floor(libm::log10(low));
    while libm::pow(10.0, exponent) <= high && ticks.len() < 60 {
        for factor in [1.0, 2.0, 5.0] {
            let tick = factor * libm::pow(10.0, exponent);
            if (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(&tick) {
                ticks.push(tick);
            }
        }
        exponent += 1.0;
    }
    ticks
}

fn is_power_of_ten(value: f64) -> bool {
    let exponent = libm::log10(value);
    (exponent - libm::round(exponent)).abs() < 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(scale: Scale) -> Vec<String> {
        scale.ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(texts(Scale::of([4.0, 97.0], Origin::Zero)), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(
            texts(Scale::of([0.01, 0.8], Origin::Zero)),
            ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]
        );
        assert_eq!(texts(Scale::of([1e-5, 0.8], Origin::Zero)).first().map(String::as_str), Some("1e-5"));
    }

    #[test]
    fn ticks_close_together_are_told_apart() {
        let texts = texts(Scale::linear(0.234_12, 0.234_31, Origin::Free));
        assert_eq!(texts[..3], ["0.2341", "0.23415", "0.2342"]);
        assert_eq!(super::tests::texts(Scale::linear(0.0, 9e-4, Origin::Zero))[1], "0.0002");
    }

    #[test]
    fn values_that_differ_by_rounding_share_one_place() {
        let texts = texts(Scale::of([70.0, 70.0 + 1e-13], Origin::Free));
        assert_eq!(texts.first().zip(texts.last()), Some((&"60".to_owned(), &"80".to_owned())));
    }

    #[test]
    fn answers_that_took_no_time_do_not_stretch_an_axis_of_latencies() {
        assert_eq!(texts(Scale::of_latencies([1e-8, 0.5, 10.0]))[0], "0.001");
    }

    #[test]
    fn an_interval_that_reaches_below_zero_makes_no_axis_of_latencies_do_so() {
        assert_eq!(texts(Scale::of_latencies([-0.9, 1.4, 850.0])), texts(Scale::of_latencies([1.4, 850.0])));
        assert!(!Scale::of_latencies([-0.9, 1.4, 3.0]).shows(-0.5));
    }

    #[test]
    fn an_axis_without_values_still_has_ticks() {
        assert!(texts(Scale::of([], Origin::Zero)).len() > 2);
        assert!(texts(Scale::of([7.0], Origin::Free)).len() > 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_value_is_on_its_axis_and_ticks_rise(
            values in proptest::collection::vec(prop_oneof![0.0..1e6, 1e-9..1e-3, -50.0..50.0], 1..20),
        ) {
            let scale = Scale::of(values.iter().copied(), Origin::Zero);
            for value in values {
                prop_assert!(scale.shows(value) || scale.shows(value * (1.0 - 1e-6)) || scale.shows(value * (1.0 + 1e-6)));
            }
            let ticks = scale.ticks();
            prop_assert!((2..=30).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
