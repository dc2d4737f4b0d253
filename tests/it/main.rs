//! The tests that see the program from outside, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad;
mod cli;
mod end_to_end;
mod estimation;
mod examples;
mod forecast;
mod forecast_history;
mod fuzz;
mod mechanisms;
mod metastability;
mod monotone;
mod replays;
mod report;
mod reproduce;
mod runner;
mod runtimes;
mod sim;
mod store;
mod tidy;
mod validate;
