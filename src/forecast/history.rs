//! Past demand: a CSV file → one value a step, without a hole, or what is wrong with it and where.
//!
//! What can be repaired without a guess is repaired and told: rows out of order are sorted, rows that say the same twice
//! are dropped. Dates without a row are filled only where the forecast file says so. Everything else is an error.

mod months;

use super::calendar::{Day, YearMonth};
use super::schema::{HistorySpec, Step};
use crate::experiment::path::Path;
use crate::experiment::source::{FileId, Origin, Place};
use crate::experiment::{At, Diagnostics};
use csv::{ReaderBuilder, StringRecord, Trim};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Bytes of a history that are read.
pub const BYTES_MAX: u64 = 64 << 20;
/// Problems of rows that are told one by one.
const TOLD_MAX: usize = 20;

/// A history without a hole.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// What a value is.
    pub step: Step,
    /// The step of the first value, as a number of steps.
    pub first: i64,
    /// A value a step.
    pub values: Vec<f64>,
    /// What was repaired, in words.
    pub repairs: Vec<String>,
}

/// A row that was read.
#[derive(Clone, Copy, Debug)]
struct Row {
    value: f64,
    line: u64,
    /// Where it stands.
    place: Place,
}

/// Reads a history; what is wrong with it goes to `diagnostics`.
pub fn read(name: &str, text: &str, spec: &HistorySpec, diagnostics: &mut Diagnostics) -> Option<History> {
    let file = diagnostics.sources_mut().add(name, Origin::File, text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    if header.is_empty() {
        let at = At::new(Place::new(file, 0, 0), Path::root());
        diagnostics.error(at, "the history is empty", Some("its first line names its columns".to_owned()));
        return None;
    }
    let date = column(&header, &spec.date, file, diagnostics);
    let value = column(&header, &spec.value, file, diagnostics);
    let (date, value) = (date?, value?);
    let mut table =
        Table { spec, file, rows: BTreeMap::new(), repairs: Vec::new(), wrong: 0, last: i64::MIN };
    let mut twice = 0_u64;
    let mut unsorted = false;
    for record in reader.records() {
        match record {
            Ok(record) => table.take(&record, (date, value), &mut twice, &mut unsorted, diagnostics),
            Err(error) => {
                table.tell(Place::new(file, 0, 0), format!("a row cannot be read: {error}"), diagnostics);
            }
        }
    }
    if unsorted {
        table.repairs.push("rows were out of order and have been sorted by date".to_owned());
    }
    if twice > 0 {
        table.repairs.push(format!("{twice} rows said what another had said, and have been dropped"));
    }
    if table.wrong > TOLD_MAX {
        let more = table.wrong - TOLD_MAX;
        diagnostics.error(
            At::new(Place::new(file, 0, 0), Path::root()),
            format!("{more} more rows are wrong"),
            None,
        );
    }
    if table.wrong > 0 { None } else { table.whole(diagnostics) }
}

fn column(header: &StringRecord, name: &str, file: FileId, diagnostics: &mut Diagnostics) -> Option<usize> {
    let found = header.iter().position(|column| column == name);
    if found.is_none() {
        let known: Vec<&str> = header.iter().take(12).collect();
        let other = [(';', "semicolons"), ('\t', "tabs")];
        let other = other.iter().find(|(sign, _)| known.len() == 1 && known[0].contains(*sign));
        let hint = Some(other.map_or_else(
            || format!("its columns are: {}", known.join(", ")),
            |(_, signs)| format!("its columns seem to be separated by {signs}: separate them by commas"),
        ));
        diagnostics.error(
            At::new(Place::new(file, 0, 0), Path::root()),
            format!("the history has no column `{name}`"),
            hint,
        );
    }
    found
}

/// The rows by step.
struct Table<'a> {
    spec: &'a HistorySpec,
    file: FileId,
    rows: BTreeMap<i64, Row>,
    repairs: Vec<String>,
    wrong: usize,
    last: i64,
}

