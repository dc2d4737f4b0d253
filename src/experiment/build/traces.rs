//! Recorded load: CSV or JSONL, gzipped or not, with columns named by the experiment.

use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{SessionLoad, TimeColumn, TimeUnit, TraceLoad};
use crate::experiment::tree::Tree;
use crate::model::trace::{SessionTrace, Trace, TraceRequest};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use tars_policy::units::Span;

/// What was read from files, so that a sweep reads each once; and where files are looked for.
#[derive(Debug)]
pub struct TraceStore {
    /// Where the experiment stands: other names are relative to it.
    beside: PathBuf,
    /// Where `data:` names are found.
    data: Option<PathBuf>,
    traces: IndexMap<String, Option<Arc<Trace>>>,
    sessions: IndexMap<String, Option<Arc<SessionTrace>>>,
}

/// The largest file that is read, unpacked.
const BYTES_MAX: u64 = 1 << 30;

/// The folder of public traces: `asked` if given, else `../shared/data` beside `here` if there is one.
pub fn data_folder(asked: Option<PathBuf>, here: &FilePath) -> Option<PathBuf> {
    asked.or_else(|| {
        let beside = here.join("../shared/data");
        beside.is_dir().then_some(beside)
    })
}

impl TraceStore {
    /// Looks for files beside `experiment`, and for `data:` names in `data`.
    pub fn new(experiment: &FilePath, data: Option<PathBuf>) -> Self {
        let beside = experiment.parent().unwrap_or(FilePath::new("")).to_owned();
        Self { beside, data, traces: IndexMap::new(), sessions: IndexMap::new() }
    }

    /// Digests of everything that was read, in order of reading.
    pub fn digests(&self) -> Vec<String> {
        let traces = self.traces.values().flatten().map(|trace| trace.digest.clone());
        traces.chain(self.sessions.values().flatten().map(|trace| trace.digest.clone())).collect()
    }

    /// The requests of a trace.
    pub(super) fn trace(
        &mut self,
        tree: &Tree,
        path: &Path,
        load: &TraceLoad,
        diagnostics: &mut Diagnostics,
    ) -> Option<Arc<Trace>> {
        if !(load.speed.is_finite() && load.speed > 0.0) {
            diagnostics.out_of_range(tree, &path.key("speed"), "the speed", load.speed, "above 0");
            return None;
        }
        let key = format!("{} {:?} {:?} {:?} {:?} {:?}", load.file, load.time, load.input_tokens, load.output_tokens, load.service, load.rows_max);
        if let Some(known) = self.traces.get(&key) {
            return known.clone();
        }
        let read = self.read_trace(load).map(Arc::new);
        let trace = read.map_err(|problem| problem.tell(tree, path, &load.file, diagnostics)).ok();
        self.traces.insert(key, trace.clone());
        trace
    }

    /// Recorded sessions.
    pub(super) fn sessions(
        &mut self,
        tree: &Tree,
        path: &Path,
        load: &SessionLoad,
        diagnostics: &mut Diagnostics,
    ) -> Option<Arc<SessionTrace>> {
        let key = format!("{load:?}");
        if let Some(known) = self.sessions.get(&key) {
            return known.clone();
        }
        let read = self.read_sessions(load).map(Arc::new);
        let trace = read.map_err(|problem| problem.tell(tree, path, &load.calls, diagnostics)).ok();
        self.sessions.insert(key, trace.clone());
        trace
    }

    fn read_trace(&self, load: &TraceLoad) -> Result<Trace, Problem> {
        let table = self.read(&load.file)?;
        let time = table.times(&load.time)?;
        let input = table.counts(load.input_tokens.as_ref())?;
        let output = table.counts(load.output_tokens.as_ref())?;
        let service = load.service.as_ref().map(|column| table.times(column)).transpose()?;
        let rows = load.rows_max.map_or(time.len(), |most| usize::try_from(most).unwrap_or(usize::MAX).min(time.len()));
        let first = time.iter().take(rows).min().copied().unwrap_or(0);
        let mut requests: Vec<TraceRequest> = (0..rows)
            .map(|row| TraceRequest {
                at: Span::from_nanos(time[row] - first),
                input_tokens: input.as_ref().map_or(0, |column| column[row]),
                output_tokens: output.as_ref().map_or(0, |column| column[row]),
                service: Span::from_nanos(service.as_ref().map_or(0, |column| column[row])),
            })
            .collect();
        // Requests of one moment keep the order of the file.
        requests.sort_by_key(|request| request.at);
        if requests.is_empty() {
            return Err(Problem::new("it has no rows", None));
        }
        Ok(Trace { requests, digest: table.digest })
    }

