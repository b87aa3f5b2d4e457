//! Any directory that speaks LDAP version 3 (RFC 4511).

use std::path::PathBuf;
use std::time::Duration;

use crate::model::secret::Secret;

/// The settings of a connector of kind `ldap`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `ldap://host:port` or `ldaps://host:port`.
    pub url: String,
    /// Begin with StartTLS (RFC 4511 4.14) on an `ldap://` connection.
    pub starttls: bool,
    /// Go without encryption on purpose.
    pub plaintext: bool,
    /// A private CA, PEM, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The account, and its password; anonymous without one.
    pub bind: Option<(String, Secret)>,
    /// Where people are.
    pub base_dns: Vec<String>,
    /// Who of them.
    pub filter: String,
    /// Entries a page.
    pub page_size: u32,
    /// The longest wait for the next message of the server.
    pub timeout: Duration,
}
