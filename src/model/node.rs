//! Runtime processes as the simulator sees them.

use super::distribution::Law;
use tars_policy::units::Span;

/// Runtime processes that are alike.
#[derive(Clone, Debug)]
pub struct NodeGroup {
    /// Their name; keys their chance.
    pub name: String,
    /// How many.
    pub count: u32,
    /// How many agents live in one for each in a node of weight 1.
    pub weight: u32,
    /// What each writes to disk.
    pub files: Option<Files>,
    /// What each holds in memory, in megabytes.
    pub memory: Memory,
    /// Garbage for each task taken and each call made, in megabytes.
    pub garbage: (f64, f64),
    /// Work of the event loop for each task taken and each call that comes back.
    pub work: (Option<Law<Span>>, Option<Law<Span>>),
    /// Work of the event loop to read the answer of a call through its buffer.
    pub reading: Span,
    /// The share of a core that it may use; work takes the reciprocal times as long.
    pub cores: f64,
    /// How much longer calls take whose answers are handed on as they come; `None` where answers are buffered.
    pub streamed: Option<f64>,
    /// Collections of the young generation: after so much garbage, the share promoted, the pause.
    pub minor: Option<(f64, f64, Pause)>,
    /// Collections of the whole heap: the growth that brings one on, the pause.
    pub major: Option<(f64, Pause)>,
    /// Collections that the program asks for: heap share, least distance, the pause.
    pub manual: Option<(f64, Span, Pause)>,
    /// From death to ready again.
    pub restart: Option<Law<Span>>,
    /// The probe: interval, timeout, misses.
    pub liveness: Option<(Span, Span, u32)>,
    /// For how long after its start a node is not probed.
    pub probe_delay: Span,
    /// The growth of what collections of the whole heap leave that is taken for a leak, in megabytes.
    pub leak_above: f64,
    /// Caches whose entries lie in the heaps, by place.
    pub caches: Vec<u16>,
    /// Pools whose agents live here, by place.
    pub pools: Vec<u16>,
}

/// What a process writes to disk and reads when it starts again; see the schema's `FilesSpec`.
#[derive(Clone, Debug)]
pub struct Files {
    /// Lines for each task that ends.
    pub lines_per_task: u32,
    /// Lines that are written at once, at least 1.
    pub buffer_lines: u64,
    /// How long a write takes.
    pub write: Option<Law<Span>>,
    /// Whether the event loop stands still meanwhile.
    pub blocking: bool,
    /// After how many lines, at least 1, the log is rotated, and how long that takes.
    pub rotation: Option<(u64, Law<Span>)>,
    /// After how many tasks, at least 1, memory is written, and how long that takes.
    pub snapshot: Option<(u64, Law<Span>)>,
    /// How long reading a snapshot takes, and each line after it.
    pub read: (Option<Law<Span>>, Span),
}

/// What a process holds in memory, in megabytes; see the schema's `MemorySpec`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// The heap at which it dies.
    pub limit: f64,
    /// Without agents and tasks.
    pub base: f64,
    /// For each agent.
    pub per_agent: f64,
    /// For each task carried.
    pub per_task: f64,
    /// For each task queued, shared by the nodes.
    pub per_queued: f64,
    /// Outside the heap for each task.
    pub external: f64,
    /// Resident outside heap and buffers.
    pub resident: f64,
    /// Lost for good for each task that ends.
    pub leak: f64,
}

/// How long a collection stops a node.
#[derive(Clone, Debug, Default)]
pub struct Pause {
    /// Drawn.
    pub time: Option<Law<Span>>,
    /// For each megabyte alive.
    pub per_live_mb: Span,
    /// By tasks on the node.
    pub by_tasks: Vec<(u32, Span)>,
}

impl Pause {
    /// What `by_tasks` says at this number of tasks.
    pub fn at(&self, tasks: u32) -> Span {
        let Some((first, shortest)) = self.by_tasks.first() else { return Span::ZERO };
        if tasks <= *first {
            return *shortest;
        }
        let above = self.by_tasks.iter().position(|(point, _)| *point > tasks);
        match above {
            None => self.by_tasks.last().map_or(Span::ZERO, |(_, longest)| *longest),
            Some(above) => {
                let ((low, from), (high, to)) = (self.by_tasks[above - 1], self.by_tasks[above]);
                let share = f64::from(tasks - low) / f64::from(high - low);
                let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
                Span::from_secs_f64(from + (to - from) * share)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_follows_its_points_and_stays_flat_outside() {
        let millis = Span::from_millis;
        let pause = Pause {
            by_tasks: vec![(10, millis(10)), (100, millis(50)), (150, millis(100))],
            ..Pause::default()
        };
        assert_eq!(pause.at(0), millis(10));
        assert_eq!(pause.at(55), millis(30));
        assert_eq!(pause.at(100), millis(50));
        assert_eq!(pause.at(125), millis(75));
        assert_eq!(pause.at(1_000), millis(100));
        assert_eq!(Pause::default().at(7), Span::ZERO);
    }
}
