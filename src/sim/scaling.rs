//! How autoscaled pools follow a load: when they had as many agents ready as they came to have, and how long tasks took
//! that began before that and after.

use super::world::World;
use crate::model::Model;
use crate::tally::Samples;
use tars_policy::pool::{AgentId, GroupId};

/// How a run followed its load.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScalingRun {
    /// When the last of the pools came to the most that it had ready, in nanoseconds from the step of the load; none where
    /// none grew.
    pub reached: Option<u64>,
    /// Latencies of tasks that ended well, begun between the step and then.
    pub climbing: Samples,
    /// Begun later.
    pub settled: Samples,
}

/// The account of a run.
#[derive(Debug)]
pub(super) struct Scaling {
    /// The step of the load; none where nobody asks.
    from: Option<u64>,
    /// By autoscaler, the most agents ready since the step; none before the first has become ready.
    most: Vec<Option<u32>>,
    reached: Option<u64>,
    climbing: Samples,
    settled: Samples,
}

impl Scaling {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            from: model.measure.scaling.map(tars_policy::units::Span::as_nanos),
            most: vec![None; model.autoscalers.len()],
            reached: None,
            climbing: Samples::new(),
            settled: Samples::new(),
        }
    }

    pub(super) const fn is_on(&self) -> bool {
        self.from.is_some()
    }

    /// So many agents of an autoscaler are ready, one more than before.
    fn ready(&mut self, now: u64, scaler: usize, ready: u32) {
        if self.from.is_none_or(|from| now < from) {
            return;
        }
        let most = &mut self.most[scaler];
        if ready > most.unwrap_or(ready - 1) {
            *most = Some(ready);
            self.reached = Some(now);
            // Whoever has ended by now had begun while it was still growing.
            self.climbing.merge(&self.settled);
            self.settled = Samples::new();
        }
    }

    /// A task has ended well.
    pub(super) fn ended(&mut self, begun: u64, now: u64) {
        if self.from.is_none_or(|from| begun < from) {
            return;
        }
        let climbs = self.reached.is_some_and(|reached| begun < reached);
        let samples = if climbs { &mut self.climbing } else { &mut self.settled };
        samples.record(now - begun);
    }

    pub(super) fn run(self) -> Option<ScalingRun> {
        let from = self.from?;
        Some(ScalingRun {
            reached: self.reached.map(|at| at - from),
            climbing: self.climbing,
            settled: self.settled,
        })
    }
}

impl World<'_> {
    /// An agent of a pool has become ready: one more of the autoscalers of its group.
    pub(super) fn capacity_grows(&mut self, pool: u16, agent: AgentId) {
        let ready = self.pools[usize::from(pool)].agents.group_of(agent);
        for (place, scaler) in self.plan.model.autoscalers.iter().enumerate() {
            let group = GroupId::new(u32::try_from(scaler.group).expect("few groups"));
            if scaler.pool != pool || ready != Some(group) {
                continue;
            }
            let counts = self.pools[usize::from(pool)].agents.counts(group);
            self.scaling.ready(self.now, place, counts.idle + counts.busy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(scalers: usize) -> Scaling {
        Scaling {
            from: Some(100),
            most: vec![None; scalers],
            reached: None,
            climbing: Samples::new(),
            settled: Samples::new(),
        }
    }

    #[test]
    fn the_end_is_when_the_last_pool_came_to_its_most() {
        let mut scaling = watched(2);
        scaling.ready(50, 0, 9);
        assert_eq!(scaling.reached, None, "the load had not come yet");
        scaling.ready(120, 0, 4);
        scaling.ready(150, 1, 2);
        scaling.ready(170, 0, 4);
        assert_eq!(scaling.run().unwrap().reached, Some(50), "back at four is no growth");
    }

    #[test]
    fn tasks_are_told_apart_by_when_they_began_whenever_that_is_known() {
        let mut scaling = watched(1);
        scaling.ended(90, 130);
        scaling.ended(110, 140);
        scaling.ready(150, 0, 2);
        scaling.ended(149, 159);
        scaling.ended(151, 160);
        let early = scaling.settled.len();
        scaling.ready(170, 0, 3);
        scaling.ended(171, 180);
        let run = scaling.run().unwrap();
        // One began before the load; two before 150, one before 170, one after.
        assert_eq!((early, run.climbing.len(), run.settled.len()), (1, 3, 1));
    }
}
