//! LDAP version 3 (RFC 4511).
//!
//! A reading is one bind and one paged search per base, read to a proven end. [`session`] connects and binds,
//! [`search`] reads pages, [`mod@transport`] separates entries from the other messages, [`entry`] parses entries,
//! [`range_retrieval`] requests the remaining values of partial attributes, [`entry_collector`] combines these,
//! [`group_search`] reads groups into a [`group_index`], [`manager_index`] replaces DNs by ids, [`result_code`] describes result codes, [`mod@check`] runs the steps of `rollcall check`.
//!
//! The work is divided as follows: `ldap3` encodes requests and decodes results with their controls; entries are
//! read by [`entry`] alone, on the splitter in [`ber`]. No server response causes a panic, and only result code 0
//! on the last page of every search proves a complete directory.

mod attribute_syntax;
mod ber;
mod check;
mod columns;
mod distinguished_name;
mod endpoint;
mod entry;
mod entry_collector;
pub(crate) mod error;
mod group_index;
mod group_search;
mod manager_index;
mod person_sink;
mod range_retrieval;
pub(crate) mod result_code;
mod search;
mod session;
mod transport;
mod value_range;

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use crate::mapper::{RecordMapper, spell_address};
use crate::proof::{CompletenessProof, ReferenceMeaning, SearchBaseEnd};
use crate::retry::retry;
use crate::{AttributeMapping, Connector, ConnectorError, DirectoryReading, ReadContext};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::{ConnectorName, clean};
use rollcall_model::people::PeopleTable;
use rollcall_model::secret::SecretText;

pub(super) use check::{check, connect_with_steps};
pub(crate) use columns::{is_person, once_each};
pub(super) use entry_collector::{EntryCollector, MappingSink, RecordSink};
pub use error::LdapError;
pub(crate) use group_index::{GroupIndex, GroupProjection, LISTED_COLUMNS, PersonMemberships};
pub use group_search::GROUP_FILTER;
pub(crate) use group_search::{GroupSearchResult, read_groups};
pub(crate) use manager_index::{ManagerIdSink, ManagerIndex};
pub use result_code::LdapErrorResult;
pub(super) use search::LdapSearch;
pub(super) use session::{LdapConnector, LdapSession};

use attribute_syntax::equality_filter;
use columns::LdapColumns;
use group_index::MEMBER_COLUMNS;
use person_sink::{LdapPersonSink, find_managers};

/// The settings of a connector of kind `ldap`.
#[derive(Debug, Clone)]
pub struct LdapSettings {
    /// `ldap://host:port` or `ldaps://host:port`.
    pub url: String,
    /// Use `StartTLS` (RFC 4511 4.14) on an `ldap://` connection.
    pub starttls: bool,
    /// Allow a connection without encryption.
    pub plaintext: bool,
    /// A PEM file with a private CA that replaces the system's CAs.
    pub ca_file: Option<PathBuf>,
    /// The account and its password; an anonymous bind if `None`.
    pub bind: Option<(String, SecretText)>,
    /// The search bases.
    pub base_dns: Vec<String>,
    /// The filter for people.
    pub filter: String,
    /// The search bases of groups; the domains of the bases of people if there are none.
    pub group_base_dns: Vec<String>,
    /// The filter for groups.
    pub group_filter: String,
    /// Entries per page.
    pub page_size: u32,
    /// Maximum wait for the next message of the server.
    pub timeout: Duration,
}

/// Reads all people below every search base.
pub(super) async fn read(
    connector: &Connector,
    settings: &LdapSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    let (connector, settings) = (connector.clone(), settings.clone());
    let (attributes, context) = (attributes.clone(), context.clone());
    run_in_task(async move { read_with_retry(&connector, &settings, &attributes, &context).await }).await
}

