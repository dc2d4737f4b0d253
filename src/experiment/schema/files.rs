//! The mirror of what a process writes to disk and reads when it starts again.

use crate::model::distribution::Law;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// What a process writes to disk: a line of the audit log for each task that ends there, snapshots of its memory. Its disk
/// does one thing after another. What is not on disk when the process dies is lost.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesSpec {
    /// Lines of the log for each task: the log level.
    #[serde(default = "one_line")]
    pub lines_per_task: u32,
    /// Lines that are held back until so many can be written at once; 1 writes each task's lines at once.
    #[serde(default = "one_line")]
    pub buffer_lines: u32,
    /// How long a write takes, however many lines. Document 003, File I/O Overhead: 10 ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Law<Span>>,
    /// Whether the process stands still while the disk works (`writeFileSync`): the ledger has it as *process pause*.
    #[serde(default)]
    pub blocking: bool,
    /// The log becomes a new file now and then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationSpec>,
    /// Memory is written now and then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotSpec>,
    /// What is read before a process that died is ready again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadSpec>,
}

/// One line.
fn one_line() -> u32 {
    1
}

/// The log becomes a new file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationSpec {
    /// After so many lines.
    pub every_lines: u64,
    /// How long that takes. Document 003, File I/O Overhead: 500 ms.
    pub time: Law<Span>,
}

/// Memory is written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSpec {
    /// After so many tasks. Document 003, File I/O Overhead: 100.
    pub every_tasks: u32,
    /// How long that takes. Document 003, File I/O Overhead: 50 ms.
    pub time: Law<Span>,
}

/// What is read at a restart, which lasts longer by it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadSpec {
    /// The last snapshot. Document 003, File I/O Overhead: 100 ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Law<Span>>,
    /// Each line on disk that is younger than the last snapshot.
    #[serde(default)]
    pub per_line: Span,
}
