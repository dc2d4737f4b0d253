//! Shards: which part of an index holds a tenant, and when a part that has grown too large splits in two.
//!
//! A [`ShardMap`] deals tenants out by a hash, so that each shard holds a range of hashes. It is told what is added for
//! whom, and answers when a shard is to split; the caller says when that is done. A shard splits between two of its
//! tenants in the order of their hashes, where the halves are most even. A tenant is never divided: one that outgrows a
//! shard by itself stays as it is, and so does whatever it asks for.
//!
//! | edge | decision |
//! |---|---|
//! | a shard exactly at the bound | does not split |
//! | a shard that is splitting grows on | splits once; what it is then is looked at when that is done |
//! | two cuts are equally even | the lower one |
//! | a shard of one tenant | [`Growth::OneTenant`]: a split leaves a tenant on either side |
//! | no node left | [`Growth::NoNode`], whoever is there; asked again at the next addition |
//!
//! ```
//! use tars_policy::shards::{Growth, ShardsSpec};
//!
//! let spec = ShardsSpec { shards_at_start: 1, shards_max: 2, split_above: Some(100) };
//! let mut map = spec.build(vec![40, 40])?;
//! assert_eq!(map.add(0, 20), Growth::Within);
//! assert_eq!(map.add(1, 1), Growth::Splits { shard: 0, into: 1 });
//! assert_eq!(map.split_ends(0), Some(1));
//! assert_ne!(map.home(0), map.home(1));
//! # Ok::<(), tars_policy::spec::SpecError>(())
//! ```

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use crate::spec::SpecError;

/// How an index is dealt out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ShardsSpec {
    /// Shards at the start, at least 1.
    pub shards_at_start: u32,
    /// Shards at most, at least as many.
    pub shards_max: u32,
    /// A shard that holds more than this splits, above 0. None: never.
    pub split_above: Option<u64>,
}

impl ShardsSpec {
    /// As published in document 004, Vector DB Scaling: three shards, which split above ten million vectors; the most of 32
    /// is not published.
    pub const fn published_004() -> Self {
        Self { shards_at_start: 3, shards_max: 32, split_above: Some(10_000_000) }
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        vec![
            ("published_004", Self::published_004()),
            ("fixed", Self { shards_at_start: 4, shards_max: 4, split_above: None }),
            ("one", Self { shards_at_start: 1, shards_max: 9, split_above: Some(50) }),
        ]
    }

    /// Says what is impossible in this specification.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.shards_at_start == 0 {
            return Err(SpecError::new("shards_at_start", "is 0; expected at least 1"));
        }
        if self.shards_max < self.shards_at_start {
            let problem = format!("{} is below `shards_at_start`", self.shards_max);
            return Err(SpecError::new("shards_max", problem));
        }
        if self.split_above == Some(0) {
            return Err(SpecError::new("split_above", "is 0; expected more, or leave it out"));
        }
        Ok(())
    }

    /// The map of an index that holds so much of each tenant.
    pub fn build(&self, sizes: Vec<u64>) -> Result<ShardMap, SpecError> {
        self.validate()?;
        Ok(ShardMap::new(*self, sizes))
    }
}

/// What an addition means to the shard that it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Growth {
    /// It goes on as it is.
    Within,
    /// It splits: say when that is done by [`ShardMap::split_ends`].
    Splits {
        /// Which.
        shard: u32,
        /// The new one.
        into: u32,
    },
    /// It is to split, and there is no node for another.
    NoNode,
    /// It is to split, and holds one tenant alone.
    OneTenant,
}

/// A shard.
#[derive(Clone, Copy, Debug, Default)]
struct Shard {
    size: u64,
    /// While it splits: the new one, and the least hash that goes there.
    splitting: Option<(u32, u64)>,
    /// Whether it is known to hold one tenant, which nothing changes any more.
    alone: bool,
}

/// Which shard holds which tenant; see the [module](self).
#[derive(Clone, Debug)]
pub struct ShardMap {
    spec: ShardsSpec,
    /// Of each tenant, how much there is of it, and where.
    sizes: Vec<u64>,
    homes: Vec<u32>,
    shards: Vec<Shard>,
}

