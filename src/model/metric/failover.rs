//! What is measured of failovers.

/// What a metric of a failover is about. Spans are means over the switches of all replications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailoverMetric {
    /// The share of time that the active member answers.
    Available,
    /// Times that another member took the place of one that had failed, per replication.
    Switches,
    /// Times that the decision was that it had not, per replication.
    Aborted,
    /// Times that the first member got its place back, per replication.
    Returns,
    /// From the failure to its detection.
    Detection,
    /// From there to the decision.
    Decision,
    /// From there to the end of the promotion.
    Promotion,
    /// From there to the first answer of the new member.
    FirstAnswer,
    /// From the failure to the first answer.
    Outage,
    /// The longest of those in a replication.
    OutageMax,
    /// From the failure to the end of the checks.
    Verified,
    /// From the failure until people have been told.
    Notified,
    /// Writes lost with the failed member, per replication.
    WritesLost,
    /// The age of the oldest write lost (RPO).
    SpanLost,
    /// The greatest of those in a replication.
    SpanLostMax,
    /// Writes taken by a member that was no longer active, per replication.
    SplitWrites,
    /// The share of reads that did not see the latest write of their own user.
    Stale,
}

impl FailoverMetric {
    /// Every metric of failovers, in the order of display.
    pub const ALL: [Self; 17] = [
        Self::Available,
        Self::Switches,
        Self::Aborted,
        Self::Returns,
        Self::Detection,
        Self::Decision,
        Self::Promotion,
        Self::FirstAnswer,
        Self::Outage,
        Self::OutageMax,
        Self::Verified,
        Self::Notified,
        Self::WritesLost,
        Self::SpanLost,
        Self::SpanLostMax,
        Self::SplitWrites,
        Self::Stale,
    ];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available_share",
            Self::Switches => "switches",
            Self::Aborted => "aborted",
            Self::Returns => "returns",
            Self::Detection => "detection_s",
            Self::Decision => "decision_s",
            Self::Promotion => "promotion_s",
            Self::FirstAnswer => "first_answer_s",
            Self::Outage => "outage_s",
            Self::OutageMax => "outage_max_s",
            Self::Verified => "verified_s",
            Self::Notified => "notified_s",
            Self::WritesLost => "writes_lost",
            Self::SpanLost => "lost_span_s",
            Self::SpanLostMax => "lost_span_max_s",
            Self::SplitWrites => "split_writes",
            Self::Stale => "stale_share",
        }
    }
}
