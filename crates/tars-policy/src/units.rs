//! Quantities that cannot be mixed up: [`Time`], [`Span`], [`Tokens`], [`Dollars`], [`TokenPrice`], [`TimePrice`], [`Rate`].
//!
//! Time, tokens and money are integers; arithmetic is checked and panics on overflow, because a wrapped quantity is
//! a wrong answer. `Time + Time` and `Dollars + Tokens` do not compile:
//!
//! ```compile_fail
//! use tars_policy::units::Time;
//! let _ = Time::START + Time::START;
//! ```
//!
//! ```compile_fail
//! use tars_policy::units::{Dollars, Tokens};
//! let _ = Dollars::ZERO + Tokens::new(1);
//! ```

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::ops::{Add, AddAssign, Mul, Sub};
use core::str::FromStr;

/// Nanoseconds in one second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A moment, in nanoseconds since the start that the caller chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The start of time.
    pub const START: Self = Self(0);
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, rounded to a float.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// The span from `earlier` to `self`, or zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved by `span`, or [`Time::NEVER`] where that does not fit.
    #[must_use]
    pub const fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.checked_add(span.0).expect("time overflows"))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub for Time {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.checked_sub(earlier.0).expect("time stepped back"))
    }
}

/// A length of time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span; stands for "never ends".
    pub const MAX: Self = Self(u64::MAX);

    /// `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// `seconds` seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * NANOS_PER_SECOND)
    }

    /// `seconds` rounded to the nearest nanosecond; negative and not-a-number become zero, too large becomes [`Span::MAX`].
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is what is promised"
    )]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self(libm::round(seconds * NANOS_PER_SECOND as f64) as u64)
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, rounded to a float.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Whether the span is empty.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or [`Span::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The span `times` times over, or [`Span::MAX`].
    #[must_use]
    pub const fn saturating_mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// The span scaled by a factor, rounded to the nearest nanosecond, saturating.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is what is promised"
    )]
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self(libm::round(self.0 as f64 * factor) as u64)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("span overflows"))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("span below zero"))
    }
}

impl Mul<u64> for Span {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.checked_mul(times).expect("span overflows"))
    }
}

/// Units of a written span, largest first.
const SPAN_UNITS: [(&str, u64); 8] = [
    ("w", 604_800 * NANOS_PER_SECOND),
    ("d", 86_400 * NANOS_PER_SECOND),
    ("h", 3_600 * NANOS_PER_SECOND),
    ("min", 60 * NANOS_PER_SECOND),
    ("s", NANOS_PER_SECOND),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl fmt::Display for Span {
    /// Prints the shortest exact form: `250ms`, `1.5s`, `2h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let (unit, size) = SPAN_UNITS
            .iter()
            .find(|(_, size)| self.0.is_multiple_of(*size))
            .or_else(|| SPAN_UNITS.last())
            .copied()
            .unwrap_or(("ns", 1));
        // A decimal of a larger unit reads better than thousands of a smaller one: 1.5s, not 1500ms.
        for (larger, larger_size) in SPAN_UNITS.iter().filter(|(name, _)| matches!(*name, "s" | "ms" | "us"))
        {
            if self.0 >= *larger_size && self.0 / size >= 1_000 && *larger_size > size {
                return write!(f, "{}{larger}", decimal(u128::from(self.0), u128::from(*larger_size)));
            }
        }
        write!(f, "{}{unit}", self.0 / size)
    }
}

