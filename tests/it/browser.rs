//! The page in a real browser, opened from a file as its reader opens it. Where Chromium is not installed these tests say
//! so and pass; `.ci/run` installs it.

mod driver;

use driver::{Browser, ENTER, ESCAPE, Scheme};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;
use tars_sim::report::{html, json as result_json};
use tars_sim::result::ResultFile;

static FIXTURE: &[u8] = include_bytes!("../data/report/sweep.json");
static AXE: &[u8] = include_bytes!("../data/axe-core/axe.min.js.gz");

/// A page in a browser, and the result that it was made from.
struct Visit {
    browser: Browser,
    result: ResultFile,
    _folder: tempfile::TempDir,
}

impl Visit {
    /// Opens the page of a sweep with three axes, missing values, a failed cell and hostile text.
    fn of_the_sweep(width: u32, scheme: Scheme) -> Option<Self> {
        let browser = Browser::start()?;
        let result = result_json::from_bytes(FIXTURE).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.html");
        std::fs::write(&file, html::page(&result).unwrap()).unwrap();
        browser.shape(width, 800, scheme);
        browser.open(&file);
        Some(Self { browser, result, _folder: folder })
    }

    fn value(&self, cell: usize, metric: &str) -> Option<f64> {
        self.result.cells.iter().find(|of| of.index == cell)?.metrics.get(metric)?.value
    }

    fn text(&self, selector: &str) -> String {
        let found = self
            .browser
            .run_with("return document.querySelector(arguments[0]).innerText", &json!([selector]));
        found.as_str().unwrap().to_owned()
    }

    fn count(&self, selector: &str) -> u64 {
        let found = self
            .browser
            .run_with("return document.querySelectorAll(arguments[0]).length", &json!([selector]));
        found.as_u64().unwrap()
    }

    /// The cells that the curves show.
    fn shown(&self) -> Vec<usize> {
        let found = self
            .browser
            .run("return [...document.querySelectorAll('#chart .point')].map((p) => Number(p.dataset.cell))");
        serde_json::from_value(found).unwrap()
    }

    #[track_caller]
    fn check_silence(&self) {
        assert_eq!(self.browser.console(), Vec::<String>::new(), "the console is not silent");
    }
}

#[test]
fn the_page_opens_in_silence_with_its_answer_in_view_on_a_desk_and_in_a_hand() {
    for (width, name) in [(1280, "desk"), (390, "hand")] {
        for (scheme, tone) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
            let Some(visit) = Visit::of_the_sweep(width, scheme) else { return };
            assert_eq!(visit.text("#answer"), visit.result.answer.headline);
            let place = visit.browser.run(
                "const box = document.getElementById('answer').getBoundingClientRect();
                 return [box.top, box.bottom, innerHeight, document.documentElement.scrollWidth, innerWidth]",
            );
            let place: Vec<f64> = serde_json::from_value(place).unwrap();
            assert!(place[0] >= 0.0 && place[1] <= place[2], "the answer is not in view: {place:?}");
            assert!(place[3] <= place[4], "the page scrolls sideways at {width}: {place:?}");
            visit.browser.keep_picture(&format!("{name}-{tone}"));
            visit.check_silence();
        }
    }
}

