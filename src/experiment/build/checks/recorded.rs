//! Recorded times: taken by somebody, or wrong.

use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::tree::Tree;
use crate::model::Model;
use crate::model::route::Op;
use crate::model::workload::Load;

/// Recorded service times that nobody takes, stations that wait for some in vain, and replayed calls that take no time.
pub(super) fn check(tree: &Tree, model: &Model, diagnostics: &mut Diagnostics) {
    let root = Path::root();
    let takes = model.stations.iter().any(|station| station.from_trace);
    let mut recorded = model.clients.iter().any(|client| matches!(client.load, Load::Sessions(_)));
    for client in &model.clients {
        let Load::Trace(trace, _) = &client.load else { continue };
        if trace.requests.iter().all(|request| request.service.is_zero()) {
            continue;
        }
        recorded = true;
        if !takes {
            let path =
                root.key("workload").key("clients").key(&client.name).key("load").key("trace").key("service");
            let hint = "set `service_from_trace` at the station that serves them, or leave the column out";
            diagnostics.senseless(tree, &path, "no station takes the recorded service times", hint);
        }
    }
    for station in model.stations.iter().filter(|station| station.from_trace && !recorded) {
        let path = root.key("system").key("stations").key(&station.name).key("service_from_trace");
        let hint = "name their column as `service` of a `trace` load, or replay `sessions`";
        diagnostics.senseless(tree, &path, "no load has recorded service times", hint);
    }
    for op in &model.program.ops {
        let Op::Replay(visit) = op else { continue };
        let station = &model.stations[model.program.visits[*visit as usize].station as usize];
        let own = station.law.is_some()
            || !station.per_input_token.is_zero()
            || !station.per_output_token.is_zero();
        if !station.from_trace && !own {
            let path = root.key("system").key("stations").key(&station.name);
            let words = format!("calls are replayed at `{}`, where they take no time", station.name);
            diagnostics.senseless(
                tree,
                &path,
                words,
                "set `service_from_trace` for their recorded lengths, or a `service`",
            );
        }
    }
}
