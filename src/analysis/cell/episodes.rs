//! What happened when in the first replication: its faults, and episodes from a failure to what ended it.

use crate::analysis::metrics::{CameBack, came_back};
use crate::model::Model;
use crate::model::fault::Effect;
use crate::result::{Episode, FaultSpan, Series};
use crate::sim::{Moment, Run, StoryRun, What, WindowStory};

/// Faults that are told of a run at most.
const FAULTS_MAX: usize = 1_000;
/// Episodes that are.
const EPISODES_MAX: usize = 200;

/// Tells of a run that is `end_s` long in its time series.
pub(super) fn tell(model: &Model, run: &Run, series: &mut Series, end_s: f64) {
    series.faults = faults(model, run, end_s);
    series.episodes = episodes(model, run, series.window_s);
    let untold =
        series.faults.len().saturating_sub(FAULTS_MAX) + series.episodes.len().saturating_sub(EPISODES_MAX);
    series.untold = untold as u64 + run.story.as_ref().map_or(0, |story| story.left_out);
    series.faults.truncate(FAULTS_MAX);
    series.episodes.truncate(EPISODES_MAX);
}

/// The faults that a run saw, in the order of their beginnings. One that does not last ends where it begins; one that has
/// not ended ends with the run.
fn faults(model: &Model, run: &Run, end_s: f64) -> Vec<FaultSpan> {
    let moments = run.story.as_ref().map_or(&[][..], |story| &story.moments);
    let mut spans: Vec<(FaultSpan, Option<u16>)> = Vec::new();
    for moment in moments {
        let at_s = seconds(moment.at);
        match moment.what {
            What::FaultBegins if spans.iter().any(|(_, open)| *open == Some(moment.of)) => {}
            What::FaultBegins => {
                let lasts = moment.to > 0;
                let end_s = if lasts { end_s.max(at_s) } else { at_s };
                let label = label(model, moment.of);
                spans.push((FaultSpan { label, start_s: at_s, end_s }, lasts.then_some(moment.of)));
            }
            What::FaultEnds => {
                if let Some((span, open)) = spans.iter_mut().find(|(_, open)| *open == Some(moment.of)) {
                    span.end_s = at_s.min(end_s);
                    *open = None;
                }
            }
            What::BreakerOpens
            | What::BreakerCloses
            | What::MemberFails
            | What::MemberFound
            | What::SwitchDecided
            | What::Switched
            | What::MemberAnswers
            | What::SwitchAborted
            | What::MemberReturns
            | What::Level
            | What::Mode
            | What::AlertFires
            | What::AlertResolves
            | What::AgentsDie
            | What::AgentsFound
            | What::AgentsReady
            | What::NodeDies
            | What::NodeBack
            | What::SessionsHit
            | What::SessionsFound
            | What::SessionsResume => {}
        }
    }
    // What begins while a run is followed to its end is beyond the last window.
    spans.into_iter().map(|(span, _)| span).filter(|span| span.start_s < end_s).collect()
}

/// What a fault does, and where.
fn label(model: &Model, fault: u16) -> String {
    let Some(fault) = model.faults.get(usize::from(fault)) else { return String::new() };
    let of_pool = |pool: u16| model.pools.get(usize::from(pool)).map(|pool| pool.name.as_str());
    let place = match fault.effect {
        Effect::Errors(station)
        | Effect::Hangs(station)
        | Effect::BrownOut(station, ..)
        | Effect::QuotaCut(station, _)
        | Effect::Partition(station) => {
            model.stations.get(usize::from(station)).map(|station| station.name.as_str())
        }
        Effect::Crash(pool, _) => of_pool(pool),
        Effect::Flush(cache) => model.caches.get(usize::from(cache)).map(|cache| cache.name.as_str()),
        Effect::NodeDeath(group, _) => model.nodes.get(usize::from(group)).map(|group| group.name.as_str()),
        Effect::RegionDown(region) => {
            model.regions.get(usize::from(region)).map(|region| region.name.as_str())
        }
    };
    let place = place.map_or_else(String::new, |place| format!(", {place}"));
    format!("{}{place}", fault.effect.words())
}

/// The episodes of a run of `windows` windows, each `window_s` long, in the order of their beginnings.
fn episodes(model: &Model, run: &Run, window_s: f64) -> Vec<Episode> {
    let Some(story) = &run.story else { return Vec::new() };
    let mut told = Told { model, episodes: Vec::new(), open: Vec::new() };
    let mut moments = story.moments.clone();
    moments.sort_by_key(|moment| moment.at);
    for moment in &moments {
        told.moment(moment);
    }
    let mut episodes = told.episodes;
    episodes.extend(touched(story, window_s));
    episodes.extend(goodput(model, run));
    episodes.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    episodes
}

const fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Whom an episode is about: a kind, and a place in the model's list of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Failover(u16),
    Breaker(u16),
    Level,
    Mode,
    Alert(u16),
    Agents(u16),
    Nodes(u16),
    Sessions(u16),
}

/// The episodes so far.
struct Told<'a> {
    model: &'a Model,
    episodes: Vec<Episode>,
    /// Those that have not ended: whom they are about, their place, and how many things are down.
    open: Vec<(Whom, usize, u32)>,
}

impl Told<'_> {
    fn moment(&mut self, moment: &Moment) {
        let (at, of) = (seconds(moment.at), moment.of);
        match moment.what {
            What::FaultBegins | What::FaultEnds => {}
            What::BreakerOpens => {
                self.begins(Whom::Breaker(of), at);
                self.noticed(Whom::Breaker(of), at);
            }
            What::BreakerCloses => self.ends(Whom::Breaker(of), at),
            What::MemberFails => self.begins(Whom::Failover(of), at),
            What::MemberFound => self.noticed(Whom::Failover(of), at),
            What::SwitchDecided => self.step(Whom::Failover(of), "decided", at),
            What::Switched => {
                let step = format!("{} promoted", self.member(of, moment.to));
                self.step(Whom::Failover(of), &step, at);
            }
            What::MemberAnswers => {
                self.step(Whom::Failover(of), "first answer", at);
                self.ends(Whom::Failover(of), at);
            }
            What::SwitchAborted => {
                self.step(Whom::Failover(of), "found to answer after all", at);
                self.ends(Whom::Failover(of), at);
            }
            What::MemberReturns => {
                self.begins(Whom::Failover(of), at);
                let step = format!("{} has its place again", self.member(of, 0));
                self.step(Whom::Failover(of), &step, at);
                self.ends(Whom::Failover(of), at);
            }
            What::Level => self.degrades(Whom::Level, ("level", moment.to), at),
            What::Mode => self.degrades(Whom::Mode, ("mode", moment.to), at),
            What::AlertFires => {
                self.begins(Whom::Alert(of), at);
                self.noticed(Whom::Alert(of), at);
            }
            What::AlertResolves => self.ends(Whom::Alert(of), at),
            What::AgentsDie => self.begins(Whom::Agents(of), at),
            What::AgentsFound => self.noticed(Whom::Agents(of), at),
            What::AgentsReady => self.ends(Whom::Agents(of), at),
            What::NodeDies => self.one_more(Whom::Nodes(of), at),
            What::NodeBack => self.one_fewer(Whom::Nodes(of), at),
            What::SessionsHit => self.begins(Whom::Sessions(of), at),
            What::SessionsFound => self.noticed(Whom::Sessions(of), at),
            What::SessionsResume => self.ends(Whom::Sessions(of), at),
        }
    }

    fn find(&mut self, whom: Whom) -> Option<&mut Episode> {
        let (_, place, _) = self.open.iter().find(|(known, ..)| *known == whom)?;
        self.episodes.get_mut(*place)
    }

    fn begins(&mut self, whom: Whom, at: f64) {
        if self.open.iter().any(|(known, ..)| *known == whom) {
            return;
        }
        self.open.push((whom, self.episodes.len(), 1));
        let of = self.name(whom);
        self.episodes.push(Episode { of, start_s: at, noticed_s: None, end_s: None, steps: Vec::new() });
    }

    fn noticed(&mut self, whom: Whom, at: f64) {
        if let Some(episode) = self.find(whom) {
            episode.noticed_s.get_or_insert(at);
        }
    }

    fn step(&mut self, whom: Whom, what: &str, at: f64) {
        if let Some(episode) = self.find(whom) {
            episode.steps.push((what.to_owned(), at));
        }
    }

    fn ends(&mut self, whom: Whom, at: f64) {
        if let Some(episode) = self.find(whom) {
            episode.end_s = Some(at);
        }
        self.open.retain(|(known, ..)| *known != whom);
    }

    /// A level or a mode: nothing is degraded at 0.
    fn degrades(&mut self, whom: Whom, (what, to): (&str, u16), at: f64) {
        if to == 0 {
            return self.ends(whom, at);
        }
        self.begins(whom, at);
        self.noticed(whom, at);
        self.step(whom, &format!("{what} {to}"), at);
    }

    fn one_more(&mut self, whom: Whom, at: f64) {
        match self.open.iter_mut().find(|(known, ..)| *known == whom) {
            Some((.., down)) => *down += 1,
            None => self.begins(whom, at),
        }
    }

    fn one_fewer(&mut self, whom: Whom, at: f64) {
        let Some((.., down)) = self.open.iter_mut().find(|(known, ..)| *known == whom) else { return };
        *down -= 1;
        if *down == 0 {
            self.ends(whom, at);
        }
    }

    fn member(&self, failover: u16, place: u16) -> &str {
        let rule = self.model.failovers.get(usize::from(failover));
        let station = rule.and_then(|rule| rule.members.get(usize::from(place)));
        let station = station.and_then(|station| self.model.stations.get(usize::from(*station)));
        station.map_or("another", |station| &station.name)
    }

    fn name(&self, whom: Whom) -> String {
        let model = self.model;
        let named = |kind: &str, name: Option<&str>| format!("{kind} {}", name.unwrap_or_default());
        let pool = |pool: u16| model.pools.get(usize::from(pool)).map(|pool| pool.name.as_str());
        match whom {
            Whom::Failover(of) => {
                named("failover", model.failovers.get(usize::from(of)).map(|rule| rule.name.as_str()))
            }
            Whom::Breaker(of) => {
                named("open breaker", model.breakers.get(usize::from(of)).map(|(name, _)| name.as_str()))
            }
            Whom::Level => "degradation level".to_owned(),
            Whom::Mode => "degradation mode".to_owned(),
            Whom::Alert(of) => {
                named("alert", model.alerts.get(usize::from(of)).map(|alert| alert.name.as_str()))
            }
            Whom::Agents(of) => named("agents down", pool(of)),
            Whom::Nodes(of) => {
                named("nodes down", model.nodes.get(usize::from(of)).map(|group| group.name.as_str()))
            }
            Whom::Sessions(of) => named("sessions of", pool(of)),
        }
    }
}

