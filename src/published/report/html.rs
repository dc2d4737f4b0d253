//! The page: counts, the missed first, the refuted with their proofs, curves, then a section a group.

use super::curves;
use crate::published::expression::shown;
use crate::published::table::Table;
use crate::published::{Effort, Kind, Reproduction, Row, Verdict};
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#1c2733}\
h1{font-size:1.6rem}h2{margin-top:2.2rem;font-size:1.25rem}h3{margin:1.6rem 0 .3rem;font-size:1.05rem}\
table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:left;vertical-align:top;padding:.28rem .5rem;\
border-bottom:1px solid #dde3e9}th{background:#f2f5f8;position:sticky;top:0}td.n{text-align:right;white-space:nowrap}\
td.v{white-space:nowrap;font-weight:600}code{font-size:12px;overflow-wrap:anywhere}.missed{color:#b3261e}.refuted{color:#8a4b00}\
.reproduced,.met,.holds{color:#1b6e3c}.fitted{color:#3b5ba5}.fails,.not-met{color:#8a4b00}.quick{background:#fff4d6;padding:.5rem}\
.curves{display:grid;grid-template-columns:repeat(auto-fit,minmax(22rem,1fr));gap:1rem}svg{width:100%;height:auto}\
.title{font:600 13px system-ui,sans-serif}.tick{font:11px system-ui,sans-serif;fill:#51606f}.grid{stroke:#e3e8ed}\
.band{fill:#3b5ba5;fill-opacity:.18}.mean{fill:none;stroke:#3b5ba5;stroke-width:2}.point{fill:#b3261e}";

/// The whole page, without anything from outside.
pub fn page(found: &Reproduction) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Published TARS figures, \
         reproduced</title><style>{STYLE}</style></head><body><h1>{} published TARS figures, each with a verdict</h1>",
        found.rows.len()
    );
    if found.effort == Effort::Quick {
        html.push_str("<p class=\"quick\">A quick look: a tenth of the replications, wider intervals.</p>");
    }
    counts(&mut html, found);
    for (verdict, title) in [
        (Verdict::Missed, "Missed: should be reproducible and is not"),
        (Verdict::Refuted, "Refuted: what would have to hold, with its numbers, and does not"),
    ] {
        let rows: Vec<&Row> = found.rows.iter().filter(|row| row.verdict == verdict).collect();
        let _ = write!(html, "<h2>{title} ({})</h2>", rows.len());
        table(&mut html, &rows);
    }
    curve_section(&mut html, found);
    questions(&mut html, found);
    if !found.fit.is_empty() {
        let _ = write!(
            html,
            "<h2>The calibration, and each row predicted without it</h2><pre>{}</pre>",
            escaped(&found.fit)
        );
    }
    html.push_str("<h2>All figures, a section a group</h2>");
    for (group, title) in &found.groups {
        let rows: Vec<&Row> = found.rows.iter().filter(|row| row.group == *group).collect();
        let document = rows.first().map_or("", |row| row.document.as_str());
        let _ = write!(
            html,
            "<h3 id=\"{group}\">{} <small>(<code>{group}</code>, document {document})</small></h3>",
            escaped(title)
        );
        table(&mut html, &rows);
    }
    html + "</body></html>\n"
}

/// How many entries of each kind have each verdict.
fn counts(html: &mut String, found: &Reproduction) {
    html.push_str("<table><tr><th>verdict</th><th>all</th>");
    for kind in Kind::ALL {
        let _ = write!(html, "<th>{}</th>", kind.as_str());
    }
    html.push_str("</tr>");
    for verdict in Verdict::ALL {
        let _ = write!(html, "<tr><td class=\"v {}\">{}</td>", class(verdict), verdict.as_str());
        for kind in [None].into_iter().chain(Kind::ALL.map(Some)) {
            let _ = write!(html, "<td class=\"n\">{}</td>", found.counts(kind).of(verdict));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
}

fn curve_section(html: &mut String, found: &Reproduction) {
    if curves::rows(found).is_empty() {
        return;
    }
    html.push_str(
        "<h2>The degradation curve</h2><p>Dots: published. Line: mean of the simulated runs, each measured as the load \
         tests were. Band: where 95 % of single runs lie.</p><div class=\"curves\">",
    );
    for curve in curves::curves(found) {
        html.push_str(&curves::picture(found, &curve));
    }
    html.push_str("</div><h3>How much is the ruler</h3><pre>");
    html.push_str(&escaped(&curves::terminal(found)));
    html.push_str("</pre>");
}

/// The questions over all groups.
fn questions(html: &mut String, found: &Reproduction) {
    for asked in &found.tables {
        let _ = write!(html, "<h2>{}</h2><table><tr><th></th>", escaped(&asked.question));
        for column in &asked.columns {
            let _ = write!(html, "<th>{}</th>", escaped(column));
        }
        html.push_str("</tr>");
        for (label, values) in &asked.rows {
            let _ = write!(html, "<tr><td>{}</td>", escaped(label));
            for value in values {
                let _ = write!(html, "<td class=\"n\">{}</td>", Table::shown(*value));
            }
            html.push_str("</tr>");
        }
        let finding =
            if asked.finding.is_empty() { String::new() } else { format!(" (audit {})", asked.finding) };
        let _ = write!(html, "</table><p>{}{}</p>", escaped(&asked.answer), escaped(&finding));
    }
}

fn table(html: &mut String, rows: &[&Row]) {
    html.push_str(
        "<table><tr><th>figure</th><th>published</th><th>verdict</th><th>found</th><th>band</th><th>evidence</th>\
         <th>finding</th><th>explanation</th></tr>",
    );
    for row in rows {
        let _ = write!(
            html,
            "<tr><td><code>{}</code><br><small>{}:{}</small></td><td>{}</td><td class=\"v {}\">{}</td><td \
             class=\"n\">{}</td><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escaped(&row.id),
            row.document,
            row.line,
            escaped(&row.published),
            class(row.verdict),
            row.verdict.as_str(),
            value(row),
            escaped(&row.band),
            escaped(&row.evidence),
            escaped(&row.finding),
            escaped(&row.why),
        );
    }
    html.push_str("</table>");
}

/// What was found, with its interval where it has a width.
fn value(row: &Row) -> String {
    let Some(found) = row.found else { return String::new() };
    match row.low.zip(row.high) {
        Some((low, high)) if high > low => {
            format!("{} <small>± {}</small>", shown(found), shown((high - low) / 2.0))
        }
        Some(_) | None => shown(found),
    }
}

fn class(verdict: Verdict) -> String {
    verdict.as_str().replace(' ', "-")
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