/// `numerator / denominator` as an exact decimal; the denominator is a power of ten.
fn decimal(numerator: u128, denominator: u128) -> String {
    let whole = numerator / denominator;
    let rest = numerator % denominator;
    if rest == 0 {
        return whole.to_string();
    }
    let width = denominator.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseQuantityError {
    message: String,
}

impl ParseQuantityError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for ParseQuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for ParseQuantityError {}

/// Reads a plain decimal (`12`, `0.25`) as an exact count of `1 / scale`; `scale` is a power of ten.
fn parse_decimal(text: &str, scale: u128) -> Result<u128, &'static str> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err("a number is missing");
    }
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(if text.starts_with('-') {
            "it is negative"
        } else {
            "it is not a plain decimal number"
        });
    }
    let mut value: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| "it is too large")? };
    value = value.checked_mul(scale).ok_or("it is too large")?;
    let mut digit_worth = scale;
    for byte in fraction.bytes() {
        if digit_worth == 1 && byte != b'0' {
            return Err("it has more decimals than are kept");
        }
        digit_worth = (digit_worth / 10).max(1);
        if digit_worth >= 1 && byte != b'0' {
            value = value.checked_add(u128::from(byte - b'0') * digit_worth).ok_or("it is too large")?;
        }
    }
    Ok(value)
}

impl FromStr for Span {
    type Err = ParseQuantityError;

    /// Reads `250ms`, `1.5s`, `2min`, `1h`, `30d`, `2w`; the unit is required, parts of a nanosecond are refused.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let trimmed = text.trim();
        let split = trimmed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(trimmed.len());
        let (number, unit) = (trimmed[..split].trim_end(), &trimmed[split..]);
        if unit.is_empty() {
            return Err(ParseQuantityError::new(format!(
                "`{text}` has no unit; write a span as a number and ns, us, ms, s, min, h, d or w"
            )));
        }
        let Some((_, size)) = SPAN_UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(ParseQuantityError::new(format!(
                "`{text}` has the unknown unit `{unit}`; expected ns, us, ms, s, min, h, d or w"
            )));
        };
        // Twelve decimals of the unit, then exact division: 0.1w is 16.8h to the nanosecond.
        let scale: u128 = 1_000_000_000_000;
        let scaled = parse_decimal(number, scale)
            .map_err(|why| ParseQuantityError::new(format!("`{text}` is no span: {why}")))?;
        let nanos = scaled
            .checked_mul(u128::from(*size))
            .ok_or_else(|| ParseQuantityError::new(format!("`{text}` is no span: it is too large")))?;
        if nanos % scale != 0 {
            return Err(ParseQuantityError::new(format!("`{text}` is finer than a nanosecond")));
        }
        u64::try_from(nanos / scale)
            .map(Self)
            .map_err(|_| ParseQuantityError::new(format!("`{text}` is longer than 584 years")))
    }
}

/// A count of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tokens(u64);

impl Tokens {
    /// None.
    pub const ZERO: Self = Self(0);

    /// `count` tokens.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// How many.
    pub const fn count(self) -> u64 {
        self.0
    }
}

impl Add for Tokens {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("tokens overflow"))
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Trillionths of a dollar in one dollar.
const TRILLION: u128 = 1_000_000_000_000;

/// Money in trillionths of a dollar: $0.0375 per million tokens is 37,500 a token, exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dollars(u128);

impl Dollars {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `trillionths` of a dollar.
    pub const fn from_trillionths(trillionths: u128) -> Self {
        Self(trillionths)
    }

    /// Trillionths of a dollar.
    pub const fn as_trillionths(self) -> u128 {
        self.0
    }

    /// Dollars, rounded to a float.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / TRILLION as f64
    }
}

impl Add for Dollars {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("dollars overflow"))
    }
}

impl AddAssign for Dollars {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Dollars {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("dollars below zero"))
    }
}

impl Mul<u64> for Dollars {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.checked_mul(u128::from(times)).expect("dollars overflow"))
    }
}

impl FromStr for Dollars {
    type Err = ParseQuantityError;

    /// Reads a plain decimal of dollars (`"0.80"`), up to twelve decimals.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        parse_decimal(text.trim(), TRILLION)
            .map(Self)
            .map_err(|why| ParseQuantityError::new(format!("`{text}` is no amount of dollars: {why}")))
    }
}

