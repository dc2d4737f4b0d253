//! Fewer calls at once: what alerts order of providers, and take back.

use super::super::world::World;
use super::small;

impl World<'_> {
    /// Providers serve half as many calls at once as they do now; those that are under way go on.
    pub(in crate::sim) fn halve_concurrency(&mut self) {
        for (state, station) in self.stations.iter_mut().zip(&self.plan.model.stations) {
            if !station.offers.is_empty() {
                state.up = (state.up.min(state.busy.value()) / 2).max(1);
            }
        }
    }

    /// Providers serve as many calls at once as ever.
    pub(in crate::sim) fn restore_concurrency(&mut self) {
        for index in 0..self.stations.len() {
            if !self.plan.model.stations[index].offers.is_empty() {
                self.stations[index].up = self.stations[index].servers;
                self.serve_line(small(index));
            }
        }
    }
}
