use super::*;
use proptest::prelude::*;

fn at(seconds: u64) -> Time {
    Time::START + Span::from_secs(seconds)
}

fn of(max_entries: Option<u64>, max_bytes: Option<u64>, ttl_s: Option<u64>) -> CacheSpec {
    CacheSpec { max_entries, max_bytes, ttl: ttl_s.map(Span::from_secs), ..CacheSpec::default() }
}

fn built(spec: &CacheSpec) -> Cache<u32, u32> {
    spec.build().unwrap()
}

fn keys(cache: &Cache<u32, u32>) -> Vec<u32> {
    cache.keys().copied().collect()
}

#[test]
fn the_least_recently_used_leaves_first() {
    let mut cache = built(&of(Some(2), None, None));
    assert_eq!(cache.insert(at(0), 1, 10, 1), []);
    assert_eq!(cache.insert(at(0), 2, 20, 1), []);
    assert_eq!(cache.get(at(0), &1), Lookup::Hit(&10));
    assert_eq!(cache.insert(at(0), 3, 30, 1), [(2, 20)]);
    assert_eq!(keys(&cache), [3, 1]);
}

#[test]
fn checking_does_not_make_an_entry_recently_used() {
    let mut cache = built(&of(Some(2), None, None));
    cache.insert(at(0), 1, 10, 1);
    cache.insert(at(0), 2, 20, 1);
    assert!(cache.has(at(0), &1));
    assert_eq!(cache.insert(at(0), 3, 30, 1), [(1, 10)]);
}

#[test]
fn an_entry_of_exactly_the_ttl_is_fresh() {
    let mut cache = built(&of(None, None, Some(60)));
    cache.insert(at(5), 1, 10, 1);
    assert!(cache.has(at(65), &1));
    assert_eq!(cache.get(at(65), &1), Lookup::Hit(&10));
    assert!(!cache.has(at(65) + Span::from_nanos(1), &1));
    assert_eq!(cache.get(at(65) + Span::from_nanos(1), &1), Lookup::Miss);
    assert!(cache.is_empty(), "asking for a stale entry removes it");
}

#[test]
fn a_hit_or_a_check_renews_an_entry_only_where_asked() {
    for (on_get, on_has, get_at, has_at, expected) in [
        (true, false, Some(9), None, true),
        (false, false, Some(9), None, false),
        (false, true, None, Some(9), true),
        (true, false, None, Some(9), false),
    ] {
        let spec =
            CacheSpec { update_age_on_get: on_get, update_age_on_has: on_has, ..of(None, None, Some(10)) };
        let mut cache = built(&spec);
        cache.insert(at(0), 1, 10, 1);
        if let Some(when) = get_at {
            assert_eq!(cache.get(at(when), &1), Lookup::Hit(&10));
        }
        if let Some(when) = has_at {
            assert!(cache.has(at(when), &1));
        }
        assert_eq!(cache.has(at(15), &1), expected, "{on_get} {on_has} {get_at:?} {has_at:?}");
    }
}

#[test]
fn a_stale_entry_is_handed_out_once_or_kept() {
    let once = CacheSpec { allow_stale: true, ..of(None, None, Some(10)) };
    let kept = CacheSpec { keep_stale: true, ..once.clone() };
    let silent = CacheSpec { allow_stale: false, ..kept.clone() };
    for (spec, first, second, left) in [
        (once, Lookup::Stale(&10), Lookup::Miss, 0),
        (kept, Lookup::Stale(&10), Lookup::Stale(&10), 1),
        (silent, Lookup::Miss, Lookup::Miss, 1),
    ] {
        let mut cache = built(&spec);
        cache.insert(at(0), 1, 10, 1);
        assert_eq!(cache.get(at(11), &1), first);
        assert_eq!(cache.get(at(12), &1), second);
        assert_eq!(cache.len(), left);
    }
}

#[test]
fn bytes_are_kept_under_their_limit() {
    let mut cache = built(&of(None, Some(100), None));
    cache.insert(at(0), 1, 10, 40);
    cache.insert(at(0), 2, 20, 40);
    assert_eq!(cache.insert(at(0), 3, 30, 90), [(1, 10), (2, 20)]);
    assert_eq!(cache.bytes(), 90);
}

#[test]
fn an_entry_larger_than_the_cache_is_not_kept_and_takes_its_elder_along() {
    let mut cache = built(&of(None, Some(100), None));
    cache.insert(at(0), 1, 10, 40);
    cache.insert(at(0), 2, 20, 40);
    assert_eq!(cache.insert(at(0), 1, 11, 101), []);
    assert_eq!((keys(&cache), cache.bytes()), (alloc::vec![2], 40));
}

