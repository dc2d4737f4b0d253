//! What the answer becomes when an assumed figure is half, or double, what it was assumed to be.

use super::sweep::{Sweep, analysed};
use crate::experiment::build::{Experiment, TraceStore, build};
use crate::experiment::pointer::Pointer;
use crate::experiment::schema::SensitivitySpec;
use crate::experiment::tree::{Node, Tree};
use crate::experiment::{Diagnostics, cell_tree};
use crate::model::metric::Metric;
use crate::result::{Answer, Cell, CellStatus, Sensitivity, SensitivityRow};
use crate::runner::{CellJob, RunError, run_cells};
use tars_policy::units::Span;

/// One figure in one cell at one factor.
struct Variant {
    cell: usize,
    figure: usize,
    factor: f64,
    value: String,
    built: Result<Experiment, String>,
}

/// Runs the cells that the answer names with each figure multiplied; nothing if it was told to stop meanwhile.
pub(super) fn run(
    sweep: &Sweep<'_>,
    traces: &mut TraceStore,
    answer: &Answer,
    cells: &[Cell],
) -> Result<Option<Vec<Sensitivity>>, RunError> {
    let figures = &sweep.experiments[0].sensitivity;
    let named: Vec<usize> = answer.cell.into_iter().chain(answer.smaller).collect();
    let mut variants = Vec::new();
    for cell in named {
        for (place, figure) in figures.iter().enumerate() {
            for factor in &figure.factors {
                variants.push(variant(sweep, traces, cell, place, figure, *factor));
            }
        }
    }
    let first = sweep.cells.len();
    let jobs: Vec<CellJob> = variants
        .iter()
        .enumerate()
        .filter_map(|(place, variant)| {
            let model = variant.built.as_ref().ok()?.model.clone();
            Some(CellJob { index: first + place, model })
        })
        .collect();
    let finish = |job: &CellJob, runs| {
        let variant = &variants[job.index - first];
        let experiment = variant.built.as_ref().expect("only what was built is run");
        analysed(sweep, variant.cell, experiment, job, &runs)
    };
    let done = run_cells(&jobs, Some(sweep.store), &sweep.options, sweep.progress, finish)?;
    let Some(mut done) = done.into_iter().collect::<Option<Vec<Cell>>>().map(Vec::into_iter) else {
        return Ok(None);
    };
    let mut found: Vec<Sensitivity> = Vec::new();
    for variant in &variants {
        let cell = variant.built.is_ok().then(|| done.next().expect("one result for each job"));
        let row = row(variant, cell.as_ref());
        let figure = &figures[variant.figure];
        match found.last_mut().filter(|last| last.cell == variant.cell && last.label == figure.label) {
            Some(last) => last.rows.push(row),
            None => found.push(Sensitivity {
                label: figure.label.clone(),
                paths: figure.paths.clone(),
                cell: variant.cell,
                rows: base_row(sweep, variant.cell, figure, cells).into_iter().chain([row]).collect(),
            }),
        }
    }
    for figure in &mut found {
        figure.rows.sort_by(|a, b| a.factor.total_cmp(&b.factor));
    }
    Ok(Some(found))
}

fn variant(
    sweep: &Sweep<'_>,
    traces: &mut TraceStore,
    cell: usize,
    place: usize,
    figure: &SensitivitySpec,
    factor: f64,
) -> Variant {
    let mut tree = cell_tree(sweep.loaded, &sweep.cells[cell]);
    let scaled: Result<Vec<String>, String> =
        figure.paths.iter().map(|path| scale(&mut tree, path, factor)).collect();
    let value = scaled.as_ref().map_or_else(|_| String::new(), |values| values.join(", "));
    let built = scaled.and_then(|_| {
        let mut diagnostics = Diagnostics::new();
        let built = build(&tree, traces, &mut diagnostics);
        built.ok_or_else(|| {
            diagnostics
                .iter()
                .next()
                .map_or_else(|| "it is not valid".to_owned(), |problem| problem.message.clone())
        })
    });
    let built = built.map(|mut experiment| {
        sweep.adapt(&mut experiment);
        experiment
    });
    Variant { cell, figure: place, factor, value, built }
}

/// Multiplies the number or span at `pointer` and says what it has become. Whole numbers stay whole.
fn scale(tree: &mut Tree, pointer: &str, factor: f64) -> Result<String, String> {
    let path = Pointer::parse(pointer).ok().and_then(|pointer| pointer.locate(tree).ok());
    let found = path.and_then(|path| tree.at_mut(&path));
    let found = found.ok_or_else(|| format!("there is nothing at {pointer}"))?;
    let scaled = match &found.value {
        Node::Number(number) => scaled_number(number, factor).map(Node::Number),
        Node::String(text) => {
            text.parse::<Span>().ok().map(|span| Node::String(span.scale(factor).to_string()))
        }
        Node::Null | Node::Bool(_) | Node::Array(_) | Node::Object(_) | Node::Broken => None,
    };
    found.value = scaled.ok_or_else(|| format!("{pointer} is neither a number nor a span"))?;
    Ok(shown(found))
}

fn scaled_number(number: &serde_json::Number, factor: f64) -> Option<serde_json::Number> {
    let scaled = number.as_f64()? * factor;
    let whole = number.is_u64() || number.is_i64();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond 64 bits saturates, and is refused later"
    )]
    let rounded = libm::round(scaled) as i64;
    if whole { Some(rounded.into()) } else { serde_json::Number::from_f64(scaled) }
}

fn shown(tree: &Tree) -> String {
    tree.text().map_or_else(|| tree.to_json().to_string(), str::to_owned)
}

fn row(variant: &Variant, cell: Option<&Cell>) -> SensitivityRow {
    let failed = match (&variant.built, cell.map(|cell| &cell.status)) {
        (Err(why), _) | (Ok(_), Some(CellStatus::Failed(why))) => Some(why.clone()),
        (Ok(_), Some(CellStatus::Done) | None) => None,
    };
    SensitivityRow {
        factor: variant.factor,
        value: variant.value.clone(),
        metrics: cell.map(headline).unwrap_or_default(),
        slo_met: cell.and_then(|cell| cell.slo_met),
        failed,
    }
}

/// The cell as it was swept: factor one.
fn base_row(
    sweep: &Sweep<'_>,
    cell: usize,
    figure: &SensitivitySpec,
    cells: &[Cell],
) -> Option<SensitivityRow> {
    let mut tree = cell_tree(sweep.loaded, &sweep.cells[cell]);
    let value: Result<Vec<String>, String> =
        figure.paths.iter().map(|path| scale(&mut tree, path, 1.0)).collect();
    let cell = cells.get(cell)?;
    let value = value.ok()?.join(", ");
    Some(SensitivityRow { factor: 1.0, value, metrics: headline(cell), slo_met: cell.slo_met, failed: None })
}

fn headline(cell: &Cell) -> indexmap::IndexMap<String, crate::result::Figure> {
    let shown = Metric::ALL.into_iter().filter(|metric| metric.is_headline()).map(Metric::name);
    shown.filter_map(|name| Some((name.to_owned(), cell.metrics.get(name)?.clone()))).collect()
}
