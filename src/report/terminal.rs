//! The summary that a command ends with: question, answer, best cells, what was flagged, where the files are.

mod flags;
mod places;

use std::ops::RangeInclusive;

use comfy_table::{
    Cell as TableCell, CellAlignment, Color, ContentArrangement, LineStyle, Table, TableStyle,
};

use super::{number, select};
use crate::result::{Cell, CellStatus, MetricInfo, ResultFile};

/// The rows of the table; more do not fit a screen beside the rest.
const ROWS_MAX: usize = 10;
/// Column headings are broken at this width.
const HEADER_WIDTH: usize = 11;
/// Narrower than this, text is cut rather than wrapped to slivers.
const WIDTH_MIN: usize = 40;

/// What the summary is shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns of text.
    pub width: usize,
    /// Whether it shows colours.
    pub colour: Colour,
}

/// Whether text carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Never: a file, a pipe, `NO_COLOR`.
    Plain,
    /// ANSI escape sequences.
    Ansi,
}

/// Sums a result up for a screen; `folder` is where its files are, when they were written.
pub fn summary(result: &ResultFile, folder: Option<&str>, screen: Screen) -> String {
    let screen = Screen { width: screen.width.max(WIDTH_MIN), ..screen };
    let mut text = String::new();
    heading(&mut text, result, screen);
    let (shown, rows) = best_cells(result);
    if !shown.is_empty() {
        text.push_str(&table(result, &shown, screen));
        text.push('\n');
        let cells = if rows == 1 { "1 cell".to_owned() } else { format!("{} of {rows} cells", shown.len()) };
        let note = format!(
            "{cells}; {} % intervals; * is the answer, ! puts numbers in doubt",
            number::plain(result.confidence * 100.0)
        );
        paragraph(&mut text, &note, "", screen);
    }
    if let [only] = result.cells.as_slice() {
        let tables = places::tables(only, screen);
        text.push_str(&tables);
        if !tables.is_empty() {
            paragraph(
                &mut text,
                "the intervals of these tables stand in the report and in result.json",
                "",
                screen,
            );
        }
    }
    flags::tell(&mut text, result, screen);
    footer(&mut text, result, folder, screen);
    text
}

fn heading(text: &mut String, result: &ResultFile, screen: Screen) {
    text.push_str(&paint(&cut(&number::clean(&result.name), screen.width), Style::Dim, screen));
    text.push('\n');
    paragraph(text, &result.question, "", screen);
    text.push('\n');
    for line in wrapped(&number::clean(&result.answer.headline), screen.width) {
        text.push_str(&paint(&line, Style::Bold, screen));
        text.push('\n');
    }
    if result.quick {
        for line in wrapped(select::QUICK, screen.width) {
            text.push_str(&paint(&line, Style::Warning, screen));
            text.push('\n');
        }
    }
    for detail in &result.answer.details {
        paragraph(text, detail, "· ", screen);
    }
    text.push('\n');
}

/// The cells worth a look: the answer, its neighbour, those that meet the objective by cost, then the nearest misses.
fn best_cells(result: &ResultFile) -> (Vec<&Cell>, usize) {
    let mut cells: Vec<&Cell> = result.cells.iter().collect();
    let cost = select::cost(result).map(|metric| metric.name.as_str());
    cells.sort_by(|a, b| {
        let rank = |cell: &Cell| {
            let verdict = if select::is_done(cell) { cell.slo_missed.len() } else { usize::MAX };
            (result.answer.cell != Some(cell.index), result.answer.smaller != Some(cell.index), verdict)
        };
        let price = |cell| cost.and_then(|name| select::value(cell, name)).unwrap_or(f64::INFINITY);
        rank(a).cmp(&rank(b)).then(price(a).total_cmp(&price(b))).then(a.index.cmp(&b.index))
    });
    cells.truncate(ROWS_MAX);
    (cells, result.cells.len())
}

