//! `tars-sim report`: everything that follows from a `result.json`, drawn again.

use super::{Failure, Surroundings, forecast, print};
use crate::cli::{OutputFormat, ResultFormat};
use crate::forecast::report as forecast_report;
use crate::report;
use crate::store::{FolderLock, Manifest, Outgoing};
use std::path::Path;

/// The file that only forecasts have.
const FORECAST: &str = "forecast.csv";

/// Draws everything that follows from `result.json` again.
pub(super) fn redraw(
    folder: &Path,
    format: ResultFormat,
    start_s: u64,
    around: &Surroundings,
) -> Result<(), Failure> {
    let read = |name: &str| read_result(folder, name);
    let manifest: Manifest = serde_json::from_slice(&read("manifest.json")?)
        .map_err(|error| Failure::usage(format!("error: manifest.json is not readable: {error}")))?;
    if manifest.files.contains_key(FORECAST) {
        return forecast_again(folder, &read("result.json")?, format, manifest);
    }
    let result = report::json::from_bytes(&read("result.json")?)?;
    let replications = read("replications.csv")?;
    let artifacts = report::files(&result, &[])?;
    let files: Vec<Outgoing<'_>> = artifacts
        .iter()
        .map(|file| {
            let kept = file.path == "replications.csv";
            Outgoing { path: &file.path, bytes: if kept { &replications } else { &file.bytes } }
        })
        .collect();
    let lock = FolderLock::take(folder)?;
    crate::store::write(&lock, &files, manifest)?;
    let format = super::format_from(format, start_s);
    print(&report::stdout(&result, format, Some(&folder.display().to_string()), around.screen)?)
}

/// The same for a forecast.
fn forecast_again(
    folder: &Path,
    result: &[u8],
    format: ResultFormat,
    manifest: Manifest,
) -> Result<(), Failure> {
    let format = match format {
        ResultFormat::Table => OutputFormat::Table,
        ResultFormat::Json => OutputFormat::Json,
        ResultFormat::Csv => OutputFormat::Csv,
        ResultFormat::OpenMetrics => {
            return Err(Failure::usage("error: a forecast has no time series to print as OpenMetrics"));
        }
    };
    let found = forecast_report::from_bytes(result)?;
    let files = forecast_report::files(&found)?;
    let outgoing: Vec<Outgoing<'_>> =
        files.iter().map(|file| Outgoing { path: &file.path, bytes: &file.bytes }).collect();
    let lock = FolderLock::take(folder)?;
    crate::store::write(&lock, &outgoing, manifest)?;
    forecast::shown(&found, format, folder)
}

/// Reads a file of a result's folder.
fn read_result(folder: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let path = folder.join(name);
    std::fs::read(&path).map_err(|error| {
        if folder.is_file() {
            return no_folder(folder);
        }
        let what = if folder.exists() {
            format!("cannot read {}: {error}", path.display())
        } else {
            format!("there is no folder {}", folder.display())
        };
        let hint = "give the folder of a finished `tars-sim sweep` or `forecast`, such as outputs/tier3";
        Failure::usage(format!("error: {what}\n  hint: {hint}"))
    })
}

/// A file stands where a result's folder was expected.
fn no_folder(file: &Path) -> Failure {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Failure::usage(format!(
        "error: {} is a file, and the folder of a result is expected\n  hint: tars-sim report {}",
        file.display(),
        folder.display()
    ))
}