impl ShardMap {
    fn new(spec: ShardsSpec, sizes: Vec<u64>) -> Self {
        let count = u64::from(spec.shards_at_start);
        let homes: Vec<u32> = (0..sizes.len() as u64).map(|tenant| nth_range(hash(tenant), count)).collect();
        let mut shards = vec![Shard::default(); spec.shards_at_start as usize];
        for (size, home) in sizes.iter().zip(&homes) {
            let shard = &mut shards[*home as usize];
            shard.size = shard.size.saturating_add(*size);
        }
        Self { spec, sizes, homes, shards }
    }

    /// Something is added for a tenant, one of those that the map was made with.
    pub fn add(&mut self, tenant: usize, amount: u64) -> Growth {
        let home = self.homes[tenant];
        self.sizes[tenant] = self.sizes[tenant].saturating_add(amount);
        let shard = &mut self.shards[home as usize];
        shard.size = shard.size.saturating_add(amount);
        self.review(home)
    }

    /// Looks at a shard, and begins to split it where it is to split.
    pub fn review(&mut self, shard: u32) -> Growth {
        let state = self.shards[shard as usize];
        if state.splitting.is_some() || !self.is_over(shard) {
            return Growth::Within;
        }
        // Nodes are taken in order; one that a shard is on its way to is taken.
        let into = self.count();
        if into >= self.spec.shards_max {
            return Growth::NoNode;
        }
        let cut = if state.alone { None } else { self.cut(shard) };
        let Some(cut) = cut else {
            self.shards[shard as usize].alone = true;
            return Growth::OneTenant;
        };
        self.shards.push(Shard::default());
        self.shards[shard as usize].splitting = Some((into, cut));
        Growth::Splits { shard, into }
    }

    /// The split of a shard is done: its upper half is at the new one, which is returned. None where none was under way.
    pub fn split_ends(&mut self, shard: u32) -> Option<u32> {
        let (into, cut) = self.shards[shard as usize].splitting.take()?;
        for (tenant, home) in (0..).zip(&mut self.homes) {
            if *home == shard && hash(tenant) >= cut {
                *home = into;
            }
        }
        for half in [shard, into] {
            self.shards[half as usize].size = self.held(half);
        }
        Some(into)
    }

    /// The shard that holds a tenant now: the old one until a split is done.
    pub fn home(&self, tenant: usize) -> u32 {
        self.homes[tenant]
    }

    /// How many tenants there are.
    pub fn tenants(&self) -> usize {
        self.sizes.len()
    }

    /// Shards, those that are being made included.
    pub fn count(&self) -> u32 {
        u32::try_from(self.shards.len()).unwrap_or(u32::MAX)
    }

    /// How much a shard holds.
    pub fn size(&self, shard: u32) -> u64 {
        self.shards[shard as usize].size
    }

    /// How much there is in all.
    pub fn total(&self) -> u64 {
        self.shards.iter().map(|shard| shard.size).fold(0, u64::saturating_add)
    }

    /// How much the largest shard holds.
    pub fn largest(&self) -> u64 {
        self.shards.iter().map(|shard| shard.size).max().unwrap_or(0)
    }

    /// Whether a shard holds more than the bound.
    pub fn is_over(&self, shard: u32) -> bool {
        self.spec.split_above.is_some_and(|most| self.size(shard) > most)
    }

    /// Whether a shard is splitting.
    pub fn is_splitting(&self, shard: u32) -> bool {
        self.shards[shard as usize].splitting.is_some()
    }

    /// What the tenants of a shard come to.
    fn held(&self, shard: u32) -> u64 {
        let its = self.homes.iter().zip(&self.sizes).filter(|(home, _)| **home == shard);
        its.map(|(_, size)| *size).fold(0, u64::saturating_add)
    }

    /// The least hash of the upper half, where a shard is cut between two tenants; none for one alone.
    fn cut(&self, shard: u32) -> Option<u64> {
        let its = (0..).zip(self.homes.iter().zip(&self.sizes)).filter(|(_, (home, _))| **home == shard);
        let mut its: Vec<(u64, u64)> = its.map(|(tenant, (_, size))| (hash(tenant), *size)).collect();
        its.sort_unstable();
        let total = its.iter().map(|(_, size)| u128::from(*size)).sum::<u128>();
        let mut below = 0_u128;
        let mut best: Option<(u128, u64)> = None;
        for pair in its.windows(2) {
            below += u128::from(pair[0].1);
            let uneven = below.abs_diff(total - below);
            if best.is_none_or(|(least, _)| uneven < least) {
                best = Some((uneven, pair[1].0));
            }
        }
        best.map(|(_, cut)| cut)
    }
}