/// Lays the table out: all headline metrics with intervals if they fit, else those judged, else without intervals,
/// else fewer.
fn table(result: &ResultFile, cells: &[&Cell], screen: Screen) -> String {
    let all = select::headline(result);
    let judged = |metric: &&MetricInfo| select::slo(result, &metric.name).is_some();
    let mut kept: Vec<&MetricInfo> = all.iter().copied().filter(judged).collect();
    if kept.is_empty() {
        kept.clone_from(&all);
    }
    let attempts = [(&all, Ends::Shown), (&kept, Ends::Shown), (&all, Ends::Hidden), (&kept, Ends::Hidden)];
    for (metrics, ends) in attempts {
        let text = table_of(result, cells, (metrics, ends), screen, ContentArrangement::Disabled);
        if !metrics.is_empty() && text.lines().all(|line| visible_width(line) <= screen.width) {
            return text;
        }
    }
    while kept.pop().is_some() {
        for ends in [Ends::Shown, Ends::Hidden] {
            let text = table_of(result, cells, (&kept, ends), screen, ContentArrangement::Disabled);
            if text.lines().all(|line| visible_width(line) <= screen.width) {
                return text;
            }
        }
    }
    table_of(result, cells, (&[], Ends::Hidden), screen, ContentArrangement::Dynamic)
}

/// Whether estimates carry their intervals.
#[derive(Clone, Copy)]
enum Ends {
    Shown,
    Hidden,
}

fn table_of(
    result: &ResultFile,
    cells: &[&Cell],
    (metrics, ends): (&[&MetricInfo], Ends),
    screen: Screen,
    arrangement: ContentArrangement,
) -> String {
    let columns = result.axes.len() + metrics.len();
    let rows = cells.iter().map(|cell| row(result, cell, metrics, ends)).collect();
    let mut table = lined(header(result, metrics), rows, 0..=columns, screen);
    table.set_content_arrangement(arrangement);
    written(&table)
}

/// A table as wide as its content.
fn laid_out(
    header: Vec<String>,
    rows: Vec<Vec<TableCell>>,
    numbers: RangeInclusive<usize>,
    screen: Screen,
) -> String {
    written(&lined(header, rows, numbers, screen))
}

