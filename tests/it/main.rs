//! The tests that see the program from outside, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad;
mod browser;
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
mod openmetrics;
mod platform;
mod recovery;
mod reference;
mod replays;
mod report;
mod reproduce;
mod runner;
mod runtimes;
mod schemas;
mod sim;
mod store;
mod terminal;
mod tidy;
mod validate;

/// Says that a test did not look, because something is not installed.
#[expect(clippy::print_stderr, reason = "a test has nobody else to tell")]
fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}
