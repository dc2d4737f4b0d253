//! Prepared containers by group: which one to prepare next, and how many at a time.
//!
//! A pool keeps its containers ready for any group. Where a container is good for one group only, because it has that
//! group's model loaded, somebody must say whose to prepare first: document 001 says "prioritize quality agents (Sonnet)
//! for warm pool", document 003 "pre-warm agents during off-peak hours". A [`WarmPlan`] does; the caller keeps the counts.
//!
//! | edge | decision |
//! |---|---|
//! | two groups lack containers | the one named first, until it lacks none |
//! | a container being prepared | counts as if it were ready |
//! | the quiet hours begin | more are asked for, from that moment on |
//! | the quiet hours end | those too many are kept until they are used |

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::autoscale::DailySchedule;
use crate::spec::SpecError;
use crate::units::Time;

/// The containers of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct WarmGroup {
    /// The group.
    pub group: String,
    /// Containers to keep ready at any time.
    pub containers: u32,
    /// Containers to keep ready at times of day, where that is more: its `agents` are containers.
    #[cfg_attr(feature = "serde", serde(default))]
    pub daily: Option<DailySchedule>,
}

/// In which order containers are prepared.
///
/// ```
/// use tars_policy::pool::{Stock, WarmPlan};
/// use tars_policy::units::Time;
///
/// let plan = WarmPlan::published_001(); // two Sonnet before three Haiku, two at a time
/// let empty = [Stock::default(); 2];
/// assert_eq!(plan.next(Time::START, &empty), Some(0), "Sonnet first");
/// let begun = [Stock { ready: 1, preparing: 1 }, Stock::default()];
/// assert_eq!(plan.next(Time::START, &begun), Some(1), "then Haiku");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct WarmPlan {
    /// The groups, the one to prepare first at the front.
    pub groups: Vec<WarmGroup>,
    /// Most containers prepared at once; absent: without limit, and the order does not matter.
    #[cfg_attr(feature = "serde", serde(default))]
    pub at_once: Option<u32>,
}

/// The containers of one group that there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Ready to be taken.
    pub ready: u32,
    /// Being prepared.
    pub preparing: u32,
}

impl WarmPlan {
    /// Document 001, "Sub-Agent Spawn Latency": five containers at startup, Sonnet first. How the five are shared and that
    /// two are prepared at a time (as its agents are added) is not printed.
    pub fn published_001() -> Self {
        let of = |group: &str, containers| WarmGroup { group: group.into(), containers, daily: None };
        Self { groups: alloc::vec![of("sonnet", 2), of("haiku", 3)], at_once: Some(2) }
    }

    /// Named plans; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let unlimited = Self { at_once: None, ..Self::published_001() };
        alloc::vec![("published_001", Self::published_001()), ("unlimited", unlimited)]
    }

    /// Says what is impossible in this plan.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.at_once == Some(0) {
            return Err(SpecError::new(
                "at_once",
                "is 0, so that nothing is ever prepared; expected at least 1",
            ));
        }
        for (index, warm) in self.groups.iter().enumerate() {
            if self.groups[..index].iter().any(|other| other.group == warm.group) {
                let problem = format!("`{}` is named twice", warm.group);
                return Err(SpecError::new(format!("groups.{index}.group"), problem));
            }
            let daily = warm.daily.as_ref().map_or(Ok(()), DailySchedule::validate);
            daily.map_err(|error| error.within(&format!("groups.{index}.daily")))?;
        }
        Ok(())
    }

    /// When more containers may be asked for than are now, because a window of a schedule begins.
    pub fn next_begin(&self, now: Time) -> Option<Time> {
        self.groups.iter().filter_map(|warm| warm.daily.as_ref()?.next_begin(now)).min()
    }

    /// The place of the group whose container is to be prepared next; `None` when none is, or no more at once. The caller
    /// asks again until it is `None`: at the start, when a container is taken, when one is ready, and when a daily window
    /// begins. `stock` is in the order of the groups; a missing entry is empty.
    pub fn next(&self, now: Time, stock: &[Stock]) -> Option<usize> {
        let preparing = stock.iter().fold(0_u32, |sum, stock| sum.saturating_add(stock.preparing));
        if self.at_once.is_some_and(|most| preparing >= most) {
            return None;
        }
        self.groups.iter().enumerate().position(|(place, warm)| {
            let stock = stock.get(place).copied().unwrap_or_default();
            stock.ready.saturating_add(stock.preparing) < warm.wanted(now)
        })
    }
}

