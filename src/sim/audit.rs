//! What must hold in every run, release builds included: nothing is lost, and Little's law closes exactly.

use super::agents::PoolState;
use super::run::{PoolRun, StationRun};
use super::stations::StationState;
use super::strand::{NOBODY, NONE, Phase};
use super::world::World;

impl World<'_> {
    /// Checks the books of the run.
    ///
    /// # Panics
    /// If a task is lost or counted twice, if a station or pool has served more than came, or if the integral of the
    /// number present is not the sum of the times spent there.
    pub(super) fn audit(&self) {
        let now = self.now;
        let mut station_ages = vec![0_u128; self.stations.len()];
        let mut station_present = vec![0_u64; self.stations.len()];
        let mut pool_ages = vec![0_u128; self.pools.len()];
        let mut pool_present = vec![0_u64; self.pools.len()];
        let mut tasks = 0_u64;
        let mut node_present = 0_u64;
        for (_, strand) in self.strands.iter() {
            if strand.parent == NOBODY && !strand.orphan {
                tasks += 1;
            }
            let at_station = match strand.phase {
                Phase::InLine
                | Phase::LimitLine
                | Phase::SetUp
                | Phase::InService
                | Phase::Sharing
                | Phase::Interrupted => true,
                Phase::Ready
                | Phase::Delay
                | Phase::Looking
                | Phase::Refused
                | Phase::SocketLine
                | Phase::Handshake
                | Phase::Backoff
                | Phase::PoolQueue
                | Phase::Joining
                | Phase::Together
                | Phase::ClientBackoff
                | Phase::WorkerBackoff
                | Phase::Scheduled
                | Phase::Returning
                | Phase::Undetected
                | Phase::AttemptLost
                | Phase::TaskLost => false,
            };
            node_present += u64::from(strand.node != NONE && strand.agent.is_some());
            if at_station {
                station_ages[strand.station as usize] += u128::from(now - strand.joined);
                station_present[strand.station as usize] += 1;
            }
            if strand.agent.is_some() || strand.phase == Phase::PoolQueue {
                pool_ages[strand.pool as usize] += u128::from(now - strand.entered);
                pool_present[strand.pool as usize] += 1;
            }
        }
        self.probe.audit(tasks);
        self.audit_shared();
        self.audit_impact();
        self.audit_sessions();
        self.audit_failovers();
        self.audit_indexes();
        self.audit_background();
        for (index, station) in self.stations.iter().enumerate() {
            let name = &self.plan.model.stations[index].name;
            assert_eq!(
                station.arrived,
                station.left + station_present[index],
                "calls at {name} are all accounted for"
            );
            assert_eq!(
                station.number.area(now),
                station.sojourn + station_ages[index],
                "Little's law closes at {name}"
            );
        }
        self.sockets.audit();
        let on_nodes: u64 = self.nodes.iter().map(|node| u64::from(node.tasks.value())).sum();
        assert_eq!(on_nodes, node_present, "tasks on nodes are all accounted for");
        for (index, pool) in self.pools.iter().enumerate() {
            let name = &self.plan.model.pools[index].name;
            assert_eq!(
                pool.arrived,
                pool.left + pool_present[index],
                "tasks in {name} are all accounted for"
            );
            assert_eq!(
                pool.number.area(now),
                pool.sojourn + pool_ages[index],
                "Little's law closes in {name}"
            );
        }
    }
}

impl StationState {
    pub(super) fn into_run(self) -> StationRun {
        StationRun {
            arrived_ever: self.arrived,
            calls: self.calls,
            served: self.served,
            refused: self.refused,
            limited: self.limited,
            wait: self.wait,
            number_area: self.number.window(),
            busy_area: self.busy.window(),
            working_area: self.working.window(),
            number_max: self.number.highest(),
            started_ever: self.started,
            beyond_ever: self.beyond,
            handshakes: 0,
        }
    }
}

impl PoolState {
    pub(super) fn into_run(self) -> PoolRun {
        PoolRun {
            arrived_ever: self.arrived,
            refused: self.refused,
            wait: self.wait,
            number_area: self.number.window(),
            queue_area: self.queued.window(),
            agent_area: self.alive.window(),
            claimed_area: self.claimed.window(),
            queue_max: self.queued.highest(),
            number_max: self.number.highest(),
            spawned_ever: self.spawned,
            retired_ever: self.retired,
        }
    }
}
