//! Reads the groups of a directory.

use crate::ConnectorError;
use crate::ldap::distinguished_name;
use crate::ldap::entry_collector::EntryCollector;
use crate::ldap::group_index::GroupIndex;
use crate::ldap::search::LdapSearch;
use crate::ldap::session::LdapSession;
use crate::ldap::{LdapSettings, once_each};
use crate::proof::{ReferenceMeaning, SearchBaseEnd};

/// Default filter for the groups of kind `ldap` (RFC 4519, RFC 2307).
pub const GROUP_FILTER: &str = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)\
     (objectClass=groupOfMembers)(objectClass=posixGroup))";

/// The groups, and the searches that were read to a proven end.
#[derive(Debug, Default)]
pub(crate) struct GroupSearchResult {
    pub groups: GroupIndex,
    pub bases: Vec<String>,
    pub ended: Vec<SearchBaseEnd>,
}

impl LdapSettings {
    /// The bases below which groups are searched: those of the settings, or the domains of the bases of people.
    fn find_group_bases(&self) -> Vec<String> {
        if !self.group_base_dns.is_empty() {
            return self.group_base_dns.clone();
        }
        let mut domains: Vec<String> = Vec::new();
        for base in &self.base_dns {
            let domain = distinguished_name::domain(base);
            let key = distinguished_name::key(domain);
            if !domains.iter().any(|known| distinguished_name::key(known) == key) {
                domains.push(domain.to_owned());
            }
        }
        domains
    }
}

/// Reads all groups, or fails. `columns` are those of the [`GroupIndex`].
pub(crate) async fn read_groups(
    session: &mut LdapSession<'_>,
    columns: &[&str],
    references: ReferenceMeaning,
) -> Result<GroupSearchResult, ConnectorError> {
    let settings = session.settings;
    let bases = settings.find_group_bases();
    let attributes = once_each(columns.iter().copied());
    let search = LdapSearch { filter: &settings.group_filter, attributes, references };
    let mut collector = EntryCollector::new(columns.iter().copied(), bases.len(), GroupIndex::default());
    let mut ended = Vec::new();
    for base in &bases {
        ended.push(collector.search(session, &search, base).await?);
    }
    Ok(GroupSearchResult { groups: collector.sink, bases, ended })
}
