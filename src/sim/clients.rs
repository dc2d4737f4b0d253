//! Clients: when they submit, how long they wait, how they try again, and what becomes of a task.

use super::event::Event;
use super::impact::Mark;
use super::ledger::Part;
use super::stations::{counted, small};
use super::strand::{BACKGROUND, CARRIER, Cause, EndKind, NOBODY, NONE, Phase, Strand, uses};
use super::world::{FAR, World, whole};
use crate::engine::Ticket;
use crate::model::workload::{Closed, Load};
use crate::random::{Stream, Streams, later};
use tars_policy::retry::{Failure, Retry, RetryVerdict};
use tars_policy::units::Span;

/// A client at work.
pub(super) struct ClientState {
    arrivals: Stream,
    keys: Stream,
    retry: Option<Retry>,
    /// The next row of a trace, or of a schedule.
    next: u32,
    /// The state of a modulated process, and when it changes.
    state: usize,
    changes: u64,
}

/// A user of a closed loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct User {
    client: u16,
    key: u64,
    issued: u64,
}

impl World<'_> {
    pub(super) fn start_clients(&mut self, streams: &Streams) {
        for index in 0..self.plan.model.clients.len() {
            let client = &self.plan.model.clients[index];
            let built = "policies were validated when the model was made";
            self.clients.push(ClientState {
                arrivals: streams.stream(&client.name, "arrivals"),
                keys: streams.stream(&client.name, "tasks"),
                retry: client.retry.as_ref().map(|spec| spec.build().expect(built)),
                next: 0,
                state: 0,
                changes: 0,
            });
            match &client.load {
                Load::Closed(closed) => self.start_users(small(index), closed),
                Load::Sessions(trace) => {
                    for session in 0..trace.sessions.len() {
                        let key = self.clients[index].keys.bits();
                        self.submit(small(index), NOBODY, key, u32::try_from(session).unwrap_or(u32::MAX));
                    }
                }
                Load::Renewal(..)
                | Load::Rate(..)
                | Load::Sinusoidal(..)
                | Load::Mmpp(_)
                | Load::Batches(..)
                | Load::Scheduled(_)
                | Load::Trace(..) => self.schedule_arrival(small(index)),
            }
        }
        self.drain_ready();
    }

    /// Users start in index order, evenly over the spread, thinking first or not.
    fn start_users(&mut self, client: u16, closed: &Closed) {
        for number in 0..closed.users {
            let key = self.clients[client as usize].keys.bits();
            let user = u32::try_from(self.users.len()).expect("fewer than 2^32 users");
            self.users.push(User { client, key, issued: 0 });
            let spread =
                u128::from(closed.start_spread.as_nanos()) * u128::from(number) / u128::from(closed.users);
            let spread = u64::try_from(spread).expect("a share of the spread");
            let mut at = closed.start_after.as_nanos().saturating_add(spread);
            if closed.start_thinking {
                at = at.saturating_add(self.think(user));
            }
            self.agenda.schedule(at.min(FAR), Event::User(user));
        }
    }

    /// The pause before the user's next submission.
    fn think(&self, user: u32) -> u64 {
        let User { client, key, issued } = self.users[user as usize];
        match &self.plan.clients[client as usize].think {
            Some(law) => law.sample_span(counted(key, issued, uses::THINK)).as_nanos(),
            None => 0,
        }
    }

    pub(super) fn user_submits(&mut self, user: u32) {
        if self.submissions_are_over() {
            return;
        }
        let state = &mut self.users[user as usize];
        let (client, key, issued) = (state.client, state.key, state.issued);
        if let Load::Closed(closed) = &self.plan.model.clients[client as usize].load
            && (closed.tasks_per_user.is_some_and(|most| issued >= most)
                || closed.leave_after.is_some_and(|leave| self.now >= leave.as_nanos()))
        {
            return;
        }
        state.issued += 1;
        let key =
            later(key ^ (issued >> 32), u32::try_from(issued & 0xffff_ffff).expect("masked"), uses::TASK);
        self.submit(client, user, key, 0);
    }

    /// Whether the client's users submit again once they have their answers.
    fn waits_for_answers(&self, client: u16) -> bool {
        self.plan.clients[client as usize].users.is_none()
    }

    /// What tells the user of a task from every other; a task of nobody is a user of its own.
    pub(super) fn user_key(&self, id: u32) -> u64 {
        let strand = self.strands.get(id);
        match strand.user {
            NOBODY => strand.key,
            user if self.waits_for_answers(strand.client) => u64::from(user),
            user => u64::from(strand.client) << 32 | u64::from(user),
        }
    }

    fn submissions_are_over(&self) -> bool {
        self.plan.model.measure.terminating && self.now >= self.end
    }

    /// An arrival of an open client, and the next one after it.
    pub(super) fn arrive(&mut self, client: u32) {
        let client = small(client as usize);
        if self.submissions_are_over() {
            return;
        }
        let plan = self.plan;
        match &plan.model.clients[client as usize].load {
            Load::Trace(trace, speed) => {
                // All rows of one moment are submitted in order.
                let now = self.now;
                loop {
                    let row = self.clients[client as usize].next;
                    let Some(request) = trace.requests.get(row as usize) else { return };
                    if scaled(request.at, *speed) > now {
                        break;
                    }
                    self.clients[client as usize].next += 1;
                    let key = self.clients[client as usize].keys.bits();
                    self.submit(client, NOBODY, key, row);
                }
            }
            Load::Batches(..) => {
                let size = plan.clients[client as usize].size.as_ref().expect("a batch has a size");
                let draw = self.clients[client as usize].arrivals.unit();
                for _ in 0..whole(libm::round(size.sample(draw))).max(1) {
                    self.submit_one(client);
                }
            }
            Load::Closed(_)
            | Load::Renewal(..)
            | Load::Rate(..)
            | Load::Sinusoidal(..)
            | Load::Mmpp(_)
            | Load::Scheduled(_)
            | Load::Sessions(_) => self.submit_one(client),
        }
        self.schedule_arrival(client);
    }

    fn submit_one(&mut self, client: u16) {
        let key = self.clients[client as usize].keys.bits();
        self.submit(client, NOBODY, key, 0);
    }

    #[inline]
    fn schedule_arrival(&mut self, client: u16) {
        let plan = self.plan;
        let now = self.now;
        let state = &mut self.clients[client as usize];
        let at = match &plan.model.clients[client as usize].load {
            Load::Renewal(_, factor) => {
                let law =
                    plan.clients[client as usize].interval.as_ref().expect("a renewal process has a law");
                let span = law.sample_span(state.arrivals.unit());
                let span = if factor.to_bits() == 1_f64.to_bits() { span } else { span.scale(*factor) };
                Some(now.saturating_add(span.as_nanos()))
            }
            Load::Batches(..) => {
                let law = plan.clients[client as usize].interval.as_ref().expect("batches have a law");
                Some(now.saturating_add(law.sample_span(state.arrivals.unit()).as_nanos()))
            }
            Load::Rate(pieces, period) => next_of_rate(pieces, *period, now, &mut state.arrivals),
            Load::Sinusoidal(mean, amplitude, period) => {
                Some(next_of_sine(*mean, *amplitude, *period, now, &mut state.arrivals))
            }
            Load::Mmpp(states) => Some(state.next_modulated(states, now)),
            Load::Scheduled(times) => {
                let next = times.get(state.next as usize).map(|span| span.as_nanos());
                state.next += 1;
                next
            }
            Load::Trace(trace, speed) => {
                trace.requests.get(state.next as usize).map(|request| scaled(request.at, *speed))
            }
            Load::Closed(_) | Load::Sessions(_) => None,
        };
        if let Some(at) = at
            && at < FAR
        {
            self.agenda.schedule(at, Event::Arrive(u32::from(client)));
        }
    }

    /// A task is submitted now.
    #[inline]
    fn submit(&mut self, client: u16, user: u32, key: u64, row: u32) {
        let plan = self.plan;
        let now = self.now;
        let source = &plan.clients[client as usize];
        let class = match source.only_class {
            Some(class) => class,
            None => class_of(&plan.model.clients[client as usize].mix, key),
        };
        let kind = &plan.classes[class as usize];
        let (id, strand) = self.strands.revive(Strand::default);
        strand.renew(now, key, client, class, user, row, kind.priority, kind.role);
        if let Some(law) = &kind.input_tokens {
            strand.input_tokens = whole(libm::round(law.sample(strand.draw_once(uses::INPUT_TOKENS))));
        }
        if let Some(law) = &kind.output_tokens {
            strand.output_tokens = whole(libm::round(law.sample(strand.draw_once(uses::OUTPUT_TOKENS))));
        }
        strand.pc = kind.start;
        strand.measured = now >= self.cut && now < self.end;
        self.probe.issued(now, strand.measured);
        if !source.plain {
            self.submit_elaborately(id);
        }
        self.proceed(id);
    }

    /// What its trace says of the task, and what its client will do if it is not answered.
    #[inline(never)]
    fn submit_elaborately(&mut self, id: u32) {
        let time = self.time();
        let strand = self.strands.get_mut(id);
        let source = &self.plan.model.clients[strand.client as usize];
        if let Load::Trace(trace, _) = &source.load {
            let request = trace.requests[strand.row as usize];
            strand.input_tokens = request.input_tokens;
            strand.output_tokens = request.output_tokens;
        }
        if let Some(law) = &self.plan.clients[strand.client as usize].users {
            strand.user = whole(law.sample(strand.draw_once(uses::USER))).min(NOBODY - 1);
        }
        if let Some(retry) = &mut self.clients[strand.client as usize].retry {
            retry.on_request(time);
        }
        if let Some(timeout) = source.timeout {
            self.arm_give_up(id, timeout);
        }
    }

    #[inline(never)]
    fn arm_give_up(&mut self, id: u32, timeout: Span) {
        let at = self.now.saturating_add(timeout.as_nanos()).min(FAR);
        self.strands.get_mut(id).give_up = self.agenda.schedule(at, Event::GiveUp(id));
    }

    /// The client's patience with a task is over: the work goes on without it.
    pub(super) fn client_gives_up(&mut self, id: u32, ticket: Ticket) {
        if !self.strands.contains(id) || self.strands.get(id).give_up != ticket {
            self.stale += 1;
            return;
        }
        let client = &self.plan.model.clients[self.strands.get(id).client as usize];
        if self.strands.get(id).phase == Phase::ClientBackoff {
            return self.settle_late(id);
        }
        // The task lives on in a strand of its own; the old strand goes on as wasted work.
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let mut task = strand.like();
        strand.orphan = true;
        strand.give_up = Ticket::NONE;
        let part = task.ledger.part();
        task.ledger.enter(now, part);
        task.agent = None;
        task.node = NONE;
        task.pool = NONE;
        task.worker = NOBODY;
        task.child = NOBODY;
        task.children = 0;
        task.pass = None;
        task.queue_ticket = None;
        task.timer = Ticket::NONE;
        task.timeout = Ticket::NONE;
        task.patience = Ticket::NONE;
        task.give_up = Ticket::NONE;
        task.phase = Phase::ClientBackoff;
        task.cost = 0;
        task.lost = 0;
        task.attempt = 0;
        let task = self.strands.insert(task);
        if client.retries_timed_out && self.try_again(task, Cause::ClientTimeout) {
            return;
        }
        self.settle_late(task);
    }

    /// The task is over because its client waits no longer.
    fn settle_late(&mut self, id: u32) {
        self.settle(id, Some(Cause::ClientTimeout));
    }

    /// The client's retry policy decides; true when the task will be submitted again.
    #[inline(never)]
    fn try_again(&mut self, id: u32, cause: Cause) -> bool {
        let (time, now) = (self.time(), self.now);
        let strand = self.strands.get_mut(id);
        let state = &mut self.clients[strand.client as usize];
        let Some(retry) = &mut state.retry else { return false };
        let failure = Failure {
            attempt: strand.client_attempt,
            last_wait: Span::from_nanos(strand.client_wait),
            retry_after: (strand.retry_after > 0 && cause.kind() == EndKind::Rejected)
                .then(|| Span::from_nanos(strand.retry_after)),
            active: u32::try_from(self.strands.len()).unwrap_or(u32::MAX),
            retrying: self.probe.retrying,
        };
        let strand = self.strands.get_mut(id);
        let draw = crate::random::unit_from(later(strand.key, strand.client_attempt, uses::CLIENT_RETRY));
        let RetryVerdict::RetryAt { at, .. } = retry.on_failure(time, &failure, draw) else { return false };
        let wait = at - time;
        strand.client_attempt += 1;
        strand.client_wait = wait.as_nanos();
        strand.phase = Phase::ClientBackoff;
        strand.give_up = Ticket::NONE;
        strand.region = NONE;
        strand.ledger.enter(now, Part::ClientBackoff);
        self.probe.retrying += 1;
        self.wake_after(id, wait.as_nanos());
        true
    }

    /// The client submits the task again.
    pub(super) fn resubmit(&mut self, id: u32) {
        let model = &self.plan.model;
        self.probe.retrying -= 1;
        let strand = self.strands.get_mut(id);
        strand.pc = self.plan.classes[strand.class as usize].start;
        strand.phase = Phase::Ready;
        strand.cached = NONE;
        strand.retry_after = 0;
        strand.replay = 0;
        self.first_bytes.forget(id);
        if strand.measured {
            self.probe.resubmitted += 1;
        }
        if let Some(timeout) = model.clients[strand.client as usize].timeout {
            self.arm_give_up(id, timeout);
        }
        self.go(id);
    }

    /// A task, or a branch of one, has come to its end, well (`None`) or not.
    #[inline(never)]
    pub(super) fn task_ends(&mut self, id: u32, cause: Option<Cause>) {
        let strand = self.strands.get(id);
        if cause.is_none() && strand.parent == NOBODY && strand.agent.is_none() && !strand.orphan {
            return self.settle(id, None);
        }
        self.task_ends_elaborately(id, cause);
    }

    #[inline(never)]
    fn task_ends_elaborately(&mut self, id: u32, cause: Option<Cause>) {
        if cause.is_some() {
            self.session_ends(id, true);
        }
        let strand = self.strands.get(id);
        if cause.is_some() && strand.worker != NOBODY && self.worker_fails(id) {
            return;
        }
        let strand = self.strands.get(id);
        if strand.parent == CARRIER {
            return self.batch_fails(id, cause.unwrap_or(Cause::Error));
        }
        if strand.parent == BACKGROUND {
            return self.background_ends(id, cause);
        }
        if strand.parent != NOBODY {
            return self.branch_fails(id, cause);
        }
        if strand.agent.is_some() {
            self.leave_pool_after(id, cause);
        }
        let strand = self.strands.get(id);
        if strand.orphan {
            let strand = self.strands.remove(id);
            self.probe.orphan_ends(&strand);
            return;
        }
        if let Some(cause) = cause {
            let client = &self.plan.model.clients[strand.client as usize];
            let again = match cause.kind() {
                EndKind::Rejected => client.retries_refused,
                EndKind::Failed | EndKind::Abandoned => client.retries_failed,
            };
            if again && self.try_again(id, cause) {
                return self.touch_task(id, Mark::Attempt);
            }
        }
        self.settle(id, cause);
    }

    /// A branch that failed takes its task with it.
    #[inline(never)]
    fn branch_fails(&mut self, id: u32, cause: Option<Cause>) {
        let now = self.now;
        if self.strands.get(id).agent.is_some() {
            self.leave_pool_after(id, cause);
        }
        let branch = self.strands.remove(id);
        self.forget_branch(branch.parent, id, branch.sibling);
        let parent = self.strands.get_mut(branch.parent);
        parent.children -= 1;
        parent.cost += branch.cost;
        parent.lost += branch.cost;
        if parent.first_wins && parent.children > 0 {
            // Of a race, one that fails leaves it to the others.
            return;
        }
        parent.take_ledger(now, &branch);
        if parent.rescue != NOBODY {
            // Something else is done in its place.
            parent.pc = std::mem::replace(&mut parent.rescue, NOBODY);
            parent.phase = Phase::Ready;
            parent.child = NOBODY;
            self.touch_task(branch.parent, Mark::Degraded);
            return self.ready.push_back(branch.parent);
        }
        if parent.phase == Phase::InService {
            // The slot was held for this branch: its loss is that of the call.
            parent.child = NOBODY;
            self.withdraw_from_station(branch.parent);
            return self.attempt_failed(branch.parent, cause.unwrap_or(Cause::Error));
        }
        self.cancel_children(branch.parent);
        self.task_ends(branch.parent, cause);
    }

    /// The task is over for its client.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    fn settle(&mut self, id: u32, cause: Option<Cause>) {
        let now = self.now;
        let time = self.time();
        let strand = self.strands.get_mut(id);
        if strand.phase == Phase::ClientBackoff && strand.timer != Ticket::NONE {
            self.probe.retrying -= 1;
        }
        let part = strand.ledger.part();
        strand.ledger.enter(now, part);
        if cause.is_none()
            && let Some(retry) = &mut self.clients[strand.client as usize].retry
        {
            retry.on_success(time);
        }
        if self.first_bytes.on && cause.is_none() && strand.measured {
            self.first_bytes.ended(now, id, strand);
        }
        if self.impact.on {
            self.impact.ended(now, strand, cause);
        }
        if cause.is_none() && self.scaling.is_on() {
            self.scaling.ended(strand.begun, now);
        }
        self.probe.ended(now, &self.plan.model, strand, cause);
        let (user, client) = (strand.user, strand.client);
        self.strands.discard(id);
        if user != NOBODY && self.waits_for_answers(client) {
            let at = now.saturating_add(self.think(user)).min(FAR);
            self.agenda.schedule(at, Event::User(user));
        }
    }
}

