//! What is simulated on the kernel and on the floor: the same few lines, given a calendar and chance.

/// Pending events.
pub(crate) trait Calendar {
    /// Lets what `code` says happen at `at` nanoseconds.
    fn schedule(&mut self, at: u64, code: u32);
    /// Takes the next event: when, and what.
    fn next(&mut self) -> Option<(u64, u32)>;
}

/// Random spans.
pub(crate) trait Chance {
    /// A span in nanoseconds by the first or the second law.
    fn span(&mut self, law: usize) -> u64;
}

/// The law of gaps between arrivals, or of thinking.
pub(crate) const GAP: usize = 0;
/// The law of service.
pub(crate) const SERVICE: usize = 1;

const ARRIVE: u32 = 0;
const FINISH: u32 = 1;

/// An open queue with `servers` until `customers` have left; says when the last one did.
pub(crate) fn open(
    calendar: &mut impl Calendar,
    chance: &mut impl Chance,
    servers: u32,
    customers: u64,
) -> u64 {
    let (mut busy, mut waiting, mut left) = (0, 0_u64, 0);
    calendar.schedule(chance.span(GAP), ARRIVE);
    while let Some((now, code)) = calendar.next() {
        if code == ARRIVE {
            calendar.schedule(now + chance.span(GAP), ARRIVE);
            if busy < servers {
                busy += 1;
                calendar.schedule(now + chance.span(SERVICE), FINISH);
            } else {
                waiting += 1;
            }
            continue;
        }
        left += 1;
        if left == customers {
            return now;
        }
        if waiting > 0 {
            waiting -= 1;
            calendar.schedule(now + chance.span(SERVICE), FINISH);
        } else {
            busy -= 1;
        }
    }
    unreachable!("arrivals never end")
}

/// Users who think, are served by one of `servers` and think again, until `customers` services have ended.
pub(crate) fn closed(
    calendar: &mut impl Calendar,
    chance: &mut impl Chance,
    (users, servers): (u32, u32),
    customers: u64,
) -> u64 {
    let (mut busy, mut waiting, mut left) = (0, 0_u64, 0);
    for _ in 0..users {
        calendar.schedule(chance.span(GAP), ARRIVE);
    }
    while let Some((now, code)) = calendar.next() {
        if code == ARRIVE {
            if busy < servers {
                busy += 1;
                calendar.schedule(now + chance.span(SERVICE), FINISH);
            } else {
                waiting += 1;
            }
            continue;
        }
        left += 1;
        if left == customers {
            return now;
        }
        calendar.schedule(now + chance.span(GAP), ARRIVE);
        if waiting > 0 {
            waiting -= 1;
            calendar.schedule(now + chance.span(SERVICE), FINISH);
        } else {
            busy -= 1;
        }
    }
    unreachable!("users never leave")
}

/// Schedules `pending` events, then takes one and schedules one, `steps` times; says when the last one happened.
pub(crate) fn hold(calendar: &mut impl Calendar, chance: &mut impl Chance, pending: u32, steps: u64) -> u64 {
    for _ in 0..pending {
        calendar.schedule(chance.span(GAP), ARRIVE);
    }
    let mut last = 0;
    for _ in 0..steps {
        let (now, code) = calendar.next().expect("as many are scheduled as are taken");
        calendar.schedule(now + chance.span(GAP), code);
        last = now;
    }
    last
}
