//! Steps of `rollcall check` for LDAP.

use std::time::Instant;

use crate::ldap::columns::LdapColumns;
use crate::ldap::person_sink::find_managers;
use crate::ldap::session::{LdapConnector, LdapSession};
use crate::ldap::{
    LdapSettings, MappingSink, build_collector, build_search, check_searchable, read_mapped_groups,
};
use crate::mapper::{PeopleSample, RecordMapper};
use crate::{CheckStep, Connector, ConnectorError, ReadContext, diagnostics};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::progress::ReadProgress;
use rollcall_model::resource_limits::ResourceLimits;

/// Checks the directory. Stops at the first step that fails. Does not retry.
pub(crate) async fn check(
    connector: &Connector,
    settings: &LdapSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    let finished = context
        .cancel
        .run_until_cancelled(steps_of(connector, settings, attributes, context, &mut steps))
        .await;
    if finished.is_none() {
        steps.push(diagnostics::cancelled_step(connector));
    }
    steps
}

/// Runs the steps; `None` if one failed.
async fn steps_of(
    connector: &Connector,
    settings: &LdapSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
    steps: &mut Vec<CheckStep>,
) -> Option<()> {
    let mut session = connect_with_steps(connector, settings, &context.limits, steps).await?;
    let read = first_page(connector, settings, attributes, &mut session).await;
    session.close().await;
    let sample = diagnostics::record_step(steps, "read", read, |sample| {
        format!("{} people on the first page", sample.people.len())
    })?;
    diagnostics::add_sample_step(steps, connector, attributes, &sample);
    Some(())
}

/// Runs the steps up to the bind; `None` if one failed.
pub(crate) async fn connect_with_steps<'a>(
    connector: &'a Connector,
    settings: &'a LdapSettings,
    limits: &'a ResourceLimits,
    steps: &mut Vec<CheckStep>,
) -> Option<LdapSession<'a>> {
    let ldap_connector = match prepare_connector(connector, settings, limits) {
        Ok(ldap_connector) => ldap_connector,
        Err(error) => {
            return diagnostics::record_step(steps, "settings", Err(error), |_: &LdapSession<'_>| {
                String::new()
            });
        }
    };
    let addresses =
        diagnostics::record_step(steps, "resolve", ldap_connector.resolve().await, |addresses| {
            let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            shown.join(", ")
        })?;
    let began = Instant::now();
    let stream =
        diagnostics::record_step(steps, "connect", ldap_connector.connect(&addresses).await, |stream| {
            let peer = stream
                .peer_addr()
                .map_or_else(|_| ldap_connector.endpoint.address(), |peer| peer.to_string());
            format!("{peer} in {} ms", began.elapsed().as_millis())
        })?;
    let encrypted = ldap_connector.is_encrypted();
    let description = match (ldap_connector.endpoint.tls, settings.starttls) {
        (true, _) => "TLS, the certificate is valid",
        (false, true) => "StartTLS, the certificate is valid",
        (false, false) => "none (`plaintext = true`)",
    };
    let mut session = diagnostics::record_step(steps, "TLS", ldap_connector.secure(stream).await, |_| {
        description.to_owned()
    })?;
    if !encrypted {
        diagnostics::add_warning(steps, "the password and the records are sent unencrypted".to_owned());
    }
    let account = settings.bind.as_ref().map_or("anonymous", |(account, _)| account.as_str());
    diagnostics::record_step(steps, "bind", session.bind().await, |()| format!("as {account}"))?;
    Some(session)
}

/// Validates the settings.
fn prepare_connector<'a>(
    connector: &'a Connector,
    settings: &'a LdapSettings,
    limits: &'a ResourceLimits,
) -> Result<LdapConnector<'a>, ConnectorError> {
    check_searchable(&connector.name, settings, &settings.filter)?;
    LdapConnector::new(&connector.name, settings, limits)
}

/// Reads the first page of each search base.
async fn first_page(
    connector: &Connector,
    settings: &LdapSettings,
    attributes: &AttributeSet,
    session: &mut LdapSession<'_>,
) -> Result<PeopleSample, ConnectorError> {
    let columns = LdapColumns::new(&connector.mapping);
    let groups = read_mapped_groups(session, &columns).await?.groups;
    let mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let plain = MappingSink { mapper, progress: ReadProgress::default() };
    let mut collector = build_collector(settings, &columns, groups, plain);
    collector.sink.notes = true;
    let search = build_search(&columns, &settings.filter);
    let mut is_whole = true;
    for base in &settings.base_dns {
        is_whole &= collector.first_page(session, &search, base).await?.is_last();
    }
    let mut managers = std::mem::take(&mut collector.sink.managers);
    find_managers(session, &columns, &mut managers).await?;
    let mut sample = collector.sink.plain.mapper.into_sample(is_whole)?;
    managers.replace_dns(&mut sample.people, &columns.people);
    Ok(sample)
}
