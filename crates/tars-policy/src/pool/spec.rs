//! What a pool is made of.

use crate::balance::BalanceSpec;
use crate::spec::SpecError;
use crate::units::Span;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// A pool of agents.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct PoolSpec {
    /// Its groups, at least one, each with a name of its own.
    pub groups: Vec<GroupSpec>,
    /// Containers kept prepared for any group; a spawn takes one and starts warm. 0 by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub warm_pool: u32,
    /// Spawn when more tasks than this wait (document 003: 50). None: the pool does not ask for it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lazy_spawn_above: Option<u32>,
    /// An agent idle for this long leaves, down to its group's minimum.
    #[cfg_attr(feature = "serde", serde(default))]
    pub idle_ttl: Option<Span>,
    /// An agent this old leaves, after its last task.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lifespan: Option<Span>,
    /// Whether an agent leaves after one use, as the printed pool of document 003 hands agents out and never takes them
    /// back.
    #[cfg_attr(feature = "serde", serde(default))]
    pub replace_on_use: bool,
    /// Looks for crashed agents. None: the dead stay dead.
    #[cfg_attr(feature = "serde", serde(default))]
    pub health_check: Option<HealthCheck>,
    /// How work is spread over the agents of a group.
    #[cfg_attr(feature = "serde", serde(default))]
    pub balance: BalanceSpec,
}

/// Agents that are alike.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct GroupSpec {
    /// What it is called: a role or a model.
    pub name: String,
    /// Agents at the start.
    pub count: u32,
    /// Tasks one agent carries at once, at least 1; 1 by default.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub concurrency: u32,
    /// Until an agent is ready that starts from nothing; 2.5 s (documents 001 and 003) by default.
    #[cfg_attr(feature = "serde", serde(default = "cold_start"))]
    pub cold_start: Span,
    /// Until an agent is ready that starts from a prepared container; 200 ms (documents 001 and 003) by default.
    #[cfg_attr(feature = "serde", serde(default = "warm_start"))]
    pub warm_start: Span,
    /// Agents that the idle TTL leaves in place. 0 by default.
    #[cfg_attr(feature = "serde", serde(default))]
    pub minimum: u32,
}

#[cfg(feature = "serde")]
fn one() -> u32 {
    1
}

const fn cold_start() -> Span {
    Span::from_millis(2_500)
}

const fn warm_start() -> Span {
    Span::from_millis(200)
}

/// A periodic look at all agents, at multiples of `interval` from the start of time.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct HealthCheck {
    /// Time between looks.
    pub interval: Span,
    /// Whether an agent found dead is started again.
    pub restart: bool,
}

impl PoolSpec {
    /// A pool of one group.
    pub fn of(group: GroupSpec) -> Self {
        Self { groups: vec![group], ..Self::default() }
    }