/// Runs a reading in a task, so that the thread that waits for the network also processes the data.
pub(super) async fn run_in_task<T: Send + 'static>(reading: impl Future<Output = T> + Send + 'static) -> T {
    match AbortOnDropHandle::new(tokio::spawn(reading)).await {
        Ok(read) => read,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}

async fn read_with_retry(
    connector: &Connector,
    settings: &LdapSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    retry(&connector.name, context, || async {
        let columns = LdapColumns::new(&connector.mapping);
        let question = LdapQuery { filter: &settings.filter, whole: true };
        let LdapQueryResult { mapper, managers, bases, ended } =
            read_bases(connector, settings, &columns, question, attributes, context).await?;
        let proof = CompletenessProof::ldap(&bases, ended)
            .ok_or_else(|| ConnectorError::unproven(&connector.name))?;
        let (mut people, problems) = mapper.finish()?;
        managers.replace_dns(&mut people, &columns.people);
        context.progress.set(people.len() as u64);
        Ok(DirectoryReading::complete(people, problems, proof))
    })
    .await
}

/// Finds the people with an e-mail address; empty if no attribute is mapped to it.
pub(super) async fn find(
    connector: &Connector,
    settings: &LdapSettings,
    email: &str,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleTable, ConnectorError> {
    let Some(filter) = address_filter(&connector.mapping, &settings.filter, email) else {
        return Ok(PeopleTable::new(attributes));
    };
    query_people(connector, settings, &filter, attributes, context).await
}

/// A query for people.
#[derive(Debug, Clone, Copy)]
struct LdapQuery<'q> {
    filter: &'q str,
    /// `true` if the query is for all people.
    whole: bool,
}

/// The result of a query.
struct LdapQueryResult<'a> {
    mapper: RecordMapper<'a>,
    managers: ManagerIndex,
    /// The search bases.
    bases: Vec<String>,
    /// The searches that were read to a proven end.
    ended: Vec<SearchBaseEnd>,
}

/// Finds the people who match a filter.
async fn query_people(
    connector: &Connector,
    settings: &LdapSettings,
    filter: &str,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleTable, ConnectorError> {
    let columns = LdapColumns::new(&connector.mapping);
    let question = LdapQuery { filter, whole: false };
    retry(&connector.name, context, || async {
        let found = read_bases(connector, settings, &columns, question, attributes, context).await?;
        let mut people = found.mapper.into_people()?;
        found.managers.replace_dns(&mut people, &columns.people);
        Ok(people)
    })
    .await
}

/// One attempt: connects, reads the groups if they are mapped, and searches each base.
async fn read_bases<'a>(
    connector: &'a Connector,
    settings: &LdapSettings,
    columns: &LdapColumns,
    question: LdapQuery<'_>,
    attributes: &'a AttributeSet,
    context: &ReadContext,
) -> Result<LdapQueryResult<'a>, ConnectorError> {
    context.progress.set(0);
    check_searchable(&connector.name, settings, question.filter)?;
    let mut session =
        LdapConnector::new(&connector.name, settings, &context.limits)?.connect_and_bind().await?;
    let GroupSearchResult { groups, mut bases, mut ended } =
        read_mapped_groups(&mut session, columns).await?;
    let mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let plain = MappingSink { mapper, progress: context.progress.clone() };
    let mut collector = build_collector(settings, columns, groups, plain);
    collector.sink.notes = !question.whole;
    let search = build_search(columns, question.filter);
    for base in &settings.base_dns {
        ended.push(collector.search(&mut session, &search, base).await?);
        bases.push(base.clone());
    }
    let LdapPersonSink { plain, mut managers, .. } = collector.sink;
    find_managers(&mut session, columns, &mut managers).await?;
    session.close().await;
    Ok(LdapQueryResult { mapper: plain.mapper, managers, bases, ended })
}

/// Reads all groups if the mapping needs them.
async fn read_mapped_groups(
    session: &mut LdapSession<'_>,
    columns: &LdapColumns,
) -> Result<GroupSearchResult, ConnectorError> {
    if columns.needs_groups() {
        read_groups(session, MEMBER_COLUMNS, ReferenceMeaning::MissingParts).await
    } else {
        Ok(GroupSearchResult::default())
    }
}

/// Builds a collector for the searches of the settings.
fn build_collector<'a, 'c>(
    settings: &LdapSettings,
    columns: &'c LdapColumns,
    groups: GroupIndex,
    plain: MappingSink<'a>,
) -> EntryCollector<LdapPersonSink<'a, 'c>> {
    let managers = ManagerIndex::default();
    let sink = LdapPersonSink { columns, groups, managers, plain, notes: false };
    EntryCollector::new(columns.names(), settings.base_dns.len(), sink)
}

/// Builds the search for people.
fn build_search<'a>(columns: &'a LdapColumns, filter: &'a str) -> LdapSearch<'a> {
    LdapSearch { filter, attributes: columns.attributes(), references: ReferenceMeaning::MissingParts }
}

