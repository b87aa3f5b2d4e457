//! Server address from `url`.

/// The parts of `ldap://host:port` or `ldaps://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LdapEndpoint {
    /// TLS from the start of the connection.
    pub tls: bool,
    /// The host, without the brackets of an IPv6 address.
    pub host: String,
    /// The port; 389 and 636 by default.
    pub port: u16,
}

impl LdapEndpoint {
    /// Parses a URL. A path, user or query is rejected.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ldap" => false,
            "ldaps" => true,
            _ => return None,
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.strip_prefix('[') {
            Some(six) => {
                let (host, after) = six.split_once(']')?;
                (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
        if host.is_empty() || !host.chars().all(plain) {
            return None;
        }
        let port = match port {
            Some(port) => port.parse().ok()?,
            None if tls => 636,
            None => 389,
        };
        Some(Self { tls, host: host.to_owned(), port })
    }

    /// Host and port for messages.
    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_a_port() {
        let read =
            |url| LdapEndpoint::parse(url).map(|endpoint| (endpoint.tls, endpoint.host, endpoint.port));
        assert_eq!(read("ldap://dc1.corp.example"), Some((false, "dc1.corp.example".to_owned(), 389)));
        assert_eq!(read("LDAPS://dc1.corp.example/"), Some((true, "dc1.corp.example".to_owned(), 636)));
        assert_eq!(read("ldap://[::1]:3890"), Some((false, "::1".to_owned(), 3890)));
        for bad in [
            "dc1",
            "http://dc1",
            "ldap://",
            "ldap://:389",
            "ldap://a:b",
            "ldap://a/dc=x",
            "ldap://u@a",
            "ldap:a",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
