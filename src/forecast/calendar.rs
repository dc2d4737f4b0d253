//! Months and days of the proleptic Gregorian calendar, counted without a clock.

use std::fmt;

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct YearMonth {
    /// Months since January of year 0.
    index: u32,
}

/// A day, as days since 1 January 1970; earlier ones are negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl YearMonth {
    /// Month `month` (1 to 12) of `year` (1 to 9999), if there is such a month.
    pub fn new(year: u32, month: u32) -> Option<Self> {
        let valid = (1..=9999).contains(&year) && (1..=12).contains(&month);
        valid.then(|| Self { index: year * 12 + month - 1 })
    }

    /// Reads `2026-02`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |part: &str, width: usize| {
            let good = part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit());
            good.then(|| part.parse::<u32>().ok())?
        };
        Self::new(digits(year, 4)?, digits(month, 2)?)
    }

    /// Months since January of year 0.
    pub const fn index(self) -> u32 {
        self.index
    }

    /// So many months later.
    #[must_use]
    pub const fn plus(self, months: u32) -> Self {
        Self { index: self.index + months }
    }

    /// Its first day.
    pub fn first_day(self) -> Day {
        Day::of(self.index / 12, self.index % 12 + 1, 1)
    }

    /// How many days it has.
    pub fn days(self) -> u32 {
        let days = self.plus(1).first_day().0 - self.first_day().0;
        u32::try_from(days).expect("a month has 28 to 31 days")
    }
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.index / 12, self.index % 12 + 1)
    }
}

impl Day {
    /// The day of a valid date (Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`).
    fn of(year: u32, month: u32, day: u32) -> Self {
        let year = i64::from(year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Reads `2026-02-13`, if there is such a day.
    pub fn parse(text: &str) -> Option<Self> {
        let (month, day) = text.rsplit_once('-')?;
        let month = YearMonth::parse(month)?;
        let good = day.len() == 2 && day.bytes().all(|byte| byte.is_ascii_digit());
        let day = day.parse::<u32>().ok().filter(|day| good && (1..=month.days()).contains(day))?;
        Some(month.first_day().plus(i64::from(day) - 1))
    }

    /// Days since 1 January 1970.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// So many days later, or earlier.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// Year, month and day (`civil_from_days` of the same source).
    fn parts(self) -> (i64, i64, i64) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted_month + 2) / 5 + 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// The day at a fraction of the months since `start`: month 1.5 is the middle of the second month.
pub fn day_at(start: YearMonth, months: f64) -> Day {
    let whole = libm::floor(months);
    #[expect(clippy::cast_possible_truncation, reason = "a forecast reaches some hundred months at most")]
    let steps = whole as i64;
    let month = i64::from(start.index) + steps;
    let month = YearMonth { index: u32::try_from(month.max(0)).unwrap_or(u32::MAX / 2) };
    #[expect(clippy::cast_possible_truncation, reason = "below 31")]
    let days = libm::floor((months - whole) * f64::from(month.days())) as i64;
    month.first_day().plus(days)
}

/// The months from the first day of `start` to a day.
pub fn months_until(start: YearMonth, day: Day) -> f64 {
    let mut month = start;
    let mut passed = 0.0;
    while day >= month.plus(1).first_day() {
        month = month.plus(1);
        passed += 1.0;
    }
    let into = (day.0 - month.first_day().0) as f64;
    if day < start.first_day() { into / 30.4375 } else { passed + into / f64::from(month.days()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_printed() {
        for text in ["1970-01-01", "2026-02-13", "2000-02-29", "1900-03-01", "9999-12-31", "0001-01-01"] {
            assert_eq!(Day::parse(text).map(|day| day.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Day::parse("1970-01-01"), Some(Day(0)));
    }

    #[test]
    fn days_and_months_that_do_not_exist_are_refused() {
        for text in
            ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "26-01-01", "2026-1-01"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(YearMonth::parse("0000-01"), None);
    }

    #[test]
    fn a_part_of_a_month_is_a_day_of_it() {
        let start = YearMonth::parse("2026-02").unwrap();
        assert_eq!(day_at(start, 0.0).to_string(), "2026-02-01");
        assert_eq!(day_at(start, 1.5).to_string(), "2026-03-16");
        assert_eq!(day_at(start, -0.5).to_string(), "2026-01-16");
        assert_eq!(day_at(start, 12.0).to_string(), "2027-02-01");
    }

    #[test]
    fn a_day_of_a_month_is_a_part_of_it() {
        let start = YearMonth::parse("2026-02").unwrap();
        let at = |text: &str| months_until(start, Day::parse(text).unwrap());
        assert!((at("2026-03-01") - 1.0).abs() < 1e-12);
        assert!((at("2026-02-15") - 0.5).abs() < 1e-12);
        assert!(at("2026-01-01") < 0.0);
    }
}
