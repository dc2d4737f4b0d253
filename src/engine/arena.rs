//! Where entities live: a slab with small ids, in which nothing is allocated once it has grown to its greatest size.

/// Values under `u32` ids. The id of a removed value is dead until a later insertion reuses it, last freed first.
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
    slots: Vec<Slot<T>>,
    /// The slot to fill next, or [`NO_SLOT`].
    free: u32,
    len: usize,
}

#[derive(Clone, Debug)]
enum Slot<T> {
    Live(T),
    /// Names the slot to fill after this one.
    Dead {
        next: u32,
    },
}

/// The end of the list of free slots.
const NO_SLOT: u32 = u32::MAX;

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Arena<T> {
    /// Nothing.
    pub const fn new() -> Self {
        Self { slots: Vec::new(), free: NO_SLOT, len: 0 }
    }

    /// Nothing, with room for `values` before anything is allocated.
    pub fn with_capacity(values: usize) -> Self {
        Self { slots: Vec::with_capacity(values), free: NO_SLOT, len: 0 }
    }

    /// Keeps `value` and says under which id.
    #[inline]
    pub fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        let id = self.free;
        if let Some(slot) = self.slots.get_mut(id as usize) {
            let Slot::Dead { next } = *slot else { panic!("arena: free slot {id} is in use") };
            self.free = next;
            *slot = Slot::Live(value);
            return id;
        }
        let id = u32::try_from(self.slots.len())
            .ok()
            .filter(|&id| id != NO_SLOT)
            .expect("an arena ends at 2^32 - 1");
        self.slots.push(Slot::Live(value));
        id
    }

    /// Takes the value out; its id is dead.
    ///
    /// # Panics
    /// If `id` is dead.
    #[inline]
    pub fn remove(&mut self, id: u32) -> T {
        let next = self.free;
        match self.slots.get_mut(id as usize).map(|slot| core::mem::replace(slot, Slot::Dead { next })) {
            Some(Slot::Live(value)) => {
                self.free = id;
                self.len -= 1;
                value
            }
            Some(Slot::Dead { .. }) | None => dead(id),
        }
    }

    /// Drops the value where it is, without moving it out; its id is dead.
    ///
    /// # Panics
    /// If `id` is dead.
    #[inline]
    pub fn discard(&mut self, id: u32) {
        let next = self.free;
        match self.slots.get_mut(id as usize) {
            Some(slot @ Slot::Live(_)) => *slot = Slot::Dead { next },
            Some(Slot::Dead { .. }) | None => dead(id),
        }
        self.free = id;
        self.len -= 1;
    }

    /// The value if `id` is in use.
    #[inline]
    pub fn find_mut(&mut self, id: u32) -> Option<&mut T> {
        match self.slots.get_mut(id as usize) {
            Some(Slot::Live(value)) => Some(value),
            Some(Slot::Dead { .. }) | None => None,
        }
    }

    /// The value.
    ///
    /// # Panics
    /// If `id` is dead.
    #[inline]
    pub fn get_mut(&mut self, id: u32) -> &mut T {
        match self.slots.get_mut(id as usize) {
            Some(Slot::Live(value)) => value,
            Some(Slot::Dead { .. }) | None => dead(id),
        }
    }

    /// The value.
    ///
    /// # Panics
    /// If `id` is dead.
    #[inline]
    pub fn get(&self, id: u32) -> &T {
        match self.slots.get(id as usize) {
            Some(Slot::Live(value)) => value,
            Some(Slot::Dead { .. }) | None => dead(id),
        }
    }

    /// Whether `id` is in use.
    pub fn contains(&self, id: u32) -> bool {
        matches!(self.slots.get(id as usize), Some(Slot::Live(_)))
    }

    /// The values and their ids, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.slots).filter_map(|(id, slot)| match slot {
            Slot::Live(value) => Some((id, value)),
            Slot::Dead { .. } => None,
        })
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
