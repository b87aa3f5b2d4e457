//! Sections that occur once: `[database]`, `[web]`, `[worker]` and `[safety]`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use ipnet::IpNet;

use crate::diagnostic_collector::SpannedValue;
use crate::secret::{self, CLIENT_SECRET, DATABASE_URL};
use crate::section::ConfigSection;
use crate::{
    DatabaseSettings, Environment, SignInSettings, TlsSettings, WebKeyLines, WebSettings, WorkerSettings,
};
use rollcall_model::guard::SafetyLimits;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};
use rollcall_model::role::Role;
use rollcall_model::secret::SecretText;

/// The default database; its file is in the folder of the configuration file.
const DATABASE: &str = "sqlite://rollcall.db";
const PORT: u16 = 8080;
/// One worker completes thousands of jobs a second; a second one continues while the first waits for a commit.
const CONCURRENCY: u32 = 2;

pub(super) fn database(root: &ConfigSection<'_>, around: &Environment<'_>) -> DatabaseSettings {
    let section = root.table("database");
    let given = secret::read(&section, DATABASE_URL, around);
    let max_size = section.size("max_size");
    let url = given.as_ref().map_or(DATABASE, |url| url.value.reveal());
    let is_sqlite = url.starts_with("sqlite:");
    if let (Some(size), false) = (&max_size, is_sqlite) {
        let finding = size.finding("`max_size` applies to SQLite only, but the URL names another database");
        section
            .report
            .report_error(finding.hint("remove the key, or limit the size on the server".to_owned()));
    }
    if let Some(at) = &given {
        check_url(&section, at);
    }
    DatabaseSettings {
        url: SecretText::new(resolve_sqlite_path(url, around.folder)),
        max_size: max_size.map(|size| size.value),
    }
}

fn check_url(section: &ConfigSection<'_>, at: &SpannedValue<SecretText>) {
    let url = at.value.reveal();
    let server = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let wrong = if let Some(file) = url.strip_prefix("sqlite:") {
        file.trim_start_matches('/')
            .split('?')
            .next()
            .is_none_or(str::is_empty)
            .then_some("the URL does not contain a file name")
    } else if server {
        match url::Url::parse(url) {
            Ok(parsed) if parsed.path().len() <= 1 => Some("the URL does not contain a database name"),
            Ok(_) => None,
            Err(_) => Some("the URL is not valid"),
        }
    } else {
        Some("the URL does not name a supported database")
    };
    if let Some(message) = wrong {
        let hint =
            "write sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME; in a password, %40 stands for @";
        section.report.report_error(at.finding(message).hint(hint.to_owned()));
    }
}

/// Resolves a relative SQLite file against the folder of the configuration file.
fn resolve_sqlite_path(url: &str, folder: &Path) -> String {
    let Some(rest) = url.strip_prefix("sqlite:") else { return url.to_owned() };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    if rest.starts_with('/') || rest.starts_with(':') {
        return url.to_owned();
    }
    let folder = folder.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{}/{rest}", folder.trim_end_matches('/'))
}

pub(super) fn web(root: &ConfigSection<'_>, around: &Environment<'_>) -> WebSettings {
    let section = root.table("web");
    let listen = section.parsed("listen");
    let listen = listen.map_or(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)), |listen| listen.value);
    let file = |name| section.text(name).map(|at| (around.folder.join(at.value), at));
    let tls = match (file("cert"), file("key")) {
        (Some((cert, _)), Some((key, at))) => {
            secret::warn_if_readable(&section, &at, &key);
            Some(TlsSettings { cert, key })
        }
        (Some((_, at)), None) => {
            section.report.report_error(at.finding("`cert` requires `key`, the file with the private key"));
            None
        }
        (None, Some((_, at))) => {
            section.report.report_error(at.finding("`key` requires `cert`, the file with the certificate"));
            None
        }
        (None, None) => None,
    };
    let sign_in = sign_in(&section, around);
    let trusted_proxies = trusted_proxies(&section);
    if tls.is_none() && trusted_proxies.is_empty() && !listen.ip().is_loopback() {
        warn_without_https(&section);
    }
    WebSettings {
        listen,
        tls,
        trusted_proxies,
        passwords: are_passwords_accepted(&section),
        second_factor: second_factor_roles(&section),
        sign_in,
    }
}