impl fmt::Display for Dollars {
    /// Prints the exact decimal, without a sign: `0.8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.0, TRILLION))
    }
}

/// The price of tokens, kept as dollars per million tokens; exact per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenPrice(u64);

impl TokenPrice {
    /// Costs nothing.
    pub const FREE: Self = Self(0);

    /// A price in trillionths of a dollar per token, which is millionths of a dollar per million tokens.
    pub const fn from_trillionths_per_token(trillionths: u64) -> Self {
        Self(trillionths)
    }

    /// Trillionths of a dollar per token.
    pub const fn as_trillionths_per_token(self) -> u64 {
        self.0
    }
}

impl Mul<Tokens> for TokenPrice {
    type Output = Dollars;
    /// The only way from tokens to money.
    fn mul(self, tokens: Tokens) -> Dollars {
        Dollars(u128::from(self.0) * u128::from(tokens.0))
    }
}

impl FromStr for TokenPrice {
    type Err = ParseQuantityError;

    /// Reads dollars per million tokens (`"0.80"`), up to six decimals.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let millionths = parse_decimal(text.trim(), 1_000_000).map_err(|why| {
            ParseQuantityError::new(format!("`{text}` is no price in dollars per million tokens: {why}"))
        })?;
        u64::try_from(millionths)
            .map(Self)
            .map_err(|_| ParseQuantityError::new(format!("`{text}` is no price: it is too large")))
    }
}

impl fmt::Display for TokenPrice {
    /// Prints dollars per million tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(u128::from(self.0), 1_000_000))
    }
}

/// The price of time, kept as dollars per hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimePrice(u64);

impl TimePrice {
    /// A price in millionths of a dollar per hour.
    pub const fn from_millionths_per_hour(millionths: u64) -> Self {
        Self(millionths)
    }

    /// What `unit_nanos` nanoseconds cost in all, rounded once, half up. The sum of a ledger goes in, not each part.
    pub fn cost(self, unit_nanos: u128) -> Dollars {
        let hour = 3_600 * u128::from(NANOS_PER_SECOND);
        let product = unit_nanos.checked_mul(u128::from(self.0) * 1_000_000).expect("dollars overflow");
        Dollars((product + hour / 2) / hour)
    }
}

impl FromStr for TimePrice {
    type Err = ParseQuantityError;

    /// Reads dollars per hour (`"0.05"`), up to six decimals.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let millionths = parse_decimal(text.trim(), 1_000_000).map_err(|why| {
            ParseQuantityError::new(format!("`{text}` is no price in dollars per hour: {why}"))
        })?;
        u64::try_from(millionths)
            .map(Self)
            .map_err(|_| ParseQuantityError::new(format!("`{text}` is no price: it is too large")))
    }
}

impl fmt::Display for TimePrice {
    /// Prints dollars per hour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(u128::from(self.0), 1_000_000))
    }
}

/// A rate as an exact fraction: `count` per `per` nanoseconds, in lowest terms; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u64,
    per: u64,
}

impl Rate {
    /// `count` per `per`, or `None` when either is zero.
    pub const fn new(count: u64, per: Span) -> Option<Self> {
        if count == 0 || per.0 == 0 {
            return None;
        }
        let divisor = gcd(count, per.0);
        Some(Self { count: count / divisor, per: per.0 / divisor })
    }

    /// `amount` per `per`, kept to a millionth; `None` when it is not positive, too large or finer than that.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds are checked before")]
    pub fn from_f64(amount: f64, per: Span) -> Option<Self> {
        let millionths = libm::round(amount * 1e6);
        if !(1.0..9e15).contains(&millionths) || libm::fabs(amount * 1e6 - millionths) > 1e-3 {
            return None;
        }
        Self::new(millionths as u64, Span(per.0.checked_mul(1_000_000)?))
    }

    /// The numerator of the fraction in lowest terms.
    pub const fn count(self) -> u64 {
        self.count
    }

