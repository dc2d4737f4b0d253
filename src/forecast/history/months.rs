//! What a history of any step says of months and seasons.

use super::super::calendar::{Day, YearMonth};
use super::super::schema::Step;
use super::History;
use std::collections::BTreeMap;

impl History {
    /// The mean of each whole month, and the month of the first; the same for a history of months.
    ///
    /// Months of which a day is missing at an end of the history are left out, and told.
    pub fn months(&self) -> (i64, Vec<f64>, Vec<String>) {
        let steps_a_day = match self.step {
            Step::Month => return (self.first, self.values.clone(), Vec::new()),
            Step::Day => 1,
            Step::Hour => 24,
        };
        let mut sums: BTreeMap<i64, (f64, u32)> = BTreeMap::new();
        let mut month = (i64::MIN, i64::MIN);
        for (offset, value) in (0..).zip(&self.values) {
            let day = (self.first + offset).div_euclid(steps_a_day);
            if day >= month.1 {
                month = month_of(day);
            }
            let sum = sums.entry(month.0).or_default();
            *sum = (sum.0 + value, sum.1 + 1);
        }
        let whole = |index: i64, count: u32| {
            let month = YearMonth::new(1, 1).zip(u32::try_from(index).ok());
            month.is_some_and(|(origin, index)| {
                let days = origin.plus(index - origin.index()).days();
                i64::from(count) == i64::from(days) * steps_a_day
            })
        };
        let all = sums.len();
        let kept: Vec<(i64, f64)> = sums
            .into_iter()
            .filter(|(index, (_, count))| whole(*index, *count))
            .map(|(index, (sum, count))| (index, sum / f64::from(count)))
            .collect();
        let told = match all - kept.len() {
            0 => Vec::new(),
            1 => vec!["a month is not whole and was left out".to_owned()],
            more => vec![format!("{more} months are not whole and were left out")],
        };
        (kept.first().map_or(0, |first| first.0), kept.into_iter().map(|(_, value)| value).collect(), told)
    }

    /// The greatest value over the mean.
    pub fn peak_over_mean(&self) -> f64 {
        let mean = self.values.iter().sum::<f64>() / self.values.len() as f64;
        self.values.iter().copied().fold(0.0, f64::max) / mean
    }

    /// The usual number of steps of a season.
    pub const fn season(&self) -> usize {
        match self.step {
            Step::Month => 12,
            Step::Day => 7,
            Step::Hour => 24,
        }
    }
}

/// The month of a day: its index, and the number of the first day after it.
fn month_of(day: i64) -> (i64, i64) {
    let text = Day::parse("1970-01-01").expect("a date").plus(day).to_string();
    let month = YearMonth::parse(&text[..7]).expect("a day has a month");
    (i64::from(month.index()), month.plus(1).first_day().number())
}