/// Checks that there is a search base and that the filters are valid.
pub(super) fn check_searchable(
    connector: &ConnectorName,
    settings: &LdapSettings,
    filter: &str,
) -> Result<(), ConnectorError> {
    let wrong = |setting, fault| Err(ConnectorError::invalid_setting(connector, setting, fault));
    if settings.base_dns.is_empty() {
        return wrong("base_dn", "is missing");
    }
    if !is_filter(filter) {
        return wrong("filter", "is not a valid LDAP filter (RFC 4515)");
    }
    if !is_filter(&settings.group_filter) {
        return wrong("group_filter", "is not a valid LDAP filter (RFC 4515)");
    }
    Ok(())
}

/// Ids per search: a filter of about 6 kB, far below the limits of servers.
pub(super) const IDS_PER_SEARCH: usize = 100;

/// Finds people by id.
pub(super) async fn look_up(
    connector: &Connector,
    settings: &LdapSettings,
    ids: &[String],
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<Vec<PeopleTable>, ConnectorError> {
    let source = connector.mapping.columns.iter().find(|(attribute, _)| *attribute == Attribute::ID);
    let Some((_, source)) = source else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for some in ids.chunks(IDS_PER_SEARCH) {
        let filter = narrow_filter(&settings.filter, &any_value_filter(source, some));
        found.push(query_people(connector, settings, &filter, attributes, context).await?);
    }
    Ok(found)
}

/// A filter that matches any of several values of an attribute.
pub(super) fn any_value_filter(attribute: &str, texts: &[impl AsRef<str>]) -> String {
    let any: String = texts.iter().map(|text| equality_filter(attribute, text.as_ref())).collect();
    format!("(|{any})")
}

/// Combines the filter of the settings with another condition.
pub(super) fn narrow_filter(filter: &str, more: &str) -> String {
    let filter = filter.trim();
    let (open, close) = if filter.starts_with('(') { ("", "") } else { ("(", ")") };
    format!("(&{open}{filter}{close}{more})")
}

/// The filter of the settings combined with a condition for one address.
fn address_filter(mapping: &AttributeMapping, filter: &str, email: &str) -> Option<String> {
    let (_, source) = mapping.columns.iter().find(|(attribute, _)| *attribute == Attribute::EMAIL)?;
    Some(narrow_filter(filter, &any_value_filter(source, &spell_address(&clean(email)))))
}

/// Returns whether a text is a search filter according to RFC 4515.
#[must_use]
pub fn is_filter(text: &str) -> bool {
    ldap3::parse_filter(text).is_ok()
}

#[cfg(fuzzing)]
pub(super) fn fuzz(
    bytes: &[u8],
    mapping: &AttributeMapping,
    mut take: impl FnMut(&crate::mapper::RecordValues),
) {
    let columns = mapping.columns.iter().map(|(_, name)| name.as_str());
    let mut record = crate::mapper::RecordValues::default();
    if entry::EntryParser::new(columns).read(bytes, &mut record).is_ok() {
        take(&record);
    }
    let _ = entry::dn(bytes);
}

/// Treats arbitrary bytes as everything that a server sends on a connection: splits them into messages, and decodes each
/// as the connector does, by [`entry`] or by the decoder of `ldap3`.
#[cfg(fuzzing)]
pub(super) fn fuzz_connection(
    mut bytes: &[u8],
    mapping: &AttributeMapping,
    mut take: impl FnMut(&crate::mapper::RecordValues),
) {
    while let Ok(Some((length, message))) = transport::split_message(bytes) {
        let (whole, rest) = bytes.split_at(length);
        let contents = &whole[message.contents];
        if message.operation == entry::ENTRY {
            fuzz(contents, mapping, &mut take);
        } else {
            let _ = ldap3::asn1::parse_tag(whole);
            let _ = entry::cookie(contents);
        }
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_escaped_in_the_filter() {
        let columns = vec![(Attribute::EMAIL, "mail".to_owned())];
        let mapping = AttributeMapping { columns, ..AttributeMapping::default() };
        let narrowed = |filter, email| address_filter(&mapping, filter, email);
        assert_eq!(
            narrowed("(uid=*)", "a@b"),
            Some("(&(uid=*)(|(mail=a@b)(mail=smtp:a@b)(mail=mailto:a@b)))".to_owned())
        );
        let escaped = "\\2a\\29\\28x=\\5c@b";
        let any = format!("(|(mail={escaped})(mail=smtp:{escaped})(mail=mailto:{escaped}))");
        assert_eq!(narrowed("uid=*", "*)(x=\\@b"), Some(format!("(&(uid=*){any})")));
        assert_eq!(address_filter(&AttributeMapping::default(), "(uid=*)", "a@b"), None);
    }
}
