//! What a run leaves on disk: a journal while it goes on, whole files at its end.
//!
//! ```text
//! outputs/tier3/               the results, written by [`write`]: all of them, or none
//! outputs/tier3/.parts/lock    held while a run writes here
//! outputs/tier3/.parts/<plan>  the journal of an unfinished run: one checksummed record for each thing computed
//! ```
//!
//! The store knows bytes and names. What a record means is the runner's affair.

mod error;
mod journal;
mod lock;
mod manifest;
mod output;

pub use error::StoreError;
pub use journal::{Key, Store};
pub use lock::FolderLock;
pub use manifest::Manifest;
pub use output::{Outgoing, write};

/// The folder below the results that holds the lock, the journals, and files not yet renamed.
const PARTS: &str = ".parts";

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
}
