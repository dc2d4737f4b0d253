//! Stations that hold shards of an index: with as many servers as there are copies, or with none that count.

use super::StationState;

impl StationState {
    /// No shard is here: its servers are there, and do not count as working.
    pub(in crate::sim) fn stands_idle(&mut self, now: u64) {
        self.working.set(now, 0);
    }

    /// So many copies of a shard are here, with the servers of the station each. Who is served goes on being served.
    pub(in crate::sim) fn serves_with_copies(&mut self, now: u64, copies: u32) {
        self.up = self.servers.saturating_mul(copies);
        self.working.set(now, self.up);
    }
}
