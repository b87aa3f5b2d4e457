//! The dependencies obey `deny.toml`. Its advisories need a database: `.ci/run` checks them with `cargo deny` where it is
//! installed.

mod packages;
mod policy;
mod spdx;

use packages::{CargoMetadata, LockFile};
use policy::DenyFile;

/// Crates that come in two versions because of this workspace, each with the reason.
const OWN_DUPLICATES: [(&str, &str); 1] =
    [("tower-http", "the layer against requests of other sites is in 0.7; reqwest needs 0.6")];

const DENY: &str = include_str!("../../deny.toml");

fn read_policy(text: &str) -> DenyFile {
    toml::from_str(text).expect("deny.toml")
}

/// Every licence is allowed, and one that is allowed for a single crate is not in the program.
#[test]
fn licences_are_allowed() {
    let (deny, cargo) = (read_policy(DENY), CargoMetadata::read());
    assert!(cargo.packages.len() > 300, "{}", cargo.packages.len());
    assert_eq!(policy::find_licence_violations(&deny, &cargo), Vec::<String>::new());
    assert_eq!(policy::find_shipped_exceptions(&deny, &cargo), Vec::<String>::new());
}

/// No banned crate is in the lock file, for any system, and no dependency is on any version.
#[test]
fn banned_crates_are_absent() {
    let (deny, lock) = (read_policy(DENY), LockFile::read());
    assert!(deny.bans.deny.len() > 3, "{:?}", deny.bans.deny);
    assert_eq!(policy::find_banned(&deny, &lock, &CargoMetadata::read()), Vec::<String>::new());
}

/// Every package is from a registry that is allowed.
#[test]
fn sources_are_allowed() {
    let (deny, lock) = (read_policy(DENY), LockFile::read());
    assert!(lock.packages.iter().filter(|one| one.source.is_some()).count() > 300);
    assert_eq!(policy::find_foreign_sources(&deny, &lock), Vec::<String>::new());
}

/// A crate comes in several versions only if crates of others need them.
#[test]
fn own_duplicates_have_a_reason() {
    let found = policy::find_own_duplicates(&CargoMetadata::read());
    let without_reason: Vec<_> = found
        .iter()
        .filter(|found| !OWN_DUPLICATES.iter().any(|(name, _)| found.split(' ').next() == Some(name)))
        .collect();
    assert!(without_reason.is_empty(), "{without_reason:?}");
    for (name, reason) in OWN_DUPLICATES {
        assert!(
            found.iter().any(|one| one.starts_with(name)),
            "{name} ({reason}) comes once: remove the entry"
        );
    }
}

/// The checks find what a stricter `deny.toml` forbids.
#[test]
fn violations_are_found() {
    let (lock, cargo) = (LockFile::read(), CargoMetadata::read());
    let without_mit = read_policy(&DENY.replace("    \"MIT\",\n", ""));
    let violations = policy::find_licence_violations(&without_mit, &cargo);
    assert!(violations.iter().any(|one| one.starts_with("tokio ")), "{violations:?}");
    let ban = "deny = [{ crate = \"tokio\", reason = \"a test\" },";
    let banned = policy::find_banned(&read_policy(&DENY.replace("deny = [", ban)), &lock, &cargo);
    assert_eq!(banned, ["tokio: a test"]);
    let elsewhere = read_policy(&DENY.replace("rust-lang/crates.io-index", "example/index"));
    assert_eq!(
        policy::find_foreign_sources(&elsewhere, &lock).len(),
        lock.packages.iter().filter(|one| one.source.is_some()).count()
    );
    let shipped = DENY.replace("crate = \"webdriver\"", "crate = \"ring\"");
    assert_eq!(policy::find_shipped_exceptions(&read_policy(&shipped), &cargo), ["ring"]);
}