impl ClientState {
    /// The next arrival of a modulated process: an exponential interval in the present state, unless the state ends.
    fn next_modulated(&mut self, states: &[(f64, Span)], mut now: u64) -> u64 {
        loop {
            if self.changes == 0 {
                self.changes = now.saturating_add(exponential(states[self.state].1, self.arrivals.unit()));
            }
            let rate = states[self.state].0;
            let interval = if rate > 0.0 {
                exponential(Span::from_secs_f64(1.0 / rate), self.arrivals.unit())
            } else {
                u64::MAX
            };
            let at = now.saturating_add(interval);
            if at < self.changes {
                return at;
            }
            if self.changes >= FAR {
                return FAR;
            }
            // Without memory: what is left of the interval is drawn anew in the next state.
            now = self.changes;
            self.changes = 0;
            self.state = (self.state + 1) % states.len();
        }
    }
}

/// The class that a task with this key is of, out of cumulative shares.
fn class_of(mix: &[(f64, u16)], key: u64) -> u16 {
    let draw = crate::random::unit_from(later(key, 0, uses::CLASS));
    mix.iter().find(|(cumulative, _)| draw < *cumulative).or(mix.last()).expect("a mix has classes").1
}

fn exponential(mean: Span, u: f64) -> u64 {
    super::plan::exponential(mean, u)
}

