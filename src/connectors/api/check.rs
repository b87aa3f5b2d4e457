//! Steps of `rollcall check` for an API.

use std::time::Instant;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::api::ApiSettings;
use crate::api::list_reader::ListReader;
use crate::http::{HttpAuth, HttpClient, redact_url};
use crate::{CheckStep, Connector, ConnectorAttempt, ConnectorError, NetworkError, ReadContext, diagnostics};
use rollcall_model::attributes::AttributeSet;

/// Checks the server. Stops at the first step that fails. Does not retry.
pub(crate) async fn check(
    connector: &Connector,
    settings: &ApiSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    let once = ReadContext { retry: crate::retry::RetryPolicy::SINGLE_ATTEMPT, ..context.clone() };
    let finished = context
        .cancel
        .run_until_cancelled(steps_of(connector, settings, attributes, &once, &mut steps))
        .await;
    if finished.is_none() {
        steps.push(diagnostics::cancelled_step(connector));
    }
    steps
}

/// Runs the steps; `None` if one failed.
async fn steps_of(
    connector: &Connector,
    settings: &ApiSettings,
    attributes: &AttributeSet,
    context: &ReadContext,
    steps: &mut Vec<CheckStep>,
) -> Option<()> {
    let url = &settings.http.url;
    if !has_proxy() {
        let addresses =
            diagnostics::record_step(steps, "resolve", resolve(connector, settings).await, |addresses| {
                let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
                shown.join(", ")
            })?;
        let began = Instant::now();
        diagnostics::record_step(steps, "connect", connect(connector, settings, &addresses).await, |peer| {
            format!("{peer} in {} ms", began.elapsed().as_millis())
        })?;
    }
    let client = diagnostics::record_step(
        steps,
        "TLS",
        HttpClient::new(&connector.name, &settings.http, &context.limits).await,
        |_| {
            let words = if url.scheme() == "https" {
                "HTTPS, the certificate is checked"
            } else {
                "none (`plaintext = true`)"
            };
            words.to_owned()
        },
    )?;
    if url.scheme() != "https" {
        diagnostics::add_warning(steps, "secrets and records are sent unencrypted".to_owned());
    }
    if let HttpAuth::Token(grant) = &settings.http.auth {
        let from = redact_url(&grant.url);
        diagnostics::record_step(steps, "token", client.token().await, |_| format!("from `{from}`"))?;
    }
    let mut passes = ListReader::new(connector, settings, attributes, &client, context);
    let mut read = Ok(());
    for pass in &settings.description.lists {
        if read.is_ok() {
            read = passes.first_page(pass).await;
        }
    }
    let read = read.and_then(|()| passes.into_mapper().into_sample(false));
    let sample = diagnostics::record_step(steps, "read", read, |sample| {
        format!("{} people on the first page", sample.people.len())
    })?;
    diagnostics::add_sample_step(steps, connector, attributes, &sample);
    Some(())
}

async fn resolve(
    connector: &Connector,
    settings: &ApiSettings,
) -> Result<Vec<std::net::SocketAddr>, ConnectorError> {
    let url = &settings.http.url;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let failed = |cause| {
        let attempt = ConnectorAttempt::ResolveHost { host: host.clone() };
        ConnectorError::new(&connector.name, attempt, NetworkError::HostNotFound(cause))
    };
    let found = lookup_host((host.as_str(), url.port_or_known_default().unwrap_or(443)));
    let found = timeout(settings.http.timeout, found).await;
    let found = found.map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))?.map_err(&failed)?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(failed(std::io::ErrorKind::NotFound.into())) } else { Ok(addresses) }
}

async fn connect(
    connector: &Connector,
    settings: &ApiSettings,
    addresses: &[std::net::SocketAddr],
) -> Result<std::net::SocketAddr, ConnectorError> {
    let connected = timeout(settings.http.timeout, TcpStream::connect(addresses)).await;
    let connected = connected.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    connected.and_then(|stream| stream.peer_addr()).map_err(|cause| {
        let address = settings.http.url.host_str().unwrap_or_default().to_owned();
        let attempt = ConnectorAttempt::Connect { address };
        ConnectorError::new(&connector.name, attempt, NetworkError::NotConnected(cause))
    })
}

/// Returns whether the environment configures a proxy. The steps cannot check what is behind a proxy.
fn has_proxy() -> bool {
    ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}
