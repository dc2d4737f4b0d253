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
        self.program.regionals[place] = regions;
        self.land(&overs);
    }
}
