//! Pools of agents: the gateway in front, the queue, dispatch, and the agents' lives.

use super::event::Event;
use super::ledger::Part;
use super::level::Level;
use super::probe::count;
use super::stations::{drop_cause, small};
use super::strand::{Cause, NOBODY, NONE, Phase, uses};
use super::warm::WarmState;
use super::world::{FAR, World};
use crate::engine::Ticket;
use crate::model::Pool as PoolModel;
use crate::tally::Samples;
use tars_policy::admission::{Admission, AdmissionResult, AdmissionView, AdmitVerdict};
use tars_policy::dispatch::{OnFailure, Worker, WorkerState, WorkerStep};
use tars_policy::pool::{AgentId, AgentState, AtStart, GroupId, Pool, Spawned};
use tars_policy::queue::{LaneMask, Offer, Offered, Priority, PriorityQueue, Taken};
use tars_policy::units::{Span, Time};

/// A pool at work.
pub(super) struct PoolState {
    pub(super) agents: Pool,
    pub(super) warm: Option<WarmState>,
    pub(super) queue: PriorityQueue<u32>,
    pub(super) admission: Option<Admission>,
    /// Workers that poll; empty when dispatch is event-driven.
    pub(super) workers: Vec<Worker>,
    /// Workers that have found a task and wait for an agent: worker and strand.
    wants_agent: std::collections::VecDeque<u32>,
    expiry: Ticket,
    expires_at: Option<Time>,
    /// Tasks there, queued or held by an agent; tasks queued; agents alive.
    pub(super) number: Level,
    pub(super) queued: Level,
    pub(super) alive: Level,
    /// Workers that count themselves as active.
    pub(super) claimed: Level,
    pub(super) sojourn: u128,
    pub(super) arrived: u64,
    pub(super) left: u64,
    pub(super) wait: Samples,
    pub(super) refused: u64,
    /// Tasks turned away at the door in the whole run; those and the ones that were dropped or failed with their agent.
    pub(super) turned_away: u64,
    pub(super) went_wrong: u64,
    pub(super) spawned: u64,
    pub(super) retired: u64,
}

/// Something of a pool that is under way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Starting {
    pub(super) pool: u16,
    pub(super) what: Started,
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Started {
    /// An agent starts.
    Agent(AgentId),
    /// A container of the warm pool is prepared.
    #[default]
    Container,
    /// A container of a group is prepared, by its place in the warm plan.
    Prepared(u16),
    /// A window of the warm plan's schedule begins.
    Window,
    /// A dead agent is found by the health check.
    Found(AgentId),
}

impl PoolState {
    /// The workers' own count of those that are active has changed.
    fn count_workers(&mut self, now: u64) {
        self.claimed.set(now, self.workers.iter().map(Worker::active).sum());
    }

    pub(super) fn new(pool: &PoolModel) -> Self {
        let built = "policies were validated when the model was made";
        Self {
            agents: pool.agents.build().expect(built),
            warm: WarmState::new(pool),
            queue: pool.queue.build(pool.lanes).expect(built),
            admission: pool.admission.as_ref().map(|spec| spec.build().expect(built)),
            workers: pool.dispatch.build().expect(built),
            wants_agent: std::collections::VecDeque::new(),
            expiry: Ticket::NONE,
            expires_at: None,
            number: Level::default(),
            queued: Level::default(),
            alive: Level::default(),
            claimed: Level::default(),
            sojourn: 0,
            arrived: 0,
            left: 0,
            wait: Samples::new(),
            refused: 0,
            turned_away: 0,
            went_wrong: 0,
            spawned: 0,
            retired: 0,
        }
    }

    /// How full the heap is, on `[0, ∞)`; zero without a heap.
    pub(super) fn heap_share(&self, pool: &PoolModel) -> f64 {
        pool.heap
            .map_or(0.0, |(size, base, per_task)| (base + per_task * f64::from(self.number.value())) / size)
    }

    /// One that entered at `entered` is there no more.
    fn leaves(&mut self, now: u64, entered: u64) {
        self.number.down(now);
        count(&mut self.left);
        self.sojourn += u128::from(now - entered);
    }

    /// The lanes that some ready agent could take a task from.
    fn open_lanes(&self, pool: &PoolModel) -> LaneMask {
        let mut open = LaneMask::NONE;
        for (index, group) in pool.groups.iter().enumerate() {
            if self.agents.free_slots(group_id(index)) > 0 {
                open = open.union(group.lanes);
            }
        }
        open
    }
}