    /// The denominator, in nanoseconds.
    pub const fn per_nanos(self) -> u64 {
        self.per
    }

    /// As a float, per second.
    pub fn per_second(self) -> f64 {
        self.count as f64 / self.per as f64 * NANOS_PER_SECOND as f64
    }
}

/// The greatest common divisor; at least one argument is positive.
const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(feature = "serde")]
mod text_form {
    //! Spans and money are strings in JSON; a rate names its unit in its key.

    use super::{Dollars, Rate, Span, TimePrice, TokenPrice, Tokens};
    use alloc::string::ToString;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    macro_rules! as_text {
        ($($type:ty, $expected:literal);*) => {$(
            impl Serialize for $type {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(&self.to_string())
                }
            }
            impl<'de> Deserialize<'de> for $type {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct Text;
                    impl de::Visitor<'_> for Text {
                        type Value = $type;
                        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                            f.write_str($expected)
                        }
                        fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                            text.parse().map_err(de::Error::custom)
                        }
                    }
                    deserializer.deserialize_any(Text)
                }
            }
        )*};
    }
    as_text!(
        Span, "a span with its unit, such as \"250ms\" or \"1.5s\"";
        Dollars, "an amount of dollars as a string, such as \"0.25\"";
        TokenPrice, "a price in dollars per million tokens as a string, such as \"0.80\"";
        TimePrice, "a price in dollars per hour as a string, such as \"0.05\""
    );

    impl Serialize for Tokens {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_u64(self.0)
        }
    }
    impl<'de> Deserialize<'de> for Tokens {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            u64::deserialize(deserializer).map(Self)
        }
    }

    /// How a rate is written: its key names the unit.
    #[derive(Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(rename_all = "snake_case", rename = "Rate")]
    #[expect(clippy::enum_variant_names, reason = "each is a key of the JSON text, whose unit it names")]
    pub(super) enum RateText {
        /// Per second.
        PerSecond(f64),
        /// Per minute.
        PerMinute(f64),
        /// Per hour.
        PerHour(f64),
    }

    impl Serialize for Rate {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let second = self.per_second();
            let exact = |x: f64| libm::fabs(x - libm::round(x)) < 1e-9 * x;
            let text = if exact(second) {
                RateText::PerSecond(libm::round(second))
            } else if exact(second * 60.0) {
                RateText::PerMinute(libm::round(second * 60.0))
            } else if exact(second * 3600.0) {
                RateText::PerHour(libm::round(second * 3600.0))
            } else {
                RateText::PerSecond(second)
            };
            text.serialize(serializer)
        }
    }
    impl<'de> Deserialize<'de> for Rate {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let (amount, per) = match RateText::deserialize(deserializer)? {
                RateText::PerSecond(amount) => (amount, Span::from_secs(1)),
                RateText::PerMinute(amount) => (amount, Span::from_secs(60)),
                RateText::PerHour(amount) => (amount, Span::from_secs(3_600)),
            };
            Self::from_f64(amount, per).ok_or_else(|| {
                de::Error::custom("a rate is positive, below nine billion, with at most six decimals")
            })
        }
    }

    #[cfg(feature = "schema")]
    mod schema {
        use super::{Dollars, Rate, RateText, Span, TimePrice, TokenPrice, Tokens};
        use alloc::borrow::Cow;
        use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

        macro_rules! text_schema {
            ($($type:ty, $name:literal, $pattern:literal, $words:literal);*) => {$(
                impl JsonSchema for $type {
                    fn schema_name() -> Cow<'static, str> { $name.into() }
                    fn json_schema(_: &mut SchemaGenerator) -> Schema {
                        json_schema!({"type": "string", "pattern": $pattern, "description": $words})
                    }
                }
            )*};
        }
        text_schema!(
            Span, "Span", r"^\s*[0-9]*\.?[0-9]+\s*(ns|us|ms|s|min|h|d|w)$", "A span of time with its unit: 250ms, 1.5s, 2min, 1h";
            Dollars, "Dollars", r"^\s*[0-9]*\.?[0-9]+\s*$", "Dollars as a decimal string";
            TokenPrice, "TokenPrice", r"^\s*[0-9]*\.?[0-9]+\s*$", "Dollars per million tokens as a decimal string";
            TimePrice, "TimePrice", r"^\s*[0-9]*\.?[0-9]+\s*$", "Dollars per hour as a decimal string"
        );
        impl JsonSchema for Tokens {
            fn schema_name() -> Cow<'static, str> {
                "Tokens".into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                u64::json_schema(generator)
            }
        }
        impl JsonSchema for Rate {
            fn schema_name() -> Cow<'static, str> {
                "Rate".into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                RateText::json_schema(generator)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn span(text: &str, nanos: u64) {
        assert_eq!(text.parse::<Span>().map(Span::as_nanos), Ok(nanos));
    }

    #[test]
    fn spans_are_read_exactly() {
        span("250ms", 250_000_000);
        span("1.5s", 1_500_000_000);
        span(".5 us", 500);
        span("0.1w", 60_480_000_000_000);
        span("2min", 120_000_000_000);
        span("0s", 0);
    }

    #[test]
    fn wrong_spans_say_what_is_wrong() {
        for (text, words) in [
            ("5", "no unit"),
            ("5 parsecs", "unknown unit `parsecs`"),
            ("-1s", "negative"),
            ("s", "a number is missing"),
            ("1e3s", "unknown unit"),
            ("0.5ns", "finer than a nanosecond"),
            ("99999w", "longer than 584 years"),
            ("1.2.3s", "not a plain decimal"),
        ] {
            let error = text.parse::<Span>().expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn spans_print_in_the_form_they_are_read() {
        for (nanos, text) in [
            (0, "0s"),
            (250_000_000, "250ms"),
            (1_500_000_000, "1.5s"),
            (7_200_000_000_000, "2h"),
            (1, "1ns"),
            (1_234_567_891, "1.234567891s"),
            (90_000_000_000, "90s"),
        ] {
            assert_eq!(Span::from_nanos(nanos).to_string(), text);
            span(text, nanos);
        }
    }

    #[test]
    fn money_is_exact() {
        let price: TokenPrice = "0.0375".parse().expect("a price");
        assert_eq!((price * Tokens::new(1)).as_trillionths(), 37_500);
        assert_eq!("0.80".parse::<TokenPrice>().expect("a price").to_string(), "0.8");
        assert_eq!("1.000000000001".parse::<Dollars>().expect("dollars").as_trillionths(), 1_000_000_000_001);
        assert!("1.0000000000001".parse::<Dollars>().is_err());
    }

    #[test]
    fn time_prices_round_once() {
        let cent: TimePrice = "0.01".parse().expect("a price");
        assert_eq!(cent.cost(3_600_000_000_000).to_string(), "0.01");
        assert_eq!(cent.cost(1).as_trillionths(), 0);
        assert_eq!(cent.cost(180).as_trillionths(), 1);
    }

    #[test]
    fn rates_are_kept_in_lowest_terms() {
        let rate = Rate::new(10_000, Span::from_secs(3_600)).expect("a rate");
        assert_eq!((rate.count(), rate.per_nanos()), (1, 360_000_000));
        assert_eq!(Rate::from_f64(2.5, Span::from_secs(1)), Rate::new(5, Span::from_secs(2)));
        assert_eq!(Rate::from_f64(0.0, Span::from_secs(1)), None);
        assert_eq!(Rate::from_f64(1e-7, Span::from_secs(1)), None);
        assert_eq!(Rate::new(0, Span::from_secs(1)), None);
    }

    #[test]
    #[should_panic(expected = "time stepped back")]
    fn time_never_steps_back() {
        let _ = Time::START - Time::from_nanos(1);
    }
}