/// A table with a line below its header and numbers on the right of their columns.
fn lined(
    header: Vec<String>,
    rows: Vec<Vec<TableCell>>,
    numbers: RangeInclusive<usize>,
    screen: Screen,
) -> Table {
    let mut table = Table::new();
    let lines = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    table.load_style(lines).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
    table.set_width(u16::try_from(screen.width).unwrap_or(u16::MAX));
    if screen.colour == Colour::Ansi {
        table.enforce_styling();
    }
    table.set_header(header);
    table.add_rows(rows);
    for index in numbers {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn written(table: &Table) -> String {
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn header(result: &ResultFile, metrics: &[&MetricInfo]) -> Vec<String> {
    let axes = (0..result.axes.len()).map(|axis| {
        let (name, unit) = select::axis_name(&result.axes[axis]);
        stacked(&name, &unit)
    });
    let metrics =
        metrics.iter().map(|metric| stacked(&number::clean(&metric.label), number::unit_label(&metric.unit)));
    let mut header = vec!["cell".to_owned()];
    header.extend(axes.chain(metrics));
    header.push("objective".to_owned());
    header
}

/// A label and its unit on short lines.
fn stacked(label: &str, unit: &str) -> String {
    let mut lines = wrapped(&broken(label, HEADER_WIDTH), HEADER_WIDTH);
    lines.extend(wrapped(&broken(unit, HEADER_WIDTH), HEADER_WIDTH));
    lines.join("\n")
}

/// Breaks words that are longer than `width` rather than cutting them, so that no two headings look alike: behind a sign
/// that joins words, or where the line ends.
fn broken(text: &str, width: usize) -> String {
    let mut parts = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some((end, _)) = rest.char_indices().nth(width) {
            let joint = rest[..end].rfind(['_', '-', '/', '.']).map_or(end, |place| place + 1);
            let (head, tail) = rest.split_at(joint);
            parts.push(head);
            rest = tail;
        }
        parts.push(rest);
    }
    parts.join(" ")
}

fn row(result: &ResultFile, cell: &Cell, metrics: &[&MetricInfo], ends: Ends) -> Vec<TableCell> {
    let answer = if result.answer.cell == Some(cell.index) { "*" } else { "" };
    let doubt = if select::is_doubtful(cell) { "!" } else { "" };
    let mut row = vec![TableCell::new(format!("{doubt}{answer}{}", cell.index))];
    row.extend(
        (0..result.axes.len()).map(|axis| TableCell::new(cut(&select::axis_value(result, cell, axis), 16))),
    );
    row.extend(metrics.iter().map(|metric| {
        let figure = select::figure(cell, &metric.name);
        let text = match (figure, ends) {
            (Some(figure), Ends::Shown) => number::with_interval(figure, &metric.unit),
            (Some(figure), Ends::Hidden) => number::estimate(figure, &metric.unit),
            (None, _) => "–".to_owned(),
        };
        TableCell::new(text)
    }));
    row.push(verdict(result, cell));
    row
}

fn verdict(result: &ResultFile, cell: &Cell) -> TableCell {
    match (&cell.status, cell.slo_met) {
        (CellStatus::Failed(_), _) => TableCell::new("failed").fg(Color::Red),
        (CellStatus::Done, Some(true)) => TableCell::new("✓ meets").fg(Color::Green),
        (CellStatus::Done, Some(false)) => {
            let missed = select::missed(result, cell);
            let more = if missed.len() > 1 { format!(" +{}", missed.len() - 1) } else { String::new() };
            let first = missed.first().map_or("misses", String::as_str);
            TableCell::new(format!("✗ {}{more}", cut(first, 20))).fg(Color::Yellow)
        }
        (CellStatus::Done, None) => TableCell::new("–"),
    }
}

fn footer(text: &mut String, result: &ResultFile, folder: Option<&str>, screen: Screen) {
    text.push('\n');
    if let Some(folder) = folder {
        let folder = number::clean(folder.trim_end_matches('/'));
        text.extend(["files   ", &folder, "/report.html, result.json, results.csv, plots/\n"]);
    }
    text.extend(["again   ", &number::clean(&result.command), "\n"]);
    let digest: String = number::clean(&result.digest).chars().take(16).collect();
    text.push_str(&paint(&format!("digest  {digest}…  seed {}", result.seed), Style::Dim, screen));
    text.push('\n');
}

fn paragraph(text: &mut String, words: &str, lead: &str, screen: Screen) {
    let indent = " ".repeat(lead.chars().count());
    let width = screen.width - indent.len();
    for (place, line) in wrapped(&number::clean(words), width).into_iter().enumerate() {
        text.push_str(if place == 0 { lead } else { &indent });
        text.push_str(&line);
        text.push('\n');
    }
}

/// Breaks text at spaces into lines of at most `width` characters; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let word = cut(word, width);
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The characters of a line that a terminal shows, without the escape sequences of colours.
fn visible_width(line: &str) -> usize {
    let mut width = 0;
    let mut inside = false;
    for sign in line.chars() {
        match (inside, sign) {
            (false, '\u{1b}') => inside = true,
            (false, _) => width += 1,
            (true, 'm') => inside = false,
            (true, _) => {}
        }
    }
    width
}

#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Warning,
}

fn paint(text: &str, style: Style, screen: Screen) -> String {
    let code = match style {
        Style::Bold => "1",
        Style::Dim => "2",
        Style::Warning => "33",
    };
    match screen.colour {
        Colour::Plain => text.to_owned(),
        Colour::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_and_lines_within_the_width() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible", 7), ["incomp…"]);
        assert_eq!(wrapped("  ", 7), Vec::<String>::new());
    }

    #[test]
    fn headings_that_differ_at_their_ends_look_different() {
        assert_eq!(stacked("service_latency_mean", "s"), "service_\nlatency_\nmean\ns");
        assert_eq!(stacked("recommendations", ""), "recommendat\nions");
        assert_ne!(stacked("recommendations_a", ""), stacked("recommendations_b", ""));
    }

    #[test]
    fn a_table_without_an_objective_shows_what_fits() {
        let text = include_str!("../../tests/data/report/sweep.json");
        let mut result: ResultFile = serde_json::from_str(text).expect("a result");
        result.slo.clear();
        let cells: Vec<&Cell> = result.cells.iter().collect();
        let told = table(&result, &cells, Screen { width: 80, colour: Colour::Plain });
        assert!(told.lines().all(|line| visible_width(line) <= 80) && told.contains("completed"), "{told}");
    }

    #[test]
    fn escape_sequences_take_no_room() {
        assert_eq!(visible_width("\u{1b}[33mab\u{1b}[0m"), 2);
    }
}
