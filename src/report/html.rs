//! One offline page made from the result alone: the answer first, then the evidence, then the assumptions.
//!
//! Text from the experiment reaches the page in two ways, both safe: through the template, which escapes it, and as
//! JSON inside a script element, where `<`, `>` and `&` are written as escapes. The script builds the page from text
//! nodes only, and a content policy forbids everything that is not in the file.

mod rows;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;

use super::{ReportError, number, plot, select};
use crate::result::{ResultFile, Series};

static TEMPLATE: &str = include_str!("assets/report.html.jinja");
static STYLE: &str = include_str!("assets/report.css");
static SCRIPT: &str = include_str!("assets/report.js");

/// Makes `report.html`.
///
/// # Errors
///
/// When a plot cannot be drawn or the template cannot be filled in.
pub fn page(result: &ResultFile) -> Result<Vec<u8>, ReportError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("report", TEMPLATE).map_err(fault)?;
    let page = environment.get_template("report").map_err(fault)?;
    let filled = page.render(context! {
        style => STYLE,
        script => SCRIPT,
        data => data(result)?,
        page => Serde(Page::new(result)?),
    });
    Ok(filled.map_err(fault)?.into_bytes())
}

#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn fault(error: minijinja::Error) -> ReportError {
    ReportError::Page(format!("{error:#}"))
}

/// The result as JSON that cannot end its script element. Time series are rounded to five digits, which no curve can
/// show; every estimate keeps all of its digits.
fn data(result: &ResultFile) -> Result<String, ReportError> {
    let mut rounded = result.clone();
    for series in rounded.cells.iter_mut().filter_map(|cell| cell.series.as_mut()) {
        round(series);
    }
    let json = serde_json::to_string(&rounded).map_err(|error| ReportError::Page(error.to_string()))?;
    Ok(escaped(&json))
}

fn round(series: &mut Series) {
    let widths = series.half_widths.values_mut();
    for value in series.columns.values_mut().chain(widths).flatten().flatten() {
        if let Ok(rounded) = format!("{value:.4e}").parse() {
            *value = rounded;
        }
    }
}

/// Writes the signs that HTML could see as JSON escapes, which mean the same.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for sign in json.chars() {
        match sign {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            _ => text.push(sign),
        }
    }
    text
}

/// What the template shows, as text.
#[derive(Debug, Serialize)]
struct Page {
    name: String,
    question: String,
    headline: String,
    details: Vec<String>,
    quick: &'static str,
    answer: Option<usize>,
    /// What that cell is called.
    answer_is: &'static str,
    smaller: Option<usize>,
    slo: Vec<String>,
    flags: Vec<rows::Remark>,
    figures: Vec<Drawing>,
    table: rows::CellTable,
    sensitivity: Vec<rows::SensitivityTable>,
    assumptions: Vec<rows::AssumptionRow>,
    metrics: Vec<rows::MetricRow>,
    validity: Vec<String>,
    source: Vec<String>,
    command: String,
    version: String,
    seed: u64,
    plan_id: String,
    digest: String,
}

/// A plot inside the page.
#[derive(Debug, Serialize)]
struct Drawing {
    name: String,
    title: String,
    svg: String,
}

impl Page {
    fn new(result: &ResultFile) -> Result<Self, ReportError> {
        let clean = |text: &String| number::clean(text);
        Ok(Self {
            name: number::clean(&result.name),
            question: number::clean(&result.question),
            headline: number::clean(&result.answer.headline),
            details: result.answer.details.iter().map(clean).collect(),
            quick: if result.quick { select::QUICK } else { "" },
            answer: result.answer.cell,
            answer_is: select::answer_cell(result).map_or("", select::role),
            smaller: result.answer.smaller,
            slo: result.slo.iter().map(|term| number::clean(&term.text)).collect(),
            flags: rows::flags(result),
            figures: figures(result)?,
            table: rows::CellTable::new(result),
            sensitivity: result
                .sensitivity
                .iter()
                .map(|of| rows::SensitivityTable::new(result, of))
                .collect(),
            assumptions: result.assumptions.iter().map(rows::AssumptionRow::new).collect(),
            metrics: result.metrics.iter().map(rows::MetricRow::new).collect(),
            validity: validity(result),
            source: result.source.iter().map(clean).collect(),
            command: number::clean(&result.command),
            version: number::clean(&result.version),
            seed: result.seed,
            plan_id: number::clean(&result.plan_id),
            digest: number::clean(&result.digest),
        })
    }
}

/// The plots against the first axis and those of the whole; the others are beside the page as files.
fn figures(result: &ResultFile) -> Result<Vec<Drawing>, ReportError> {
    let mut drawings = Vec::new();
    for picture in plot::pictures(result)? {
        if picture.name().contains("-by-") {
            continue;
        }
        let (name, title) = (picture.name().to_owned(), picture.title().to_owned());
        drawings.push(Drawing { name, title, svg: picture.svg()? });
    }
    Ok(drawings)
}

/// What the numbers rest on.
fn validity(result: &ResultFile) -> Vec<String> {
    let done = || result.cells.iter().filter(|cell| select::is_done(cell));
    let replications = range(done().map(|cell| f64::from(cell.replications)));
    let windows = range(done().map(|cell| cell.window_s));
    let warmups = range(done().map(|cell| cell.warmup_s));
    let rules: indexmap::IndexSet<String> = done().map(|cell| number::clean(&cell.warmup_rule)).collect();
    let rules: Vec<String> = rules.into_iter().filter(|rule| !rule.is_empty()).collect();
    let mut lines = vec![
        format!(
            "{} of {} cells computed, {replications} replications each",
            done().count(),
            result.cells.len()
        ),
        format!("{} % intervals", number::plain(result.confidence * 100.0)),
        format!("{windows} s of simulated time measured in each replication, after {warmups} s cut off"),
    ];
    if !rules.is_empty() {
        lines.push(format!("the cut was found by: {}", rules.join("; ")));
    }
    lines
}

/// `20`, or `10 to 20`.
fn range(values: impl Iterator<Item = f64>) -> String {
    let (low, high) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    match (low, high) {
        (low, high) if low > high => "no".to_owned(),
        (low, high) if high - low < 1e-9 => number::plain(low),
        (low, high) => format!("{} to {}", number::plain(low), number::plain(high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_script_element() {
        let json = serde_json::to_string("</script><!--&\u{2028}").unwrap();
        let text = escaped(&json);
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "</script><!--&\u{2028}");
    }

    #[test]
    fn a_range_of_equal_values_is_one_number() {
        assert_eq!(range([20.0, 20.0].into_iter()), "20");
        assert_eq!(range([10.0, 20.0].into_iter()), "10 to 20");
        assert_eq!(range([].into_iter()), "no");
    }
}
