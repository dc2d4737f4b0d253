//! A deterministic discrete-event simulator and capacity planner for systems of LLM agents.

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod engine;
pub mod experiment;
pub mod forecast;
pub mod model;
pub mod published;
pub mod random;
pub mod report;
pub mod result;
pub mod runner;
pub mod sim;
pub mod stats;
pub mod store;
pub mod tally;
