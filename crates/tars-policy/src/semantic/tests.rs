use super::*;
use proptest::prelude::*;

type Of = SemanticCache<u32, u32>;

fn at(secs: u64) -> Time {
    Time::START + Span::from_secs(secs)
}

fn question(text: u32, cluster: u64, similarity: f64) -> Question<u32> {
    Question { text, config: 0, cluster, similarity, tokens: Tokens::new(1_000) }
}

fn built(change: impl Fn(&mut SemanticSpec)) -> Of {
    let mut spec = SemanticSpec::published_004();
    change(&mut spec);
    spec.build().unwrap()
}

/// What is found by draws that find nothing wrong and nothing outdated.
fn found(cache: &mut Of, now: Time, question: &Question<u32>) -> Found<u32> {
    cache.lookup(now, question, 0.999_999, 0.999_999).found
}

#[test]
fn the_exact_question_is_looked_for_first_and_costs_no_embedding() {
    let mut cache = built(|_| {});
    assert!(cache.insert(at(0), &question(1, 5, 1.0), 10, 100));
    assert!(cache.insert(at(0), &question(2, 5, 1.0), 20, 100));
    let look = cache.lookup(at(60), &question(1, 5, 0.99), 0.0, 0.5);
    assert_eq!(look.found, Found::Exact { value: 10, age: Span::from_secs(60), stale: false });
    assert_eq!((look.took, look.cost, look.wrong), (Span::from_millis(10), Dollars::ZERO, false));
}

#[test]
fn a_question_just_similar_enough_is_answered_and_one_a_little_less_is_not() {
    let mut cache = built(|_| {});
    cache.insert(at(0), &question(1, 5, 1.0), 10, 100);
    let similar = Found::Similar { value: 10, age: Span::ZERO, similarity: 0.95 };
    assert_eq!(found(&mut cache, at(0), &question(2, 5, 0.95)), similar);
    for other in [question(2, 5, 0.949_999), question(2, 6, 1.0), question(2, 5, f64::NAN)] {
        assert_eq!(found(&mut cache, at(0), &other), Found::Miss, "{other:?}");
    }
    let other_model = Question { config: 1, ..question(1, 5, 1.0) };
    assert_eq!(found(&mut cache, at(0), &other_model), Found::Miss);
}

#[test]
fn a_look_past_the_exact_question_costs_time_and_money_whether_it_finds_anything_or_not() {
    let mut cache = built(|_| {});
    let miss = cache.lookup(at(0), &question(1, 5, 1.0), 0.5, 0.5);
    assert_eq!(miss.found, Found::Miss);
    assert_eq!(miss.took, Span::from_millis(10 + 50 + 10));
    // 1,000 tokens at $0.02 per million.
    assert_eq!(miss.cost, Dollars::from_trillionths(20_000_000));
    cache.insert(at(0), &question(1, 5, 1.0), 10, 100);
    let hit = cache.lookup(at(0), &question(2, 5, 1.0), 0.5, 0.5);
    assert_eq!((hit.took, hit.cost), (miss.took, miss.cost));
}

#[test]
fn without_a_threshold_only_the_exact_question_counts() {
    let mut cache = built(|spec| spec.similarity_min = None);
    cache.insert(at(0), &question(1, 5, 1.0), 10, 100);
    let look = cache.lookup(at(0), &question(2, 5, 1.0), 0.0, 0.5);
    assert_eq!((look.found, look.took, look.cost), (Found::Miss, Span::from_millis(10), Dollars::ZERO));
}