/// Warns of pages that other machines reach without HTTPS.
fn warn_without_https(web: &ConfigSection<'_>) {
    let Some(at) = web.place("listen") else { return };
    let finding = at.finding("browsers on other machines keep the cookie of a session over HTTPS only");
    let hint = "set `cert` and `key`, or `trusted_proxies` if a reverse proxy serves HTTPS";
    web.report.report_warning(finding.hint(hint.to_owned()));
}

/// Returns the lines of keys that `check` names.
pub(super) fn web_lines(root: &ConfigSection<'_>) -> WebKeyLines {
    let section = root.table("web");
    let line = |name| Some(section.report.document.line_of(section.place(name)?.span.start) + 1);
    WebKeyLines { listen: line("listen"), cert: line("cert"), key: line("key") }
}

/// Reads whether accounts may sign in with a password. Without passwords a sign-in provider is required.
fn are_passwords_accepted(web: &ConfigSection<'_>) -> bool {
    let passwords = !web.has("passwords") || web.flag("passwords");
    if let (false, false, Some(at)) = (passwords, web.has("sign_in"), web.place("passwords")) {
        let finding = at.finding("without passwords and without a sign-in provider, sign-in is impossible");
        web.report.report_error(finding.hint("add `[web.sign_in]`, or remove this line".to_owned()));
    }
    passwords
}

/// Reads the roles whose accounts must have a second factor.
fn second_factor_roles(web: &ConfigSection<'_>) -> Vec<Role> {
    let mut roles = Vec::new();
    for at in web.texts("second_factor").unwrap_or_default() {
        match at.value.parse::<Role>().ok().filter(|role| Role::OF_ACCOUNTS.contains(role)) {
            Some(role) => roles.push(role),
            None => {
                let finding = at.finding(format!("`{}` is not a role of accounts", at.value));
                let hint = "write license_holder, operator, manager or viewer".to_owned();
                web.report.report_error(finding.hint(hint));
            }
        }
    }
    roles
}

/// Reads the networks whose forwarding headers are trusted. Networks that contain every address are rejected.
fn trusted_proxies(web: &ConfigSection<'_>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for at in web.texts("trusted_proxies").unwrap_or_default() {
        let text = at.value.trim();
        let read = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let (message, hint) = match read {
            None => (
                format!("`{text}` is not a valid IP address or network"),
                "write an IP address such as \"127.0.0.1\", or a network such as \"10.0.0.0/8\"".to_owned(),
            ),
            Some(network) if network.prefix_len() == 0 => (
                format!("`{text}` contains every address, so any client could forge its address"),
                "list only the addresses of the proxies".to_owned(),
            ),
            Some(network) if network != network.trunc() => (
                format!("`{text}` is an address inside a network"),
                format!("write the network \"{}\", or the address \"{}\"", network.trunc(), network.addr()),
            ),
            Some(network) => {
                networks.push(network);
                continue;
            }
        };
        web.report.report_error(at.finding(message).hint(hint));
    }
    networks
}

fn sign_in(web: &ConfigSection<'_>, around: &Environment<'_>) -> Option<SignInSettings> {
    if !web.has("sign_in") {
        return None;
    }
    let section = web.table("sign_in");
    let secret = secret::read(&section, CLIENT_SECRET, around).map(|at| at.value);
    let text = |name| section.text(name).map(|at| at.value.to_owned());
    let texts = |name| -> Vec<String> {
        section.texts(name).unwrap_or_default().iter().map(|at| at.value.to_owned()).collect()
    };
    let roles = [
        (Role::LicenseHolder, "license_holders"),
        (Role::Operator, "operators"),
        (Role::Manager, "managers"),
        (Role::Viewer, "viewers"),
    ];
    let roles: Vec<_> = roles.map(|(role, name)| (role, texts(name))).into();
    if roles.iter().all(|(_, groups)| groups.is_empty()) {
        let finding = section.finding("no group of the provider has a role, so sign-in is impossible");
        section
            .report
            .report_error(finding.hint("list groups in `license_holders`, `managers`, …".to_owned()));
    }
    for name in ["issuer", "url"] {
        let Some(at) = section.text(name) else { continue };
        let parsed = url::Url::parse(at.value);
        let is_home = |url: &url::Url| matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        match parsed {
            Ok(url) if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() => {
                let message = format!("`{name}` has more than scheme, host and path");
                section.report.report_error(at.finding(message).hint("write https://HOST/PATH".to_owned()));
            }
            Ok(url) if url.scheme() == "https" || url.scheme() == "http" && is_home(&url) => {}
            Ok(_) => section.report.report_error(at.finding(format!("`{name}` does not use https"))),
            Err(_) => section.report.report_error(at.finding(format!("`{name}` is not a valid URL"))),
        }
    }
    let scopes = section.texts("scopes").map(|all| all.iter().map(|at| at.value.to_owned()).collect());
    Some(SignInSettings {
        issuer: text("issuer")?,
        pages_url: text("url")?,
        client_id: text("client_id")?,
        client_secret: secret,
        scopes: scopes.unwrap_or_else(|| vec!["email".to_owned(), "profile".to_owned()]),
        groups_claim: text("groups_claim").unwrap_or_else(|| "groups".to_owned()),
        roles,
    })
}

