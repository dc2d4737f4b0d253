//! Lists that may grow to many megabytes. Read in no order, such a list costs not only misses of the caches but of the
//! table of pages too: beyond 2 MiB these ask the system for huge pages, where it has them, and are ordinary elsewhere.

use allocator_api2::vec::Vec;
use hugealloc::HugeAlloc;

/// A list that is read in no order and may grow very long.
pub type Vast<T> = Vec<T, HugeAlloc>;

/// Nothing.
pub const fn vast<T>() -> Vast<T> {
    Vec::new_in(HugeAlloc)
}
