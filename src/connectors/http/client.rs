//! Sends HTTP requests and reads complete responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::redirect;
use serde_json::Value;
use url::Url;

use crate::http::auth::HttpAuth;
use crate::http::connection_thread::ConnectionThread;
use crate::http::rate_limit::{self, RateLimiter};
use crate::http::server_wait::ServerWait;
use crate::http::{HttpError, HttpSettings, redact_url, request_error, server_message};
use crate::retry::retry;
use crate::tls::{self, TlsError};
use crate::{ConnectorAttempt, ConnectorError, ExceededLimit, ReadContext, ReadingError};
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

pub(crate) use reqwest::Method;

/// The `User-Agent` header.
const USER_AGENT: &str = concat!("rollcall/", env!("CARGO_PKG_VERSION"));

/// Total time for a response, as a multiple of the read timeout.
const TOTAL_TIMEOUT_FACTOR: u32 = 10;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct ConnectorRequest {
    /// `GET`, or `POST` for a search with a body.
    pub method: Method,
    /// The URL.
    pub url: Url,
    /// Additional headers.
    pub headers: Vec<(String, String)>,
    /// A JSON body.
    pub body: Option<Value>,
}

/// A successful response.
#[derive(Debug)]
pub(crate) struct ConnectorResponse {
    /// The headers.
    pub headers: HeaderMap,
    /// The complete body.
    pub body: Vec<u8>,
}

/// The response to a request for something that may not exist.
#[derive(Debug)]
pub(crate) enum OptionalResponse {
    /// The resource exists.
    Found(ConnectorResponse),
    /// The server returned 404.
    NotFound,
}

/// An HTTP client for one server, with its credentials.
#[derive(Debug)]
pub(crate) struct HttpClient {
    connector: ConnectorName,
    settings: HttpSettings,
    http: reqwest::Client,
    thread: ConnectionThread,
    rate_limiter: RateLimiter,
    limits: ResourceLimits,
    /// Number of bytes of all responses of the current reading.
    received: Arc<AtomicU64>,
}

/// A response with any status.
struct AnyResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Reason why no response was received.
enum RequestFailure {
    Request(reqwest::Error),
    ReadingTooLarge(ExceededLimit),
    ResponseTooLarge,
}

impl From<reqwest::Error> for RequestFailure {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error)
    }
}

/// The part of an error response that is read for its message, in bytes.
const ERROR_BYTES: u64 = 64 << 10;

