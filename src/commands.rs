//! What each command does: one function for each, from its arguments to an exit code.
//!
//! Standard output carries data, standard error carries talk.

mod axes;
mod failure;
mod forecast;
mod init;
mod manual;
mod precision;
mod prepare;
mod progress;
mod quick;
mod redraw;
mod reproduce;
mod schema;
mod sensitivity;
mod signal;
mod sweep;
mod theory;
mod usage;
mod validate;

pub use failure::{Cause, Failure};

use crate::cli::{Cli, Command, ResultFormat};
use crate::report::Format;
use crate::report::terminal::Screen;
use clap::{CommandFactory, Parser};
use prepare::{Prepared, prepare};
use std::io::{self, Write};
use std::path::PathBuf;

/// What a command is run in: all that does not come from its arguments.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What standard output is shown on.
    pub screen: Screen,
    /// Whether standard error can show a bar.
    pub bar: bool,
    /// The folder of public traces, if the environment names one.
    pub data: Option<PathBuf>,
}

/// Reads the command line.
///
/// # Errors
/// With what is wrong and what to do; or with the text that `--help` or `--version` asks for.
pub fn parse() -> Result<Cli, clap::Error> {
    Cli::try_parse().map_err(usage::explained)
}

/// Does what the command line says.
///
/// # Errors
/// With what to print and the exit code.
pub fn execute(cli: Cli, around: &Surroundings) -> Result<(), Failure> {
    match cli.command {
        Command::Sweep(args) => sweep::sweep(&args, sweep::Extent::Sweep, sweep::Theory::Unasked, around),
        Command::Run(args) => {
            let theory = if args.analytic { sweep::Theory::Beside } else { sweep::Theory::Unasked };
            sweep::sweep(&args.run, sweep::Extent::Single, theory, around)
        }
        Command::Check(args) => check(&args.experiment, around),
        Command::Validate(args) => validate::run(&args, around),
        Command::Reproduce(args) => reproduce::run(&args),
        Command::Forecast(args) => forecast::run(&args, around),
        Command::Schema { of } => print(schema::text(of).as_bytes()),
        Command::Init { folder } => init::init(&folder),
        Command::Report { folder, format, start } => redraw::redraw(&folder, format, start, around),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tars-sim", &mut script);
            print(&script)
        }
        Command::Man { command } => print(&manual::page(Cli::command(), command.as_deref())?),
    }
}

/// Checks an experiment and all its cells.
fn check(args: &crate::cli::ExperimentArgs, around: &Surroundings) -> Result<(), Failure> {
    let Prepared { loaded, experiments, warnings, .. } = prepare(args, &args.sets, around)?;
    talk(&warnings);
    let measure = &experiments[0].model.measure;
    let (least, most) = (measure.replications_min, measure.replications_max);
    let replications = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let cells = loaded.cells.len();
    let plural = if cells == 1 { "cell" } else { "cells" };
    print(format!("ok: {cells} {plural} × {replications} replications of {}\n", measure.duration).as_bytes())
}

/// Writes data to standard output. Whoever reads it may stop early.
fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::internal(format!("error: cannot write to standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Says something on standard error; if nobody listens, so be it.
fn talk(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// What is to be printed of a result; simulated time starts at the Unix time `start_s`.
fn format_from(format: ResultFormat, start_s: u64) -> Format {
    match format {
        ResultFormat::Table => Format::Table,
        ResultFormat::Json => Format::Json,
        ResultFormat::Csv => Format::Csv,
        ResultFormat::OpenMetrics => Format::OpenMetrics { start_s },
    }
}