impl Table<'_> {
    fn tell(&mut self, place: Place, message: String, diagnostics: &mut Diagnostics) {
        self.wrong += 1;
        if self.wrong <= TOLD_MAX {
            diagnostics.error(At::new(place, Path::root()), message, None);
        }
    }

    fn take(
        &mut self,
        record: &StringRecord,
        (date, value): (usize, usize),
        twice: &mut u64,
        unsorted: &mut bool,
        diagnostics: &mut Diagnostics,
    ) {
        let (start, line) = record.position().map_or((0, 0), |at| (at.byte(), at.line()));
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let place = Place::new(self.file, start, start.saturating_add(record.as_slice().len()));
        let (text, number) = (record.get(date).unwrap_or(""), record.get(value).unwrap_or(""));
        let Some(step) = step_of(text, self.spec.step) else {
            let example = example(self.spec.step);
            return self.tell(place, format!("`{}` is no date such as {example}", shown(text)), diagnostics);
        };
        if number.is_empty() {
            // Nothing is known of this date, as if its row were missing.
            if !self.spec.fill_gaps {
                let message =
                    format!("{} has no value: put it in, or use `\"fill_gaps\": true`", shown(text));
                self.tell(place, message, diagnostics);
            }
            return;
        }
        let value = match number.parse::<f64>() {
            Ok(value) if value.is_finite() && value >= 0.0 => value,
            Ok(value) if value < 0.0 => {
                return self.tell(
                    place,
                    format!("demand cannot be negative, and is {number} here"),
                    diagnostics,
                );
            }
            Ok(_) | Err(_) => {
                let hint = if number.contains(',') { ": write it without commas" } else { "" };
                return self.tell(place, format!("`{}` is no number{hint}", shown(number)), diagnostics);
            }
        };
        *unsorted |= step < self.last;
        self.last = step;
        match self.rows.entry(step) {
            Entry::Vacant(entry) => {
                entry.insert(Row { value, line, place });
            }
            Entry::Occupied(entry) if entry.get().value.total_cmp(&value).is_eq() => *twice += 1,
            Entry::Occupied(entry) => {
                let (first, before) = (entry.get().line, entry.get().value);
                let is_day = self.spec.step == Step::Month && Day::parse(text).is_some();
                let hint = if is_day { " A row is a month, unless `step` says `day`." } else { "" };
                let message = format!(
                    "{} has {value} here and {before} in line {first}: which of them holds?{hint}",
                    shown(text)
                );
                self.tell(place, message, diagnostics);
            }
        }
    }

    /// Every step from the first to the last, holes filled or told.
    fn whole(mut self, diagnostics: &mut Diagnostics) -> Option<History> {
        let count = self.rows.len();
        if count < 3 {
            let message = format!("a history of {count} rows shows no growth; three at least are needed");
            diagnostics.error(At::new(Place::new(self.file, 0, 0), Path::root()), message, None);
            return None;
        }
        let first = *self.rows.keys().next()?;
        let mut values: Vec<f64> = Vec::with_capacity(count);
        let mut filled = 0_u64;
        let mut before: Option<(i64, Row)> = None;
        for (step, row) in std::mem::take(&mut self.rows) {
            if let Some((last, from)) = before
                && step > last + 1
            {
                let missing = step - last - 1;
                if !self.spec.fill_gaps || missing.unsigned_abs() > count as u64 {
                    let hint = Some("add them, or fill them with `\"fill_gaps\": true`".to_owned());
                    let message = format!("{missing} dates are missing before this row");
                    diagnostics.error(At::new(row.place, Path::root()), message, hint);
                    return None;
                }
                filled += missing.unsigned_abs();
                values.extend(
                    (1..=missing)
                        .map(|gap| between(from.value, row.value, gap as f64 / (missing + 1) as f64)),
                );
            }
            values.push(row.value);
            before = Some((step, row));
        }
        if values.iter().all(|value| *value <= 0.0) {
            let at = At::new(Place::new(self.file, 0, 0), Path::root());
            diagnostics.error(at, "the history is nothing but zeros", None);
            return None;
        }
        if filled > 0 {
            self.repairs.push(format!("{filled} dates had no row and lie on a geometric line now"));
        }
        Some(History { step: self.spec.step, first, values, repairs: self.repairs })
    }
}

/// On a geometric line; a straight one where an end is 0.
fn between(from: f64, to: f64, share: f64) -> f64 {
    if from > 0.0 && to > 0.0 { from * libm::pow(to / from, share) } else { from + (to - from) * share }
}

/// The number of a date's step.
fn step_of(text: &str, step: Step) -> Option<i64> {
    match step {
        Step::Month => {
            let month = YearMonth::parse(text).or_else(|| {
                Day::parse(text)?;
                YearMonth::parse(text.get(..7)?)
            });
            month.map(|month| i64::from(month.index()))
        }
        Step::Day => Day::parse(text).map(Day::number),
        Step::Hour => {
            let (day, hour) = text.split_once([' ', 'T'])?;
            let digits = hour.get(..2).filter(|two| two.bytes().all(|byte| byte.is_ascii_digit()))?;
            let rest_is_time =
                hour[2..].chars().all(|sign| sign.is_ascii_digit() || matches!(sign, ':' | '.' | 'Z'));
            let hour: i64 = digits.parse().ok().filter(|hour| *hour < 24 && rest_is_time)?;
            Some(Day::parse(day)?.number() * 24 + hour)
        }
    }
}

