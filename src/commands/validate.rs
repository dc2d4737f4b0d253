//! `tars-sim validate`: the simulator against queueing theory and exact replays.

use super::{Cause, Failure, Surroundings, print, talk};
use crate::analysis::validate::{Form, Options, suite, validate};
use crate::cli::{OutputFormat, ValidateArgs};

/// Runs the suite and prints a row a comparison.
pub(super) fn run(args: &ValidateArgs, around: &Surroundings) -> Result<(), Failure> {
    let form = if args.full { Form::Full } else { Form::Short };
    let options = Options { form, data: args.data.clone().or_else(|| around.data.clone()) };
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
    let report = pool.install(|| validate(&cases, &options));
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
