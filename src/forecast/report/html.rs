//! The page: the answer first, then the table as published, limits, actions, cost, decisions, and what it rests on.
//!
//! It stands by itself: no script, nothing from outside, and every text of the file is escaped.

use super::number::{dollars, percent, short};
use super::words::{
    committed, continued, dollars_over, headline, held, implied, months_shown, multiple, next_smaller,
    number_over, three, title, when, word,
};
use crate::forecast::outcome::{Extent, Forecast};
use crate::report::ReportError;
use crate::report::plot::Picture;
use std::fmt::Write;

const STYLE: &str = include_str!("assets/page.css");

/// The whole page.
pub(super) fn page(found: &Forecast, pictures: &[Picture]) -> Result<String, ReportError> {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{0}</title><style>{STYLE}</style></head><body>\
         <h1>{0}</h1><p>{1}</p>",
        escaped(&found.name),
        escaped(&found.question)
    );
    match found.extent {
        Extent::Quick => html.push_str("<p class=\"quick\">A first look: not for decisions.</p>"),
        Extent::Usual | Extent::Full => {}
    }
    let _ = write!(html, "<p class=\"answer\">{}</p>", escaped(&headline(found)));
    actions(&mut html, found);
    limits(&mut html, found);
    needs(&mut html, found);
    verified(&mut html, found);
    html.push_str("<h2>Curves</h2><div class=\"plots\">");
    for picture in pictures {
        let _ = write!(
            html,
            "<figure role=\"img\" aria-label=\"{}\">{}</figure>",
            escaped(picture.title()),
            picture.svg()?
        );
    }
    html.push_str("</div>");
    costs(&mut html, found);
    decisions(&mut html, found);
    past(&mut html, found);
    checks(&mut html, found);
    rest(&mut html, found);
    Ok(html + "</body></html>\n")
}

