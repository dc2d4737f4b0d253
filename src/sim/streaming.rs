//! Answers that are handed on as they come: when their first byte is at the client.
//!
//! The first byte is that of the first token of a task's last call. What load and collections add to a call comes before
//! its first token, so that the rest of the answer takes as long as it does without.

use super::strand::{Strand, uses};
use super::world::World;
use crate::model::Model;
use crate::tally::Samples;
use tars_policy::units::Span;

/// The first bytes of the answers that are on their way.
pub(super) struct FirstBytes {
    /// Whether any answers are streamed.
    pub(super) on: bool,
    /// By strand.
    seen: Vec<Seen>,
    /// Of measured tasks that ended well, from their beginning.
    pub(super) samples: Samples,
}

/// What is known of a strand's answers.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The key of the strand, as its place is used again.
    key: u64,
    /// How long before its end the first token of its present call comes.
    before_end: u64,
    /// When the first byte of its last answer came.
    at: Option<u64>,
}

impl FirstBytes {
    pub(super) fn new(model: &Model) -> Self {
        Self { on: model.streams(), seen: Vec::new(), samples: Samples::new() }
    }

    /// What is known of this strand, which may be nothing yet.
    fn of(&mut self, id: u32, key: u64) -> &mut Seen {
        let place = id as usize;
        if self.seen.len() <= place {
            self.seen.resize(place + 1, Seen::default());
        }
        let seen = &mut self.seen[place];
        if seen.key != key {
            *seen = Seen { key, ..Seen::default() };
        }
        seen
    }

    /// The call of a strand is answered at `now`.
    pub(super) fn answered(&mut self, now: u64, id: u32, key: u64) {
        let seen = self.of(id, key);
        seen.at = Some(now.saturating_sub(seen.before_end));
    }

    /// A strand answers with what its branch has come to.
    pub(super) fn adopt(&mut self, parent: (u32, u64), branch: (u32, u64)) {
        if let Some(at) = self.of(branch.0, branch.1).at {
            self.of(parent.0, parent.1).at = Some(at);
        }
    }

    /// A strand begins anew.
    pub(super) fn forget(&mut self, id: u32) {
        if let Some(seen) = self.seen.get_mut(id as usize) {
            *seen = Seen::default();
        }
    }

    /// A measured task has ended well.
    pub(super) fn ended(&mut self, now: u64, id: u32, strand: &Strand) {
        let at = self.of(id, strand.key).at.unwrap_or(now);
        self.samples.record(at.saturating_sub(strand.begun));
    }
}

impl World<'_> {
    /// How long a call takes whose service takes `span`: longer where its answer is streamed.
    pub(super) fn streamed_span(&mut self, id: u32, span: u64) -> u64 {
        let strand = self.strands.get(id);
        if strand.left > 0 {
            // It goes on where it was interrupted.
            return span;
        }
        let offers = &self.plan.stations[strand.station as usize].offers;
        let Some(offer) = offers.get(strand.model as usize).and_then(Option::as_ref) else { return span };
        let key = strand.key;
        let overhead = self.streamed(strand);
        let before_end = overhead.map_or(0, |_| match &offer.first_token {
            Some(law) => {
                let first = law.sample_span(strand.draw(uses::FIRST_TOKEN)).as_nanos();
                strand.own.saturating_sub(first)
            }
            None => (offer.per_output * u64::from(strand.output_tokens)).min(strand.own),
        });
        let stretched = |span: u64| match overhead {
            Some(overhead) => span.saturating_add(Span::from_nanos(span).scale(overhead).as_nanos()),
            None => span,
        };
        self.first_bytes.of(id, key).before_end = stretched(before_end);
        let strand = self.strands.get_mut(id);
        strand.own = stretched(strand.own);
        stretched(span)
    }

    /// Where the strand's answers are handed on as they come: the share by which its calls take longer.
    fn streamed(&self, strand: &Strand) -> Option<f64> {
        let state = self.nodes.get(usize::from(strand.node))?;
        self.plan.model.nodes[state.group()].streamed
    }
}
