//! Where a task's time went, in integer nanoseconds. A task is at every instant in exactly one part.

/// How many parts there are.
pub const PARTS: usize = 21;

/// One part of a task's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    /// On a network.
    Network,
    /// In the queue in front of a pool.
    Queue,
    /// Waiting for an agent to start.
    Spawn,
    /// In line for a slot of a station.
    SlotWait,
    /// In line for a rate limit.
    RateLimitWait,
    /// Between two attempts at a station.
    ServerBackoff,
    /// Between two submissions by the client.
    ClientBackoff,
    /// In attempts that failed.
    FailedAttempts,
    /// Refused by a breaker.
    Breaker,
    /// In a coordinator.
    Coordinator,
    /// Waiting for a batch to fill.
    BatchWait,
    /// Waiting for a socket.
    SocketWait,
    /// In service at a provider.
    Provider,
    /// What load added to a service.
    Slowdown,
    /// Held up while the process stands still: by a collection, or by a write that blocks it.
    Pause,
    /// In service at a tool.
    Tool,
    /// In service at a plain station.
    Service,
    /// Reading or writing files.
    File,
    /// Looking into a cache.
    CacheLookup,
    /// Interrupted: preempted, or the server was down.
    Interrupted,
    /// Waiting for a node's event loop, and on it.
    EventLoop,
}

impl Part {
    /// All parts, in order.
    pub const ALL: [Self; PARTS] = [
        Self::Network,
        Self::Queue,
        Self::Spawn,
        Self::SlotWait,
        Self::RateLimitWait,
        Self::ServerBackoff,
        Self::ClientBackoff,
        Self::FailedAttempts,
        Self::Breaker,
        Self::Coordinator,
        Self::BatchWait,
        Self::SocketWait,
        Self::Provider,
        Self::Slowdown,
        Self::Pause,
        Self::Tool,
        Self::Service,
        Self::File,
        Self::CacheLookup,
        Self::Interrupted,
        Self::EventLoop,
    ];

    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Queue => "queue",
            Self::Spawn => "agent start",
            Self::SlotWait => "slot wait",
            Self::RateLimitWait => "rate-limit wait",
            Self::ServerBackoff => "server backoff",
            Self::ClientBackoff => "client backoff",
            Self::FailedAttempts => "failed attempts",
            Self::Breaker => "breaker",
            Self::Coordinator => "coordinator",
            Self::BatchWait => "batch wait",
            Self::SocketWait => "socket wait",
            Self::Provider => "provider",
            Self::Slowdown => "slowdown",
            Self::Pause => "process pause",
            Self::Tool => "tools",
            Self::Service => "services",
            Self::File => "file I/O",
            Self::CacheLookup => "cache lookup",
            Self::Interrupted => "interrupted",
            Self::EventLoop => "event loop",
        }
    }
}

/// The parts of one task's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Ledger {
    since: u64,
    /// The parts with any time: part `n` is bit `n`. Most tasks have few, and only these are looked at.
    used: u32,
    part: Part,
    spent: [u64; PARTS],
}

impl Default for Ledger {
    fn default() -> Self {
        Self { spent: [0; PARTS], since: 0, used: 0, part: Part::Network }
    }
}

impl Ledger {
    /// Where its numbers lie.
    pub(super) const fn lines(&self) -> &[u64; PARTS] {
        &self.spent
    }

    /// The ledger of what starts at `now` in `part`.
    pub(crate) fn new(now: u64, part: Part) -> Self {
        Self { since: now, part, ..Self::default() }
    }

    /// The ledger of a task that starts at `now` in `part`, in place of that of another task.
    #[inline]
    pub(crate) fn renew(&mut self, now: u64, part: Part) {
        let mut left = std::mem::take(&mut self.used);
        while left != 0 {
            self.spent[left.trailing_zeros() as usize] = 0;
            left &= left - 1;
        }
        (self.since, self.part) = (now, part);
    }

    /// From `now` on the task is in `part`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a change of every task: shorter than a call")]
    pub(crate) fn enter(&mut self, now: u64, part: Part) {
        self.add(self.part, now - self.since);
        self.since = now;
        self.part = part;
    }

