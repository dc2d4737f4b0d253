//! A strand of work: a task on its way through its route, or one branch of it.

use super::ledger::{Ledger, Part};
use crate::engine::Ticket;
use crate::model::route::LOOPS_MAX;
use crate::random::{Use, later, unit_from};
use tars_policy::breaker::Pass;
use tars_policy::pool::AgentId;
use tars_policy::queue::{Priority, Ticket as QueueTicket};

/// No strand.
pub(super) const NOBODY: u32 = u32::MAX;
/// In place of a parent: it makes a call for several tasks.
pub(super) const CARRIER: u32 = u32::MAX - 1;
/// In place of a parent: nobody waits for it.
pub(super) const BACKGROUND: u32 = u32::MAX - 2;
/// No model, role or station.
pub(super) const NONE: u16 = u16::MAX;

/// What draws are for; a number never changes its meaning.
pub(super) mod uses {
    use super::Use;
    pub(in crate::sim) const CLASS: Use = Use(1);
    pub(in crate::sim) const INPUT_TOKENS: Use = Use(2);
    pub(in crate::sim) const OUTPUT_TOKENS: Use = Use(3);
    pub(in crate::sim) const COMPLEXITY: Use = Use(4);
    pub(in crate::sim) const SERVICE: Use = Use(5);
    pub(in crate::sim) const FAILURE: Use = Use(6);
    pub(in crate::sim) const TAIL: Use = Use(7);
    pub(in crate::sim) const TAIL_LENGTH: Use = Use(8);
    pub(in crate::sim) const RETRY: Use = Use(9);
    pub(in crate::sim) const PATIENCE: Use = Use(10);
    pub(in crate::sim) const THINK: Use = Use(11);
    pub(in crate::sim) const CHOOSE: Use = Use(12);
    pub(in crate::sim) const LOOP: Use = Use(13);
    pub(in crate::sim) const CACHE_KEY: Use = Use(14);
    pub(in crate::sim) const BALANCE: Use = Use(15);
    pub(in crate::sim) const DELAY: Use = Use(16);
    pub(in crate::sim) const MODEL: Use = Use(17);
    pub(in crate::sim) const TASK: Use = Use(18);
    pub(in crate::sim) const BRANCH: Use = Use(19);
    pub(in crate::sim) const ADMISSION: Use = Use(20);
    pub(in crate::sim) const CLIENT_RETRY: Use = Use(21);
    pub(in crate::sim) const SETUP: Use = Use(22);
    pub(in crate::sim) const LOOKUP: Use = Use(23);
    pub(in crate::sim) const TROUBLE: Use = Use(24);
    pub(in crate::sim) const TASK_WORK: Use = Use(25);
    pub(in crate::sim) const CALL_WORK: Use = Use(26);
    pub(in crate::sim) const PAUSE: Use = Use(27);
    pub(in crate::sim) const RESTART: Use = Use(28);
    pub(in crate::sim) const USER: Use = Use(60);
    pub(in crate::sim) const FIRST_TOKEN: Use = Use(61);
    pub(in crate::sim) const REQUEST: Use = Use(29);
    pub(in crate::sim) const SIMILARITY: Use = Use(30);
    pub(in crate::sim) const WRONG: Use = Use(31);
    pub(in crate::sim) const OUTDATED: Use = Use(32);
    pub(in crate::sim) const HANDSHAKE: Use = Use(62);
    pub(in crate::sim) const DISK: Use = Use(63);
    pub(in crate::sim) const REGION: Use = Use(64);
    pub(in crate::sim) const RESOLVE: Use = Use(80);
    pub(in crate::sim) const RESTORE: Use = Use(81);
    pub(in crate::sim) const PINNED: Use = Use(82);
    pub(in crate::sim) const COPIED: Use = Use(83);
    pub(in crate::sim) const SILENCE: Use = Use(33);
}

