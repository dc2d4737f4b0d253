//! `tars-sim forecast`: months ahead, from a forecast file to tables, pictures and a page.

use super::progress::{Manner, Meter};
use super::{Failure, Surroundings, print, signal, talk};
use crate::cli::{ForecastArgs, OutputFormat};
use crate::experiment::Diagnostics;
use crate::experiment::build::data_folder;
use crate::forecast::outcome::{Extent, Forecast};
use crate::forecast::platform::{Platform, Running, Simulated};
use crate::forecast::read::{Read, read};
use crate::forecast::schema::{Growth, HistorySpec};
use crate::forecast::{Inputs, forecast, history, report};
use crate::runner::{PlanIdentity, combined};
use crate::store::{Manifest, Outgoing, Store, hex};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Makes a forecast, writes it, and prints what matters.
pub(super) fn run(args: &ForecastArgs, around: &Surroundings) -> Result<(), Failure> {
    let mut diagnostics = Diagnostics::new();
    let found = read(&args.file, &args.sets, &mut diagnostics);
    let Some(read) = found else { return Err(Failure::usage(diagnostics.to_string())) };
    let history = match &read.file.demand.growth {
        Growth::History(spec) => Some(past(&args.file, spec, &mut diagnostics)?),
        Growth::Table { .. }
        | Growth::Exponential { .. }
        | Growth::Linear { .. }
        | Growth::Logistic { .. } => None,
    };
    talk(&diagnostics.to_string());
    let extent = match (args.quick, args.full) {
        (true, _) => Extent::Quick,
        (false, true) => Extent::Full,
        (false, false) => Extent::Usual,
    };
    let busy_hour = busy_hour(args, &read)?;
    let folder = folder(args, &read.file.name);
    // What is simulated keys itself in the journal, so that another forecast of the same busy hour goes on from it too.
    let store = Store::open(&folder, &plan_id())?;
    let meter = Meter::new(Manner::of(args.quiet, around.bar), None);
    let running = Running {
        threads: usize::from(args.threads),
        stop: signal::listen()?,
        store: Some(&store),
        progress: &meter,
    };
    let data = data_folder(args.data.clone().or_else(|| around.data.clone()), Path::new("."));
    let platform = read
        .file
        .simulation
        .as_ref()
        .zip(busy_hour)
        .map(|(spec, busy_hour)| Simulated::new(&read.file, spec, busy_hour, data, running));
    let inputs = Inputs {
        read: &read,
        history,
        platform: platform.as_ref().map(|platform| platform as &dyn Platform),
        extent,
        command: command(args),
    };
    let outcome = forecast(&inputs);
    if platform.is_some() {
        meter.close();
    }
    let mut found = match outcome {
        Ok(found) => found,
        Err(why) => {
            leave_no_trace(&store, &folder);
            let fault = platform.as_ref().and_then(Simulated::fault);
            return Err(fault.map_or_else(|| failed(&why, args, &folder), Failure::from));
        }
    };
    let runs = platform.as_ref().map_or_else(Vec::new, Simulated::digests);
    found.digest = digest(&found, &combined(&runs));
    write(&store, &found, &read)?;
    shown(&found, args.format, &folder)
}

/// Prints what was asked for of a forecast that stands in `folder`.
pub(super) fn shown(found: &Forecast, format: OutputFormat, folder: &Path) -> Result<(), Failure> {
    match format {
        OutputFormat::Table => print(report::summary(found, &folder.display().to_string()).as_bytes()),
        OutputFormat::Json => print(&report::json(found)),
        OutputFormat::Csv => print(&report::resources(found)?),
    }
}

/// A first look must not replace a whole forecast.
fn folder(args: &ForecastArgs, name: &str) -> PathBuf {
    let suffix = if args.quick { "-quick" } else { "" };
    args.out.clone().unwrap_or_else(|| Path::new("outputs").join(format!("{name}{suffix}")))
}

