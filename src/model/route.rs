//! Routes as one flat program, so that a step is an index and a jump.

use super::distribution::Law;
use tars_policy::balance::BalanceSpec;
use tars_policy::route::{Fallback, HedgeSpec, RouteSpec};
use tars_policy::units::Span;

/// The most branches that may begin at once: their draws are numbered below it, and those of background work by it, in eight bits.
pub const BRANCHES_MAX: u16 = 255;

/// How deep loops may be nested.
pub const LOOPS_MAX: usize = 4;

/// All routes of a model.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The operations.
    pub ops: Vec<Op>,
    /// Where each route starts, with its name.
    pub routes: Vec<(String, u32)>,
    /// Laws of spans that operations refer to.
    pub spans: Vec<Law<Span>>,
    /// Laws of counts that operations refer to.
    pub counts: Vec<Law<f64>>,
    /// Calls of stations.
    pub visits: Vec<Visit>,
    /// Places to go on from: cumulative probability and operation, for choices; operation alone for forks and spreads.
    pub ways: Vec<(f64, u32)>,
    /// Chains of fallbacks.
    pub chains: Vec<Chain>,
    /// Hedges that follow latencies or a budget; others are laid out as delays.
    pub hedges: Vec<HedgeSpec>,
    /// Features by name.
    pub features: Vec<String>,
    /// Where calls that were made for several tasks end: an [`Op::Deliver`], if there are such calls.
    pub delivery: Option<u32>,
    /// How many spreads in turn there are.
    pub turns: usize,
    /// Spreads by a balance policy.
    pub balances: Vec<Balanced>,
    /// For each spread by region, the region of each way, by place in the model's regions.
    pub regionals: Vec<Vec<u16>>,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// Time passes.
    Delay {
        /// The law, by place in [`Program::spans`].
        law: u16,
        /// Where it stands in the ledger.
        kind: super::Kind,
    },
    /// A call of a station, by place in [`Program::visits`].
    Visit(u16),
    /// A call that may be shared with others, by place in [`Program::visits`].
    Shared(u16),
    /// The task's shared call has come back: whoever waits for the same answer gets it.
    Landed,
    /// The end of a call that was made for several tasks.
    Deliver,
    /// An act of a hedge that follows latencies or a budget.
    Hedge {
        /// Which, by place in [`Program::hedges`].
        hedge: u16,
        /// What it does.
        act: HedgeAct,
    },
    /// Calls a station and holds its slot while the body runs, which begins with the next operation and ends with a
    /// [`Op::BranchEnd`].
    Hold {
        /// The call, by place in [`Program::visits`].
        visit: u16,
        /// Behind the body.
        behind: u32,
    },
    /// A session begins with its agent of a pool, or goes on from its checkpoint.
    Resume(u16),
    /// The session is written down, safe after a span by this law of [`Program::spans`]; at once for `u16::MAX`.
    Checkpoint(u16),
    /// The body, which begins with the next operation and ends with a [`Op::BranchEnd`], is tried.
    Try {
        /// Where it goes on where that fails.
        otherwise: u32,
        /// Behind both.
        behind: u32,
    },
    /// Replays the recorded calls of the task's session at the station of a visit.
    Replay(u16),
    /// Waits for an agent of a pool and holds it.
    Enter(u16),
    /// Gives the agent back.
    Leave,
    /// One of several ways, by probability.
    Choose {
        /// The first way.
        first: u32,
        /// How many.
        count: u32,
    },
    /// Goes on elsewhere.
    Jump(u32),
    /// Starts a loop: draws its count and passes over it when that is zero.
    LoopStart {
        /// The nesting depth, which is its counter.
        slot: u8,
        /// The law of the count, by place in [`Program::counts`].
        law: u16,
        /// Behind the loop.
        behind: u32,
    },
    /// Ends a round of a loop.
    LoopNext {
        /// The nesting depth.
        slot: u8,
        /// The first operation of the body.
        body: u32,
    },
    /// Starts branches at once; the strand itself waits at the join.
    Fork {
        /// The first way.
        first: u32,
        /// How many.
        count: u32,
        /// Whether the first to finish is enough.
        first_wins: bool,
        /// Behind the join.
        behind: u32,
    },
    /// Ends a branch.
    BranchEnd,
    /// Looks into a cache; a miss goes on with the next operation.
    Lookup {
        /// Which cache.
        cache: u16,
        /// Where a hit goes on.
        hit: u32,
        /// Whether the program asks first if there is an entry.
        ask_first: bool,
    },
    /// Stores what a miss has fetched.
    Store {
        /// Which cache.
        cache: u16,
    },
    /// Writes what a cache holds where it comes from.
    Write {
        /// Which cache.
        cache: u16,
        /// The law of what is written, by place in [`Program::counts`]; as it is looked up when `u16::MAX`.
        keys: u16,
        /// What the cache does with its copy.
        copy: CopyFate,
    },
    /// One of several ways.
    Spread {
        /// The first way.
        first: u32,
        /// How many.
        count: u32,
        /// How it is chosen.
        by: SpreadRule,
    },
    /// Begins work that nobody waits for, with the next operation up to an [`Op::End`], and goes on behind it.
    Launch {
        /// Behind it.
        behind: u32,
    },
    /// Passes over steps whose feature is off.
    Feature {
        /// Which feature.
        feature: u16,
        /// Behind them.
        off: u32,
    },
    /// The task is done.
    End,
}

