//! Who does what next.

mod state;

use super::caught::caught;
use super::cell::{CellJob, CellRuns};
use super::warmup::{PILOT_SLICES, PILOTS_START, WarmupCut};
use super::{Origin, Progress, RunError, RunOptions};
use crate::sim::{self, Plan, Run};
use crate::store::{Key, Store};
use state::{CellState, Decided, Opened, Unit};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The work of one call of [`run_cells`](super::run_cells), shared by its workers.
pub(super) struct Schedule<'a, T> {
    jobs: &'a [CellJob],
    store: Option<&'a Store>,
    options: &'a RunOptions<'a>,
    progress: &'a dyn Progress,
    /// Cells that may be in flight at once: as many as workers. Then a cell without work to give has a worker of its
    /// own, so that a worker without work always finds room to start another cell.
    cells_max: usize,
    board: Mutex<Board<T>>,
    changed: Condvar,
}

struct Board<T> {
    next: usize,
    /// Cells in flight by their place in `jobs`.
    cells: BTreeMap<usize, CellState>,
    results: Vec<Option<T>>,
    broken: Option<RunError>,
}

/// What a piece of work gave.
enum Done<T> {
    Opened(Result<Box<Opened>, String>),
    Pilot(u32, Result<Vec<u128>, String>),
    Replication(u32, Result<Box<Run>, String>),
    Decided(Result<Decided, String>),
    Folded(T, u64),
}

impl<'a, T: Send> Schedule<'a, T> {
    pub(super) fn new(
        jobs: &'a [CellJob],
        store: Option<&'a Store>,
        options: &'a RunOptions<'a>,
        progress: &'a dyn Progress,
        workers: usize,
    ) -> Self {
        let results = jobs.iter().map(|_| None).collect();
        let board = Board { next: 0, cells: BTreeMap::new(), results, broken: None };
        Self {
            jobs,
            store,
            options,
            progress,
            cells_max: workers.max(1),
            board: Mutex::new(board),
            changed: Condvar::new(),
        }
    }

    /// What each cell gave, or why the run broke off.
    pub(super) fn into_results(self) -> Result<Vec<Option<T>>, RunError> {
        let board = self.board.into_inner().unwrap_or_else(PoisonError::into_inner);
        board.broken.map_or(Ok(board.results), Err)
    }

    /// Works until there is nothing left to do, or until it is told to stop.
    pub(super) fn work(&self, finish: &(impl Fn(&CellJob, CellRuns) -> T + Sync)) {
        let _alarm = Alarm { board: &self.board, changed: &self.changed };
        while let Some((place, unit)) = self.take() {
            let done = self.perform(&self.jobs[place], unit, finish);
            self.report(place, done);
        }
    }

