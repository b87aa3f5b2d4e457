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
    #[error("the server sent us on to `{to}`, which is not followed with credentials")]
    Redirect {
        /// Where to.
        to: String,
    },
    /// The next page lies on another server.
    #[error("the next page lies on `{to}`, another server than that of `url`")]
    Elsewhere {
        /// Where.
        to: String,
    },
    /// What came is no JSON, or not all of it.
    #[error("what came is {what}")]
    NotJson {
        /// What it is.
        what: String,
    },
    /// More came than is believable.
    #[error("the answer is larger than {most} bytes")]
    TooLarge {
        /// The most, in bytes.
        most: u64,
    },
    /// There is no list where there should be one.
    #[error("there is no list of people at `{place}`")]
    NoList {
        /// Where it was looked for.
        place: String,
    },
    /// There are several people where one was asked for.
    #[error("there are several people in the answer to a question for one")]
    NotOne,
    /// The pages do not get on.
    #[error("page {page} brought nobody new: the server's paging goes in circles")]
    PagingLoop {
        /// The page, from 1.
        page: u64,
    },
    /// The source says that it has more people than it sent.
    #[error("the source says that there are {told} people and sent {came}")]
    TooFew {
        /// What it said.
        told: u64,
        /// Different people who came.
        came: u64,
    },
    /// The source has somebody, and nothing of what it should have beside them.
    #[error("the server has the person and says nothing there")]
    NoDetails,
    /// The number of all people is none.
    #[error("the number of all people is `{0}`, which is no number")]
    NoTotal(String),
    /// The token endpoint answered well, and without a token.
    #[error("the token endpoint sent no token")]
    NoToken,
    /// It wants more patience than there is.
    #[error("the server asks to wait {seconds} s, longer than this command may take")]
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
        400 => "it did not understand",
        401 => "it does not know the credentials",
        403 => "the account may not read this",
        404 => "there is nothing at this address",
        409 => "there is a conflict",
        410 => "what was asked for has expired",
        429 => "there were too many requests",
        500..=599 => "it failed",
        _ => return status.to_string(),
    };
    format!("{status}, {words}")
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
            Self::Status { status: 401, .. } => "look at the account, the secret and its date of expiry",
            Self::Status { status: 403, .. } => {
                "give the account the right to read people; the documentation of the kind names it"
            }
            Self::Status { status: 404, .. } => "look at `url`, and at the names in it",
            Self::Status { status: 429, .. } | Self::TooLongAWait { .. } => {
                "set a lower `requests_per_second`, or run at another hour"
            }
            Self::Status { status: 500..=599 | 408, .. } => "look at the state of the service, and try later",
            Self::Status { .. } => "look at `url` and the other settings of the connector",
            Self::Redirect { .. } => "write the address that it leads to into `url`, if it is the right one",
            Self::Elsewhere { .. } => "write the server's own name into `url`, the one that its links use",
            Self::NotJson { .. } => "see whether `url` is that of the API and not of a page for people",
            Self::TooLarge { .. } => "set a smaller `page_size`, or a larger `max_answer`",
            Self::NoList { .. } => "look at the answer with the same credentials, and at `list`",
            Self::NotOne => "the server does not understand what is asked: look at `id_url`, or at `url`",
            Self::PagingLoop { .. } => "look at `paging` and its parameters: the server seems to ignore them",
            Self::TooFew { .. } | Self::NoDetails => {
                "the list changed while it was read, or the account may not see everybody; read again"
            }
            Self::NoTotal(_) => "look at `total`",
            Self::NoToken => "look at `token_url`, the account and its secret",
            Self::Key(_) => "give a private RSA key in PEM (PKCS#8, `BEGIN PRIVATE KEY`)",
        }
    }
}
