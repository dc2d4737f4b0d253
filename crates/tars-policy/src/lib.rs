//! Policies of a service that calls rate-limited LLM providers, without any input or output of their own.
//!
//! Every policy here is a value that is *told* what happened and *answers* what to do. The current time
//! ([`Time`](units::Time), integer nanoseconds since any start the caller likes), what was measured and, where a
//! policy needs chance, a draw uniform on `[0, 1)` come in; a decision with a reason comes out. No policy reads a
//! clock, sleeps, spawns, allocates a socket or owns a random generator, so the same code decides inside a
//! simulation and inside a running service.
//!
//! Each policy is built from its `Spec` (plain data, JSON under the feature `serde`, JSON schema under `schema`).
#![cfg_attr(not(any(test, feature = "schema")), no_std)]

extern crate alloc;

pub mod admission;
pub mod alert;
pub mod autoscale;
pub mod balance;
pub mod batch;
pub mod breaker;
pub mod cache;
pub mod coalesce;
pub mod degrade;
pub mod dispatch;
pub mod layers;
pub mod limiter;
pub mod pool;
pub mod queue;
pub mod retry;
pub mod route;
pub mod semantic;
pub mod shards;
pub mod spec;
pub mod units;
