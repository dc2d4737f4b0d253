//! The five levels.

use super::*;
use proptest::prelude::*;

fn at(seconds: u64) -> Time {
    Time::START + Span::from_secs(seconds)
}

fn without(down: &[Component]) -> Components {
    let share = |component| if down.contains(&component) { 0.0 } else { 1.0 };
    Components {
        primary_model: share(Component::PrimaryModel),
        backup_model: share(Component::BackupModel),
        memory_service: share(Component::MemoryService),
        tool_service: share(Component::ToolService),
        checkpoint_store: share(Component::CheckpointStore),
    }
}

#[track_caller]
fn check(down: &[Component], printed: (u8, LevelCause), worst: (u8, LevelCause)) {
    for (spec, expected) in [(LevelSpec::published_004(), printed), (LevelSpec::written_004(), worst)] {
        let change = spec.build().expect("valid").update(at(0), &without(down));
        assert_eq!((change.level.number(), change.cause), expected, "{:?}", spec.several);
    }
}

#[test]
fn each_failure_calls_for_its_level() {
    use Component::{BackupModel, CheckpointStore, MemoryService, PrimaryModel, ToolService};
    let same = |down: &[Component], level, cause| check(down, (level, cause), (level, cause));
    same(&[], 0, LevelCause::None);
    same(&[BackupModel], 0, LevelCause::None);
    same(&[PrimaryModel], 1, LevelCause::PrimaryModel);
    same(&[MemoryService], 2, LevelCause::MemoryService);
    same(&[ToolService], 3, LevelCause::ToolService);
    same(&[CheckpointStore], 4, LevelCause::CheckpointStore);
    same(&[PrimaryModel, BackupModel], 4, LevelCause::NoModel);
    same(&Component::ALL, 4, LevelCause::CheckpointStore);
}

#[test]
fn a_lost_primary_model_hides_the_rest_as_printed_only() {
    use Component::{BackupModel, MemoryService, PrimaryModel, ToolService};
    let printed = (1, LevelCause::PrimaryModel);
    check(&[PrimaryModel, ToolService], printed, (3, LevelCause::ToolService));
    check(&[PrimaryModel, MemoryService], printed, (3, LevelCause::Several));
    check(&[BackupModel, MemoryService], (2, LevelCause::MemoryService), (3, LevelCause::Several));
}

#[test]
fn a_worse_level_comes_at_once_and_a_better_one_after_the_dwell() {
    let mut levels = LevelSpec::default().build().expect("valid");
    let mut level = |seconds, down: &[Component]| levels.update(at(seconds), &without(down)).level.number();
    assert_eq!(level(100, &[Component::MemoryService]), 2);
    assert_eq!(level(110, &[Component::ToolService]), 3);
    assert_eq!(level(139, &[]), 3);
    assert_eq!(level(140, &[]), 0);
}

#[test]
fn a_component_between_its_thresholds_stays_as_it_is() {
    let mut levels = LevelSpec { dwell: Span::ZERO, ..LevelSpec::default() }.build().expect("valid");
    let mut level = |tool_service| {
        let health = Components { tool_service, ..Components::HEALTHY };
        levels.update(at(0), &health).level.number()
    };
    assert_eq!([0.5, 0.49, 0.89, f64::NAN, 0.9, f64::NAN].map(&mut level), [0, 3, 3, 3, 0, 0]);
}

#[test]
fn capabilities_shrink_as_printed() {
    let counts = Level::ALL.map(|level| {
        let can = level.capabilities();
        let all = [can.full_quality, can.long_term_memory, can.tools, can.basic_answers, can.new_requests];
        all.into_iter().filter(|can| *can).count()
    });
    assert_eq!(counts, [5, 4, 4, 3, 0]);
    assert!(!Level::ReducedQuality.capabilities().full_quality);
    assert!(!Level::LimitedFeatures.capabilities().long_term_memory);
    assert!(!Level::CoreOnly.capabilities().tools);
}

#[test]
fn impossible_specifications_name_the_field() {
    let error = |down_below_share, up_from_share| {
        let spec = LevelSpec { down_below_share, up_from_share, ..LevelSpec::default() };
        spec.validate().expect_err("it is impossible").field
    };
    assert_eq!(error(0.0, 0.5), "down_below_share");
    assert_eq!(error(0.5, 1.1), "up_from_share");
    assert_eq!(error(0.5, 0.4), "up_from_share");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_better_within_the_dwell_and_never_new_work_without_a_model_or_checkpoints(
        steps in proptest::collection::vec((0_u64..40, proptest::array::uniform5(0.0..1.0_f64)), 1..60)
    ) {
        for (name, spec) in LevelSpec::examples() {
            let mut levels = spec.build().expect("valid");
            let mut seconds = 0;
            for &(gap, [primary_model, backup_model, memory_service, tool_service, checkpoint_store]) in &steps {
                seconds += gap;
                let (before, since) = (levels.level(), levels.since());
                let health =
                    Components { primary_model, backup_model, memory_service, tool_service, checkpoint_store };
                let change = levels.update(at(seconds), &health);
                prop_assert_eq!(change.changed, change.level != before);
                prop_assert_eq!(change.level, levels.level());
                if change.level < before {
                    prop_assert!(at(seconds) - since >= spec.dwell, "{} grew better too soon", name);
                }
                let no_model = !levels.is_up(Component::PrimaryModel) && !levels.is_up(Component::BackupModel);
                if no_model || !levels.is_up(Component::CheckpointStore) {
                    prop_assert!(!levels.capabilities().new_requests, "{} takes work it cannot do", name);
                }
            }
        }
    }
}
