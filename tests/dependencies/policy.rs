//! The tables of `deny.toml` that can be evaluated offline: licences, bans and sources.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::packages::{CargoMetadata, LockFile, is_workspace_member};
use super::spdx;

#[derive(Debug, Deserialize)]
pub(crate) struct DenyFile {
    pub licenses: LicenseTable,
    pub bans: BanTable,
    pub sources: SourceTable,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LicenseTable {
    pub allow: Vec<String>,
    #[serde(default)]
    pub exceptions: Vec<LicenseException>,
}

/// Further licences of one crate.
#[derive(Debug, Deserialize)]
pub(crate) struct LicenseException {
    #[serde(rename = "crate")]
    pub name: String,
    pub allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BanTable {
    pub wildcards: String,
    pub deny: Vec<BannedCrate>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BannedCrate {
    #[serde(rename = "crate")]
    pub name: String,
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SourceTable {
    pub unknown_registry: String,
    pub unknown_git: String,
    pub allow_registry: Vec<String>,
    pub allow_git: Vec<String>,
}

/// Packages whose licence is not allowed.
pub(crate) fn find_licence_violations(deny: &DenyFile, cargo: &CargoMetadata) -> Vec<String> {
    let mut violations = Vec::new();
    for package in &cargo.packages {
        let exceptions = deny.licenses.exceptions.iter().filter(|one| one.name == package.name);
        let further: BTreeSet<&String> = exceptions.flat_map(|one| &one.allow).collect();
        let is_allowed = |licence: &str| {
            deny.licenses.allow.iter().chain(further.iter().copied()).any(|one| one == licence)
        };
        let met = match &package.license {
            Some(expression) => spdx::is_met(expression, &is_allowed),
            None => Err("no licence".to_owned()),
        };
        if met != Ok(true) {
            violations.push(format!("{} {}: {:?} {met:?}", package.name, package.version, package.license));
        }
    }
    violations
}

/// Crates with a licence of their own that the program itself contains. Only tests may use them.
pub(crate) fn find_shipped_exceptions(deny: &DenyFile, cargo: &CargoMetadata) -> Vec<String> {
    let shipped = cargo.find_shipped();
    let names = deny.licenses.exceptions.iter().map(|one| &one.name);
    names.filter(|name| shipped.contains(name.as_str())).cloned().collect()
}

/// Crates that are banned, and dependencies on any version.
pub(crate) fn find_banned(deny: &DenyFile, lock: &LockFile, cargo: &CargoMetadata) -> Vec<String> {
    let banned =
        deny.bans.deny.iter().filter(|banned| lock.packages.iter().any(|one| one.name == banned.name));
    let mut found: Vec<String> = banned.map(|one| format!("{}: {}", one.name, one.reason)).collect();
    assert_eq!(deny.bans.wildcards, "deny");
    for package in cargo.packages.iter().filter(|package| is_workspace_member(package)) {
        let wildcards = package.dependencies.iter().filter(|one| one.req == "*" && one.path.is_none());
        found.extend(wildcards.map(|one| format!("{} depends on any version of {}", package.name, one.name)));
    }
    found
}

/// Packages from elsewhere than the registries that are allowed.
pub(crate) fn find_foreign_sources(deny: &DenyFile, lock: &LockFile) -> Vec<String> {
    let sources = &deny.sources;
    assert_eq!((sources.unknown_registry.as_str(), sources.unknown_git.as_str()), ("deny", "deny"));
    let is_allowed = |source: &str| {
        let registry = source.strip_prefix("registry+").or_else(|| source.strip_prefix("sparse+"));
        let git = source.strip_prefix("git+").map(|url| url.split(['?', '#']).next().unwrap_or(url));
        registry.is_some_and(|url| sources.allow_registry.iter().any(|one| one == url))
            || git.is_some_and(|url| sources.allow_git.iter().any(|one| one == url))
    };
    let foreign = lock.packages.iter().filter(|one| one.source.as_deref().is_some_and(|at| !is_allowed(at)));
    foreign.map(|one| format!("{} {}: {:?}", one.name, one.version, one.source)).collect()
}

/// Crates that come in several versions, one of them only because crates of this workspace ask for it.
pub(crate) fn find_own_duplicates(cargo: &CargoMetadata) -> BTreeSet<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in &cargo.packages {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    let own = cargo.packages.iter().filter(|package| {
        let users = cargo.users_of(&package.id);
        versions[package.name.as_str()].len() > 1
            && !users.is_empty()
            && users.into_iter().all(is_workspace_member)
    });
    own.map(|package| format!("{} {}", package.name, package.version)).collect()
}