/// The stretches of windows in which tasks were touched by failures, or had been and were still there; noticed by whoever
/// called at the first attempt that failed.
fn touched(story: &StoryRun, window_s: f64) -> Vec<Episode> {
    let suffers = |window: &WindowStory| window.impact.touched + window.impact.still_there > 0;
    let mut episodes: Vec<Episode> = Vec::new();
    let mut before = false;
    for (place, window) in story.windows.iter().enumerate() {
        let suffers = suffers(window);
        let (start_s, end_s) = (place as f64 * window_s, (place + 1) as f64 * window_s);
        let noticed_s = window.touched_at.map(seconds);
        match episodes.last_mut().filter(|_| before && suffers) {
            Some(episode) => {
                episode.end_s = Some(end_s);
                episode.noticed_s = episode.noticed_s.or(noticed_s);
            }
            None if suffers => episodes.push(Episode {
                of: "tasks touched".to_owned(),
                start_s,
                noticed_s,
                end_s: Some(end_s),
                steps: Vec::new(),
            }),
            None => {}
        }
        before = suffers;
    }
    episodes
}

/// The time from the trigger that is stated to the return of goodput, where both are asked for.
fn goodput(model: &Model, run: &Run) -> Option<Episode> {
    let from_s = seconds(model.measure.recovery?.from.as_nanos());
    let end_s = match came_back(model, run)? {
        CameBack::After(span_s) => Some(from_s + span_s),
        CameBack::NotWithin(_) => None,
    };
    Some(Episode {
        of: "until goodput is back".to_owned(),
        start_s: from_s,
        noticed_s: None,
        end_s,
        steps: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::ImpactRun;

    #[test]
    fn windows_in_a_row_are_one_stretch() {
        let window = |touched, still_there| WindowStory {
            impact: ImpactRun { touched, still_there, ..ImpactRun::default() },
            ..WindowStory::default()
        };
        let windows = vec![window(0, 0), window(3, 1), window(0, 1), window(0, 0), window(1, 0)];
        let story = StoryRun { windows, ..StoryRun::default() };
        let spans: Vec<_> =
            touched(&story, 2.0).iter().map(|episode| (episode.start_s, episode.end_s)).collect();
        assert_eq!(spans, [(2.0, Some(6.0)), (8.0, Some(10.0))]);
    }
}
