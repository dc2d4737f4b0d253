//! What processes write to disk, and what is lost when they die.
//!
//! A disk does one thing after another, so the moment when a write is done is known when it begins. Lines that wait in the
//! buffer, and those whose write is not done, are lost with the process.

use super::probe::count;
use super::strand::uses;
use super::world::{FAR, World};
use crate::model::node::Files as FilesModel;
use crate::random::Sampler;
use std::collections::VecDeque;

/// Samplers of what a group of nodes writes.
#[derive(Debug)]
pub(super) struct FilesPlan {
    write: Option<Sampler>,
    rotation: Option<Sampler>,
    snapshot: Option<Sampler>,
    read: Option<Sampler>,
}

impl FilesPlan {
    pub(super) fn new(files: &FilesModel) -> Self {
        Self {
            write: files.write.as_ref().map(Sampler::of_spans),
            rotation: files.rotation.as_ref().map(|(_, time)| Sampler::of_spans(time)),
            snapshot: files.snapshot.as_ref().map(|(_, time)| Sampler::of_spans(time)),
            read: files.read.0.as_ref().map(Sampler::of_spans),
        }
    }
}

/// The disk of a node, and what is on its way to it.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Lines in the buffer.
    buffered: u64,
    /// Writes on their way: when each is done, and its lines.
    writing: VecDeque<(u64, u64)>,
    free_at: u64,
    /// Lines since the log was rotated, and since the last snapshot was begun; tasks since then.
    lines_in_log: u64,
    lines_since: u64,
    tasks_since: u64,
    /// Whether the process is dead.
    pub(super) down: bool,
    /// Of the measured window.
    pub(super) writes: u64,
    pub(super) busy: u64,
    /// Of the whole run.
    pub(super) lost: u64,
}

/// What the disk does.
#[derive(Clone, Copy)]
enum Job {
    Write(u64),
    Rotation,
    Snapshot,
}

impl World<'_> {
    /// A task has ended on a node: its lines are logged.
    pub(super) fn log_task(&mut self, node: u16) {
        let plan = self.plan;
        let Some(model) = &plan.model.nodes[self.nodes[node as usize].group()].files else { return };
        let files = &mut self.nodes[node as usize].files;
        if files.down {
            return;
        }
        files.buffered += u64::from(model.lines_per_task);
        files.tasks_since += 1;
        if files.buffered >= model.buffer_lines {
            let lines = std::mem::take(&mut files.buffered);
            files.lines_in_log += lines;
            files.lines_since += lines;
            self.use_disk(node, Job::Write(lines));
        }
        let files = &mut self.nodes[node as usize].files;
        if let Some((every, _)) = &model.rotation
            && files.lines_in_log >= *every
        {
            files.lines_in_log = 0;
            self.use_disk(node, Job::Rotation);
        }
        let files = &mut self.nodes[node as usize].files;
        if let Some((every, _)) = &model.snapshot
            && files.tasks_since >= *every
        {
            (files.tasks_since, files.lines_since) = (0, 0);
            self.use_disk(node, Job::Snapshot);
        }
    }

    /// The disk of a node does something once it has done the rest; the event loop may have to wait for it.
    fn use_disk(&mut self, node: u16, job: Job) {
        let now = self.now;
        let measured = now >= self.cut && now < self.end;
        let state = &mut self.nodes[node as usize];
        let group = state.group();
        let plan = self.plan.nodes[group].files.as_ref().expect("it writes files");
        let (law, lines) = match job {
            Job::Write(lines) => (&plan.write, lines),
            Job::Rotation => (&plan.rotation, 0),
            Job::Snapshot => (&plan.snapshot, 0),
        };
        let span = law.as_ref().map_or(0, |law| law.sample_span(state.draw(uses::DISK)).as_nanos());
        let files = &mut state.files;
        while files.writing.front().is_some_and(|(done, _)| *done <= now) {
            files.writing.pop_front();
        }
        files.free_at = files.free_at.max(now).saturating_add(span).min(FAR);
        files.writing.push_back((files.free_at, lines));
        if measured {
            count(&mut files.writes);
            files.busy += span;
        }
        let free_at = files.free_at;
        if self.plan.model.nodes[group].files.as_ref().is_some_and(|model| model.blocking) {
            state.wait_until(now, free_at);
        }
    }

    /// A process dies: what is not on disk is lost. How long it reads before it is ready again.
    pub(super) fn files_die(&mut self, node: u16) -> u64 {
        let now = self.now;
        let group = self.nodes[node as usize].group();
        let plan = self.plan;
        let Some(model) = &plan.model.nodes[group].files else { return 0 };
        let samplers = plan.nodes[group].files.as_ref().expect("it writes files");
        let state = &mut self.nodes[node as usize];
        let read = samplers.read.as_ref().map_or(0, |law| law.sample_span(state.draw(uses::DISK)).as_nanos());
        let files = &mut state.files;
        let on_their_way: u64 =
            files.writing.drain(..).filter(|(done, _)| *done > now).map(|(_, lines)| lines).sum();
        files.lost += std::mem::take(&mut files.buffered) + on_their_way;
        let kept = files.lines_since.saturating_sub(on_their_way);
        files.lines_since = kept;
        files.free_at = now;
        files.down = true;
        read.saturating_add(model.read.1.as_nanos().saturating_mul(kept))
    }
}
