//! What a run counts while it runs: [`Samples`] of integers and [`TimeIntegral`]s of levels.
//!
//! A tally knows nothing of the simulator and nothing of intervals. It is cheap to feed (a few nanoseconds a value),
//! bounded in memory, and its content does not depend on the order in which it was fed: two tallies of the same values
//! encode to the same bytes, so a digest of them can be compared across threads, shards and platforms.
//!
//! ```
//! use tars_sim::tally::{Samples, TimeIntegral};
//!
//! let mut latency = Samples::new();
//! for nanos in [30, 10, 20] {
//!     latency.record(nanos);
//! }
//! assert_eq!(latency.quantile(0.5), Some(20.0));
//!
//! let mut queue = TimeIntegral::new(0);
//! queue.add(100, 2); // two tasks wait from 100 ns …
//! queue.subtract(400, 2); // … until 400 ns
//! assert_eq!(queue.mean(1_000), Some(0.6));
//! ```

mod codec;
mod integral;
mod samples;

pub use codec::DecodeError;
pub use integral::TimeIntegral;
pub use samples::{EXACT_LIMIT, Samples};
