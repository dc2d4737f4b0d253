//! `tars-sim validate`: the simulator against queueing theory and exact replays.

use super::{Cause, Failure, Surroundings, print, talk};
use crate::analysis::validate::{
    Form, Options, Row, Verdict, add_replays, coverage, replays, suite, validate_watched,
};
use crate::cli::{OutputFormat, ValidateArgs};

/// Runs the suite and prints a row a comparison.
pub(super) fn run(args: &ValidateArgs, around: &Surroundings) -> Result<(), Failure> {
    if let Some(macro_replications) = args.coverage {
        return covered(args, macro_replications);
    }
    let form = if args.full { Form::Full } else { Form::Short };
    let options = Options { form, data: args.data.clone().or_else(|| around.data.clone()) };
    if let Some(data) = &options.data {
        // Better to say it before the minutes than after them.
        replays::references(data).map_err(|why| Failure::usage(format!("error: {why}")))?;
    }
    let cases = suite();
    if !args.quiet {
        talk(&format!(
            "{} cases; this takes minutes{}\n",
            cases.len(),
            if args.full { ", many of them" } else { "" }
        ));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.into())
        .build()
        .map_err(|error| Failure::internal(format!("error: {error}")))?;
    let judged = |index: usize, rows: &[Row]| {
        if args.full && !args.quiet {
            let off = rows.iter().filter(|row| row.verdict != Verdict::Holds).count();
            let held = if off == 0 { "holds".to_owned() } else { format!("{off} rows do not hold") };
            talk(&format!("{} of {}: {}: {held}\n", index + 1, cases.len(), cases[index].name));
        }
    };
    let mut report = pool.install(|| validate_watched(&cases, &options, &judged));
    if let Some(data) = &options.data {
        add_replays(&mut report, data).map_err(|why| Failure::usage(format!("error: {why}")))?;
    }
    match args.format {
        OutputFormat::Table => print(report.to_table().as_bytes())?,
        OutputFormat::Csv => print(report.to_csv().as_bytes())?,
        OutputFormat::Json => return Err(Failure::usage("error: validate prints a table or CSV")),
    }
    if report.passed() {
        return Ok(());
    }
    Err(Failure { cause: Cause::Condition, message: format!("error: {}", report.summary()) })
}

/// Counts how often intervals hold the truth, a system after the other.
fn covered(args: &ValidateArgs, macro_replications: u32) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for system in coverage::systems() {
        if !args.quiet {
            talk(&format!("{}: {macro_replications} macro-replications\n", system.name()));
        }
        let found = coverage::measure(&system, macro_replications, usize::from(args.threads));
        let found = found.map_err(|error| Failure::internal(format!("error: {error}")))?;
        if !args.quiet {
            talk(&coverage::to_csv(&found));
        }
        rows.extend(found);
    }
    match args.format {
        OutputFormat::Table => print(format!("{}\n", coverage::to_table(&rows)).as_bytes())?,
        OutputFormat::Csv => print(coverage::to_csv(&rows).as_bytes())?,
        OutputFormat::Json => return Err(Failure::usage("error: validate prints a table or CSV")),
    }
    if rows.iter().all(coverage::Row::holds) {
        return Ok(());
    }
    let message = "error: some intervals do not hold the truth in 93 to 97 of 100 cases".to_owned();
    Err(Failure { cause: Cause::Condition, message })
}
