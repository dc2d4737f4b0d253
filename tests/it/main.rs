//! The tests that see the program from outside, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad;
mod cli;
mod end_to_end;
mod estimation;
mod examples;
mod fuzz;
mod mechanisms;
mod metastability;
mod monotone;
mod platform;
mod recovery;
mod replays;
mod report;
mod reproduce;
mod runner;
mod runtimes;
mod sim;
mod store;
mod tidy;
mod validate;
