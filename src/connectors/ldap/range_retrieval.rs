//! Requests the remaining values of attributes that a server returned in part.

use crate::ldap::LdapError;
use crate::ldap::entry::{EntryError, EntryParser};
use crate::ldap::search::ANYTHING;
use crate::ldap::session::LdapSession;
use crate::ldap::value_range::{RangeStep, ValuePart};
use crate::mapper::RecordValues;
use crate::{ConnectorAttempt, ConnectorError, ExceededLimit};
use rollcall_model::resource_limits::ResourceLimit;

/// Adds the missing values to a record that has these parts.
pub(super) async fn fetch_missing_values(
    session: &mut LdapSession<'_>,
    entries: &mut EntryParser,
    dn: &str,
    parts: &[ValuePart],
    record: &mut RecordValues,
) -> Result<(), ConnectorError> {
    for part in parts {
        let (connector, attribute) = (session.connector, &part.attribute);
        let attempt = ConnectorAttempt::ReadValues { attribute: attribute.clone() };
        let missing =
            |first| ConnectorError::new(connector, attempt.clone(), LdapError::MissingValues { first });
        let mut step = part.next_step(0).ok_or_else(|| missing(0))?;
        let mut requests = 0;
        while let RangeStep::Ask(first) = step {
            requests += 1;
            // The record counts the values that have text; the server may send any number of others.
            session.check_limit(ResourceLimit::AttributeValues, first, &attempt)?;
            session.check_limit(ResourceLimit::ReadingPages, requests, &attempt)?;
            let range_name = format!("{attribute};range={first}-*");
            let mut received = None;
            let each = |entry: &[u8]| {
                entries.read_more(entry, record)?;
                received = entries.parts().iter().find(|other| other.attribute == *attribute).cloned();
                ExceededLimit::check_size(ResourceLimit::RecordBytes, record.text().len())
                    .map_err(|limit| EntryError::Exceeded(limit.of(|| format!("the entry `{dn}`"))))
            };
            session.read_entry(dn, (ANYTHING, &[&range_name]), &attempt, each).await?;
            step = received.and_then(|part| part.next_step(first)).ok_or_else(|| missing(first))?;
        }
    }
    Ok(())
}