/// Takes away what was made for a forecast that has simulated nothing: it goes as far as others have not written here.
fn leave_no_trace(store: &Store, folder: &Path) {
    if store.replications() > 0 || store.remove_journal().is_err() {
        return;
    }
    let parts = folder.join(".parts");
    // What is not empty stays, and is of others.
    let _ = std::fs::remove_file(parts.join("lock"));
    let _ = std::fs::remove_dir(parts);
    let _ = std::fs::remove_dir(folder);
}

/// The code whose simulations may go on from one another's.
fn plan_id() -> String {
    PlanIdentity { canonical: "", traces: &[], extent: "forecast" }.plan_id()
}

/// A simulation that was stopped is no wrong input.
fn failed(why: &str, args: &ForecastArgs, folder: &Path) -> Failure {
    if why == "interrupted" {
        let out = args.out.as_ref().map_or_else(String::new, |out| format!(" --out {}", quoted(out)));
        return Failure {
            cause: super::Cause::Interrupted,
            message: format!(
                "interrupted: what was simulated is kept in {}\n  hint: the same command goes on from there: {}{out}",
                folder.join(".parts").display(),
                command(args)
            ),
        };
    }
    let why = why.trim_end();
    Failure::usage(if why.starts_with("error") { why.to_owned() } else { format!("error: {why}") })
}

fn quoted(path: &Path) -> String {
    super::sweep::quoted(&path.display().to_string())
}

fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(name)
}

fn past(file: &Path, spec: &HistorySpec, diagnostics: &mut Diagnostics) -> Result<history::History, Failure> {
    let path = beside(file, &spec.file);
    let wrong = |why: String| Failure::usage(format!("error: cannot read {}: {why}", path.display()));
    let size = std::fs::metadata(&path).map_err(|error| wrong(error.to_string()))?.len();
    if size > history::BYTES_MAX {
        return Err(wrong(format!("it has {size} bytes, and {} are the most", history::BYTES_MAX)));
    }
    let text = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let found = history::read(&path.display().to_string(), &text, spec, diagnostics);
    found.ok_or_else(|| Failure::usage(diagnostics.to_string()))
}

/// The experiment of the busy hour, if one is simulated: where it stands, and its text.
fn busy_hour(args: &ForecastArgs, read: &Read) -> Result<Option<(PathBuf, String)>, Failure> {
    let Some(spec) = &read.file.simulation else { return Ok(None) };
    let path = beside(&args.file, &spec.experiment);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::usage(format!("error: cannot read {}: {error}", path.display())))?;
    Ok(Some((path, text)))
}

/// The command that makes it again, without what changes nothing.
fn command(args: &ForecastArgs) -> String {
    let mut words = vec!["tars-sim".to_owned(), "forecast".to_owned(), quoted(&args.file)];
    for set in &args.sets {
        words.push(format!("--set {}", quoted(Path::new(set))));
    }
    if args.quick {
        words.push("--quick".to_owned());
    }
    if args.full {
        words.push("--full".to_owned());
    }
    words.join(" ")
}

/// Of the runs and of everything that was made of them.
fn digest(found: &Forecast, runs: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(runs.as_bytes());
    hash.update(report::json(found));
    hex(&hash.finalize())
}

/// Writes every file of a forecast, and lets the journal go.
fn write(store: &Store, found: &Forecast, read: &Read) -> Result<(), Failure> {
    let files = report::files(found)?;
    let outgoing: Vec<Outgoing<'_>> =
        files.iter().map(|file| Outgoing { path: &file.path, bytes: &file.bytes }).collect();
    let experiment = Sha256::digest(read.loaded.canonical.as_bytes());
    let manifest = Manifest {
        version: found.version.clone(),
        name: found.name.clone(),
        experiment: hex(&experiment),
        plan_id: crate::runner::SOURCES.to_owned(),
        seed: found.seed,
        quick: found.extent == Extent::Quick,
        digest: found.digest.clone(),
        files: std::collections::BTreeMap::new(),
    };
    crate::store::write(store.lock(), &outgoing, manifest)?;
    Ok(store.remove_journal()?)
}
