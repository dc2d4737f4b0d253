//! What is measured: the closed list of metrics, by name, with units and meaning.

mod failover;
mod index;
mod node;

pub use failover::FailoverMetric;
pub use index::IndexMetric;
pub use node::NodeMetric;

/// A metric of the whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Tasks submitted per second.
    Issued,
    /// Tasks that ended per second, however they ended.
    Ended,
    /// Tasks that ended well per second.
    Good,
    /// Mean latency.
    LatencyMean,
    /// Median latency.
    LatencyP50,
    /// 95th percentile of latency.
    LatencyP95,
    /// 99th percentile of latency.
    LatencyP99,
    /// Mean time to the first byte.
    FirstByteMean,
    /// Median time to the first byte.
    FirstByteP50,
    /// 95th percentile of the time to the first byte.
    FirstByteP95,
    /// 99th percentile of the time to the first byte.
    FirstByteP99,
    /// The share of tasks that did not end well.
    ErrorShare,
    /// The share of tasks refused before any work was done.
    RejectedShare,
    /// The share of tasks whose client left.
    AbandonedShare,
    /// The share of tasks that failed inside.
    FailedShare,
    /// Mean number of tasks in the system.
    InSystem,
    /// Refusals by rate limits per call.
    LimitedShare,
    /// Retries and resubmissions per task.
    Retries,
    /// Calls that were given up and put aside, per task.
    DeadLetters,
    /// Dollars per 1,000 tasks that ended well.
    Cost,
    /// Dollars per hour.
    CostPerHour,
    /// The share of spent token dollars that bought nothing.
    WastedShare,
    /// Mean accuracy of good answers.
    Quality,
    /// Dollars per 1,000 right answers.
    CostPerCorrect,
    /// Mean number of agents.
    Agents,
    /// Looks into caches that hit.
    CacheHits,
    /// Hits on what was out of date.
    StaleHits,
    /// From the end of a trigger until good answers are back.
    TimeToRecover,
    /// The share of replications that came back.
    Recovered,
    /// The share of tasks that ended well, and in time.
    Available,
    /// The share of tasks that ended well, with less than they asked for or late.
    Degraded,
    /// Tasks that failures touched.
    Touched,
    /// Tasks that did not end well.
    Lost,
    /// Tasks that ended well after failures.
    Retried,
    /// Tasks that ended well from a checkpoint.
    Resumed,
    /// From the deaths of agents until their sessions went on.
    ResumeMean,
    /// The longest of those.
    ResumeMax,
    /// Work of a session that is done again after a death.
    WorkLostMean,
    /// The most of those.
    WorkLostMax,
    /// How often the state of a user has moved to another region.
    Moved,
    /// From a load's step until capacity had reached what it came to.
    ScaleUp,
    /// 99th percentile of latency of tasks that began meanwhile.
    ClimbingP99,
    /// 99th percentile of latency of tasks that began afterwards.
    SettledP99,
    /// How mean latency changes in an hour, as a share of it.
    LatencyDrift,
    /// How the 99th percentile of latency does.
    LatencyP99Drift,
    /// Errors in the last quarter of the window for one in the first.
    ErrorAccumulation,
    /// How long work in the background takes.
    BackgroundMean,
    /// Work in the background that is left when the run stops.
    BackgroundLeft,
    /// Work in the background that failed.
    BackgroundFailed,
}

/// What a metric of one station or pool is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceMetric {
    /// The share of servers busy.
    Utilisation,
    /// Mean wait in line.
    WaitMean,
    /// Median wait.
    WaitP50,
    /// 95th percentile of the wait, the atom at zero included.
    WaitP95,
    /// 99th percentile of the wait.
    WaitP99,
    /// The share that waits at all.
    WaitShare,
    /// Mean number in line.
    Queue,
    /// Mean number there.
    Number,
    /// Served per second.
    Throughput,
    /// The share refused for lack of room.
    RefusedShare,
    /// The share refused by the rate limit.
    LimitedShare,
    /// The share of servers that are not broken.
    Working,
    /// Connections opened for a call.
    Handshakes,
    /// The share of time that it answers.
    Available,
    /// Mean number of polling workers that count themselves as active.
    ActiveWorkers,
}

