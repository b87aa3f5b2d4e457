//! Debian packages that the tests need, installed when they are missing.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

/// What Debian's tools ask before they start the service of a package; 101 means no.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Sees to it that `program` is there, installing `packages` if it is not.
pub(crate) fn ensure_installed(program: &str, packages: &[&str]) {
    ensure_available(program, || Path::new(program).exists(), packages);
}

/// Sees to it that something is there, installing `packages` if it is not.
///
/// One process at a time installs; the others wait for it. The packages' services are not started.
pub(crate) fn ensure_available(what: &str, is_there: impl Fn() -> bool, packages: &[&str]) {
    if is_there() {
        return;
    }
    let lock = File::create(std::env::temp_dir().join("rollcall-tests-packages.lock")).expect("a lock file");
    lock.lock().expect("the lock of the package manager");
    if is_there() {
        return;
    }
    let wanted = packages.join(" ");
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    assert!(
        is_root && Path::new("/usr/bin/apt-get").exists(),
        "these tests need {what}: install the packages {wanted} (with apt-get, as root), then run them again"
    );
    let _policy = ServiceStartBlocker::declare();
    if !apt_get("install", packages) {
        assert!(apt_get("update", &[]), "apt-get update failed");
        assert!(apt_get("install", packages), "apt-get could not install {wanted}");
    }
    assert!(is_there(), "the packages {wanted} did not bring {what}");
}

fn apt_get(verb: &str, packages: &[&str]) -> bool {
    let output = Command::new("apt-get")
        .args(["-q", "-y", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends", verb])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .expect("apt-get can be run");
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

/// Keeps services from being started while it lives; does nothing where a policy stands already.
struct ServiceStartBlocker {
    ours: bool,
}

impl ServiceStartBlocker {
    fn declare() -> Self {
        let ours = OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        let ours = ours.and_then(|mut file| {
            file.write_all(b"#!/bin/sh\nexit 101\n")?;
            file.set_permissions(fs::Permissions::from_mode(0o755))
        });
        Self { ours: ours.is_ok() }
    }
}

impl Drop for ServiceStartBlocker {
    fn drop(&mut self) {
        if self.ours {
            fs::remove_file(POLICY).expect("our own policy can be removed");
        }
    }
}
