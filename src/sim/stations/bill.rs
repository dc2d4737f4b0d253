//! What a call costs.

use super::super::plan::OfferPlan;
use super::super::strand::Strand;
use super::super::world::World;
use tars_policy::units::Tokens;

/// Trillionths of a dollar for the tokens of a call, of which so many prompt tokens were kept by the provider.
pub(super) fn bill(offer: &OfferPlan, strand: &Strand, cached: u32) -> u64 {
    let tokens = |count: u32| Tokens::new(u64::from(count));
    let dollars = offer.input_price * tokens(strand.input_tokens - cached)
        + offer.output_price * tokens(strand.output_tokens);
    let kept = offer.cached_price * tokens(cached);
    u64::try_from(dollars.as_trillionths() + kept.as_trillionths())
        .expect("a call costs less than 18 million dollars")
}

impl World<'_> {
    /// A strand, whose model has been chosen, begins a call of a provider.
    pub(super) fn prompt_begins(&mut self, id: u32, visit: u16) {
        let call = &self.plan.model.program.visits[visit as usize];
        let strand = self.strands.get(id);
        self.prompts.call_begins(self.now, id, visit, call, strand.model, strand.input_tokens);
    }
}
