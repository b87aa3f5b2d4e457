//! What the tests stand on: servers of their own, lines that can be cut, and connectors to try them with.
//!
//! Every server is started by the test that needs it, on a free port of 127.0.0.1, and ends with it. A Debian package that
//! is missing is installed, programs from the Python Package Index at pinned versions; nothing is skipped.

pub mod browser;
pub mod certificate_authority;
pub mod company;
pub mod company_files;
pub mod database;
pub mod decisions;
pub mod fault_proxy;
pub mod ldap_person;
pub mod manual_changes;
pub mod npm;
pub mod packages;
pub mod pgbouncer;
pub mod postgres;
pub mod program;
pub mod python;
pub mod samba;
pub mod scripted_ldap_server;
pub mod slapd;
pub mod vendors;
pub mod web;

use std::time::Duration;

use rollcall::connectors::retry::RetryPolicy;
use rollcall::connectors::{AttributeMapping, Connector, ReadContext, ReadProgress, SourceSettings};
use rollcall::model::attributes::AttributeSet;
use rollcall::model::names::ConnectorName;
use rollcall::model::people::PeopleTable;
use tokio_util::sync::CancellationToken;

/// Attributes and a mapping, from pairs of rollcall's name and the source's.
pub fn mapping(pairs: &[(&str, &str)]) -> (AttributeSet, AttributeMapping) {
    let mut attributes = AttributeSet::default();
    let columns = pairs.iter().map(|(name, source)| (attributes.add(name), (*source).to_owned())).collect();
    (attributes, AttributeMapping { columns, ..AttributeMapping::default() })
}

/// A connector named `corp`.
pub fn connector(mapping: AttributeMapping, source: SourceSettings) -> Connector {
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
pub fn single_attempt() -> ReadContext {
    with_attempts(1)
}

/// So many attempts.
pub fn with_attempts(attempts: u32) -> ReadContext {
    let retry = RetryPolicy { attempts, within: Duration::from_secs(60) };
    ReadContext { cancel: CancellationToken::new(), progress: ReadProgress::default(), retry }
}

/// The external ids, sorted.
pub fn external_ids(people: &PeopleTable) -> Vec<String> {
    let mut ids: Vec<String> = people.rows().map(|row| people.id(row).to_owned()).collect();
    ids.sort_unstable();
    ids
}
