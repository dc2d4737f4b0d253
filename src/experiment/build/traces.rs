//! Recorded load: CSV or JSONL, gzipped or not, with columns named by the experiment.

use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{SessionLoad, TraceLoad};
use crate::experiment::tree::Tree;
use crate::model::trace::{SessionTrace, Trace, TraceRequest};
use indexmap::IndexMap;
use problem::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;
use table::Table;
use tars_policy::units::Span;

mod problem;
mod table;

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
        if load.rows_max == Some(0) {
            diagnostics.out_of_range(tree, &path.key("rows_max"), "the number of rows", 0.0, "at least 1");
            return None;
        }
        let key = format!(
            "{} {:?} {:?} {:?} {:?} {:?}",
            load.file, load.time, load.input_tokens, load.output_tokens, load.service, load.rows_max
        );
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
        let trace = read.map_err(|(file, problem)| problem.tell(tree, path, file, diagnostics)).ok();
        self.sessions.insert(key, trace.clone());
        trace
    }

    fn read_trace(&self, load: &TraceLoad) -> Result<Trace, Problem> {
        let table = self.read(&load.file)?;
        let time = table.times(&load.time)?;
        let input = table.counts(load.input_tokens.as_ref())?;
        let output = table.counts(load.output_tokens.as_ref())?;
        let service = load.service.as_ref().map(|column| table.times(column)).transpose()?;
        let rows = load
            .rows_max
            .map_or(time.len(), |most| usize::try_from(most).unwrap_or(usize::MAX).min(time.len()));
        let first = time.iter().take(rows).min().copied().unwrap_or(0);
        let mut requests: Vec<TraceRequest> = (0..rows)
            .map(|row| TraceRequest {
                at: Span::from_nanos(time[row] - first),
                input_tokens: input.as_ref().map_or(0, |column| column[row]),
                output_tokens: output.as_ref().map_or(0, |column| column[row]),
                service: Span::from_nanos(service.as_ref().map_or(0, |column| column[row])),
            })
            .collect();
        // Rows may stand in any order; requests of one moment keep the order of the file.
        requests.sort_by_key(|request| request.at);
        Ok(Trace { requests, digest: table.digest })
    }

    /// The sessions; a problem comes with the name of the file that has it.
    fn read_sessions<'l>(&self, load: &'l SessionLoad) -> Result<SessionTrace, (&'l str, Problem)> {
        let of_sessions = |problem| (load.sessions.as_str(), problem);
        let of_calls = |problem| (load.calls.as_str(), problem);
        let sessions = self.read(&load.sessions).map_err(of_sessions)?;
        let calls = self.read(&load.calls).map_err(of_calls)?;
        if let Some((name, _)) =
            load.only.iter().find(|(name, _)| sessions.find(name).or(calls.find(name)).is_none())
        {
            return Err(of_calls(calls.column(name).expect_err("the column was looked for just now")));
        }
        let lengths = sessions.times(&load.session_length).map_err(of_sessions)?;
        let mut by_session = calls_by_session(&calls, load).map_err(of_calls)?;
        let keys = keys(&sessions, load).map_err(of_sessions)?;
        let mut seen = BTreeSet::new();
        let mut out = SessionTrace {
            digest: format!("{}{}", sessions.digest, calls.digest),
            ..SessionTrace::default()
        };
        for row in (0..sessions.rows()).filter(|row| keeps(&sessions, load, *row)) {
            if !seen.insert(&keys[row]) {
                let words = format!(
                    "line {} is a second session of the key {}",
                    sessions.line(row),
                    keys[row].join(", ")
                );
                return Err(of_sessions(Problem::new(words)));
            }
            let calls = by_session.remove(&keys[row]).unwrap_or_default();
            push_session(&mut out, calls, lengths[row]);
        }
        if out.sessions.is_empty() {
            return Err(of_sessions(Problem::new("no session is left after `only`")));
        }
        if out.calls.is_empty() {
            return Err(of_calls(
                Problem::new("no call belongs to a session")
                    .with_hint("`key` names columns that both files have"),
            ));
        }
        Ok(out)
    }

    fn read(&self, name: &str) -> Result<Table, Problem> {
        let inside = name.strip_prefix("data:");
        let leads_out = FilePath::new(inside.unwrap_or(""))
            .components()
            .any(|part| !matches!(part, Component::Normal(_)));
        if name.contains('\0') || leads_out {
            return Err(Problem::new("the name leads out of its folder"));
        }
        let file = match (inside, &self.data) {
            (Some(inside), Some(folder)) => folder.join(inside),
            (Some(_), None) => {
                return Err(Problem::new("the folder of public traces is not known")
                    .with_hint("name it with `--data DIR` or TARS_SIM_DATA"));
            }
            (None, _) => self.beside.join(name),
        };
        Table::read(std::fs::File::open(&file).map_err(|error| Problem::io(&error))?)
    }
}

/// What a session is known by: the texts of its key columns.
type Key = Vec<String>;

/// The key of each row.
fn keys(table: &Table, load: &SessionLoad) -> Result<Vec<Key>, Problem> {
    let columns: Vec<_> = load.key.iter().map(|name| table.column(name)).collect::<Result<_, _>>()?;
    Ok((0..table.rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect())
}

/// Whether a row has the values that are asked for, in those of the columns that the file has.
fn keeps(table: &Table, load: &SessionLoad, row: usize) -> bool {
    load.only.iter().all(|(name, value)| table.find(name).is_none_or(|column| column[row] == *value))
}

/// The start and length of each call, by session, in order.
fn calls_by_session(calls: &Table, load: &SessionLoad) -> Result<BTreeMap<Key, Vec<(u64, u64)>>, Problem> {
    let (starts, lengths) = (calls.times(&load.start)?, calls.times(&load.length)?);
    let mut by_session: BTreeMap<Key, Vec<(u64, u64)>> = BTreeMap::new();
    for (row, key) in keys(calls, load)?.into_iter().enumerate().filter(|(row, _)| keeps(calls, load, *row)) {
        by_session.entry(key).or_default().push((starts[row], lengths[row]));
    }
    for calls in by_session.values_mut() {
        calls.sort_unstable();
    }
    Ok(by_session)
}

/// A session as the pauses between its calls: a call that starts before an earlier one has ended follows it at once.
fn push_session(out: &mut SessionTrace, calls: Vec<(u64, u64)>, length: u64) {
    let first = u32::try_from(out.calls.len()).unwrap_or(u32::MAX);
    let count = u32::try_from(calls.len()).unwrap_or(u32::MAX);
    let mut latest: u64 = 0;
    for (start, length) in calls {
        out.calls.push((Span::from_nanos(start.saturating_sub(latest)), Span::from_nanos(length)));
        latest = latest.max(start.saturating_add(length));
    }
    out.sessions.push((first, count, Span::from_nanos(length.saturating_sub(latest))));
}

#[cfg(test)]
mod tests;
