//! A file of rows as columns of text, and columns as times and counts.

use super::problem::{Problem, line_of};
use crate::experiment::schema::{TimeColumn, TimeUnit};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io::Read;
use tars_policy::units::Span;

/// The largest file that is read, unpacked.
const BYTES_MAX: u64 = 1 << 30;

/// Columns of text, by name.
#[derive(Debug)]
pub(super) struct Table {
    columns: IndexMap<String, Vec<String>>,
    /// For each row its line in the file.
    lines: Vec<u64>,
    /// SHA-256 of the text, in hexadecimal.
    pub(super) digest: String,
}

impl Table {
    /// Reads a file; what it is told by its first bytes, not by its name.
    pub(super) fn read(raw: impl Read) -> Result<Self, Problem> {
        let bytes = unpacked(whole(raw)?)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
            Problem::new(format!("it is not UTF-8 text: line {line}"))
                .with_hint("a trace is CSV or JSONL, gzipped or not")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let table = match text.trim_start().chars().next() {
            None => return Err(Problem::new("it is empty")),
            Some('{') => Self::from_jsonl(text)?,
            Some('[') => {
                return Err(Problem::new("it is a JSON list")
                    .with_hint("a trace is CSV, or JSON with one object a line"));
            }
            Some(_) => Self::from_csv(text)?,
        };
        if table.lines.is_empty() { Err(Problem::new("it has a head and no rows")) } else { Ok(table) }
    }

    fn new(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut digest, byte| {
            write!(digest, "{byte:02x}").expect("a string takes what is written to it");
            digest
        });
        Self { columns: IndexMap::new(), lines: Vec::new(), digest }
    }

    fn from_csv(text: &str) -> Result<Self, Problem> {
        let mut table = Self::new(text);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().map_err(|error| Problem::csv(&error, text))?;
        let names: Vec<String> = head.iter().map(|name| name.trim().to_owned()).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.records() {
            let record = record.map_err(|error| Problem::csv(&error, text))?;
            for (column, field) in columns.iter_mut().zip(record.iter()) {
                column.push(field.to_owned());
            }
            table.lines.push(line_of(record.position(), text));
        }
        for (name, column) in names.into_iter().zip(columns) {
            if table.columns.contains_key(&name) {
                return Err(Problem::new(format!("two columns have the name `{name}`")));
            }
            table.columns.insert(name, column);
        }
        Ok(table)
    }

    fn from_jsonl(text: &str) -> Result<Self, Problem> {
        let mut table = Self::new(text);
        for (line, object) in (1..).zip(text.lines()).filter(|(_, object)| !object.trim().is_empty()) {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(object).map_err(|error| {
                    Problem::new(format!("line {line} is not a JSON object: {}", reason(&error)))
                })?;
            for (name, value) in object {
                let column = table.columns.entry(name).or_default();
                column.resize(table.lines.len(), String::new());
                column.push(text_of(value));
            }
            table.lines.push(line);
        }
        for column in table.columns.values_mut() {
            column.resize(table.lines.len(), String::new());
        }
        Ok(table)
    }

    /// How many rows it has.
    pub(super) fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The line of a row.
    pub(super) fn line(&self, row: usize) -> u64 {
        self.lines[row]
    }

    /// A column, if there is one of this name.
    pub(super) fn find(&self, name: &str) -> Option<&Vec<String>> {
        self.columns.get(name)
    }

    /// A column that must be there.
    pub(super) fn column(&self, name: &str) -> Result<&Vec<String>, Problem> {
        self.find(name).ok_or_else(|| Problem::no_column(name, self.columns.keys().map(String::as_str)))
    }

    /// A column as nanoseconds; dates count from the year 1900.
    pub(super) fn times(&self, column: &TimeColumn) -> Result<Vec<u64>, Problem> {
        let texts = self.column(&column.column)?;
        let read = |(row, text): (usize, &String)| {
            time(text, column.unit).ok_or_else(|| self.not_a_time(row, text, column))
        };
        texts.iter().enumerate().map(read).collect()
    }

    fn not_a_time(&self, row: usize, text: &str, column: &TimeColumn) -> Problem {
        let expected = match column.unit {
            TimeUnit::S => "seconds, 0 or more",
            TimeUnit::Ms => "milliseconds, 0 or more",
            TimeUnit::Datetime => "a date and time of the years 1900 to 2400, as in `2023-11-16 18:17:03.97`",
        };
        let problem = Problem::field(self.lines[row], &column.column, text, expected);
        match column.unit {
            TimeUnit::S | TimeUnit::Ms if datetime(text).is_some() => {
                problem.with_hint("set `\"unit\": \"datetime\"`")
            }
            TimeUnit::Datetime if time(text, TimeUnit::S).is_some() => {
                problem.with_hint("set `\"unit\"` to `\"s\"` or `\"ms\"`")
            }
            TimeUnit::S | TimeUnit::Ms | TimeUnit::Datetime => problem,
        }
    }

    /// A column as whole numbers.
    pub(super) fn counts(&self, name: Option<&String>) -> Result<Option<Vec<u32>>, Problem> {
        let Some(name) = name else { return Ok(None) };
        let read = |(row, text): (usize, &String)| {
            count(text).ok_or_else(|| {
                Problem::field(self.lines[row], name, text, "a whole number from 0 to 4294967295")
            })
        };
        self.column(name)?.iter().enumerate().map(read).collect::<Result<_, _>>().map(Some)
    }
}