/// The hash of a tenant: the finaliser of `SplitMix64`, which is one to one, so that no two tenants share one.
fn hash(tenant: u64) -> u64 {
    let word = tenant.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// Which of `count` equal ranges of hashes a hash is in.
fn nth_range(hash: u64, count: u64) -> u32 {
    let place = (u128::from(hash) * u128::from(count)) >> 64;
    u32::try_from(place).expect("a place below a count of 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(shards_at_start: u32, shards_max: u32, bound: u64, sizes: Vec<u64>) -> ShardMap {
        ShardsSpec { shards_at_start, shards_max, split_above: Some(bound) }.build(sizes).unwrap()
    }

    #[test]
    fn a_shard_at_the_bound_does_not_split_and_one_above_it_does() {
        let mut map = map(1, 2, 100, vec![30, 30, 30]);
        assert_eq!(map.add(1, 10), Growth::Within);
        assert_eq!(map.add(1, 1), Growth::Splits { shard: 0, into: 1 });
        assert_eq!(map.add(1, 1), Growth::Within, "it splits already");
    }

    #[test]
    fn a_tenant_stays_where_it_is_until_the_split_is_done() {
        let mut map = map(1, 2, 10, vec![10, 10, 10, 10]);
        assert_eq!(map.review(0), Growth::Splits { shard: 0, into: 1 });
        assert!((0..4).all(|tenant| map.home(tenant) == 0));
        assert_eq!(map.split_ends(0), Some(1));
        assert_eq!([map.size(0), map.size(1)], [20, 20]);
        assert_eq!(map.split_ends(0), None, "it is done");
    }

    #[test]
    fn a_tenant_that_is_more_than_half_is_left_with_a_side_of_its_own_in_the_end() {
        let mut map = map(1, 9, 50, vec![1_000, 10, 10, 10]);
        while let Growth::Splits { shard, .. } = map.review(map.home(0)) {
            let _ = map.split_ends(shard);
        }
        // It cannot be divided, whatever nodes are left.
        assert_eq!(map.review(map.home(0)), Growth::OneTenant);
        assert_eq!(map.size(map.home(0)), 1_000);
        assert!(map.count() < 9);
    }

    #[test]
    fn without_a_node_nothing_splits() {
        let mut map = map(1, 1, 5, vec![10, 10]);
        assert_eq!(map.add(0, 1), Growth::NoNode);
        assert!(map.is_over(0) && !map.is_splitting(0));
    }

    #[test]
    fn tenants_are_spread_over_the_shards_about_evenly() {
        let map = map(8, 8, u64::MAX, vec![1; 8_000]);
        for shard in 0..8 {
            assert!((850..1_150).contains(&map.size(shard)), "{}", map.size(shard));
        }
    }

    #[test]
    fn what_is_impossible_is_told() {
        let good = ShardsSpec::published_004();
        let fields = [
            ShardsSpec { shards_at_start: 0, ..good },
            ShardsSpec { shards_max: 2, ..good },
            ShardsSpec { split_above: Some(0), ..good },
        ]
        .map(|spec| spec.validate().unwrap_err().field);
        assert_eq!(fields, ["shards_at_start", "shards_max", "split_above"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_lost_and_every_tenant_has_one_home(
            which in 0_usize..3,
            tenants in 1_usize..40,
            steps in prop::collection::vec((0_usize..40, 0_u64..30, 0_u32..12), 0..200),
        ) {
            let spec = ShardsSpec::examples()[which].1;
            let mut map = spec.build(vec![3; tenants]).unwrap();
            let mut total = 3 * tenants as u64;
            for (tenant, amount, done) in steps {
                let tenant = tenant % tenants;
                let before = map.home(tenant);
                total += amount;
                if let Growth::Splits { shard, into } = map.add(tenant, amount) {
                    prop_assert!(shard == before && map.is_over(shard) && into < spec.shards_max);
                }
                if done < map.count() && map.is_splitting(done) {
                    let size = map.size(done);
                    let into = map.split_ends(done).unwrap();
                    prop_assert_eq!(map.size(done) + map.size(into), size);
                    for half in [done, into] {
                        prop_assert!((0..tenants).any(|tenant| map.home(tenant) == half), "nobody is left in a half");
                    }
                }
                prop_assert_eq!(map.total(), total);
                prop_assert!(map.count() <= spec.shards_max);
                prop_assert!((0..tenants).all(|tenant| map.home(tenant) < map.count()));
            }
        }
    }
}
