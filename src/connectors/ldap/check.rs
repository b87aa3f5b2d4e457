//! The way to a directory, shown step by step.

use std::time::Instant;

use crate::connectors::ldap::session::{Session, Way};
use crate::connectors::ldap::{Settings, can_search, gathering, searching};
use crate::connectors::mapper::Mapper;
use crate::connectors::{Connector, Context, Error, Step, walk};
use crate::model::attributes::Attributes;
use crate::model::people::People;
use crate::model::progress::Progress;

/// Walks towards the directory; the first step that fails is the last. Nothing is tried again.
pub(in crate::connectors) async fn check(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let walked =
        context.cancel.run_until_cancelled(steps_of(connector, settings, attributes, &mut steps)).await;
    if walked.is_none() {
        steps.push(walk::cancelled(connector));
    }
    steps
}

/// Takes the steps; `None` when one failed.
async fn steps_of(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    steps: &mut Vec<Step>,
) -> Option<()> {
    let mut session = arrive(connector, settings, steps).await?;
    let read = first_page(connector, settings, attributes, &mut session).await;
    session.close().await;
    let people =
        walk::step(steps, "read", read, |people| format!("{} people on the first page", people.len()))?;
    walk::look(steps, connector, attributes, &people);
    Some(())
}

/// Takes the steps up to the bind; `None` when one failed.
pub(in crate::connectors) async fn arrive<'a>(
    connector: &'a Connector,
    settings: &'a Settings,
    steps: &mut Vec<Step>,
) -> Option<Session<'a>> {
    let way = match prepared(connector, settings) {
        Ok(way) => way,
        Err(error) => return walk::step(steps, "settings", Err(error), |_: &Session<'_>| String::new()),
    };
    let addresses = walk::step(steps, "resolve", way.resolve().await, |addresses| {
        let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
        shown.join(", ")
    })?;
    let began = Instant::now();
    let stream = walk::step(steps, "connect", way.connect(&addresses).await, |stream| {
        let peer = stream.peer_addr().map_or_else(|_| way.endpoint.address(), |peer| peer.to_string());
        format!("{peer} in {} ms", began.elapsed().as_millis())
    })?;
    let encrypted = way.is_encrypted();
    let words = match (way.endpoint.tls, settings.starttls) {
        (true, _) => "TLS, the certificate is good",
        (false, true) => "StartTLS, the certificate is good",
        (false, false) => "none, as `plaintext` says",
    };
    let mut session = walk::step(steps, "TLS", way.secure(stream).await, |_| words.to_owned())?;
    if !encrypted {
        walk::warn(steps, "the password and the people cross the network unencrypted".to_owned());
    }
    let account = settings.bind.as_ref().map_or("anonymous", |(account, _)| account.as_str());
    walk::step(steps, "bind", session.bind().await, |()| format!("as {account}"))?;
    Some(session)
}

/// The way, when the settings lead somewhere.
fn prepared<'a>(connector: &'a Connector, settings: &'a Settings) -> Result<Way<'a>, Error> {
    can_search(&connector.name, settings, &settings.filter)?;
    Way::new(&connector.name, settings)
}

/// Whoever stands on the first page of each base.
async fn first_page(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    session: &mut Session<'_>,
) -> Result<People, Error> {
    let search = searching(connector, settings, &settings.filter)?;
    let mapper = Mapper::new(&connector.name, &connector.mapping, attributes);
    let mut gathering = gathering(connector, settings, mapper, Progress::default());
    for base in &settings.base_dns {
        gathering.first_page(session, &search, base).await?;
    }
    Ok(gathering.sink.mapper.into_people())
}
