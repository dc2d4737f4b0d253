//! Calls of stations and providers: plain, held, hedged, with fallbacks.

use super::super::index;
use super::super::system::{check_law_option, spec_at};
use super::Layout;
use crate::experiment::path::Path;
use crate::experiment::schema::{FallbackCall, HoldStep, LlmStep, VisitStep};
use crate::model::distribution::Law;
use crate::model::route::{Chain, HedgeAct, Op, PromptCache, Visit};
use crate::model::{Kind, Service};
use tars_policy::route::{FallbackSpec, HedgeSpec, Losers, RouteSpec};
use tars_policy::units::{Span, Time};

impl Layout<'_> {
    pub(super) fn visit(&mut self, visit: &VisitStep, path: &Path) {
        let index = self.index_of(visit, path);
        let station = if let Some((_, station)) = index {
            Some(station)
        } else {
            let names = self.places_names();
            self.named(&path.key("station"), "station", &visit.station, &names)
        };
        check_law_option(self.tree, &path.key("service"), visit.service.as_ref(), self.diagnostics);
        let law = visit.service.as_ref().map(|law| self.span_law(law, &path.key("service")));
        let patience = visit.patience.as_ref().map(|law| self.span_law(law, &path.key("patience")));
        let retry = self.retry(path, visit.retry.as_ref());
        let breaker = self.breaker(path, visit.breaker.as_ref());
        let batch = self.batch(path, visit.batch.as_ref());
        let Some(station) = station else { return };
        let failover = self.access(station, visit.access, path);
        let visit = self.add_visit(Visit {
            index: index.map(|(index, _)| (index, visit.adds_vectors)),
            failover,
            law,
            patience,
            timeout: visit.timeout,
            retry,
            breaker,
            batch,
            ..Visit::of(station)
        });
        self.push(if batch.is_some() { Op::Shared(visit) } else { Op::Visit(visit) });
    }

    /// The index that a visit names, and the station of its first shard.
    fn index_of(&mut self, visit: &VisitStep, path: &Path) -> Option<(u16, u16)> {
        let place = self.parts.indexes.iter().position(|index| index.name == visit.station);
        let Some(place) = place else {
            if visit.adds_vectors > 0 {
                let message = format!("`{}` is a station, which holds no vectors", visit.station);
                let hint = "name an index of `system.indexes`";
                self.diagnostics.senseless(self.tree, &path.key("adds_vectors"), message, hint);
            }
            return None;
        };
        if visit.batch.is_some() {
            let message = "calls that go out together would go to shards of several tenants";
            self.diagnostics.senseless(self.tree, &path.key("batch"), message, "leave it out");
        }
        let first = self.parts.indexes[place].stations.first().copied()?;
        Some((index(place), first))
    }

    /// Stations and indexes.
    fn places_names(&self) -> Vec<String> {
        let indexes = self.parts.indexes.iter().map(|index| index.name.clone());
        self.station_names().into_iter().chain(indexes).collect()
    }

    /// A slot is held while the inner steps run.
    pub(super) fn hold(&mut self, hold: &HoldStep, path: &Path) {
        let known = self.station_names();
        let found = self.named(&path.key("station"), "station", &hold.station, &known);
        let patience = hold.patience.as_ref().map(|law| self.span_law(law, &path.key("patience")));
        let retry = self.retry(path, hold.retry.as_ref());
        let Some(station) = found else { return };
        let slots = &self.parts.stations[usize::from(station)];
        let interrupts = slots.service != Service::Slots || slots.breakdown.is_some();
        if interrupts || slots.setup.is_some() || !slots.offers.is_empty() {
            self.diagnostics.senseless(
                self.tree,
                &path.key("station"),
                format!("`{}` cannot be held", hold.station),
                "hold a plain station: slots that are not shared, interrupted or set up",
            );
        }
        let visit = self.add_visit(Visit { patience, timeout: hold.timeout, retry, ..Visit::of(station) });
        let at = self.push(Op::Hold { visit, behind: 0 });
        let body = self.here();
        self.program.visits[usize::from(visit)].body = Some(body);
        let before = self.nested;
        self.nested.branch = true;
        self.steps(&hold.steps, &path.key("steps"));
        self.push(Op::BranchEnd);
        self.nested = before;
        let behind = self.here();
        self.program.ops[at as usize] = Op::Hold { visit, behind };
    }

    /// A call and later copies of it, of which the first answer wins.
    pub(super) fn hedged(&mut self, hedge: Option<&HedgeSpec>, path: &Path, call: impl Fn(&mut Self)) {
        let Some(spec) = hedge else { return call(self) };
        let policy = match spec.build() {
            Ok(policy) => policy,
            Err(error) => return spec_at(self.tree, &path.key("hedge"), &error, self.diagnostics),
        };
        if spec.losers == Losers::LetRun {
            let hint = "leave it out: the copies that lose are cancelled";
            let message = "copies that run on behind the answer are not simulated";
            self.diagnostics.senseless(self.tree, &path.key("hedge").key("losers"), message, hint);
        }
        if spec.after_quantile.is_some() || spec.budget.is_some() {
            return self.hedged_by_policy(spec, call);
        }
        let mut starts = vec![Time::START];
        while let Some(next) =
            policy.next_at(starts[starts.len() - 1], u32::try_from(starts.len() - 1).unwrap_or(u32::MAX))
        {
            starts.push(next);
        }
        let (first, count) = self.add_ways(starts.len());
        let at = self.push(Op::Fork { first, count, first_wins: true, behind: 0 });
        let before = self.nested;
        self.nested.branch = true;
        for (way, start) in starts.iter().enumerate() {
            self.set_way(first, way, 0.0);
            if way > 0 {
                let wait = Law::Deterministic { value: *start - Time::START };
                let law = self.span_law(&wait, &path.key("hedge").key("after"));
                self.push(Op::Delay { law, kind: Kind::Provider });
            }
            call(self);
            self.push(Op::BranchEnd);
        }
        self.nested = before;
        let behind = self.here();
        self.program.ops[at as usize] = Op::Fork { first, count, first_wins: true, behind };
    }

    /// The same where the wait follows latencies, or copies are paid from a budget.
    fn hedged_by_policy(&mut self, spec: &HedgeSpec, call: impl Fn(&mut Self)) {
        let hedge = index(self.program.hedges.len());
        self.program.hedges.push(spec.clone());
        let copies = u8::try_from(spec.copies_max).unwrap_or(u8::MAX);
        let (first, count) = self.add_ways(usize::from(copies) + 1);
        let at = self.push(Op::Fork { first, count, first_wins: true, behind: 0 });
        let before = self.nested;
        self.nested.branch = true;
        for way in 0..=copies {
            self.set_way(first, usize::from(way), 0.0);
            for _ in 0..way {
                self.push(Op::Hedge { hedge, act: HedgeAct::Wait });
            }
            let act = if way == 0 { HedgeAct::Call } else { HedgeAct::Copy(way - 1) };
            self.push(Op::Hedge { hedge, act });
            call(self);
            self.push(Op::Hedge { hedge, act: HedgeAct::Answer });
            self.push(Op::BranchEnd);
        }
        self.nested = before;
        let behind = self.here();
        self.program.ops[at as usize] = Op::Fork { first, count, first_wins: true, behind };
    }

    fn retry(&mut self, path: &Path, name: Option<&String>) -> Option<u16> {
        let known: Vec<String> = self.policies.retries.keys().cloned().collect();
        self.policy(&path.key("retry"), "retry policy under `policies.retries`", name, &known)
    }

    fn breaker(&mut self, path: &Path, name: Option<&String>) -> Option<u16> {
        let known: Vec<String> = self.policies.breakers.keys().cloned().collect();
        self.policy(&path.key("breaker"), "breaker under `policies.breakers`", name, &known)
    }

    fn batch(&mut self, path: &Path, name: Option<&String>) -> Option<u16> {
        let known: Vec<String> = self.policies.batches.keys().cloned().collect();
        self.policy(&path.key("batch"), "rule under `policies.batches`", name, &known)
    }

    fn coalesce(&mut self, path: &Path, llm: &LlmStep) -> Option<u16> {
        let name = llm.coalesce.as_ref()?;
        let at = path.key("coalesce");
        let known: Vec<String> = self.policies.coalesce.keys().cloned().collect();
        let place = self.policy(&at, "rule under `policies.coalesce`", Some(name), &known)?;
        if self.policies.coalesce[name].keys.is_none() && !self.nested.cache {
            self.diagnostics.senseless(
                self.tree,
                &at,
                format!("`{name}` states no `keys`, and no cache is looked into here, so that no two requests are known to be the same"),
                "state `keys`, or put the step into the `miss` of a `cache` step",
            );
        }
        Some(place)
    }

    /// What the provider keeps of the prompts of a step.
    fn prompt_cache(&mut self, path: &Path, llm: &LlmStep, provider: u16) -> Option<PromptCache> {
        let prompt = llm.prompt_cache.as_ref()?;
        let path = path.key("prompt_cache");
        if !(0.0..=1.0).contains(&prompt.input_share) {
            let at = path.key("input_share");
            self.diagnostics.out_of_range(self.tree, &at, "this share", prompt.input_share, "0 to 1");
        }
        if prompt.ttl.is_some_and(Span::is_zero) {
            let hint = "leave it out for what is always kept";
            self.diagnostics.senseless(self.tree, &path.key("ttl"), "this span is zero", hint);
        }
        let mut offers = self.parts.stations[usize::from(provider)].offers.iter().flatten();
        if !offers.any(|offer| offer.cached_input != offer.input || !offer.per_input_token.is_zero()) {
            self.diagnostics.senseless(
                self.tree,
                &path,
                format!("tokens that `{}` has kept cost and take what others do", llm.provider),
                "state `cached_input_usd_per_million_tokens`, or `per_input_token`, of a model it offers",
            );
        }
        Some(PromptCache { input_share: prompt.input_share, ttl: prompt.ttl })
    }

    pub(super) fn llm(&mut self, llm: &LlmStep, path: &Path) {
        let providers: Vec<String> = self.system.providers.keys().cloned().collect();
        let known = self.named(&path.key("provider"), "provider", &llm.provider, &providers);
        let retry = self.retry(path, llm.retry.as_ref());
        let breaker = self.breaker(path, llm.breaker.as_ref());
        let (batch, coalesce) = (self.batch(path, llm.batch.as_ref()), self.coalesce(path, llm));
        if let Some(model) = &llm.model {
            self.model_choice(model, &path.key("model"), &llm.provider);
        } else if !self.nested.agent {
            let offered =
                self.system.providers.get(&llm.provider).map_or(0, |provider| provider.models.len());
            if offered > 1 {
                self.diagnostics.senseless(
                    self.tree,
                    path,
                    "no agent is held here, so the model must be chosen",
                    "add `model`, or put the step into an `agent` step",
                );
            }
        }
        if known.is_none() {
            return;
        }
        let Some(station) = self.parts.station(&llm.provider).map(index) else { return };
        let prompt = self.prompt_cache(path, llm, station);
        let visit = self.add_visit(Visit {
            timeout: llm.timeout,
            is_llm: true,
            retry,
            breaker,
            model: llm.model.clone(),
            batch,
            coalesce,
            prompt,
            ..Visit::of(station)
        });
        self.fall_back(visit, llm, path);
        if batch.is_none() && coalesce.is_none() {
            self.push(Op::Visit(visit));
            return;
        }
        self.push(Op::Shared(visit));
        if coalesce.is_some() {
            self.push(Op::Landed);
        }
    }

    /// The calls that follow one that has failed for good.
    fn fall_back(&mut self, first: u16, llm: &LlmStep, path: &Path) {
        if llm.fallback.is_empty() {
            return;
        }
        let names: Vec<&str> = std::iter::once(llm.provider.as_str())
            .chain(llm.fallback.iter().map(|call| call.provider.as_str()))
            .collect();
        let policy = match FallbackSpec::of(&names).build() {
            Ok(policy) => policy,
            Err(error) => {
                let message = format!("this is no chain of providers: {error}");
                return self.diagnostics.senseless(self.tree, &path.key("fallback"), message, "");
            }
        };
        let mut visits = vec![first];
        for (place, call) in llm.fallback.iter().enumerate() {
            visits.extend(self.fallback_call(call, &path.key("fallback").index(place)));
        }
        let chain = index(self.program.chains.len());
        for (place, visit) in visits.iter().enumerate() {
            self.program.visits[usize::from(*visit)].chain = Some((chain, index(place)));
        }
        self.program.chains.push(Chain { policy, visits });
    }

    fn fallback_call(&mut self, call: &FallbackCall, path: &Path) -> Option<u16> {
        let providers: Vec<String> = self.system.providers.keys().cloned().collect();
        let known = self.named(&path.key("provider"), "provider", &call.provider, &providers);
        let retry = self.retry(path, call.retry.as_ref());
        let breaker = self.breaker(path, call.breaker.as_ref());
        if let Some(model) = &call.model {
            self.model_choice(model, &path.key("model"), &call.provider);
        }
        known?;
        let station = self.parts.station(&call.provider).map(index)?;
        Some(self.add_visit(Visit {
            timeout: call.timeout,
            is_llm: true,
            retry,
            breaker,
            model: call.model.clone(),
            ..Visit::of(station)
        }))
    }

    fn model_choice(&mut self, spec: &RouteSpec, path: &Path, provider: &str) {
        let route = match spec.build() {
            Ok(route) => route,
            Err(error) => return spec_at(self.tree, path, &error, self.diagnostics),
        };
        let offered: Vec<String> = self
            .system
            .providers
            .get(provider)
            .map(|provider| provider.models.keys().cloned().collect())
            .unwrap_or_default();
        for name in route.names() {
            if !offered.contains(name) {
                self.diagnostics.unknown_name(
                    self.tree,
                    path,
                    &format!("model offered by `{provider}`"),
                    name,
                    &offered,
                );
            }
        }
    }
}
