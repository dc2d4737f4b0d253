//! What was found → bytes: a table for programs, a page for people, and counts for the terminal.

mod curves;
pub mod html;

use super::{Kind, Reproduction, Row, Verdict};
use serde_json::json;
use std::fmt::Write;

/// The rows as CSV.
///
/// # Errors
/// Never in memory; the writer's own otherwise.
pub fn csv(rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// The rows and counts as JSON.
pub fn json(found: &Reproduction) -> Vec<u8> {
    let counts = |kind| {
        let counts = found.counts(kind);
        let pairs = counts.0.iter().filter(|(_, count)| *count > 0);
        pairs
            .map(|(verdict, count)| (verdict.as_str().to_owned(), json!(count)))
            .collect::<serde_json::Map<_, _>>()
    };
    let by_kind: serde_json::Map<String, serde_json::Value> =
        Kind::ALL.into_iter().map(|kind| (kind.as_str().to_owned(), counts(Some(kind)).into())).collect();
    let value = json!({
        "format": 1,
        "quick": found.effort == super::Effort::Quick,
        "entries": found.rows.len(),
        "counts": counts(None),
        "counts_by_kind": by_kind,
        "curve": curves::rows(found),
        "tables": found.tables,
        "rows": found.rows,
    });
    let mut text = serde_json::to_vec_pretty(&value).expect("plain numbers and text");
    text.push(b'\n');
    text
}

/// Counts for people, the missed first.
pub fn terminal(found: &Reproduction) -> String {
    let mut text = format!("{} published figures\n\n", found.rows.len());
    let all = found.counts(None);
    let measured = found.counts(Some(Kind::MeasuredBaseline));
    let _ = writeln!(text, "{:<14}{:>8}{:>22}", "verdict", "entries", "measured baselines");
    for verdict in Verdict::ALL {
        let (all, measured) = (all.of(verdict), measured.of(verdict));
        if all > 0 {
            let _ = writeln!(text, "{:<14}{all:>8}{measured:>22}", verdict.as_str());
        }
    }
    text.push('\n');
    text.push_str(&curves::terminal(found));
    for table in &found.tables {
        let _ = writeln!(text, "\n{}\n  {}", table.question, table.answer);
    }
    let missed: Vec<&Row> = found.rows.iter().filter(|row| row.verdict == Verdict::Missed).collect();
    if !missed.is_empty() {
        let _ = writeln!(text, "\nmissed:");
        for row in missed {
            let _ = writeln!(text, "  {} ({}): {}", row.id, row.published, row.why);
        }
    }
    text
}
