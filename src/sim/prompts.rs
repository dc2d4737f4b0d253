//! Prompt caching: a provider keeps the beginning of prompts for a while, and takes less for it when it comes again.

use crate::model::route::Visit;
use std::collections::BTreeMap;
use tars_policy::units::Span;

/// Which prompts providers keep, and how much of the prompt of a present call that is.
#[derive(Debug, Default)]
pub(super) struct Prompts {
    /// Until when a provider keeps the prompt of a step for a model.
    kept_until: BTreeMap<(u16, u16), u64>,
    /// How many prompt tokens of a call its provider has kept; of calls of other steps nothing.
    cached: BTreeMap<u32, u32>,
}

impl Prompts {
    /// A strand begins a call of the visit numbered `place` for `model`.
    pub(super) fn call_begins(
        &mut self,
        now: u64,
        id: u32,
        place: u16,
        call: &Visit,
        model: u16,
        input_tokens: u32,
    ) {
        let Some(prompt) = &call.prompt else {
            if !self.cached.is_empty() {
                self.cached.remove(&id);
            }
            return;
        };
        let is_kept =
            prompt.ttl.is_none() || self.kept_until.get(&(place, model)).is_some_and(|until| now < *until);
        self.cached.insert(id, if is_kept { share_of(prompt.input_share, input_tokens) } else { 0 });
    }

    /// A call of the visit numbered `place` has come back well: its prompt is kept from now on.
    pub(super) fn call_ends(&mut self, now: u64, place: u16, call: &Visit, model: u16) {
        if let Some(ttl) = call.prompt.as_ref().and_then(|prompt| prompt.ttl) {
            self.kept_until.insert((place, model), now.saturating_add(Span::as_nanos(ttl)));
        }
    }

    /// How many prompt tokens of the strand's present call its provider has kept.
    #[inline]
    pub(super) fn cached(&self, id: u32) -> u32 {
        if self.cached.is_empty() { 0 } else { self.cached.get(&id).copied().unwrap_or(0) }
    }
}

/// A share of a number of tokens, rounded down.
fn share_of(share: f64, tokens: u32) -> u32 {
    super::world::whole(share * f64::from(tokens)).min(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::route::PromptCache;

    fn step(ttl: Option<u64>) -> Visit {
        let prompt = PromptCache { input_share: 0.75, ttl: ttl.map(Span::from_nanos) };
        Visit { prompt: Some(prompt), ..Visit::of(0) }
    }

    #[test]
    fn a_prompt_is_kept_from_the_answer_to_the_end_of_its_time() {
        let (mut prompts, step) = (Prompts::default(), step(Some(100)));
        let cached = |prompts: &mut Prompts, now, model| {
            prompts.call_begins(now, 1, 0, &step, model, 1_001);
            prompts.cached(1)
        };
        assert_eq!(cached(&mut prompts, 0, 3), 0);
        prompts.call_ends(50, 0, &step, 3);
        assert_eq!(
            [cached(&mut prompts, 149, 3), cached(&mut prompts, 149, 4), cached(&mut prompts, 150, 3)],
            [750, 0, 0]
        );
    }

    #[test]
    fn a_prompt_without_a_time_is_always_kept_and_a_call_of_another_step_has_none() {
        let mut prompts = Prompts::default();
        prompts.call_begins(0, 1, 0, &step(None), 3, 8);
        assert_eq!(prompts.cached(1), 6);
        prompts.call_begins(0, 1, 1, &Visit::of(0), 3, 8);
        assert_eq!(prompts.cached(1), 0);
    }
}
