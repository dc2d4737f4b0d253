use super::*;
use crate::units::{Span, Time};
use proptest::prelude::*;

#[track_caller]
fn picks(spec: &RouteSpec, ask: &Ask<'_>, model: &str) {
    let route = spec.build().unwrap();
    assert_eq!(route.name(route.pick(ask)), model, "{ask:?}");
}

fn ask(complexity: f64, role: Option<&str>, draw: f64) -> Ask<'_> {
    Ask { complexity, role, draw }
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
    let hedge = HedgeSpec { after: Span::from_millis(500), copies_max: 2 }.build().unwrap();
    let sent = Time::START + Span::from_secs(1);
    assert_eq!(hedge.next_at(sent, 0), Some(sent + Span::from_millis(500)));
    assert_eq!(hedge.next_at(sent, 2), None);
    assert_eq!(HedgeSpec { after: Span::ZERO, copies_max: 1 }.validate().unwrap_err().field, "after");
    assert_eq!(
        HedgeSpec { after: Span::from_secs(1), copies_max: 0 }.validate().unwrap_err().field,
        "copies_max"
    );
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
