//! The controller: a rule, the mode it has led to, and when.

use alloc::boxed::Box;

use super::rule::{Average, LoadSpec, ThreeModeSpec};
use super::{DegradeRule, DegradeSpec, Health, Mode, ModeChange, ModeSettings, Modes, Trigger};
use crate::queue::Priority;
use crate::units::{Span, Time};

/// A degradation controller; see the [module](super).
#[derive(Debug)]
pub struct Degrade {
    rule: Rule,
    modes: Modes,
    dwell: Span,
    mode: Mode,
    since: Time,
}

/// How the mode is chosen.
#[derive(Debug)]
enum Rule {
    ThreeMode(ThreeModeSpec),
    Load(LoadSpec, Average),
    Custom(Box<dyn DegradeRule>),
}

impl Degrade {
    pub(super) fn new(spec: &DegradeSpec) -> Self {
        let (rule, dwell) = match spec {
            DegradeSpec::ThreeMode(spec) => (Rule::ThreeMode(spec.clone()), spec.dwell),
            DegradeSpec::Load(spec) => (Rule::Load(spec.clone(), Average::default()), spec.dwell),
        };
        Self { rule, modes: spec.modes().clone(), dwell, mode: Mode::Optimal, since: Time::START }
    }

    /// A controller with a rule of the caller's own.
    pub fn custom(rule: Box<dyn DegradeRule>, modes: Modes, dwell: Span) -> Self {
        Self { rule: Rule::Custom(rule), modes, dwell, mode: Mode::Optimal, since: Time::START }
    }

    /// Chooses the mode. Worse comes at once, better after the dwell.
    pub fn update(&mut self, now: Time, health: &Health) -> ModeChange {
        let (target, reason) = match &mut self.rule {
            Rule::ThreeMode(spec) => spec.target(self.mode, health),
            Rule::Load(spec, average) => {
                let load = average.update(now, health.load, spec.smoothing);
                spec.target(self.mode, load)
            }
            Rule::Custom(rule) => rule.target(now, self.mode, health),
        };
        if target == self.mode {
            return ModeChange { mode: target, changed: false, reason };
        }
        if target < self.mode && now.saturating_since(self.since) < self.dwell {
            return ModeChange { mode: self.mode, changed: false, reason: Trigger::None };
        }
        (self.mode, self.since) = (target, now);
        ModeChange { mode: target, changed: true, reason }
    }

    /// The mode at present.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// When the present mode began; [`Time::START`] at first.
    pub fn since(&self) -> Time {
        self.since
    }

    /// What holds in the present mode.
    pub fn settings(&self) -> &ModeSettings {
        self.modes.of(self.mode)
    }

    /// Whether a new task of this priority is turned away at present.
    pub fn rejects(&self, priority: Priority) -> bool {
        self.settings().reject.rejects(priority)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::super::ModeThresholds;
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::START + Span::from_secs(seconds)
    }

    fn degrade(spec: &DegradeSpec) -> Degrade {
        spec.build().expect("a valid controller")
    }

    #[track_caller]
    fn check_000(queue_share: f64, memory_share: f64, success_share: f64, expected: (Mode, Trigger)) {
        let health = Health { queue_share, memory_share, success_share, load: 0.0 };
        let change = degrade(&DegradeSpec::published_000()).update(at(0), &health);
        assert_eq!((change.mode, change.reason), expected);
    }

    #[test]
    fn a_share_equal_to_its_threshold_does_not_fire() {
        check_000(0.5, 0.6, 0.98, (Mode::Optimal, Trigger::None));
        check_000(0.8, 0.8, 0.95, (Mode::HighLoad, Trigger::Memory));
    }

    #[test]
    fn any_one_signal_is_enough_and_is_named() {
        check_000(0.51, 0.0, 1.0, (Mode::HighLoad, Trigger::Queue));
        check_000(0.0, 0.61, 1.0, (Mode::HighLoad, Trigger::Memory));
        check_000(0.0, 0.0, 0.97, (Mode::HighLoad, Trigger::Success));
        check_000(0.81, 0.0, 1.0, (Mode::Critical, Trigger::Queue));
        check_000(0.0, 0.81, 1.0, (Mode::Critical, Trigger::Memory));
        check_000(0.0, 0.0, 0.94, (Mode::Critical, Trigger::Success));
        check_000(0.9, 0.9, 0.9, (Mode::Critical, Trigger::Memory));
    }

    #[test]
    fn what_is_not_a_number_does_not_fire() {
        check_000(f64::NAN, f64::NAN, f64::NAN, (Mode::Optimal, Trigger::None));
    }

