//! One query to a domain controller: groups, people and their managers.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::active_directory::DomainControllerPool;
use crate::active_directory::columns::AdColumns;
use crate::ldap::{
    EntryCollector, GroupIndex, GroupSearchResult, IDS_PER_SEARCH, LISTED_COLUMNS, LdapConnector, LdapSearch,
    LdapSession, LdapSettings, ManagerIdSink, ManagerIndex, MappingSink, RecordSink, any_value_filter,
    check_searchable, narrow_filter, read_groups,
};
use crate::mapper::{RecordMapper, RecordValues, find_address};
use crate::proof::{ReferenceMeaning, SearchBaseEnd};
use crate::{ConnectorError, ReadContext};
use rollcall_model::names::fold;
use rollcall_model::people::PeopleTable;

/// A query.
#[derive(Debug, Clone, Copy)]
pub(super) struct AdQuery<'q> {
    /// The LDAP filter.
    pub filter: &'q str,
    /// Keeps only people with this address; the filter can match more if several attributes are mapped to the
    /// address.
    pub address: Option<&'q str>,
    /// `true` if the query is for all people.
    pub whole: bool,
}

/// Connector, settings and context of a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueryContext<'a> {
    pub controller: &'a LdapSettings,
    pub now: DateTime<Utc>,
    pub zone: Tz,
}

/// The result of a query.
#[derive(Debug)]
pub(super) struct AdQueryResult<'a> {
    pub mapper: RecordMapper<'a>,
    pub managers: ManagerIndex,
    /// The search bases.
    pub bases: Vec<String>,
    /// The searches that were read to a proven end.
    pub ended: Vec<SearchBaseEnd>,
}

impl AdQueryResult<'_> {
    /// The people that were found.
    pub(super) fn into_people(self, columns: &AdColumns) -> Result<PeopleTable, ConnectorError> {
        let mut people = self.mapper.into_people()?;
        self.managers.replace_dns(&mut people, &columns.people);
        Ok(people)
    }
}

/// Connects, and searches for groups and people.
pub(super) async fn query_controller<'a>(
    asker: DomainControllerPool<'a>,
    at: QueryContext<'_>,
    columns: &AdColumns,
    question: AdQuery<'_>,
    context: &ReadContext,
) -> Result<AdQueryResult<'a>, ConnectorError> {
    let DomainControllerPool { connector, attributes, .. } = asker;
    let controller = at.controller;
    check_searchable(&connector.name, controller, question.filter)?;
    let mut session =
        LdapConnector::new(&connector.name, controller, &context.limits)?.connect_and_bind().await?;
    let GroupSearchResult { groups, mut bases, mut ended } =
        read_mapped_groups(&mut session, columns).await?;
    let mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let plain = MappingSink { mapper, progress: context.progress.clone() };
    let mut people = build_collector(columns, at, groups, plain);
    people.sink.only = question.address.map(fold);
    people.sink.notes = !question.whole;
    let search = build_search(columns.attributes(), question.filter);
    for base in &controller.base_dns {
        ended.push(people.search(&mut session, &search, base).await?);
        bases.push(base.clone());
    }
    let AdPersonSink { plain, mut managers, .. } = people.sink;
    find_managers(&mut session, columns, controller, &mut managers).await?;
    session.close().await;
    Ok(AdQueryResult { mapper: plain.mapper, managers, bases, ended })
}

/// Builds a search that ignores references to other naming contexts.
pub(super) fn build_search<'a>(attributes: Vec<&'a str>, filter: &'a str) -> LdapSearch<'a> {
    LdapSearch { filter, attributes, references: ReferenceMeaning::OtherDirectories }
}

/// Builds a collector for people.
pub(super) fn build_collector<'a, 'c>(
    columns: &'c AdColumns,
    at: QueryContext<'_>,
    groups: GroupIndex,
    plain: MappingSink<'a>,
) -> EntryCollector<AdPersonSink<'a, 'c>> {
    let (managers, now, zone) = (ManagerIndex::default(), at.now, at.zone);
    let sink = AdPersonSink { columns, groups, managers, plain, now, zone, only: None, notes: false };
    EntryCollector::new(columns.names(), at.controller.base_dns.len(), sink)
}

/// Reads all groups, without their members, if the mapping needs them.
pub(super) async fn read_mapped_groups(
    session: &mut LdapSession<'_>,
    columns: &AdColumns,
) -> Result<GroupSearchResult, ConnectorError> {
    if columns.needs_groups() {
        read_groups(session, LISTED_COLUMNS, ReferenceMeaning::OtherDirectories).await
    } else {
        Ok(GroupSearchResult::default())
    }
}

/// Finds managers who belong to this connector and are not in the result.
pub(super) async fn find_managers(
    session: &mut LdapSession<'_>,
    columns: &AdColumns,
    controller: &LdapSettings,
    managers: &mut ManagerIndex,
) -> Result<(), ConnectorError> {
    for some in managers.list_unknown().chunks(IDS_PER_SEARCH) {
        let filter = narrow_filter(&controller.filter, &any_value_filter("distinguishedName", some));
        let search = build_search(columns.attributes_of_id(), &filter);
        let sink =
            ManagerIdSink { managers: &mut *managers, id_of: |record: &RecordValues| columns.id_of(record) };
        let mut collector = EntryCollector::new(columns.names(), controller.base_dns.len(), sink);
        for base in &controller.base_dns {
            collector.search(session, &search, base).await?;
        }
    }
    Ok(())
}

/// Receives people.
#[derive(Debug)]
pub(super) struct AdPersonSink<'a, 'c> {
    columns: &'c AdColumns,
    groups: GroupIndex,
    pub managers: ManagerIndex,
    pub plain: MappingSink<'a>,
    now: DateTime<Utc>,
    zone: Tz,
    /// The folded address to which the result is restricted.
    only: Option<String>,
    /// `true` if managers are recorded; not needed if all people are read.
    pub notes: bool,
}

impl RecordSink for AdPersonSink<'_, '_> {
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]) {
        let Self { columns, groups, managers, plain, .. } = self;
        columns.derive(record, groups, self.now, self.zone);
        let address = columns.address;
        let has = |only: &String| {
            address.is_some_and(|address| {
                record.values_of(address).any(|one| fold(find_address(one).unwrap_or(one)) == *only)
            })
        };
        if self.only.as_ref().is_some_and(|only| !has(only)) {
            return;
        }
        if !columns.people.is_empty() {
            let named = if self.notes { columns.people.as_slice() } else { &[] };
            managers.add_person(record, dn, columns.id_of(record).as_deref(), named);
        }
        plain.accept_record(record, dn);
    }
}