fn group_id(index: usize) -> GroupId {
    GroupId::new(u32::from(small(index)))
}

impl World<'_> {
    pub(super) fn start_pools(&mut self) {
        for index in 0..self.pools.len() {
            let how =
                if self.plan.model.pools[index].ready_at_start { AtStart::Idle } else { AtStart::Starting };
            let starting = self.pools[index].agents.start_full(Time::START, how);
            for spawned in starting {
                self.agent_starts(small(index), spawned);
            }
            self.start_warm(small(index));
            let state = &mut self.pools[index];
            state.alive.set(0, state.agents.total_agents());
            for worker in 0..state.workers.len() {
                let place = self.controllers.workers.len();
                self.controllers.workers.push((small(index), small(worker)));
                self.agenda.schedule(0, Event::Worker(u32::from(small(place))));
            }
            self.arm_expiry(small(index));
        }
    }

    fn agent_starts(&mut self, pool: u16, spawned: Spawned) {
        self.schedule_start(pool, Started::Agent(spawned.agent), spawned.ready_at);
        if let Some(refill) = spawned.refill_at {
            self.schedule_start(pool, Started::Container, refill);
        }
    }

    /// Begins to start `count` agents of a group.
    pub(super) fn spawn(&mut self, pool: u16, group: usize, count: u32) {
        let time = self.time();
        for _ in 0..count {
            let state = &mut self.pools[pool as usize];
            let group = group_id(group);
            let spawned = match &mut state.warm {
                Some(warm) => state.agents.spawn_as(time, group, warm.take(group)),
                None => state.agents.spawn(time, group),
            };
            state.spawned += 1;
            state.alive.up(time.as_nanos());
            self.agent_starts(pool, spawned);
        }
        self.prepare(pool);
    }

    /// Retires up to `count` idle agents of a group; says how many there were.
    pub(super) fn retire(&mut self, pool: u16, group: usize, count: u32) -> u32 {
        let time = self.time();
        let state = &mut self.pools[pool as usize];
        let gone = state.agents.retire_idle(time, group_id(group), count);
        state.retired += u64::from(gone);
        state.alive.set(time.as_nanos(), state.agents.total_agents());
        gone
    }

    pub(super) fn agent_ready(&mut self, index: u32) {
        let time = self.time();
        let Starting { pool, what } = self.controllers.starting.remove(index);
        let state = &mut self.pools[pool as usize];
        match what {
            Started::Agent(agent) => {
                if state.agents.ready(time, agent) {
                    self.story.agent_ready(time.as_nanos(), pool, agent.slot());
                    self.arm_expiry(pool);
                    if self.scaling.is_on() {
                        self.capacity_grows(pool, agent);
                    }
                    self.dispatch(pool, true);
                }
            }
            Started::Container => state.agents.warm_ready(),
            Started::Prepared(place) => self.prepared(pool, place),
            Started::Window => self.warm_window_begins(pool),
            Started::Found(agent) => self.restart_agent(pool, agent),
        }
    }

    /// How full the memory of a pool is: that of its nodes, or its own.
    pub(super) fn heap_share(&self, pool: u16) -> f64 {
        let model = &self.plan.model.pools[pool as usize];
        if model.nodes.is_empty() {
            return self.pools[pool as usize].heap_share(model);
        }
        model.nodes.iter().map(|group| self.heap_share_of(*group)).fold(0.0, f64::max)
    }

    /// A crashed agent starts again.
    pub(super) fn restart_agent(&mut self, pool: u16, agent: AgentId) {
        let time = self.time();
        let state = &mut self.pools[pool as usize];
        if state.agents.agent(agent).is_none_or(|(what, _)| what != AgentState::Dead) {
            return;
        }
        let spawned = match (&mut state.warm, state.agents.group_of(agent)) {
            (Some(warm), Some(group)) => state.agents.restart_as(time, agent, warm.take(group)),
            (Some(_) | None, _) => state.agents.restart(time, agent),
        };
        if let Some(spawned) = spawned {
            state.spawned += 1;
            state.alive.set(time.as_nanos(), state.agents.total_agents());
            self.story.agent_found(time.as_nanos(), pool);
            self.agent_starts(pool, spawned);
            self.prepare(pool);
        }
    }

    fn arm_expiry(&mut self, pool: u16) {
        let time = self.time();
        let state = &mut self.pools[pool as usize];
        let Some(next) = state.agents.next_expiry(time) else { return };
        if state.expires_at.is_some_and(|armed| armed <= next) {
            return;
        }
        state.expires_at = Some(next);
        state.expiry = self.agenda.schedule(next.as_nanos().min(FAR), Event::Expire(u32::from(pool)));
    }

    pub(super) fn agents_expire(&mut self, pool: u32, ticket: Ticket) {
        let pool = small(pool as usize);
        let time = self.time();
        let state = &mut self.pools[pool as usize];
        if state.expiry != ticket {
            self.stale += 1;
            return;
        }
        state.expires_at = None;
        let gone = state.agents.expire(time);
        state.retired += gone.len() as u64;
        state.alive.set(time.as_nanos(), state.agents.total_agents());
        for retired in gone {
            if retired.reason.wants_replacement() {
                self.spawn(pool, retired.group.index(), 1);
            }
        }
        self.arm_expiry(pool);
    }

    /// The task comes to the gateway of a pool.
    pub(super) fn enter_pool(&mut self, id: u32, pool: u16) {
        let time = self.time();
        let now = self.now;
        let model = &self.plan.model.pools[pool as usize];
        let strand = self.strands.get_mut(id);
        strand.pool = pool;
        strand.enter_pc = strand.pc;
        strand.entered = now;
        self.forget_session(id);
        let strand = self.strands.get_mut(id);
        let (priority, measured) = (strand.priority, strand.measured);
        strand.retry_after = 0;
        let draw = if model.admission.is_some() { strand.draw(uses::ADMISSION) } else { 0.0 };
        if self.degrade.as_ref().is_some_and(|degrade| degrade.rejects(priority)) {
            return self.refuse_at_pool(id, pool, Cause::Degraded, measured);
        }
        if self.orders.reject > 0 || (self.orders.shed > 0 && priority == Priority::Low) {
            return self.refuse_at_pool(id, pool, Cause::Unavailable, measured);
        }
        let heap_share = if model.admission.is_some() { self.heap_share(pool) } else { 0.0 };
        let state = &mut self.pools[pool as usize];
        if let Some(admission) = &mut state.admission {
            let view = AdmissionView {
                depth: state.queue.len(),
                max_depth: model.queue.max_depth,
                heap_share,
                in_flight: state.number.value(),
            };
            let answer = admission.decide(time, &view, draw);
            let cause = match answer.verdict {
                AdmitVerdict::Accept => None,
                AdmitVerdict::TooMany(_) => Some(Cause::QueueFull),
                AdmitVerdict::Unavailable(_) => Some(Cause::Unavailable),
            };
            self.strands.get_mut(id).retry_after = answer.headers.retry_after.as_nanos();
            if let Some(cause) = cause {
                return self.refuse_at_pool(id, pool, cause, measured);
            }
        }
        self.queue_up(id, pool);
    }

    fn refuse_at_pool(&mut self, id: u32, pool: u16, cause: Cause, measured: bool) {
        let state = &mut self.pools[pool as usize];
        state.refused += u64::from(measured);
        count(&mut state.turned_away);
        count(&mut state.went_wrong);
        self.strands.get_mut(id).pool = NONE;
        self.task_ends(id, Some(cause));
    }

    fn offer(&self, id: u32, pool: u16) -> Offer {
        let model = &self.plan.model;
        let strand = self.strands.get(id);
        let lanes = &model.pools[pool as usize].lane_of_role;
        let lane = lanes.get(strand.role as usize).or(lanes.last()).copied().unwrap_or(0);
        let deadline = model.classes[strand.class as usize]
            .deadline
            .map(|span| Time::from_nanos(strand.begun).saturating_add(span));
        Offer { priority: strand.priority, lane, deadline }
    }

    pub(super) fn queue_up(&mut self, id: u32, pool: u16) {
        let (time, now) = (self.time(), self.now);
        let offer = self.offer(id, pool);
        let state = &mut self.pools[pool as usize];
        let displaced = match state.queue.offer(time, id, offer) {
            Offered::Accepted(ticket) => {
                self.strands.get_mut(id).queue_ticket = Some(ticket);
                None
            }
            Offered::AcceptedDisplacing { ticket, displaced, .. } => {
                self.strands.get_mut(id).queue_ticket = Some(ticket);
                Some(displaced)
            }
            Offered::Rejected(_) => {
                let measured = self.strands.get(id).measured;
                return self.refuse_at_pool(id, pool, Cause::QueueFull, measured);
            }
        };
        let state = &mut self.pools[pool as usize];
        state.arrived += 1;
        state.number.up(now);
        state.queued.up(now);
        let strand = self.strands.get_mut(id);
        strand.phase = Phase::PoolQueue;
        strand.ledger.enter(now, Part::Queue);
        if let Some(displaced) = displaced {
            self.drops_out(displaced, pool);
            self.doom(displaced, Phase::TaskLost, Cause::Displaced);
        }
        if self.pools[pool as usize].agents.should_spawn_lazily(self.pools[pool as usize].queue.len()) {
            self.spawn_lazily(pool);
        }
        self.dispatch(pool, false);
    }

    /// The strand is in the queue no more, and gets no agent: an error of the pool.
    fn drops_out(&mut self, id: u32, pool: u16) {
        count(&mut self.pools[pool as usize].went_wrong);
        self.leave_queue(id, pool);
    }

    /// The strand is in the queue no more, and not with an agent.
    fn leave_queue(&mut self, id: u32, pool: u16) {
        self.pools[pool as usize].queued.down(self.now);
        self.leave_unserved(id, pool);
    }

    /// The strand is in the pool no more, and neither in its queue nor with an agent.
    fn leave_unserved(&mut self, id: u32, pool: u16) {
        let strand = self.strands.get_mut(id);
        strand.queue_ticket = None;
        strand.pool = NONE;
        self.pools[pool as usize].leaves(self.now, strand.entered);
    }

    pub(super) fn withdraw_from_queue(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        let pool = strand.pool;
        let ticket = strand.queue_ticket.take();
        let now = self.now;
        strand.ledger.enter(now, Part::Queue);
        if let Some(ticket) = ticket {
            let was_there = self.pools[pool as usize].queue.cancel(ticket);
            assert!(was_there, "a waiting task is in its queue");
            return self.leave_queue(id, pool);
        }
        // A polling worker holds it and waits for an agent.
        self.pools[pool as usize].wants_agent.retain(|other| *other != id);
        let worker = std::mem::replace(&mut self.strands.get_mut(id).worker, NOBODY);
        self.leave_unserved(id, pool);
        self.worker_is_free(pool, worker);
    }

    /// A deep queue spawns one more agent of the group with the fewest, if the autoscaler's maximum allows.
    fn spawn_lazily(&mut self, pool: u16) {
        let scaler = self.plan.model.autoscalers.iter().find(|scaler| scaler.pool == pool);
        let group = scaler.map_or(0, |scaler| scaler.group);
        let most = scaler.map(|scaler| scaler.rule.max());
        let state = &self.pools[pool as usize];
        let counts = state.agents.counts(group_id(group));
        if counts.starting == 0 && most.is_none_or(|most| state.agents.total_agents() < most) {
            self.spawn(pool, group, 1);
        }
    }

    /// Free agents take waiting tasks. `after_start` says that an agent has just become ready.
    pub(super) fn dispatch(&mut self, pool: u16, after_start: bool) {
        if !self.pools[pool as usize].workers.is_empty() {
            return self.dispatch_to_workers(pool);
        }
        let time = self.time();
        let plan = self.plan;
        let model = &plan.model.pools[pool as usize];
        loop {
            let state = &mut self.pools[pool as usize];
            if state.queue.is_empty() {
                return;
            }
            let open = state.open_lanes(model);
            if open == LaneMask::NONE {
                return;
            }
            match state.queue.take(time, open, 0.0) {
                Taken::Serve { item, .. } => self.assign(item, pool, after_start),
                Taken::Drop { item, reason } => {
                    self.drops_out(item, pool);
                    self.doom(item, Phase::TaskLost, drop_cause(reason));
                }
                Taken::Empty => return,
            }
        }
    }

    /// An agent with room takes the task.
    fn assign(&mut self, id: u32, pool: u16, after_start: bool) {
        let (time, now) = (self.time(), self.now);
        let lane = self.offer(id, pool).lane;
        let model = &self.plan.model.pools[pool as usize];
        let state = &mut self.pools[pool as usize];
        // Of the groups that take this lane, the one with the most room; of equals, the first.
        let mut best: Option<(u32, usize)> = None;
        for (index, group) in model.groups.iter().enumerate() {
            let free = state.agents.free_slots(group_id(index));
            if group.lanes.contains(lane) && free > best.map_or(0, |(most, _)| most) {
                best = Some((free, index));
            }
        }
        let (_, group) = best.expect("the lane was open");
        let strand = self.strands.get_mut(id);
        let draw = strand.draw(uses::BALANCE);
        let agent = state.agents.pick(time, group_id(group), u64::from(strand.user), draw);
        strand.agent = Some(agent.expect("the group had a free slot"));
        strand.group = small(group);
        if strand.queue_ticket.take().is_some() {
            state.queued.down(now);
        }
        if strand.measured {
            state.wait.record(now - strand.entered);
        }
        strand.phase = Phase::Ready;
        let part = if after_start { Part::Spawn } else { Part::Queue };
        strand.ledger.enter_split(now, 0, part, Part::Queue);
        if model.nodes.is_empty() {
            return self.ready.push_back(id);
        }
        let agent = strand.agent.expect("just assigned");
        self.enter_node(id, pool, agent);
    }

    /// The strand gives its agent back because it is over, well or not.
    pub(super) fn leave_pool_after(&mut self, id: u32, cause: Option<Cause>) {
        let pool = self.strands.get(id).pool;
        self.pools[pool as usize].went_wrong += u64::from(cause.is_some());
        self.leave_pool(id);
    }

    /// The strand gives its agent back.
    pub(super) fn leave_pool(&mut self, id: u32) {
        let (time, now) = (self.time(), self.now);
        let strand = self.strands.get_mut(id);
        let pool = strand.pool;
        let agent = strand.agent.take().expect("a strand leaves a pool that it is in");
        let worker = std::mem::replace(&mut strand.worker, NOBODY);
        strand.pool = NONE;
        if strand.node != NONE {
            self.leave_node(id);
        }
        let strand = self.strands.get_mut(id);
        let latency = Span::from_nanos(now - strand.entered);
        let state = &mut self.pools[pool as usize];
        state.leaves(now, strand.entered);
        if let Some(admission) = &mut state.admission {
            admission.on_result(time, AdmissionResult::Accepted, latency);
        }
        self.release_agent(pool, agent);
        if worker != NOBODY {
            self.worker_is_free(pool, worker);
        }
        self.dispatch(pool, false);
    }

    fn release_agent(&mut self, pool: u16, agent: AgentId) {
        let time = self.time();
        let state = &mut self.pools[pool as usize];
        let group = state.agents.group_of(agent);
        if let Some(reason) = state.agents.release(time, agent).agent_left {
            state.retired += 1;
            state.alive.set(time.as_nanos(), state.agents.total_agents());
            if let (true, Some(group)) = (reason.wants_replacement(), group) {
                self.spawn(pool, group.index(), 1);
            }
        }
        if self.plan.model.pools[pool as usize].agents.idle_ttl.is_some() {
            self.arm_expiry(pool);
        }
    }

    // Polling workers, as printed in document 000, Part 3.

    pub(super) fn worker_polls(&mut self, place: u32) {
        let time = self.time();
        let (pool, worker) = self.controllers.workers[place as usize];
        let state = &mut self.pools[pool as usize];
        if state.workers[worker as usize].state() == WorkerState::Dead {
            return;
        }
        let found = match state.queue.take(time, LaneMask::ALL, 0.0) {
            Taken::Serve { item, .. } => Some(item),
            Taken::Drop { item, reason } => {
                self.drops_out(item, pool);
                self.doom(item, Phase::TaskLost, drop_cause(reason));
                return self.wake_worker(place);
            }
            Taken::Empty => None,
        };
        match state.workers[worker as usize].on_poll(time, found.is_some()) {
            WorkerStep::Sleep { until } => {
                self.agenda.schedule(until.as_nanos().min(FAR), Event::Worker(place));
            }
            WorkerStep::Process => {
                state.count_workers(time.as_nanos());
                let id = found.expect("a worker processes what it found");
                let strand = self.strands.get_mut(id);
                strand.worker = place;
                strand.queue_ticket = None;
                state.queued.down(time.as_nanos());
                state.wants_agent.push_back(id);
                self.dispatch_to_workers(pool);
            }
            WorkerStep::Poll => self.wake_worker(place),
            WorkerStep::Dead => {}
        }
    }

    fn wake_worker(&mut self, place: u32) {
        self.agenda.schedule(self.now, Event::Worker(place));
    }

    /// Workers that hold a task get agents, in the order in which they asked.
    fn dispatch_to_workers(&mut self, pool: u16) {
        let model = &self.plan.model.pools[pool as usize];
        while let Some(&id) = self.pools[pool as usize].wants_agent.front() {
            let lane = self.offer(id, pool).lane;
            if !self.pools[pool as usize].open_lanes(model).contains(lane) {
                return;
            }
            self.pools[pool as usize].wants_agent.pop_front();
            self.assign(id, pool, false);
        }
    }

    /// The worker's task is done or given up: it looks again at once.
    fn worker_is_free(&mut self, pool: u16, place: u32) {
        let (_, worker) = self.controllers.workers[place as usize];
        let worker = &mut self.pools[pool as usize].workers[worker as usize];
        if worker.state() == WorkerState::Busy {
            let step = worker.on_success();
            self.pools[pool as usize].count_workers(self.now);
            match step {
                WorkerStep::Poll => self.wake_worker(place),
                WorkerStep::Process | WorkerStep::Sleep { .. } | WorkerStep::Dead => {}
            }
        }
    }

    /// A task failed while a polling worker held it; says whether the worker will enqueue it again.
    pub(super) fn worker_fails(&mut self, id: u32) -> bool {
        let time = self.time();
        let now = self.now;
        let strand = self.strands.get_mut(id);
        if strand.worker == NOBODY || strand.agent.is_none() {
            return false;
        }
        let (pool, place) = (strand.pool, strand.worker);
        let (_, worker) = self.controllers.workers[place as usize];
        let state = &mut self.pools[pool as usize];
        let (until, kept, held) =
            match state.workers[worker as usize].on_failure(time, strand.worker_attempts) {
                OnFailure::SleepThenEnqueue { until, attempts_kept } => (until, attempts_kept, true),
                OnFailure::EnqueueLater { at, attempts_kept } => (at, attempts_kept, false),
                OnFailure::Callback { .. } => {
                    state.count_workers(now);
                    strand.worker = NOBODY;
                    self.wake_worker(place);
                    return false;
                }
            };
        state.count_workers(now);
        strand.worker_attempts = kept;
        let agent = strand.agent.take().expect("it was there");
        strand.phase = Phase::WorkerBackoff;
        strand.ledger.enter(now, Part::ServerBackoff);
        if !held {
            strand.worker = NOBODY;
        }
        state.leaves(now, strand.entered);
        self.leave_node(id);
        self.wake_after(id, (until - time).as_nanos());
        self.release_agent(pool, agent);
        if !held {
            self.wake_worker(place);
        }
        self.dispatch_to_workers(pool);
        true
    }

    /// A task that its worker holds through the backoff is withdrawn: the worker looks for another.
    pub(super) fn worker_forgets(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        let (pool, place) = (strand.pool, std::mem::replace(&mut strand.worker, NOBODY));
        if place == NOBODY {
            return;
        }
        let (_, worker) = self.controllers.workers[place as usize];
        match self.pools[pool as usize].workers[worker as usize].on_enqueued(true) {
            WorkerStep::Poll => self.wake_worker(place),
            WorkerStep::Process | WorkerStep::Sleep { .. } | WorkerStep::Dead => {}
        }
    }

    /// After its backoff the task is offered to the queue again.
    pub(super) fn worker_enqueues(&mut self, id: u32) {
        let time = self.time();
        let strand = self.strands.get_mut(id);
        let (pool, place) = (strand.pool, std::mem::replace(&mut strand.worker, NOBODY));
        strand.entered = time.as_nanos();
        strand.pc = strand.enter_pc;
        let before = self.pools[pool as usize].arrived;
        self.queue_up(id, pool);
        let accepted = self.pools[pool as usize].arrived > before;
        if place == NOBODY {
            return;
        }
        let (_, worker) = self.controllers.workers[place as usize];
        match self.pools[pool as usize].workers[worker as usize].on_enqueued(accepted) {
            WorkerStep::Poll => self.wake_worker(place),
            WorkerStep::Process | WorkerStep::Sleep { .. } | WorkerStep::Dead => {}
        }
    }
}
