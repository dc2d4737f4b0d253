//! The page `docs/mechanisms.md`, from the table.

use super::{DOCUMENTS, Row, Table};
use std::fmt::Write as _;

/// Where the page is.
pub(super) const PAGE: &str = "docs/mechanisms.md";

/// What the documents are called.
const TITLES: [&str; 4] =
    ["Scaling strategies", "Load test results", "The load-testing skill", "Bottleneck analysis"];

/// The page.
pub(super) fn page(table: &Table) -> String {
    let mut text = String::new();
    let line = |text: &mut String, line: &str| writeln!(text, "{line}").expect("text takes text");
    line(&mut text, "# Every mechanism of TARS documents 000 to 003");
    line(&mut text, "");
    line(
        &mut text,
        &format!(
            "{} mechanisms can be switched on in an experiment file and have a test that shows their effect; {} cannot \
             be said yet and are listed at the end. The page is written from [`mechanisms.json`](mechanisms.json), and so \
             is the test `every_mechanism_shows_its_effect`: it runs the experiment with either value of the key, five \
             replications each on the same seeds, and asks that the metric moves as stated, by at least as much as stated, \
             at a confidence of 95 % (paired t). What \"with\" sets holds on both sides.",
            table.rows.len(),
            table.missing.len()
        ),
    );
    for (document, title) in DOCUMENTS.into_iter().zip(TITLES) {
        line(&mut text, "");
        line(&mut text, &format!("## Document {document}: {title}"));
        line(&mut text, "");
        line(&mut text, "| section | mechanism | experiment | key | from | to | metric | effect |");
        line(&mut text, "|---|---|---|---|---|---|---|---|");
        for row in table.rows.iter().filter(|row| row.document == document) {
            line(&mut text, &of_row(row));
        }
    }
    line(&mut text, "");
    line(&mut text, "## What cannot be said yet");
    line(&mut text, "");
    line(&mut text, "| document | section | mechanism | why |");
    line(&mut text, "|---|---|---|---|");
    for row in &table.missing {
        line(
            &mut text,
            &format!("| {} | {} | {} | {} |", row.document, row.section, row.mechanism, row.missing),
        );
    }
    text
}

fn of_row(row: &Row) -> String {
    let file = format!("[{0}](../experiments/mechanisms/{0}.json)", row.experiment);
    let given = row.given.iter().map(|(key, value)| format!(" with `{key}` = `{}`", short(value)));
    let key = format!("`{}`{}", row.key, given.collect::<Vec<_>>().join(","));
    let note = row.note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
    format!(
        "| {} | {}{note} | {file} | {key} | `{}` | `{}` | `{}` | {} |",
        row.section,
        row.mechanism,
        short(&row.values.0),
        short(&row.values.1),
        row.metric,
        row.effect
    )
}

/// A value as it fits into a cell of a table.
fn short(value: &serde_json::Value) -> String {
    value.to_string().replace('|', "\\|")
}
