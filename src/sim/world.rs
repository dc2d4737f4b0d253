//! One replication while it runs: everything that is alive, and the loop that handles one event after another.

use super::agents::PoolState;
use super::alerts::{AlertState, Orders};
use super::background::Background;
use super::caches::Caches;
use super::checkpoints::Checkpoints;
use super::clients::{ClientState, User};
use super::controllers::{Controllers, DegradeState};
use super::event::Event;
use super::failovers::FailoverState;
use super::faults::Faults;
use super::fetch::fetch;
use super::hedges::Hedges;
use super::impact::Impact;
use super::indexes::Indexes;
use super::ledger::Part;
use super::levels::LevelsState;
use super::nodes::NodeState;
use super::plan::Plan;
use super::probe::Probe;
use super::prompts::Prompts;
use super::regions::Regions;
use super::scaling::Scaling;
use super::shared::Sharing;
use super::sockets::Sockets;
use super::stations::{RetryState, StationState};
use super::story::Story;
use super::strand::{Cause, NOBODY, NONE, Phase, Strand, uses};
use super::streaming::FirstBytes;
use crate::engine::{Agenda, Arena, Ticket, Vast, vast};
use crate::model::Kind;
use crate::model::route::{BRANCHES_MAX, Op};
use crate::model::workload::Client;
use crate::random::{Streams, later};
use std::collections::VecDeque;
use tars_policy::balance::Balance;
use tars_policy::breaker::{Breaker, Outcome};
use tars_policy::units::Time;

/// Everything that is alive in one replication.
pub(super) struct World<'a> {
    pub(super) plan: &'a Plan,
    pub(super) agenda: Agenda<Event>,
    pub(super) now: u64,
    pub(super) strands: Arena<Strand>,
    /// Strands that go on once the present event is handled.
    pub(super) ready: VecDeque<u32>,
    pub(super) stations: Vec<StationState>,
    pub(super) pools: Vec<PoolState>,
    pub(super) clients: Vec<ClientState>,
    pub(super) users: Vast<User>,
    pub(super) caches: Caches,
    pub(super) nodes: Vec<NodeState>,
    pub(super) faults: Faults,
    pub(super) failovers: Vec<FailoverState>,
    pub(super) indexes: Indexes,
    pub(super) checkpoints: Checkpoints,
    pub(super) impact: Impact,
    pub(super) background: Background,
    pub(super) scaling: Scaling,
    pub(super) breakers: Vec<Breaker>,
    pub(super) retries: Vec<RetryState>,
    pub(super) hedges: Hedges,
    /// Prompts that providers keep.
    pub(super) prompts: Prompts,
    /// Calls that several tasks share.
    pub(super) sharing: Sharing,
    /// For each spread in turn, whose turn it is.
    pub(super) turns: Vec<u32>,
    /// Balance policies of spreads.
    pub(super) balances: Vec<Balance>,
    pub(super) controllers: Controllers,
    pub(super) degrade: Option<DegradeState>,
    pub(super) levels: Option<LevelsState>,
    pub(super) alerts: Vec<AlertState>,
    pub(super) orders: Orders,
    pub(super) probe: Probe,
    pub(super) story: Story,
    pub(super) first_bytes: FirstBytes,
    pub(super) sockets: Sockets,
    pub(super) regions: Regions,
    /// When the ruler moves next and what it does then, in the order in which it was asked to.
    pub(super) marks: Vec<(u64, u32)>,
    /// How often it has moved.
    pub(super) marked: u64,
    /// The measured window, and when the run is over at the latest.
    pub(super) cut: u64,
    pub(super) end: u64,
    pub(super) last: u64,
    /// Events that were recognised as stale.
    pub(super) stale: u64,
}

