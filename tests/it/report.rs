//! Every output of a report, made from a result with three axes, missing values, a failed cell and hostile text.

use std::sync::OnceLock;

use tars_sim::report::{
    Artifact, Format, ReplicationRow, ReportError, files, html, json, plot, stdout, terminal,
};
use tars_sim::result::{Answer, FORMAT, Figure, ResultFile};
use terminal::{Colour, Screen};

static FIXTURE: &[u8] = include_bytes!("../data/report/sweep.json");

fn sweep() -> ResultFile {
    json::from_bytes(FIXTURE).expect("the fixture is a result")
}

/// The same without axes: what `run` makes of one configuration.
fn single() -> ResultFile {
    let mut result = sweep();
    let mut cell = result.cells[17].clone();
    (cell.index, cell.coordinates) = (0, Vec::new());
    result.axes.clear();
    result.cells = vec![cell];
    result.answer = Answer { cell: Some(0), smaller: None, ..result.answer };
    result.sensitivity.clear();
    result
}

/// The least that a result can hold.
fn empty() -> ResultFile {
    let mut result = single();
    result.cells.clear();
    result.metrics.clear();
    result.slo.clear();
    result.flags.clear();
    result.assumptions.clear();
    result.answer = Answer::default();
    result
}

fn rows() -> Vec<ReplicationRow> {
    let row = |cell, replication, value| ReplicationRow {
        cell,
        replication,
        metric: "latency_p99_s".to_owned(),
        value,
    };
    vec![row(0, 0, Some(2.5)), row(0, 1, None), row(1, 0, Some(f64::NAN)), row(1, 1, Some(1e-9))]
}

/// Every file of the sweep's report, drawn once for all tests.
fn drawn() -> &'static [Artifact] {
    static DRAWN: OnceLock<Vec<Artifact>> = OnceLock::new();
    DRAWN.get_or_init(|| files(&sweep(), &rows()).expect("the sweep can be drawn"))
}

fn artifact<'a>(artifacts: &'a [Artifact], path: &str) -> &'a str {
    let found = artifacts.iter().find(|artifact| artifact.path == path);
    std::str::from_utf8(&found.unwrap_or_else(|| panic!("{path} is missing")).bytes).expect("text is UTF-8")
}

#[test]
fn a_report_has_its_files_in_a_fixed_order() {
    let artifacts = drawn();
    let paths: Vec<&str> = artifacts.iter().map(|artifact| artifact.path.as_str()).collect();
    insta::assert_snapshot!("report_files", paths.join("\n"));
}

#[test]
fn a_report_drawn_again_from_its_own_json_has_the_same_bytes() {
    let first = drawn();
    let again = json::from_bytes(&first[0].bytes).unwrap();
    assert!(files(&again, &rows()).unwrap() == first, "the bytes differ");
}

#[test]
fn a_result_reads_back_as_itself() {
    let result = sweep();
    assert_eq!(json::from_bytes(&json::to_bytes(&result).unwrap()).unwrap(), result);
}

#[test]
fn a_result_of_another_version_is_refused() {
    let mut result = sweep();
    result.format = FORMAT + 1;
    let text = serde_json::to_vec(&result).unwrap();
    let error = json::from_bytes(&text).unwrap_err();
    assert!(matches!(error, ReportError::Format { found } if found == FORMAT + 1), "{error}");
    assert!(
        json::from_bytes(format!("{{\"format\": {FORMAT}}}").as_bytes())
            .unwrap_err()
            .to_string()
            .contains("missing field")
    );
}

#[test]
fn a_number_that_json_cannot_say_is_an_error_and_not_a_hole() {
    let mut result = sweep();
    result.cells[0].window_s = f64::NAN;
    assert!(matches!(json::to_bytes(&result), Err(ReportError::Unreadable(_))));
}

#[test]
fn every_table_parses_and_has_its_columns_explained() {
    let artifacts = drawn();
    let columns: serde_json::Value = serde_json::from_str(artifact(artifacts, "columns.json")).unwrap();
    for (path, records) in [("results.csv", 24), ("replications.csv", 4), ("timeseries.csv", 23 * 24)] {
        let mut reader = csv::Reader::from_reader(artifact(artifacts, path).as_bytes());
        let explained =
            columns[path].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap());
        assert_eq!(
            reader.headers().unwrap().iter().collect::<Vec<_>>(),
            explained.collect::<Vec<_>>(),
            "{path}"
        );
        assert_eq!(reader.records().map(Result::unwrap).count(), records, "{path}");
    }
}

