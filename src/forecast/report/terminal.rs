//! The summary for people.

use super::number::{deviation, dollars, month, percent, short, short_or_dash};
use crate::forecast::backtest::Backtest;
use crate::forecast::limits::{Binding, When};
use crate::forecast::outcome::{Forecast, Need};
use crate::forecast::platform::Verdict;
use std::fmt::Write;

/// Everything that a decision needs, in plain text.
pub fn summary(found: &Forecast, folder: &str) -> String {
    let mut text = format!("{}\n{}\n\n{}\n", found.name, found.question, headline(found));
    past(&mut text, found);
    table(&mut text, found);
    verified(&mut text, found);
    limits(&mut text, found);
    actions(&mut text, found);
    costs(&mut text, found);
    contradictions(&mut text, found);
    decisions(&mut text, found);
    text.push('\n');
    for note in &found.notes {
        let _ = writeln!(text, "i {note}");
    }
    let _ = writeln!(
        text,
        "\nfiles   {folder}/report.html, forecast.csv, costs.csv, limits.csv, result.json, plots/"
    );
    let _ = writeln!(text, "again   {}", found.command);
    let digest: String = found.digest.chars().take(16).collect();
    if !digest.is_empty() {
        let _ = writeln!(text, "digest  {digest}…  seed {}", found.seed);
    }
    text
}

/// What the limits of a plan lead to, soonest first.
pub(super) fn soonest(found: &Forecast) -> Vec<&Binding> {
    let mut limits: Vec<&Binding> = found.limits.iter().filter(|limit| limit.when().plan.is_some()).collect();
    limits.sort_by(|one, other| {
        one.when().plan.unwrap_or(f64::INFINITY).total_cmp(&other.when().plan.unwrap_or(f64::INFINITY))
    });
    limits
}

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

fn past(text: &mut String, found: &Forecast) {
    let Some(history) = &found.history else { return };
    let _ = writeln!(
        text,
        "\nThe past: {} rows, continued by the method {}: {}.",
        history.rows,
        history.method.name(),
        history.finding
    );
    for repair in &history.repairs {
        let _ = writeln!(text, "! {repair}");
    }
    for (backtest, of) in [(&history.backtest, "rows"), (&history.months, "months")] {
        if let Some(backtest) = backtest {
            backtested(text, backtest, of);
        }
    }
}

fn backtested(text: &mut String, backtest: &Backtest, of: &str) {
    let _ = writeln!(
        text,
        "{:<16}{:>12}{:>12}{:>14}{:>12}",
        format!("by {of}"),
        "CRPS",
        "of naive",
        "mean error",
        "P10–P90"
    );
    for row in &backtest.rows {
        let _ = writeln!(
            text,
            "{:<16}{:>12}{:>12}{:>14}{:>12}",
            row.method.name(),
            short(row.crps),
            percent(row.crps_share),
            short(row.error),
            percent(row.coverage)
        );
    }
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
    let simulated =
        if need.how == crate::forecast::outcome::How::Formula { format!("~{simulated}") } else { simulated };
    [
        short_or_dash(need.published),
        with(short(need.rule), need.rule_deviation),
        with(simulated, need.simulated_deviation),
    ]
}

fn table(text: &mut String, found: &Forecast) {
    let shown = months_shown(found);
    let _ = write!(text, "\n{:<40}", "resource");
    for place in &shown {
        let _ = write!(text, "{:>20}", format!("month {}", found.demand[*place].month));
    }
    text.push('\n');
    for resource in &found.resources {
        let name = format!("{} ({})", resource.title, resource.unit);
        let cells: Vec<[String; 3]> = shown.iter().map(|place| three(&resource.months[*place])).collect();
        for (row, label) in ["published", "rule", "simulated"].into_iter().enumerate() {
            if cells.iter().all(|cell| cell[row] == "–") {
                continue;
            }
            let head = if row == 0 || (row == 1 && cells.iter().all(|cell| cell[0] == "–")) {
                name.as_str()
            } else {
                ""
            };
            let _ = write!(text, "{:<30}{label:<10}", clipped(head, 29));
            for cell in &cells {
                let _ = write!(text, "{:>20}", cell[row]);
            }
            text.push('\n');
        }
    }
    text.push_str(
        "in brackets: off the published; ~ by formula from what the simulation showed an agent to use\n",
    );
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        text.to_owned()
    } else {
        text.chars().take(width - 1).chain(['…']).collect()
    }
}

