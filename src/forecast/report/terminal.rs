//! The summary for people.

use super::number::{dollars, percent, short};
use super::words::{
    committed, continued, dollars_over, headline, held, implied, months_shown, multiple, next_smaller,
    number_over, three, title, when, word,
};
use crate::forecast::backtest::Backtest;
use crate::forecast::model::Method;
use crate::forecast::outcome::Forecast;
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

fn past(text: &mut String, found: &Forecast) {
    let Some(history) = &found.history else { return };
    let _ = writeln!(text, "\nThe past: {}", continued(history));
    for repair in &history.repairs {
        let _ = writeln!(text, "! {repair}");
    }
    for (backtest, of) in [(&history.backtest, "rows"), (&history.months, "months")] {
        if let Some(backtest) = backtest {
            backtested(text, backtest, of, history.method);
        }
    }
}

fn backtested(text: &mut String, backtest: &Backtest, of: &str, method: Method) {
    let _ = writeln!(
        text,
        "{:<17}{:>10}{:>12}{:>14}{:>10}{:>11}{:>13}",
        format!(" by {of}"),
        "CRPS",
        "of naive",
        "mean error",
        "P10–P90",
        "stretched",
        "then P10–P90"
    );
    for row in &backtest.rows {
        let mark = if row.method == method { '*' } else { ' ' };
        let _ = writeln!(
            text,
            "{mark}{:<16}{:>10}{:>12}{:>14}{:>10}{:>10}×{:>13}",
            row.method.name(),
            short(row.crps),
            percent(row.crps_share),
            short(row.error),
            percent(row.coverage),
            format!("{:.2}", row.stretch.max(1.0)),
            percent(row.coverage_stretched)
        );
    }
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
        if let Some(hour) = &row.hour {
            let _ = writeln!(text, "          {}", held(hour));
        }
        for size in &row.sizes {
            let [next, verdict, why] = next_smaller(size);
            let next = match (verdict.as_str(), why.as_str()) {
                ("–", _) => "there is none".to_owned(),
                (verdict, "") => format!("{next} {verdict}"),
                (verdict, why) => format!("{next} {verdict}: {why}"),
            };
            let _ = writeln!(
                text,
                "          {:<22}{:>12}  {:>6} free   next smaller {next}",
                clipped(title(found, &size.resource), 22),
                short(size.units),
                percent(size.headroom_share)
            );
        }
    }
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
        let fan = dollars_over(&cost.computed);
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
        "months 1 to {}: {} by the published rule (LLM {}, infrastructure {}){}; computed {}",
        found.costs.len() - 1,
        dollars(totals.linear),
        dollars(totals.linear_llm),
        dollars(totals.linear_infrastructure),
        totals
            .linear_alternative
            .map_or_else(String::new, |other| format!(", {} with the other interpolation", dollars(other))),
        dollars_over(&totals.computed_fan),
    );
    let _ = writeln!(text, "{}", implied(found));
    for commitment in &found.commitments {
        let _ = writeln!(text, "{}", committed(commitment));
    }
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
        let (saved, gained) = (dollars_over(&outcome.saved), number_over(&outcome.months_gained));
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
