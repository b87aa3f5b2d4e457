//! Keys of connectors of kind `ldap` and `active_directory`.

use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;

use crate::Environment;
use crate::diagnostic_collector::SpannedValue;
use crate::secret::{self, BIND_PASSWORD};
use crate::section::ConfigSection;
use rollcall_connectors::active_directory;
use rollcall_connectors::file::open_regular_file;
use rollcall_connectors::ldap::{GROUP_FILTER, LdapSettings};
use rollcall_model::secret::SecretText;

const FILTER: &str = "(objectClass=person)";
/// The page size with the highest throughput at low memory use.
const PAGE_SIZE: u32 = 500;
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);

/// Reads the settings of a connector of kind `ldap`; `None` if something required is missing.
pub(super) fn read(section: &ConfigSection<'_>, around: &Environment<'_>) -> Option<LdapSettings> {
    servers(section, around, [FILTER, GROUP_FILTER], PAGE_SIZE)?.pop()
}

/// Reads the settings of a connector of kind `active_directory`.
pub(super) fn read_active_directory(
    section: &ConfigSection<'_>,
    around: &Environment<'_>,
    zone: Tz,
) -> Option<active_directory::ActiveDirectorySettings> {
    let sources = section.table("attributes").open();
    let mut known = true;
    for (name, source) in sources.iter().filter(|(_, source)| !active_directory::is_source(source.value)) {
        let finding = source.finding(format!("`{}` is mapped to an invalid attribute name", name.value));
        let hint = "write the name of an attribute, several names separated by |, or @account, @accountExpires or @groupDNs";
        section.report.report_error(finding.hint(hint.to_owned()));
        known = false;
    }
    let controllers = servers(
        section,
        around,
        [active_directory::FILTER, active_directory::GROUP_FILTER],
        active_directory::PAGE_SIZE,
    )?;
    known.then_some(active_directory::ActiveDirectorySettings { controllers, zone })
}

/// Returns the settings of every server in `url`, in the order of the file; at least one.
fn servers(
    section: &ConfigSection<'_>,
    around: &Environment<'_>,
    [usual_filter, usual_group_filter]: [&str; 2],
    usual_page: u32,
) -> Option<Vec<LdapSettings>> {
    let urls = section.texts("url");
    check_urls(section, urls.as_deref().unwrap_or_default());
    let bind = bind(section, around);
    let ca_file = ca_file(section, around);
    let filter_text = filter(section, "filter", usual_filter);
    let group_filter = filter(section, "group_filter", usual_group_filter);
    let group_bases = if section.has("group_base") { section.texts("group_base")? } else { Vec::new() };
    let base_dns = section.texts("base_dn");
    let (urls, base_dns) = (urls?, base_dns?);
    let settings = |url: &SpannedValue<&str>| LdapSettings {
        url: url.value.to_owned(),
        starttls: section.flag("starttls"),
        plaintext: section.flag("plaintext"),
        ca_file: ca_file.clone(),
        bind: bind.clone(),
        base_dns: base_dns.iter().map(|dn| dn.value.to_owned()).collect(),
        filter: filter_text.clone(),
        group_base_dns: group_bases.iter().map(|dn| dn.value.to_owned()).collect(),
        group_filter: group_filter.clone(),
        page_size: section.number("page_size").map_or(usual_page, |number| number.value),
        timeout: section.duration("timeout").map_or(TIMEOUT, |timeout| timeout.value),
    };
    Some(urls.iter().map(settings).collect())
}

/// Checks every URL, and its combination with the encryption keys once for each scheme.
fn check_urls(section: &ConfigSection<'_>, urls: &[SpannedValue<&str>]) {
    let mut checked = Vec::new();
    for url in urls {
        let Some(encrypted) = check_url(section, url) else { continue };
        if !checked.contains(&encrypted) {
            check_encryption(section, url, encrypted);
            checked.push(encrypted);
        }
    }
}

