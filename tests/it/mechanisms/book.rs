//! The tables, and what each is about: one of documents 000 to 003, and two of document 004.

use super::Table;
use std::fs;

/// A table under `docs/` that drives a page and a test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Book {
    /// What its files are called: `docs/NAME.json` and `docs/NAME.md`.
    pub(super) name: &'static str,
    /// The first line of the page.
    pub(super) title: &'static str,
    /// Where the experiments of its rows are.
    pub(super) folder: &'static str,
    /// The test that holds it.
    pub(super) test: &'static str,
    /// A setting to see one of them by hand: a file of `folder`, and what is set in it.
    pub(super) by_hand: (&'static str, &'static str),
    /// Whether some of its experiments sweep.
    pub(super) sweeps: bool,
    /// The parts of the page, in order: each row belongs to exactly one.
    pub(super) groups: &'static [Group],
    /// Rows that the table has at least.
    pub(super) rows_min: usize,
    /// Rows that each part has at least.
    pub(super) group_rows_min: usize,
}

/// A part of a page: a document, or sections of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// The document's number.
    pub(super) document: &'static str,
    /// What the sections begin with; empty for all of the document.
    pub(super) section: &'static str,
    /// Its heading on the page.
    pub(super) title: &'static str,
}

impl Group {
    const fn whole(document: &'static str, title: &'static str) -> Self {
        Self { document, section: "", title }
    }

    const fn section(section: &'static str) -> Self {
        Self { document: "004", section, title: section }
    }

    /// Whether what a document says in a section belongs to it.
    pub(super) fn holds(self, document: &str, section: &str) -> bool {
        self.document == document && section.starts_with(self.section)
    }

    /// The heading on the page.
    pub(super) fn heading(self) -> String {
        format!("Document {}: {}", self.document, self.title)
    }
}

impl Book {
    /// The file of the table.
    pub(super) fn file(self) -> String {
        format!("docs/{}.json", self.name)
    }

    /// The file of the page.
    pub(super) fn page(self) -> String {
        format!("docs/{}.md", self.name)
    }

    /// What is in the table.
    pub(super) fn table(self) -> Table {
        let file = self.file();
        let text = fs::read_to_string(&file).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

/// What documents 000 to 003 describe.
pub(super) const MECHANISMS: Book = Book {
    name: "mechanisms",
    title: "Every mechanism of TARS documents 000 to 003",
    folder: "experiments/mechanisms",
    test: "every_mechanism_shows_its_effect",
    by_hand: ("queue", "/system/pools/agents/queue/max_depth=50"),
    sweeps: false,
    groups: &[
        Group::whole("000", "Scaling strategies"),
        Group::whole("001", "Load test results"),
        Group::whole("002", "The load-testing skill"),
        Group::whole("003", "Bottleneck analysis"),
    ],
    rows_min: 90,
    group_rows_min: 10,
};

/// The turn, the services, scaling, caches and load tests of document 004.
pub(super) const PLATFORM: Book = Book {
    name: "platform",
    title: "The platform of TARS document 004: the turn, services, scaling, caches, load tests",
    folder: "experiments/platform",
    test: "every_mechanism_of_the_platform_shows_its_effect",
    by_hand: ("turn-before", "/workload/clients/agents/load/closed/users=10"),
    sweeps: true,
    groups: &[
        Group::section("Scalability Strategy"),
        Group::section("Caching Strategy"),
        Group::section("Performance Optimization"),
        Group::section("Capacity Planning"),
    ],
    rows_min: 50,
    group_rows_min: 4,
};

/// The failures, regions and recovery of document 004.
pub(super) const RECOVERY: Book = Book {
    name: "recovery",
    title: "The platform of TARS document 004: failures, regions, recovery",
    folder: "experiments/platform",
    test: "every_mechanism_of_recovery_shows_its_effect",
    by_hand: ("failure-pod", "/faults=[]"),
    sweeps: true,
    groups: &[
        Group::section("Reliability & Fault Tolerance"),
        Group::section("Disaster Recovery"),
        Group::section("Capacity Planning"),
    ],
    rows_min: 25,
    group_rows_min: 1,
};

/// All of them.
pub(super) const BOOKS: [Book; 3] = [MECHANISMS, PLATFORM, RECOVERY];
