//! Where entities live: a slab with small ids, in which nothing is allocated once it has grown to its greatest size.

use super::vast::{Vast, vast};
use prefetch_index::prefetch_index;
use std::slice;

/// Values under `u32` ids. The id of a removed value is dead until a later insertion reuses it, last freed first.
///
/// What is discarded stays where it is until its id is used again, so that a large value need not be written whole for
/// each that comes: [`revive`](Self::revive) gives it back as it was left.
///
/// ```
/// use tars_sim::engine::Arena;
/// let mut agents = Arena::new();
/// let id = agents.insert("haiku");
/// assert_eq!(*agents.get(id), "haiku");
/// assert_eq!(agents.remove(id), "haiku");
/// assert_eq!(agents.insert("sonnet"), id);
/// ```
#[derive(Clone, Debug)]
pub struct Arena<T> {
    slots: Vast<Slot<T>>,
    /// The slot to fill next, or [`NO_SLOT`].
    free: u32,
    len: usize,
}

// The mark stands on the first line of memory of what it marks.
#[derive(Clone, Debug)]
#[repr(C)]
struct Slot<T> {
    /// [`LIVE`], or of a dead slot the one to fill after it.
    next: u32,
    value: T,
}

/// The end of the list of free slots.
const NO_SLOT: u32 = u32::MAX;
/// Marks a slot in use.
const LIVE: u32 = u32::MAX - 1;

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Arena<T> {
    /// Nothing.
    pub const fn new() -> Self {
        Self { slots: vast(), free: NO_SLOT, len: 0 }
    }

    /// Nothing, with room for `values` before anything is allocated.
    pub fn with_capacity(values: usize) -> Self {
        let mut slots = vast();
        slots.reserve(values);
        Self { slots, free: NO_SLOT, len: 0 }
    }

    /// Keeps `value` and says under which id.
    #[inline]
    pub fn insert(&mut self, value: T) -> u32 {
        let Some(slot) = self.slots.get_mut(self.free as usize) else { return self.append(value) };
        let id = core::mem::replace(&mut self.free, slot.next);
        *slot = Slot { next: LIVE, value };
        self.len += 1;
        id
    }

    /// Brings the value that was discarded last to life again, under its id and as it was left; where there is none,
    /// a fresh one.
    #[inline]
    pub fn revive(&mut self, fresh: impl FnOnce() -> T) -> (u32, &mut T) {
        let mut id = self.free;
        match self.slots.get_mut(id as usize) {
            Some(slot) => {
                self.free = core::mem::replace(&mut slot.next, LIVE);
                self.len += 1;
            }
            None => id = self.append(fresh()),
        }
        (id, &mut self.slots[id as usize].value)
    }

    /// Keeps `value` under a new id.
    #[cold]
    #[inline(never)]
    fn append(&mut self, value: T) -> u32 {
        let id =
            u32::try_from(self.slots.len()).ok().filter(|&id| id < LIVE).expect("an arena ends at 2^32 - 2");
        self.slots.push(Slot { next: LIVE, value });
        self.len += 1;
        id
    }

    /// Takes the value out; its id is dead.
    ///
    /// # Panics
    /// If `id` is dead.
    #[inline]
    pub fn remove(&mut self, id: u32) -> T
    where
        T: Default,
    {
        let value = core::mem::take(self.get_mut(id));
        self.discard(id);
        value
    }

    /// Lets the value be where it is until its id is used again; its id is dead.
    ///
    /// # Panics
    /// If `id` is dead.
    #[inline]
    pub fn discard(&mut self, id: u32) {
        match self.slots.get_mut(id as usize) {
            Some(slot) if slot.next == LIVE => slot.next = self.free,
            Some(_) | None => dead(id),
        }
        self.free = id;
        self.len -= 1;
    }

    /// Asks for the memory under `id`, whether it is in use or not, before it is touched. `parts` is shown the value to
    /// ask for those of its parts that matter, and should not read it.
    #[inline]
    pub fn fetch(&self, id: u32, parts: impl FnOnce(&T)) {
        if let Some(slot) = self.slots.get(id as usize) {
            prefetch_index(slice::from_ref(&slot.next), 0);
            parts(&slot.value);
        }
    }

    /// The value under `id` as it is or was left.
    #[inline]
    pub fn glance(&self, id: u32) -> Option<&T> {
        self.slots.get(id as usize).map(|slot| &slot.value)
    }

    /// The value if `id` is in use.
    #[inline]
    pub fn find_mut(&mut self, id: u32) -> Option<&mut T> {
        match self.slots.get_mut(id as usize) {
            Some(slot) if slot.next == LIVE => Some(&mut slot.value),
            Some(_) | None => None,
        }
    }

    /// The value.
    ///
    /// # Panics
    /// If `id` is dead.
    #[inline]
    pub fn get_mut(&mut self, id: u32) -> &mut T {
        match self.slots.get_mut(id as usize) {
            Some(slot) if slot.next == LIVE => &mut slot.value,
            Some(_) | None => dead(id),
        }
    }

    /// The value.
    ///
    /// # Panics
    /// If `id` is dead.
    #[inline]
    pub fn get(&self, id: u32) -> &T {
        match self.slots.get(id as usize) {
            Some(slot) if slot.next == LIVE => &slot.value,
            Some(_) | None => dead(id),
        }
    }

    /// Whether `id` is in use.
    pub fn contains(&self, id: u32) -> bool {
        self.slots.get(id as usize).is_some_and(|slot| slot.next == LIVE)
    }

    /// The values and their ids, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.slots).filter(|(_, slot)| slot.next == LIVE).map(|(id, slot)| (id, &slot.value))
    }

    /// How many values there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cold]
