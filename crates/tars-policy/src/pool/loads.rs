//! How many agents carry how much, so that the least load is known without looking at them all.

use alloc::vec::Vec;

/// A count of agents by load.
#[derive(Clone, Debug, Default)]
pub(super) struct Loads {
    /// How many agents have each load; none has more than the last of them.
    agents: Vec<u32>,
    /// No agent has less.
    least: u32,
}

impl Loads {
    /// The least load of any agent; of none, any.
    #[inline]
    pub(super) const fn least(&self) -> u32 {
        self.least
    }

    /// One more agent has this load.
    #[inline]
    pub(super) fn enter(&mut self, load: u32) {
        let place = load as usize;
        if place >= self.agents.len() {
            self.agents.resize(place + 1, 0);
        }
        self.agents[place] += 1;
        self.least = self.least.min(load);
    }

    /// One agent less has this load.
    #[inline]
    pub(super) fn leave(&mut self, load: u32) {
        self.agents[load as usize] -= 1;
        while self.agents.get(self.least as usize) == Some(&0) {
            self.least += 1;
        }
    }
}
