//! A report as a table for people and as CSV for programs.

use super::{Form, Report, Row, Verdict};
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

const HEAD: [&str; 9] =
    ["case", "metric", "expected", "simulated", "low", "high", "error in SE", "relative error", "verdict"];

impl Report {
    /// All comparisons as a table, and the outcome under it.
    pub fn to_table(&self) -> String {
        format!("{}\n\n{}\n", table(self.rows.iter()), self.summary())
    }

    /// Only what does not hold.
    pub fn failures(&self) -> String {
        table(self.rows.iter().filter(|row| row.verdict != Verdict::Holds))
    }

    /// The outcome in a line.
    pub fn summary(&self) -> String {
        let failed = self.rows.iter().filter(|row| row.verdict != Verdict::Holds).count();
        let mut cases: Vec<&str> = self.rows.iter().map(|row| row.case.as_str()).collect();
        cases.dedup();
        let tolerance = match self.form {
            Form::Short => "5 %",
            Form::Full => "1 %",
        };
        format!(
            "{} cases, {} comparisons ({} of them resting on chance, tolerance {tolerance}), {failed} failed",
            cases.len(),
            self.rows.len(),
            self.comparisons,
        )
    }

    /// All comparisons as CSV.
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let head = HEAD.map(|name| name.replace(' ', "_").to_lowercase());
        writer.write_record(&head).expect("memory takes everything");
        for row in &self.rows {
            writer.write_record(cells(row, |value| value.to_string())).expect("memory takes everything");
        }
        let bytes = writer.into_inner().expect("memory takes everything");
        String::from_utf8(bytes).expect("it was text before")
    }

    /// All comparisons as a table of Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("| {} |\n|{}\n", HEAD.join(" | "), "---|".repeat(HEAD.len()));
        for row in &self.rows {
            text.push_str("| ");
            text.push_str(&cells(row, six).join(" | "));
            text.push_str(" |\n");
        }
        text
    }
}

fn table<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    lines(&HEAD, rows.map(|row| cells(row, six)), 2..8)
}

/// A table for people; the columns `numbers` are aligned to the right.
pub(crate) fn lines<Cells: IntoIterator<Item = String>>(
    head: &[&str],
    rows: impl Iterator<Item = Cells>,
    numbers: std::ops::Range<usize>,
) -> String {
    let mut table = Table::new();
    let style = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Disabled)
        .force_no_tty()
        .set_header(head);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(numbers.start).take(numbers.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn cells(row: &Row, number: impl Fn(f64) -> String) -> [String; 9] {
    let or_nothing = |value: Option<f64>| value.map_or(String::new(), &number);
    [
        row.case.clone(),
        row.metric.clone(),
        number(row.expected),
        or_nothing(row.simulated),
        or_nothing(row.interval.map(|(low, _)| low)),
        or_nothing(row.interval.map(|(_, high)| high)),
        row.error_in_standard_errors().map_or(String::new(), |error| format!("{error:.2}")),
        row.relative_error().map_or(String::new(), |error| format!("{:.3} %", error * 100.0)),
        row.verdict.as_str().to_owned(),
    ]
}

/// Six significant digits.
pub(crate) fn six(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a float is small")]
    let exponent = libm::floor(libm::log10(libm::fabs(value))) as i32;
    let decimals = usize::try_from(5 - exponent).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, expected: &str) {
        assert_eq!(six(value), expected);
    }

    #[test]
    fn numbers_have_six_digits_and_no_idle_ones() {
        check(4.0, "4");
        check(0.123_456_78, "0.123457");
        check(12_345.678, "12345.7");
        check(0.0, "0");
    }
}