impl<'a> World<'a> {
    /// A world at time zero.
    pub(super) fn new(plan: &'a Plan, streams: &Streams, cut: u64, warmup_slices: u32) -> Self {
        let model = &plan.model;
        let end = model.measure.duration.as_nanos();
        let last = end.saturating_add(model.measure.drain.as_nanos());
        let built = "policies were validated when the model was made";
        let users = model
            .clients
            .iter()
            .filter_map(Client::users_in_a_loop)
            .map(|users| users as usize)
            .sum::<usize>();
        let mut world = Self {
            plan,
            agenda: Agenda::with_capacity(1_024),
            now: 0,
            strands: Arena::with_capacity(users.clamp(256, ROOM_MAX)),
            ready: VecDeque::with_capacity(64),
            stations: model.stations.iter().map(|station| StationState::new(station, streams)).collect(),
            pools: model.pools.iter().map(PoolState::new).collect(),
            clients: Vec::new(),
            users: vast(),
            caches: Caches::new(model),
            nodes: NodeState::all(&model.nodes, streams),
            faults: Faults::new(model, streams),
            failovers: FailoverState::all(model, streams),
            indexes: Indexes::new(model, streams),
            checkpoints: Checkpoints::new(model),
            impact: Impact::new(model),
            background: Background::new(model),
            scaling: Scaling::new(model),
            breakers: model.breakers.iter().map(|(_, spec)| spec.build().expect(built)).collect(),
            retries: model
                .retries
                .iter()
                .map(|(_, spec)| RetryState::new(spec.build().expect(built)))
                .collect(),
            hedges: Hedges::new(model),
            prompts: Prompts::default(),
            sharing: Sharing::new(model),
            turns: vec![0; model.program.turns],
            balances: model
                .program
                .balances
                .iter()
                .map(|balanced| balanced.policy.build().expect(built))
                .collect(),
            controllers: Controllers::new(model),
            degrade: model.degrade.as_ref().map(DegradeState::new),
            levels: model.levels.as_ref().map(|levels| LevelsState::new(levels, streams)),
            alerts: AlertState::all(model),
            orders: Orders::default(),
            probe: Probe::new(model, cut, end, warmup_slices),
            story: Story::new(model, warmup_slices == 0 && model.measure.windows > 0),
            first_bytes: FirstBytes::new(model),
            sockets: Sockets::new(model),
            regions: Regions::new(model),
            marks: Vec::new(),
            marked: 0,
            cut,
            end,
            last,
            stale: 0,
        };
        world.marks = world.probe.marks();
        world.start_stations();
        world.start_pools();
        world.start_nodes();
        world.start_faults();
        world.start_failovers();
        world.start_indexes();
        world.start_alerts();
        world.start_clients(streams);
        world.start_controllers();
        world.start_levels();
        world
    }

    /// Handles events until the run is over.
    pub(super) fn run(&mut self) {
        let beyond = self.last.saturating_add(1);
        loop {
            let mark = self.next_mark();
            self.run_before(mark.map_or(beyond, |(_, at)| at.min(beyond)));
            let Some((place, at)) = mark.filter(|(_, at)| *at < beyond) else { break };
            self.now = at;
            let (_, which) = self.marks.remove(place);
            self.marked += 1;
            self.mark(which);
            // Windows of the time series end at the moment that closes the measured one, and all of them are told.
            if self.marks.is_empty() && self.probe.is_over() {
                break;
            }
        }
        self.probe.close(self.now.max(self.cut).min(self.end));
    }

    /// Handles the events before `end`, unless the run is over sooner.
    fn run_before(&mut self, end: u64) {
        let mut moved = self.agenda.popped();
        while let Some(due) = self.agenda.next_before_with(end, |event, nearness| {
            fetch(event, nearness, &self.strands, &self.users, &self.nodes);
        }) {
            if due.time > self.now {
                self.now = due.time;
                moved = self.agenda.popped();
            } else {
                assert!(
                    self.agenda.popped() - moved < STANDSTILL,
                    "time stands still: {STANDSTILL} events at one instant, such as users without think time who \
                     are always refused at once"
                );
            }
            self.handle(due.event, due.ticket);
            if !self.ready.is_empty() {
                self.drain_ready();
            }
            if self.probe.is_over() {
                break;
            }
        }
    }

    /// The mark that is next, by place, and when. At one moment the ruler moves before anything else happens.
    fn next_mark(&self) -> Option<(usize, u64)> {
        self.marks.iter().map(|(at, _)| *at).enumerate().min_by_key(|(place, at)| (*at, *place))
    }

