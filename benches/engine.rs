//! The kernel against a bare floor, as ratios measured in one run; see `docs/benches.md`.
//!
//! `cargo bench --bench engine` prints the table. `-- --once CONTESTANT CASE WORK` does one piece of work and prints
//! when it ended: what `benches/instructions.sh` counts the instructions of.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

#[path = "floor/draws.rs"]
mod draws;
#[path = "floor/heaps.rs"]
mod heaps;
#[path = "floor/kernel.rs"]
mod kernel;
#[path = "floor/measure.rs"]
mod measure;
#[path = "floor/models.rs"]
mod models;

use heaps::{BareChance, Binary, Quaternary};
use kernel::NamedChance;
use measure::{Contestant, Timed, interleaved};
use models::{Calendar, Chance};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tars_policy::units::Span;
use tars_sim::engine::Agenda;

/// What is run, and how far the kernel may be from the floor.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    model: Model,
    /// Means of the two laws, in nanoseconds.
    means: [u64; 2],
    /// Customers or steps in one round.
    work: u64,
    /// The greatest ratio to the floor that is promised.
    promised: f64,
    against: Floor,
}

#[derive(Clone, Copy)]
enum Model {
    Open { servers: u32 },
    Closed { users: u32, servers: u32 },
    Hold { pending: u32 },
}

/// What the kernel is compared with.
#[derive(Clone, Copy)]
enum Floor {
    /// The better of the two heaps.
    BestHeap,
    /// The standard library's heap.
    BinaryHeap,
}

const CASES: [Case; 6] = [
    Case {
        name: "mm1",
        model: Model::Open { servers: 1 },
        means: [1_000_000_000, 800_000_000],
        work: 2_000_000,
        promised: 1.25,
        against: Floor::BestHeap,
    },
    Case {
        name: "mm10",
        model: Model::Open { servers: 10 },
        means: [100_000_000, 900_000_000],
        work: 2_000_000,
        promised: 1.25,
        against: Floor::BestHeap,
    },
    Case {
        name: "closed",
        model: Model::Closed { users: 10_000, servers: 1_000 },
        means: [10_000_000_000, 1_000_000_000],
        work: 1_000_000,
        promised: 1.25,
        against: Floor::BestHeap,
    },
    hold("hold-100", 100, 1.25),
    hold("hold-10k", 10_000, 1.25),
    hold("hold-1m", 1_000_000, 0.6),
];

const fn hold(name: &'static str, pending: u32, promised: f64) -> Case {
    let (means, against) = ([1_000_000_000; 2], Floor::BinaryHeap);
    Case { name, model: Model::Hold { pending }, means, work: 2_000_000, promised, against }
}

impl Case {
    fn run(&self, calendar: &mut impl Calendar, chance: &mut impl Chance, work: u64) -> u64 {
        match self.model {
            Model::Open { servers } => models::open(calendar, chance, servers, work),
            Model::Closed { users, servers } => models::closed(calendar, chance, (users, servers), work),
            Model::Hold { pending } => models::hold(calendar, chance, pending, work),
        }
    }

    fn on_kernel(&self, work: u64) -> u64 {
        self.run(&mut Agenda::new(), &mut NamedChance::new(self.means.map(Span::from_nanos)), work)
    }

    fn on_floor(&self, mut calendar: impl Calendar, work: u64) -> u64 {
        let generator = ChaCha8Rng::from_seed(NamedChance::key());
        let means = self.means.map(|nanos| nanos as f64);
        self.run(&mut calendar, &mut BareChance { generator, means }, work)
    }

    fn measure(&self, rounds: u32) {
        let work = self.work;
        let timed = interleaved(
            &[
                Contestant { name: "kernel", run: &|| self.on_kernel(work) },
                Contestant { name: "binary", run: &|| self.on_floor(Binary::default(), work) },
                Contestant { name: "4-ary", run: &|| self.on_floor(Quaternary::default(), work) },
            ],
            work,
            rounds,
        );
        self.print(&timed);
    }

    fn print(&self, timed: &[Timed]) {
        let [kernel, binary, quaternary] = timed else { unreachable!("three contestants") };
        let floor = match self.against {
            Floor::BinaryHeap => binary,
            Floor::BestHeap if binary.median() < quaternary.median() => binary,
            Floor::BestHeap => quaternary,
        };
        let ratio = kernel.median() / floor.median();
        println!(
            "{:10} {:>8.1} {:>8.1} {:>8.1}   {:<7} {:>6.2} {:>6.2} {:>9.2}  {}",
            self.name,
            kernel.median(),
            binary.median(),
            quaternary.median(),
            floor.name,
            ratio,
            kernel.best() / floor.best(),
            self.promised,
            if ratio <= self.promised { "kept" } else { "MISSED" },
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--once") {
        let [contestant, name, work] = &arguments[place + 1..] else {
            panic!("--once takes a contestant, a case and an amount of work")
        };
        println!("{}", once(contestant, name, work.parse().expect("an amount of work")));
        return;
    }
    println!(
        "nanoseconds per customer or step (median of rounds in turns), and the kernel's ratio to the floor"
    );
    println!(
        "{:10} {:>8} {:>8} {:>8}   {:<7} {:>6} {:>6} {:>9}",
        "case", "kernel", "binary", "4-ary", "floor", "ratio", "best", "promised"
    );
    for case in CASES {
        case.measure(9);
    }
    draws::print();
}

/// Does `work` units of a case in one way; says when the last one ended.
fn once(contestant: &str, name: &str, work: u64) -> u64 {
    let case = CASES.iter().find(|case| case.name == name).expect("a case of that name");
    match contestant {
        "kernel" => case.on_kernel(work),
        "binary" => case.on_floor(Binary::default(), work),
        "4-ary" => case.on_floor(Quaternary::default(), work),
        other => panic!("{other} is not kernel, binary or 4-ary"),
    }
}