    fn board(&self) -> MutexGuard<'_, Board<T>> {
        // Nothing that can panic runs while the board is locked, but for broken invariants; the others then end too.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece of work; waits while others may still make some.
    fn take(&self) -> Option<(usize, Unit)> {
        let mut board = self.board();
        loop {
            if board.broken.is_some() || self.options.stop.load(Ordering::Relaxed) {
                self.changed.notify_all();
                return None;
            }
            let given = board.cells.iter_mut().find_map(|(place, cell)| Some((*place, cell.give()?)));
            if given.is_some() {
                return given;
            }
            if board.next < self.jobs.len() && board.cells.len() < self.cells_max {
                let place = board.next;
                board.next += 1;
                board.cells.insert(place, CellState::opening());
                return Some((place, Unit::Open));
            }
            if board.cells.is_empty() {
                self.changed.notify_all();
                return None;
            }
            board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Does a piece of work; a panic in it is the cell's failure. The board is not locked meanwhile.
    fn perform(
        &self,
        job: &CellJob,
        unit: Unit,
        finish: &(impl Fn(&CellJob, CellRuns) -> T + Sync),
    ) -> Result<Done<T>, RunError> {
        Ok(match unit {
            Unit::Open => Done::Opened(self.open(job)?.map(Box::new)),
            Unit::Pilot(plan, number) => {
                let pilot = || sim::pilot(&plan, PILOTS_START + u64::from(number), PILOT_SLICES).slices;
                Done::Pilot(number, caught(pilot))
            }
            Unit::Replicate(plan, cut, number) => {
                let run = self.replication(job, &plan, &cut, number)?;
                Done::Replication(number, run.map(Box::new))
            }
            Unit::Decide(decision) => {
                Done::Decided(caught(|| decision.decide(&job.model, self.options.estimate)))
            }
            Unit::Fold(runs, unneeded) => Done::Folded(fold(job, *runs, finish)?, unneeded),
        })
    }

    /// Compiles the cell and finds its cut where no pilots are needed.
    fn open(&self, job: &CellJob) -> Result<Result<Opened, String>, RunError> {
        let plan = match caught(|| Arc::new(Plan::new(job.model.clone()))) {
            Ok(plan) => plan,
            Err(message) => return Ok(Err(message)),
        };
        let kept = match self.store {
            Some(store) => store.get(Key::Cell(job.number()))?,
            None => None,
        };
        let kept = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let cut = kept.or_else(|| WarmupCut::stated(&job.model.measure, self.options.quick));
        Ok(Ok(Opened { plan, cut }))
    }

    /// A replication: from the journal if it is there, else simulated and kept.
    fn replication(
        &self,
        job: &CellJob,
        plan: &Plan,
        cut: &WarmupCut,
        number: u32,
    ) -> Result<Result<Run, String>, RunError> {
        let key = Key::Replication(job.number(), u64::from(number));
        let kept = match self.store {
            Some(store) => store.get(key)?,
            None => None,
        };
        let to_check = self.store.and_then(Store::resumed) == Some(key);
        if let Some(run) = kept.as_deref().filter(|_| !to_check).and_then(|bytes| Run::decode(bytes).ok())
            && run.cut == cut.nanos
        {
            self.progress.replicated(&run, Origin::Journal);
            return Ok(Ok(run));
        }
        let run = match caught(|| sim::replicate(plan, u64::from(number), cut.span())) {
            Ok(run) => run,
            Err(message) => return Ok(Err(message)),
        };
        if let Some(store) = self.store {
            let bytes = run.encode();
            match kept {
                Some(kept) if to_check && kept != bytes => return Err(RunError::Differs { key }),
                Some(kept) if kept == bytes => {}
                Some(_) | None => store.put(key, &bytes)?,
            }
        }
        self.progress.replicated(&run, Origin::Fresh);
        Ok(Ok(run))
    }

    /// Enters what a piece of work gave, which may make more work.
    fn report(&self, place: usize, done: Result<Done<T>, RunError>) {
        let job = &self.jobs[place];
        let mut found_cut = None;
        let mut board = self.board();
        match done {
            Err(error) => board.broken = board.broken.take().or(Some(error)),
            Ok(Done::Folded(result, unneeded)) => {
                board.results[place] = Some(result);
                board.cells.remove(&place);
                self.progress.cell_done(unneeded);
            }
            Ok(done) => {
                let cell = board.cells.get_mut(&place).expect("a cell is in flight until it is folded");
                let planned_before = cell.planned();
                match done {
                    Done::Opened(opened) => cell.opened(job, opened.map(|opened| *opened)),
                    Done::Pilot(number, slices) => found_cut = cell.piloted(job, number, slices),
                    Done::Replication(number, run) => cell.replicated(number, run.map(|run| *run)),
                    Done::Decided(decided) => cell.decided(job, decided),
                    Done::Folded(..) => {}
                }
                self.progress.planned(cell.planned().saturating_sub(planned_before));
            }
        }
        drop(board);
        if let Some(cut) = found_cut {
            self.settle(place, cut);
        }
        self.changed.notify_all();
    }

    /// Keeps a cut that pilots found, and then lets replications start: none is kept without the cut it was made with.
    fn settle(&self, place: usize, cut: WarmupCut) {
        let kept = self.store.map_or(Ok(()), |store| {
            let text = serde_json::to_vec(&cut).expect("a cut is plain text and numbers");
            store.put(Key::Cell(self.jobs[place].number()), &text)
        });
        let mut board = self.board();
        if let Err(error) = kept {
            board.broken.get_or_insert(error.into());
        }
        board.cells.get_mut(&place).expect("the cell waits for its cut").settle(cut);
    }
}

/// Tells the other workers when one goes down with a broken invariant, so that they do not wait for it for ever.
struct Alarm<'s, T> {
    board: &'s Mutex<Board<T>>,
    changed: &'s Condvar,
}

impl<T> Drop for Alarm<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
            board.broken.get_or_insert(RunError::Threads("a worker broke down".to_owned()));
            self.changed.notify_all();
        }
    }
}

/// Hands a cell's runs over. If that panics the cell counts as failed, and is handed over as such.
fn fold<T>(
    job: &CellJob,
    runs: CellRuns,
    finish: &(impl Fn(&CellJob, CellRuns) -> T + Sync),
) -> Result<T, RunError> {
    let (cut, warmup_rule) = (runs.cut, runs.warmup_rule.clone());
    caught(|| finish(job, runs)).or_else(|message| {
        let failed = CellRuns {
            cut,
            warmup_rule,
            warmup_flag: None,
            relaxation: None,
            runs: Vec::new(),
            failed: Some(message),
            goals: Vec::new(),
        };
        caught(|| finish(job, failed)).map_err(|message| RunError::Fold { cell: job.index, message })
    })
}
