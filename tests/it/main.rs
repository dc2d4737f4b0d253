//! The tests that see the program from outside, in one binary.

mod bad;
mod cli;
mod replays;
mod report;
mod runner;
mod store;
