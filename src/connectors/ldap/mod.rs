//! LDAP version 3 (RFC 4511).
//!
//! A reading is one bind and one paged search per base, read to a proven end. [`session`] connects and binds,
//! [`search`] reads pages, [`mod@transport`] separates entries from the other messages, [`entry`] parses entries,
//! [`range_retrieval`] requests the remaining values of partial attributes, [`entry_collector`] combines these,
//! [`result_code`] describes result codes, [`mod@check`] runs the steps of `rollcall check`.
//!
//! The work is divided as follows: `ldap3` encodes requests and decodes results with their controls; entries are
//! read by [`entry`] alone, on the splitter in [`ber`]. No server response causes a panic, and only result code 0
//! on the last page of every search proves a complete directory.

mod attribute_syntax;
mod ber;
mod check;
mod endpoint;
mod entry;
mod entry_collector;
pub(crate) mod error;
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
use crate::{AttributeMapping, Connector, ConnectorError, DirectoryReading, ReadContext, ReadProgress};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::names::{ConnectorName, clean};
use rollcall_model::people::PeopleTable;
use rollcall_model::secret::SecretText;

pub(super) use check::{check, connect_with_steps};
pub(super) use entry_collector::{EntryCollector, MappingSink, RecordSink};
pub use error::LdapError;
pub use result_code::LdapErrorResult;
pub(super) use search::LdapSearch;
pub(super) use session::{LdapConnector, LdapSession};

use attribute_syntax::equality_filter;

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
        let (mapper, ended) = read_bases(connector, settings, &settings.filter, attributes, context).await?;
        let proof = CompletenessProof::ldap(&settings.base_dns, ended)
            .ok_or_else(|| ConnectorError::unproven(&connector.name))?;
        let (people, problems) = mapper.finish()?;
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
    retry(&connector.name, context, || async {
        let (mapper, _) = read_bases(connector, settings, &filter, attributes, context).await?;
        mapper.into_people()
    })
    .await
}

/// One attempt: connects and searches each base.
async fn read_bases<'a>(
    connector: &'a Connector,
    settings: &LdapSettings,
    filter: &str,
    attributes: &'a AttributeSet,
    context: &ReadContext,
) -> Result<(RecordMapper<'a>, Vec<SearchBaseEnd>), ConnectorError> {
    context.progress.set(0);
    let search = build_search(connector, settings, filter)?;
    let mut session =
        LdapConnector::new(&connector.name, settings, &context.limits)?.connect_and_bind().await?;
    let mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let mut collector = build_collector(connector, settings, mapper, context.progress.clone());
    let mut ended = Vec::new();
    for base in &settings.base_dns {
        ended.push(collector.search(&mut session, &search, base).await?);
    }
    session.close().await;
    Ok((collector.sink.mapper, ended))
}

/// Builds a collector for the searches of the settings.
fn build_collector<'a>(
    connector: &Connector,
    settings: &LdapSettings,
    mapper: RecordMapper<'a>,
    progress: ReadProgress,
) -> EntryCollector<MappingSink<'a>> {
    let columns = connector.mapping.columns.iter().map(|(_, name)| name.as_str());
    EntryCollector::new(columns, settings.base_dns.len(), MappingSink { mapper, progress })
}

/// Builds the search, or fails if the settings are invalid.
fn build_search<'a>(
    connector: &'a Connector,
    settings: &LdapSettings,
    filter: &'a str,
) -> Result<LdapSearch<'a>, ConnectorError> {
    check_searchable(&connector.name, settings, filter)?;
    let mut attributes: Vec<&str> = connector.mapping.columns.iter().map(|(_, name)| name.as_str()).collect();
    attributes.sort_unstable();
    attributes.dedup();
    Ok(LdapSearch { filter, attributes, references: ReferenceMeaning::MissingParts })
}

/// Checks that there is a search base and a valid filter.
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
        let people = retry(&connector.name, context, || async {
            let (mapper, _) = read_bases(connector, settings, &filter, attributes, context).await?;
            mapper.into_people()
        });
        found.push(people.await?);
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
