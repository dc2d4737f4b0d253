//! Checkpoints, steps in the place of others that fail, and steps that nobody waits for.

use super::{Layout, Nested};
use crate::experiment::path::Path;
use crate::experiment::schema::{AccessSpec, BackgroundStep, CheckpointStep, TryStep};
use crate::model::failover::Access;
use crate::model::route::Op;

impl Layout<'_> {
    pub(super) fn checkpoint(&mut self, step: &CheckpointStep, path: &Path) {
        if !self.nested.session || self.nested.branch {
            self.diagnostics.senseless(
                self.tree,
                path,
                "no session can go on from here",
                "put it into an `agent` step, outside branches, of a pool that has `recovery`",
            );
            return;
        }
        let lag = step.lag.as_ref().map(|law| self.span_law(law, &path.key("lag")));
        self.push(Op::Checkpoint(lag.unwrap_or(u16::MAX)));
    }

    /// Steps that nobody waits for end like a route.
    pub(super) fn background(&mut self, step: &BackgroundStep, path: &Path) {
        let at = self.push(Op::Launch { behind: 0 });
        let before = self.nested;
        // It cannot `go` elsewhere, and has no agent.
        self.nested = Nested { branch: true, ..Nested::default() };
        self.steps(&step.steps, &path.key("steps"));
        self.push(Op::End);
        self.nested = before;
        let behind = self.here();
        self.program.ops[at as usize] = Op::Launch { behind };
    }

    pub(super) fn attempt(&mut self, step: &TryStep, path: &Path) {
        let at = self.push(Op::Try { otherwise: 0, behind: 0 });
        let before = self.nested;
        self.nested.branch = true;
        self.steps(&step.steps, &path.key("steps"));
        self.push(Op::BranchEnd);
        self.nested = before;
        let otherwise = self.here();
        self.steps(&step.otherwise, &path.key("otherwise"));
        let behind = self.here();
        self.program.ops[at as usize] = Op::Try { otherwise, behind };
    }

    /// The failover that a call of a station is under, and what it wants there.
    pub(super) fn access(
        &mut self,
        station: u16,
        wanted: Option<AccessSpec>,
        path: &Path,
    ) -> Option<(u16, Access)> {
        let group = self.failovers.iter().position(|failover| failover.members.contains(&station));
        let wanted = wanted?;
        let Some(group) = group else {
            self.diagnostics.senseless(
                self.tree,
                &path.key("access"),
                "the station is in no failover",
                "name it under `members` of one of `policies.failovers`, or leave `access` out",
            );
            return None;
        };
        let access = match wanted {
            AccessSpec::Write => Access::Write,
            AccessSpec::Read => Access::Read,
            AccessSpec::Replica => Access::Replica,
        };
        Some((super::index(group), access))
    }
}
