//! Keys of Google service accounts.

use serde::Deserialize;

/// The content of a key file.
#[derive(Debug, Deserialize)]
pub struct ServiceAccountKey {
    /// The account.
    pub client_email: String,
    /// A private RSA key in PEM.
    pub private_key: String,
    /// The id of the key.
    pub private_key_id: Option<String>,
    /// The token endpoint.
    pub token_uri: Option<String>,
}

impl ServiceAccountKey {
    /// Parses the JSON that Google offers when a key is created.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}
