//! Files of secrets. They are read with the configuration file, and anew for each reading of a source.

use std::io;
use std::path::Path;

use crate::api::ApiSettings;
use crate::file::{RegularFileError, read_regular_file};
use crate::http::HttpAuth;
use crate::ldap::LdapSettings;
use crate::{Connector, ConnectorAttempt, ConnectorError, ReadingError, SourceSettings};
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::secret::{SecretFile, SecretText};

/// Reason why a file does not contain a secret. The message follows the name of the file.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The system cannot read it.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] RegularFileError),
    /// It has no text.
    #[error("is empty")]
    Empty,
}

/// Reads a secret: the text of a file without the line break at its end.
///
/// # Errors
///
/// If the file cannot be read or is empty.
pub fn read_secret_file(path: &Path) -> Result<String, SecretFileError> {
    let bytes = read_regular_file(path, ResourceLimit::SecretBytes)?;
    let not_text = |cause| RegularFileError::Unreadable(io::Error::new(io::ErrorKind::InvalidData, cause));
    let mut text = String::from_utf8(bytes).map_err(not_text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    text.truncate(line.strip_suffix('\r').unwrap_or(line).len());
    if text.is_empty() { Err(SecretFileError::Empty) } else { Ok(text) }
}

/// What a file of a secret contains now; `None` if the secret is not in a file.
pub(crate) fn read_again(secret: &SecretText) -> Result<Option<SecretText>, ReadingError> {
    let Some(file) = secret.file() else { return Ok(None) };
    let text = read_secret_file(&file.path).map_err(|error| unusable(file, error.to_string()))?;
    Ok(Some(SecretText::from_file(text, file.clone())))
}

/// The error of a file of a secret; `fault` follows its name.
pub(crate) fn unusable(file: &SecretFile, fault: String) -> ReadingError {
    ReadingError::UnusableSecret { key: file.key, path: file.path.clone(), fault }
}

/// Reads a secret again. Returns whether it has changed.
pub(crate) fn renew(secret: &mut SecretText) -> Result<bool, ReadingError> {
    match read_again(secret)? {
        Some(current) if current != *secret => {
            *secret = current;
            Ok(true)
        }
        Some(_) | None => Ok(false),
    }
}

impl Connector {
    /// The connector with secrets that changed since the configuration file was read; `None` if none has.
    ///
    /// # Errors
    ///
    /// If the file of a secret cannot be read.
    pub(crate) fn with_changed_secrets(&self) -> Result<Option<Self>, ConnectorError> {
        let source = self
            .source
            .with_changed_secrets()
            .map_err(|cause| ConnectorError::new(&self.name, ConnectorAttempt::CheckSettings, cause))?;
        Ok(source.map(|source| Self { source, ..self.clone() }))
    }
}

impl SourceSettings {
    fn with_changed_secrets(&self) -> Result<Option<Self>, ReadingError> {
        match self {
            Self::Ldap(settings) => {
                let mut settings = settings.clone();
                Ok(renew_bind(&mut settings)?.then_some(Self::Ldap(settings)))
            }
            Self::ActiveDirectory(settings) => {
                let mut settings = settings.clone();
                let mut has_changed = false;
                for controller in &mut settings.controllers {
                    has_changed |= renew_bind(controller)?;
                }
                Ok(has_changed.then_some(Self::ActiveDirectory(settings)))
            }
            Self::Sql(settings) => {
                let mut settings = settings.clone();
                Ok(renew(&mut settings.database)?.then_some(Self::Sql(settings)))
            }
            Self::Api(settings) => Ok(renew_auth(settings)?.map(|settings| Self::Api(Box::new(settings)))),
            Self::Csv(_) | Self::JsonFile(_) => Ok(None),
        }
    }
}

fn renew_bind(settings: &mut LdapSettings) -> Result<bool, ReadingError> {
    match &mut settings.bind {
        Some((_, password)) => renew(password),
        None => Ok(false),
    }
}

/// A token that was requested with a former secret is not used any longer.
fn renew_auth(settings: &ApiSettings) -> Result<Option<ApiSettings>, ReadingError> {
    let mut auth: HttpAuth = settings.http.auth.clone();
    if !auth.renew_secrets()? {
        return Ok(None);
    }
    let mut settings = settings.clone();
    settings.http.auth = auth;
    settings.http.tokens = crate::http::TokenCache::default();
    Ok(Some(settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{GrantKind, TokenGrant};

    /// A secret is the text of its file, whatever ends the line.
    #[test]
    fn line_break_at_the_end_is_no_part_of_a_secret() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("secret");
        for (text, expected) in
            [("a b\n", Some("a b")), ("a\r\n", Some("a")), ("a", Some("a")), ("\n", None), ("", None)]
        {
            std::fs::write(&path, text).expect("written");
            assert_eq!(read_secret_file(&path).ok().as_deref(), expected, "{text:?}");
        }
    }

    /// Secrets of every method of an API are read again; a changed key of a service account brings its account.
    #[test]
    fn secrets_of_every_method_are_read_again() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("secret");
        let secret = || SecretText::from_file("old", SecretFile { key: "token_file", path: path.clone() });
        let id = || "id".to_owned();
        let grant = |kind| {
            let url = "https://api.example/token".parse().expect("a URL");
            HttpAuth::Token(TokenGrant { url, kind, scope: None })
        };
        let methods = [
            HttpAuth::Header { name: "authorization", prefix: "Bearer ", secret: secret() },
            HttpAuth::NamedHeader { name: id(), secret: secret() },
            HttpAuth::Basic { user: secret(), password: SecretText::new("x") },
            HttpAuth::Basic { user: SecretText::new("x"), password: secret() },
            grant(GrantKind::ClientSecret { id: id(), secret: secret() }),
            grant(GrantKind::ClientSecretBasic { id: id(), secret: secret() }),
            grant(GrantKind::ClientKey { id: id(), key: secret(), key_id: None }),
            grant(GrantKind::Saml { id: id(), company: id(), user: id(), audience: "a", key: secret() }),
            grant(GrantKind::RefreshToken { id: id(), secret: SecretText::new("x"), token: secret() }),
            grant(GrantKind::RefreshToken { id: id(), secret: secret(), token: SecretText::new("x") }),
            grant(GrantKind::ServiceAccount { issuer: id(), subject: id(), key: secret(), key_id: None }),
        ];
        for mut auth in methods {
            let is_account = format!("{auth:?}").contains("ServiceAccount");
            let file = |key: &str| {
                let json = format!("{{\"client_email\": \"{key}@x\", \"private_key\": \"{key}\"}}");
                std::fs::write(&path, if is_account { json } else { key.to_owned() }).expect("written");
            };
            file("old");
            let first = auth.renew_secrets();
            assert_eq!(first, Ok(is_account), "{auth:?}");
            file("new");
            assert_eq!(auth.renew_secrets(), Ok(true), "{auth:?}");
            assert!(auth.secrets().any(|text| text == "new"), "{auth:?}");
            assert_eq!(format!("{auth:?}").contains("new@x"), is_account, "{auth:?}");
            assert_eq!(auth.renew_secrets(), Ok(false), "{auth:?}");
            std::fs::remove_file(&path).expect("removed");
            let error = auth.renew_secrets().expect_err("gone").to_string();
            assert!(error.contains("secret` (`token_file`) cannot be read"), "{error}");
        }
    }
}