#[inline(never)]
fn dead(id: u32) -> ! {
    panic!("arena: {id} is dead or was never given out")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_freed_id_is_reused_first() {
        let mut arena = Arena::with_capacity(3);
        let ids: Vec<u32> = (0..3).map(|value| arena.insert(value)).collect();
        assert_eq!(ids, [0, 1, 2]);
        arena.remove(0);
        arena.remove(2);
        assert_eq!((arena.insert(9), arena.insert(8), arena.insert(7)), (2, 0, 3));
        assert_eq!(arena.len(), 4);
    }

    #[test]
    fn what_was_discarded_comes_back_as_it_was_left() {
        let mut arena = Arena::new();
        let (id, value) = arena.revive(|| 7);
        assert_eq!((id, *value), (0, 7));
        *value = 8;
        arena.discard(id);
        assert!(!arena.contains(id));
        assert_eq!(arena.revive(|| 9), (0, &mut 8));
        assert_eq!(arena.revive(|| 9), (1, &mut 9));
        assert_eq!(arena.len(), 2);
    }

    #[test]
    #[should_panic(expected = "arena: 0 is dead")]
    fn a_dead_id_cannot_be_read() {
        let mut arena = Arena::new();
        let id = arena.insert(());
        arena.remove(id);
        arena.get(id);
    }

    #[test]
    #[should_panic(expected = "arena: 0 is dead")]
    fn a_dead_id_cannot_be_removed_again() {
        let mut arena = Arena::new();
        let id = arena.insert(());
        arena.remove(id);
        arena.remove(id);
    }

    #[test]
    #[should_panic(expected = "never given out")]
    fn an_id_that_was_never_given_out_is_dead() {
        Arena::<()>::new().get_mut(5);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_arena_holds_what_a_map_holds(steps in proptest::collection::vec((any::<bool>(), any::<usize>()), 0..200)) {
            let mut arena = Arena::new();
            let mut map = std::collections::BTreeMap::new();
            for (grows, pick) in steps {
                if grows || map.is_empty() {
                    let id = arena.insert(pick);
                    prop_assert_eq!(map.insert(id, pick), None);
                } else if pick % 3 == 0 {
                    let id = *map.keys().nth(pick % map.len()).expect("the map is not empty");
                    arena.discard(id);
                    map.remove(&id);
                    prop_assert!(arena.find_mut(id).is_none());
                } else {
                    let id = *map.keys().nth(pick % map.len()).expect("the map is not empty");
                    prop_assert_eq!(Some(arena.remove(id)), map.remove(&id));
                }
                prop_assert_eq!(arena.len(), map.len());
            }
            let held: Vec<_> = arena.iter().map(|(id, value)| (id, *value)).collect();
            prop_assert_eq!(held, map.into_iter().collect::<Vec<_>>());
        }
    }
}