/// Whether an address encrypts by itself; what is wrong with it is said.
fn check_url(section: &ConfigSection<'_>, at: &SpannedValue<&str>) -> Option<bool> {
    let say = |message: &str, hint: &str| {
        section.report.report_error(at.finding(message).hint(hint.to_owned()));
        None
    };
    let form = "write ldaps://HOST:PORT or ldap://HOST:PORT";
    let Ok(url) = url::Url::parse(at.value) else {
        return say("`url` cannot be read", form);
    };
    if !["ldap", "ldaps"].contains(&url.scheme()) {
        return say("`url` does not begin with ldap:// or ldaps://", form);
    }
    if url.host_str().is_none_or(str::is_empty) {
        return say("`url` does not contain a host name", form);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return say("`url` contains credentials", "use `bind_dn` and `bind_password_file` instead");
    }
    if url.path().len() > 1 || url.query().is_some() || url.fragment().is_some() {
        return say("`url` contains more than a host and a port", "use `base_dn` and `filter` for the rest");
    }
    Some(url.scheme() == "ldaps")
}

fn check_encryption(section: &ConfigSection<'_>, url: &SpannedValue<&str>, encrypted: bool) {
    let say = |at: Option<SpannedValue<()>>, message: &str, hint: &str| {
        let finding = at.map_or_else(|| url.finding(message), |at| at.finding(message));
        section.report.report_error(finding.hint(hint.to_owned()));
    };
    match (encrypted, section.flag("starttls"), section.flag("plaintext")) {
        (false, true, true) => {
            let message = "`plaintext` contradicts `starttls`";
            say(section.place("plaintext"), message, "keep `starttls` unless the network is trusted");
        }
        (false, false, false) => {
            let message = "passwords and personal data would be sent unencrypted";
            let hint = "use ldaps:// or add starttls = true; if the network is trusted, add plaintext = true";
            // An invalid value has already been reported; its meaning is unknown.
            if !section.has("starttls") && !section.has("plaintext") {
                section.report.report_absence(url.finding(message).hint(hint.to_owned()));
            } else if section.is_disabled("starttls") && section.is_disabled("plaintext") {
                say(None, message, hint);
            }
        }
        (true, true, _) => {
            say(section.place("starttls"), "`starttls` is not needed with ldaps://", "remove it");
        }
        (true, false, true) => {
            say(section.place("plaintext"), "`plaintext` contradicts ldaps://", "remove it");
        }
        (true, false, false) | (false, true, false) | (false, false, true) => {}
    }
}

fn bind(section: &ConfigSection<'_>, around: &Environment<'_>) -> Option<(String, SecretText)> {
    let account = section.text("bind_dn");
    let password = secret::read(section, BIND_PASSWORD, around);
    match (account, password, BIND_PASSWORD.place(section)) {
        (Some(account), Some(password), _) => Some((account.value.to_owned(), password.value)),
        (Some(account), None, None) => {
            let finding = account.finding("`bind_dn` has no password");
            let hint = "add `bind_password_file`; without `bind_dn` the bind is anonymous".to_owned();
            section.report.report_absence(finding.hint(hint));
            None
        }
        (None, _, Some(password)) if !section.has("bind_dn") => {
            let finding = password.finding("the password has no `bind_dn`");
            section.report.report_absence(
                finding.hint("add `bind_dn`, the account that the password belongs to".to_owned()),
            );
            None
        }
        (Some(_) | None, None, _) | (None, Some(_), _) => None,
    }
}

pub(super) fn ca_file(section: &ConfigSection<'_>, around: &Environment<'_>) -> Option<PathBuf> {
    let at = section.text("ca_file")?;
    let path = around.folder.join(at.value);
    match open_regular_file(&path) {
        Ok(_) => Some(path),
        Err(wrong) => {
            section.report.report_error(at.finding(format!("`{}` cannot be read: {wrong}", path.display())));
            None
        }
    }
}

fn filter(section: &ConfigSection<'_>, key: &'static str, usual: &str) -> String {
    let Some(filter) = section.text(key) else { return usual.to_owned() };
    let text = filter.value.trim();
    if !text.starts_with('(') || !rollcall_connectors::ldap::is_filter(text) {
        let (opened, closed) = (text.matches('(').count(), text.matches(')').count());
        let hint = if opened == closed {
            "write a filter such as (&(objectClass=person)(mail=*)), RFC 4515".to_owned()
        } else {
            format!("it has {opened} opening and {closed} closing brackets")
        };
        section.report.report_error(filter.finding(format!("`{key}` is not a valid LDAP filter")).hint(hint));
    }
    text.to_owned()
}
