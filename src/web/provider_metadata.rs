//! Metadata and keys of the sign-in provider, kept for a while.
//!
//! Requests that need them at the same time make one request to the provider. Answers of the provider have a bounded size.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use openidconnect::core::CoreProviderMetadata;
use openidconnect::{HttpRequest, HttpResponse, IssuerUrl};
use tokio::sync::{Mutex, Semaphore};

use rollcall_connectors::http::ConnectionThread;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

/// Error of a request to the provider.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderRequestError {
    /// There is no answer.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// The thread for the connections cannot start.
    #[error("no connection is possible: {0}")]
    NoThread(String),
    /// The answer is too large.
    #[error("the answer has more than {most} bytes")]
    TooLarge {
        /// The bound.
        most: u64,
    },
}

/// Thread of the connections to the provider.
static PROVIDER_THREAD: LazyLock<Result<ConnectionThread, String>> =
    LazyLock::new(|| ConnectionThread::start().map_err(|error| error.to_string()));

/// HTTP client of the OpenID Connect library. Redirects are not followed; requests have a timeout.
pub(super) async fn send_request(
    http: reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, ProviderRequestError> {
    let thread = PROVIDER_THREAD.as_ref().map_err(|cause| ProviderRequestError::NoThread(cause.clone()))?;
    thread.run(receive_answer(http, request)).await
}

async fn receive_answer(
    http: reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, ProviderRequestError> {
    let limit = ResourceLimit::ProviderAnswerBytes;
    let most = limit.default_value();
    let mut answer = http.execute(request.try_into()?).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if u64::try_from(body.len() + chunk.len()).unwrap_or(u64::MAX) > most {
            limit.record_reached();
            return Err(ProviderRequestError::TooLarge { most });
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Time for which a provider that could not be read is not asked again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What a request to the provider brought.
#[derive(Debug)]
struct KnownMetadata {
    at: Instant,
    read: Result<CoreProviderMetadata, String>,
}

/// By issuer. There is one entry, or one more after each change of the file.
static KNOWN: LazyLock<Mutex<HashMap<String, KnownMetadata>>> = LazyLock::new(Mutex::default);

/// Places of those that wait for the metadata.
static WAITING: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(ResourceLimits::default().size(ResourceLimit::WaitingProviderVisits)));

/// Whether metadata that were read before may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetadataAge {
    /// Metadata that are not too old.
    Recent,
    /// Metadata that are read now: the provider may have new keys.
    Fresh,
}

/// Returns the metadata and keys of a provider.
///
/// # Errors
/// With the cause if they cannot be read.
pub(super) async fn get_metadata(
    http: &reqwest::Client,
    issuer: &str,
    age: MetadataAge,
) -> Result<CoreProviderMetadata, String> {
    let lifetime = Duration::from_secs(ResourceLimit::ProviderMetadataSeconds.default_value());
    let asked = Instant::now();
    let Ok(_place) = WAITING.try_acquire() else {
        ResourceLimit::WaitingProviderVisits.record_reached();
        return Err("too many sign-ins wait for the provider".to_owned());
    };
    let mut all = KNOWN.lock().await;
    if let Some(known) = all.get(issuer) {
        // A request that began while this one waited counts in any case, also if it failed.
        let lifetime = if known.read.is_ok() { lifetime } else { RETRY_PAUSE };
        let is_recent = age == MetadataAge::Recent && known.at.elapsed() < lifetime;
        if known.at >= asked || is_recent {
            return known.read.clone();
        }
    }
    let read = discover(http, issuer).await;
    all.insert(issuer.to_owned(), KnownMetadata { at: Instant::now(), read: read.clone() });
    read
}

async fn discover(http: &reqwest::Client, issuer: &str) -> Result<CoreProviderMetadata, String> {
    let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|error| error.to_string())?;
    let send = |request| send_request(http.clone(), request);
    CoreProviderMetadata::discover_async(issuer, &send).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A provider that counts its requests; answers its issuer.
    async fn start_provider(padding: usize) -> (String, Arc<AtomicUsize>) {
        // Another test of this process may have installed it.
        drop(tokio_rustls::rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let metadata = serde_json::json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "padding": "x".repeat(padding),
        });
        let (count, counted) = (Arc::new(AtomicUsize::new(0)), metadata.to_string());
        let requests = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.expect("a request"));
                }
                requests.fetch_add(1, Ordering::Relaxed);
                let is_keys = head.starts_with(b"GET /jwks");
                let body = if is_keys { r#"{"keys":[]}"# } else { &counted };
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                // The client may have closed the connection at the bound.
                drop(socket.write_all(answer.as_bytes()).await);
            }
        });
        (issuer, count)
    }

    /// Metadata and keys are read once, also for requests at the same time, and again if fresh ones are asked for.
    #[tokio::test]
    async fn metadata_are_read_once() {
        let (issuer, count) = start_provider(0).await;
        let http = reqwest::Client::new();
        let recent = || get_metadata(&http, &issuer, MetadataAge::Recent);
        let all = futures_util::future::join_all((0..10).map(|_| recent())).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        assert_eq!(count.load(Ordering::Relaxed), 2, "metadata and keys");
        get_metadata(&http, &issuer, MetadataAge::Fresh).await.expect("metadata");
        assert_eq!(count.load(Ordering::Relaxed), 4);
    }

    /// While a provider does not answer, a few sign-ins wait for it and the others are refused at once.
    #[tokio::test]
    async fn sign_ins_that_wait_are_bounded() {
        drop(tokio_rustls::rustls::crypto::ring::default_provider().install_default());
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", silent.local_addr().expect("an address"));
        let most = usize::try_from(ResourceLimit::WaitingProviderVisits.default_value()).expect("a number");
        let http = reqwest::Client::builder().timeout(Duration::from_millis(300)).build().expect("a client");
        let all = (0..most + 3).map(|_| get_metadata(&http, &issuer, MetadataAge::Recent));
        let answers = futures_util::future::join_all(all).await;
        let refused = answers
            .iter()
            .filter(|answer| answer.as_ref().is_err_and(|cause| cause.contains("too many sign-ins")));
        assert_eq!(refused.count(), 3, "{answers:?}");
    }

    /// An answer of a provider that is too large is refused.
    #[tokio::test]
    async fn large_answer_is_refused() {
        let most = usize::try_from(ResourceLimit::ProviderAnswerBytes.default_value()).expect("a size");
        let (issuer, _) = start_provider(most).await;
        let before = ResourceLimit::ProviderAnswerBytes.times_reached();
        let read = get_metadata(&reqwest::Client::new(), &issuer, MetadataAge::Recent).await;
        assert!(read.is_err());
        assert_eq!(ResourceLimit::ProviderAnswerBytes.times_reached(), before + 1);
    }
}