pub(super) fn worker(root: &ConfigSection<'_>) -> WorkerSettings {
    let concurrency = root.table("worker").number("concurrency");
    WorkerSettings { concurrency: concurrency.map_or(CONCURRENCY, |number| number.value) }
}

pub(super) fn safety(root: &ConfigSection<'_>) -> SafetyLimits {
    let section = root.table("safety");
    let default = SafetyLimits::default();
    let share = |name, default| section.percent(name).map_or(default, |share| share.value);
    let count = |name, default| section.number(name).map_or(default, |number| number.value);
    SafetyLimits {
        max_removals: share("max_removals", default.max_removals),
        max_removals_total: count("max_removals_total", default.max_removals_total),
        max_group_removals: share("max_group_removals", default.max_group_removals),
        min_read: share("min_read", default.min_read),
        max_blanked: share("max_blanked", default.max_blanked),
        max_rekeyed: share("max_rekeyed", default.max_rekeyed),
        max_new_groups: count("max_new_groups", default.max_new_groups),
        max_growth: share("max_growth", default.max_growth),
    }
}

pub(super) fn limits(root: &ConfigSection<'_>) -> ResourceLimits {
    let section = root.table("limits");
    let configurable = ResourceLimit::ALL.into_iter().filter(|limit| limit.spec().range.is_some());
    configurable.fold(ResourceLimits::default(), |limits, limit| match section.number(limit.spec().name) {
        Some(number) => limits.with(limit, number.value),
        None => limits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema_keys::keys;
    use crate::value_type::ValueType;

    /// The keys of `[limits]` are the bounds with a range, with the same range and default.
    #[test]
    fn keys_of_limits_are_the_configurable_bounds() {
        let described: Vec<_> = keys()
            .filter(|key| key.section == "limits")
            .map(|key| (key.name, key.value_type, key.example.to_owned(), key.doc))
            .collect();
        let expected: Vec<_> = ResourceLimit::ALL
            .into_iter()
            .filter_map(|limit| {
                let spec = limit.spec();
                let (least, most) = spec.range?;
                let range = (i64::try_from(least).expect("small"), i64::try_from(most).expect("small"));
                let value_type = ValueType::Number { least: range.0, most: range.1 };
                Some((spec.name, value_type, spec.default.to_string(), spec.about))
            })
            .collect();
        assert_eq!(described, expected);
    }

    #[test]
    fn a_relative_sqlite_file_lies_beside_the_configuration() {
        let folder = Path::new("/etc/rollcall 100%");
        assert_eq!(
            resolve_sqlite_path("sqlite://a.db?mode=rwc", folder),
            "sqlite:///etc/rollcall 100%25/a.db?mode=rwc"
        );
        assert_eq!(
            resolve_sqlite_path("sqlite:data/a.db", folder),
            "sqlite:///etc/rollcall 100%25/data/a.db"
        );
        for absolute in ["sqlite:///var/a.db", "sqlite::memory:", "postgres://a:b@c/d"] {
            assert_eq!(resolve_sqlite_path(absolute, folder), absolute);
        }
    }
}