/// What a verdict is called.
pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Meets => "meets",
        Verdict::Misses => "misses",
        Verdict::Unsure => "in doubt",
    }
}

fn verified(text: &mut String, found: &Forecast) {
    if found.verified.is_empty() {
        return;
    }
    text.push_str("\nThe busy hour, simulated with every agent at the recommended sizes, then with one of them smaller\n");
    for row in &found.verified {
        let _ = writeln!(
            text,
            "month {:<3} {} agents: {} the objective, {} turns/s, p99 {:.2} s ({} replications of {} turns and more)",
            row.month,
            short(row.agents),
            word(row.verdict),
            short(row.goodput_per_s),
            row.latency_p99_s,
            row.replications,
            short(row.turns as f64),
        );
        for size in &row.sizes {
            let next = size.smaller.as_ref().map_or_else(
                || "no smaller size".to_owned(),
                |smaller| {
                    let why = smaller.missed.first().map_or(String::new(), |why| format!(": {why}"));
                    format!("{} {}{why}", short(smaller.units), word(smaller.verdict))
                },
            );
            let _ = writeln!(
                text,
                "          {:<22}{:>12}  {:>6} free   next smaller {next}",
                size.resource,
                short(size.units),
                percent(size.headroom_share)
            );
        }
    }
}

/// A time along the plan, and over the futures.
pub(super) fn when(when: &When) -> String {
    format!("{} ({} to {})", month(when.plan), month(when.p10), month(when.p90))
}

fn limits(text: &mut String, found: &Forecast) {
    let _ = writeln!(
        text,
        "\n{:<62}{:>10}{:>24}{:>12}{:>24}",
        "limit", "by rule:", "binds (P10 to P90)", "simulated:", "binds (P10 to P90)"
    );
    for limit in &found.limits {
        let name = format!("{}: {}, {}", limit.title, limit.limit, short(limit.value));
        let simulated = limit.carried.as_ref().map(|_| short(limit.agents()));
        let _ = writeln!(
            text,
            "{:<62}{:>10}{:>24}{:>12}{:>24}",
            clipped(&name, 61),
            short(limit.rule_agents),
            when(&limit.rule),
            simulated.unwrap_or_else(|| "–".to_owned()),
            limit.simulated.as_ref().map_or_else(|| "–".to_owned(), when),
        );
    }
    text.push_str("the numbers are the agents that a limit carries\n");
}

fn actions(text: &mut String, found: &Forecast) {
    if found.actions.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n{:<12}{:<12}{:>6}{:>10}{:>10}{:>10}  what",
        "order by", "needed", "lead", "late, now", "by date", "by plan"
    );
    for action in &found.actions {
        let _ = writeln!(
            text,
            "{:<12}{:<12}{:>4} d{:>10}{:>10}{:>10}  {} ({})",
            action.order_by,
            action.needed,
            action.lead_time_days,
            percent(action.late_if_now),
            percent(action.late_if_by_date),
            percent(action.late_if_by_plan),
            action.order,
            action.limit,
        );
    }
    text.push_str(
        "needed: in a tenth of the futures by then; late: the share of futures in which it comes too late\n",
    );
}

