//! The page `docs/mechanisms.md`, from the table.

use super::{DOCUMENTS, Missing, Row, Table};

/// Where the page is.
pub(super) const PAGE: &str = "docs/mechanisms.md";

/// What the documents are called.
const TITLES: [&str; 4] =
    ["Scaling strategies", "Load test results", "The load-testing skill", "Bottleneck analysis"];

/// What the page says before its tables.
const INTRODUCTION: &str = "The page is written from [`mechanisms.json`](mechanisms.json), and so is the test \
`every_mechanism_shows_its_effect`: it runs the experiment with either value of the key, five replications each on the \
same seeds, and asks that the metric moves as stated, by at least as much as stated, at a confidence of 95 % (paired t). \
What \"with\" names is set on both sides.

Beside the metrics of the simulator there are numbers of the report's other tables: mean seconds of a good task in a part \
of its ledger (`ledger/queue`), tasks by priority, role or model (`priority/low/error_share`), what alerts, autoscalers and \
modes did (`alert/queue/fired`, `agents/agents/spawned`, `degrade/high_load` as a share of time), and what breakers refused.

To see one by hand: `tars-sim run experiments/mechanisms/queue.json --set /system/pools/agents/queue/max_depth=50`.";

/// The page.
pub(super) fn page(table: &Table) -> String {
    let (rows, missing) = (table.rows.len(), table.missing.len());
    let mut lines = vec![
        "# Every mechanism of TARS documents 000 to 003".to_owned(),
        String::new(),
        format!(
            "{rows} mechanisms can be switched on in an experiment file and have a test that shows their effect; \
             {missing} cannot be said yet and are listed at the end. {INTRODUCTION}"
        ),
    ];
    lines.extend(summary(table));
    for (document, title) in DOCUMENTS.into_iter().zip(TITLES) {
        lines.extend(heading(&format!("Document {document}: {title}")));
        lines.push("| section | mechanism | experiment | key | from | to | metric | effect |".to_owned());
        lines.push("|---|---|---|---|---|---|---|---|".to_owned());
        lines.extend(table.rows.iter().filter(|row| row.document == document).map(of_row));
    }
    lines.extend(heading("What cannot be said yet"));
    lines.push("| document | section | mechanism | why |".to_owned());
    lines.push("|---|---|---|---|".to_owned());
    let cells =
        |row: &Missing| format!("| {} | {} | {} | {} |", row.document, row.section, row.mechanism, row.why);
    lines.extend(table.missing.iter().map(cells));
    lines.join("\n") + "\n"
}

fn heading(text: &str) -> [String; 3] {
    [String::new(), format!("## {text}"), String::new()]
}

/// How many mechanisms each document has.
fn summary(table: &Table) -> Vec<String> {
    let mut lines =
        vec![String::new(), "| document | with a test | not yet |".to_owned(), "|---|---|---|".to_owned()];
    for (document, title) in DOCUMENTS.into_iter().zip(TITLES) {
        let shown = table.rows.iter().filter(|row| row.document == document).count();
        let missing = table.missing.iter().filter(|row| row.document == document).count();
        lines.push(format!("| {document}, {} | {shown} | {missing} |", title.to_lowercase()));
    }
    lines
}

fn of_row(row: &Row) -> String {
    let file = format!("[{0}](../experiments/mechanisms/{0}.json)", row.experiment);
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
