//! What the summary and the page say in the same words.

use super::number::{deviation, dollars, month, percent, short, short_or_dash};
use crate::forecast::cost::Commitment;
use crate::forecast::ensemble::Fan;
use crate::forecast::limits::{Binding, When};
use crate::forecast::outcome::{Forecast, HistoryOutcome, How, MultiplierRow, Need, SizeRow};
use crate::forecast::platform::{Seen, Verdict};
use std::fmt::Write;

/// The answer in a few sentences.
pub(super) fn headline(found: &Forecast) -> String {
    let (first, last) = (&found.demand[0], &found.demand[found.demand.len() - 1]);
    let mut text = format!(
        "{} agents in {} become {} ({} to {} in 80 % of {} futures) in {}.",
        short(first.agents),
        first.date,
        short(last.agents),
        short(last.fan.p10),
        short(last.fan.p90),
        short(found.paths as f64),
        last.date,
    );
    let limits = soonest(found);
    let shown: Vec<String> = limits
        .iter()
        .take(4)
        .map(|limit| format!("{} ({}) at {}", limit.title, limit.limit, month(limit.when().plan)))
        .collect();
    if shown.is_empty() {
        text.push_str(" No limit binds along the plan.");
    } else {
        let _ = write!(text, " Limits bind in this order: {}.", shown.join(", "));
    }
    let totals = &found.totals;
    let _ = write!(
        text,
        " {} months cost {} by the published rule{}, and {} by turns and units ({} to {}).",
        found.demand.len() - 1,
        dollars(totals.linear),
        totals
            .linear_alternative
            .map_or_else(String::new, |other| format!(" ({} read the other way)", dollars(other))),
        dollars(totals.computed_fan.p50),
        dollars(totals.computed_fan.p10),
        dollars(totals.computed_fan.p90),
    );
    text
}

/// What the limits of a plan lead to, soonest first.
fn soonest(found: &Forecast) -> Vec<&Binding> {
    let mut limits: Vec<&Binding> = found.limits.iter().filter(|limit| limit.when().plan.is_some()).collect();
    limits.sort_by(|one, other| {
        one.when().plan.unwrap_or(f64::INFINITY).total_cmp(&other.when().plan.unwrap_or(f64::INFINITY))
    });
    limits
}

/// The months for which anything was published or simulated, the first and the last at least.
pub(super) fn months_shown(found: &Forecast) -> Vec<usize> {
    let last = found.demand.len() - 1;
    let known = |place: usize| {
        found.verified.iter().any(|row| row.month as usize == place)
            || found.resources.iter().any(|resource| resource.months[place].published.is_some())
    };
    let shown: Vec<usize> =
        (0..=last).filter(|place| *place == 0 || *place == last || known(*place)).collect();
    if shown.len() > 7 {
        shown.into_iter().filter(|place| place % 3 == 0 || *place == last).collect()
    } else {
        shown
    }
}

/// Published, rule and simulated, each with its deviation.
pub(super) fn three(need: &Need) -> [String; 3] {
    let with = |value: String, off: Option<f64>| {
        let off = deviation(off);
        if off.is_empty() { value } else { format!("{value} ({off})") }
    };
    let simulated = short_or_dash(need.simulated);
    let simulated = if need.how == How::Formula { format!("~{simulated}") } else { simulated };
    [
        short_or_dash(need.published),
        with(short(need.rule), need.rule_deviation),
        with(simulated, need.simulated_deviation),
    ]
}

/// What a resource is called, by its name in the file.
pub(super) fn title<'a>(found: &'a Forecast, name: &'a str) -> &'a str {
    found.resources.iter().find(|resource| resource.name == name).map_or(name, |resource| &resource.title)
}

/// What a verdict is called.
pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Meets => "meets",
        Verdict::Misses => "misses",
        Verdict::Unsure => "in doubt",
    }
}

