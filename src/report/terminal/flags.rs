//! What was flagged, as lines of a summary.

use std::cmp::Reverse;

use super::{Screen, Style, paint, wrapped};
use crate::report::{number, select};
use crate::result::{Cell, Flag, ResultFile, Severity};

/// Flags shown; the report has all of them.
const FLAGS_MAX: usize = 6;

/// The flags of the whole result, then those of cells, each code once with the number of cells.
pub(super) fn tell(text: &mut String, result: &ResultFile, screen: Screen) {
    let mut lines: Vec<(Severity, String)> =
        select::flags(result).map(|flag| (flag.severity, flag.text.clone())).collect();
    for flagged in cell_flags(result) {
        let words = if result.cells.len() == 1 { flagged.text.to_owned() } else { flagged.words() };
        lines.push((flagged.severity, words));
    }
    let failed = result.cells.iter().filter(|cell| !select::is_done(cell)).count();
    if failed > 0 {
        let plural = if failed == 1 { "cell" } else { "cells" };
        lines.push((Severity::Warning, format!("{failed} {plural} failed; see the report for why")));
    }
    lines.sort_by_key(|(severity, _)| Reverse(*severity));
    if lines.is_empty() {
        return;
    }
    text.push('\n');
    for (severity, line) in lines.iter().take(FLAGS_MAX) {
        let (lead, style) = match severity {
            Severity::Warning => ("! ", Style::Warning),
            Severity::Info => ("i ", Style::Dim),
        };
        for (place, part) in wrapped(&number::clean(line), screen.width - 2).into_iter().enumerate() {
            let lead = if place == 0 { lead } else { "  " };
            text.push_str(&paint(&format!("{lead}{part}"), style, screen));
            text.push('\n');
        }
    }
    if lines.len() > FLAGS_MAX {
        text.extend(["  and ", &(lines.len() - FLAGS_MAX).to_string(), " more in the report\n"]);
    }
}

/// The flags of one code, and of one place among those of that code in a cell: each alert, say, is told by itself.
struct Flagged<'a> {
    severity: Severity,
    text: &'a str,
    /// The first cell that carries it.
    first: usize,
    cells: usize,
    /// Whether every cell says it in the same words.
    is_same: bool,
}

impl Flagged<'_> {
    /// `4 cells: …`, or, where the numbers differ, `4 cells, such as cell 7: …`.
    fn words(&self) -> String {
        let plural = if self.cells == 1 { "cell" } else { "cells" };
        let which = if self.is_same { String::new() } else { format!(", such as cell {}", self.first) };
        format!("{} {plural}{which}: {}", self.cells, self.text)
    }
}

/// Each flag of the cells once, by its code and its place among those of that code.
fn cell_flags(result: &ResultFile) -> Vec<Flagged<'_>> {
    let mut seen: indexmap::IndexMap<(&str, usize), Flagged<'_>> = indexmap::IndexMap::new();
    for (cell, flag, place) in result.cells.iter().flat_map(numbered) {
        let flagged = seen.entry((&flag.code, place)).or_insert(Flagged {
            severity: flag.severity,
            text: &flag.text,
            first: cell.index,
            cells: 0,
            is_same: true,
        });
        flagged.cells += 1;
        flagged.is_same &= flagged.text == flag.text;
        flagged.severity = flagged.severity.max(flag.severity);
    }
    seen.into_values().collect()
}

/// The flags of a cell, each with its place among those of the same code.
fn numbered(cell: &Cell) -> impl Iterator<Item = (&Cell, &Flag, usize)> {
    cell.flags.iter().enumerate().map(move |(index, flag)| {
        let before = cell.flags[..index].iter().filter(|other| other.code == flag.code);
        (cell, flag, before.count())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_a_cell_s_flags_of_one_code_is_told() {
        let text = include_str!("../../../tests/data/report/sweep.json");
        let mut result: ResultFile = serde_json::from_str(text).expect("a result");
        result.cells.truncate(2);
        for (index, cell) in result.cells.iter_mut().enumerate() {
            let flag = |name: &str| Flag {
                code: "alert".to_owned(),
                text: format!("{name} fired"),
                severity: Severity::Info,
            };
            cell.flags = vec![flag("the first"), flag(["the second", "the other"][index])];
        }
        let words: Vec<_> = cell_flags(&result).iter().map(Flagged::words).collect();
        assert_eq!(words, ["2 cells: the first fired", "2 cells, such as cell 0: the second fired"]);
    }
}
