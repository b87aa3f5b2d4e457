//! The unit of systemd is accepted by systemd.

use std::process::Command;

use crate::support::packages;

/// Verifies the text of a unit, and returns what systemd says about it.
fn verify(text: &str) -> String {
    packages::ensure_installed("/usr/bin/systemd-analyze", &["systemd"]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rollcall.service");
    let text = text.replace("/usr/local/bin/rollcall", env!("CARGO_BIN_EXE_rollcall"));
    std::fs::write(&file, text).expect("written");
    let output = Command::new("/usr/bin/systemd-analyze").arg("verify").arg(&file).output();
    let output = output.expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said.lines().filter(|line| line.contains("rollcall.service")).collect::<Vec<_>>().join("\n")
}

#[test]
fn systemd_accepts_the_unit() {
    let unit = include_str!("../config/rollcall.service");
    assert_eq!(verify(unit), "");
    let mistake = verify(&unit.replace("UMask=", "Umask="));
    assert!(mistake.contains("Unknown key"), "{mistake}");
    for line in ["UMask=0077", "StateDirectoryMode=0700", "ProtectSystem=strict", "NoNewPrivileges=true"] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
}
