//! Causes of errors at an LDAP server.

use std::borrow::Cow;

use crate::attempt::ConnectorAttempt;
use crate::ldap::result_code::LdapErrorResult;
use crate::network_error::TLS_ONLY_HINT;
use crate::protocol_error::ProtocolError;

/// Reason why an LDAP server did not return a complete result.
#[derive(Debug, thiserror::Error)]
pub enum LdapError {
    /// Wrong account or password.
    #[error("the server refused the account{}", .0.refusal_reason())]
    Refused(LdapErrorResult),
    /// The server returned a result code other than 0.
    #[error("{0}")]
    Result(LdapErrorResult),
    /// Part of the result is on other servers.
    #[error("the server returned {count} references to other servers, such as `{first}`")]
    References {
        /// Number of references.
        count: u64,
        /// The first reference.
        first: String,
    },
    /// The server ignored the paging control.
    #[error("the server ignored paging: the result may be incomplete")]
    NoPaging,
    /// The server repeats a page, so the search would never end.
    #[error("page {page} repeats an earlier page")]
    PageRepeats {
        /// The number of the page, from 1.
        page: u64,
    },
    /// The server returned only some values of an attribute.
    #[error("an entry is incomplete: the values from number {first} on are missing")]
    MissingValues {
        /// The position of the first missing value, from 0.
        first: u64,
    },
    /// The server sent an invalid LDAP message.
    #[error("invalid LDAP message received")]
    Malformed,
}

impl ProtocolError for LdapError {
    fn describe(&self, attempt: &ConnectorAttempt) -> String {
        match self {
            Self::Refused(result) => {
                format!("the server refused the account `{}`{}", attempt.target(), result.refusal_reason())
            }
            Self::Result(result) => format!("{attempt} failed: {result}"),
            Self::References { .. } => format!("{attempt} is incomplete: {self}"),
            Self::NoPaging => {
                format!("the server ignored paging for {attempt}: the result may be incomplete")
            }
            Self::PageRepeats { page } => format!("page {page} of {attempt} repeats an earlier page"),
            Self::MissingValues { first } => format!(
                "an entry is incomplete: the values of `{}` from number {first} on are missing",
                attempt.target()
            ),
            Self::Malformed => format!("{self} during {attempt}"),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Result(result) => result.kind(),
            Self::References { .. } => "referral",
            Self::NoPaging | Self::PageRepeats { .. } | Self::MissingValues { .. } => "incomplete",
            Self::Malformed => "malformed",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Result(result) => result.is_transient(),
            // The entry may have been deleted between two requests.
            Self::MissingValues { .. } => true,
            Self::Refused(_)
            | Self::References { .. }
            | Self::NoPaging
            | Self::PageRepeats { .. }
            | Self::Malformed => false,
        }
    }

    fn hint(&self, attempt: &ConnectorAttempt) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Refused(result) => result.refusal_hint().into(),
            Self::Result(result) => return result.hint().map(Cow::Borrowed),
            Self::References { .. } => {
                "configure one connector for each server, or limit `base_dn` to the entries of this server"
                    .into()
            }
            Self::NoPaging => "allow paged searches (RFC 2696) for this account on the server".into(),
            Self::PageRepeats { .. } => "check the server's paging; another `page_size` may help".into(),
            Self::MissingValues { .. } => {
                "check the server's limit on values (`MaxValRange`) and its log".into()
            }
            Self::Malformed
                if matches!(attempt, ConnectorAttempt::Bind { .. } | ConnectorAttempt::StartTls { .. }) =>
            {
                TLS_ONLY_HINT.into()
            }
            Self::Malformed => "check that the port in `url` is the port of an LDAP server".into(),
        })
    }
}