    #[test]
    fn a_load_equal_to_its_threshold_fires() {
        let mut degrade = degrade(&DegradeSpec::published_002());
        let mut mode = |load| degrade.update(at(0), &Health { load, ..Health::PERFECT }).mode;
        assert_eq!(
            [mode(0.599), mode(0.6), mode(0.849), mode(0.85)],
            [Mode::Optimal, Mode::HighLoad, Mode::HighLoad, Mode::Critical]
        );
    }

    #[test]
    fn a_worse_mode_comes_at_once_and_a_better_one_after_the_dwell() {
        let spec = ThreeModeSpec { dwell: Span::from_secs(30), ..ThreeModeSpec::published_000() };
        let mut degrade = degrade(&DegradeSpec::ThreeMode(spec));
        let bad = Health { queue_share: 0.9, ..Health::PERFECT };
        let change = degrade.update(at(10), &bad);
        assert_eq!((change.mode, change.changed, change.reason), (Mode::Critical, true, Trigger::Queue));
        let held = degrade.update(Time::from_nanos(at(40).as_nanos() - 1), &Health::PERFECT);
        assert_eq!((held.mode, held.changed, held.reason), (Mode::Critical, false, Trigger::None));
        let change = degrade.update(at(40), &Health::PERFECT);
        assert_eq!((change.mode, change.changed), (Mode::Optimal, true));
        assert_eq!(degrade.since(), at(40));
    }

    #[test]
    fn a_mode_is_held_between_its_exit_and_its_entry() {
        let mut degrade = degrade(&DegradeSpec::default());
        let mut step = |seconds, queue_share| {
            let change = degrade.update(at(seconds), &Health { queue_share, ..Health::PERFECT });
            (change.mode, change.reason)
        };
        assert_eq!(step(0, 0.75), (Mode::HighLoad, Trigger::Queue), "critical is not entered at 0.75");
        assert_eq!(step(100, 0.85), (Mode::Critical, Trigger::Queue));
        assert_eq!(step(200, 0.75), (Mode::Critical, Trigger::Queue), "but held");
        assert_eq!(step(300, 0.7), (Mode::HighLoad, Trigger::Queue));
        assert_eq!(step(400, 0.45), (Mode::HighLoad, Trigger::Queue));
        assert_eq!(step(500, 0.4), (Mode::Optimal, Trigger::None));
    }

    #[test]
    fn a_constant_overload_crosses_the_modes_when_scenario_11_says() {
        let mut degrade = degrade(&DegradeSpec::scenario_11());
        let changes: Vec<(u64, Mode)> = (0..3_000)
            .filter_map(|hundredths| {
                let now = Time::START + Span::from_millis(hundredths * 10);
                let change = degrade.update(now, &Health { load: 1.103, ..Health::PERFECT });
                change.changed.then_some((hundredths, change.mode))
            })
            .collect();
        assert_eq!(changes, [(801, Mode::HighLoad), (1_501, Mode::Critical)], "in hundredths of a second");
    }

    #[test]
    fn a_load_that_is_not_a_number_leaves_the_average_alone() {
        let mut degrade = degrade(&DegradeSpec::scenario_11());
        let _ = degrade.update(at(100), &Health { load: 0.7, ..Health::PERFECT });
        let change = degrade.update(at(101), &Health { load: f64::NAN, ..Health::PERFECT });
        assert_eq!(change.mode, Mode::HighLoad);
    }

    #[test]
    fn critical_turns_away_low_as_coded_and_all_but_critical_as_written() {
        for (spec, expected) in [
            (DegradeSpec::published_000(), [false, false, false, true]),
            (DegradeSpec::written_000(), [false, true, true, true]),
            (DegradeSpec::published_002(), [false; 4]),
        ] {
            let mut degrade = degrade(&spec);
            assert_eq!(
                Priority::ALL.map(|priority| degrade.rejects(priority)),
                [false; 4],
                "nobody in optimal mode"
            );
            let _ = degrade.update(at(0), &Health { queue_share: 1.0, load: 1.0, ..Health::PERFECT });
            assert_eq!(Priority::ALL.map(|priority| degrade.rejects(priority)), expected);
        }
    }

    #[test]
    fn features_that_are_not_named_are_off() {
        let modes = Modes::published_000();
        let on = |mode| ["core", "search", "plot"].map(|feature| modes.of(mode).allows(feature));
        assert_eq!(on(Mode::Optimal), [true; 3]);
        assert_eq!(on(Mode::HighLoad), [true, true, false]);
        assert_eq!(on(Mode::Critical), [true, false, false]);
        assert!(Modes::published_002().of(Mode::Critical).allows("plot"), "document 002 names no features");
    }

