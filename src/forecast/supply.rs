//! Which sizes carry a number of agents: found by formula, held against the simulation of the busy hour.
//!
//! A pilot run with room to spare shows how much of each resource an agent keeps in use. Sizes start at that times the
//! agents, rounded up; a run at all sizes has to meet the objective, and a run with one of them at its next smaller size
//! has to miss it. Where it does not, the smaller one is taken and the next smaller tried.

mod search;

pub use search::{hold_an_hour, search};

use super::platform::{Length, Platform, Seen, Setup, Verdict};
use super::schema::{ForecastFile, ResourceSpec, SimulatedSpec, SimulationSpec};
use search::decided;
use serde::{Deserialize, Serialize};

/// Rounds after which sizes stay as they are.
const ROUNDS_MAX: usize = 6;
/// Room of what is not looked at, as a multiple of what is in use.
const AMPLE: f64 = 1.5;

/// A resource whose size the simulation finds.
#[derive(Clone, Debug)]
pub struct Sized<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the file says of it.
    pub spec: &'a ResourceSpec,
    /// What a unit is in the experiment's measure.
    pub per_unit: f64,
    /// Units come in multiples of this.
    pub step: f64,
}

/// The resources that have a size in the simulation, in the order of the file.
pub fn sized(file: &ForecastFile) -> Vec<Sized<'_>> {
    let size = |spec: &ResourceSpec| match &spec.simulated {
        Some(SimulatedSpec::Size { sets, .. }) => sets.first().map(|set| set.per_unit),
        Some(SimulatedSpec::Flow { .. }) | None => None,
    };
    let resources = file.resources.iter();
    resources
        .filter_map(|(name, spec)| {
            Some(Sized { name, spec, per_unit: size(spec)?, step: spec.rule.step.unwrap_or(1.0) })
        })
        .collect()
}

impl Sized<'_> {
    /// The fewest units that hold an amount in the experiment's measure.
    fn units(&self, amount: f64) -> f64 {
        (libm::ceil(amount / self.per_unit / self.step - 1e-9) * self.step).max(self.step)
    }

    /// How far it is to the next size.
    fn stride(&self, units: f64, share: f64) -> f64 {
        (libm::round(units * share / self.step) * self.step).max(self.step)
    }

    /// The next smaller size, if there is one.
    pub fn smaller(&self, units: f64, share: f64) -> Option<f64> {
        Some(units - self.stride(units, share)).filter(|units| *units >= self.step * 0.999)
    }

    fn larger(&self, units: f64, share: f64) -> f64 {
        units + self.stride(units, share)
    }
}

/// What each agent keeps in use of every sized resource, in the experiment's measures, and the flows of an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// Of the sized resources.
    pub loads: Vec<f64>,
    /// Of the flows, where they were seen.
    pub flows: Vec<Option<f64>>,
}

/// Sizes for some agents, and what the simulation says of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The agents.
    pub agents: f64,
    /// The units of each sized resource.
    pub units: Vec<f64>,
    /// What a run at all these sizes showed.
    pub seen: Seen,
    /// What they showed over a whole busy hour, where that was asked for.
    pub hour: Option<Seen>,
    /// For each resource its next smaller size, if there is one, and what a run with it alone showed.
    pub smaller: Vec<Option<Smaller>>,
}

/// A next smaller size and what it led to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smaller {
    /// The units.
    pub units: f64,
    /// Whether the objective is met.
    pub verdict: Verdict,
    /// What is missed, in words.
    pub missed: Vec<String>,
    /// How many replications that rests on.
    pub replications: u32,
}