/// A recorded time, replayed faster.
fn scaled(at: Span, speed: f64) -> u64 {
    if speed.to_bits() == 1_f64.to_bits() { at.as_nanos() } else { at.scale(1.0 / speed).as_nanos() }
}

/// `seconds`, not negative, rounded to the nearest nanosecond exactly as [`Span::from_secs_f64`] does.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is meant"
)]
fn nanos_of(seconds: f64) -> u64 {
    // The greatest number below a half: an amount just below a half is not rounded up with it.
    (seconds * 1e9 + (0.5 - f64::EPSILON / 4.0)) as u64
}

/// The next arrival under a rate of straight lines: a unit exponential amount of expected arrivals further on.
fn next_of_rate(
    pieces: &[(Span, f64, f64)],
    period: Option<Span>,
    now: u64,
    draws: &mut Stream,
) -> Option<u64> {
    let mut left = -libm::log(draws.open_unit());
    if let ([(_, rate, 0.0)], None) = (pieces, period) {
        return Some(now.saturating_add(nanos_of(left / rate)));
    }
    let (mut turn, mut at) = match period {
        Some(period) => (now / period.as_nanos() * period.as_nanos(), now % period.as_nanos()),
        None => (0, now),
    };
    loop {
        let index = pieces.partition_point(|(start, ..)| start.as_nanos() <= at).saturating_sub(1);
        let (start, rate, slope) = pieces[index];
        let end = pieces.get(index + 1).map(|(next, ..)| next.as_nanos()).or(period.map(Span::as_nanos));
        let since = (at - start.as_nanos()) as f64 / 1e9;
        let here = rate + slope * since;
        let length = end.map_or(f64::INFINITY, |end| (end - at) as f64 / 1e9);
        let holds =
            if length.is_finite() { here * length + slope * length * length / 2.0 } else { f64::INFINITY };
        if holds > left && here.max(slope) > 0.0 {
            // here·t + slope·t²/2 = left, in the form that does not cancel.
            let root = libm::sqrt((here * here + 2.0 * slope * left).max(0.0));
            let span = Span::from_secs_f64(2.0 * left / (here + root));
            return Some((turn + at).saturating_add(span.as_nanos()));
        }
        let end = end?;
        if !length.is_finite() {
            return None;
        }
        left -= holds;
        at = end;
        if let Some(period) = period
            && at >= period.as_nanos()
        {
            turn = turn.saturating_add(period.as_nanos());
            at = 0;
            if turn >= FAR {
                return None;
            }
        }
    }
}