    #[test]
    fn a_rule_of_the_callers_own_decides() {
        #[derive(Debug)]
        struct AtNight;
        impl DegradeRule for AtNight {
            fn target(&mut self, now: Time, _: Mode, _: &Health) -> (Mode, Trigger) {
                if now >= at(20) { (Mode::HighLoad, Trigger::None) } else { (Mode::Optimal, Trigger::None) }
            }
        }
        let mut degrade = Degrade::custom(Box::new(AtNight), Modes::published_000(), Span::ZERO);
        assert_eq!(degrade.update(at(19), &Health::PERFECT).mode, Mode::Optimal);
        assert_eq!(degrade.update(at(20), &Health::PERFECT).mode, Mode::HighLoad);
    }

    #[test]
    fn impossible_specifications_name_the_field() {
        let three = |change: fn(&mut ThreeModeSpec)| {
            let mut spec = ThreeModeSpec::default();
            change(&mut spec);
            DegradeSpec::ThreeMode(spec).validate().map_err(|error| error.field)
        };
        let load = |change: fn(&mut LoadSpec)| {
            let mut spec = LoadSpec::default();
            change(&mut spec);
            DegradeSpec::Load(spec).validate().map_err(|error| error.field)
        };
        let lax = ModeThresholds { queue_share: 0.9, memory_share: 0.9, success_share: 0.9 };
        for (found, field) in [
            (three(|spec| spec.enter_critical.queue_share = 1.5), "three_mode.enter_critical.queue_share"),
            (
                three(|spec| spec.enter_critical.memory_share = f64::NAN),
                "three_mode.enter_critical.memory_share",
            ),
            (
                three(|spec| spec.enter_high_load.success_share = 0.9),
                "three_mode.enter_high_load.success_share",
            ),
            (
                three(|spec| spec.modes.critical.timeout = Some(Span::ZERO)),
                "three_mode.modes.critical.timeout",
            ),
            (load(|spec| spec.high_load = 0.9), "load.high_load"),
            (load(|spec| spec.exit_critical = Some(0.9)), "load.exit_critical"),
            (load(|spec| spec.exit_high_load = Some(0.0)), "load.exit_high_load"),
            (load(|spec| spec.smoothing = Some(Span::ZERO)), "load.smoothing"),
        ] {
            assert_eq!(found, Err(field.into()));
        }
        let spec = ThreeModeSpec { exit_critical: Some(lax), ..ThreeModeSpec::default() };
        let error = DegradeSpec::ThreeMode(spec).validate().expect_err("it would leave at once");
        assert_eq!(error.field, "three_mode.exit_critical.queue_share");
    }

    /// How bad each signal alone is, as printed.
    fn printed(health: &Health) -> Mode {
        let beyond = |limits: [f64; 3]| {
            health.memory_share > limits[0]
                || health.queue_share > limits[1]
                || health.success_share < limits[2]
        };
        match (beyond([0.8, 0.8, 0.95]), beyond([0.6, 0.5, 0.98])) {
            (true, _) => Mode::Critical,
            (false, true) => Mode::HighLoad,
            (false, false) => Mode::Optimal,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn modes_never_get_better_within_the_dwell_nor_worse_than_called_for(
            steps in proptest::collection::vec((0_u64..20, 0.0..1.2, 0.0..1.2, 0.9..1.0, 0.0..1.2), 1..80)
        ) {
            for (name, spec) in DegradeSpec::examples() {
                let mut degrade = degrade(&spec);
                let (mut now, mut worsened, mut worst) = (Time::START, Time::START, Mode::Optimal);
                for &(gap, queue_share, memory_share, success_share, load) in &steps {
                    now += Span::from_secs(gap);
                    let (before, since) = (degrade.mode(), degrade.since());
                    let health = Health { queue_share, memory_share, success_share, load };
                    let change = degrade.update(now, &health);
                    prop_assert_eq!(change.changed, change.mode != before);
                    prop_assert_eq!(change.mode, degrade.mode());
                    prop_assert_eq!(degrade.settings(), spec.modes().of(change.mode));
                    let (three_mode, dwell) = match &spec {
                        DegradeSpec::ThreeMode(spec) => (true, spec.dwell),
                        DegradeSpec::Load(spec) => (false, spec.dwell),
                    };
                    if change.mode < before {
                        prop_assert!(now - since >= dwell, "{} grew better too soon", name);
                    }
                    if three_mode {
                        prop_assert!(change.mode >= printed(&health), "{} is too lenient", name);
                        prop_assert!(change.mode <= printed(&health).max(worst), "{} is worse than ever called for", name);
                    }
                    worst = worst.max(change.mode);
                    worsened = worsened.max(degrade.since());
                    prop_assert_eq!(worsened, degrade.since(), "time of change steps back");
                }
            }
        }
    }
}