/// What a strand waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is about to run.
    Ready,
    /// A delay to pass.
    Delay,
    /// A look into a cache.
    Looking,
    /// A connection to a station.
    SocketLine,
    /// A connection to open.
    Handshake,
    /// A slot of a station.
    InLine,
    /// A rate limit to lift.
    LimitLine,
    /// A station to be set up for it.
    SetUp,
    /// Its service.
    InService,
    /// Its shared service.
    Sharing,
    /// The death of its agent to be noticed.
    Undetected,
    /// Its service to go on.
    Interrupted,
    /// A refusal on its way back.
    Refused,
    /// Its next attempt.
    Backoff,
    /// An agent.
    PoolQueue,
    /// Its branches.
    Joining,
    /// A call that it shares with others, to leave or to come back.
    Together,
    /// Its client's next submission.
    ClientBackoff,
    /// A polling worker that holds it during backoff.
    WorkerBackoff,
    /// Its node's event loop, to begin.
    Scheduled,
    /// Its node's event loop, to take its call's answer.
    Returning,
    /// To be told that its attempt has failed.
    AttemptLost,
    /// To be told that it is over.
    TaskLost,
}

/// Why a task did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// The gateway found the class of the queue or the whole queue full (429).
    QueueFull,
    /// The gateway was too far utilised (503).
    Unavailable,
    /// The degradation mode rejected it.
    Degraded,
    /// A more important task took its place in the queue.
    Displaced,
    /// A station had no room.
    StationFull,
    /// Its deadline passed in the queue.
    Expired,
    /// CoDel dropped it.
    CoDel,
    /// It ran out of patience in line.
    Abandoned,
    /// Its client gave up.
    ClientTimeout,
    /// The provider's rate limit, after all attempts.
    Limited,
    /// It can never pass a rate limit.
    NeverFits,
    /// A service failed, after all attempts.
    Error,
    /// Its attempts took too long.
    Timeout,
    /// A breaker was open, after all attempts.
    BreakerOpen,
    /// The station was out or browned out, after all attempts.
    Down,
    /// The agent that carried it crashed.
    AgentLost,
    /// The node that carried it died.
    NodeLost,
}

/// How many causes there are.
pub const CAUSES: usize = 17;

/// What kind of end a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// It was refused before any work was done.
    Rejected,
    /// Its client left.
    Abandoned,
    /// It failed inside.
    Failed,
}

impl Cause {
    /// All causes, in order.
    pub const ALL: [Self; CAUSES] = [
        Self::QueueFull,
        Self::Unavailable,
        Self::Degraded,
        Self::Displaced,
        Self::StationFull,
        Self::Expired,
        Self::CoDel,
        Self::Abandoned,
        Self::ClientTimeout,
        Self::Limited,
        Self::NeverFits,
        Self::Error,
        Self::Timeout,
        Self::BreakerOpen,
        Self::Down,
        Self::AgentLost,
        Self::NodeLost,
    ];

    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue full (429)",
            Self::Unavailable => "unavailable (503)",
            Self::Degraded => "rejected by degradation",
            Self::Displaced => "displaced",
            Self::StationFull => "station full",
            Self::Expired => "deadline passed in queue",
            Self::CoDel => "dropped by CoDel",
            Self::Abandoned => "abandoned in line",
            Self::ClientTimeout => "client gave up",
            Self::Limited => "rate limited (429)",
            Self::NeverFits => "larger than the limit",
            Self::Error => "service error",
            Self::Timeout => "timed out",
            Self::BreakerOpen => "breaker open",
            Self::Down => "station down",
            Self::AgentLost => "agent crashed",
            Self::NodeLost => "node died",
        }
    }

    /// What kind of end it is.
    pub const fn kind(self) -> EndKind {
        match self {
            Self::QueueFull | Self::Unavailable | Self::Degraded | Self::Displaced | Self::StationFull => {
                EndKind::Rejected
            }
            Self::Abandoned | Self::ClientTimeout => EndKind::Abandoned,
            Self::Expired
            | Self::CoDel
            | Self::Limited
            | Self::NeverFits
            | Self::Error
            | Self::Timeout
            | Self::BreakerOpen
            | Self::Down
            | Self::AgentLost
            | Self::NodeLost => EndKind::Failed,
        }
    }
}