fn costs(text: &mut String, found: &Forecast) {
    let _ = writeln!(
        text,
        "\n{:<7}{:>10}{:>14}{:>14}{:>14}{:>14}{:>26}{:>10}{:>12}",
        "month",
        "agents",
        "LLM, rule",
        "infra, rule",
        "LLM",
        "infra",
        "total (P10 to P90)",
        "an agent",
        "1,000 turns"
    );
    for cost in &found.costs {
        let fan = format!(
            "{} ({} to {})",
            dollars(cost.computed.p50),
            dollars(cost.computed.p10),
            dollars(cost.computed.p90)
        );
        let _ = writeln!(
            text,
            "{:<7}{:>10}{:>14}{:>14}{:>14}{:>14}{fan:>26}{:>10}{:>12}",
            cost.month,
            short(cost.agents),
            dollars(cost.linear_llm),
            dollars(cost.linear_infrastructure),
            dollars(cost.computed_llm),
            dollars(cost.computed_infrastructure),
            dollars(cost.usd_per_agent),
            dollars(cost.usd_per_1000_turns),
        );
    }
    let totals = &found.totals;
    let _ = writeln!(
        text,
        "months 1 to {}: {} by the published rule (LLM {}, infrastructure {}){}; computed {} ({} to {})",
        found.costs.len() - 1,
        dollars(totals.linear),
        dollars(totals.linear_llm),
        dollars(totals.linear_infrastructure),
        totals
            .linear_alternative
            .map_or_else(String::new, |other| format!(", {} with the other interpolation", dollars(other))),
        dollars(totals.computed_fan.p50),
        dollars(totals.computed_fan.p10),
        dollars(totals.computed_fan.p90),
    );
    let _ = writeln!(text, "{}", implied(found));
    for commitment in &found.commitments {
        let _ = writeln!(text, "{}", committed(commitment));
    }
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
pub(super) fn committed(commitment: &crate::forecast::cost::Commitment) -> String {
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
pub(super) fn multiple(row: &crate::forecast::outcome::MultiplierRow) -> String {
    let found: Vec<String> = row
        .found
        .iter()
        .map(|(name, value)| format!("{name} {}× ({} of it)", short(*value), percent(row.stated / value)))
        .collect();
    format!("{} at month {}: stated {}×, and {}", row.name, row.month, short(row.stated), found.join(", "))
}

fn contradictions(text: &mut String, found: &Forecast) {
    if !found.multipliers.is_empty() {
        text.push_str("\nGrowth as stated and as the tables have it\n");
    }
    for row in &found.multipliers {
        let _ = writeln!(text, "  {}", multiple(row));
    }
    if !found.tiers.is_empty() {
        text.push_str("\nTiers as published, by the linear rule, computed\n");
    }
    for tier in &found.tiers {
        let resources: Vec<String> = tier
            .resources
            .iter()
            .map(|(name, published, rule)| {
                format!("{name} {} published, {} by rule", short(*published), short(*rule))
            })
            .collect();
        let _ = writeln!(
            text,
            "  {:<12}{:>9} agents {:>10}{:>10}{:>10}  {}",
            tier.name,
            short(tier.agents),
            dollars(tier.usd_published),
            dollars(tier.usd_linear),
            dollars(tier.usd_computed),
            resources.join("; ")
        );
    }
}

fn decisions(text: &mut String, found: &Forecast) {
    let Some(decision) = &found.decision else { return };
    let _ = writeln!(
        text,
        "\n{:<24}{:>10}{:>30}{:>22}{:>10}{:>12}{:>12}",
        "alternative", "cost", "saved (P10 to P90)", "months gained", "misses", "unserved", "regret"
    );
    for (place, outcome) in decision.outcomes.iter().enumerate() {
        let mark = if place == decision.best { "*" } else { " " };
        let saved = format!(
            "{} ({} to {})",
            dollars(outcome.saved.p50),
            dollars(outcome.saved.p10),
            dollars(outcome.saved.p90)
        );
        let gained = format!(
            "{} ({} to {})",
            short(outcome.months_gained.p50),
            short(outcome.months_gained.p10),
            short(outcome.months_gained.p90)
        );
        let _ = writeln!(
            text,
            "{mark}{:<23}{:>10}{saved:>30}{gained:>22}{:>10}{:>12}{:>12}",
            clipped(&outcome.name, 23),
            dollars(outcome.cost.p50),
            percent(outcome.miss_share),
            dollars(outcome.unserved_usd),
            dollars(outcome.regret),
        );
    }
    text.push_str("* least regret on average; cost: of the whole demand; gained: until a limit that it touches binds; misses: futures in which some\n  agent is not served\n");
}
