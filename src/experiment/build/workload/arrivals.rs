//! Open arrivals: their laws, and how many tasks they bring.

use super::super::check_positive;
use super::super::system::check_law;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::{Arrivals, MmppState, RateInterpolation, RatePoint};
use crate::experiment::tree::Tree;
use crate::model::distribution::Law;
use crate::model::workload::Load;
use tars_policy::units::Span;

fn check_rate(tree: &Tree, path: &Path, rate: f64, diagnostics: &mut Diagnostics) -> bool {
    let right = rate.is_finite() && rate > 0.0 && rate <= 1e9;
    if !right {
        diagnostics.out_of_range(tree, path, "the rate", rate, "above 0 and at most a billion per second");
    }
    right
}

/// Open arrivals as a load, if nothing is wrong with them.
pub(super) fn open(
    tree: &Tree,
    path: &Path,
    arrivals: &Arrivals,
    diagnostics: &mut Diagnostics,
) -> Option<Load> {
    match arrivals {
        Arrivals::Poisson { rate_per_s } => {
            let at = path.key("poisson").key("rate_per_s");
            check_rate(tree, &at, *rate_per_s, diagnostics)
                .then(|| Load::Rate(vec![(Span::ZERO, *rate_per_s, 0.0)], None))
        }
        Arrivals::Renewal { interval, rate_per_s } => {
            renewal(tree, &path.key("renewal"), interval, *rate_per_s, diagnostics)
        }
        Arrivals::Piecewise { points, interpolation, repeat, factor } => {
            piecewise(tree, &path.key("piecewise"), points, *interpolation, *repeat, *factor, diagnostics)
        }
        Arrivals::Sinusoidal { mean_rate_per_s, amplitude_share, period } => {
            let at = path.key("sinusoidal");
            check_rate(tree, &at.key("mean_rate_per_s"), *mean_rate_per_s, diagnostics);
            if !(0.0..=1.0).contains(amplitude_share) {
                diagnostics.out_of_range(
                    tree,
                    &at.key("amplitude_share"),
                    "the amplitude",
                    *amplitude_share,
                    "0 to 1",
                );
            }
            check_positive(tree, &at.key("period"), *period, diagnostics);
            Some(Load::Sinusoidal(*mean_rate_per_s, *amplitude_share, *period))
        }
        Arrivals::Mmpp { states, rate_per_s } => {
            mmpp(tree, &path.key("mmpp"), states, *rate_per_s, diagnostics)
        }
        Arrivals::Batches { interval, size } => {
            let at = path.key("batches");
            check_law(tree, &at.key("interval"), interval, diagnostics);
            check_law(tree, &at.key("size"), size, diagnostics);
            Some(Load::Batches(interval.clone(), size.clone()))
        }
        Arrivals::Scheduled { times } => {
            if let Some(place) = times.windows(2).position(|pair| pair[0] > pair[1]) {
                let at = path.key("scheduled").key("times").index(place + 1);
                diagnostics.senseless(
                    tree,
                    &at,
                    "this time is before the one in front of it",
                    "list times in order",
                );
            }
            Some(Load::Scheduled(times.clone()))
        }
    }
}

fn renewal(
    tree: &Tree,
    path: &Path,
    interval: &Law<Span>,
    rate_per_s: Option<f64>,
    diagnostics: &mut Diagnostics,
) -> Option<Load> {
    let at = path.key("interval");
    check_law(tree, &at, interval, diagnostics);
    let Some(rate) = rate_per_s else { return Some(Load::Renewal(interval.clone(), 1.0)) };
    let is_rate = check_rate(tree, &path.key("rate_per_s"), rate, diagnostics);
    let mean = interval.validate().ok().and_then(|()| interval.mean_seconds()).filter(|mean| *mean > 0.0);
    if mean.is_none() {
        let message = "a law without a finite positive mean cannot be scaled to a rate";
        diagnostics.senseless(tree, &at, message, "leave `rate_per_s` out, or take another law");
    }
    mean.filter(|_| is_rate).map(|mean| Load::Renewal(interval.clone(), 1.0 / rate / mean))
}

fn mmpp(
    tree: &Tree,
    path: &Path,
    states: &[MmppState],
    rate_per_s: Option<f64>,
    diagnostics: &mut Diagnostics,
) -> Option<Load> {
    for (place, state) in states.iter().enumerate() {
        let at = path.key("states").index(place);
        if !(state.rate_per_s.is_finite() && state.rate_per_s >= 0.0) {
            diagnostics.out_of_range(tree, &at.key("rate_per_s"), "the rate", state.rate_per_s, "at least 0");
        }
        check_positive(tree, &at.key("mean_stay"), state.mean_stay, diagnostics);
    }
    let time: f64 = states.iter().map(|state| state.mean_stay.as_secs_f64()).sum();
    let tasks: f64 = states.iter().map(|state| state.rate_per_s * state.mean_stay.as_secs_f64()).sum();
    if tasks.is_nan() || tasks <= 0.0 {
        let hint = "give at least one a positive rate";
        diagnostics.senseless(tree, &path.key("states"), "no state has arrivals", hint);
        return None;
    }
    if let Some(rate) = rate_per_s {
        check_rate(tree, &path.key("rate_per_s"), rate, diagnostics);
    }
    let factor = rate_per_s.map_or(1.0, |rate| rate * time / tasks);
    Some(Load::Mmpp(states.iter().map(|state| (state.rate_per_s * factor, state.mean_stay)).collect()))
}