/// The name of a metric: `latency_p99_s`, `station/llm/wait_mean_s`, `pool/workers/queue_mean`, `nodes/main/heap_max_mb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricKey {
    /// Of the whole system.
    System(Metric),
    /// Of a station, by its name.
    Station(String, PlaceMetric),
    /// Of a pool, by its name.
    Pool(String, PlaceMetric),
    /// Of a group of nodes, by its name.
    Nodes(String, NodeMetric),
    /// Of a failover, by its name.
    Failover(String, FailoverMetric),
    /// Of an index, by its name.
    Index(String, IndexMetric),
}

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Smaller is better.
    Lower,
    /// Larger is better.
    Higher,
    /// Neither.
    Neither,
}

/// What of its runs a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// A quantile of the tasks' times, at this level.
    Quantile(f64),
    /// A share of counted things.
    Share,
    /// A mean, a rate, or a share of something that is measured.
    Ratio,
    /// A time until something that may not happen within the run.
    TimeToRecover,
    /// The 99th percentile of tasks that began while capacity followed the load.
    ClimbingQuantile,
    /// That of those that began afterwards.
    SettledQuantile,
    /// The change in an hour of a quantile at this level, or of the mean, as a share of it.
    Drift(Option<f64>),
}

/// Name, label, unit, meaning, which way is better, whether it belongs into a short table, how it is estimated.
type Row = (&'static str, &'static str, &'static str, &'static str, Better, bool, Statistic);

impl Metric {
    /// Every metric, in the order of display.
    pub const ALL: [Self; 49] = [
        Self::Good,
        Self::Issued,
        Self::Ended,
        Self::LatencyMean,
        Self::LatencyP50,
        Self::LatencyP95,
        Self::LatencyP99,
        Self::FirstByteMean,
        Self::FirstByteP50,
        Self::FirstByteP95,
        Self::FirstByteP99,
        Self::ErrorShare,
        Self::RejectedShare,
        Self::AbandonedShare,
        Self::FailedShare,
        Self::InSystem,
        Self::LimitedShare,
        Self::Retries,
        Self::Cost,
        Self::CostPerHour,
        Self::WastedShare,
        Self::Quality,
        Self::CostPerCorrect,
        Self::Agents,
        Self::CacheHits,
        Self::StaleHits,
        Self::TimeToRecover,
        Self::Recovered,
        Self::Available,
        Self::Degraded,
        Self::Touched,
        Self::Lost,
        Self::Retried,
        Self::Resumed,
        Self::ResumeMean,
        Self::ResumeMax,
        Self::WorkLostMean,
        Self::WorkLostMax,
        Self::Moved,
        Self::ScaleUp,
        Self::ClimbingP99,
        Self::SettledP99,
        Self::LatencyDrift,
        Self::LatencyP99Drift,
        Self::ErrorAccumulation,
        Self::BackgroundMean,
        Self::BackgroundLeft,
        Self::BackgroundFailed,
        Self::DeadLetters,
    ];