/// Looks how much an agent keeps in use, where nothing holds it up.
///
/// # Errors
/// Where the experiment cannot be run.
pub fn pilot(
    platform: &dyn Platform,
    sized: &[Sized<'_>],
    agents: f64,
    replications: u32,
) -> Result<Usage, String> {
    let mut units: Vec<f64> =
        sized.iter().map(|of| of.units(4.0 * agents * of.spec.rule.per_agent * of.per_unit)).collect();
    for _ in 0..ROUNDS_MAX {
        let setup = Setup { agents, units: units.clone(), replications, length: Length::Window };
        let seen = platform.run(&[setup])?.into_iter().next().ok_or("nothing was simulated")?;
        let mut held_up = false;
        for ((of, units), load) in sized.iter().zip(&mut units).zip(&seen.loads) {
            if load * 2.0 > *units * of.per_unit {
                (*units, held_up) = (of.units(*units * of.per_unit * 4.0), true);
            }
        }
        if !held_up {
            return Ok(Usage {
                loads: seen.loads.iter().map(|load| load / agents).collect(),
                flows: seen.flows.iter().map(|flow| flow.map(|flow| flow / agents)).collect(),
            });
        }
    }
    Err("no size of some resource is so large that agents do not wait for it: is its pointer the right one?"
        .to_owned())
}

/// The units that formula gives for some agents.
pub fn by_formula(sized: &[Sized<'_>], usage: &Usage, agents: f64) -> Vec<f64> {
    sized.iter().zip(&usage.loads).map(|(of, load)| of.units(load * agents)).collect()
}

/// Room to spare for some agents.
fn ample(sized: &[Sized<'_>], usage: &Usage, agents: f64) -> Vec<f64> {
    let units =
        |(of, load): (&Sized<'_>, &f64)| of.units(AMPLE * load * agents + 3.0 * libm::sqrt(load * agents));
    sized.iter().zip(&usage.loads).map(units).collect()
}

/// Numbers of agents around what formula says a limit carries, as shares of it.
const RUNGS: [f64; 15] =
    [0.85, 0.88, 0.91, 0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06, 1.08, 1.1, 1.13, 1.16, 1.2];

/// How many agents a limit carries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    /// By what an agent keeps in use.
    pub by_formula: f64,
    /// The most that met the objective in the simulation; nothing where even the fewest tried missed it.
    pub met: Option<f64>,
    /// The fewest that missed it; nothing where even the most tried met it.
    pub missed: Option<f64>,
}

/// A limit: the place of its resource among the sized, and its units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Which resource.
    pub of: usize,
    /// How much of it there is.
    pub units: f64,
}

/// How many agents each limit carries, everything else having room to spare; nothing for a limit that formula puts
/// beyond `agents_max`.
///
/// # Errors
/// Where the experiment cannot be run.
pub fn carried(
    platform: &dyn Platform,
    sized: &[Sized<'_>],
    usage: &Usage,
    bounds: &[Bound],
    agents_max: f64,
    spec: &SimulationSpec,
) -> Result<Vec<Option<Carried>>, String> {
    let formula: Vec<f64> = bounds
        .iter()
        .map(|bound| bound.units * sized[bound.of].per_unit / usage.loads[bound.of].max(f64::MIN_POSITIVE))
        .collect();
    let at = |bound: usize, rung: usize| libm::round(formula[bound] * RUNGS[rung]).max(1.0);
    // Rungs below `low` are known to meet, those from `high` on to miss.
    let mut open: Vec<(usize, usize, usize)> =
        (0..bounds.len()).filter(|of| formula[*of] <= agents_max).map(|of| (of, 0, RUNGS.len())).collect();
    while open.iter().any(|(_, low, high)| low < high) {
        let active: Vec<usize> = (0..open.len()).filter(|place| open[*place].1 < open[*place].2).collect();
        let setups: Vec<Setup> = active
            .iter()
            .map(|place| {
                let (of, low, high) = open[*place];
                let agents = at(of, usize::midpoint(low, high));
                let mut units = ample(sized, usage, agents);
                units[bounds[of].of] = bounds[of].units;
                let replications = spec.replications_of_others;
                Setup { agents, units, replications, length: Length::Window }
            })
            .collect();
        for (place, seen) in active.into_iter().zip(decided(platform, &setups, spec)?) {
            let (_, low, high) = &mut open[place];
            let middle = usize::midpoint(*low, *high);
            if seen.verdict == Verdict::Meets { *low = middle + 1 } else { *high = middle }
        }
    }
    let mut carried = vec![None; bounds.len()];
    for (of, low, _) in open {
        carried[of] = Some(Carried {
            by_formula: formula[of],
            met: low.checked_sub(1).map(|rung| at(of, rung)),
            missed: (low < RUNGS.len()).then(|| at(of, low)),
        });
    }
    Ok(carried)
}

#[cfg(test)]
mod tests;
