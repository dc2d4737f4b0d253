//! Spreads: which of several ways a strand takes.

use super::strand::uses;
use super::world::{World, whole};
use crate::model::route::{Place, SpreadRule};
use tars_policy::balance::Candidate;

impl World<'_> {
    /// The strand goes one of `count` ways; false where it has to wait, or is over.
    pub(super) fn spread(&mut self, id: u32, first: u32, count: u32, by: SpreadRule) -> bool {
        let mut far = 0;
        let way = match by {
            SpreadRule::Turn(turn) => {
                let turn = &mut self.turns[turn as usize];
                let way = *turn;
                *turn = (way + 1) % count;
                way
            }
            SpreadRule::Chance => {
                whole(self.strands.get(id).draw(uses::CHOOSE) * f64::from(count)).min(count - 1)
            }
            SpreadRule::Balance(place) => self.balanced_way(id, place),
            SpreadRule::Region(place) => {
                let Some((way, round_trip)) = self.regional_way(id, place) else { return false };
                far = round_trip;
                way
            }
        };
        let start = self.plan.model.program.ways[(first + way) as usize].1;
        let strand = self.strands.get_mut(id);
        let step = std::mem::replace(&mut strand.pc, start) - 1;
        if matches!(by, SpreadRule::Region(_)) {
            self.session_arrives(id, step, start);
        }
        !self.travel(id, far)
    }

    /// The way that a balance policy chooses; there is always room for one more.
    fn balanced_way(&mut self, id: u32, place: u16) -> u32 {
        let balanced = &self.plan.model.program.balances[place as usize];
        let candidates: Vec<Candidate> = (0..)
            .zip(&balanced.ways)
            .map(|(way, (place, weight))| Candidate {
                weight: *weight,
                ..Candidate::new(way, self.load_of(*place), u32::MAX)
            })
            .collect();
        let strand = self.strands.get(id);
        let (key, draw) = (self.user_key(id), strand.draw(uses::BALANCE));
        let way = self.balances[place as usize].pick(&candidates, key, draw);
        // Weights of nothing alone leave nobody to pick.
        u32::try_from(way.unwrap_or(0)).expect("few ways")
    }

    /// How many calls or tasks are at a place.
    fn load_of(&self, place: Place) -> u32 {
        match place {
            Place::Station(station) => self.stations[station as usize].number.value(),
            Place::Pool(pool) => self.pools[pool as usize].number.value(),
        }
    }
}
