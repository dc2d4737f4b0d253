//! Ctrl-C and SIGTERM: the first asks to stop, the second ends at once.

use super::Failure;
use std::sync::atomic::{AtomicBool, Ordering};

/// A signal handler can reach nothing but this.
static STOP: AtomicBool = AtomicBool::new(false);

/// The exit code of a run that is to be resumed.
const INCOMPLETE: i32 = 5;

/// Listens for signals; the flag is set by the first.
pub(super) fn listen() -> Result<&'static AtomicBool, Failure> {
    let heard = || {
        if STOP.swap(true, Ordering::Relaxed) {
            #[expect(
                clippy::exit,
                reason = "a second signal ends at once; the journal is whole at any moment"
            )]
            std::process::exit(INCOMPLETE);
        }
        super::talk("\nstopping: what runs is finished and kept; once more ends at once\n");
    };
    ctrlc::set_handler(heard)
        .map_err(|error| Failure::internal(format!("error: cannot listen for signals: {error}")))?;
    Ok(&STOP)
}