#[test]
fn results_have_a_row_a_cell_with_numbers_as_short_as_they_can_be() {
    let artifacts = drawn();
    let lines: Vec<&str> = artifact(artifacts, "results.csv").lines().collect();
    insta::assert_snapshot!("report_results_csv", [lines[0], lines[13], lines[18], lines[19]].join("\n"));
    assert_eq!(
        artifact(artifacts, "replications.csv"),
        "cell,replication,metric,value\n0,0,latency_p99_s,2.5\n0,1,latency_p99_s,\n1,0,latency_p99_s,\n1,1,latency_p99_s,1e-9\n"
    );
}

#[test]
fn figures_in_the_table_are_the_bits_of_the_result() {
    let result = sweep();
    let artifacts = drawn();
    let mut reader = csv::Reader::from_reader(artifact(artifacts, "results.csv").as_bytes());
    let place = reader.headers().unwrap().iter().position(|name| name == "latency_p99_s").unwrap();
    for (record, cell) in reader.records().zip(&result.cells) {
        let expected = cell.metrics.get("latency_p99_s").and_then(|figure| figure.value);
        assert_eq!(record.unwrap()[place].parse().ok(), expected, "cell {}", cell.index);
    }
}

#[test]
fn a_summary_answers_in_a_screen() {
    let text =
        terminal::summary(&sweep(), Some("outputs/tier3/"), Screen { width: 100, colour: Colour::Plain });
    insta::assert_snapshot!("report_summary", text);
}

#[test]
fn a_summary_keeps_within_any_width() {
    for result in [sweep(), single(), empty()] {
        for width in [40, 60, 80, 100, 132, 200] {
            let text = terminal::summary(&result, None, Screen { width, colour: Colour::Plain });
            let widest = text.lines().map(|line| line.trim_end().chars().count()).max();
            let command = result.command.chars().count() + 8;
            assert!(widest <= Some(width.max(command)), "{widest:?} at {width}:\n{text}");
            assert!(width < 80 || text.lines().count() <= 50, "{text}");
        }
    }
}

#[test]
fn colour_is_only_where_it_was_asked_for() {
    let at = |colour| terminal::summary(&sweep(), None, Screen { width: 100, colour });
    assert!(!at(Colour::Plain).contains('\u{1b}'));
    assert!(at(Colour::Ansi).contains("\u{1b}[1m160 agents"));
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let mut result = sweep();
    let hostile = "x\u{1b}]0;owned\u{7}\u{1b}[2J\r\u{202e}y".to_owned();
    result.name.clone_from(&hostile);
    result.answer.headline.clone_from(&hostile);
    result.axes[0].label.clone_from(&hostile);
    result.axes[2].values[0].clone_from(&hostile);
    result.flags[0].text.clone_from(&hostile);
    result.command = hostile;
    let text = terminal::summary(&result, None, Screen { width: 100, colour: Colour::Plain });
    let is_plain = |sign: char| sign == '\n' || !(sign.is_control() || sign == '\u{202e}');
    assert!(text.chars().all(is_plain), "{text:?}");
}

#[test]
fn standard_output_carries_what_was_asked_for() {
    let screen = Screen { width: 80, colour: Colour::Plain };
    let at = |format| stdout(&sweep(), format, None, screen).unwrap();
    assert_eq!(at(Format::Json), json::to_bytes(&sweep()).unwrap());
    assert!(at(Format::Csv).starts_with(b"cell,offered_load"));
    assert!(at(Format::Table).starts_with(b"tier3"));
}

#[test]
fn every_plot_is_well_formed_with_its_text_as_text() {
    for picture in plot::pictures(&sweep()).unwrap() {
        let svg = picture.svg().unwrap();
        check_xml(&svg, picture.name());
        assert!(
            svg.contains("<text") && svg.contains("DejaVu Sans, Verdana, sans-serif"),
            "{}",
            picture.name()
        );
        assert!(svg.contains("<title>"), "{}", picture.name());
        assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{}", picture.name());
    }
}

#[test]
fn every_png_has_twice_the_size_of_its_svg_and_is_not_blank() {
    for picture in plot::pictures(&single()).unwrap() {
        let bytes = picture.png().unwrap();
        let mut reader = png::Decoder::new(bytes.as_slice()).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert!(
            picture.svg().unwrap().contains(&format!("width=\"{}\"", frame.width / 2)),
            "{}",
            picture.name()
        );
        let inked =
            pixels.chunks_exact(3).filter(|pixel| pixel.iter().all(|channel| *channel < 0x60)).count();
        assert!(inked > 500, "{} has {inked} dark pixels", picture.name());
    }
}