    /// Names every impossible value: no groups, empty or repeated names, no concurrency, more slots than can be counted,
    /// spans of zero, a bad balancer.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.groups.is_empty() {
            return Err(SpecError::new("groups", "is empty; expected at least one group"));
        }
        for (index, group) in self.groups.iter().enumerate() {
            let known = self.groups[..index].iter().any(|other| other.name == group.name);
            group.validate(known).map_err(|e| e.within(&format!("groups.{index}")))?;
        }
        not_zero(self.idle_ttl, "idle_ttl")?;
        not_zero(self.lifespan, "lifespan")?;
        not_zero(self.health_check.as_ref().map(|check| check.interval), "health_check.interval")?;
        self.balance.validate().map_err(|e| e.within("balance"))
    }

    /// Document 000, Tier 1: two Haiku agents, one prepared container, 5 minutes idle.
    pub fn published_000_tier_1() -> Self {
        Self { warm_pool: 1, idle_ttl: Some(Span::from_secs(300)), ..Self::of(GroupSpec::new("haiku", 2)) }
    }

    /// Document 000, Tier 2: two researchers and two analysts on Haiku, an engineer on Sonnet, two prepared containers, 30
    /// minutes idle. The analyst's start times are not printed: a researcher's.
    pub fn published_000_tier_2() -> Self {
        let groups = vec![
            GroupSpec::new("researcher", 2),
            GroupSpec::new("analyst", 2),
            GroupSpec::sonnet("engineer", 1),
        ];
        Self { groups, warm_pool: 2, idle_ttl: Some(Span::from_secs(1_800)), ..Self::default() }
    }

    /// Document 000, Tier 3: eight Haiku and two Sonnet agents, least loaded, health checks (every 10 s: not printed).
    pub fn published_000_tier_3() -> Self {
        Self {
            groups: vec![GroupSpec::new("haiku", 8), GroupSpec::sonnet("sonnet", 2)],
            health_check: Some(HealthCheck { interval: Span::from_secs(10), restart: true }),
            ..Self::default()
        }
    }

    /// Document 003, spawn latency: its three roles with their start times, three prepared containers, lazy spawning
    /// above a queue of 50, a lifespan of 30 minutes.
    pub fn published_003() -> Self {
        let role = |name, cold, warm| GroupSpec {
            cold_start: Span::from_millis(cold),
            warm_start: Span::from_millis(warm),
            ..GroupSpec::new(name, 1)
        };
        Self {
            groups: vec![
                role("researcher", 2_500, 200),
                role("engineer", 3_200, 300),
                role("validator", 2_400, 150),
            ],
            warm_pool: 3,
            lazy_spawn_above: Some(50),
            lifespan: Some(Span::from_secs(1_800)),
            ..Self::default()
        }
    }

    /// Document 003, the printed `AgentPool`: three agents, each handed out once and replaced while it works.
    pub fn published_003_code() -> Self {
        Self { replace_on_use: true, ..Self::of(GroupSpec::new("agent", 3)) }
    }

    /// Named configurations; property tests run over all of them.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let everything = Self {
            warm_pool: 2,
            idle_ttl: Some(Span::from_secs(20)),
            lifespan: Some(Span::from_secs(90)),
            health_check: Some(HealthCheck { interval: Span::from_secs(5), restart: true }),
            balance: BalanceSpec::Rendezvous { replicas: 2, bound: Some(1.25) },
            ..Self::of(GroupSpec { concurrency: 4, minimum: 1, ..GroupSpec::new("agent", 3) })
        };
        vec![
            ("published_000_tier_1", Self::published_000_tier_1()),
            ("published_000_tier_2", Self::published_000_tier_2()),
            ("published_000_tier_3", Self::published_000_tier_3()),
            ("published_003", Self::published_003()),
            ("published_003_code", Self::published_003_code()),
            ("everything", everything),
        ]
    }
}

impl GroupSpec {
    /// A group of `count` agents with one task each and the published Haiku start times.
    pub fn new(name: &str, count: u32) -> Self {
        Self {
            name: name.to_string(),
            count,
            concurrency: 1,
            cold_start: cold_start(),
            warm_start: warm_start(),
            minimum: 0,
        }
    }

    /// A group of `count` agents with one task each and the start times of document 003's engineer (Sonnet).
    pub fn sonnet(name: &str, count: u32) -> Self {
        Self {
            cold_start: Span::from_millis(3_200),
            warm_start: Span::from_millis(300),
            ..Self::new(name, count)
        }
    }

    fn validate(&self, known: bool) -> Result<(), SpecError> {
        if self.name.is_empty() {
            return Err(SpecError::new("name", "is empty; expected a role or a model"));
        }
        if known {
            return Err(SpecError::new("name", format!("`{}` is taken by an earlier group", self.name)));
        }
        if self.concurrency == 0 {
            return Err(SpecError::new("concurrency", "is 0; expected at least 1"));
        }
        if self.count.max(1).checked_mul(self.concurrency).is_none() {
            return Err(SpecError::new(
                "concurrency",
                "times count is more than 4,294,967,295 tasks at once",
            ));
        }
        Ok(())
    }
}

fn not_zero(span: Option<Span>, field: &str) -> Result<(), SpecError> {
    match span {
        Some(span) if span.is_zero() => {
            Err(SpecError::new(field, "is zero; expected a span, or leave it out"))
        }
        Some(_) | None => Ok(()),
    }
}