fn piecewise(
    tree: &Tree,
    path: &Path,
    points: &[RatePoint],
    interpolation: RateInterpolation,
    repeat: bool,
    factor: f64,
    diagnostics: &mut Diagnostics,
) -> Option<Load> {
    let at = path.key("points");
    if points.first().is_none_or(|point| !point.at.is_zero()) {
        diagnostics.senseless(
            tree,
            &at,
            "the first point is not at `0s`",
            "say which rate the run starts with",
        );
        return None;
    }
    if let Some(place) = points.windows(2).position(|pair| pair[0].at >= pair[1].at) {
        diagnostics.senseless(
            tree,
            &at.index(place + 1).key("at"),
            "this point is not after the one before it",
            "",
        );
        return None;
    }
    for (place, point) in points.iter().enumerate() {
        if !(point.rate_per_s.is_finite() && point.rate_per_s >= 0.0) {
            diagnostics.out_of_range(
                tree,
                &at.index(place).key("rate_per_s"),
                "the rate",
                point.rate_per_s,
                "at least 0",
            );
        }
    }
    if !(factor.is_finite() && factor > 0.0) {
        diagnostics.out_of_range(tree, &path.key("factor"), "the factor", factor, "above 0");
    }
    if repeat && points.len() < 2 {
        diagnostics.senseless(
            tree,
            path,
            "a pattern that repeats needs a second point, whose time is the period",
            "",
        );
        return None;
    }
    let pieces = points.len() - usize::from(repeat);
    let lines = (0..pieces).map(|place| {
        let rate = points[place].rate_per_s * factor;
        let slope = match (interpolation, points.get(place + 1)) {
            (RateInterpolation::Linear, Some(next)) => {
                (next.rate_per_s * factor - rate) / (next.at - points[place].at).as_secs_f64()
            }
            (RateInterpolation::Linear | RateInterpolation::Step, _) => 0.0,
        };
        (points[place].at, rate, slope)
    });
    Some(Load::Rate(lines.collect(), repeat.then(|| points[points.len() - 1].at)))
}

/// The mean rate of a load per second in the long run, where it has one that does not depend on answers.
pub(in super::super) fn mean_rate(load: &Load) -> Option<f64> {
    match load {
        Load::Renewal(law, factor) => Some(1.0 / (law.mean_seconds()? * factor)),
        // Without a period the last rate goes on for ever; before that is a story.
        Load::Rate(pieces, None) => match pieces.as_slice() {
            [(_, rate, _)] => Some(*rate),
            _ => None,
        },
        Load::Rate(pieces, Some(period)) => {
            Some(tasks_until(pieces, period.as_secs_f64()) / period.as_secs_f64())
        }
        Load::Sinusoidal(mean, ..) => Some(*mean),
        Load::Mmpp(states) => {
            let time: f64 = states.iter().map(|(_, stay)| stay.as_secs_f64()).sum();
            let tasks: f64 = states.iter().map(|(rate, stay)| rate * stay.as_secs_f64()).sum();
            Some(tasks / time)
        }
        Load::Batches(interval, size) => {
            let mean: Option<f64> = Law::mean(size);
            Some(mean? / interval.mean_seconds()?)
        }
        Load::Closed(_) | Load::Scheduled(_) | Load::Trace(..) | Load::Sessions(_) => None,
    }
}

/// How many tasks a load submits in `seconds`, where that is known.
pub(in super::super) fn expected_tasks(load: &Load, seconds: f64) -> Option<f64> {
    match load {
        Load::Rate(pieces, None) => Some(tasks_until(pieces, seconds)),
        Load::Scheduled(times) => Some(times.len() as f64),
        Load::Rate(_, Some(_))
        | Load::Renewal(..)
        | Load::Sinusoidal(..)
        | Load::Mmpp(_)
        | Load::Batches(..)
        | Load::Closed(_)
        | Load::Trace(..)
        | Load::Sessions(_) => Some(mean_rate(load)? * seconds),
    }
}

/// The area under straight pieces (start, rate, slope) from their start to `end`, in seconds.
fn tasks_until(pieces: &[(Span, f64, f64)], end: f64) -> f64 {
    let ends = pieces.iter().skip(1).map(|(start, ..)| start.as_secs_f64()).chain([end]);
    let area = |((start, rate, slope), until): (&(Span, f64, f64), f64)| {
        let length = (until.min(end) - start.as_secs_f64()).max(0.0);
        length * (rate + slope * length / 2.0)
    };
    pieces.iter().zip(ends).map(area).sum()
}
