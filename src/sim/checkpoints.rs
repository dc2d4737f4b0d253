//! Checkpoints: what of a session outlives its agent, and how a session whose agent has died goes on with another.
//!
//! A session is lost sight of until the heartbeat has failed often enough; then it waits for an agent like any other task,
//! is restored there, and goes on behind the last checkpoint that was safe when its agent died. A crash while it is being
//! restored begins it all again.

use super::ledger::Part;
use super::strand::{NONE, Phase, uses};
use super::world::{FAR, World};
use crate::model::Model;
use crate::model::route::LOOPS_MAX;
use tars_policy::units::Span;

/// A place of a route that a session can go on from.
#[derive(Clone, Copy, Debug, Default)]
struct Saved {
    pc: u32,
    loops: [u32; LOOPS_MAX],
    /// When the session was there.
    at: u64,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// With its agent.
    #[default]
    Running,
    /// Its agent has died at this moment; it waits to be found, or for an agent.
    Waiting(u64),
    /// Its new agent loads the checkpoint.
    Restoring(u64),
}

/// What is known of the session of a strand.
#[derive(Clone, Debug, Default)]
struct Session {
    /// The strand's key, as its place is used again.
    key: u64,
    safe: Saved,
    /// Checkpoints on their way, and when each is safe.
    pending: Vec<(u64, Saved)>,
    times: u32,
    stage: Stage,
    /// Where it began, and checkpoints on their way to other regions with when each is there.
    begun: Saved,
    copied: Vec<(u64, Saved)>,
    /// Once its region is lost: the step by region, and where the way that it took begins.
    abroad: Option<(u32, u32)>,
}

impl Session {
    /// The latest checkpoint that is safe by now takes the place of those before it.
    fn settle(&mut self, now: u64) {
        let safe = &mut self.safe;
        self.pending.retain(|(at, saved)| {
            if *at <= now && saved.at > safe.at {
                *safe = *saved;
            }
            *at > now
        });
    }
}

/// A session whose agent has died.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pool: u16,
    crashed_at: u64,
}

/// What became of sessions whose agents died, in the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionsRun {
    /// Agents' deaths that hit a session which can go on.
    pub hit: u64,
    /// Of those, the ones after which it went on.
    pub resumed: u64,
    /// The ones after which its next agent died before it went on.
    pub hit_again: u64,
    /// The ones after which it was refused an agent, or had died too often.
    pub lost: u64,
    /// The ones after which nobody waited for it any more.
    pub dropped: u64,
    /// The ones after which it waited when the run stopped.
    pub still_there: u64,
    /// Nanoseconds of work that was done again, and the most of one death.
    pub work_lost: u64,
    /// The most.
    pub work_lost_max: u64,
    /// Nanoseconds from deaths to going on, and the longest.
    pub resuming: u64,
    /// The longest.
    pub resuming_max: u64,
}

impl SessionsRun {
    /// Deaths that hit a running session, which lost work; the others hit one that had not gone on yet.
    pub const fn losing_work(&self) -> u64 {
        self.hit - self.hit_again
    }
}

/// The sessions of a run, by strand.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    on: bool,
    of: Vec<Session>,
    so_far: SessionsRun,
}

impl Checkpoints {
    pub(super) fn new(model: &Model) -> Self {
        Self { on: model.pools.iter().any(|pool| pool.recovery.is_some()), ..Self::default() }
    }

    fn session(&mut self, id: u32) -> &mut Session {
        let place = id as usize;
        if self.of.len() <= place {
            self.of.resize(place + 1, Session::default());
        }
        &mut self.of[place]
    }

    /// The session of a strand, where it is one that waits or is being restored.
    fn suspended(&mut self, id: u32, key: u64) -> Option<&mut Session> {
        let session = self.of.get_mut(id as usize)?;
        (session.key == key && session.stage != Stage::Running).then_some(session)
    }
}