impl WarmGroup {
    /// How many are to be ready.
    pub fn wanted(&self, now: Time) -> u32 {
        self.containers.max(self.daily.as_ref().map_or(0, |daily| daily.floor(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autoscale::DailyWindow;
    use crate::units::Span;
    use proptest::prelude::*;

    #[test]
    fn the_group_named_first_is_full_before_the_next_begins() {
        let plan = WarmPlan { at_once: Some(1), ..WarmPlan::published_001() };
        let mut stock = [Stock::default(); 2];
        let mut order = Vec::new();
        while let Some(place) = plan.next(Time::START, &stock) {
            stock[place].preparing += 1;
            assert_eq!(plan.next(Time::START, &stock), None, "one at a time");
            stock[place] = Stock { ready: stock[place].ready + 1, preparing: 0 };
            order.push(place);
        }
        assert_eq!(order, [0, 0, 1, 1, 1]);
        // A Sonnet container is taken: it goes before the Haiku one taken earlier.
        (stock[1].ready, stock[0].ready) = (2, 1);
        assert_eq!(plan.next(Time::START, &stock), Some(0));
    }

    #[test]
    fn quiet_hours_ask_for_more() {
        let window =
            DailyWindow { from: Span::ZERO, until: Span::from_secs(3_600), days: Vec::new(), agents: 4 };
        let daily = DailySchedule { windows: alloc::vec![window], ..DailySchedule::default() };
        let mut plan = WarmPlan::published_001();
        plan.groups[0].daily = Some(daily);
        plan.validate().expect("a valid plan");
        let stock = [Stock { ready: 3, preparing: 0 }, Stock { ready: 3, preparing: 0 }];
        assert_eq!(plan.next(Time::START, &stock), Some(0));
        assert_eq!(plan.next(Time::START + Span::from_secs(3_600), &stock), None);
    }

    #[test]
    fn impossible_plans_name_the_field() {
        let plan = WarmPlan { at_once: Some(0), ..WarmPlan::published_001() };
        assert_eq!(plan.validate().expect_err("nothing is prepared").field, "at_once");
        let mut plan = WarmPlan::published_001();
        plan.groups[1].group = "sonnet".into();
        assert_eq!(plan.validate().expect_err("named twice").field, "groups.1.group");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_more_at_once_than_allowed_and_never_more_than_wanted(
            steps in proptest::collection::vec((0_usize..2, proptest::bool::ANY), 1..60)
        ) {
            for (name, plan) in WarmPlan::examples() {
                let mut stock = [Stock::default(); 2];
                for &(place, take) in &steps {
                    let entry = &mut stock[place];
                    if take {
                        entry.ready = entry.ready.saturating_sub(1);
                    } else if entry.preparing > 0 {
                        *entry = Stock { ready: entry.ready + 1, preparing: entry.preparing - 1 };
                    }
                    while let Some(next) = plan.next(Time::START, &stock) {
                        stock[next].preparing += 1;
                    }
                    let preparing: u32 = stock.iter().map(|stock| stock.preparing).sum();
                    prop_assert!(plan.at_once.is_none_or(|most| preparing <= most), "{} prepares too many", name);
                    for (warm, stock) in plan.groups.iter().zip(&stock) {
                        prop_assert!(stock.ready + stock.preparing <= warm.containers);
                    }
                    let lacking = plan.groups.iter().zip(&stock).any(|(warm, stock)| stock.ready + stock.preparing < warm.containers);
                    prop_assert!(!lacking || plan.at_once == Some(preparing), "{} leaves a place empty", name);
                }
            }
        }
    }
}
