//! What can be wrong with an answer, and whether waiting may help.

use std::time::Duration;

/// What is wrong with what a server answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// It refused.
    #[error("the server answered {}{}", status_in_words(*.status), said_in_words(.said))]
    Status {
        /// The status (RFC 9110).
        status: u16,
        /// What it said, shortened, without secrets.
        said: String,
        /// How long it asked to wait.
        wait: Option<Duration>,
    },
    /// It sent us elsewhere.
    #[error("the server redirected to `{to}`; redirects are not followed because requests carry credentials")]
    Redirect {
        /// Where to.
        to: String,
    },
    /// The next page lies on another server.
    #[error("the next page is on `{to}`, which is not the server in `url`")]
    Elsewhere {
        /// Where.
        to: String,
    },
    /// What came is no JSON, or not all of it.
    #[error("invalid response: {what}")]
    NotJson {
        /// What it is.
        what: String,
    },
    /// More came than is believable.
    #[error("the response is larger than {most} bytes")]
    TooLarge {
        /// The most, in bytes.
        most: u64,
    },
    /// There is no list where there should be one.
    #[error("the response contains no list of people at `{place}`")]
    NoList {
        /// Where it was looked for.
        place: String,
    },
    /// There are several people where one was asked for.
    #[error("the response to a request for one person contains several people")]
    NotOne,
    /// The pages do not get on.
    #[error("page {page} contains no new people: pagination makes no progress")]
    PagingLoop {
        /// The page, from 1.
        page: u64,
    },
    /// The source says that it has more people than it sent.
    #[error("the source reports {told} people but returned {came}")]
    TooFew {
        /// What it said.
        told: u64,
        /// Different people who came.
        came: u64,
    },
    /// The source has somebody, and nothing of what it should have beside them.
    #[error("the server returned an empty response for this person")]
    NoDetails,
    /// The number of all people is none.
    #[error("the total number of people is not a valid number: `{0}`")]
    NoTotal(String),
    /// The token endpoint answered well, and without a token.
    #[error("the token endpoint returned no token")]
    NoToken,
    /// It wants more patience than there is.
    #[error("the server asks to wait {seconds} s, which exceeds the remaining time")]
    TooLongAWait {
        /// How long, in seconds.
        seconds: u64,
    },
    /// A key that is none.
    #[error("the private key cannot be used: {0}")]
    Key(String),
}

fn status_in_words(status: u16) -> String {
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

fn said_in_words(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl HttpError {
    /// Whether waiting may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            // The list changed while it was read: another reading may see it whole.
            Self::TooFew { .. } | Self::NoDetails => true,
            Self::Redirect { .. }
            | Self::Elsewhere { .. }
            | Self::NotJson { .. }
            | Self::TooLarge { .. }
            | Self::NoList { .. }
            | Self::NotOne
            | Self::PagingLoop { .. }
            | Self::NoTotal(_)
            | Self::NoToken
            | Self::TooLongAWait { .. }
            | Self::Key(_) => false,
        }
    }

    /// How long the server asked to wait.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    /// A stable word for scripts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Status { status: 401 | 403, .. } | Self::NoToken | Self::Key(_) => "refused",
            Self::Status { status: 404, .. } => "not_found",
            Self::Status { status: 429, .. } | Self::TooLongAWait { .. } => "rate_limited",
            Self::Status { .. } => "answer",
            Self::Redirect { .. } | Self::Elsewhere { .. } => "redirect",
            Self::NotJson { .. } | Self::NoTotal(_) | Self::NotOne => "malformed",
            Self::TooLarge { .. } => "too_large",
            Self::NoList { .. } | Self::PagingLoop { .. } | Self::TooFew { .. } | Self::NoDetails => {
                "incomplete"
            }
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
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
            Self::NoToken => "check `token_url`, the account and its secret",
            Self::Key(_) => "set a private RSA key in PEM (PKCS#8, `BEGIN PRIVATE KEY`)",
        }
    }
}