impl World<'_> {
    /// The agent begins with the held steps, or goes on with them: false where the strand has to wait.
    pub(super) fn begin_session(&mut self, id: u32, pool: u16) -> bool {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        let session = self.checkpoints.session(id);
        let crashed_at = match session.stage {
            Stage::Waiting(crashed_at) | Stage::Restoring(crashed_at) if session.key == strand.key => {
                crashed_at
            }
            Stage::Waiting(_) | Stage::Restoring(_) | Stage::Running => {
                let safe = Saved { pc: strand.pc, loops: strand.loops, at: now };
                session.pending.clear();
                (session.key, session.safe, session.times) = (strand.key, safe, 0);
                session.stage = Stage::Running;
                session.begun = safe;
                session.copied.clear();
                session.abroad = None;
                return true;
            }
        };
        let rule = self.plan.model.pools[pool as usize].recovery.as_ref().expect("its sessions can go on");
        let law = self.plan.restores[pool as usize].as_ref();
        if matches!(session.stage, Stage::Waiting(_)) && (law.is_some() || !rule.load.is_zero()) {
            session.stage = Stage::Restoring(crashed_at);
            let drawn = law.map_or(0, |law| law.sample_span(strand.draw(uses::RESTORE)).as_nanos());
            let span = drawn.saturating_add(rule.load.as_nanos());
            strand.pc -= 1;
            strand.phase = Phase::Delay;
            strand.ledger.enter(now, Part::File);
            self.wake_after(id, span);
            return false;
        }
        session.stage = Stage::Running;
        (strand.pc, strand.loops) = (session.safe.pc, session.safe.loops);
        // What is done again counts from here for the next death.
        session.safe.at = now;
        let account = &mut self.checkpoints.so_far;
        account.resumed += 1;
        account.resuming += now - crashed_at;
        account.resuming_max = account.resuming_max.max(now - crashed_at);
        self.story.session_resumes(now, pool);
        self.touch_task(id, super::impact::Mark::Resumed);
        true
    }

    /// A strand comes to a pool anew: whatever session it had is behind it.
    pub(super) fn forget_session(&mut self, id: u32) {
        let key = self.strands.get(id).key;
        // One that goes on elsewhere keeps it.
        if self.checkpoints.on && self.checkpoints.suspended(id, key).is_none() {
            *self.checkpoints.session(id) = Session::default();
        }
    }

    /// The session is written down as it is now: safe at once, or after a lag.
    pub(super) fn save_session(&mut self, id: u32, lag: u16) {
        let now = self.now;
        let strand = self.strands.get(id);
        let saved = Saved { pc: strand.pc, loops: strand.loops, at: now };
        let safe_at = match lag {
            NONE => now,
            law => {
                let span = self.plan.spans[law as usize].sample_span(strand.draw(uses::DELAY));
                now.saturating_add(span.as_nanos())
            }
        };
        let (key, pool) = (strand.key, strand.pool);
        let copied_at = self.plan.copies.get(usize::from(pool)).and_then(Option::as_ref).map(|law| {
            let span = law.sample_span(strand.draw(uses::COPIED));
            safe_at.saturating_add(span.as_nanos())
        });
        let session = self.checkpoints.session(id);
        if session.key != key {
            return;
        }
        if let Some(at) = copied_at {
            session.is_copied(now, at, saved);
        }
        if safe_at == now {
            session.pending.clear();
            session.safe = saved;
            return;
        }
        session.settle(now);
        // Of what is safe later than this one, this one is the better.
        session.pending.retain(|(at, _)| *at < safe_at);
        session.pending.push((safe_at, saved));
    }

    /// The agent of a strand has died: what its session has left, if it can go on.
    pub(super) fn session_is_hit(&mut self, id: u32) -> Option<Hit> {
        if !self.checkpoints.on {
            return None;
        }
        let now = self.now;
        let strand = self.strands.get(id);
        let (key, pool) = (strand.key, strand.pool);
        let rule = self.plan.model.pools[pool as usize].recovery.as_ref()?;
        let session = self.checkpoints.session(id);
        if session.key != key {
            // It has an agent, and has not begun yet: it has nothing to lose.
            let safe = Saved { pc: strand.enter_pc, loops: strand.loops, at: now };
            *session = Session { key, safe, begun: safe, ..Session::default() };
        }
        let began = session.stage;
        session.settle(now);
        session.pending.clear();
        session.stage = Stage::Running;
        session.times += 1;
        let (given_up, lost) = (session.times > rule.times_max, now - session.safe.at);
        let account = &mut self.checkpoints.so_far;
        account.hit += 1;
        let crashed_at = match began {
            Stage::Running => {
                account.work_lost += lost;
                account.work_lost_max = account.work_lost_max.max(lost);
                now
            }
            Stage::Waiting(since) | Stage::Restoring(since) => {
                account.hit_again += 1;
                since
            }
        };
        if given_up {
            account.lost += 1;
            return None;
        }
        self.story.session_hit(now, pool);
        Some(Hit { pool, crashed_at })
    }

    /// A session without an agent waits until the heartbeat has failed often enough.
    pub(super) fn await_detection(&mut self, id: u32, hit: Hit) {
        let now = self.now;
        let rule = self.plan.model.pools[hit.pool as usize].recovery.as_ref().expect("it can go on");
        let found_at = noticed_at(now, rule.interval, rule.misses);
        let strand = self.strands.get_mut(id);
        strand.phase = Phase::Undetected;
        strand.pool = hit.pool;
        strand.ledger.enter(now, Part::Interrupted);
        strand.timer = self.agenda.schedule(found_at.min(FAR), super::event::Event::Wake(id));
        self.checkpoints.session(id).stage = Stage::Waiting(hit.crashed_at);
    }

    /// The region of a strand is lost: what its session has left elsewhere, if it can go on there.
    pub(super) fn session_goes_abroad(&mut self, id: u32) -> Option<Hit> {
        let now = self.now;
        let strand = self.strands.get(id);
        let (key, pool) = (strand.key, strand.pool);
        if !self.checkpoints.on || strand.agent.is_none() {
            return None;
        }
        self.plan.copies[usize::from(pool)].as_ref()?;
        let entered = strand.enter_pc;
        // An agent that it had before it came to the region is not lost with it, and does what it does without it.
        let route = self.regions.route_of(id, key).filter(|(_, start)| entered >= *start)?;
        let session = self.checkpoints.session(id);
        if session.key == key {
            session.safe = session.copy_at(now);
            session.pending.clear();
        }
        let hit = self.session_is_hit(id)?;
        self.checkpoints.session(id).abroad = Some(route);
        Some(hit)
    }

    /// A session whose region is lost waits until its user knows.
    pub(super) fn await_news(&mut self, id: u32, hit: Hit, span: u64) {
        let now = self.now;
        let strand = self.strands.get_mut(id);
        strand.phase = Phase::Undetected;
        strand.pool = NONE;
        strand.ledger.enter(now, Part::Interrupted);
        self.wake_after(id, span);
        self.checkpoints.session(id).stage = Stage::Waiting(hit.crashed_at);
    }

    /// A strand takes a way of the step by region at `step`, which begins at `start`: a session that was elsewhere is at the
    /// same place of this way from now on.
    pub(super) fn session_arrives(&mut self, id: u32, step: u32, start: u32) {
        if !self.checkpoints.on {
            return;
        }
        let key = self.strands.get(id).key;
        self.regions.took(id, key, step, start);
        if let Some(session) = self.checkpoints.suspended(id, key)
            && let Some((_, before)) = session.abroad.take()
        {
            let moved = |saved: &mut Saved| saved.pc = saved.pc.wrapping_sub(before).wrapping_add(start);
            moved(&mut session.safe);
            moved(&mut session.begun);
            session.copied.iter_mut().for_each(|(_, saved)| moved(saved));
        }
    }

    /// The death of its agent has been noticed: the session asks for another.
    pub(super) fn session_is_found(&mut self, id: u32) {
        let now = self.now;
        if let Some((step, _)) = self.checkpoints.session(id).abroad {
            let strand = self.strands.get_mut(id);
            strand.pc = step;
            strand.phase = Phase::Ready;
            return self.go(id);
        }
        let strand = self.strands.get_mut(id);
        strand.entered = now;
        strand.pc = strand.enter_pc;
        let pool = strand.pool;
        self.story.session_found(now, pool);
        self.queue_up(id, pool);
    }

    /// A strand is withdrawn, or (`lost`) fails: whatever its session waited for is over.
    pub(super) fn session_ends(&mut self, id: u32, lost: bool) {
        if !self.checkpoints.on {
            return;
        }
        let key = self.strands.get(id).key;
        if let Some(session) = self.checkpoints.suspended(id, key) {
            session.stage = Stage::Running;
            let account = &mut self.checkpoints.so_far;
            *(if lost { &mut account.lost } else { &mut account.dropped }) += 1;
        }
    }

    /// Deaths that hit sessions are followed by exactly one of: going on, another death, loss, withdrawal, waiting.
    pub(super) fn audit_sessions(&self) {
        let SessionsRun { hit, resumed, hit_again, lost, dropped, still_there, .. } = self.sessions_run();
        assert_eq!(
            hit,
            resumed + hit_again + lost + dropped + still_there,
            "sessions whose agents died are all accounted for"
        );
    }

    /// The account when the run stops.
    pub(super) fn sessions_run(&self) -> SessionsRun {
        let waits = |(id, strand): &(u32, &super::strand::Strand)| {
            let session = self.checkpoints.of.get(*id as usize);
            session.is_some_and(|session| session.key == strand.key && session.stage != Stage::Running)
        };
        let still_there = self.strands.iter().filter(waits).count() as u64;
        SessionsRun { still_there, ..self.checkpoints.so_far }
    }
}

