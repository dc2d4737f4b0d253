//! Steps by region.

use super::{Layout, index};
use crate::experiment::path::Path;
use crate::experiment::schema::Step;
use crate::model::route::{Op, SpreadRule};
use indexmap::IndexMap;

impl Layout<'_> {
    pub(super) fn region(&mut self, ways: &IndexMap<String, Vec<Step>>, path: &Path) {
        let known: Vec<String> = self.parts.regions.iter().map(|region| region.name.clone()).collect();
        if ways.is_empty() {
            self.diagnostics.senseless(
                self.tree,
                path,
                "no region is named",
                "expected the steps of at least one",
            );
            return;
        }
        let (first, count) = self.add_ways(ways.len());
        let by = SpreadRule::Region(index(self.program.regionals.len()));
        // Its place is kept: steps may hold another step by region.
        let place = self.program.regionals.len();
        self.program.regionals.push(Vec::new());
        self.push(Op::Spread { first, count, by });
        let (mut overs, mut regions) = (Vec::new(), Vec::new());
        for (way, (name, steps)) in ways.iter().enumerate() {
            let at = path.key(name);
            regions.extend(self.named(&at, "region under `system.regions`", name, &known));
            self.set_way(first, way, 0.0);
            self.steps(steps, &at);
            overs.push(self.push(Op::Jump(0)));
        }
        self.check_alike(first, &overs, path);
        self.program.regionals[place] = regions;
        self.land(&overs);
    }

    /// A session that outlives its region goes on at the same place of another way: the ways must have the same places.
    fn check_alike(&mut self, first: u32, overs: &[u32], path: &Path) {
        let way = |place: usize| {
            let start = self.program.ways[first as usize + place].1 as usize;
            &self.program.ops[start..overs[place] as usize]
        };
        let outlives = |op: &Op| {
            let Op::Resume(pool) = op else { return false };
            let pool = &self.parts.pools[usize::from(*pool)];
            pool.recovery.as_ref().is_some_and(|recovery| recovery.elsewhere.is_some())
        };
        let alike = |place: usize| {
            let (one, other) = (way(0), way(place));
            let same = |(a, b): (&Op, &Op)| std::mem::discriminant(a) == std::mem::discriminant(b);
            one.len() == other.len() && one.iter().zip(other).all(same)
        };
        let any = (0..overs.len()).any(|place| way(place).iter().any(outlives));
        if any && !(0..overs.len()).all(alike) {
            let message = "a session may go on in another region, and the steps there are of another kind";
            let hint = "give all regions the same steps, at stations and pools of their own";
            self.diagnostics.senseless(self.tree, path, message, hint);
        }
    }
}
