//! What a draw costs, for information.

use std::hint::black_box;

use tars_sim::model::distribution::Law;
use tars_sim::random::{Sampler, Streams, TaskDraws, Use, later, unit_from};

use crate::measure::{Contestant, interleaved};

/// Draws in one round.
const DRAWS: u64 = 1_000_000;

/// Prints nanoseconds per draw of every law, with the mixing of its uniform in it, and of a task's block.
pub(crate) fn print() {
    println!("\nnanoseconds per draw (median of rounds), for information");
    for (name, law) in Law::<f64>::examples(1.0) {
        let sampler = Sampler::of_counts(&law);
        line(name, &|| {
            (0..DRAWS).map(|draw| sampler.sample(unit_from(later(draw, 1, Use(0)))).to_bits()).fold(0, mix)
        });
    }
    line("task blocks in order", &|| {
        let mut draws = TaskDraws::new(&Streams::new(1, 0), "bench");
        (0..DRAWS).map(|task| draws.block(task)[7]).fold(0, mix)
    });
    line("task blocks in no order", &|| {
        let mut draws = TaskDraws::new(&Streams::new(1, 0), "bench");
        (0..DRAWS).map(|task| draws.block(task ^ 8)[7] ^ draws.block(2 * task)[0]).fold(0, mix)
    });
}

fn mix(sum: u64, bits: u64) -> u64 {
    sum.rotate_left(1) ^ black_box(bits)
}

fn line(name: &'static str, run: &dyn Fn() -> u64) {
    let timed = interleaved(&[Contestant { name, run }], DRAWS, 5);
    println!("{name:24} {:>7.1}", timed[0].median());
}
