//! What the tests stand on: servers of their own, lines that can be cut, and connectors to try them with.
//!
//! Every server is started by the test that needs it, on a free port of 127.0.0.1, and ends with it. A Debian package that
//! is missing is installed, programs from the Python Package Index at pinned versions; nothing is skipped.

pub mod api;
pub mod browser;
pub mod ca;
pub mod company;
pub mod company_files;
pub mod database;
pub mod decisions;
pub mod hand;
pub mod npm;
pub mod packages;
pub mod person;
pub mod pgbouncer;
pub mod postgres;
pub mod program;
pub mod proxy;
pub mod python;
pub mod responder;
pub mod samba;
pub mod slapd;
pub mod web;

use std::time::Duration;

use rollcall::connectors::retry::Policy;
use rollcall::connectors::{Connector, Context, Mapping, Progress, Source};
use rollcall::model::attributes::Attributes;
use rollcall::model::names::ConnectorName;
use rollcall::model::people::People;
use tokio_util::sync::CancellationToken;

/// Attributes and a mapping, from pairs of rollcall's name and the source's.
pub fn mapping(pairs: &[(&str, &str)]) -> (Attributes, Mapping) {
    let mut attributes = Attributes::default();
    let columns = pairs.iter().map(|(name, source)| (attributes.add(name), (*source).to_owned())).collect();
    (attributes, Mapping { columns, ..Mapping::default() })
}

/// A connector named `corp`.
pub fn connector(mapping: Mapping, source: Source) -> Connector {
    Connector {
        name: ConnectorName::new("corp"),
        schedule: None,
        prehire_days: 0,
        match_attribute: None,
        mapping,
        source,
    }
}

/// One attempt only.
pub fn once() -> Context {
    patient(1)
}

/// So many attempts.
pub fn patient(attempts: u32) -> Context {
    let retry = Policy { attempts, within: Duration::from_secs(60) };
    Context { cancel: CancellationToken::new(), progress: Progress::default(), retry }
}

/// The external ids, sorted.
pub fn ids(people: &People) -> Vec<String> {
    let mut ids: Vec<String> = people.rows().map(|row| people.id(row).to_owned()).collect();
    ids.sort_unstable();
    ids
}