#[test]
fn hovering_a_point_shows_the_value_of_the_result() {
    let Some(visit) = Visit::of_the_sweep(1280, Scheme::Light) else { return };
    let shown = visit.shown();
    assert!(shown.len() > 10, "{shown:?}");
    // Points may lie on each other; the pointer meets the one on top.
    visit.browser.run("document.getElementById('chart').scrollIntoView({block: 'center'})");
    let on_top = visit.browser.run(
        "return [...document.querySelectorAll('#chart .point')].filter((point) => {
           const box = point.getBoundingClientRect();
           const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
           return point.contains(top);
         }).map((point) => Number(point.dataset.cell))",
    );
    let on_top: Vec<usize> = serde_json::from_value(on_top).unwrap();
    assert!(on_top.len() > 3, "{on_top:?}");
    for cell in [on_top[0], on_top[on_top.len() / 2]] {
        let point = format!("#chart .point[data-cell='{cell}']");
        visit.browser.point_at(&[&point]);
        let words = visit.text("#tip");
        let value = visit.value(cell, "latency_p99_s").expect("a point has a value");
        let said: f64 = words.split(' ').next().unwrap().replace(',', "").parse().unwrap();
        assert!((said - value).abs() <= 0.005 * value, "{words:?} is not {value}");
        let kept = visit
            .browser
            .run_with("return Number(document.querySelector(arguments[0]).dataset.value)", &json!([point]));
        assert_eq!(kept.as_f64().map(f64::to_bits), Some(value.to_bits()));
        assert!(words.contains(&format!("cell {cell}")), "{words}");
    }
    visit.check_silence();
}

#[test]
fn a_heading_sorts_by_its_numbers_up_and_then_down() {
    let Some(visit) = Visit::of_the_sweep(1280, Scheme::Light) else { return };
    let p99 = "#cell-table th[data-metric='latency_p99_s'] button";
    let order = || -> Vec<Option<f64>> {
        let rows = visit.browser.run("return [...document.querySelectorAll('#cell-table tbody tr')].map((r) => Number(r.dataset.cell))");
        let rows: Vec<usize> = serde_json::from_value(rows).unwrap();
        assert_eq!(rows.len(), visit.result.cells.len());
        rows.into_iter().map(|cell| visit.value(cell, "latency_p99_s")).collect()
    };
    let without =
        visit.result.cells.iter().filter(|cell| visit.value(cell.index, "latency_p99_s").is_none()).count();
    visit.browser.click(p99);
    let up = order();
    let known: Vec<f64> = up.iter().copied().flatten().collect();
    assert!(known.is_sorted() && known.len() > 10, "{known:?}");
    visit.browser.click(p99);
    let down: Vec<f64> = order().into_iter().flatten().collect();
    assert!(down.iter().rev().is_sorted(), "{down:?}");
    assert!(up[up.len() - without..].iter().all(Option::is_none), "what has no value comes last: {up:?}");
    visit.check_silence();
}

#[test]
fn a_click_or_a_key_opens_the_cell_and_escape_closes_it() {
    let Some(visit) = Visit::of_the_sweep(1280, Scheme::Light) else { return };
    let is_open = || visit.browser.run("return document.getElementById('cell').open").as_bool().unwrap();
    visit.browser.click("#cell-table tbody tr[data-cell='17'] td:nth-child(3)");
    assert!(is_open() && visit.text("#cell-title").starts_with("Cell 17"));
    assert_eq!(visit.browser.run("return document.activeElement.id"), "cell-title");
    let settings: Value = serde_json::from_str(&visit.text("#cell pre")).unwrap();
    assert_eq!(settings, json!(visit.result.cells[17].settings));
    let told = visit.browser.run(
        "const head = [...document.querySelectorAll('#cell h4')].find((h) => h.textContent.startsWith('What happened'));
         return [...head.nextElementSibling.querySelectorAll('tbody tr')].map((r) => [...r.children].map((d) => d.textContent))",
    );
    let rows = json!([
        ["fault: errors, anthropic <img src=x onerror=alert(4)>", "60 s", "", "", "90 s"],
        ["open breaker <b>llm</b>", "61.5 s", "61.5 s", "", "95.3 s"],
        ["failover main", "60 s", "70 s", "decided 75.5 s; standby promoted 80 s", "not by the end"]
    ]);
    assert_eq!(told, rows);
    visit.browser.keep_picture("cell");
    visit.browser.press("#cell-title", ESCAPE);
    assert!(!is_open());
    let cell = visit.shown()[0];
    visit.browser.press(&format!("#chart .point[data-cell='{cell}']"), ENTER);
    assert!(is_open() && visit.text("#cell-title").starts_with(&format!("Cell {cell}")));
    visit.browser.click("#cell .close");
    assert!(!is_open());
    visit.check_silence();
}