#[test]
fn of_a_cluster_the_answer_used_last_is_taken() {
    let mut cache = built(|_| {});
    cache.insert(at(0), &question(1, 5, 1.0), 10, 100);
    cache.insert(at(1), &question(2, 5, 1.0), 20, 100);
    let of = |found: Found<u32>| match found {
        Found::Exact { value, .. } | Found::Similar { value, .. } => value,
        Found::Miss => 0,
    };
    assert_eq!(of(found(&mut cache, at(2), &question(9, 5, 0.96))), 20);
    assert_eq!(of(found(&mut cache, at(3), &question(1, 5, 1.0))), 10);
    assert_eq!(of(found(&mut cache, at(4), &question(9, 5, 0.96))), 10, "the exact hit counts as use");
}

#[test]
fn the_most_similar_by_a_function_is_taken_and_of_equals_the_one_used_last() {
    let mut cache = built(|spec| spec.similarity_min = Some(0.8));
    for text in [100, 200, 300, 400] {
        cache.insert(at(0), &question(text, 0, 1.0), text, 100);
    }
    let close = |to: f64| move |text: &u32| 1.0 - libm::fabs(f64::from(*text) - to) / 1_000.0;
    let mut ask = |to: f64| cache.lookup_by(at(0), &question(7, 0, 0.0), close(to), 0.9, 0.9).found;
    assert_eq!(ask(190.0), Found::Similar { value: 200, age: Span::ZERO, similarity: 0.99 });
    assert_eq!(ask(150.0), Found::Similar { value: 200, age: Span::ZERO, similarity: 0.95 });
    assert_eq!(ask(250.0), Found::Similar { value: 200, age: Span::ZERO, similarity: 0.95 }, "used last");
    assert_eq!(ask(601.0), Found::Miss);
    let nobody = cache.lookup_by(at(0), &question(7, 0, 0.0), |_| f64::NAN, 0.9, 0.9);
    assert_eq!(nobody.found, Found::Miss);
}

#[test]
fn an_answer_lives_its_ttl_and_a_stale_one_serves_its_own_question_only() {
    let mut cache = built(|_| {});
    cache.insert(at(0), &question(1, 5, 1.0), 10, 100);
    assert!(matches!(found(&mut cache, at(600), &question(2, 5, 0.96)), Found::Similar { .. }));
    assert_eq!(found(&mut cache, at(601), &question(2, 5, 0.96)), Found::Miss);
    assert_eq!(found(&mut cache, at(601), &question(1, 5, 1.0)), Found::Miss);
    assert!(cache.is_empty(), "a stale answer is removed when it is asked for");
    let mut stale = built(|spec| (spec.cache.allow_stale, spec.cache.keep_stale) = (true, true));
    stale.insert(at(0), &question(1, 5, 1.0), 10, 100);
    assert_eq!(found(&mut stale, at(601), &question(2, 5, 0.96)), Found::Miss);
    let old = Found::Exact { value: 10, age: Span::from_secs(601), stale: true };
    assert_eq!([0, 1].map(|_| found(&mut stale, at(601), &question(1, 5, 1.0))), [old; 2]);
}

#[test]
fn the_less_similar_the_more_often_it_is_wrong() {
    let spec = SemanticSpec { wrong_hit_share: 0.2, ..SemanticSpec::default() };
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    close(spec.wrong_share(0.95), 0.2);
    close(spec.wrong_share(0.975), 0.1);
    close(spec.wrong_share(1.0), 0.0);
    let mut cache: Of = spec.build().unwrap();
    cache.insert(at(0), &question(1, 5, 1.0), 10, 100);
    let wrong = |cache: &mut Of, draw| cache.lookup(at(0), &question(2, 5, 0.975), draw, 0.9).wrong;
    assert!(wrong(&mut cache, 0.099) && !wrong(&mut cache, 0.101));
    close(SemanticSpec { similarity_min: Some(1.0), ..spec }.wrong_share(1.0), 0.0);
}

