//! What a source must have said before its list counts as complete.

/// The source has said that its list is complete. Nobody outside this room can make one, and it cannot be copied: a
/// proof is good for one reading.
///
/// ```compile_fail
/// let proof = rollcall::connectors::proof::Complete { seal: () };
/// ```
#[derive(Debug)]
pub struct Complete {
    seal: (),
}

impl Complete {
    /// An LDAP search whose every page ended with result code 0 and whose last page carried an empty cookie
    /// (RFC 4511 4.5.2, RFC 2696 3).
    pub(super) fn ldap(result_code: u32, next_cookie: Option<&[u8]>) -> Option<Self> {
        let ended = result_code == 0 && next_cookie.is_none_or(<[u8]>::is_empty);
        ended.then_some(Self { seal: () })
    }
}
