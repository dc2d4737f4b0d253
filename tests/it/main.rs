//! The tests that see the program from outside, in one binary.

mod bad;
mod cli;
mod end_to_end;
mod examples;
mod replays;
mod report;
mod runner;
mod store;
mod tidy;
