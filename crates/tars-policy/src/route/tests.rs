use super::*;
use crate::units::{Span, Time};
use proptest::prelude::*;

#[track_caller]
fn picks(spec: &RouteSpec, ask: &Ask<'_>, model: &str) {
    let route = spec.build().unwrap();
    assert_eq!(route.name(route.pick(ask)), model, "{ask:?}");
}

fn ask(complexity: f64, role: Option<&str>, draw: f64) -> Ask<'_> {
    Ask { complexity, role, priority: None, draw }
}

#[test]
fn an_emergency_goes_to_opus_and_the_critical_and_complex_to_sonnet() {
    let spec = RouteSpec::published_000_tier_4_roles();
    for (complexity, role, priority, model) in [
        (0.1, None, Priority::Normal, "haiku"),
        (0.699_99, Some("research"), Priority::High, "haiku"),
        (0.7, None, Priority::Low, "sonnet"),
        (0.1, None, Priority::Critical, "sonnet"),
        (0.1, Some("complex"), Priority::Normal, "sonnet"),
        (0.1, Some("emergency"), Priority::Low, "opus"),
        (0.9, Some("emergency"), Priority::Critical, "opus"),
        (f64::NAN, None, Priority::Normal, "haiku"),
    ] {
        picks(&spec, &Ask { priority: Some(priority), ..ask(complexity, role, 0.0) }, model);
    }
    picks(&spec, &ask(0.1, None, 0.0), "haiku");
}

#[test]
fn a_rule_holds_only_if_all_of_it_does_and_the_rest_goes_by_another_route() {
    let rule = RouteRule {
        priorities: vec![Priority::High, Priority::Critical],
        roles: vec!["writing".to_string()],
        complexity_from: Some(0.2),
        complexity_below: Some(0.6),
        ..RouteRule::to("opus")
    };
    let spec = RouteSpec::Rules { rules: vec![rule], otherwise: Box::new(RouteSpec::published_000()) };
    let asking =
        |complexity, role, priority| Ask { priority: Some(priority), ..ask(complexity, Some(role), 0.0) };
    picks(&spec, &asking(0.2, "writing", Priority::High), "opus");
    picks(&spec, &asking(0.199, "writing", Priority::High), "haiku");
    picks(&spec, &asking(0.6, "writing", Priority::Critical), "sonnet");
    picks(&spec, &asking(0.4, "writing", Priority::Normal), "sonnet");
    picks(&spec, &asking(0.2, "research", Priority::High), "haiku");
}

#[test]
fn impossible_rules_are_named() {
    let of = |change: fn(&mut RouteRule)| {
        let mut rule = RouteRule::to("opus");
        change(&mut rule);
        let otherwise = Box::new(RouteSpec::published_000());
        RouteSpec::Rules { rules: vec![rule], otherwise }.validate().unwrap_err().field
    };
    assert_eq!(of(|rule| rule.model.clear()), "rules.rules.0.model");
    assert_eq!(of(|rule| rule.complexity_from = Some(f64::NAN)), "rules.rules.0.complexity_from");
    assert_eq!(
        of(|rule| (rule.complexity_from, rule.complexity_below) = (Some(0.5), Some(0.5))),
        "rules.rules.0.complexity_below"
    );
    let otherwise = Box::new(RouteSpec::Fixed { model: String::new() });
    let nameless = RouteSpec::Rules { rules: vec![], otherwise };
    assert_eq!(nameless.validate().unwrap_err().field, "rules.otherwise.fixed.model");
}

#[test]
fn a_task_at_a_threshold_goes_to_the_larger_model() {
    let spec = RouteSpec::published_000();
    for (complexity, model) in [
        (-1.0, "haiku"),
        (0.299_99, "haiku"),
        (0.3, "sonnet"),
        (0.699_99, "sonnet"),
        (0.7, "opus"),
        (f64::NAN, "opus"),
    ] {
        picks(&spec, &ask(complexity, None, 0.0), model);
    }
}

#[test]
fn an_unknown_role_goes_to_the_default() {
    let (_, spec) = RouteSpec::examples().into_iter().find(|(name, _)| *name == "roles").unwrap();
    picks(&spec, &ask(0.9, Some("engineering"), 0.0), "sonnet");
    picks(&spec, &ask(0.9, Some("gardening"), 0.0), "haiku");
    picks(&spec, &ask(0.9, None, 0.0), "haiku");
}

