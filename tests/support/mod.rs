//! What the tests stand on: servers of their own, lines that can be cut, and connectors to try them with.
//!
//! Every server is started by the test that needs it, on a free port of 127.0.0.1, and ends with it. A Debian package that
//! is missing is installed, programs from the Python Package Index at pinned versions; nothing is skipped.

pub(crate) mod browser;
pub(crate) mod certificate_authority;
pub(crate) mod company;
pub(crate) mod company_files;
pub(crate) mod database;
pub(crate) mod decisions;
pub(crate) mod fault_proxy;
pub(crate) mod ldap_person;
pub(crate) mod manual_changes;
pub(crate) mod named_code;
pub(crate) mod npm;
pub(crate) mod oidc_provider;
pub(crate) mod packages;
pub(crate) mod pgbouncer;
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod python;
pub(crate) mod recorder;
pub(crate) mod samba;
pub(crate) mod scripted_ldap_server;
pub(crate) mod slapd;
pub(crate) mod staffed_company;
pub(crate) mod tls_front;
pub(crate) mod truncated_csv;
pub(crate) mod vendors;
pub(crate) mod web;

use std::time::Duration;

use rollcall_connectors::retry::RetryPolicy;
use rollcall_connectors::{AttributeMapping, Connector, ReadContext, ReadProgress, SourceSettings};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::names::ConnectorName;
use rollcall_model::people::PeopleTable;
use rollcall_model::resource_limits::ResourceLimits;
use tokio_util::sync::CancellationToken;

/// Attributes and a mapping, from pairs of rollcall's name and the source's.
pub(crate) fn mapping(pairs: &[(&str, &str)]) -> (AttributeSet, AttributeMapping) {
    let mut attributes = AttributeSet::default();
    let columns = pairs.iter().map(|(name, source)| (attributes.add(name), (*source).to_owned())).collect();
    (attributes, AttributeMapping { columns, ..AttributeMapping::default() })
}

/// A connector named `corp`.
pub(crate) fn connector(mapping: AttributeMapping, source: SourceSettings) -> Connector {
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
pub(crate) fn single_attempt() -> ReadContext {
    with_attempts(1)
}

/// So many attempts.
pub(crate) fn with_attempts(attempts: u32) -> ReadContext {
    let retry = RetryPolicy { attempts, within: Duration::from_mins(1) };
    let (cancel, progress) = (CancellationToken::new(), ReadProgress::default());
    ReadContext { cancel, progress, retry, limits: ResourceLimits::default(), last_file: None }
}

/// The external ids, sorted.
pub(crate) fn external_ids(people: &PeopleTable) -> Vec<String> {
    let mut ids: Vec<String> = people.rows().map(|row| people.id(row).to_owned()).collect();
    ids.sort_unstable();
    ids
}