    /// From `now` on the task is in `part`; of the time since the last change, `own` stays where it was and the rest
    /// counts as `rest`.
    #[inline]
    pub(crate) fn enter_split(&mut self, now: u64, own: u64, rest: Part, part: Part) {
        let spent = now - self.since;
        let own = own.min(spent);
        self.add(self.part, own);
        if spent > own {
            self.add(rest, spent - own);
        }
        self.since = now;
        self.part = part;
    }

    /// So much more time in a part.
    #[inline]
    const fn add(&mut self, part: Part, span: u64) {
        // No part exceeds the time that has passed, which has 60 bits.
        let spent = &mut self.spent[part as usize];
        *spent = spent.wrapping_add(span);
        self.used |= ((span > 0) as u32) << part as u32;
    }

    /// From `now` on the task is where the shared work is that it has waited for since its last change: that time
    /// stands where `shared` has it, whose ledger began then and is closed at `now`.
    pub(crate) fn absorb(&mut self, now: u64, shared: &Self) {
        assert_eq!(shared.total(), now - self.since, "shared work lasts as long as it is waited for");
        for (sum, part) in self.spent.iter_mut().zip(shared.spent) {
            *sum += part;
        }
        self.used |= shared.used;
        self.since = now;
        self.part = shared.part;
    }

    /// When the part began.
    pub(crate) const fn since(&self) -> u64 {
        self.since
    }

    /// The part it is in.
    pub(crate) const fn part(&self) -> Part {
        self.part
    }

    /// The places of the parts with any time up to the last change, and that time.
    #[inline]
    pub(crate) fn spent(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let mut left = self.used;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            self.spent.get(place).map(|spent| (place, *spent))
        })
    }

    /// Time in one part, up to the last change.
    pub(crate) const fn spent_in(&self, part: Part) -> u64 {
        self.spent[part as usize]
    }

    /// Time in one part up to `now`.
    pub(crate) fn spent_by(&self, now: u64, part: Part) -> u64 {
        let open = if self.part == part { now - self.since } else { 0 };
        self.spent_in(part) + open
    }

    /// All time up to the last change.
    #[inline]
    pub(crate) fn total(&self) -> u64 {
        // No part exceeds the task's own time, which fits.
        self.spent().fold(0, |sum: u64, (_, part)| sum.wrapping_add(part))
    }

    /// Counts time spent in `from` since the ledger looked like `before` as time in `to`.
    pub(crate) fn move_since(&mut self, before: u64, from: Part, to: Part) {
        let moved = self.spent[from as usize] - before;
        self.spent[from as usize] -= moved;
        self.add(to, moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_to_the_time_that_passed() {
        let mut ledger = Ledger::default();
        ledger.enter(40, Part::Tool);
        ledger.enter(70, Part::Network);
        ledger.renew(100, Part::Network);
        ledger.enter(150, Part::Queue);
        ledger.enter(150, Part::Provider);
        ledger.enter_split(450, 200, Part::Slowdown, Part::Network);
        ledger.enter(460, Part::Network);
        assert_eq!(ledger.total(), 360);
        assert_eq!(ledger.spent_in(Part::Provider), 200);
        assert_eq!(ledger.spent_in(Part::Slowdown), 100);
        assert_eq!(ledger.spent_in(Part::Tool), 0);
        let places: Vec<_> = ledger.spent().map(|(place, _)| Part::ALL[place]).collect();
        assert_eq!(places, [Part::Network, Part::Provider, Part::Slowdown]);
    }

    #[test]
    fn the_time_of_shared_work_stands_where_the_work_was() {
        let mut ledger = Ledger::new(100, Part::BatchWait);
        ledger.enter(150, Part::Provider);
        let mut shared = Ledger::new(150, Part::RateLimitWait);
        shared.enter(170, Part::Provider);
        shared.enter(250, Part::Provider);
        ledger.absorb(250, &shared);
        assert_eq!(ledger.total(), 150);
        let parts = [Part::BatchWait, Part::RateLimitWait, Part::Provider];
        assert_eq!(parts.map(|part| ledger.spent_in(part)), [50, 20, 80]);
    }

    #[test]
    fn parts_stand_in_their_order() {
        for (index, part) in Part::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, index);
        }
    }
}
