//! What a server's result codes mean (RFC 4511 4.1.9 and appendix A), and what to do about them.

use std::fmt;

/// A result code other than 0, with what the server said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdapErrorResult {
    code: u32,
    text: String,
}

/// The longest text of a server that is repeated, in characters.
const LONGEST_TEXT: usize = 200;

/// What is known about a result code.
struct ResultCodeInfo {
    kind: &'static str,
    words: &'static str,
    hint: Option<&'static str>,
}

/// Why an account is refused.
struct BindRefusal {
    words: &'static str,
    hint: &'static str,
}

impl LdapErrorResult {
    /// Takes the code and the text of a result.
    pub(crate) fn new(code: u32, text: &str) -> Self {
        let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { code, text: printable.trim().chars().take(LONGEST_TEXT).collect() }
    }

    /// The result code.
    #[must_use]
    pub fn code(&self) -> u32 {
        self.code
    }

    /// Time limit, busy, unavailable: the only codes that pass by themselves.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.code, 3 | 51 | 52)
    }

    /// A stable word for scripts.
    pub(crate) fn kind(&self) -> &'static str {
        self.result_code_info().kind
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        self.result_code_info().hint
    }

    /// What to do about an account that was refused.
    pub(crate) fn refusal_hint(&self) -> String {
        let usual =
            "look at `bind_dn` and `bind_password`: they are wrong, or the account is locked or has expired";
        self.refusal().map_or(usual, |refusal| refusal.hint).to_owned()
    }

    /// Why an account was refused, where the server says more than that; to be read behind a message.
    pub(crate) fn refusal_reason(&self) -> String {
        self.refusal().map_or_else(String::new, |refusal| format!(": {}", refusal.words))
    }

    /// What Active Directory says in its text, such as `AcceptSecurityContext error, data 52e`: a code of Windows
    /// (MS-ERREF 2.2) in hexadecimal digits.
    fn refusal(&self) -> Option<BindRefusal> {
        let (_, code) = self.text.split_once("data ")?;
        let code: String = code.chars().take_while(char::is_ascii_hexdigit).collect();
        let (words, hint) = match code.as_str() {
            "525" => ("there is no such account", "look at `bind_dn`"),
            "52e" => ("the account or the password is wrong", "look at `bind_dn` and `bind_password`"),
            "530" => {
                ("the account may not log on at this time", "let it log on at all times in the directory")
            }
            "531" => (
                "the account may not log on from this machine",
                "let it log on from this machine in the directory",
            ),
            "532" => ("the account's password has expired", "set a new one, and one that does not expire"),
            "533" => ("the account is disabled", "enable it in the directory"),
            "701" => ("the account has expired", "let it expire later, or never, in the directory"),
            "773" => (
                "the account must change its password first",
                "set a password that it need not change in the directory",
            ),
            "775" => ("the account is locked", "unlock it in the directory"),
            _ => return None,
        };
        Some(BindRefusal { words, hint })
    }

    /// Whether it is how Active Directory, or Samba, answers a question of somebody who is anonymous.
    fn requires_bind(&self) -> bool {
        ["000004DC", "00002020"].iter().any(|code| self.text.starts_with(code))
    }

    fn result_code_info(&self) -> ResultCodeInfo {
        let (kind, words, hint) = match self.code {
            1 if self.requires_bind() => (
                "refused",
                "the server tells nothing to whoever it does not know",
                Some("set `bind_dn` and `bind_password`"),
            ),
            1 => ("server_error", "the server failed (operationsError)", None),
            2 => (
                "server_error",
                "the server did not understand (protocolError)",
                Some("see whether the server offers StartTLS, or use `ldaps://`"),
            ),
            3 => (
                "time_limit",
                "the server's time limit was reached",
                Some(
                    "give `bind_dn` a longer time limit on the server, or narrow `filter` to what is indexed",
                ),
            ),
            4 => (
                "size_limit",
                "the server's size limit was reached",
                Some("give `bind_dn` an unlimited `size.prtotal` limit on the server"),
            ),
            8 => (
                "encryption_required",
                "the server wants a stronger bind",
                Some("use `ldaps://` or `starttls = true`"),
            ),
            10 => (
                "referral",
                "the server sent us to another server",
                Some("write the server that holds `base_dn` in `url`"),
            ),
            11 => (
                "admin_limit",
                "an administrative limit of the server was reached",
                Some(
                    "raise the look-through limit of `bind_dn` on the server, or index what `filter` asks for",
                ),
            ),
            12 => (
                "no_paging",
                "the server does not page searches",
                Some("let the server page searches (RFC 2696) for this account"),
            ),
            13 => (
                "encryption_required",
                "the server wants an encrypted connection",
                Some("use `ldaps://` or `starttls = true`"),
            ),
            32 => (
                "no_base",
                "there is nothing under this name, or the account may not see it",
                Some("look at `base_dn`, and at what `bind_dn` may read"),
            ),
            34 => ("no_base", "this is no distinguished name", Some("look at `base_dn` and `bind_dn`")),
            48 => (
                "refused",
                "the server refused this kind of bind",
                Some("set `bind_dn` and `bind_password`: the server lets nobody in without"),
            ),
            49 => ("refused", "wrong account or password", Some("look at `bind_dn` and `bind_password`")),
            50 => (
                "no_access",
                "the account may not read this",
                Some("let `bind_dn` search below `base_dn` and read the mapped attributes"),
            ),
            51 => ("busy", "the server is busy", None),
            52 => ("unavailable", "the server is not available", None),
            53 => (
                "unwilling",
                "the server is not willing to do this",
                Some("see the server's text and log; paging may be switched off for this account"),
            ),
            _ => ("server_answer", "the server refused", None),
        };
        ResultCodeInfo { kind, words, hint }
    }
}

impl fmt::Display for LdapErrorResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (result {})", self.result_code_info().words, self.code)?;
        if self.text.is_empty() { Ok(()) } else { write!(f, ", it said `{}`", self.text) }
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
        assert_eq!(answer.to_string(), "the server's size limit was reached (result 4), it said `too many`");
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
            ("525", "no such account | look at `bind_dn`"),
            ("52e", "the account or the password is wrong"),
            ("530", "at this time"),
            ("531", "from this machine"),
            ("532", "password has expired | set a new one"),
            ("533", "is disabled | enable it"),
            ("701", "the account has expired"),
            ("773", "must change its password first"),
            ("775", "is locked | unlock it"),
            ("52", " | look at `bind_dn` and `bind_password`: they are wrong, or"),
        ] {
            assert!(words(code).contains(said), "{code}: {}", words(code));
        }
    }
}
