//! Controllers as subjects: autoscalers, degradation, alerts.

use super::*;

pub(super) struct AutoscaleSubject {
    autoscaler: Autoscaler,
    agents: u32,
}

pub(super) fn threshold() -> AutoscaleSpec {
    let rate = SpawnRate { agents: 3, per: Span::from_micros(90) };
    let pace = PaceSpec {
        cooldown_up: Span::from_micros(10),
        cooldown_down: Span::from_micros(60),
        spawn_rate_limit: Some(rate),
        ..PaceSpec::default()
    };
    AutoscaleSpec::Threshold(ThresholdSpec { pace, ..ThresholdSpec::default() })
}

pub(super) fn predictive() -> AutoscaleSpec {
    let forecast = Forecast::Holt { level_share: 0.5, trend_share: 0.3, step: Span::from_micros(15) };
    AutoscaleSpec::Predictive(PredictiveSpec {
        forecast,
        horizon: Span::from_micros(30),
        pace: PaceSpec { cooldown_down: Span::from_micros(40), ..PaceSpec::default() },
        ..PredictiveSpec::default()
    })
}

pub(super) fn hpa() -> AutoscaleSpec {
    AutoscaleSpec::Hpa(HpaSpec {
        behavior: Some(Behavior::default()),
        downscale_stabilization: Span::from_micros(60),
        sync_period: Span::from_micros(15),
        ..HpaSpec::cpu(60, 2, 20)
    })
}

pub(super) fn autoscale(spec: &AutoscaleSpec) -> AutoscaleSubject {
    AutoscaleSubject { autoscaler: spec.build().expect("a valid autoscaler"), agents: 5 }
}

impl Subject for AutoscaleSubject {
    fn ask(&mut self, question: &Question) -> String {
        let metrics = Metrics {
            queue_depth: question.number(0, 101),
            queue_max: 100,
            agents_active: self.agents,
            agents_idle: self.agents.min(question.number(8, 8)),
            busy_share: question.draw,
            arrival_rate_per_s: f64::from(question.number(16, 20)),
            mean_processing: Span::from_millis(500),
            ..Metrics::default()
        };
        let scale = self.autoscaler.decide(question.now, &metrics);
        self.agents = self.agents.saturating_add_signed(scale.target_change);
        format!("{:?} {}", scale.reason, scale.target_change)
    }
}

pub(super) struct DegradeSubject(Degrade);

pub(super) fn three_mode() -> DegradeSpec {
    DegradeSpec::ThreeMode(ThreeModeSpec { dwell: Span::from_micros(50), ..ThreeModeSpec::default() })
}

pub(super) fn load() -> DegradeSpec {
    let smoothing = Some(Span::from_micros(20));
    DegradeSpec::Load(LoadSpec { smoothing, dwell: Span::from_micros(30), ..LoadSpec::default() })
}

pub(super) fn degrade(spec: &DegradeSpec) -> DegradeSubject {
    DegradeSubject(spec.build().expect("a valid controller"))
}

impl Subject for DegradeSubject {
    fn ask(&mut self, question: &Question) -> String {
        let share = |shift| f64::from(question.number(shift, 100)) / 100.0;
        let success_share = 1.0 - share(16) / 40.0;
        let health = Health {
            queue_share: share(0),
            memory_share: share(8) * 0.8,
            success_share,
            load: question.draw * 1.5,
        };
        let change = self.0.update(question.now, &health);
        format!("{:?} {:?} {}", change.mode, change.reason, change.changed)
    }
}

pub(super) struct LevelsSubject(Levels);

pub(super) fn levels() -> LevelsSubject {
    let spec = LevelSpec { dwell: Span::from_micros(50), ..LevelSpec::default() };
    LevelsSubject(spec.build().expect("a valid controller"))
}

impl Subject for LevelsSubject {
    fn ask(&mut self, question: &Question) -> String {
        // Most are well most of the time: one look in eight finds a component between fit and gone.
        let share = |shift| {
            let ill = question.number(shift, 8) == 0;
            if ill { f64::from(question.number(shift + 4, 10)) / 10.0 } else { 1.0 }
        };
        let health = Components {
            primary_model: share(0),
            backup_model: share(8),
            memory_service: share(16),
            tool_service: share(24),
            checkpoint_store: share(32),
        };
        let change = self.0.update(question.now, &health);
        format!("{:?} {:?} {}", change.level, change.cause, change.changed)
    }
}

pub(super) struct AlertSubject(Alert);

pub(super) fn usual() -> AlertThreshold {
    AlertThreshold::TimesBaseline {
        factor: 1.2,
        window: Span::from_micros(400),
        least: Span::from_micros(20),
    }
}

pub(super) fn alert(threshold: AlertThreshold) -> AlertSubject {
    let spec = AlertSpec {
        threshold,
        window: Span::from_micros(2),
        resolve_after: Span::from_micros(3),
        cooldown: Span::from_micros(20),
        repeat: true,
        ..AlertSpec::new(AlertMetric::HeapShare, Comparison::Above, 0.0, &[])
    };
    AlertSubject(spec.build().expect("a valid alert"))
}

impl Subject for AlertSubject {
    fn ask(&mut self, question: &Question) -> String {
        let decision = self.0.update(question.now, question.draw);
        let threshold = decision.threshold.map(f64::to_bits);
        format!("{:?} {:?} {threshold:?}", decision.reason, decision.event)
    }
}