#[test]
fn what_is_drawn_follows_from_what_is_there() {
    let names = |result: &ResultFile| -> Vec<String> {
        plot::pictures(result).unwrap().iter().map(|picture| picture.name().to_owned()).collect()
    };
    assert_eq!(names(&single()), ["attribution", "distribution", "timeseries", "warmup"]);
    assert_eq!(names(&empty()), Vec::<String>::new());
    assert!(files(&empty(), &[]).is_ok());
}

#[test]
fn what_happens_over_time_is_said_to_be_means() {
    let titles = |result: &ResultFile| -> Vec<String> {
        plot::pictures(result).unwrap().iter().map(|picture| picture.title().to_owned()).collect()
    };
    let mut result = single();
    assert!(titles(&result).contains(&"Over time, means over 20 replications".to_owned()));
    result.cells[0].replications = 1;
    assert!(titles(&result).contains(&"Over time, in one replication".to_owned()));
}

/// The single configuration with nodes, whose heap is recorded over time.
fn with_nodes() -> ResultFile {
    let mut result = single();
    let cell = &mut result.cells[0];
    let mut nodes = cell.stations[0].clone();
    let figure = nodes.metrics["utilisation"].clone();
    "nodes main".clone_into(&mut nodes.name);
    let kept = [("heap_max_mb", 1_434.0), ("stopped_share", 0.0625), ("deaths_per_h", 0.5)];
    nodes.metrics = kept
        .map(|(name, value)| (name.to_owned(), Figure { value: Some(value), ..figure.clone() }))
        .into_iter()
        .collect();
    cell.stations.push(nodes);
    let series = cell.series.as_mut().unwrap();
    let windows = series.columns["queue"].len();
    series.columns.insert("heap_mb".to_owned(), vec![Some(512.0); windows]);
    result
}

#[test]
fn the_summary_of_one_configuration_shows_stations_and_nodes_apart() {
    let screen = Screen { width: 100, colour: Colour::Plain };
    let text = terminal::summary(&with_nodes(), None, screen);
    let line = |start: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(start));
        found.unwrap_or_else(|| panic!("no line {start}\n{text}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(line("nodes"), ["nodes", "heap", "max", "stopped", "deaths"]);
    assert_eq!(line("main"), ["main", "1,434", "6.25", "0.500"]);
    assert!(line("workers").len() > 2, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let sweep = terminal::summary(&sweep(), None, screen);
    assert!(!sweep.contains("queue mean"), "a sweep has no room for the stations of each cell");
}

#[test]
fn a_heap_over_time_has_its_unit() {
    let pictures = plot::pictures(&with_nodes()).unwrap();
    let series = pictures.iter().find(|picture| picture.name() == "timeseries").unwrap().svg().unwrap();
    assert!(series.contains("memory, MB") && !series.contains("heap mb"));
}

#[test]
fn a_first_look_is_said_to_be_one_once_in_words_and_on_every_plot() {
    let mut result = single();
    result.quick = true;
    let text = terminal::summary(&result, None, Screen { width: 100, colour: Colour::Plain });
    assert_eq!(text.matches("--quick").count(), 1, "{text}");
    let page = String::from_utf8(html::page(&result).unwrap()).unwrap();
    assert_eq!(page.matches("Made with --quick").count(), 1);
    for picture in plot::pictures(&result).unwrap() {
        assert!(picture.svg().unwrap().contains("quick: not for decisions"), "{}", picture.name());
    }
}

#[test]
fn extreme_numbers_break_nothing() {
    for extreme in [0.0, -5.0, 1e-300, 1e300] {
        let mut result = sweep();
        result.slo[0].limit = extreme;
        for cell in &mut result.cells {
            cell.metrics.values_mut().for_each(|figure| {
                (figure.value, figure.low, figure.high) = (Some(extreme), Some(extreme), Some(extreme * 2.0));
            });
            cell.ledger.iter_mut().for_each(|part| part.mean_s.value = Some(extreme));
            cell.latency_ccdf.iter_mut().for_each(|point| point.0 *= extreme);
            let columns = cell.series.iter_mut().flat_map(|series| series.columns.values_mut());
            columns.flatten().for_each(|value| *value = Some(extreme));
            let widths = cell.series.iter_mut().flat_map(|series| series.half_widths.values_mut());
            widths.flatten().for_each(|value| *value = Some(extreme));
        }
        for picture in plot::pictures(&result).unwrap() {
            check_xml(&picture.svg().unwrap(), picture.name());
        }
        html::page(&result).unwrap();
        let screen = Screen { width: 100, colour: Colour::Plain };
        assert!(terminal::summary(&result, None, screen).contains("✓ meets"));
    }
}

#[test]
fn hostile_text_is_nowhere_markup() {
    let artifacts = drawn();
    let page = artifact(artifacts, "report.html");
    // Only the page's own elements: one for the data, one for the script.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert_eq!(page.matches("<img").count(), 0);
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    for Artifact { path, bytes } in artifacts {
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "/._-".contains(sign);
        assert!(path.chars().all(is_plain) && !path.contains(".."), "{path}");
        let is_svg = path.rsplit_once('.').is_some_and(|(_, ending)| ending == "svg");
        for tag in ["<script", "<img", "<b>"].iter().filter(|_| is_svg) {
            assert!(!std::str::from_utf8(bytes).unwrap().contains(tag), "{tag} in {path}");
        }
    }
}

#[test]
fn the_page_carries_its_data_and_nothing_from_elsewhere() {
    let result = sweep();
    let page = String::from_utf8(html::page(&result).unwrap()).unwrap();
    let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    let read: ResultFile = serde_json::from_str(data).unwrap();
    assert_eq!(read.cells[17].metrics, result.cells[17].metrics);
    assert_eq!(read.answer, result.answer);
    let own = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!own.contains("http://") && !own.contains("https://") && !own.contains("@import"));
    assert!(page.contains(&result.digest) && page.contains(&result.command));
}

#[test]
fn the_page_of_a_large_sweep_stays_under_five_megabytes() {
    let mut result = sweep();
    let done: Vec<_> = result.cells.iter().filter(|cell| cell.series.is_some()).cloned().collect();
    result.cells =
        (0..30).map(|index| tars_sim::result::Cell { index, ..done[index % done.len()].clone() }).collect();
    for series in result.cells.iter_mut().filter_map(|cell| cell.series.as_mut()) {
        for column in series.columns.values_mut() {
            *column = column
                .iter()
                .copied()
                .cycle()
                .take(240)
                .map(|value| value.map(|value| value / 3.0))
                .collect();
        }
    }
    let size = html::page(&result).unwrap().len();
    assert!(size < 5_000_000, "{size} bytes");
}

/// Holds XML to what a reader of it needs: tags that close in order, quoted attributes, no stray signs.
#[track_caller]
fn check_xml(text: &str, name: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "{name}: a stray > in {before:?}");
        check_entities(before, name);
        let (tag, after) = after.split_once('>').unwrap_or_else(|| panic!("{name}: an unclosed tag"));
        assert!(tag.matches('"').count().is_multiple_of(2), "{name}: an open quote in <{tag}>");
        let element = tag.trim_end_matches('/').split([' ', '\n']).next().unwrap_or_default();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{name}");
        } else if !tag.ends_with('/') {
            open.push(element);
        }
        rest = after;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{name}: {open:?} stay open");
}