#[test]
fn the_older_the_more_often_an_answer_is_outdated_the_exact_one_too() {
    let mean = Span::from_secs(100);
    let mut cache = built(|spec| spec.outdated_after_mean = Some(mean));
    cache.insert(at(0), &question(1, 5, 1.0), 10, 100);
    // After one mean, 1 − 1/e = 0.632 of all answers have changed.
    let outdated = |cache: &mut Of, draw| cache.lookup(at(100), &question(1, 5, 1.0), 0.9, draw).outdated;
    assert!(outdated(&mut cache, 0.632) && !outdated(&mut cache, 0.633));
    assert!(!cache.lookup(at(0), &question(8, 8, 1.0), 0.0, 0.0).outdated, "a miss is never outdated");
}

#[test]
fn what_is_evicted_or_replaced_is_no_longer_similar_to_anything() {
    let mut cache = built(|spec| spec.cache.max_entries = Some(1));
    cache.insert(at(0), &question(1, 5, 1.0), 10, 100);
    cache.insert(at(0), &question(2, 6, 1.0), 20, 100);
    assert_eq!(found(&mut cache, at(0), &question(3, 5, 1.0)), Found::Miss);
    cache.insert(at(0), &question(2, 7, 1.0), 21, 100);
    assert_eq!(found(&mut cache, at(0), &question(3, 6, 1.0)), Found::Miss, "it moved to another cluster");
    assert!(matches!(found(&mut cache, at(0), &question(3, 7, 1.0)), Found::Similar { value: 21, .. }));
    assert_eq!(cache.remove(0, &2), Some(21));
    assert!(cache.is_empty() && cache.clusters.is_empty());
}

#[test]
fn impossible_caches_are_named() {
    let of = |change: fn(&mut SemanticSpec)| {
        let mut spec = SemanticSpec::default();
        change(&mut spec);
        spec.validate().unwrap_err().field
    };
    assert_eq!(of(|spec| spec.similarity_min = Some(0.0)), "similarity_min");
    assert_eq!(of(|spec| spec.similarity_min = Some(f64::NAN)), "similarity_min");
    assert_eq!(of(|spec| spec.wrong_hit_share = 1.1), "wrong_hit_share");
    assert_eq!(of(|spec| spec.outdated_after_mean = Some(Span::ZERO)), "outdated_after_mean");
    assert_eq!(of(|spec| spec.cache.max_entries = Some(0)), "cache.max_entries");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// The index of clusters holds what the cache holds, and no hit breaks the rules.
    #[test]
    fn a_hit_is_exact_or_similar_enough_and_fresh(
        which in 0..SemanticSpec::examples().len(),
        steps in prop::collection::vec((0_u64..200, 0_u32..30, 0.7..1.0, 0.0..1.0, 0_u8..4), 1..120),
    ) {
        let (_, spec) = SemanticSpec::examples().swap_remove(which);
        let mut cache: Of = spec.build().unwrap();
        let mut written: BTreeMap<u32, Time> = BTreeMap::new();
        let mut now = Time::START;
        for &(gap, text, similarity, draw, kind) in &steps {
            now += Span::from_secs(gap);
            let question = question(text, u64::from(text / 5), similarity);
            if kind == 0 {
                cache.insert(now, &question, text, 100);
                written.insert(text, now);
            } else {
                let look = cache.lookup(now, &question, draw, draw);
                let (value, age) = match look.found {
                    Found::Exact { value, age, .. } => {
                        prop_assert_eq!(value, text);
                        prop_assert!(!look.wrong && look.cost == Dollars::ZERO);
                        (value, age)
                    }
                    Found::Similar { value, age, similarity } => {
                        prop_assert!(spec.similarity_min.is_some_and(|least| similarity >= least));
                        prop_assert!(value != text && value / 5 == text / 5);
                        (value, age)
                    }
                    Found::Miss => continue,
                };
                prop_assert_eq!(now.saturating_since(written[&value]), age);
                prop_assert!(spec.cache.ttl.is_none_or(|ttl| age <= ttl));
            }
            prop_assert_eq!(cache.clusters.values().map(Vec::len).sum::<usize>(), cache.len());
        }
    }
}