const fn example(step: Step) -> &'static str {
    match step {
        Step::Month => "2026-02",
        Step::Day => "2026-02-13",
        Step::Hour => "2026-02-13 09:00",
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn spec(step: Step, fill_gaps: bool) -> HistorySpec {
        let (file, date, value) = ("h.csv".to_owned(), "date".to_owned(), "agents".to_owned());
        HistorySpec { file, date, value, step, season: None, fill_gaps, model: None, backtest_horizon: 6 }
    }

    fn parsed(text: &str, spec: &HistorySpec) -> Result<History, String> {
        let mut diagnostics = Diagnostics::new();
        let found = read("h.csv", text, spec, &mut diagnostics);
        found.ok_or_else(|| diagnostics.to_string())
    }

    #[track_caller]
    fn check_wrong(text: &str, expected: &str) {
        let told = parsed(text, &spec(Step::Month, false)).unwrap_err();
        assert!(told.contains(expected), "{told}");
    }

    const GOOD: &str = "date,agents\n2025-01,10\n2025-02,20\n2025-03,40\n";

    #[test]
    fn a_good_history_is_read_as_it_stands() {
        let found = parsed(GOOD, &spec(Step::Month, false)).unwrap();
        assert_eq!(found.values, [10.0, 20.0, 40.0]);
        assert!(found.repairs.is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        check_wrong(
            "date,agents\n2025-01,10\n2025-02,-2\n2025-03,4\n",
            "negative, and is -2 here\n  --> h.csv:3:1",
        );
        check_wrong(
            "date,agents\n2025-01,10\n2025-13,2\n2025-03,4\n",
            "`2025-13` is no date such as 2026-02\n  --> h.csv:3:1",
        );
        check_wrong("date,agents\n2025-01,ten\n", "`ten` is no number\n  --> h.csv:2:1");
        check_wrong("date,agents\n2025-01,NaN\n", "is no number");
        check_wrong("date,agents\n2025-01,10\n", "a history of 1 rows shows no growth");
        check_wrong("date,agents\n", "a history of 0 rows");
        check_wrong("", "the history is empty");
        check_wrong("date,agents\n2025-01,0\n2025-02,0\n2025-03,0\n", "nothing but zeros");
        check_wrong("date,users\n2025-01,1\n", "no column `agents`");
    }

    #[test]
    fn two_values_of_a_date_are_an_error_and_the_same_twice_is_repaired() {
        check_wrong(
            "date,agents\n2025-01,10\n2025-01,11\n2025-02,3\n",
            "2025-01 has 11 here and 10 in line 2",
        );
        let found = parsed(&format!("{GOOD}2025-01,10\n"), &spec(Step::Month, false)).unwrap();
        assert_eq!(found.values, [10.0, 20.0, 40.0]);
        assert_eq!(found.repairs.len(), 2, "{:?}", found.repairs);
    }

    #[test]
    fn a_gap_is_an_error_or_filled_and_told() {
        let text = "date,agents\n2025-01,10\n2025-02,10\n2025-04,40\n";
        check_wrong(text, "1 dates are missing before this row\n  --> h.csv:4:1");
        let found = parsed(text, &spec(Step::Month, true)).unwrap();
        assert!((found.values[2] - 20.0).abs() < 1e-9);
        assert_eq!(found.repairs, ["1 dates had no row and lie on a geometric line now"]);
        // A gap longer than all that is known is no gap but two histories.
        assert!(parsed("date,agents\n1925-01,1\n1925-02,1\n2025-01,2\n", &spec(Step::Month, true)).is_err());
    }

    #[test]
    fn whole_months_are_made_of_days_and_hours() {
        let start = Day::parse("2025-01-15").unwrap();
        let rows: Vec<_> = (0..80).map(|day| format!("{},5\n", start.plus(day))).collect();
        let found = parsed(&format!("date,agents\n{}", rows.concat()), &spec(Step::Day, false)).unwrap();
        let (first, months, told) = found.months();
        assert_eq!(first, i64::from(YearMonth::parse("2025-02").unwrap().index()));
        assert_eq!(months, [5.0, 5.0]);
        assert_eq!(told, ["2 months are not whole and were left out"]);
        assert_eq!(step_of("2025-01-15T09:30", Step::Hour), step_of("2025-01-15 09", Step::Hour));
        assert_eq!(step_of("2025-01-15 24", Step::Hour), None);
    }

    #[test]
    fn a_million_rows_are_read() {
        let start = Day::parse("1900-01-01").unwrap();
        let mut text = String::from("date,agents\n");
        for hour in 0..1_000_000_i64 {
            let (day, hour) = (start.plus(hour / 24), hour % 24);
            writeln!(text, "{day} {hour:02},{}", 100 + hour).unwrap();
        }
        let found = parsed(&text, &spec(Step::Hour, false)).unwrap();
        assert_eq!(found.values.len(), 1_000_000);
        assert!(found.months().1.len() > 1_300);
    }
}
