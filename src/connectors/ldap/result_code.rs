//! Meaning of result codes (RFC 4511 4.1.9 and appendix A), and the hints for them.

use std::fmt;

/// A result code other than 0, with the message of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdapErrorResult {
    code: u32,
    text: String,
}

/// Maximum length of a repeated server message, in characters.
const LONGEST_TEXT: usize = 200;

/// Description of a result code.
struct ResultCodeInfo {
    kind: &'static str,
    words: &'static str,
    hint: Option<&'static str>,
}

/// Reason why an account is refused.
struct BindRefusal {
    words: &'static str,
    hint: &'static str,
}

impl LdapErrorResult {
    /// Creates a result from its code and message.
    pub(crate) fn new(code: u32, text: &str) -> Self {
        let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { code, text: printable.trim().chars().take(LONGEST_TEXT).collect() }
    }

    /// The result code.
    #[must_use]
    pub fn code(&self) -> u32 {
        self.code
    }

    /// Returns whether the code is one of the transient ones: time limit, busy, unavailable.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.code, 3 | 51 | 52)
    }

    /// A stable word for scripts.
    pub(crate) fn kind(&self) -> &'static str {
        self.result_code_info().kind
    }

    /// The next step for the operator.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        self.result_code_info().hint
    }

    /// The next step for a refused account.
    pub(crate) fn refusal_hint(&self) -> String {
        let usual =
            "check `bind_dn` and `bind_password`: they are wrong, or the account is locked or has expired";
        self.refusal().map_or(usual, |refusal| refusal.hint).to_owned()
    }

    /// The reason why an account was refused, if the server reports one; appended to a message.
    pub(crate) fn refusal_reason(&self) -> String {
        self.refusal().map_or_else(String::new, |refusal| format!(": {}", refusal.words))
    }

    /// The reason in the message of Active Directory, such as `AcceptSecurityContext error, data 52e`: a Windows
    /// error code (MS-ERREF 2.2) in hexadecimal.
    fn refusal(&self) -> Option<BindRefusal> {
        let (_, code) = self.text.split_once("data ")?;
        let code: String = code.chars().take_while(char::is_ascii_hexdigit).collect();
        let (words, hint) = match code.as_str() {
            "525" => ("the account does not exist", "check `bind_dn`"),
            "52e" => ("wrong account or password", "check `bind_dn` and `bind_password`"),
            "530" => ("the account may not log on at this time", "allow logon at all times in the directory"),
            "531" => (
                "the account may not log on from this machine",
                "allow logon from this machine in the directory",
            ),
            "532" => ("the account's password has expired", "set a new password that does not expire"),
            "533" => ("the account is disabled", "enable the account in the directory"),
            "701" => (
                "the account has expired",
                "extend or remove the expiry date of the account in the directory",
            ),
            "773" => (
                "the account must change its password first",
                "in the directory, set a password that the account does not have to change",
            ),
            "775" => ("the account is locked", "unlock the account in the directory"),
            _ => return None,
        };
        Some(BindRefusal { words, hint })
    }

    /// Returns whether Active Directory or Samba rejected a request because the session is anonymous.
    fn requires_bind(&self) -> bool {
        ["000004DC", "00002020"].iter().any(|code| self.text.starts_with(code))
    }

    fn result_code_info(&self) -> ResultCodeInfo {
        let (kind, words, hint) = match self.code {
            1 if self.requires_bind() => (
                "refused",
                "the server does not allow anonymous searches",
                Some("set `bind_dn` and `bind_password`"),
            ),
            1 => ("server_error", "server error (operationsError)", None),
            2 => (
                "server_error",
                "the server rejected the request (protocolError)",
                Some("check that the server supports StartTLS, or use `ldaps://`"),
            ),
            3 => (
                "time_limit",
                "the server's time limit was reached",
                Some(
                    "raise the time limit of `bind_dn` on the server, or limit `filter` to indexed attributes",
                ),
            ),
            4 => (
                "size_limit",
                "the server's size limit was reached",
                Some("set an unlimited `size.prtotal` limit for `bind_dn` on the server"),
            ),
            8 => (
                "encryption_required",
                "the server requires a stronger bind",
                Some("use `ldaps://` or `starttls = true`"),
            ),
            10 => (
                "referral",
                "the server refers to another server",
                Some("set `url` to the server that holds `base_dn`"),
            ),
            11 => (
                "admin_limit",
                "the server's administrative limit was reached",
                Some(
                    "raise the look-through limit of `bind_dn` on the server, or index the attributes in `filter`",
                ),
            ),
            12 => (
                "no_paging",
                "the server does not support paged searches for this account",
                Some("allow paged searches (RFC 2696) for this account on the server"),
            ),
            13 => (
                "encryption_required",
                "the server requires an encrypted connection",
                Some("use `ldaps://` or `starttls = true`"),
            ),
            32 => (
                "no_base",
                "the entry does not exist, or the account is not allowed to see it",
                Some("check `base_dn`, `group_base` and the read permissions of `bind_dn`"),
            ),
            34 => ("no_base", "invalid distinguished name", Some("check `base_dn` and `bind_dn`")),
            48 => (
                "refused",
                "the server refused this kind of bind",
                Some("set `bind_dn` and `bind_password`: the server does not allow anonymous access"),
            ),
            49 => ("refused", "wrong account or password", Some("check `bind_dn` and `bind_password`")),
            50 => (
                "no_access",
                "the account is not allowed to read this",
                Some("allow `bind_dn` to search below `base_dn` and to read the mapped attributes"),
            ),
            51 => ("busy", "the server is busy", None),
            52 => ("unavailable", "the server is not available", None),
            53 => (
                "unwilling",
                "the server is not willing to do this",
                Some("check the server's message and log; paging may be disabled for this account"),
            ),
            _ => ("server_answer", "the server refused", None),
        };
        ResultCodeInfo { kind, words, hint }
    }
}

impl fmt::Display for LdapErrorResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (result {})", self.result_code_info().words, self.code)?;
        if self.text.is_empty() { Ok(()) } else { write!(f, "; the server said `{}`", self.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        let transient: Vec<u32> =
            (1..130).filter(|&code| LdapErrorResult::new(code, "").is_transient()).collect();
        assert_eq!(transient, [3, 51, 52]);
    }

    #[test]
    fn a_servers_text_is_repeated_on_one_line() {
        let answer = LdapErrorResult::new(4, "too\nmany ");
        assert_eq!(
            answer.to_string(),
            "the server's size limit was reached (result 4); the server said `too many`"
        );
    }

    #[test]
    fn active_directory_says_why_an_account_is_refused() {
        let words = |code| {
            let text = format!(
                "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data {code}, v4563"
            );
            let answer = LdapErrorResult::new(49, &text);
            format!("{} | {}", answer.refusal_reason(), answer.refusal_hint())
        };
        for (code, said) in [
            ("525", "the account does not exist | check `bind_dn`"),
            ("52e", "wrong account or password"),
            ("530", "at this time"),
            ("531", "from this machine"),
            ("532", "password has expired | set a new password"),
            ("533", "is disabled | enable the account"),
            ("701", "the account has expired"),
            ("773", "must change its password first"),
            ("775", "is locked | unlock the account"),
            ("52", " | check `bind_dn` and `bind_password`: they are wrong, or"),
        ] {
            assert!(words(code).contains(said), "{code}: {}", words(code));
        }
    }
}