    /// Lets strands go on until all of them wait.
    #[inline(never)]
    pub(super) fn drain_ready(&mut self) {
        while let Some(id) = self.ready.pop_front() {
            let strand = self.strands.get(id);
            match (strand.phase, strand.doom) {
                (Phase::AttemptLost, cause) => self.attempt_failed(id, cause),
                (Phase::TaskLost, cause) => self.task_ends(id, Some(cause)),
                (Phase::SocketLine, _) => self.call_on_socket(id),
                (
                    Phase::Ready
                    | Phase::Delay
                    | Phase::Looking
                    | Phase::Handshake
                    | Phase::InLine
                    | Phase::LimitLine
                    | Phase::SetUp
                    | Phase::InService
                    | Phase::Sharing
                    | Phase::Interrupted
                    | Phase::Undetected
                    | Phase::Refused
                    | Phase::Backoff
                    | Phase::PoolQueue
                    | Phase::Joining
                    | Phase::Together
                    | Phase::ClientBackoff
                    | Phase::WorkerBackoff
                    | Phase::Scheduled
                    | Phase::Returning,
                    _,
                ) => self.go(id),
            }
        }
    }

    /// The strand is out of every line and will be told that its attempt failed (`AttemptLost`) or that it is over
    /// (`TaskLost`), once whoever moves now has come to rest. What happens to one strand never moves another at once: the
    /// other may be a branch of the same task, and its end would take away the one that moves.
    pub(super) fn doom(&mut self, id: u32, fate: Phase, cause: Cause) {
        let strand = self.strands.get_mut(id);
        strand.phase = fate;
        strand.doom = cause;
        self.ready.push_back(id);
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "every event comes here: its frame costs as much as its work")]
    fn handle(&mut self, event: Event, ticket: Ticket) {
        match event {
            Event::Break(station) => self.break_down(station),
            Event::Repair(station) => self.repair(station),
            Event::Wake(id) => self.woke(id, ticket),
            Event::Shared(station) => self.shared_done(station, ticket),
            Event::AgentReady(spawning) => self.agent_ready(spawning),
            Event::LimitLifts(station) => self.limit_lifts(station, ticket),
            Event::Arrive(client) => self.arrive(client),
            Event::User(user) => self.user_submits(user),
            Event::Worker(worker) => self.worker_polls(worker),
            Event::Patience(id) => self.patience_ends(id, ticket),
            Event::Timeout(id) => self.attempt_times_out(id, ticket),
            Event::GiveUp(id) => self.client_gives_up(id, ticket),
            Event::Expire(pool) => self.agents_expire(pool, ticket),
            Event::Autoscale(index) => self.autoscale(index),
            Event::Degrade(super::levels::LOOK) => self.choose_level(),
            Event::Degrade(_) => self.degrade(),
            Event::Fault(what) => self.fault(what),
            Event::NodeBack(node) => self.node_back(node),
            Event::Probe(node) => self.probe_node(node),
            Event::Alert(index) => self.alert(index),
            Event::NodeDies(node) => self.node_dies(node),
            Event::BatchDue(batch) => self.batches_leave(batch),
            Event::LeaderLate(coalescer) => self.leaders_are_late(coalescer),
            Event::Failover(what) => self.failover(what),
            Event::Index(work) => self.index_event(work),
        }
    }

    /// The present moment as policies see it.
    #[inline]
    pub(super) const fn time(&self) -> Time {
        Time::from_nanos(self.now)
    }

    /// The strand wakes after `span` nanoseconds.
    #[inline]
    pub(super) fn wake_after(&mut self, id: u32, span: u64) {
        let at = self.now.saturating_add(span).min(FAR);
        let ticket = self.agenda.schedule(at, Event::Wake(id));
        self.strands.get_mut(id).timer = ticket;
    }

    #[inline]
    fn woke(&mut self, id: u32, ticket: Ticket) {
        let Some(strand) = self.strands.find_mut(id).filter(|strand| strand.timer == ticket) else {
            self.stale += 1;
            return;
        };
        strand.timer = Ticket::NONE;
        match strand.phase {
            Phase::InService => self.service_ends(id),
            Phase::Delay => self.go(id),
            Phase::Looking => {
                if self.look_up(id) {
                    self.go(id);
                }
            }
            Phase::SetUp => self.set_up_ends(id),
            Phase::Handshake => self.socket_opens(id),
            Phase::Refused => self.refusal_arrives(id),
            Phase::Backoff => self.attempt(id),
            Phase::Undetected => self.session_is_found(id),
            Phase::ClientBackoff => self.resubmit(id),
            Phase::WorkerBackoff => self.worker_enqueues(id),
            Phase::Scheduled => {
                if self.loop_done(id) {
                    self.go(id);
                }
            }
            Phase::Returning => {
                if self.loop_done(id) {
                    self.served(id);
                }
            }
            Phase::Ready
            | Phase::SocketLine
            | Phase::InLine
            | Phase::LimitLine
            | Phase::Sharing
            | Phase::Interrupted
            | Phase::PoolQueue
            | Phase::Joining
            | Phase::Together
            | Phase::AttemptLost
            | Phase::TaskLost => unreachable!("nothing wakes a strand that waits for somebody"),
        }
    }

    /// Executes the strand's operations until it has to wait or is done, the commonest two without a look at the others.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of every task: its frame costs as much as its work")]
    pub(super) fn proceed(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        match self.plan.model.program.ops[strand.pc as usize] {
            Op::Visit(visit) => {
                strand.step += 1;
                strand.attempt = 0;
                strand.pc += 1;
                self.visit_here(id, visit);
            }
            Op::End => {
                strand.step += 1;
                strand.attempt = 0;
                strand.pc += 1;
                self.task_ends(id, None);
            }
            Op::Delay { .. }
            | Op::Hold { .. }
            | Op::Replay(_)
            | Op::Enter(_)
            | Op::Leave
            | Op::Choose { .. }
            | Op::Jump(_)
            | Op::LoopStart { .. }
            | Op::LoopNext { .. }
            | Op::Fork { .. }
            | Op::BranchEnd
            | Op::Lookup { .. }
            | Op::Store { .. }
            | Op::Write { .. }
            | Op::Spread { .. }
            | Op::Shared(_)
            | Op::Landed
            | Op::Hedge { .. }
            | Op::Deliver
            | Op::Resume(_)
            | Op::Checkpoint(_)
            | Op::Try { .. }
            | Op::Launch { .. }
            | Op::Feature { .. } => self.go(id),
        }
    }

    /// Executes the strand's operations until it has to wait or is done.
    #[inline(never)]
    #[expect(clippy::too_many_lines, reason = "one match over all operations")]
    pub(super) fn go(&mut self, id: u32) {
        let plan = self.plan;
        loop {
            let now = self.now;
            let strand = self.strands.get_mut(id);
            let op = plan.model.program.ops[strand.pc as usize];
            strand.step += 1;
            strand.attempt = 0;
            strand.pc += 1;
            match op {
                Op::Delay { law, kind } => {
                    let span = plan.spans[law as usize].sample_span(strand.draw(uses::DELAY));
                    strand.ledger.enter(now, part_of(kind));
                    strand.phase = Phase::Delay;
                    return self.wake_after(id, span.as_nanos());
                }
                Op::Visit(visit) => return self.visit(id, visit),
                Op::Shared(visit) => return self.share_call(id, visit),
                Op::Landed => self.landed(id),
                Op::Hedge { hedge, act } => {
                    if !self.hedge(id, hedge, act) {
                        return;
                    }
                }
                Op::Deliver => return self.deliver(id),
                Op::Hold { visit, behind } => {
                    strand.pc = behind;
                    return self.visit(id, visit);
                }
                Op::Resume(pool) => {
                    if !self.begin_session(id, pool) {
                        return;
                    }
                }
                Op::Checkpoint(lag) => self.save_session(id, lag),
                Op::Try { otherwise, behind } => {
                    let body = strand.pc;
                    strand.phase = Phase::Joining;
                    strand.pc = behind;
                    self.branch_out(id, std::iter::once(body), false);
                    self.strands.get_mut(id).rescue = otherwise;
                    return;
                }
                Op::Launch { behind } => self.launch(id, behind),
                Op::Replay(visit) => return self.replay(id, visit),
                Op::Enter(pool) => return self.enter_pool(id, pool),
                Op::Leave => self.leave_pool(id),
                Op::Choose { first, count } => {
                    let draw = strand.draw(uses::CHOOSE);
                    let ways = &plan.model.program.ways[first as usize..(first + count) as usize];
                    let way = ways.iter().find(|(cumulative, _)| draw < *cumulative).or(ways.last());
                    strand.pc = way.expect("a choice has ways").1;
                }
                Op::Jump(pc) => {
                    assert!(
                        strand.step < STEPS_MAX,
                        "a task has taken {STEPS_MAX} steps: its route goes round for ever"
                    );
                    strand.pc = pc;
                }
                Op::LoopStart { slot, law, behind } => {
                    let count = plan.counts[law as usize].sample(strand.draw(uses::LOOP));
                    let count = whole(count);
                    strand.loops[slot as usize] = count;
                    if count == 0 {
                        strand.pc = behind;
                    }
                }
                Op::LoopNext { slot, body } => {
                    let left = &mut strand.loops[slot as usize];
                    *left -= 1;
                    if *left > 0 {
                        strand.pc = body;
                    }
                }
                Op::Fork { first, count, first_wins, behind } => {
                    return self.fork(id, first, count, first_wins, behind);
                }
                Op::BranchEnd => return self.branch_ends(id),
                Op::Lookup { cache, .. } => {
                    if !self.begin_look(id, cache) {
                        return;
                    }
                }
                Op::Store { cache } => {
                    if !self.keep(id, cache) {
                        return;
                    }
                }
                Op::Write { cache, keys, copy } => self.write(id, cache, keys, copy),
                Op::Spread { first, count, by } => {
                    if !self.spread(id, first, count, by) {
                        return;
                    }
                }
                Op::Feature { feature, off } => {
                    if !self.takes_feature(id, feature) {
                        self.strands.get_mut(id).pc = off;
                    }
                }
                Op::End => return self.task_ends(id, None),
            }
        }
    }

    fn fork(&mut self, id: u32, first: u32, count: u32, first_wins: bool, behind: u32) {
        let parent = self.strands.get_mut(id);
        parent.phase = Phase::Joining;
        parent.pc = behind;
        let ways = first as usize..(first + count) as usize;
        let starts = self.plan.model.program.ways[ways].iter().map(|(_, pc)| *pc);
        self.branch_out(id, starts, first_wins);
    }

    /// Starts branches at once; the strand waits for them where it is.
    pub(super) fn branch_out(
        &mut self,
        id: u32,
        starts: impl DoubleEndedIterator<Item = u32> + ExactSizeIterator,
        first_wins: bool,
    ) {
        let parent = self.strands.get_mut(id);
        let children = u16::try_from(starts.len()).ok().filter(|children| *children <= BRANCHES_MAX);
        let children = children.expect("checked: few branches begin at once");
        parent.children = u32::from(children);
        parent.first_wins = first_wins;
        parent.branch = u16::MAX;
        parent.joined_at = 0;
        parent.rescue = NOBODY;
        let mut template = parent.like();
        // A slot that is held again, after a failure, is a new chance.
        let again = std::mem::take(&mut template.attempt);
        if again > 1 {
            template.key = later(template.key, again, uses::BRANCH);
        }
        (template.timer, template.timeout, template.patience) = (Ticket::NONE, Ticket::NONE, Ticket::NONE);
        let mut sibling = NOBODY;
        for (branch, start) in (0..children).zip(starts).rev() {
            let mut child = template.like();
            child.parent = id;
            child.branch = branch;
            child.key = later(template.key, template.step << 8 | u32::from(branch), uses::BRANCH);
            child.pc = start;
            child.sibling = sibling;
            child.children = 0;
            child.child = NOBODY;
            child.give_up = Ticket::NONE;
            child.phase = Phase::Ready;
            child.agent = None;
            child.marks = 0;
            child.cost = 0;
            child.lost = 0;
            sibling = self.strands.insert(child);
        }
        self.strands.get_mut(id).child = sibling;
        let mut next = sibling;
        while next != NOBODY {
            self.ready.push_back(next);
            next = self.strands.get(next).sibling;
        }
    }

    /// A branch is done; the strand that waits goes on if it waits for nobody else.
    fn branch_ends(&mut self, id: u32) {
        let now = self.now;
        let branch = self.strands.remove(id);
        let parent_id = branch.parent;
        self.forget_branch(parent_id, id, branch.sibling);
        let parent = self.strands.get_mut(parent_id);
        if self.first_bytes.on {
            self.first_bytes.adopt((parent_id, parent.key), (id, branch.key));
        }
        parent.children -= 1;
        parent.cost += branch.cost;
        parent.lost += branch.lost;
        if branch.cached != NONE {
            parent.cached = branch.cached;
        }
        // The ledger is that of the branch that finishes last, of equals the first in the file; of a race, the winner's.
        if parent.branch == u16::MAX || now > parent.joined_at || branch.branch < parent.branch {
            parent.branch = branch.branch;
            parent.joined_at = now;
            parent.take_ledger(now, &branch);
        }
        if parent.children > 0 && !parent.first_wins {
            return;
        }
        if parent.phase == Phase::InService {
            // The slot was held for this branch.
            parent.child = NOBODY;
            return self.service_ends(parent_id);
        }
        parent.phase = Phase::Ready;
        self.cancel_children(parent_id);
        self.ready.push_back(parent_id);
    }

    /// Takes a child out of its parent's list.
    pub(super) fn forget_branch(&mut self, parent: u32, child: u32, next: u32) {
        let mut at = self.strands.get(parent).child;
        if at == child {
            self.strands.get_mut(parent).child = next;
            return;
        }
        while at != NOBODY {
            let following = self.strands.get(at).sibling;
            if following == child {
                self.strands.get_mut(at).sibling = next;
                return;
            }
            at = following;
        }
    }

    /// Withdraws all branches of a strand, wherever they are.
    pub(super) fn cancel_children(&mut self, id: u32) {
        let mut child = self.strands.get(id).child;
        while child != NOBODY {
            let next = self.strands.get(child).sibling;
            self.charge_wasted(child);
            self.withdraw(child);
            let spent = self.strands.remove(child).cost;
            let strand = self.strands.get_mut(id);
            strand.cost += spent;
            strand.lost += spent;
            child = next;
        }
        let strand = self.strands.get_mut(id);
        strand.child = NOBODY;
        strand.children = 0;
    }

    /// Takes a strand out of wherever it waits or is served, and gives back what it holds. The strand stays alive.
    pub(super) fn withdraw(&mut self, id: u32) {
        match self.strands.get(id).phase {
            Phase::Ready | Phase::AttemptLost | Phase::TaskLost => self.ready.retain(|other| *other != id),
            Phase::Looking => self.caches.stops_asking(id),
            Phase::Delay
            | Phase::Refused
            | Phase::Backoff
            | Phase::ClientBackoff
            | Phase::Undetected
            | Phase::Scheduled
            | Phase::Returning => {}
            Phase::WorkerBackoff => self.worker_forgets(id),
            Phase::SocketLine | Phase::Handshake => self.leave_socket_line(id),
            Phase::InLine
            | Phase::LimitLine
            | Phase::SetUp
            | Phase::InService
            | Phase::Sharing
            | Phase::Interrupted => self.withdraw_from_station(id),
            Phase::PoolQueue => self.withdraw_from_queue(id),
            Phase::Joining => self.cancel_children(id),
            Phase::Together => {}
        }
        if self.sharing.is_busy() {
            self.leave_shared(id);
        }
        self.session_ends(id, false);
        self.call_ends(id, Outcome::Ignored);
        let strand = self.strands.get_mut(id);
        strand.timer = Ticket::NONE;
        strand.timeout = Ticket::NONE;
        strand.patience = Ticket::NONE;
        if strand.agent.is_some() {
            self.leave_pool(id);
        }
    }
}

/// So many events at one instant are taken for a loop without end.
const STANDSTILL: u64 = 50_000_000;
/// Room for no more tasks than this is asked for before they come.
const ROOM_MAX: usize = 1 << 17;
/// So many steps of one task are taken for a loop without end; draws are numbered by 24 bits of the step.
const STEPS_MAX: u32 = 1 << 24;

/// The latest moment that fits the agenda.
pub(super) const FAR: u64 = (1 << 60) - 1;

/// Where time in service at a station of this kind stands in the ledger.
pub(super) const fn part_of(kind: Kind) -> Part {
    match kind {
        Kind::Service => Part::Service,
        Kind::Tool => Part::Tool,
        Kind::Coordinator => Part::Coordinator,
        Kind::File => Part::File,
        Kind::Network => Part::Network,
        Kind::Provider => Part::Provider,
    }
}

/// A drawn count as a whole number, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is meant"
)]
pub(super) fn whole(count: f64) -> u32 {
    count as u32
}
