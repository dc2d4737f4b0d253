//! The page of a table.

use super::book::Book;
use super::{Missing, Row, Table};

/// What a page says of its test, between the name of the test and how to see a row by hand.
const METHOD: &str = "it runs the experiment with either value of the key, five replications each on the \
same seeds, and asks that the metric moves as stated, by at least as much as stated, at a confidence of 95 % (paired t). \
What \"with\" names is set on both sides.

Beside the metrics of the simulator there are numbers of the report's other tables: mean seconds of a good task in a part \
of its ledger (`ledger/queue`), tasks by priority, role or model (`priority/low/error_share`), what alerts, autoscalers and \
modes did (`alert/queue/fired`, `agents/agents/spawned`, `degrade/high_load` as a share of time), and what breakers refused.";

/// The page.
pub(super) fn page(book: Book, table: &Table) -> String {
    let mut lines = vec![format!("# {}", book.title), String::new(), introduction(book, table)];
    lines.extend(summary(book, table));
    for group in book.groups {
        lines.extend(heading(&group.heading()));
        lines.push("| section | mechanism | experiment | key | from | to | metric | effect |".to_owned());
        lines.push("|---|---|---|---|---|---|---|---|".to_owned());
        let rows = table.rows.iter().filter(|row| group.holds(&row.document, &row.section));
        lines.extend(rows.map(|row| of_row(book, row)));
    }
    if !table.missing.is_empty() {
        lines.extend(heading("What cannot be said yet"));
        lines.push("| document | section | mechanism | why |".to_owned());
        lines.push("|---|---|---|---|".to_owned());
        let cells = |row: &Missing| {
            format!("| {} | {} | {} | {} |", row.document, row.section, row.mechanism, row.why)
        };
        lines.extend(table.missing.iter().map(cells));
    }
    lines.join("\n") + "\n"
}

/// How many rows there are, how they are tested, and how to see one.
fn introduction(book: Book, table: &Table) -> String {
    let (rows, missing) = (table.rows.len(), table.missing.len());
    let (file, setting) = book.by_hand;
    let alone = if book.sweeps { " Where an experiment sweeps, its sweep is left out." } else { "" };
    let rest = match missing {
        0 => "none is missing".to_owned(),
        some => format!("{some} cannot be said yet and are listed at the end"),
    };
    format!(
        "{rows} mechanisms can be switched on in an experiment file and have a test that shows their effect; \
         {rest}. The page is written from [`{0}.json`]({0}.json), \
         and so is the test `{1}`: {METHOD}{alone}\n\n\
         To see one by hand: `tars-sim run {2}/{file}.json --set {setting}`.",
        book.name, book.test, book.folder
    )
}

fn heading(text: &str) -> [String; 3] {
    [String::new(), format!("## {text}"), String::new()]
}

/// How many mechanisms each part has.
fn summary(book: Book, table: &Table) -> Vec<String> {
    let first = if book.groups.iter().all(|group| group.section.is_empty()) { "document" } else { "section" };
    let mut lines =
        vec![String::new(), format!("| {first} | with a test | not yet |"), "|---|---|---|".to_owned()];
    for group in book.groups {
        let shown = table.rows.iter().filter(|row| group.holds(&row.document, &row.section)).count();
        let missing = table.missing.iter().filter(|row| group.holds(&row.document, &row.section)).count();
        lines.push(format!("| {}, {} | {shown} | {missing} |", group.document, group.title.to_lowercase()));
    }
    lines
}

fn of_row(book: Book, row: &Row) -> String {
    let file = format!("[{0}](../{1}/{0}.json)", row.experiment, book.folder);
    let given: Vec<String> =
        row.given.iter().map(|(key, value)| format!("`{key}` = `{}`", short(value))).collect();
    let with = if given.is_empty() { String::new() } else { format!(" with {}", given.join(", ")) };
    let key = format!("`{}`{with}", row.key);
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