/// What a cache does with its copy of what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyFate {
    /// It forgets it.
    Removed,
    /// It takes the new one.
    Replaced,
    /// It is not told, and keeps it.
    Kept,
}

/// How one of several ways is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpreadRule {
    /// In turn, by this counter.
    Turn(u16),
    /// By chance.
    Chance,
    /// By a balance policy, by place in [`Program::balances`].
    Balance(u16),
    /// By region: whose each way is stands in [`Program::regionals`].
    Region(u16),
}

/// Ways that a balance policy chooses from.
#[derive(Clone, Debug)]
pub struct Balanced {
    /// The policy.
    pub policy: BalanceSpec,
    /// Of each way, where its load is seen, and its weight.
    pub ways: Vec<(Place, u32)>,
}

/// Where the load of a way is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A station.
    Station(u16),
    /// A pool.
    Pool(u16),
}

/// What a branch of a hedged call does beside the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HedgeAct {
    /// The first call goes out.
    Call,
    /// It waits as long as answers are waited for at present.
    Wait,
    /// A copy goes out if it may, beyond so many others.
    Copy(u8),
    /// The call, or a copy of it, has been answered.
    Answer,
}

/// A call of a station.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Which station.
    pub station: u16,
    /// The law of this service, by place in [`Program::spans`]; the station's own when absent.
    pub law: Option<u16>,
    /// How long it waits in line, by place in [`Program::spans`].
    pub patience: Option<u16>,
    /// How long an attempt may take.
    pub timeout: Option<Span>,
    /// Whether the degradation mode's timeout applies.
    pub is_llm: bool,
    /// The retry policy.
    pub retry: Option<u16>,
    /// The breaker.
    pub breaker: Option<u16>,
    /// How the model is chosen; the agent's own when absent.
    pub model: Option<RouteSpec>,
    /// The first operation of what happens while the slot is held.
    pub body: Option<u32>,
    /// Its chain of fallbacks, by place in [`Program::chains`], and its own place there.
    pub chain: Option<(u16, u16)>,
    /// The rule by which it goes out with others, by place in [`Model::batches`](super::Model::batches).
    pub batch: Option<u16>,
    /// The rule by which it is made once, by place in [`Model::coalescers`](super::Model::coalescers).
    pub coalesce: Option<u16>,
    /// What its provider keeps of its prompt.
    pub prompt: Option<PromptCache>,
    /// The failover that decides which station it goes to, by place in [`Model::failovers`](super::Model::failovers), and
    /// what it wants there.
    pub failover: Option<(u16, super::failover::Access)>,
    /// The index whose shard of the task's tenant it goes to, by place in [`Model::indexes`](super::Model::indexes), and what
    /// it adds there.
    pub index: Option<(u16, u32)>,
}

/// What a provider keeps of the prompts of a step.
#[derive(Clone, Debug)]
pub struct PromptCache {
    /// The share of a prompt's tokens that it begins with each time.
    pub input_share: f64,
    /// How long it is kept after a call; always when absent.
    pub ttl: Option<Span>,
}

impl Visit {
    /// A plain call of a station: nothing is stated about it.
    pub const fn of(station: u16) -> Self {
        Self {
            station,
            law: None,
            patience: None,
            timeout: None,
            is_llm: false,
            retry: None,
            breaker: None,
            model: None,
            body: None,
            chain: None,
            batch: None,
            coalesce: None,
            prompt: None,
            failover: None,
            index: None,
        }
    }
}

/// Calls to fall back along.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Who comes next.
    pub policy: Fallback,
    /// The calls in order, by place in [`Program::visits`].
    pub visits: Vec<u16>,
}

impl Program {
    /// Whether anything that any cache holds is ever written.
    pub fn writes_any(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Write { .. }))
    }

    /// Whether anything that this cache holds is ever written.
    pub fn writes(&self, cache: u16) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Write { cache: written, .. } if *written == cache))
    }
}
