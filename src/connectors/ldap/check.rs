//! The way to a directory, shown step by step.

use std::time::Instant;

use crate::ldap::session::{LdapConnector, LdapSession};
use crate::ldap::{LdapSettings, build_collector, build_search, check_searchable};
use crate::mapper::RecordMapper;
use crate::{CheckStep, Connector, ConnectorError, ReadContext, diagnostics};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::PeopleTable;
use rollcall_model::progress::ReadProgress;

/// Walks towards the directory; the first step that fails is the last. Nothing is tried again.
pub(crate) async fn check(
    connector: &Connector,
    settings: &LdapSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    let walked =
        context.cancel.run_until_cancelled(steps_of(connector, settings, attributes, &mut steps)).await;
    if walked.is_none() {
        steps.push(diagnostics::cancelled_step(connector));
    }
    steps
}

/// Takes the steps; `None` when one failed.
async fn steps_of(
    connector: &Connector,
    settings: &LdapSettings,
    attributes: &AttributeSet,
    steps: &mut Vec<CheckStep>,
) -> Option<()> {
    let mut session = connect_with_steps(connector, settings, steps).await?;
    let read = first_page(connector, settings, attributes, &mut session).await;
    session.close().await;
    let people = diagnostics::record_step(steps, "read", read, |people| {
        format!("{} people on the first page", people.len())
    })?;
    diagnostics::add_people_step(steps, connector, attributes, &people);
    Some(())
}

/// Takes the steps up to the bind; `None` when one failed.
pub(crate) async fn connect_with_steps<'a>(
    connector: &'a Connector,
    settings: &'a LdapSettings,
    steps: &mut Vec<CheckStep>,
) -> Option<LdapSession<'a>> {
    let way = match prepare_connector(connector, settings) {
        Ok(way) => way,
        Err(error) => {
            return diagnostics::record_step(steps, "settings", Err(error), |_: &LdapSession<'_>| {
                String::new()
            });
        }
    };
    let addresses = diagnostics::record_step(steps, "resolve", way.resolve().await, |addresses| {
        let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
        shown.join(", ")
    })?;
    let began = Instant::now();
    let stream = diagnostics::record_step(steps, "connect", way.connect(&addresses).await, |stream| {
        let peer = stream.peer_addr().map_or_else(|_| way.endpoint.address(), |peer| peer.to_string());
        format!("{peer} in {} ms", began.elapsed().as_millis())
    })?;
    let encrypted = way.is_encrypted();
    let words = match (way.endpoint.tls, settings.starttls) {
        (true, _) => "TLS, the certificate is good",
        (false, true) => "StartTLS, the certificate is good",
        (false, false) => "none, as `plaintext` says",
    };
    let mut session = diagnostics::record_step(steps, "TLS", way.secure(stream).await, |_| words.to_owned())?;
    if !encrypted {
        diagnostics::add_warning(
            steps,
            "the password and the people cross the network unencrypted".to_owned(),
        );
    }
    let account = settings.bind.as_ref().map_or("anonymous", |(account, _)| account.as_str());
    diagnostics::record_step(steps, "bind", session.bind().await, |()| format!("as {account}"))?;
    Some(session)
}

/// The way, when the settings lead somewhere.
fn prepare_connector<'a>(
    connector: &'a Connector,
    settings: &'a LdapSettings,
) -> Result<LdapConnector<'a>, ConnectorError> {
    check_searchable(&connector.name, settings, &settings.filter)?;
    LdapConnector::new(&connector.name, settings)
}

/// Whoever stands on the first page of each base.
async fn first_page(
    connector: &Connector,
    settings: &LdapSettings,
    attributes: &AttributeSet,
    session: &mut LdapSession<'_>,
) -> Result<PeopleTable, ConnectorError> {
    let search = build_search(connector, settings, &settings.filter)?;
    let mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let mut gathering = build_collector(connector, settings, mapper, ReadProgress::default());
    for base in &settings.base_dns {
        gathering.first_page(session, &search, base).await?;
    }
    Ok(gathering.sink.mapper.into_people())
}
