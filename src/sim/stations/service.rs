//! How long a service takes, and whether it will fail.

use super::super::plan::{Plan, exponential};
use super::super::probe::count;
use super::super::strand::{Cause, Strand, uses};
use super::StationState;
use crate::model::workload::Load;
use tars_policy::units::Span;

/// Nanoseconds in a day.
const DAY: u64 = 86_400_000_000_000;

/// Draws a service: its own time, what load adds, and whether it will fail.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
pub(super) fn service_time(
    plan: &Plan,
    strand: &mut Strand,
    state: &mut StationState,
    now: u64,
    cached_tokens: u32,
) -> u64 {
    let law = &plan.stations[strand.station as usize];
    let call = &plan.model.program.visits[strand.visit as usize];
    if law.plain {
        let sampler = call.law.map_or(law.service.as_ref(), |law| Some(&plan.spans[law as usize]));
        strand.own = sampler.map_or(0, |sampler| sampler.sample_span(strand.draw(uses::SERVICE)).as_nanos());
        strand.will_fail = false;
        return strand.own;
    }
    let span = loaded_service_time(plan, strand, state, cached_tokens);
    let span = if law.moody { moody(plan, strand, now, span) } else { span };
    let span = if law.sharded { Span::from_nanos(span).scale(state.stretch).as_nanos() } else { span };
    if law.troubled { state.trouble.touch(strand, now, span) } else { span }
}

/// The same where tokens, a trace or load have a say.
#[inline(never)]
fn loaded_service_time(
    plan: &Plan,
    strand: &mut Strand,
    state: &mut StationState,
    cached_tokens: u32,
) -> u64 {
    let index = strand.station as usize;
    let (station, law) = (&plan.model.stations[index], &plan.stations[index]);
    let call = &plan.model.program.visits[strand.visit as usize];
    let offer = law.offers.get(strand.model as usize).and_then(Option::as_ref);
    let sampler = call
        .law
        .map(|law| &plan.spans[law as usize])
        .or(offer.map(|offer| &offer.latency))
        .or(law.service.as_ref());
    let mut own = sampler.map_or(0, |sampler| sampler.sample_span(strand.draw(uses::SERVICE)).as_nanos());
    let (per_input, per_output) =
        offer.map_or((law.per_input, law.per_output), |offer| (offer.per_input, offer.per_output));
    // What a provider has kept says nothing of other stations.
    let cached_tokens = offer.map_or(0, |_| cached_tokens);
    own += per_input * u64::from(strand.input_tokens - cached_tokens)
        + per_output * u64::from(strand.output_tokens);
    if cached_tokens > 0 {
        own += offer.map_or(0, |offer| offer.per_cached) * u64::from(cached_tokens);
    }
    if station.from_trace {
        own += recorded_service(plan, strand);
    }
    strand.own = own;
    strand.will_fail = false;
    strand.doom = Cause::Error;
    if law.load.len() == 1 {
        return own;
    }
    let number = state.busy.value();
    let point = law.load(station, number);
    count(&mut state.started);
    if let Some(slow) = &station.slowdown
        && slow.calibrated_to.is_some_and(|most| f64::from(number) > f64::from(most) * slow.deployments)
    {
        count(&mut state.beyond);
    }
    strand.will_fail = point.failure_share > 0.0 && strand.draw(uses::FAILURE) < point.failure_share;
    let mut total = Span::from_nanos(own).scale(point.stretch).as_nanos() + point.added;
    if point.tail_share > 0.0
        && strand.draw(uses::TAIL) < point.tail_share
        && let Some((.., mean)) = station.slowdown.as_ref().and_then(|slow| slow.tail)
    {
        total += exponential(mean, strand.draw(uses::TAIL_LENGTH));
    }
    total
}

/// How long a service takes that would take `span` at any other hour, or were it answered.
#[inline(never)]
fn moody(plan: &Plan, strand: &mut Strand, now: u64, span: u64) -> u64 {
    let station = &plan.model.stations[strand.station as usize];
    if let Some((share, after)) = station.timeouts
        && strand.draw(uses::SILENCE) < share
    {
        strand.own = after.as_nanos();
        strand.will_fail = true;
        strand.doom = Cause::Timeout;
        return strand.own;
    }
    let hour = Span::from_nanos(now % DAY);
    let factors = station.peaks.iter().filter(|(from, until, _)| *from <= hour && hour < *until);
    factors.fold(span, |span, (.., factor)| Span::from_nanos(span).scale(*factor).as_nanos())
}

/// The service that a trace holds for the task, or for the call of its session.
fn recorded_service(plan: &Plan, strand: &Strand) -> u64 {
    match &plan.model.clients[strand.client as usize].load {
        Load::Trace(trace, _) => trace.requests[strand.row as usize].service.as_nanos(),
        Load::Sessions(trace) => {
            let (first, ..) = trace.sessions[strand.row as usize];
            trace.calls[(first + strand.replay / 2 - 1) as usize].1.as_nanos()
        }
        Load::Closed(_)
        | Load::Renewal(..)
        | Load::Rate(..)
        | Load::Sinusoidal(..)
        | Load::Mmpp(_)
        | Load::Batches(..)
        | Load::Scheduled(_) => 0,
    }
}