impl HttpClient {
    /// Creates a client; reads the CA certificates.
    pub(crate) async fn new(
        connector: &ConnectorName,
        settings: &HttpSettings,
        limits: &ResourceLimits,
    ) -> Result<Self, ConnectorError> {
        let failed = |cause: TlsError| {
            let attempt = ConnectorAttempt::TlsHandshake { host: request_error::host(&settings.url) };
            ConnectorError::new(connector, attempt, cause)
        };
        let tls = tls::load_client_config(settings.ca_file.clone()).await.map_err(failed)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.timeout)
            .read_timeout(settings.timeout)
            .timeout(settings.timeout * TOTAL_TIMEOUT_FACTOR)
            .build()
            .map_err(|cause| failed(TlsError::Handshake(cause.into())))?;
        let thread = ConnectionThread::start().map_err(|cause| failed(TlsError::Handshake(cause.into())))?;
        let pace = RateLimiter::new(settings.requests_per_second);
        Ok(Self {
            connector: connector.clone(),
            settings: settings.clone(),
            http,
            thread,
            rate_limiter: pace,
            limits: limits.clone(),
            received: Arc::default(),
        })
    }

    /// Starts to count the bytes of another reading.
    pub(crate) fn start_reading(&self) {
        self.received.store(0, Ordering::Relaxed);
    }

    /// Fails if a number exceeds a bound.
    pub(crate) fn check_limit(
        &self,
        limit: ResourceLimit,
        number: u64,
        attempt: &ConnectorAttempt,
    ) -> Result<(), ConnectorError> {
        ExceededLimit::check(limit, &self.limits, number).map_err(|limit| {
            ConnectorError::new(&self.connector, attempt.clone(), ReadingError::LimitExceeded(limit))
        })
    }

    /// Sends a request and retries transient errors; `attempt` names the request in messages.
    pub(crate) async fn send(
        &self,
        call: &ConnectorRequest,
        attempt: &ConnectorAttempt,
        context: &ReadContext,
    ) -> Result<ConnectorResponse, ConnectorError> {
        retry(&self.connector, context, || self.send_once(call, attempt, context)).await
    }

    /// Sends a request for which 404 is a valid response.
    pub(crate) async fn send_optional(
        &self,
        call: &ConnectorRequest,
        attempt: &ConnectorAttempt,
        context: &ReadContext,
    ) -> Result<OptionalResponse, ConnectorError> {
        match self.send(call, attempt, context).await {
            Ok(answered) => Ok(OptionalResponse::Found(answered)),
            Err(error) if error.has_status(404) => Ok(OptionalResponse::NotFound),
            Err(error) => Err(error),
        }
    }

    /// Sends a request once.
    async fn send_once(
        &self,
        call: &ConnectorRequest,
        attempt: &ConnectorAttempt,
        context: &ReadContext,
    ) -> Result<ConnectorResponse, ConnectorError> {
        if !self.settings.is_home(&call.url) {
            return Err(self.response_error(attempt, HttpError::Elsewhere { to: redact_url(&call.url) }));
        }
        let had_token = self.settings.tokens.current_token().is_some();
        match self.ask(call, attempt, context).await {
            // The token may have been revoked before it expired.
            Err(error) if had_token && error.has_status(401) => {
                self.settings.tokens.discard_token();
                self.ask(call, attempt, context).await
            }
            answered => answered,
        }
    }

    async fn ask(
        &self,
        call: &ConnectorRequest,
        attempt: &ConnectorAttempt,
        context: &ReadContext,
    ) -> Result<ConnectorResponse, ConnectorError> {
        let mut request = self.http.request(call.method.clone(), call.url.clone());
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        request = match &self.settings.auth {
            HttpAuth::Anonymous => request,
            HttpAuth::Header { name, prefix, secret } => {
                request.header(*name, secret_value(&format!("{prefix}{}", secret.reveal())))
            }
            HttpAuth::NamedHeader { name, secret } => {
                request.header(name.as_str(), secret_value(secret.reveal()))
            }
            HttpAuth::Basic { user, password } => request.basic_auth(user.reveal(), Some(password.reveal())),
            HttpAuth::Token(_) => {
                request.header("authorization", secret_value(&format!("Bearer {}", self.token().await?)))
            }
        };
        self.rate_limiter.wait_for_turn(context.retry.within).await.map_err(|wait| {
            self.response_error(attempt, HttpError::TooLongAWait { seconds: wait.as_secs() })
        })?;
        self.read_response(request, attempt, self.settings.most_bytes).await
    }

    /// A valid token.
    pub(crate) async fn token(&self) -> Result<String, ConnectorError> {
        if let Some(token) = self.settings.tokens.current_token() {
            return Ok(token);
        }
        let HttpAuth::Token(grant) = &self.settings.auth else { return Ok(String::new()) };
        let attempt = ConnectorAttempt::RequestToken { url: redact_url(&grant.url) };
        let token_request =
            grant.request().map_err(|why| self.response_error(&attempt, HttpError::Key(why)))?;
        let mut request = self.http.post(grant.url.clone());
        if let Some((user, password)) = &token_request.basic {
            request = request.basic_auth(user.reveal(), Some(password.reveal()));
        }
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request = request.header(CONTENT_TYPE, form).body(token_request.form);
        let most = self.settings.most_bytes.min(ResourceLimit::TokenResponseBytes.default_value());
        let answered = self.read_response(request, &attempt, most).await?;
        self.settings
            .tokens
            .store_response(&answered.body)
            .ok_or_else(|| self.response_error(&attempt, HttpError::NoToken))
    }

    /// Sends a request and reads the complete response, at most `most` bytes.
    async fn read_response(
        &self,
        request: reqwest::RequestBuilder,
        attempt: &ConnectorAttempt,
        most: u64,
    ) -> Result<ConnectorResponse, ConnectorError> {
        let request = request.header(ACCEPT, "application/json, application/scim+json;q=0.9, */*;q=0.1");
        let received = Arc::clone(&self.received);
        let answer = self.thread.run(receive_response(request, most, received, self.limits.clone())).await;
        let AnyResponse { status, headers, body } = answer.map_err(|failure| match failure {
            RequestFailure::Request(cause) => self.request_error(attempt, cause),
            RequestFailure::ResponseTooLarge => self.response_error(attempt, HttpError::TooLarge { most }),
            RequestFailure::ReadingTooLarge(limit) => {
                let cause = ReadingError::LimitExceeded(limit);
                ConnectorError::new(&self.connector, attempt.clone(), cause)
            }
        })?;
        if status.is_success() {
            if let Some(wait) = rate_limit::exhausted_wait(&headers) {
                self.rate_limiter.delay_requests(wait);
            }
            return Ok(ConnectorResponse { headers, body });
        }
        if status.is_redirection() {
            let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
            let to = self.settings.url.join(to).map_or_else(|_| "nowhere".to_owned(), |to| redact_url(&to));
            return Err(self.response_error(attempt, HttpError::Redirect { to }));
        }
        let text = String::from_utf8_lossy(&body);
        let is_quota = status == 403 && self.settings.quota_words.iter().any(|word| text.contains(word));
        let said = server_message::extract_message(&headers, &text);
        let said = server_message::shorten_message(&self.settings.redact_secrets(&said));
        let status = if is_quota { 429 } else { status.as_u16() };
        let requested = rate_limit::requested_wait(&headers);
        Err(self.response_error(
            attempt,
            HttpError::Status { status, said, wait: requested.map(ServerWait::duration) },
        ))
    }

    /// An error about a response.
    pub(crate) fn response_error(&self, attempt: &ConnectorAttempt, cause: HttpError) -> ConnectorError {
        ConnectorError::new(&self.connector, attempt.clone(), cause)
    }

    fn request_error(&self, attempt: &ConnectorAttempt, cause: reqwest::Error) -> ConnectorError {
        request_error::convert_request_error(&self.connector, &self.settings, attempt, cause)
    }
}

/// Sends a request and receives its response, at most `most` bytes; counts them in `received`.
async fn receive_response(
    request: reqwest::RequestBuilder,
    most: u64,
    received: Arc<AtomicU64>,
    limits: ResourceLimits,
) -> Result<AnyResponse, RequestFailure> {
    let mut response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let before = received.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        ExceededLimit::check(ResourceLimit::ReadingBytes, &limits, before + chunk.len() as u64)
            .map_err(RequestFailure::ReadingTooLarge)?;
        let size = (body.len() + chunk.len()) as u64;
        if !status.is_success() && size > ERROR_BYTES {
            break;
        }
        if size > most {
            return Err(RequestFailure::ResponseTooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(AnyResponse { status, headers, body })
}

fn secret_value(text: &str) -> HeaderValue {
    // The server rejects a secret that is not a valid header value like any wrong secret.
    let mut value = HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Returns whether a header name and value are valid.
#[must_use]
pub fn is_header(name: &str, value: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok()
}
