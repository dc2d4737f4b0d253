//! What processes write to disk.

use super::{check_law, check_law_option};
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::FilesSpec;
use crate::experiment::tree::Tree;
use crate::model::node::Files;

/// What the process at `path` writes.
pub(super) fn files(
    tree: &Tree,
    path: &Path,
    spec: Option<&FilesSpec>,
    diagnostics: &mut Diagnostics,
) -> Option<Files> {
    let spec = spec?;
    let path = path.key("files");
    let mut at_least_one = |at: Path, count: u64| {
        if count == 0 {
            diagnostics.out_of_range(tree, &at, "this number", 0.0, "at least 1");
        }
        count.max(1)
    };
    let buffer_lines = at_least_one(path.key("buffer_lines"), u64::from(spec.buffer_lines));
    let rotation = spec.rotation.as_ref().map(|rotation| {
        let at = path.key("rotation").key("every_lines");
        (at_least_one(at, rotation.every_lines), rotation.time.clone())
    });
    let snapshot = spec.snapshot.as_ref().map(|snapshot| {
        let at = path.key("snapshot").key("every_tasks");
        (at_least_one(at, u64::from(snapshot.every_tasks)), snapshot.time.clone())
    });
    check_law_option(tree, &path.key("write"), spec.write.as_ref(), diagnostics);
    if let Some((_, time)) = &rotation {
        check_law(tree, &path.key("rotation").key("time"), time, diagnostics);
    }
    if let Some((_, time)) = &snapshot {
        check_law(tree, &path.key("snapshot").key("time"), time, diagnostics);
    }
    let read = spec.read.as_ref();
    let of_snapshot = read.and_then(|read| read.snapshot.clone());
    check_law_option(tree, &path.key("read").key("snapshot"), of_snapshot.as_ref(), diagnostics);
    Some(Files {
        lines_per_task: spec.lines_per_task,
        buffer_lines,
        write: spec.write.clone(),
        blocking: spec.blocking,
        rotation,
        snapshot,
        read: (of_snapshot, read.map(|read| read.per_line).unwrap_or_default()),
    })
}