    // A table reads best a row a line.
    #[rustfmt::skip]
    const fn row(self) -> Row {
        use Better::{Higher, Lower, Neither};
        use Statistic::{ClimbingQuantile, Drift, Quantile, Ratio, SettledQuantile, Share, TimeToRecover};
        match self {
            Self::Good => ("goodput_per_s", "goodput", "1/s", "tasks that ended well, per second of the window", Higher, true, Ratio),
            Self::Issued => ("issued_per_s", "issued", "1/s", "tasks submitted, per second of the window", Neither, true, Ratio),
            Self::Ended => ("ended_per_s", "ended", "1/s", "tasks that ended in the window, well or not, per second", Higher, false, Ratio),
            Self::LatencyMean => ("latency_mean_s", "latency, mean", "s", "from the intended submission to the answer, retries included; tasks that ended well", Lower, true, Ratio),
            Self::LatencyP50 => ("latency_p50_s", "latency, median", "s", "half of the tasks that ended well were faster", Lower, false, Quantile(0.5)),
            Self::LatencyP95 => ("latency_p95_s", "latency, 95th percentile", "s", "95 % of the tasks that ended well were faster", Lower, true, Quantile(0.95)),
            Self::LatencyP99 => ("latency_p99_s", "latency, 99th percentile", "s", "99 % of the tasks that ended well were faster", Lower, true, Quantile(0.99)),
            Self::FirstByteMean => ("first_byte_mean_s", "time to first byte, mean", "s", "from the intended submission to the first byte of the answer; that of the whole answer where it is buffered; tasks that ended well", Lower, true, Ratio),
            Self::FirstByteP50 => ("first_byte_p50_s", "time to first byte, median", "s", "half of the tasks that ended well had their first byte sooner", Lower, false, Quantile(0.5)),
            Self::FirstByteP95 => ("first_byte_p95_s", "time to first byte, 95th percentile", "s", "95 % of the tasks that ended well had their first byte sooner", Lower, false, Quantile(0.95)),
            Self::FirstByteP99 => ("first_byte_p99_s", "time to first byte, 99th percentile", "s", "99 % of the tasks that ended well had their first byte sooner", Lower, false, Quantile(0.99)),
            Self::ErrorShare => ("error_share", "errors", "share", "tasks that were refused, failed or were abandoned, of all that ended", Lower, true, Share),
            Self::RejectedShare => ("rejected_share", "rejected", "share", "tasks refused before any work was done, of all that ended", Lower, false, Share),
            Self::AbandonedShare => ("abandoned_share", "abandoned", "share", "tasks whose client left, of all that ended", Lower, false, Share),
            Self::FailedShare => ("failed_share", "failed", "share", "tasks that failed inside, of all that ended", Lower, false, Share),
            Self::InSystem => ("in_system_mean", "tasks in the system", "tasks", "time average over the window", Neither, false, Ratio),
            Self::LimitedShare => ("rate_limited_share", "rate limited (429)", "share", "calls refused by a rate limit, of all calls; whole run", Lower, false, Ratio),
            Self::Retries => ("retries_per_task", "retries", "per task", "repeated calls and submissions, per task", Lower, false, Ratio),
            Self::Cost => ("cost_usd_per_1000_tasks", "cost per 1,000 tasks", "USD", "tokens, agents and fixed cost, per 1,000 tasks that ended well", Lower, true, Ratio),
            Self::CostPerHour => ("cost_usd_per_hour", "cost per hour", "USD/h", "tokens, agents and fixed cost", Lower, false, Ratio),
            Self::WastedShare => ("wasted_cost_share", "wasted", "share", "token dollars spent on calls that failed or that nobody waited for, of all token dollars; whole run", Lower, false, Ratio),
            Self::Quality => ("quality_mean", "quality", "share", "mean accuracy of the answers of tasks that ended well", Higher, true, Ratio),
            Self::CostPerCorrect => ("cost_usd_per_1000_correct", "cost per 1,000 right answers", "USD", "cost over tasks that ended well times their accuracy", Lower, false, Ratio),
            Self::Agents => ("agents_mean", "agents", "agents", "time average over the window, all pools", Neither, false, Ratio),
            Self::CacheHits => ("cache_hit_share", "cache hits", "share", "looks into caches that found an entry", Higher, false, Ratio),
            Self::StaleHits => ("stale_hit_share", "stale hits", "share", "hits on a copy older than the last write of what it is a copy of, and on answers that are outdated, of all hits", Lower, false, Ratio),
            Self::TimeToRecover => ("time_to_recover_s", "time to recover", "s", "from the end of the trigger until good answers are, and stay, the stated share of the tasks submitted; whole run", Lower, true, TimeToRecover),
            Self::DeadLetters => ("dead_letters_per_task", "dead letters", "per task", "calls given up and put aside per task", Lower, false, Ratio),
            Self::Recovered => ("recovered_share", "recovered", "share", "replications that came back before they ended", Higher, false, Share),
            Self::Available => ("available_share", "availability, as users see it", "share", "tasks that ended well, within the latency that the objective asks of the 99th percentile where it states one, of all that ended", Higher, true, Share),
            Self::Degraded => ("degraded_share", "degraded", "share", "tasks that ended well with less than they asked for, or late, of all that ended; whole run", Lower, true, Share),
            Self::Touched => ("tasks_touched", "tasks touched by failures", "tasks", "tasks that failed, or of which an attempt, an agent or a part did; mean of the replications, whole run", Lower, false, Ratio),
            Self::Lost => ("tasks_lost", "tasks lost", "tasks", "tasks that did not end well; mean of the replications, whole run", Lower, true, Ratio),
            Self::Retried => ("tasks_retried", "tasks retried", "tasks", "tasks that failures touched and that ended well all the same, not from a checkpoint; mean of the replications, whole run", Neither, true, Ratio),
            Self::Resumed => ("tasks_resumed", "tasks resumed", "tasks", "tasks that ended well from a checkpoint, or with a state brought over; mean of the replications, whole run", Neither, true, Ratio),
            Self::ResumeMean => ("resume_mean_s", "time to resume, mean (RTO)", "s", "from the death of an agent until its session goes on; whole run", Lower, false, Ratio),
            Self::ResumeMax => ("resume_max_s", "time to resume, longest", "s", "the longest of a replication, mean of those in which an agent with a session died; whole run", Lower, false, Ratio),
            Self::WorkLostMean => ("work_lost_mean_s", "work lost, mean (RPO)", "s", "from the last safe checkpoint to the death of the agent; whole run", Lower, false, Ratio),
            Self::WorkLostMax => ("work_lost_max_s", "work lost, most", "s", "the most of a replication, mean of those in which an agent with a session died; whole run", Lower, false, Ratio),
            Self::Moved => ("states_moved", "states moved", "moves", "how often the state of a pinned user has moved to another region; mean of the replications, whole run", Neither, false, Ratio),
            Self::ScaleUp => ("scale_up_s", "scale-up time", "s", "from the step of the load (`measure.scaling`) until the last of the autoscaled pools had as many agents ready as it ever had from there on; replications in which none grew have none", Lower, true, Ratio),
            Self::ClimbingP99 => ("latency_climbing_p99_s", "latency while scaling, 99th percentile", "s", "99 % of the tasks that began between the step of the load and the end of the scaling, and ended well, were faster", Lower, true, ClimbingQuantile),
            Self::SettledP99 => ("latency_settled_p99_s", "latency once scaled, 99th percentile", "s", "the same of the tasks that began later", Lower, true, SettledQuantile),
            Self::LatencyDrift => ("latency_drift_per_h", "latency, drift", "per h", "slope of the mean latency of the windows of the time series within the measured window, as a share of their mean", Lower, true, Drift(None)),
            Self::LatencyP99Drift => ("latency_p99_drift_per_h", "latency, drift of the 99th percentile", "per h", "the same of the windows' 99th percentiles", Lower, false, Drift(Some(0.99))),
            Self::ErrorAccumulation => ("error_accumulation", "error accumulation", "ratio", "the share of tasks that did not end well in the last quarter of the measured window over that in its first", Lower, true, Ratio),
            Self::BackgroundMean => ("background_mean_s", "work in the background, mean", "s", "from the beginning to the end of `background` steps that were done; whole run", Lower, true, Ratio),
            Self::BackgroundLeft => ("background_left", "work in the background left", "", "`background` steps that were under way when the run stopped; mean of the replications", Lower, true, Ratio),
            Self::BackgroundFailed => ("background_failed", "work in the background failed", "", "`background` steps that failed or were lost; mean of the replications, whole run", Lower, false, Ratio),
        }
    }

