use super::*;
use proptest::prelude::*;

type Of = Layers<u32, u32>;

const A: Place = Place { agent: 0, node: 0 };
const SAME_NODE: Place = Place { agent: 1, node: 0 };
const FAR: Place = Place { agent: 2, node: 1 };

fn at(secs: u64) -> Time {
    Time::START + Span::from_secs(secs)
}

fn example(name: &str) -> LayersSpec {
    LayersSpec::examples().into_iter().find(|(known, _)| *known == name).unwrap().1
}

/// An agent, a node and a shared layer: 10 s, 30 s and 120 s; 0, 1 and 10 ms a look.
fn three() -> Of {
    example("agent_node_shared").build().unwrap()
}

/// In which layer a look finds the key 7, and how many milliseconds it takes.
fn found(layers: &mut Of, now: Time, place: Place) -> (Option<usize>, u64) {
    let lookup = layers.get(now, place, &7);
    (lookup.hit.map(|hit| hit.layer), lookup.took.as_nanos() / 1_000_000)
}

#[test]
fn a_look_costs_every_layer_that_is_asked() {
    let mut layers = three();
    assert_eq!(found(&mut layers, at(0), A), (None, 11));
    assert_eq!(layers.insert(at(0), A, &7, 70, 1), Span::from_millis(11));
    assert_eq!(found(&mut layers, at(0), A), (Some(0), 0));
    assert_eq!(found(&mut layers, at(0), SAME_NODE), (Some(1), 1));
    assert_eq!(found(&mut layers, at(0), FAR), (Some(2), 11));
}

#[test]
fn a_hit_in_a_far_layer_is_copied_into_all_nearer_ones() {
    let mut layers = three();
    layers.insert(at(0), A, &7, 70, 1);
    assert_eq!(found(&mut layers, at(0), FAR).0, Some(2));
    assert_eq!(found(&mut layers, at(0), FAR).0, Some(0));
    assert_eq!(found(&mut layers, at(0), Place { agent: 3, node: 1 }).0, Some(1));
    let mut layers: Of = example("left_where_it_is").build().unwrap();
    layers.insert(at(0), A, &7, 70, 1);
    assert_eq!([0, 1].map(|_| found(&mut layers, at(0), FAR).0), [Some(2); 2]);
}

#[test]
fn each_layer_forgets_after_its_own_ttl_and_a_copy_keeps_its_age() {
    let mut layers = three();
    layers.insert(at(0), A, &7, 70, 1);
    assert_eq!(found(&mut layers, at(10), A).0, Some(0), "exactly the TTL is fresh");
    assert_eq!(found(&mut layers, at(11), A).0, Some(1), "and is copied into the agent's");
    let hit = layers.get(at(21), A, &7).hit.unwrap();
    assert_eq!((hit.layer, hit.age, hit.value), (0, Span::from_secs(21), 70));
    assert_eq!(found(&mut layers, at(120), A).0, Some(2));
    assert_eq!(found(&mut layers, at(131), A).0, Some(1), "the copy outlives its original by its own TTL");
    assert_eq!(found(&mut layers, at(400), A).0, None);
}

#[test]
fn a_write_around_leaves_the_far_layer_alone_to_hold_it() {
    let mut layers: Of = example("written_around").build().unwrap();
    assert_eq!(layers.insert(at(0), A, &7, 70, 1), Span::from_millis(10));
    assert_eq!(found(&mut layers, at(0), A).0, Some(2));
    assert_eq!(found(&mut layers, at(0), A).0, Some(0));
    layers.insert(at(1), A, &7, 71, 1);
    let hit = layers.get(at(1), A, &7).hit.unwrap();
    assert_eq!((hit.layer, hit.value), (2, 71), "the writer's own old copies are gone");
}

#[test]
fn an_invalidation_reaches_everywhere_or_leaves_old_copies_on_other_nodes() {
    for (name, removed, left_far) in [("agent_node_shared", 5, None), ("written_around", 3, Some(0))] {
        let mut layers: Of = example(name).build().unwrap();
        layers.insert(at(0), A, &7, 70, 1);
        let _ = (layers.get(at(0), A, &7), layers.get(at(0), FAR, &7));
        assert_eq!(layers.invalidate(A, &7), removed, "{name}");
        assert_eq!(found(&mut layers, at(0), A).0, None);
        assert_eq!(found(&mut layers, at(0), FAR).0, left_far, "{name}");
    }
}