/// A table of numbers after a first column of words; `words` are further columns of them.
fn table(html: &mut String, head: &[&str], words: &[usize], rows: impl Iterator<Item = (bool, Vec<String>)>) {
    let class = |place: usize| match (place, words.contains(&place)) {
        (0, _) => "",
        (_, true) => " class=\"t\"",
        (_, false) => " class=\"n\"",
    };
    html.push_str("<div class=\"wide\"><table><tr>");
    for (place, cell) in head.iter().enumerate() {
        let class = class(place);
        let _ = write!(html, "<th{class}>{}</th>", escaped(cell));
    }
    html.push_str("</tr>");
    for (is_best, row) in rows {
        html.push_str(if is_best { "<tr class=\"best\">" } else { "<tr>" });
        for (place, cell) in row.iter().enumerate() {
            let class = class(place);
            let _ = write!(html, "<td{class}>{}</td>", escaped(cell));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table></div>");
}

fn actions(html: &mut String, found: &Forecast) {
    if found.actions.is_empty() {
        return;
    }
    html.push_str("<h2>What to order by when</h2>");
    let head = [
        "what",
        "order by",
        "needed",
        "lead time, days",
        "late if ordered at the start",
        "late by the date",
        "late by the plan",
    ];
    let rows = found.actions.iter().map(|action| {
        let what = format!("{} ({})", action.order, action.limit);
        let risks = [action.late_if_now, action.late_if_by_date, action.late_if_by_plan].map(percent);
        let mut row =
            vec![what, action.order_by.clone(), action.needed.clone(), action.lead_time_days.to_string()];
        row.extend(risks);
        (false, row)
    });
    table(html, &head, &[], rows);
    html.push_str(
        "<p class=\"quiet\">Needed: by then in a tenth of the futures. Late: the share of futures in which it comes too late; \
         by the plan means a lead time before the limit binds along the plan.</p>",
    );
}

fn limits(html: &mut String, found: &Forecast) {
    html.push_str("<h2>When limits bind</h2>");
    let head = [
        "limit",
        "value",
        "agents by rule",
        "binds by rule (P10 to P90)",
        "agents, simulated",
        "binds, simulated (P10 to P90)",
        "futures",
    ];
    let rows = found.limits.iter().map(|limit| {
        let carried = limit.carried.as_ref().map_or_else(|| "–".to_owned(), |_| short(limit.agents()));
        let row = vec![
            format!("{}: {}", limit.title, limit.limit),
            format!("{} {}", short(limit.value), limit.unit),
            short(limit.rule_agents),
            when(&limit.rule),
            carried,
            limit.simulated.as_ref().map_or_else(|| "–".to_owned(), when),
            percent(limit.when().share),
        ];
        (false, row)
    });
    table(html, &head, &[], rows);
}

fn needs(html: &mut String, found: &Forecast) {
    html.push_str("<h2>What is needed: published, by rule, simulated</h2><div class=\"wide\"><table><tr><th>resource</th><th></th>");
    let shown = months_shown(found);
    for place in &shown {
        let _ = write!(html, "<th class=\"n\">month {}</th>", found.demand[*place].month);
    }
    html.push_str("</tr>");
    for resource in &found.resources {
        let cells: Vec<[String; 3]> = shown.iter().map(|place| three(&resource.months[*place])).collect();
        let mut name = format!("{} ({})", resource.title, resource.unit);
        for (row, label) in ["published", "rule", "simulated"].into_iter().enumerate() {
            if cells.iter().all(|cell| cell[row] == "–") {
                continue;
            }
            let _ = write!(html, "<tr><td>{}</td><td>{label}</td>", escaped(&name));
            for cell in &cells {
                let _ = write!(html, "<td class=\"n\">{}</td>", escaped(&cell[row]));
            }
            html.push_str("</tr>");
            name.clear();
        }
    }
    html.push_str("</table></div><p class=\"quiet\">In brackets: off the published. ~ by formula from what the simulation showed an agent to use. Every month stands in forecast.csv.</p>");
}

fn verified(html: &mut String, found: &Forecast) {
    if found.verified.is_empty() {
        return;
    }
    html.push_str("<h2>The busy hour, simulated</h2>");
    for row in &found.verified {
        let _ = write!(
            html,
            "<p>Month {}: {} agents at the recommended sizes: {} the objective, {} turns/s, p99 {:.2} s, {} replications of at \
             least {} turns.</p>",
            row.month,
            short(row.agents),
            word(row.verdict),
            short(row.goodput_per_s),
            row.latency_p99_s,
            row.replications,
            short(row.turns as f64)
        );
        if let Some(hour) = &row.hour {
            let _ = write!(html, "<p>{}</p>", escaped(&held(hour)));
        }
        let rows = row.sizes.iter().map(|size| {
            let own =
                [title(found, &size.resource).to_owned(), short(size.units), percent(size.headroom_share)];
            (false, own.into_iter().chain(next_smaller(size)).collect())
        });
        table(
            html,
            &["resource", "recommended", "free", "next smaller", "verdict", "what it misses"],
            &[4, 5],
            rows,
        );
    }
}

fn costs(html: &mut String, found: &Forecast) {
    html.push_str("<h2>Cost</h2>");
    let head = [
        "month",
        "agents",
        "LLM, published rule",
        "infrastructure, published rule",
        "LLM, computed",
        "infrastructure, computed",
        "computed (P10 to P90)",
        "since month 1",
        "an agent",
        "1,000 turns",
        "LLM without a pause",
    ];
    let rows = found.costs.iter().map(|cost| {
        let row = vec![
            cost.month.to_string(),
            short(cost.agents),
            dollars(cost.linear_llm),
            dollars(cost.linear_infrastructure),
            dollars(cost.computed_llm),
            dollars(cost.computed_infrastructure),
            dollars_over(&cost.computed),
            dollars(cost.cumulative.p50),
            dollars(cost.usd_per_agent),
            dollars(cost.usd_per_1000_turns),
            dollars(cost.full_duty_llm),
        ];
        (false, row)
    });
    table(html, &head, &[], rows);
    let _ = write!(html, "<p>{}</p>", escaped(&implied(found)));
    for commitment in &found.commitments {
        let _ = write!(html, "<p>{}</p>", escaped(&committed(commitment)));
    }
}

fn decisions(html: &mut String, found: &Forecast) {
    let Some(decision) = &found.decision else { return };
    html.push_str("<h2>What could be done</h2>");
    let head = [
        "alternative",
        "cost",
        "saved (P10 to P90)",
        "months gained (P10 to P90)",
        "first limit",
        "misses",
        "unserved",
        "regret",
    ];
    let rows = decision.outcomes.iter().enumerate().map(|(place, outcome)| {
        let row = vec![
            format!("{}: {}", outcome.name, outcome.about),
            dollars(outcome.cost.p50),
            dollars_over(&outcome.saved),
            number_over(&outcome.months_gained),
            outcome.binding.clone(),
            percent(outcome.miss_share),
            dollars(outcome.unserved_usd),
            dollars(outcome.regret),
        ];
        (place == decision.best, row)
    });
    table(html, &head, &[4], rows);
    html.push_str("<p class=\"quiet\">Pairs on the same futures. The bold one has the least regret on average: what it loses in cost and unserved agents beyond the best on each future.</p>");
}

fn past(html: &mut String, found: &Forecast) {
    let Some(history) = &found.history else { return };
    let _ = write!(html, "<h2>The past</h2><p>{}</p>", escaped(&continued(history)));
    for repair in &history.repairs {
        let _ = write!(html, "<p class=\"quick\">{}</p>", escaped(repair));
    }
    for backtest in [&history.backtest, &history.months].into_iter().flatten() {
        let rows = backtest.rows.iter().map(|row| {
            let cells = [
                row.method.name().to_owned(),
                short(row.crps),
                percent(row.crps_share),
                short(row.error),
                percent(row.coverage),
                format!("{:.2}×", row.stretch.max(1.0)),
                percent(row.coverage_stretched),
            ];
            (row.method == history.method, cells.to_vec())
        });
        let head = [
            "method",
            "CRPS",
            "of the naive",
            "mean error",
            "within P10 to P90",
            "stretched",
            "then within P10 to P90",
        ];
        table(html, &head, &[], rows);
    }
}

fn checks(html: &mut String, found: &Forecast) {
    if !found.multipliers.is_empty() {
        html.push_str("<h2>Growth as stated and as the tables have it</h2><ul>");
        for row in &found.multipliers {
            let _ = write!(html, "<li>{}</li>", escaped(&multiple(row)));
        }
        html.push_str("</ul>");
    }
    if found.tiers.is_empty() {
        return;
    }
    html.push_str("<h2>Tiers</h2>");
    let rows = found.tiers.iter().map(|tier| {
        let resources: Vec<String> = tier
            .resources
            .iter()
            .map(|(name, published, rule)| format!("{name} {} against {}", short(*published), short(*rule)))
            .collect();
        let cost = [tier.usd_published, tier.usd_linear, tier.usd_computed].map(dollars);
        let mut row = vec![tier.name.clone(), short(tier.agents)];
        row.extend(cost);
        row.push(resources.join("; "));
        (false, row)
    });
    table(
        html,
        &["tier", "agents", "published", "linear rule", "computed", "published against the rule"],
        &[5],
        rows,
    );
}

fn rest(html: &mut String, found: &Forecast) {
    html.push_str("<h2>What it rests on</h2><ul>");
    for note in found.notes.iter().chain(&found.source) {
        let _ = write!(html, "<li>{}</li>", escaped(note));
    }
    html.push_str("</ul>");
    let rows = found.assumptions.iter().map(|figure| {
        (
            false,
            vec![figure.path.clone(), figure.value.to_string(), figure.mark.clone(), figure.source.clone()],
        )
    });
    table(html, &["figure", "value", "mark", "source"], &[1, 2, 3], rows);
    let _ = write!(
        html,
        "<p class=\"quiet\"><code>{}</code><br>version {}, seed {}, digest <code>{}</code></p>",
        escaped(&found.command),
        escaped(&found.version),
        found.seed,
        escaped(&found.digest)
    );
}

/// Text as HTML shows it, in elements and attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
