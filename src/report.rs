//! From `result.json` to what people see: text, tables, pictures and one offline page.
//!
//! Every output is a pure function from a [`ResultFile`] to bytes. Nothing here reads a file, a clock or the
//! environment, so a report can be drawn again from `result.json` alone and has the same bytes.

pub mod csv;
pub mod html;
pub mod json;
mod number;
pub mod openmetrics;
pub mod plot;
mod select;
pub mod terminal;

use std::fmt;

use crate::result::ResultFile;
pub use csv::ReplicationRow;

/// One file of a report, not yet written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its place in the output folder, with `/` between folders.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Artifact {
    fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into() }
    }
}

/// Why a report cannot be made.
#[derive(Debug)]
pub enum ReportError {
    /// A `result.json` that cannot be read, or a result that would not be readable.
    Unreadable(String),
    /// A result of another version of the contract.
    Format {
        /// The version found.
        found: u32,
    },
    /// A table that cannot be laid out.
    Table(String),
    /// A picture that cannot be drawn.
    Picture(String),
    /// A page that cannot be filled in.
    Page(String),
}

impl fmt::Display for ReportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(formatter, "result.json is not readable: {why}"),
            Self::Format { found } => write!(
                formatter,
                "result.json has format {found}, and this program reads format {}; redo the sweep",
                crate::result::FORMAT
            ),
            Self::Table(why) => write!(formatter, "cannot lay out a table: {why}"),
            Self::Picture(why) => write!(formatter, "cannot draw a plot: {why}"),
            Self::Page(why) => write!(formatter, "cannot fill in the report page: {why}"),
        }
    }
}

impl std::error::Error for ReportError {}

/// How standard output is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A summary for people.
    Table,
    /// `result.json`.
    Json,
    /// `results.csv`.
    Csv,
    /// The time series as OpenMetrics text.
    OpenMetrics {
        /// The Unix time at which simulated time starts, in seconds.
        start_s: u64,
    },
}

/// Makes every file of a report that follows from the result: `result.json`, the tables, the plots and the page.
///
/// The order is fixed and `result.json` comes first. `replications` are written as given.
///
/// ```
/// use tars_sim::report;
///
/// let bytes = include_bytes!("../tests/data/report/sweep.json");
/// let result = report::json::from_bytes(bytes)?;
/// let artifacts = report::files(&result, &[])?;
/// assert_eq!(artifacts.first().map(|artifact| artifact.path.as_str()), Some("result.json"));
/// assert_eq!(artifacts.last().map(|artifact| artifact.path.as_str()), Some("report.html"));
/// # Ok::<(), report::ReportError>(())
/// ```
///
/// # Errors
///
/// When a number is not finite, or a picture or page cannot be made.
pub fn files(result: &ResultFile, replications: &[ReplicationRow]) -> Result<Vec<Artifact>, ReportError> {
    let mut files = vec![
        Artifact::new("result.json", json::to_bytes(result)?),
        Artifact::new("results.csv", csv::results(result)?),
        Artifact::new("replications.csv", csv::replications(replications)?),
        Artifact::new("timeseries.csv", csv::time_series(result)?),
        Artifact::new("columns.json", csv::columns(result)?),
    ];
    files.extend(plot::files(result)?);
    files.push(Artifact::new("report.html", html::page(result)?));
    Ok(files)
}

/// Makes what a command prints on standard output.
///
/// # Errors
///
/// As [`files`].
pub fn stdout(
    result: &ResultFile,
    format: Format,
    folder: Option<&str>,
    screen: terminal::Screen,
) -> Result<Vec<u8>, ReportError> {
    match format {
        Format::Table => Ok(terminal::summary(result, folder, screen).into_bytes()),
        Format::Json => json::to_bytes(result),
        Format::Csv => csv::results(result),
        Format::OpenMetrics { start_s } => Ok(openmetrics::time_series(result, start_s)),
    }
}