#[test]
fn a_new_value_replaces_size_and_age() {
    let mut cache = built(&of(None, Some(100), Some(10)));
    cache.insert(at(0), 1, 10, 90);
    assert_eq!(cache.insert(at(8), 1, 11, 30), []);
    assert_eq!((cache.bytes(), cache.get(at(18), &1)), (30, Lookup::Hit(&11)));
}

#[test]
fn a_new_ttl_is_for_new_entries_unless_it_is_for_all() {
    let mut cache = built(&CacheSpec { keep_stale: true, ..of(None, None, Some(10)) });
    cache.insert(at(0), 1, 10, 1);
    cache.set_ttl(Some(Span::from_secs(100)));
    cache.insert(at(0), 2, 20, 1);
    assert_eq!((cache.has(at(50), &1), cache.has(at(50), &2)), (false, true));
    cache.set_ttl_of_all(Some(Span::from_secs(60)));
    assert_eq!((cache.has(at(50), &1), cache.has(at(61), &2)), (true, false));
    assert_eq!(cache.purge_stale(at(61)), 2);
    assert_eq!((cache.len(), cache.bytes()), (0, 0));
}

#[test]
fn impossible_caches_are_named() {
    for (spec, field) in [
        (of(Some(0), None, None), "max_entries"),
        (of(None, Some(0), None), "max_bytes"),
        (of(None, None, Some(0)), "ttl"),
    ] {
        assert_eq!(spec.validate().unwrap_err().field, field);
    }
}

/// A cache as plain as can be: a list, least recently used first.
#[derive(Default)]
struct Plain {
    entries: Vec<(u32, u64, Time)>,
}

impl Plain {
    fn fresh(&self, spec: &CacheSpec, now: Time, key: u32) -> Option<bool> {
        let (_, _, since) = self.entries.iter().find(|(other, _, _)| *other == key)?;
        Some(spec.ttl.is_none_or(|ttl| now - *since <= ttl))
    }

    fn get(&mut self, spec: &CacheSpec, now: Time, key: u32) -> bool {
        match self.fresh(spec, now, key) {
            Some(true) => {
                let place = self.entries.iter().position(|(other, _, _)| *other == key).unwrap();
                let (key, bytes, since) = self.entries.remove(place);
                self.entries.push((key, bytes, if spec.update_age_on_get { now } else { since }));
                true
            }
            Some(false) => {
                if !spec.keep_stale {
                    self.entries.retain(|(other, _, _)| *other != key);
                }
                false
            }
            None => false,
        }
    }

    fn insert(&mut self, spec: &CacheSpec, now: Time, key: u32, bytes: u64) {
        self.entries.retain(|(other, _, _)| *other != key);
        if spec.max_bytes.is_some_and(|most| bytes > most) {
            return;
        }
        self.entries.push((key, bytes, now));
        while spec.max_entries.is_some_and(|most| self.entries.len() as u64 > most)
            || spec.max_bytes.is_some_and(|most| self.bytes() > most)
        {
            self.entries.remove(0);
        }
    }

    fn bytes(&self) -> u64 {
        self.entries.iter().map(|(_, bytes, _)| bytes).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_a_plain_list_does(
        which in 0..CacheSpec::examples().len(),
        steps in prop::collection::vec((any::<bool>(), 0..9_u32, 0..120_u64, 0..6_u64), 1..200),
    ) {
        let (_, spec) = CacheSpec::examples().swap_remove(which);
        let mut cache = built(&spec);
        let mut plain = Plain::default();
        let mut now = at(0);
        for (is_get, key, bytes, gap) in steps {
            now += Span::from_secs(gap);
            if is_get {
                let hit = matches!(cache.get(now, &key), Lookup::Hit(_));
                prop_assert_eq!(hit, plain.get(&spec, now, key));
            } else {
                drop(cache.insert(now, key, key, bytes));
                plain.insert(&spec, now, key, bytes);
            }
            let newest_first: Vec<u32> = plain.entries.iter().rev().map(|(key, _, _)| *key).collect();
            prop_assert_eq!(keys(&cache), newest_first);
            prop_assert_eq!(cache.bytes(), plain.bytes());
        }
    }
}

#[test]
fn peeking_shows_what_is_there_and_changes_nothing() {
    let mut cache = built(&CacheSpec { update_age_on_get: true, ..of(Some(2), None, Some(10)) });
    cache.insert(at(0), 1, 10, 1);
    cache.insert(at(5), 2, 20, 1);
    assert_eq!(cache.peek(at(10), &1), Lookup::Hit(&10));
    assert_eq!(cache.peek(at(11), &1), Lookup::Stale(&10));
    assert_eq!(cache.peek(at(11), &3), Lookup::Miss);
    assert!(cache.contains(&1) && !cache.contains(&3));
    assert_eq!(keys(&cache), [2, 1]);
}
