//! The kernel and the whole simulator against a bare floor, as ratios measured in one run; see `docs/benches.md`.
//!
//! `cargo bench --bench engine` prints the tables; `-- --sims` only those of the simulator, `-- --scale` what an event costs with a
//! thousand agents and with a hundred thousand. `-- --once CONTESTANT CASE WORK` does one piece of work and prints
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
#[path = "floor/sims.rs"]
mod sims;

use heaps::{BareChance, Binary, Quaternary};
use kernel::NamedChance;
use measure::{Contestant, Timed, in_turns, interleaved};
use models::{Calendar, Chance};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sims::{SCALES, SIMS, Sim};
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

    fn floor<'a>(&self, binary: &'a Timed, quaternary: &'a Timed) -> &'a Timed {
        match self.against {
            Floor::BinaryHeap => binary,
            Floor::BestHeap if binary.median() < quaternary.median() => binary,
            Floor::BestHeap => quaternary,
        }
    }

    fn print(&self, timed: &[Timed]) {
        let [kernel, binary, quaternary] = timed else { unreachable!("three contestants") };
        let floor = self.floor(binary, quaternary);
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
    if arguments.iter().any(|argument| argument == "--sims") {
        return print_sims();
    }
    if arguments.iter().any(|argument| argument == "--scale") {
        return print_scale(9);
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
    print_sims();
    print_scale(5);
    draws::print();
}

/// Tasks in one round of each: the simulated minute of the larger.
const SCALE_TASKS: u64 = 1_848_000;

/// What an event costs among a hundred thousand agents, as a multiple of what it costs among a thousand; and what a step
/// costs the bare heap with as many pending, where nothing grows but the memory it touches.
fn print_scale(rounds: u32) {
    let plans = SCALES.map(|sim| sim.plan(SCALE_TASKS));
    let of = |place: usize| SCALES[place].units(&Sim::run(&plans[place]));
    let steps = [1_000, 100_000].map(|pending| hold("", pending, 0.0));
    let floor = |place: usize| {
        let end = steps[place].on_floor(Quaternary::default(), steps[place].work);
        if end > 0 { steps[place].work } else { 0 }
    };
    let timed = in_turns(
        &[
            Contestant { name: "sim of 1,000", run: &|| of(0) },
            Contestant { name: "sim of 100,000", run: &|| of(1) },
            Contestant { name: "floor of 1,000", run: &|| floor(0) },
            Contestant { name: "floor of 100,000", run: &|| floor(1) },
        ],
        rounds,
    );
    let [few, many, near, far] = &timed[..] else { unreachable!("four contestants") };
    let promised = SCALES[1].promised;
    println!(
        "\nan event among 1,000 agents and among 100,000, in nanoseconds; a step of the 4-ary heap with as many pending"
    );
    println!("{:10} {:>8} {:>8} {:>6} {:>6} {:>9}", "case", "1,000", "100,000", "ratio", "best", "promised");
    let line = |name: &str, few: &Timed, many: &Timed, promise: &str| {
        let (median, best) = (many.median() / few.median(), many.best() / few.best());
        println!(
            "{name:10} {:>8.1} {:>8.1} {median:>6.2} {best:>6.2} {promise}",
            few.median(),
            many.median()
        );
        median
    };
    line("floor", near, far, "");
    let ratio = line("sim", few, many, &format!("{promised:>9.2}"));
    println!("{}", if ratio <= promised { "kept" } else { "MISSED" });
}

fn print_sims() {
    println!("\nthe whole simulator on experiment files, per customer, or per event that was not stale");
    println!(
        "{:10} {:>8} {:>8}   {:<8} {:>6} {:>6} {:>9}",
        "case", "sim", "floor", "of", "ratio", "best", "promised"
    );
    for sim in SIMS {
        measure_sim(&sim, 25);
    }
}

/// Tasks in one round of an experiment.
const SIM_TASKS: u64 = 100_000;

fn measure_sim(sim: &Sim, rounds: u32) {
    let case = case(sim.floor);
    let plan = sim.plan(SIM_TASKS);
    let work = case.work / 4;
    let run = || sim.units(&Sim::run(&plan));
    let floor = |end: u64| if end > 0 { work } else { 0 };
    let timed = in_turns(
        &[
            Contestant { name: "sim", run: &run },
            Contestant { name: "binary", run: &|| floor(case.on_floor(Binary::default(), work)) },
            Contestant { name: "4-ary", run: &|| floor(case.on_floor(Quaternary::default(), work)) },
        ],
        rounds,
    );
    let [simulated, binary, quaternary] = &timed[..] else { unreachable!("three contestants") };
    let floor = case.floor(binary, quaternary);
    let ratio = simulated.median() / floor.median();
    println!(
        "{:10} {:>8.1} {:>8.1}   {:<8} {:>6.2} {:>6.2} {:>9.2}  {}",
        sim.name,
        simulated.median(),
        floor.median(),
        sim.floor,
        ratio,
        simulated.best() / floor.best(),
        sim.promised,
        if ratio <= sim.promised { "kept" } else { "MISSED" },
    );
    let run = Sim::run(&plan);
    let events = (run.events - run.stale) as f64 / run.issued_ever as f64;
    let nanos = simulated.median() * sim.units(&run) as f64 / run.issued_ever as f64;
    println!("{:10} {:.2} events a task, {:.0} tasks a second", "", events, 1e9 / nanos);
}

fn case(name: &str) -> Case {
    *CASES.iter().find(|case| case.name == name).expect("a case of that name")
}

/// Does `work` units of a case in one way; says when the last one ended, or how many tasks there were.
fn once(contestant: &str, name: &str, work: u64) -> u64 {
    if contestant == "sim" {
        let named = |sim: &&Sim| sim.name.strip_prefix("sim ") == Some(name);
        let sim = SIMS.iter().chain(&SCALES).find(named).expect("an experiment of that name");
        return Sim::run(&sim.plan(work)).issued_ever;
    }
    let case = case(name);
    match contestant {
        "kernel" => case.on_kernel(work),
        "binary" => case.on_floor(Binary::default(), work),
        "4-ary" => case.on_floor(Quaternary::default(), work),
        other => panic!("{other} is not sim, kernel, binary or 4-ary"),
    }
}