/// All bytes, if they are not too many.
fn whole(raw: impl Read) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    raw.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| Problem::io(&error))?;
    if bytes.len() as u64 > BYTES_MAX { Err(Problem::new("it is larger than 1 GiB")) } else { Ok(bytes) }
}

/// What a gzip file holds, or the bytes themselves; other packings are named.
fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Problem> {
    const FOREIGN: [(&[u8], &str); 6] = [
        (b"PAR1", "a Parquet file"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x28\xb5\x2f\xfd", "packed with zstd"),
        (b"BZh", "packed with bzip2"),
        (b"\xfd7zXZ\0", "packed with xz"),
        (b"version https://git-lfs", "a pointer of Git LFS and not the file itself"),
    ];
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(
            Problem::new(format!("it is {what}")).with_hint("a trace is CSV or JSONL, gzipped or not")
        );
    }
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(BYTES_MAX + 1).read_to_end(&mut plain).map_err(
        |error| {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                return Problem::new("its gzip stream is cut off");
            }
            Problem::new(format!("its gzip stream is damaged: {error}"))
        },
    )?;
    if plain.len() as u64 > BYTES_MAX { Err(Problem::new("it is larger than 1 GiB")) } else { Ok(plain) }
}

/// A JSON value as the text of a field; nothing for `null`.
fn text_of(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other @ (serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_)) => other.to_string(),
    }
}

/// What is wrong with a line of JSON, without the line number that its parser counts from it.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn time(text: &str, unit: TimeUnit) -> Option<u64> {
    let text = text.trim();
    match unit {
        TimeUnit::S => exact(text, "s").or_else(|| float(text, 1e9)),
        TimeUnit::Ms => exact(text, "ms").or_else(|| float(text, 1e6)),
        TimeUnit::Datetime => datetime(text),
    }
}

/// Plain decimals of a unit as exact nanoseconds; a text such as `5m` must not become `5ms`.
fn exact(text: &str, unit: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| format!("{text}{unit}").parse::<Span>().ok().map(Span::as_nanos)).flatten()
}

/// A whole number, written with or without a point.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounds and wholeness are checked before"
)]
fn count(text: &str) -> Option<u32> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        let is_whole =
            (0.0..=f64::from(u32::MAX)).contains(&value) && (value - libm::floor(value)).abs() <= 0.0;
        is_whole.then_some(value as u32)
    })
}

/// A decimal in any notation, times a scale, rounded.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds are checked before")]
fn float(text: &str, scale: f64) -> Option<u64> {
    let value = libm::round(text.parse::<f64>().ok()? * scale);
    (0.0..9.2e18).contains(&value).then_some(value as u64)
}

/// `2023-11-16 18:17:03.9799600` as nanoseconds since the start of 1900.
pub(super) fn datetime(text: &str) -> Option<u64> {
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
    let seconds = exact(second, "s").filter(|seconds| *seconds < 61_000_000_000)?;
    // Days since 1 March of the year 0 (the civil calendar of Hinnant 2014), then since 1900.
    let shifted = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let days =
        shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (month_from_march * 153 + 2) / 5 + day
            - 1;
    let since_1900 = u64::try_from(days - 693_901).ok()?;
    Some(((since_1900 * 24 + hour) * 60 + minute) * 60 * 1_000_000_000 + seconds)
}
