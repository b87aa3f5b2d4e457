//! The way to an API, shown step by step.

use std::time::Instant;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::connectors::api::Settings;
use crate::connectors::api::pass::Passes;
use crate::connectors::http::{Auth, Client, shown};
use crate::connectors::{Connector, Context, Error, Step, walk};
use crate::model::attributes::Attributes;

/// Walks towards the server; the first step that fails is the last. Nothing is tried again.
pub(in crate::connectors) async fn check(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let once = Context { retry: crate::connectors::retry::Policy::ONCE, ..context.clone() };
    let walked = context
        .cancel
        .run_until_cancelled(steps_of(connector, settings, attributes, &once, &mut steps))
        .await;
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
    context: &Context,
    steps: &mut Vec<Step>,
) -> Option<()> {
    let url = &settings.http.url;
    if !has_proxy() {
        let addresses = walk::step(steps, "resolve", resolve(connector, settings).await, |addresses| {
            let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            shown.join(", ")
        })?;
        let began = Instant::now();
        walk::step(steps, "connect", connect(connector, settings, &addresses).await, |peer| {
            format!("{peer} in {} ms", began.elapsed().as_millis())
        })?;
    }
    let client = walk::step(steps, "TLS", Client::new(&connector.name, &settings.http).await, |_| {
        let words = if url.scheme() == "https" {
            "HTTPS, the certificate is checked"
        } else {
            "none, as `plaintext` says"
        };
        words.to_owned()
    })?;
    if url.scheme() != "https" {
        walk::warn(steps, "secrets and people cross the network unencrypted".to_owned());
    }
    if let Auth::Token(grant) = &settings.http.auth {
        let from = shown(&grant.url);
        walk::step(steps, "token", client.token().await, |_| format!("from `{from}`"))?;
    }
    let mut passes = Passes::new(connector, settings, attributes, &client, context);
    let mut read = Ok(());
    for pass in &settings.description.passes {
        if read.is_ok() {
            read = passes.first_page(pass).await;
        }
    }
    let people = passes.into_mapper().into_people();
    walk::step(steps, "read", read, |()| format!("{} people on the first page", people.len()))?;
    walk::look(steps, connector, attributes, &people);
    Some(())
}

async fn resolve(connector: &Connector, settings: &Settings) -> Result<Vec<std::net::SocketAddr>, Error> {
    let url = &settings.http.url;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let failed = |cause| Error::Resolve { connector: connector.name.clone(), host: host.clone(), cause };
    let found = lookup_host((host.as_str(), url.port_or_known_default().unwrap_or(443)));
    let found = timeout(settings.http.timeout, found).await;
    let found = found.map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))?.map_err(&failed)?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(failed(std::io::ErrorKind::NotFound.into())) } else { Ok(addresses) }
}

async fn connect(
    connector: &Connector,
    settings: &Settings,
    addresses: &[std::net::SocketAddr],
) -> Result<std::net::SocketAddr, Error> {
    let connected = timeout(settings.http.timeout, TcpStream::connect(addresses)).await;
    let connected = connected.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    connected.and_then(|stream| stream.peer_addr()).map_err(|cause| Error::Connect {
        connector: connector.name.clone(),
        address: settings.http.url.host_str().unwrap_or_default().to_owned(),
        cause,
    })
}

/// Whether the environment sends requests through a proxy: what lies behind it cannot be looked at from here.
fn has_proxy() -> bool {
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}