/// A strand of work. Its record is some 500 bytes long and among a hundred thousand in no cache, so the fields stand line by
/// line in the order in which events ask for them, behind the mark of the arena: what nearly all touch, the times of a call,
/// the ledger and what belongs to branches, what it is and costs; then the rest.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Strand {
    /// The timer that wakes it.
    pub(super) timer: Ticket,
    /// The key of its draws.
    pub(super) key: u64,
    /// The next operation.
    pub(super) pc: u32,
    /// How many operations it has executed: numbers its draws.
    pub(super) step: u32,
    pub(super) attempt: u32,
    pub(super) user: u32,
    /// Whose branch it is.
    pub(super) parent: u32,
    /// Its present call, and where.
    pub(super) station: u16,
    pub(super) visit: u16,
    /// The node and the pool it is in.
    pub(super) node: u16,
    pub(super) pool: u16,
    /// The model and provider it last used.
    pub(super) model: u16,
    pub(super) provider: u16,
    /// What it waits for.
    pub(super) phase: Phase,
    /// Why its attempt has failed or it is over, when it is yet to be told.
    pub(super) doom: Cause,
    /// Whether it counts in the measured window.
    pub(super) measured: bool,
    /// Whether its client has left.
    pub(super) orphan: bool,
    /// How failures have touched it; see `impact::Mark`.
    pub(super) marks: u8,
    pub(super) will_fail: bool,
    pub(super) first_wins: bool,
    pub(super) priority: Priority,
    /// When the attempt runs out of time; its timer is armed once it may come to that.
    pub(super) deadline: u64,
    pub(super) joined: u64,
    /// When its service ends, its own part of it, and what is left after an interruption.
    pub(super) due: u64,
    pub(super) own: u64,
    pub(super) left: u64,
    pub(super) entered: u64,
    pub(super) ledger: Ledger,
    /// The next branch of its parent, the first of its own, and how many of those there are.
    pub(super) sibling: u32,
    pub(super) child: u32,
    pub(super) children: u32,
    /// Which branch it is; of a strand that waits for branches, the one whose ledger it has taken, and when that ended.
    pub(super) branch: u16,
    /// The region that serves it.
    pub(super) region: u16,
    pub(super) joined_at: u64,
    /// The agent it holds.
    pub(super) agent: Option<AgentId>,
    /// Who it is.
    pub(super) class: u16,
    pub(super) client: u16,
    pub(super) group: u16,
    /// Where its answer came from, unless from a call of its own; see `Model::faithfulness`.
    pub(super) cached: u16,
    /// When its client meant to submit it.
    pub(super) begun: u64,
    /// The time in the service's part when the attempt began, so that a failed attempt can be told apart.
    pub(super) spent_before: u64,
    /// Trillionths of a dollar spent on tokens, and those of them that bought nothing.
    pub(super) cost: u64,
    pub(super) lost: u64,
    pub(super) input_tokens: u32,
    pub(super) output_tokens: u32,
    /// Where it goes on when the branch that it waits for fails; nowhere: it fails too.
    pub(super) rescue: u32,
    /// Where the held steps begin, for a polling worker that starts over.
    pub(super) enter_pc: u32,
    /// Its other armed timers.
    pub(super) timeout: Ticket,
    pub(super) patience: Ticket,
    pub(super) give_up: Ticket,
    pub(super) queue_ticket: Option<QueueTicket>,
    pub(super) pass: Option<Pass>,
    /// The key it looked up and where a hit goes on.
    pub(super) cache_key: u64,
    pub(super) last_wait: u64,
    pub(super) retry_after: u64,
    /// The wait before the client's last submission.
    pub(super) client_wait: u64,
    /// Loop counters by nesting depth.
    pub(super) loops: [u32; LOOPS_MAX],
    /// The row of a trace, or the session.
    pub(super) row: u32,
    pub(super) client_attempt: u32,
    /// The recorded call it replays.
    pub(super) replay: u32,
    pub(super) worker: u32,
    pub(super) worker_attempts: u32,
    pub(super) role: u16,
}

// With its mark in the arena a record fills eight lines of memory, and none more.
const _: () = assert!(size_of::<Strand>() <= 504);

impl Strand {
    /// A uniform number for one use of the present step and attempt.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a draw of every task: shorter than a call")]
    pub(super) fn draw(&self, purpose: Use) -> f64 {
        unit_from(later(self.key, self.step << 8 | (self.attempt & 0xff), purpose))
    }