    fn read_sessions(&self, load: &SessionLoad) -> Result<SessionTrace, Problem> {
        let sessions = self.read(&load.sessions)?;
        let calls = self.read(&load.calls)?;
        let lengths = sessions.times(&load.session_length)?;
        let (starts, spans) = (calls.times(&load.start)?, calls.times(&load.length)?);
        let key = |table: &Table, row: usize| -> Result<Vec<String>, Problem> {
            load.key.iter().map(|name| Ok(table.column(name)?[row].clone())).collect()
        };
        let keep = |table: &Table, row: usize| {
            load.only.iter().all(|(name, value)| table.columns.get(name).is_none_or(|column| column[row] == *value))
        };
        let mut by_session: BTreeMap<Vec<String>, Vec<(u64, u64)>> = BTreeMap::new();
        for row in (0..calls.rows).filter(|row| keep(&calls, *row)) {
            by_session.entry(key(&calls, row)?).or_default().push((starts[row], spans[row]));
        }
        let mut out = SessionTrace { digest: format!("{}{}", sessions.digest, calls.digest), ..SessionTrace::default() };
        for row in (0..sessions.rows).filter(|row| keep(&sessions, *row)) {
            let mut list = by_session.remove(&key(&sessions, row)?).unwrap_or_default();
            list.sort_unstable();
            let first = u32::try_from(out.calls.len()).unwrap_or(u32::MAX);
            let mut latest = 0;
            for (start, length) in &list {
                out.calls.push((Span::from_nanos(start.saturating_sub(latest)), Span::from_nanos(*length)));
                latest = latest.max(start + length);
            }
            let tail = Span::from_nanos(lengths[row].saturating_sub(latest));
            out.sessions.push((first, u32::try_from(list.len()).unwrap_or(u32::MAX), tail));
        }
        if out.sessions.is_empty() {
            return Err(Problem::new("no session is left after `only`", None));
        }
        Ok(out)
    }

    fn read(&self, name: &str) -> Result<Table, Problem> {
        let file = match name.strip_prefix("data:") {
            Some(inside) => match &self.data {
                Some(folder) => folder.join(inside),
                None => {
                    return Err(Problem::new(
                        "the folder of public traces is not known",
                        Some("name it with `--data DIR` or TARS_SIM_DATA".to_owned()),
                    ));
                }
            },
            None => self.beside.join(name),
        };
        if name.contains('\0') || FilePath::new(name).components().any(|part| part == std::path::Component::ParentDir) && name.starts_with("data:") {
            return Err(Problem::new("the name leads out of its folder", None));
        }
        let raw = std::fs::File::open(&file).map_err(|error| Problem::io(&error))?;
        let zipped = file.extension().is_some_and(|end| end == "gz");
        let reader: Box<dyn Read> = if zipped { Box::new(flate2::read::MultiGzDecoder::new(raw)) } else { Box::new(raw) };
        let mut text = String::new();
        reader.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| Problem::io(&error))?;
        if text.len() as u64 > BYTES_MAX {
            return Err(Problem::new("it is larger than 1 GiB", None));
        }
        let plain = name.strip_suffix(".gz").unwrap_or(name);
        if plain.ends_with(".jsonl") { Table::from_jsonl(&text) } else { Table::from_csv(&text) }
    }
}

/// A table of texts by column.
struct Table {
    columns: IndexMap<String, Vec<String>>,
    rows: usize,
    digest: String,
}

impl Table {
    fn new(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { columns: IndexMap::new(), rows: 0, digest }
    }

    fn from_csv(text: &str) -> Result<Self, Problem> {
        let mut table = Self::new(text);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names: Vec<String> =
            reader.headers().map_err(|error| Problem::csv(&error))?.iter().map(|name| name.trim().to_owned()).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.records() {
            let record = record.map_err(|error| Problem::csv(&error))?;
            for (column, field) in columns.iter_mut().zip(record.iter()) {
                column.push(field.to_owned());
            }
            table.rows += 1;
        }
        table.columns = names.into_iter().zip(columns).collect();
        Ok(table)
    }

