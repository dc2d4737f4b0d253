//! The autoscaler of Kubernetes, against the tables of its own tests and edge by edge.

use super::*;
use crate::units::Time;

mod control;
mod pace;
mod replicas;

fn at(seconds: u64) -> Time {
    Time::START + Span::from_secs(seconds)
}

/// Long after every pod was started.
const NOW: u64 = 3_600;

/// Pods that have long been ready, with a request of a whole core (or unit) each.
fn observed(spec_replicas: u32, milli: &[i64]) -> Observation {
    Observation {
        spec_replicas,
        status_replicas: spec_replicas,
        pods: alloc::vec![Pod::ready_since(Time::START); milli.len()],
        readings: alloc::vec![samples(milli.iter().map(|&milli| Some(milli)), 1_000)],
    }
}

fn samples(milli: impl Iterator<Item = Option<i64>>, request: i64) -> Reading {
    let samples: Vec<Option<Sample>> =
        milli.map(|milli| milli.map(|milli| Sample::of(milli, at(NOW)))).collect();
    Reading::Pods {
        requests_milli: alloc::vec![Some(request); samples.len()],
        samples,
        strays_milli: Vec::new(),
    }
}
