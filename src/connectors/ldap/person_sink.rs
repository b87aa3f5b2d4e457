//! Receives the people of a directory of kind `ldap`.

use crate::ConnectorError;
use crate::ldap::columns::LdapColumns;
use crate::ldap::distinguished_name::is_below;
use crate::ldap::entry_collector::{EntryCollector, MappingSink, RecordSink};
use crate::ldap::group_index::GroupIndex;
use crate::ldap::manager_index::{ManagerIdSink, ManagerIndex};
use crate::ldap::session::LdapSession;
use crate::mapper::RecordValues;

/// Derives the columns of people, and records their DNs and managers.
#[derive(Debug)]
pub(super) struct LdapPersonSink<'a, 'c> {
    pub columns: &'c LdapColumns,
    pub groups: GroupIndex,
    pub managers: ManagerIndex,
    pub plain: MappingSink<'a>,
    /// `true` if managers are recorded; not needed if all people are read.
    pub notes: bool,
}

impl RecordSink for LdapPersonSink<'_, '_> {
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]) {
        self.columns.derive(record, dn, &mut self.groups);
        if !self.columns.people.is_empty() {
            let managers = if self.notes { self.columns.people.as_slice() } else { &[] };
            self.managers.add_person(record, dn, self.columns.id_of(record), managers);
        }
        self.plain.accept_record(record, dn);
    }
}

/// Finds managers who belong to this connector and are not in the result.
pub(super) async fn find_managers(
    session: &mut LdapSession<'_>,
    columns: &LdapColumns,
    managers: &mut ManagerIndex,
) -> Result<(), ConnectorError> {
    let settings = session.settings;
    let is_ours = |dn: &String| settings.base_dns.iter().any(|base| is_below(dn, base));
    let unknown: Vec<String> = managers.list_unknown().into_iter().filter(is_ours).collect();
    let id_of = |record: &RecordValues| columns.id_of(record).map(str::to_owned);
    let mut collector = EntryCollector::new(columns.names(), 1, ManagerIdSink { managers, id_of });
    for dn in &unknown {
        collector.read_entry(session, &columns.attributes_of_id(), &settings.filter, dn).await?;
    }
    Ok(())
}
