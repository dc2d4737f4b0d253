//! Metrics of runtime processes, over all nodes of a group.

use super::{Seen, of_pairs, seconds};
use crate::model::Model;
use crate::model::metric::NodeMetric;
use crate::sim::{NodeRun, Run};
use crate::stats::{Estimate, mean};

/// Estimates a metric of the group of nodes at `index`.
pub(super) fn of_nodes(model: &Model, index: usize, metric: NodeMetric, seen: Seen<'_>) -> Option<Estimate> {
    let runs = seen.runs;
    let confidence = model.measure.confidence;
    let count = f64::from(model.nodes[index].count);
    let nodes = |run: &Run| -> Vec<NodeRun> {
        run.nodes.iter().filter(|node| usize::from(node.group) == index).cloned().collect()
    };
    let sum = |f: &dyn Fn(&NodeRun) -> f64, per: &dyn Fn(&Run) -> f64| {
        let pairs: Vec<_> =
            runs.iter().map(|run| (nodes(run).iter().map(f).sum::<f64>(), per(run) * count)).collect();
        of_pairs(&pairs, confidence)
    };
    let pauses = || {
        let of_group = move |node: &&NodeRun| usize::from(node.group) == index;
        runs.iter().map(move |run| {
            let mut pooled = crate::tally::Samples::new();
            for node in run.nodes.iter().filter(of_group) {
                pooled.merge(&node.pauses);
            }
            pooled
        })
    };
    let of_pauses = |level: f64| {
        let pooled: Vec<_> = pauses().collect();
        seen.quantile(pooled.iter(), level, confidence)
    };
    let greatest = |f: &dyn Fn(&NodeRun) -> u32| {
        let of_run = |run: &Run| nodes(run).iter().map(f).max().map(|most| f64::from(most) / 1024.0);
        mean(&runs.iter().filter_map(of_run).collect::<Vec<_>>(), confidence)
    };
    match metric {
        NodeMetric::HeapMean => sum(&|node| node.heap_area as f64 / 1e9 / 1024.0, &seconds),
        NodeMetric::HeapMax => greatest(&|node| node.heap_max),
        NodeMetric::ResidentMax => greatest(&|node| node.resident_max),
        NodeMetric::Stopped => sum(&|node| node.stopped as f64 / 1e9, &seconds),
        NodeMetric::Collections => {
            sum(&|node| (node.minors + node.majors + node.manuals) as f64, &|run| seconds(run) / 60.0)
        }
        NodeMetric::PauseMean => {
            let pairs: Vec<_> =
                pauses().map(|pauses| (pauses.sum() as f64 / 1e9, pauses.len() as f64)).collect();
            of_pairs(&pairs, confidence)
        }
        NodeMetric::PauseP50 => of_pauses(0.5),
        NodeMetric::PauseP99 => of_pauses(0.99),
        NodeMetric::EventLoop => sum(&|node| node.worked as f64 / 1e9, &seconds),
        NodeMetric::Tasks => sum(&|node| node.tasks_area as f64 / 1e9, &seconds),
        NodeMetric::Deaths => {
            sum(&|node| node.deaths_ever as f64, &|run| (run.stopped.max(1)) as f64 / 3.6e12)
        }
        NodeMetric::ProbeKills => {
            sum(&|node| node.probe_kills_ever as f64, &|run| (run.stopped.max(1)) as f64 / 3.6e12)
        }
        NodeMetric::HeapGrowth => {
            let growth: Vec<f64> = runs.iter().filter_map(|run| heap_growth(run, index)).collect();
            mean(&growth, confidence)
        }
        NodeMetric::Writes | NodeMetric::Disk | NodeMetric::LinesLost
            if model.nodes[index].files.is_none() =>
        {
            None
        }
        NodeMetric::Writes => sum(&|node| node.writes as f64, &seconds),
        NodeMetric::Disk => sum(&|node| node.disk_busy as f64 / 1e9, &seconds),
        NodeMetric::LinesLost => {
            sum(&|node| node.lines_lost_ever as f64, &|run| (run.stopped.max(1)) as f64 / 3.6e12)
        }
    }
}

/// By how many megabytes what collections of the whole heap leave on a node grows over the measured window, mean over the
/// nodes of a group: twice the difference between the means of its halves. `None` where a half saw no collection.
pub fn heap_growth(run: &Run, group: usize) -> Option<f64> {
    let growth = |[(before, left_before), (after, left_after)]: [(u64, u64); 2]| {
        let mean = |sum: u64, count: u64| sum as f64 / 1024.0 / count as f64;
        (before > 0 && after > 0).then(|| 2.0 * (mean(left_after, after) - mean(left_before, before)))
    };
    let of_group = run.nodes.iter().filter(|node| usize::from(node.group) == group);
    let grown: Vec<f64> = of_group.filter_map(|node| growth(node.left)).collect();
    (!grown.is_empty()).then(|| grown.iter().sum::<f64>() / grown.len() as f64)
}