#[track_caller]
fn check_entities(text: &str, name: &str) {
    for part in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "apos;"].iter().any(|entity| part.starts_with(entity));
        assert!(known, "{name}: &{part}");
    }
    let allowed = |sign: char| sign == '\n' || !sign.is_control();
    assert!(text.chars().all(allowed), "{name}: a control character in {text:?}");
}

#[test]
fn published_values_are_drawn_where_their_metric_is() {
    let mut result = sweep();
    let source = "document 001, Scenario 9".to_owned();
    let points = vec![(25.0, 2.0), (100.0, 9.5)];
    result.published = vec![tars_sim::result::PublishedCurve {
        metric: "latency_p99_s".to_owned(),
        axis: 0,
        source: source.clone(),
        points,
    }];
    let drawn = plot::pictures(&result).unwrap();
    for (name, is_there) in [("latency", true), ("errors", false), ("latency-by-agents_in_the_pool", false)] {
        let picture = drawn.iter().find(|picture| picture.name() == name).unwrap();
        assert_eq!(picture.svg().unwrap().contains(&format!("+ published: {source}")), is_there, "{name}");
    }
    assert!(drawn.iter().all(|picture| picture.flaws().is_empty()));
}

#[test]
fn faults_are_told_on_the_time_axis() {
    let mut result = single();
    let fault = |start_s| tars_sim::result::FaultSpan {
        label: "errors, anthropic".to_owned(),
        start_s,
        end_s: start_s + 10.0,
    };
    result.cells[0].series.as_mut().unwrap().faults = vec![fault(20.0), fault(60.0)];
    let picture =
        plot::pictures(&result).unwrap().into_iter().find(|picture| picture.name() == "timeseries").unwrap();
    let svg = picture.svg().unwrap();
    assert!(
        svg.contains("errors, anthropic") && svg.contains("red: faults"),
        "a lane with its name, and its key"
    );
    assert_eq!(picture.flaws(), Vec::<String>::new());
}