    /// Whether it is about the time to the first byte.
    pub const fn is_of_first_byte(self) -> bool {
        matches!(self, Self::FirstByteMean | Self::FirstByteP50 | Self::FirstByteP95 | Self::FirstByteP99)
    }

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        self.row().1
    }

    /// Its unit.
    pub const fn unit(self) -> &'static str {
        self.row().2
    }

    /// What it means.
    pub const fn meaning(self) -> &'static str {
        self.row().3
    }

    /// Which way is better.
    pub const fn better(self) -> Better {
        self.row().4
    }

    /// Whether it belongs into a short table.
    pub const fn is_headline(self) -> bool {
        self.row().5
    }

    /// What of its runs it is.
    pub const fn statistic(self) -> Statistic {
        self.row().6
    }
}

impl PlaceMetric {
    /// Every metric of a place, in the order of display.
    pub const ALL: [Self; 15] = [
        Self::Utilisation,
        Self::WaitMean,
        Self::WaitP50,
        Self::WaitP95,
        Self::WaitP99,
        Self::WaitShare,
        Self::Queue,
        Self::Number,
        Self::Throughput,
        Self::RefusedShare,
        Self::LimitedShare,
        Self::Working,
        Self::Handshakes,
        Self::Available,
        Self::ActiveWorkers,
    ];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utilisation => "utilisation",
            Self::WaitMean => "wait_mean_s",
            Self::WaitP50 => "wait_p50_s",
            Self::WaitP95 => "wait_p95_s",
            Self::WaitP99 => "wait_p99_s",
            Self::WaitShare => "wait_share",
            Self::Queue => "queue_mean",
            Self::Number => "number_mean",
            Self::Throughput => "throughput_per_s",
            Self::RefusedShare => "refused_share",
            Self::LimitedShare => "limited_share",
            Self::Working => "working_share",
            Self::Handshakes => "handshakes_per_call",
            Self::Available => "available_share",
            Self::ActiveWorkers => "active_workers_mean",
        }
    }
}