    /// A uniform number for one use in the task's life.
    #[inline]
    pub(super) fn draw_once(&self, purpose: Use) -> f64 {
        unit_from(later(self.key, 0, purpose))
    }

    /// Takes over the books of a branch that has ended, up to `now`, and the model that answered it.
    pub(super) fn take_ledger(&mut self, now: u64, branch: &Self) {
        self.ledger = branch.ledger;
        self.ledger.enter(now, branch.ledger.part());
        if branch.model != NONE {
            self.model = branch.model;
            self.provider = branch.provider;
        }
    }

    /// A strand like this one that holds no agent, no breaker's pass and no place in a line, and is in no region.
    pub(super) fn like(&self) -> Self {
        Self { pass: None, agent: None, queue_ticket: None, region: NONE, ..*self }
    }

    /// A new task takes the place of whatever strand was here. What is always written before it is read stays as it is.
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "who it is, in one place")]
    pub(super) fn renew(
        &mut self,
        now: u64,
        key: u64,
        client: u16,
        class: u16,
        user: u32,
        row: u32,
        priority: Priority,
        role: u16,
    ) {
        self.pc = 0;
        self.step = 0;
        self.key = key;
        self.ledger.renew(now, Part::Network);
        self.begun = now;
        self.phase = Phase::Ready;
        self.timer = Ticket::NONE;
        self.timeout = Ticket::NONE;
        self.patience = Ticket::NONE;
        self.give_up = Ticket::NONE;
        self.queue_ticket = None;
        self.class = class;
        self.client = client;
        self.role = role;
        self.priority = priority;
        self.user = user;
        self.row = row;
        self.input_tokens = 0;
        self.output_tokens = 0;
        self.client_attempt = 1;
        self.measured = false;
        self.orphan = false;
        self.cached = NONE;
        self.attempt = 0;
        self.retry_after = 0;
        self.pass = None;
        self.client_wait = 0;
        self.replay = 0;
        self.model = NONE;
        self.provider = NONE;
        self.pool = NONE;
        self.agent = None;
        self.node = NONE;
        self.worker = NOBODY;
        self.worker_attempts = 0;
        self.parent = NOBODY;
        self.sibling = NOBODY;
        self.child = NOBODY;
        self.children = 0;
        self.branch = u16::MAX;
        self.region = NONE;
        self.rescue = NOBODY;
        self.marks = 0;
        self.cache_key = 0;
        self.cost = 0;
        self.lost = 0;
    }
}

impl Default for Strand {
    fn default() -> Self {
        Self {
            pc: 0,
            step: 0,
            key: 0,
            ledger: Ledger::default(),
            begun: 0,
            phase: Phase::Ready,
            timer: Ticket::NONE,
            timeout: Ticket::NONE,
            patience: Ticket::NONE,
            give_up: Ticket::NONE,
            queue_ticket: None,
            class: 0,
            client: 0,
            role: NONE,
            priority: Priority::Normal,
            user: NOBODY,
            row: 0,
            input_tokens: 0,
            output_tokens: 0,
            client_attempt: 1,
            measured: false,
            orphan: false,
            cached: NONE,
            visit: 0,
            station: NONE,
            attempt: 0,
            last_wait: 0,
            retry_after: 0,
            joined: 0,
            due: 0,
            own: 0,
            left: 0,
            will_fail: false,
            pass: None,
            deadline: u64::MAX,
            spent_before: 0,
            client_wait: 0,
            replay: 0,
            model: NONE,
            provider: NONE,
            pool: NONE,
            group: 0,
            agent: None,
            node: NONE,
            entered: 0,
            worker: NOBODY,
            worker_attempts: 0,
            enter_pc: 0,
            loops: [0; LOOPS_MAX],
            parent: NOBODY,
            sibling: NOBODY,
            child: NOBODY,
            children: 0,
            branch: u16::MAX,
            region: NONE,
            joined_at: 0,
            first_wins: false,
            rescue: NOBODY,
            marks: 0,
            cache_key: 0,
            cost: 0,
            lost: 0,
            doom: Cause::Error,
        }
    }
}