#[test]
fn a_stale_copy_is_used_only_when_no_layer_has_a_fresh_one() {
    let mut spec = example("agent_node_shared");
    spec.layers[0].cache.allow_stale = true;
    spec.layers[0].cache.keep_stale = true;
    let mut layers: Of = spec.build().unwrap();
    layers.insert(at(0), A, &7, 70, 1);
    assert_eq!(found(&mut layers, at(20), A), (Some(1), 1));
    let lookup = layers.get(at(500), A, &7);
    assert_eq!(lookup.hit, Some(LayerHit { value: 70, layer: 0, age: Span::from_secs(500), stale: true }));
    assert_eq!(lookup.took, Span::from_millis(11));
}

#[test]
fn what_is_gone_takes_its_caches_with_it() {
    let mut layers = three();
    layers.insert(at(0), A, &7, 70, 8);
    assert_eq!((layers.len(0), layers.bytes(1, 0), layers.bytes(1, 1)), (1, 8, 0));
    layers.forget(Scope::Node, 0);
    assert_eq!(found(&mut layers, at(0), SAME_NODE).0, Some(2));
    assert_eq!(found(&mut layers, at(0), A).0, Some(0));
    layers.forget(Scope::Agent, 0);
    assert_eq!(found(&mut layers, at(0), A).0, Some(1));
}

#[test]
fn a_longer_ttl_makes_old_entries_fresh_again() {
    let mut layers = three();
    layers.insert(at(0), A, &7, 70, 1);
    layers.set_ttl(0, Some(Span::from_secs(60)));
    assert_eq!(found(&mut layers, at(60), A).0, Some(0));
}

#[test]
fn impossible_layers_are_named() {
    let of = |change: fn(&mut LayersSpec)| {
        let mut spec = example("agent_node_shared");
        change(&mut spec);
        spec.validate().unwrap_err().field
    };
    assert_eq!(of(|spec| spec.layers.clear()), "layers");
    assert_eq!(of(|spec| spec.layers[1].name.clear()), "layers.1.name");
    assert_eq!(of(|spec| spec.layers[1].name = "agent".to_string()), "layers.1.name");
    assert_eq!(of(|spec| spec.layers[2].scope = Scope::Agent), "layers.2.scope");
    assert_eq!(of(|spec| spec.layers[2].cache.max_entries = Some(0)), "layers.2.cache.max_entries");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// A hit is a value that was written to its key, its age is the time since; where copies cannot outlive an
    /// invalidation it is the last one written; a second look at once is never farther or slower.
    #[test]
    fn a_hit_is_what_was_written(
        which in 0..LayersSpec::examples().len(),
        steps in prop::collection::vec((0_u64..40, 0_u32..6, 0_u32..4, 0_u8..4), 1..120),
    ) {
        let (_, spec) = LayersSpec::examples().swap_remove(which);
        let mut layers = spec.build::<u32, u32>().unwrap();
        let mut writes: Vec<Vec<Time>> = vec![Vec::new(); 6];
        let mut now = Time::START;
        for &(gap, key, agent, kind) in &steps {
            now += Span::from_secs(gap);
            let place = Place { agent, node: agent / 2 };
            let history = &mut writes[key as usize];
            match kind {
                0 => {
                    history.push(now);
                    layers.invalidate(place, &key);
                    layers.insert(now, place, &key, u32::try_from(history.len()).unwrap(), 1);
                }
                1 => {
                    layers.invalidate(place, &key);
                    prop_assert_eq!(layers.get(now, place, &key).hit, None);
                }
                _ => {
                    let first = layers.get(now, place, &key);
                    if let Some(hit) = first.hit {
                        prop_assert_eq!(now.saturating_since(history[hit.value as usize - 1]), hit.age);
                        let latest = hit.value as usize == history.len();
                        prop_assert!(latest || spec.invalidation == Reach::Own);
                        let again = layers.get(now, place, &key);
                        prop_assert!(again.took <= first.took && again.hit.is_some_and(|second| second.layer <= hit.layer));
                    }
                }
            }
        }
    }
}
