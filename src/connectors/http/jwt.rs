//! JSON Web Tokens (RFC 7519, RS256) for token endpoints that authenticate clients by key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::http::signing_key;

/// Signs claims with a private RSA key in PEM; the error describes the problem with the key.
pub(super) fn sign(claims: &Value, key: &str, key_id: Option<&str>) -> Result<String, String> {
    let mut header = json!({ "alg": "RS256", "typ": "JWT" });
    if let Some(key_id) = key_id {
        header["kid"] = json!(key_id);
    }
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut token = format!("{}.{}", encoded(&header), encoded(claims));
    let signature = signing_key::sign(key, token.as_bytes())?;
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}
