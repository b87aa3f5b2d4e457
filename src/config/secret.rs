//! Secrets, given by exactly one of the keys `NAME`, `NAME_file` and `NAME_env`.

use std::path::Path;

use crate::Environment;
use crate::diagnostic_collector::SpannedValue;
use crate::section::ConfigSection;
use rollcall_connectors::read_secret_file;
use rollcall_model::secret::{SecretFile, SecretText};

/// The names of the three keys of one secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecretKeyNames {
    pub plain: &'static str,
    pub file: &'static str,
    pub env: &'static str,
}

pub(super) const DATABASE_URL: SecretKeyNames =
    SecretKeyNames { plain: "url", file: "url_file", env: "url_env" };
pub(super) const BIND_PASSWORD: SecretKeyNames =
    SecretKeyNames { plain: "bind_password", file: "bind_password_file", env: "bind_password_env" };

pub(super) const SQL_URL: SecretKeyNames =
    SecretKeyNames { plain: "database_url", file: "database_url_file", env: "database_url_env" };
pub(super) const PASSWORD: SecretKeyNames =
    SecretKeyNames { plain: "password", file: "password_file", env: "password_env" };
pub(super) const TOKEN: SecretKeyNames =
    SecretKeyNames { plain: "token", file: "token_file", env: "token_env" };
pub(super) const API_KEY: SecretKeyNames =
    SecretKeyNames { plain: "api_key", file: "api_key_file", env: "api_key_env" };
pub(super) const CLIENT_SECRET: SecretKeyNames =
    SecretKeyNames { plain: "client_secret", file: "client_secret_file", env: "client_secret_env" };
pub(super) const REFRESH_TOKEN: SecretKeyNames =
    SecretKeyNames { plain: "refresh_token", file: "refresh_token_file", env: "refresh_token_env" };
pub(super) const PRIVATE_KEY: SecretKeyNames =
    SecretKeyNames { plain: "private_key", file: "private_key_file", env: "private_key_env" };
pub(super) const SERVICE_ACCOUNT: SecretKeyNames =
    SecretKeyNames { plain: "service_account", file: "service_account_file", env: "service_account_env" };

impl SecretKeyNames {
    fn all(self) -> [&'static str; 3] {
        [self.plain, self.file, self.env]
    }

    /// Returns the first of the three keys in the section, valid or not.
    pub(crate) fn place(self, section: &ConfigSection<'_>) -> Option<SpannedValue<()>> {
        self.all().into_iter().find_map(|name| section.place(name))
    }
}

/// Reads a secret. Returns `None` if it is missing; also if it cannot be read, which is reported.
pub(super) fn read(
    section: &ConfigSection<'_>,
    names: SecretKeyNames,
    around: &Environment<'_>,
) -> Option<SpannedValue<SecretText>> {
    let mut given: Vec<(SpannedValue<()>, &str)> =
        names.all().into_iter().filter_map(|name| Some((section.place(name)?, name))).collect();
    given.sort_by_key(|(place, _)| place.span.start);
    if let [(_, first), (second, name), ..] = given.as_slice() {
        let message = format!("`{name}` and `{first}` both set the same secret");
        section.report.report_error(second.finding(message).hint("keep one of them".to_owned()));
        return None;
    }
    if let Some(plain) = section.text(names.plain) {
        return Some(SpannedValue { value: SecretText::new(plain.value), key: plain.key, span: plain.span });
    }
    if let Some(path) = section.text(names.file) {
        let file = SecretFile { key: names.file, path: around.folder.join(path.value) };
        let text = from_file(section, &path, &file.path)?;
        return Some(SpannedValue {
            value: SecretText::from_file(text, file),
            key: path.key,
            span: path.span,
        });
    }
    let name = section.text(names.env)?;
    let text = from_env(section, &name, around)?;
    Some(SpannedValue { value: SecretText::new(text), key: name.key, span: name.span })
}

fn from_file(section: &ConfigSection<'_>, at: &SpannedValue<&str>, path: &Path) -> Option<String> {
    let text = match read_secret_file(path) {
        Ok(text) => text,
        Err(error) => {
            section.report.report_error(at.finding(format!("the secret in `{}` {error}", path.display())));
            return None;
        }
    };
    warn_if_readable(section, at, path);
    Some(text)
}

/// Warns if other users of the machine can read the file of a secret.
pub(super) fn warn_if_readable(section: &ConfigSection<'_>, at: &SpannedValue<&str>, path: &Path) {
    if readable_by_others(path) {
        let finding = at
            .finding(format!("the secret in `{}` is readable by every user of this machine", path.display()));
        section.report.report_warning(finding.hint(format!("chmod 600 {}", path.display())));
    }
}

fn from_env(
    section: &ConfigSection<'_>,
    at: &SpannedValue<&str>,
    around: &Environment<'_>,
) -> Option<String> {
    let finding = match (around.env)(at.value) {
        Some(text) if !text.is_empty() => return Some(text),
        Some(_) => at.finding(format!("the environment variable `{}` is empty", at.value)),
        None => at.finding(format!("the environment variable `{}` is not set", at.value)),
    };
    section.report.report_error(finding);
    None
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_path: &Path) -> bool {
    false
}
