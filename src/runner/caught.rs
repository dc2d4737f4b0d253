//! A panic as a value, without its noise on standard error.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

thread_local! {
    /// Whether panics of this thread are caught by [`caught`], and the place of the last one.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static QUIET: Once = Once::new();

/// Does `work`; a panic in it becomes its message with the place in the sources.
///
/// Whatever `work` was changing must not be used after a panic.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    QUIET.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !note(info) {
                before(info);
            }
        }));
    });
    PLACE.set(Some(String::new()));
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    let place = PLACE.take().unwrap_or_default();
    done.map_err(|payload| format!("{}{place}", message(payload.as_ref())))
}

/// Notes where a panic happened, if this thread catches it.
fn note(info: &PanicHookInfo<'_>) -> bool {
    PLACE.with_borrow_mut(|place| {
        let Some(place) = place else { return false };
        if let Some(location) = info.location() {
            *place = format!(" ({}:{})", location.file(), location.line());
        }
        true
    })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_its_place() {
        let told = caught(|| panic!("tasks {} lost", 3)).unwrap_err();
        assert!(told.starts_with("tasks 3 lost (src/runner/caught.rs:"), "{told}");
        assert_eq!(caught(|| 5), Ok(5));
    }
}