#[test]
fn a_mix_gives_each_model_its_share() {
    let route = RouteSpec::published_000_tier_4().build().unwrap();
    let mut counts = [0_u32; 3];
    for n in 0..10_000 {
        counts[route.pick(&ask(0.0, None, (f64::from(n) + 0.5) / 10_000.0))] += 1;
    }
    assert_eq!(counts, [8_500, 1_000, 500]);
}

#[test]
fn impossible_routes_are_named() {
    let step = |below, model: &str| ComplexityStep { below, model: model.to_string() };
    let complexity =
        |steps, otherwise: &str| RouteSpec::Complexity { steps, otherwise: otherwise.to_string() };
    for (spec, field) in [
        (RouteSpec::Fixed { model: String::new() }, "fixed.model"),
        (complexity(vec![step(0.5, "a"), step(0.5, "b")], "c"), "complexity.steps.1.below"),
        (complexity(vec![step(f64::NAN, "a")], "c"), "complexity.steps.0.below"),
        (complexity(vec![step(0.5, "a")], ""), "complexity.otherwise"),
        (RouteSpec::mix(&[("a", 0.5), ("b", 0.4)]), "mix.shares"),
        (RouteSpec::mix(&[("a", 1.5)]), "mix.shares.0.share"),
        (RouteSpec::mix(&[]), "mix.shares"),
    ] {
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

#[test]
fn a_chain_is_walked_downwards_past_those_that_cannot_be_called() {
    let chain = FallbackSpec::of(&["a", "b", "c"]).build().unwrap();
    let all = |_| true;
    let but_b = |provider| provider != 1;
    assert_eq!((chain.first(all), chain.after(0, 0, all)), (Some(0), Some(1)));
    assert_eq!((chain.after(0, 0, but_b), chain.after(2, 1, all)), (Some(2), None));
    assert_eq!(chain.first(|_| false), None);
    let one = FallbackSpec { switches_max: Some(1), ..FallbackSpec::of(&["a", "b", "c"]) }.build().unwrap();
    assert_eq!((one.after(0, 0, all), one.after(1, 1, all)), (Some(1), None));
    assert_eq!(FallbackSpec::of(&[]).validate().unwrap_err().field, "providers");
    assert_eq!(FallbackSpec::of(&["a", "a"]).validate().unwrap_err().field, "providers.1");
}

#[test]
fn a_call_is_hedged_after_the_delay_and_only_so_often() {
    let spec = HedgeSpec { copies_max: 2, ..HedgeSpec::fixed(Span::from_millis(500)) };
    let mut hedge = spec.build().unwrap();
    let sent = Time::START + Span::from_secs(1);
    assert_eq!(hedge.next_at(sent, 0), Some(sent + Span::from_millis(500)));
    assert_eq!(hedge.next_at(sent, 2), None);
    assert_eq!([1, 2].map(|copies| hedge.try_copy(copies)), [HedgeVerdict::Send, HedgeVerdict::NoMoreCopies]);
    assert_eq!(hedge.losers(), Losers::Cancel);
}

#[test]
fn the_wait_becomes_the_quantile_once_enough_latencies_are_known_and_forgets_the_oldest() {
    let quantile = HedgeQuantile { quantile: 0.9, window: 20, latencies_min: 10 };
    let spec = HedgeSpec { after_quantile: Some(quantile), ..HedgeSpec::fixed(Span::from_secs(9)) };
    let mut hedge = spec.build().unwrap();
    let mut wait_after = |latencies: core::ops::RangeInclusive<u64>| {
        latencies.for_each(|millis| hedge.on_answer(Span::from_millis(millis)));
        hedge.wait()
    };
    assert_eq!(wait_after(1..=9), Span::from_secs(9));
    assert_eq!(wait_after(10..=10), Span::from_millis(9), "nine tenths of ten is the ninth");
    assert_eq!(wait_after(11..=11), Span::from_millis(10), "9.9 rounds up to the tenth");
    assert_eq!(wait_after(12..=20), Span::from_millis(18));
    assert_eq!(wait_after(101..=105), Span::from_millis(103), "of 6 to 20 and 101 to 105 the eighteenth");
}

#[test]
fn copies_are_a_share_of_calls_and_what_was_saved_up() {
    let budget = HedgeBudget { share: 0.25, burst: 2 };
    let spec = HedgeSpec { budget: Some(budget), ..HedgeSpec::fixed(Span::from_secs(1)) };
    let mut hedge = spec.build().unwrap();
    let mut copies = |calls: u32, tries: u32| {
        (0..calls).for_each(|_| hedge.on_call());
        (0..tries).filter(|_| hedge.try_copy(0) == HedgeVerdict::Send).count()
    };
    assert_eq!(copies(0, 5), 2, "the budget starts full");
    assert_eq!((copies(3, 1), copies(1, 1)), (0, 1), "four calls earn one");
    assert_eq!(copies(1_000, 5), 2, "no more than the burst is saved");
    assert_eq!(hedge.try_copy(0), HedgeVerdict::OverBudget);
}

#[test]
fn impossible_hedges_are_named() {
    let of = |change: fn(&mut HedgeSpec)| {
        let mut spec = HedgeSpec::fixed(Span::from_secs(1));
        spec.after_quantile = Some(HedgeQuantile::default());
        spec.budget = Some(HedgeBudget::default());
        change(&mut spec);
        spec.validate().unwrap_err().field
    };
    assert_eq!(of(|spec| spec.after = Span::ZERO), "after");
    assert_eq!(of(|spec| spec.copies_max = 0), "copies_max");
    let quantile = HedgeQuantile::default();
    assert_eq!(quantile.latencies_min, 20);
    assert_eq!(
        of(|spec| spec.after_quantile = Some(HedgeQuantile { quantile: 1.0, ..HedgeQuantile::default() })),
        "after_quantile.quantile"
    );
    assert_eq!(
        of(|spec| spec.after_quantile = Some(HedgeQuantile { window: 0, ..HedgeQuantile::default() })),
        "after_quantile.window"
    );
    assert_eq!(
        of(|spec| spec.after_quantile = Some(HedgeQuantile { window: 19, ..HedgeQuantile::default() })),
        "after_quantile.latencies_min"
    );
    assert_eq!(of(|spec| spec.budget = Some(HedgeBudget { share: 0.0, burst: 1 })), "budget.share");
    assert_eq!(of(|spec| spec.budget = Some(HedgeBudget { share: 0.1, burst: 0 })), "budget.burst");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_task_gets_a_model_that_was_named(
        which in 0..RouteSpec::examples().len(), complexity in any::<f64>(), draw in 0.0..1.0,
    ) {
        let route = RouteSpec::examples().swap_remove(which).1.build().unwrap();
        let model = route.pick(&ask(complexity, Some("research"), draw));
        prop_assert!(model < route.names().len());
    }

    #[test]
    fn a_wait_is_one_that_was_seen_and_copies_keep_to_their_budget(
        which in 0..HedgeSpec::examples().len(),
        steps in prop::collection::vec((any::<bool>(), 1_u64..10_000), 1..200),
    ) {
        let (_, spec) = HedgeSpec::examples().swap_remove(which);
        let mut hedge = spec.build().unwrap();
        let mut seen = vec![spec.after];
        let (mut calls, mut copies) = (0.0, 0.0);
        for (call, millis) in steps {
            if call {
                hedge.on_call();
                calls += 1.0;
                seen.push(Span::from_millis(millis));
                hedge.on_answer(Span::from_millis(millis));
            } else if hedge.try_copy(0) == HedgeVerdict::Send {
                copies += 1.0;
            }
            prop_assert!(seen.contains(&hedge.wait()));
            if let Some(budget) = spec.budget {
                prop_assert!(copies <= budget.share * calls + f64::from(budget.burst) + 1e-6);
            }
        }
    }

    #[test]
    fn a_walk_along_a_chain_calls_nobody_twice(
        which in 0..FallbackSpec::examples().len(), up in prop::collection::vec(any::<bool>(), 3),
    ) {
        let (_, spec) = FallbackSpec::examples().swap_remove(which);
        let chain = spec.build().unwrap();
        let mut walked: Vec<usize> = chain.first(|provider| up[provider]).into_iter().collect();
        while let Some(next) = walked.last().and_then(|last| {
            chain.after(*last, u32::try_from(walked.len()).unwrap() - 1, |provider| up[provider])
        }) {
            prop_assert!(up[next] && !walked.contains(&next));
            walked.push(next);
        }
        let most = spec.switches_max.map_or(spec.providers.len(), |switches| switches as usize + 1);
        prop_assert!(walked.len() <= most);
    }
}