impl Session {
    /// A checkpoint is in the other regions at `at`; logs are written in order, so that what is older is there no later.
    fn is_copied(&mut self, now: u64, at: u64, saved: Saved) {
        if let Some(arrived) = self.copied.iter().rposition(|(at, _)| *at <= now) {
            self.copied.drain(..arrived);
        }
        self.copied.retain(|(other, _)| *other <= now || *other < at);
        self.copied.push((at, saved));
    }

    /// The last checkpoint that is in the other regions; where it began, if none is.
    fn copy_at(&self, now: u64) -> Saved {
        let there = self.copied.iter().rev().find(|(at, _)| *at <= now);
        there.map_or(self.begun, |(_, saved)| *saved)
    }
}

/// When `misses` probes in a row have found something dead that died at `at`: they ask at multiples of the interval.
pub(super) fn noticed_at(at: u64, interval: Span, misses: u32) -> u64 {
    let interval = interval.as_nanos().max(1);
    let first = (at / interval + 1).saturating_mul(interval);
    first.saturating_add(u64::from(misses.saturating_sub(1)).saturating_mul(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_goes_on_elsewhere_from_the_last_checkpoint_that_is_there() {
        let saved = |at| Saved { at, ..Saved::default() };
        let mut session = Session { begun: saved(1), ..Session::default() };
        session.is_copied(10, 30, saved(10));
        session.is_copied(20, 25, saved(20));
        session.is_copied(26, 50, saved(26));
        let from = |now| session.copy_at(now).at;
        // The second overtook the first, which then came with it.
        assert_eq!([24, 25, 49, 50].map(from), [1, 20, 20, 26]);
    }

    #[test]
    fn a_death_is_noticed_by_the_last_of_so_many_probes_after_it() {
        let ten = Span::from_nanos(10);
        assert_eq!([19, 20, 21].map(|at| noticed_at(at, ten, 1)), [20, 30, 30]);
        assert_eq!([19, 20].map(|at| noticed_at(at, ten, 3)), [40, 50]);
    }
}