/// What a whole busy hour showed, in a sentence.
pub(super) fn held(hour: &Seen) -> String {
    let missed = if hour.missed.is_empty() { String::new() } else { format!(": {}", hour.missed.join("; ")) };
    format!(
        "over a whole hour: {} the objective{missed}, {} turns/s, p99 {:.2} s (one run of {} turns)",
        word(hour.verdict),
        short(hour.goodput_per_s),
        hour.latency_p99_s,
        short(hour.turns as f64)
    )
}

/// A time along the plan, and over the futures.
pub(super) fn when(when: &When) -> String {
    format!("{} ({} to {})", month(when.plan), month(when.p10), month(when.p90))
}

/// What the published rule and the price of tokens say of each other.
pub(super) fn implied(found: &Forecast) -> String {
    let implied = &found.implied;
    format!(
        "the published {} an agent-month pay for a duty cycle of {:.2} %, or for {:.1} tokens a turn; without a pause it \
         would be {} ({:.0} times as much), in the stated duty cycle {}; the shape of the day alone gives {:.0} %",
        dollars(implied.linear_usd),
        implied.duty_share * 100.0,
        implied.tokens_per_turn,
        dollars(implied.full_duty_usd),
        implied.full_duty_factor,
        dollars(implied.duty_usd),
        found.shape_duty_share * 100.0,
    )
}

/// A commitment in a sentence.
pub(super) fn committed(commitment: &Commitment) -> String {
    format!(
        "{}: {} off for {} months from month {}; even at {} used; best at {} a month: saves {} ({} to {}), nothing in {} of \
         futures",
        commitment.name,
        percent(commitment.discount_share),
        commitment.term_months,
        commitment.from_month,
        percent(commitment.break_even_share),
        dollars(commitment.best_usd_per_month),
        dollars(commitment.saved.p50),
        dollars(commitment.saved.p10),
        dollars(commitment.saved.p90),
        percent(commitment.loss_share),
    )
}

/// A stated multiple beside what the numbers give.
pub(super) fn multiple(row: &MultiplierRow) -> String {
    let found: Vec<String> = row
        .found
        .iter()
        .map(|(name, value)| format!("{name} {}× ({} of it)", short(*value), percent(row.stated / value)))
        .collect();
    format!("{} at month {}: stated {}×, and {}", row.name, row.month, short(row.stated), found.join(", "))
}

/// Dollars over the futures.
pub(super) fn dollars_over(fan: &Fan) -> String {
    format!("{} ({} to {})", dollars(fan.p50), dollars(fan.p10), dollars(fan.p90))
}

/// A number over the futures.
pub(super) fn number_over(fan: &Fan) -> String {
    format!("{} ({} to {})", short(fan.p50), short(fan.p10), short(fan.p90))
}

/// The next smaller size, its verdict, and what it misses.
pub(super) fn next_smaller(size: &SizeRow) -> [String; 3] {
    size.smaller.as_ref().map_or_else(
        || ["–".to_owned(), "–".to_owned(), String::new()],
        |smaller| [short(smaller.units), word(smaller.verdict).to_owned(), smaller.missed.join("; ")],
    )
}

/// How a history goes on.
pub(super) fn continued(history: &HistoryOutcome) -> String {
    format!(
        "{} rows, continued by the method {}: {}. {}",
        history.rows,
        history.method.name(),
        history.finding,
        believed(history)
    )
}

/// How sure the method may be, going by its past.
fn believed(history: &HistoryOutcome) -> String {
    let Some((held, stretched)) = history.coverage else {
        return "How sure it may be was not tried: its futures lie as wide as the method says.".to_owned();
    };
    let (name, held) = (history.method.name(), percent(held));
    if history.stretch > 1.0 {
        format!(
            "P10 to P90 of {name} held {held} of the past and should have held 80 %: its futures lie {:.2} times as wide, \
             which holds {}.",
            history.stretch,
            percent(stretched)
        )
    } else {
        format!("P10 to P90 of {name} held {held} of the past: its futures lie as wide as the method says.")
    }
}