#[test]
fn a_filter_leaves_the_cells_of_its_value_and_a_zoom_those_of_its_range() {
    let Some(visit) = Visit::of_the_sweep(1280, Scheme::Light) else { return };
    let all = visit.shown();
    let of = |cell: usize, axis: usize| visit.result.cells[cell].coordinates[axis];
    visit.browser.run(
        "const select = document.querySelector(\"#controls select[data-axis='1']\");
         select.value = '0';
         select.dispatchEvent(new Event('change', {bubbles: true}))",
    );
    let filtered = visit.shown();
    assert!(!filtered.is_empty() && filtered.len() < all.len());
    assert!(filtered.iter().all(|cell| of(*cell, 1) == 0), "{filtered:?}");
    visit.browser.run("document.getElementById('chart').scrollIntoView({block: 'center'})");
    // Across the two lower of the four loads.
    visit.browser.point_at(&["#chart [data-tick='0']", "#chart [data-tick='60']"]);
    let zoomed = visit.shown();
    assert!(zoomed.len() < filtered.len() && zoomed.iter().all(|cell| of(*cell, 0) <= 1), "{zoomed:?}");
    visit.browser.click("#controls .whole");
    assert_eq!(visit.shown(), filtered);
    visit.check_silence();
}

#[test]
fn text_of_an_experiment_is_nowhere_more_than_text() {
    let Some(visit) = Visit::of_the_sweep(1280, Scheme::Light) else { return };
    for cell in &visit.result.cells {
        visit.browser.run_with(
            "document.querySelector(arguments[0]).click()",
            &json!([format!("td .open[data-cell='{}']", cell.index)]),
        );
        assert_eq!((visit.count("script"), visit.count("img"), visit.count("b:not(.remark b)")), (2, 0, 0));
    }
    assert_eq!(visit.browser.run("return [typeof owned, document.scripts.length]"), json!(["undefined", 2]));
    visit.check_silence();
}

#[test]
fn nothing_stands_in_the_way_of_those_who_do_not_see_well() {
    let mut script = String::new();
    GzDecoder::new(AXE).read_to_string(&mut script).unwrap();
    for scheme in [Scheme::Light, Scheme::Dark] {
        let Some(visit) = Visit::of_the_sweep(1280, scheme) else { return };
        visit.browser.run(&script);
        for state in ["closed", "open"] {
            if state == "open" {
                visit.browser.click("header .open");
            }
            let found = visit.browser.wait_for(
                "const done = arguments[arguments.length - 1];
                 axe.run().then((found) => done({
                   passes: found.passes.length,
                   violations: found.violations.map((v) => `${v.impact} ${v.id}: ${v.help} (${v.nodes.length}) ${v.nodes[0].target} ${v.nodes[0].failureSummary}`),
                 }), (error) => done({ passes: 0, violations: [String(error)] }))",
            );
            assert!(found["passes"].as_u64().unwrap() > 15, "{found}");
            assert_eq!(found["violations"], json!([]), "{scheme:?}, the cell {state}");
        }
    }
}

#[test]
fn on_paper_there_are_pages_without_buttons_to_press() {
    let Some(visit) = Visit::of_the_sweep(1280, Scheme::Dark) else { return };
    visit.browser.as_printed();
    let seen = visit.browser.run(
        "return [...document.querySelectorAll('.no-print, dialog, #tip')].filter((e) => e.checkVisibility()).length",
    );
    assert_eq!(seen, 0);
    let pdf = visit.browser.print("paper");
    let pages =
        pdf.windows(11).filter(|window| window.starts_with(b"/Type /Page") && window[10] != b's').count();
    assert!(pdf.starts_with(b"%PDF-") && pages >= 2, "{pages} pages in {} bytes", pdf.len());
}
