//! Causes of errors in HTTP responses, and which of them are transient.

use std::borrow::Cow;
use std::time::Duration;

use crate::attempt::ConnectorAttempt;
use crate::protocol_error::ProtocolError;
use rollcall_model::format::shorten;

/// Problem with a response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// An error status.
    #[error("the server answered {}{}", format_status(*.status), format_message(.said))]
    Status {
        /// The status (RFC 9110).
        status: u16,
        /// The message of the server, shortened, without secrets.
        said: String,
        /// The requested wait.
        wait: Option<Duration>,
    },
    /// A redirect.
    #[error("the server redirected to `{to}`; redirects are not followed because requests carry credentials")]
    Redirect {
        /// The target.
        to: String,
    },
    /// The next page is on another server.
    #[error("the next page is on `{to}`, which is not the server in `url`")]
    Elsewhere {
        /// The URL of the next page.
        to: String,
    },
    /// The response is not JSON or is truncated.
    #[error("the server returned {what}")]
    NotJson {
        /// A description of the content.
        what: String,
    },
    /// The response exceeds the maximum size.
    #[error("the response is larger than {most} bytes")]
    TooLarge {
        /// The maximum, in bytes.
        most: u64,
    },
    /// The response has no list.
    #[error("the response contains no list of people at `{place}`")]
    NoList {
        /// The expected position.
        place: String,
    },
    /// Several people in a response for one person.
    #[error("the response to a request for one person contains several people")]
    NotOne,
    /// Pagination makes no progress.
    #[error("page {page} contains no new people: pagination makes no progress")]
    PagingLoop {
        /// The page, from 1.
        page: u64,
    },
    /// The source reports more people than it returned.
    #[error("the source reports {told} people but returned {came}")]
    TooFew {
        /// The reported number.
        told: u64,
        /// Number of different people returned.
        came: u64,
    },
    /// The source has the person but returned no details.
    #[error("the server returned an empty response for this person")]
    NoDetails,
    /// The total number is not a valid number.
    #[error("the total number of people is not a valid number: `{0}`")]
    NoTotal(String),
    /// No response contains the total number.
    #[error("no response contains the total number of people at `{place}`{}", format_names(.names))]
    MissingTotal {
        /// The expected position.
        place: String,
        /// The names that the last response has in its place.
        names: Vec<String>,
    },
    /// The token response contains no token.
    #[error("the token endpoint returned no token")]
    NoToken,
    /// `Retry-After` exceeds the remaining time.
    #[error("the server asks to wait {seconds} s, which exceeds the remaining time")]
    TooLongAWait {
        /// The wait, in seconds.
        seconds: u64,
    },
    /// The private key is invalid.
    #[error("the private key cannot be used: {0}")]
    Key(String),
}

fn format_status(status: u16) -> String {
    let words = match status {
        400 => "bad request",
        401 => "invalid credentials",
        403 => "access denied",
        404 => "not found",
        409 => "conflict",
        410 => "the requested data has expired",
        429 => "too many requests",
        500..=599 => "server error",
        _ => return status.to_string(),
    };
    format!("{status} ({words})")
}

fn format_message(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

/// The most names that a message lists, and the most characters of each.
const MAX_NAMES: usize = 12;
const MAX_NAME_CHARACTERS: usize = 40;

fn format_names(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = names
        .iter()
        .take(MAX_NAMES)
        .map(|name| format!("`{}`", shorten(name.clone(), MAX_NAME_CHARACTERS)))
        .collect();
    let more = if names.len() > MAX_NAMES { ", …" } else { "" };
    format!("; the last one contains {}{more}", shown.join(", "))
}

impl ProtocolError for HttpError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        format!("{attempt}: {self}")
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            // The list changed while it was read; another reading may be complete.
            Self::TooFew { .. } | Self::NoDetails => true,
            Self::Redirect { .. }
            | Self::Elsewhere { .. }
            | Self::NotJson { .. }
            | Self::TooLarge { .. }
            | Self::NoList { .. }
            | Self::NotOne
            | Self::PagingLoop { .. }
            | Self::NoTotal(_)
            | Self::MissingTotal { .. }
            | Self::NoToken
            | Self::TooLongAWait { .. }
            | Self::Key(_) => false,
        }
    }

    fn wait(&self) -> Option<Duration> {
        if let Self::Status { wait, .. } = self { *wait } else { None }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Status { status: 401 | 403, .. } | Self::NoToken | Self::Key(_) => "refused",
            Self::Status { status: 404, .. } => "not_found",
            Self::Status { status: 429, .. } | Self::TooLongAWait { .. } => "rate_limited",
            Self::Status { .. } => "answer",
            Self::Redirect { .. } | Self::Elsewhere { .. } => "redirect",
            Self::NotJson { .. } | Self::NoTotal(_) | Self::NotOne => "malformed",
            Self::TooLarge { .. } => "too_large",
            Self::NoList { .. }
            | Self::PagingLoop { .. }
            | Self::TooFew { .. }
            | Self::MissingTotal { .. }
            | Self::NoDetails => "incomplete",
        }
    }

    fn hint(&self, _: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Status { status: 401, .. } => "check the account, the secret and its expiry date",
            Self::Status { status: 403, .. } => {
                "grant the account permission to read people; the documentation of this kind of connector names it"
            }
            Self::Status { status: 404, .. } => "check `url` and the names in it",
            Self::Status { status: 429, .. } | Self::TooLongAWait { .. } => {
                "lower `requests_per_second`, or run at another time"
            }
            Self::Status { status: 500..=599 | 408, .. } => {
                "check the status of the service and try again later"
            }
            Self::Status { .. } => "check `url` and the other settings of the connector",
            Self::Redirect { .. } => "set `url` to the address of the redirect if that address is correct",
            Self::Elsewhere { .. } => "use the host name of the links in `url`",
            Self::NotJson { .. } => "check that `url` is the URL of the API and not of a web page",
            Self::TooLarge { .. } => "set a smaller `page_size`, or a larger `max_answer`",
            Self::NoList { .. } => "check `list`, and inspect the response with the same credentials",
            Self::NotOne => "the server does not apply the filter for one person: check `id_url` or `url`",
            Self::PagingLoop { .. } => "check `paging` and its parameters: the server seems to ignore them",
            Self::TooFew { .. } | Self::NoDetails => {
                "the list changed while it was read, or the account cannot see all people; read again"
            }
            Self::NoTotal(_) => "check `total`",
            Self::MissingTotal { .. } => {
                "the end of the list is not proven without this number; for kind `http_json` write in `total` where the server sends it, or remove `total`"
            }
            Self::NoToken => "check `token_url`, the account and its secret",
            Self::Key(_) => "set a private RSA key in PEM (PKCS#8, `BEGIN PRIVATE KEY`)",
        };
        Some(hint.into())
    }
}
