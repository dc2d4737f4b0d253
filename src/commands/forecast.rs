//! `tars-sim forecast`: months ahead, from a forecast file to tables, pictures and a page.

use super::{Failure, Surroundings, print, signal, talk};
use crate::cli::{ForecastArgs, OutputFormat};
use crate::experiment::Diagnostics;
use crate::experiment::build::data_folder;
use crate::forecast::outcome::{Extent, Forecast};
use crate::forecast::platform::{Platform, Simulated};
use crate::forecast::read::{Read, read};
use crate::forecast::schema::{Growth, HistorySpec};
use crate::forecast::{Inputs, forecast, history, report};
use crate::runner::combined;
use crate::store::{FolderLock, Manifest, Outgoing};
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
    let platform = platform(args, &read, around)?;
    let inputs = Inputs {
        read: &read,
        history,
        platform: platform.as_ref().map(|platform| platform as &dyn Platform),
        extent,
        command: command(args),
    };
    let mut found = forecast(&inputs).map_err(|why| failed(&why))?;
    let runs = platform.as_ref().map_or_else(Vec::new, Simulated::digests);
    found.digest = digest(&found, &combined(&runs));
    let folder = args.out.clone().unwrap_or_else(|| {
        let suffix = if args.quick { "-quick" } else { "" };
        Path::new("outputs").join(format!("{}{suffix}", read.file.name))
    });
    write(&folder, &found, &read)?;
    match args.format {
        OutputFormat::Table => print(report::summary(&found, &folder.display().to_string()).as_bytes()),
        OutputFormat::Json => print(&report::json(&found)),
        OutputFormat::Csv => print(&report::resources(&found)?),
    }
}

/// A simulation that was stopped is no wrong input.
fn failed(why: &str) -> Failure {
    if why == "interrupted" {
        return Failure {
            cause: super::Cause::Interrupted,
            message: "interrupted: nothing was written".to_owned(),
        };
    }
    let why = why.trim_end();
    Failure::usage(if why.starts_with("error") { why.to_owned() } else { format!("error: {why}") })
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

fn platform<'a>(
    args: &ForecastArgs,
    read: &'a Read,
    around: &Surroundings,
) -> Result<Option<Simulated<'a>>, Failure> {
    let Some(spec) = &read.file.simulation else { return Ok(None) };
    let path = beside(&args.file, &spec.experiment);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::usage(format!("error: cannot read {}: {error}", path.display())))?;
    let data = data_folder(args.data.clone().or_else(|| around.data.clone()), Path::new("."));
    let how = (usize::from(args.threads), signal::listen()?);
    Ok(Some(Simulated::new(&read.file, spec, (path, text), data, how)))
}

/// The command that makes it again, without what changes nothing.
fn command(args: &ForecastArgs) -> String {
    let mut words = vec!["tars-sim".to_owned(), "forecast".to_owned(), args.file.display().to_string()];
    for set in &args.sets {
        words.push(format!("--set '{}'", set.replace('\'', r"'\''")));
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
    hexadecimal(&hash.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}

fn write(folder: &Path, found: &Forecast, read: &Read) -> Result<(), Failure> {
    let files = report::files(found)?;
    let outgoing: Vec<Outgoing<'_>> =
        files.iter().map(|file| Outgoing { path: &file.path, bytes: &file.bytes }).collect();
    let experiment = Sha256::digest(read.loaded.canonical.as_bytes());
    let manifest = Manifest {
        version: found.version.clone(),
        name: found.name.clone(),
        experiment: hexadecimal(&experiment),
        plan_id: crate::runner::SOURCES.to_owned(),
        seed: found.seed,
        quick: found.extent == Extent::Quick,
        digest: found.digest.clone(),
        files: std::collections::BTreeMap::new(),
    };
    let lock = FolderLock::take(folder)?;
    crate::store::write(&lock, &outgoing, manifest)?;
    Ok(())
}
