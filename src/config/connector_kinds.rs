//! The connector kinds, and the lists of kinds that have a key.

/// Joins two lists of kinds into one with `N` elements.
pub(super) const fn join_kinds<const N: usize>(
    first: &[&'static str],
    second: &[&'static str],
) -> [&'static str; N] {
    assert!(first.len() + second.len() == N, "N is the length of both");
    let mut all = [""; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

pub(super) const LDAP: &[&str] = &["ldap", "active_directory"];
/// Kinds with several equivalent servers.
pub(super) const REPLICATED_KINDS: &[&str] = &["active_directory"];
pub(super) const CSV: &[&str] = &["csv"];
/// Kinds that read a file.
pub(super) const FILE: &[&str] = &["csv", "json_file"];
pub(super) const SQL: &[&str] = &["sql"];
/// Kinds that use HTTP.
pub(super) const HTTP: &[&str] = &[
    "scim",
    "entra",
    "okta",
    "google",
    "bamboohr",
    "personio",
    "personio_v2",
    "workday",
    "successfactors",
    "hibob",
    "http_json",
];
/// Kinds that use a network.
pub(super) const REMOTE: &[&str] = &join_kinds::<13>(LDAP, HTTP);
/// Kinds with a timeout.
pub(super) const TIMEOUT_KINDS: &[&str] = &join_kinds::<14>(REMOTE, SQL);
/// Kinds with a fixed URL, or one that is derived from a name.
pub(super) const DEFAULT_URL_KINDS: &[&str] =
    &["entra", "google", "bamboohr", "personio", "personio_v2", "hibob"];
pub(super) const PAGED_KINDS: &[&str] = &[
    "ldap",
    "active_directory",
    "scim",
    "entra",
    "okta",
    "google",
    "bamboohr",
    "personio",
    "personio_v2",
    "successfactors",
    "http_json",
];
pub(super) const PASSWORD_KINDS: &[&str] = &["scim", "workday", "successfactors", "hibob", "http_json"];
pub(super) const PASSWORD_ONLY_KINDS: &[&str] = &["scim", "workday", "successfactors", "http_json"];
pub(super) const TOKEN_KINDS: &[&str] = &["scim", "okta", "successfactors", "hibob", "http_json"];
pub(super) const CLIENT_ID_KINDS: &[&str] =
    &["scim", "entra", "okta", "personio", "personio_v2", "workday", "successfactors", "http_json"];
pub(super) const CLIENT_SECRET_KINDS: &[&str] =
    &["scim", "entra", "personio", "personio_v2", "workday", "http_json"];
/// Kinds whose clients authenticate with a key pair.
pub(super) const KEY_PAIR_KINDS: &[&str] = &["okta", "successfactors"];
pub(super) const REFRESH_TOKEN_KINDS: &[&str] = &["workday", "http_json"];
pub(super) const API_KEY_KINDS: &[&str] = &["bamboohr", "http_json"];
pub(super) const OAUTH_KINDS: &[&str] =
    &["scim", "entra", "okta", "google", "personio", "personio_v2", "workday", "successfactors", "http_json"];
pub(super) const HTTP_JSON_KINDS: &[&str] = &["http_json"];
pub(super) const JSON_FILE: &[&str] = &["json_file"];
/// Kinds whose list of people has a path.
pub(super) const LIST_KINDS: &[&str] = &join_kinds::<2>(HTTP_JSON_KINDS, JSON_FILE);

/// All connector kinds.
pub(crate) const KINDS: &[&str] =
    &join_kinds::<16>(&join_kinds::<5>(LDAP, &join_kinds::<3>(FILE, SQL)), HTTP);
