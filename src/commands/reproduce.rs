//! `tars-sim reproduce`: every published figure, simulated, with a verdict.

use super::{Cause, Failure, print};
use crate::cli::{OutputFormat, ReproduceArgs};
use crate::published::{Effort, Reproduction, Shelf, report, reproduce};
use crate::runner::{CellDigest, combined};
use crate::store::{FolderLock, Manifest, Outgoing};
use std::path::Path;

/// Judges the figures, writes what was found, and prints the counts.
pub(super) fn run(args: &ReproduceArgs) -> Result<(), Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.into())
        .build()
        .map_err(|error| Failure::internal(format!("error: {error}")))?;
    let shelf = Shelf::near(&std::path::absolute(".").unwrap_or_default());
    let effort = if args.quick { Effort::Quick } else { Effort::Full };
    if args.fit {
        let fit = pool.install(|| crate::published::fit::fit(&shelf, effort));
        return print(fit.map_err(|why| wrong(&why))?.to_text().as_bytes());
    }
    let found =
        pool.install(|| reproduce(&shelf, args.group.as_deref(), effort)).map_err(|why| wrong(&why))?;
    let json = report::json(&found);
    write(&args.out, &found, &json)?;
    match args.format {
        OutputFormat::Table => print(report::terminal(&found).as_bytes())?,
        OutputFormat::Json => print(&json)?,
        OutputFormat::Csv => print(&csv(&found)?)?,
    }
    let unexplained = found.rows.iter().filter(|row| !row.explained).count();
    if unexplained == 0 {
        return Ok(());
    }
    let message = format!(
        "error: {unexplained} of {} published figures are missed without an explanation",
        found.rows.len()
    );
    Err(Failure { cause: Cause::Condition, message })
}

fn wrong(why: &str) -> Failure {
    Failure::usage(format!("error: {why}"))
}

fn csv(found: &Reproduction) -> Result<Vec<u8>, Failure> {
    report::csv(&found.rows).map_err(|error| Failure::internal(format!("error: {error}")))
}

/// Writes the table, the page and the JSON, all or none.
fn write(folder: &Path, found: &Reproduction, json: &[u8]) -> Result<(), Failure> {
    let (csv, page) = (csv(found)?, report::html::page(found));
    let files = [
        Outgoing { path: "figures.csv", bytes: &csv },
        Outgoing { path: "result.json", bytes: json },
        Outgoing { path: "report.html", bytes: page.as_bytes() },
    ];
    let digests: Vec<CellDigest> = found
        .measured
        .values()
        .enumerate()
        .map(|(index, measured)| CellDigest::of(index, &measured.model, &measured.runs))
        .collect();
    let manifest = Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name: "reproduce".to_owned(),
        experiment: "models/published".to_owned(),
        plan_id: crate::runner::SOURCES.to_owned(),
        seed: found.measured.values().next().map_or(0, |measured| measured.model.measure.seed),
        quick: found.effort == Effort::Quick,
        digest: combined(&digests),
        files: std::collections::BTreeMap::new(),
    };
    let lock = FolderLock::take(folder)?;
    crate::store::write(&lock, &files, manifest)?;
    Ok(())
}
