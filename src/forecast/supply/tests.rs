use super::super::schema::{LoadMetric, RuleSpec, SetSpec};
use super::*;

/// A platform whose every resource has to hold a stated amount an agent, with a slack of a fortieth.
struct Exact(Vec<f64>);

impl Platform for Exact {
    fn run(&self, setups: &[Setup]) -> Result<Vec<Seen>, String> {
        let seen = |setup: &Setup| {
            // What a minute forgives an hour does not.
            let least = match setup.length {
                Length::Window => 0.975,
                Length::Hour => 1.05,
            };
            let full =
                self.0.iter().zip(&setup.units).any(|(load, units)| *units < least * load * setup.agents);
            let verdict = if full { Verdict::Misses } else { Verdict::Meets };
            let loads = self.0.iter().zip(&setup.units);
            Seen {
                verdict,
                missed: Vec::new(),
                goodput_per_s: 0.0,
                latency_p99_s: 0.0,
                turns: 1,
                replications: setup.replications,
                loads: loads.map(|(load, units)| (load * setup.agents).min(*units)).collect(),
                flows: vec![Some(setup.agents)],
            }
        };
        Ok(setups.iter().map(seen).collect())
    }
}

fn spec() -> SimulationSpec {
    SimulationSpec {
        experiment: String::new(),
        population: Vec::new(),
        months: Vec::new(),
        window: "1s".parse().unwrap(),
        warmup: "1s".parse().unwrap(),
        replications: 5,
        replications_of_others: 2,
        step_share: 0.05,
    }
}

fn resource(per_agent: f64) -> ResourceSpec {
    let set = SetSpec { pointer: "/x".to_owned(), per_unit: 1.0, whole: true };
    let load = LoadMetric { metric: "m".to_owned(), share: false, factor: 1.0 };
    ResourceSpec {
        title: "x".to_owned(),
        unit: "x".to_owned(),
        rule: RuleSpec { per_agent, minimum: 0.0, step: Some(1.0) },
        published: Vec::new(),
        simulated: Some(SimulatedSpec::Size { sets: vec![set], load }),
        limits: Vec::new(),
        lead_time_days: 0,
        order: String::new(),
        usd_per_unit_month: 0.0,
    }
}

fn both(resources: &[ResourceSpec]) -> Vec<Sized<'_>> {
    resources.iter().map(|spec| Sized { name: "x", spec, per_unit: 1.0, step: 1.0 }).collect()
}

#[test]
fn the_pilot_finds_what_an_agent_uses_even_where_the_rule_is_far_too_small() {
    let resources = [resource(0.0001), resource(1.0)];
    let usage = pilot(&Exact(vec![0.5, 0.01]), &both(&resources), 1_000.0, 1).unwrap();
    assert_eq!(usage.loads, [0.5, 0.01]);
    assert_eq!(usage.flows, [Some(1.0)]);
}

#[test]
fn the_smallest_size_meets_and_the_next_smaller_misses() {
    let resources = [resource(0.5), resource(0.01)];
    let (sized, exact) = (both(&resources), Exact(vec![0.5, 0.01]));
    let usage = Usage { loads: vec![0.5, 0.01], flows: Vec::new() };
    let plans = search(&exact, &sized, &usage, &[1_000.0, 90.0], &spec()).unwrap();
    assert_eq!(plans[0].units, [500.0, 10.0]);
    for plan in &plans {
        assert_eq!(plan.seen.verdict, Verdict::Meets);
        for (of, smaller) in plan.smaller.iter().enumerate() {
            match smaller {
                Some(smaller) => assert_eq!(smaller.verdict, Verdict::Misses),
                None => assert_eq!(plan.units[of].to_bits(), 1.0_f64.to_bits()),
            }
        }
    }
}

#[test]
fn a_formula_that_is_wrong_is_put_right_by_the_simulation() {
    let resources = [resource(0.5)];
    let sized = both(&resources);
    for wrong in [0.4, 0.6] {
        let usage = Usage { loads: vec![wrong], flows: Vec::new() };
        let plan = search(&Exact(vec![0.5]), &sized, &usage, &[1_000.0], &spec()).unwrap().remove(0);
        assert_eq!(plan.seen.verdict, Verdict::Meets);
        assert!((487.5..540.0).contains(&plan.units[0]), "{}", plan.units[0]);
        assert_eq!(plan.smaller[0].as_ref().map(|smaller| smaller.verdict), Some(Verdict::Misses));
    }
}

#[test]
fn sizes_that_do_not_hold_for_an_hour_grow_until_they_do() {
    let resources = [resource(0.5)];
    let (sized, exact) = (both(&resources), Exact(vec![0.5]));
    let usage = Usage { loads: vec![0.5], flows: Vec::new() };
    let mut plans = search(&exact, &sized, &usage, &[1_000.0], &spec()).unwrap();
    assert!(plans[0].hour.is_none());
    let before = plans[0].units[0];
    hold_an_hour(&exact, &sized, &mut plans.iter_mut().collect::<Vec<_>>(), &spec()).unwrap();
    let plan = &plans[0];
    assert_eq!(plan.hour.as_ref().map(|hour| hour.verdict), Some(Verdict::Meets));
    assert!(plan.units[0] >= 525.0 && before < 525.0, "{before} and {}", plan.units[0]);
    let smaller = plan.smaller[0].as_ref().unwrap();
    assert_eq!((smaller.units.to_bits(), smaller.verdict), (before.to_bits(), Verdict::Misses));
}

#[test]
fn a_limit_carries_what_meets_the_objective() {
    let resources = [resource(0.5), resource(0.01)];
    let usage = Usage { loads: vec![0.5, 0.01], flows: Vec::new() };
    let bounds = [Bound { of: 0, units: 500.0 }, Bound { of: 1, units: 1_000.0 }];
    let found =
        carried(&Exact(vec![0.5, 0.01]), &both(&resources), &usage, &bounds, 2_000.0, &spec()).unwrap();
    let first = found[0].unwrap();
    assert_eq!((first.by_formula, first.met, first.missed), (1_000.0, Some(1_020.0), Some(1_040.0)));
    assert_eq!(found[1], None, "it is beyond what is asked for");
}

#[test]
fn doubling_a_limit_doubles_what_it_carries() {
    let resources = [resource(0.5)];
    let usage = Usage { loads: vec![0.5], flows: Vec::new() };
    let met = |units| {
        let bound = [Bound { of: 0, units }];
        let found = carried(&Exact(vec![0.5]), &both(&resources), &usage, &bound, 1e6, &spec());
        found.unwrap()[0].unwrap().met.unwrap()
    };
    assert!((met(1_000.0) / met(500.0) - 2.0).abs() < 1e-9);
}