/// The next arrival under a sine wave, by thinning (Lewis & Shedler 1979).
fn next_of_sine(mean: f64, amplitude: f64, period: Span, now: u64, draws: &mut Stream) -> u64 {
    let most = mean * (1.0 + amplitude);
    let mut at = now;
    loop {
        at = at.saturating_add(exponential(Span::from_secs_f64(1.0 / most), draws.unit()));
        let phase = (at % period.as_nanos()) as f64 / period.as_nanos() as f64;
        let rate = mean * (1.0 + amplitude * libm::sin(core::f64::consts::TAU * phase));
        if draws.unit() * most < rate || at >= FAR {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn just_below_a_half_is_rounded_down() {
        assert_eq!(
            [nanos_of(0.0), nanos_of(0.499_999_999_999_999_9e-9), nanos_of(0.5e-9), nanos_of(1.0)],
            [0, 0, 1, 1_000_000_000]
        );
        assert_eq!(nanos_of(f64::INFINITY), u64::MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rounding_is_that_of_spans(seconds in 0.0..1e10_f64, halves in 0_u64..1 << 54) {
            prop_assert_eq!(nanos_of(seconds), Span::from_secs_f64(seconds).as_nanos());
            let halves = halves as f64 / 2e9;
            prop_assert_eq!(nanos_of(halves), Span::from_secs_f64(halves).as_nanos());
        }
    }
}