impl MetricKey {
    /// The metric of this name, if there is one; whether the station or pool exists is not looked at.
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.splitn(3, '/');
        match (parts.next()?, parts.next(), parts.next()) {
            (system, None, None) => {
                Metric::ALL.into_iter().find(|metric| metric.name() == system).map(Self::System)
            }
            ("nodes", Some(of), Some(what)) => {
                let what = NodeMetric::ALL.into_iter().find(|metric| metric.name() == what)?;
                Some(Self::Nodes(of.to_owned(), what))
            }
            ("index", Some(of), Some(what)) => {
                let what = IndexMetric::ALL.into_iter().find(|metric| metric.name() == what)?;
                Some(Self::Index(of.to_owned(), what))
            }
            ("failover", Some(of), Some(what)) => {
                let what = FailoverMetric::ALL.into_iter().find(|metric| metric.name() == what)?;
                Some(Self::Failover(of.to_owned(), what))
            }
            (place, Some(of), Some(what)) => {
                let what = PlaceMetric::ALL.into_iter().find(|metric| metric.name() == what)?;
                match place {
                    "station" => Some(Self::Station(of.to_owned(), what)),
                    "pool" => Some(Self::Pool(of.to_owned(), what)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The names of all metrics of the system, for hints.
    pub fn examples() -> Vec<String> {
        Metric::ALL.into_iter().map(|metric| metric.name().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_metric() {
        for metric in Metric::ALL {
            assert_eq!(MetricKey::parse(metric.name()), Some(MetricKey::System(metric)));
        }
        for metric in PlaceMetric::ALL {
            let name = format!("station/llm/{}", metric.name());
            assert_eq!(MetricKey::parse(&name), Some(MetricKey::Station("llm".to_owned(), metric)));
        }
        assert_eq!(MetricKey::parse("latency_p98_s"), None);
        assert_eq!(MetricKey::parse("station/llm"), None);
    }

    #[test]
    fn names_are_unique_and_end_in_their_unit() {
        let names: std::collections::BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), Metric::ALL.len());
        for metric in Metric::ALL {
            let ending = match metric.unit() {
                "s" => "_s",
                "1/s" => "_per_s",
                "share" if metric != Metric::Quality => "_share",
                _ => continue,
            };
            assert!(metric.name().ends_with(ending), "{}", metric.name());
        }
    }
}