    fn from_jsonl(text: &str) -> Result<Self, Problem> {
        let mut table = Self::new(text);
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)
                .map_err(|error| Problem::new(format!("line {}: {error}", number + 1), None))?;
            for (name, value) in object {
                let text = match value {
                    serde_json::Value::String(text) => text,
                    other @ (serde_json::Value::Null
                    | serde_json::Value::Bool(_)
                    | serde_json::Value::Number(_)
                    | serde_json::Value::Array(_)
                    | serde_json::Value::Object(_)) => other.to_string(),
                };
                let column = table.columns.entry(name).or_default();
                column.resize(table.rows, String::new());
                column.push(text);
            }
            table.rows += 1;
        }
        for column in table.columns.values_mut() {
            column.resize(table.rows, String::new());
        }
        Ok(table)
    }

    fn column(&self, name: &str) -> Result<&Vec<String>, Problem> {
        self.columns.get(name).ok_or_else(|| {
            let names: Vec<_> = self.columns.keys().map(|name| format!("`{name}`")).collect();
            Problem::new(format!("it has no column `{name}`"), Some(format!("it has {}", names.join(", "))))
        })
    }

    /// A column as nanoseconds; dates count from the year 0.
    fn times(&self, column: &TimeColumn) -> Result<Vec<u64>, Problem> {
        let texts = self.column(&column.column)?;
        texts
            .iter()
            .enumerate()
            .map(|(row, text)| {
                let span = match column.unit {
                    TimeUnit::S => format!("{text}s").parse::<Span>().ok().map(Span::as_nanos).or_else(|| float(text, 1e9)),
                    TimeUnit::Ms => format!("{text}ms").parse::<Span>().ok().map(Span::as_nanos).or_else(|| float(text, 1e6)),
                    TimeUnit::Datetime => datetime(text),
                };
                span.ok_or_else(|| Problem::cell(row, &column.column, text, "a time"))
            })
            .collect()
    }

    fn counts(&self, name: Option<&String>) -> Result<Option<Vec<u32>>, Problem> {
        let Some(name) = name else { return Ok(None) };
        let texts = self.column(name)?;
        texts
            .iter()
            .enumerate()
            .map(|(row, text)| text.trim().parse::<u32>().map_err(|_| Problem::cell(row, name, text, "a whole number")))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// A decimal in any notation, times a scale, rounded.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds are checked before")]
fn float(text: &str, scale: f64) -> Option<u64> {
    let value = libm::round(text.trim().parse::<f64>().ok()? * scale);
    (0.0..9.2e18).contains(&value).then_some(value as u64)
}

/// `2023-11-16 18:17:03.9799600` as nanoseconds since the start of 1900.
fn datetime(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches('Z');
    let (date, time) = text.split_once([' ', 'T'])?;
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1900..=2400).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (hour, rest) = time.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    let (hour, minute) = (hour.parse::<u64>().ok()?, minute.parse::<u64>().ok()?);
    if hour > 23 || minute > 59 {
        return None;
    }
    let seconds = format!("{second}s").parse::<Span>().ok()?.as_nanos();
    // Days since 1 March of the year 0 (the civil calendar of Hinnant 2014), then since 1900.
    let shifted = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (month_from_march * 153 + 2) / 5 + day - 1;
    let since_1900 = u64::try_from(days - 693_901).ok()?;
    Some(((since_1900 * 24 + hour) * 60 + minute) * 60 * 1_000_000_000 + seconds)
}

/// Why a trace cannot be read.
struct Problem {
    words: String,
    hint: Option<String>,
}

impl Problem {
    fn new(words: impl Into<String>, hint: Option<String>) -> Self {
        Self { words: words.into(), hint }
    }

    fn io(error: &std::io::Error) -> Self {
        let words = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
            other => other.to_string(),
        };
        Self::new(words, None)
    }

    fn csv(error: &csv::Error) -> Self {
        Self::new(error.to_string(), None)
    }

    fn cell(row: usize, column: &str, text: &str, expected: &str) -> Self {
        let shown: String = text.chars().take(40).collect();
        Self::new(format!("row {} of column `{column}` holds `{shown}`; expected {expected}", row + 1), None)
    }

    fn tell(self, tree: &Tree, path: &Path, file: &str, diagnostics: &mut Diagnostics) {
        diagnostics.trace(tree, path, file, &self.words, self.hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_exact_nanoseconds() {
        let at = |text| datetime(text).expect("a date");
        assert_eq!(at("2023-11-16 18:17:04.0319600") - at("2023-11-16 18:17:03.9799600"), 52_000_000);
        assert_eq!(at("2024-03-01 00:00:00") - at("2024-02-28 00:00:00"), 2 * 86_400 * 1_000_000_000);
        assert_eq!(at("1900-01-01 00:00:00"), 0);
        assert_eq!(datetime("16/11/2023 10:00:00"), None);
    }
}
