//! Sizes that meet the objective, and the next smaller ones that do not.

use super::super::platform::{Length, Platform, Seen, Setup, Verdict};
use super::super::schema::SimulationSpec;
use super::{Plan, ROUNDS_MAX, Sized, Smaller, Usage, by_formula};

/// A whole hour is one long run: an hour of it holds more turns than all replications of a window, and a mean over it no
/// chance that would matter.
const REPLICATIONS_OF_HOURS: u32 = 1;
/// A resource that is in use to this share may be what the objective is missed for.
const FULL_SHARE: f64 = 0.93;

/// The smallest sizes that meet the objective, for each number of agents.
///
/// # Errors
/// Where the experiment cannot be run.
pub fn search(
    platform: &dyn Platform,
    sized: &[Sized<'_>],
    usage: &Usage,
    agents: &[f64],
    spec: &SimulationSpec,
) -> Result<Vec<Plan>, String> {
    let starts: Vec<Vec<f64>> = agents.iter().map(|agents| by_formula(sized, usage, *agents)).collect();
    let mut plans = meet(platform, sized, agents, starts, (spec, Length::Window))?;
    shrink(platform, sized, &mut plans, spec)?;
    Ok(plans)
}

/// Grows what is full until the objective is met, or the rounds are over.
fn meet(
    platform: &dyn Platform,
    sized: &[Sized<'_>],
    agents: &[f64],
    mut units: Vec<Vec<f64>>,
    (spec, length): (&SimulationSpec, Length),
) -> Result<Vec<Plan>, String> {
    let replications = match length {
        Length::Window => spec.replications,
        Length::Hour => REPLICATIONS_OF_HOURS,
    };
    let mut found: Vec<Option<Seen>> = vec![None; agents.len()];
    for _ in 0..ROUNDS_MAX {
        let open: Vec<usize> = (0..agents.len())
            .filter(|place| found[*place].as_ref().is_none_or(|seen| seen.verdict != Verdict::Meets))
            .collect();
        if open.is_empty() {
            break;
        }
        for place in &open {
            if let Some(seen) = &found[*place] {
                grow(sized, &mut units[*place], seen, spec.step_share);
            }
        }
        let setups: Vec<Setup> = open
            .iter()
            .map(|place| {
                let (agents, units) = (agents[*place], units[*place].clone());
                Setup { agents, units, replications, length }
            })
            .collect();
        for (place, seen) in open.into_iter().zip(platform.run(&setups)?) {
            found[place] = Some(seen);
        }
    }
    let plans = agents.iter().zip(units).zip(found).map(|((agents, units), seen)| {
        let seen = seen.ok_or("nothing was simulated")?;
        let smaller = vec![None; sized.len()];
        Ok(Plan { agents: *agents, units, seen, hour: None, smaller })
    });
    plans.collect()
}

/// Makes everything larger that is nearly full; if nothing is, what is fullest.
fn grow(sized: &[Sized<'_>], units: &mut [f64], seen: &Seen, share: f64) {
    let fullness = |place: usize, units: &[f64]| seen.loads[place] / (units[place] * sized[place].per_unit);
    let fullest = (0..sized.len())
        .max_by(|one, other| fullness(*one, units).total_cmp(&fullness(*other, units)))
        .unwrap_or(0);
    let full: Vec<usize> =
        (0..sized.len()).filter(|place| *place == fullest || fullness(*place, units) >= FULL_SHARE).collect();
    for place in full {
        units[place] = sized[place].larger(units[place], share);
    }
}

/// Tries the next smaller size of each resource by itself, and takes it where the objective is still met.
fn shrink(
    platform: &dyn Platform,
    sized: &[Sized<'_>],
    plans: &mut [Plan],
    spec: &SimulationSpec,
) -> Result<(), String> {
    let pairs = |plans: &[Plan]| -> Vec<(usize, usize)> {
        (0..plans.len()).flat_map(|plan| (0..sized.len()).map(move |of| (plan, of))).collect()
    };
    let mut open = pairs(plans);
    let mut moved = vec![false; plans.len()];
    let joint: Vec<Vec<f64>> = plans.iter().map(|plan| plan.units.clone()).collect();
    for _ in 0..ROUNDS_MAX {
        let trials: Vec<(usize, usize, f64)> = open
            .iter()
            .filter_map(|(plan, of)| {
                Some((*plan, *of, sized[*of].smaller(plans[*plan].units[*of], spec.step_share)?))
            })
            .collect();
        if trials.is_empty() {
            break;
        }
        open.clear();
        let setups: Vec<Setup> = trials
            .iter()
            .map(|(plan, of, smaller)| {
                let mut units = joint[*plan].clone();
                units[*of] = *smaller;
                let replications = spec.replications_of_others;
                Setup { agents: plans[*plan].agents, units, replications, length: Length::Window }
            })
            .collect();
        for ((plan, of, smaller), seen) in trials.into_iter().zip(decided(platform, &setups, spec)?) {
            if seen.verdict == Verdict::Meets {
                plans[plan].units[of] = smaller;
                plans[plan].smaller[of] = None;
                moved[plan] = true;
                open.push((plan, of));
            } else {
                let (verdict, missed, replications) = (seen.verdict, seen.missed, seen.replications);
                plans[plan].smaller[of] = Some(Smaller { units: smaller, verdict, missed, replications });
            }
        }
    }
    confirm(platform, sized, plans, &moved, spec)
}

/// Runs the plans that have changed at all their sizes together.
fn confirm(
    platform: &dyn Platform,
    sized: &[Sized<'_>],
    plans: &mut [Plan],
    moved: &[bool],
    spec: &SimulationSpec,
) -> Result<(), String> {
    let places: Vec<usize> = (0..plans.len()).filter(|place| moved[*place]).collect();
    let agents: Vec<f64> = places.iter().map(|place| plans[*place].agents).collect();
    let units: Vec<Vec<f64>> = places.iter().map(|place| plans[*place].units.clone()).collect();
    let met = meet(platform, sized, &agents, units, (spec, Length::Window))?;
    for (place, plan) in places.into_iter().zip(met) {
        let own = &mut plans[place];
        grown(own, plan.units, "together with the other sizes");
        own.seen = plan.seen;
    }
    Ok(())
}

/// Puts larger sizes in place of those that have just missed, together with the others.
fn grown(plan: &mut Plan, units: Vec<f64>, why: &str) {
    for (of, larger) in units.iter().enumerate() {
        if *larger > plan.units[of] {
            let (verdict, replications) = (Verdict::Misses, plan.seen.replications);
            let smaller =
                Smaller { units: plan.units[of], verdict, missed: vec![why.to_owned()], replications };
            plan.smaller[of] = Some(smaller);
        }
    }
    plan.units = units;
}

/// Runs plans for a whole busy hour each, and makes larger what does not meet the objective that long.
///
/// # Errors
/// Where the experiment cannot be run.
pub fn hold_an_hour(
    platform: &dyn Platform,
    sized: &[Sized<'_>],
    plans: &mut [&mut Plan],
    spec: &SimulationSpec,
) -> Result<(), String> {
    let agents: Vec<f64> = plans.iter().map(|plan| plan.agents).collect();
    let units: Vec<Vec<f64>> = plans.iter().map(|plan| plan.units.clone()).collect();
    let held = meet(platform, sized, &agents, units, (spec, Length::Hour))?;
    for (own, plan) in plans.iter_mut().zip(held) {
        if own.units != plan.units {
            let units = vec![plan.units.clone()];
            let again = meet(platform, sized, &[plan.agents], units, (spec, Length::Window))?;
            own.seen = again.into_iter().next().ok_or("nothing was simulated")?.seen;
            grown(own, plan.units, "over a whole hour");
        }
        own.hour = Some(plan.seen);
    }
    Ok(())
}

/// Runs setups, and those that do not decide again with all replications.
pub(super) fn decided(
    platform: &dyn Platform,
    setups: &[Setup],
    spec: &SimulationSpec,
) -> Result<Vec<Seen>, String> {
    let mut seen = platform.run(setups)?;
    let unsure: Vec<usize> = (0..seen.len())
        .filter(|place| {
            seen[*place].verdict == Verdict::Unsure && setups[*place].replications < spec.replications
        })
        .collect();
    let again: Vec<Setup> = unsure
        .iter()
        .map(|place| Setup { replications: spec.replications, ..setups[*place].clone() })
        .collect();
    if !again.is_empty() {
        for (place, found) in unsure.into_iter().zip(platform.run(&again)?) {
            seen[place] = found;
        }
    }
    Ok(seen)
}
