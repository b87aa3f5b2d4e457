//! URLs of HTTP servers.

use url::Url;

use crate::diagnostic_collector::SpannedValue;
use crate::section::ConfigSection;

/// Parses a URL to which secrets may be sent.
pub(super) fn check_secret_url(section: &ConfigSection<'_>, at: &SpannedValue<&str>) -> Option<Url> {
    let say = |message: String, hint: &str| {
        section.report.report_error(at.finding(message).hint(hint.to_owned()));
        None
    };
    let name = at.key.rsplit('.').next().unwrap_or_default();
    let Ok(url) = Url::parse(at.value) else {
        return say(format!("`{name}` is not a valid URL"), "write https://HOST/PATH");
    };
    if !["https", "http"].contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return say(format!("`{name}` is not an HTTP URL"), "write https://HOST/PATH");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return say(
            format!("`{name}` contains credentials"),
            "use the keys for credentials, and a file for the secret",
        );
    }
    if url.scheme() == "http" && section.is_disabled("plaintext") {
        let hint = "use https://; if the network is trusted, add plaintext = true";
        return say("secrets and personal data would be sent unencrypted".to_owned(), hint);
    }
    Some(url)
}
