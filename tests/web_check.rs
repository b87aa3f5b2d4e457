//! `[web]` in `rollcall check`: the port, the certificate and the addresses.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::certificate_authority::CertificateAuthority;
use crate::support::company::Company;
use crate::support::database::on_both;
use crate::support::program::{CommandOutput, rollcall_command, run_to_end};

/// Writes a file with `[web]` on line 1 to a folder.
fn write(folder: &Path, web: &str) -> PathBuf {
    let path = folder.join("rollcall.toml");
    fs::write(&path, format!("[web]\n{web}\n")).expect("written");
    path
}

fn check(folder: &Path, web: &str, args: &[&str]) -> CommandOutput {
    run_to_end(rollcall_command(&write(folder, web)).arg("check").args(args))
}

/// The step of a key, as JSON.
#[track_caller]
fn step(folder: &Path, web: &str, name: &str, status: i32) -> Value {
    let checked = check(folder, web, &["--json"]).expect_status(status).json();
    let steps = checked["web"].as_array().expect("a list");
    steps.iter().find(|step| step["step"] == name).cloned().unwrap_or_else(|| panic!("{name} of {checked}"))
}

#[track_caller]
fn assert_message(step: &Value, ok: bool, parts: &[&str]) {
    let message = step["message"].as_str().expect("a text");
    assert_eq!(step["ok"], ok, "{step}");
    assert!(parts.iter().all(|part| message.contains(part)), "{parts:?} of {message}");
}

/// A port that another program uses, or an address of another machine, fails with key and line. A free port does not.
#[test]
fn port_that_cannot_be_bound_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let listen = format!("listen = '{address}'");
    let found = step(folder.path(), &listen, "listen", 1);
    assert_message(&found, false, &[&address, "used by another program", "`web.listen`, line 2"]);
    let printed = check(folder.path(), &listen, &[]).expect_status(1).out;
    assert!(printed.contains("FAIL  listen"), "{printed}");
    check(folder.path(), &listen, &["--offline"]).expect_status(0);
    assert!(!folder.path().join("rollcall.db").exists(), "nothing was made");
    drop(taken);
    assert_message(&step(folder.path(), &listen, "listen", 0), true, &[&address, "free"]);
    let found = step(folder.path(), "listen = '192.0.2.1:8080'", "listen", 1);
    assert_message(&found, false, &["not an address of this machine", "line 2"]);
}

/// The port of the service on this machine is no error.
#[test]
fn port_of_own_service_is_usable() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        let site = company.serve();
        let address = site.base.trim_start_matches("http://").to_owned();
        company.head = format!("{}\n[web]\nlisten = '{address}'\n", company.head);
        let checked = company.json(&["check"]);
        assert_message(&checked["web"][0], true, &["used by the service on this machine"]);
        site.end();
    });
}

/// A certificate that is missing, expired or of another key fails with key and line.
#[test]
fn certificate_that_browsers_refuse_fails() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let authority = CertificateAuthority::new(folder.path(), "ca");
    let check = |cert: &Path, key: &Path, name: &str, status| {
        let web = format!("listen = '127.0.0.1:0'\ncert = '{}'\nkey = '{}'", cert.display(), key.display());
        step(folder.path(), &web, name, status)
    };
    let expired = authority.certify("localhost", true);
    let found = check(&expired.file, &expired.key, "cert", 1);
    assert_message(&found, false, &["expired on 2020-01-01", "`web.cert`, line 3"]);
    let valid = authority.certify("localhost", false);
    fs::set_permissions(&valid.key, fs::Permissions::from_mode(0o600)).expect("a mode");
    assert_message(&check(&valid.file, &valid.key, "cert", 0), true, &["ends on ", "the key belongs to it"]);
    let foreign = CertificateAuthority::new(other.path(), "other").certify("localhost", false);
    let found = check(&valid.file, &foreign.key, "key", 1);
    assert_message(&found, false, &["does not belong to the certificate", "`web.key`, line 4"]);
    let found = check(&folder.path().join("none.pem"), &valid.key, "cert", 1);
    assert_message(&found, false, &["none.pem", "cannot be read", "line 3"]);
    let found = check(&valid.file, &valid.file, "key", 1);
    assert_message(&found, false, &["cannot be read", "line 4"]);
    let found = check(&valid.key, &valid.key, "cert", 1);
    assert_message(&found, false, &["contains no certificate", "line 3"]);
}

/// A certificate that ends within two weeks is warned of.
#[test]
fn certificate_that_ends_soon_is_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let soon = chrono::Utc::now() + chrono::TimeDelta::days(5);
    let made = CertificateAuthority::new(folder.path(), "ca").certify_until("localhost", soon);
    let web =
        format!("listen = '127.0.0.1:0'\ncert = '{}'\nkey = '{}'", made.file.display(), made.key.display());
    let found = step(folder.path(), &web, "cert", 0);
    let warning = found["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.contains(&soon.date_naive().to_string()) && warning.contains("line 3"), "{found}");
}

/// Pages that other machines reach without HTTPS are warned of, and addresses of the provider must be URLs with HTTPS.
#[test]
fn addresses_without_https_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let warned = check(folder.path(), "listen = '0.0.0.0:0'", &[]).expect_status(0);
    assert!(warned.err.contains("over HTTPS only") && warned.err.contains("toml:2:"), "{warned:?}");
    for listen in ["listen = '127.0.0.1:0'", "listen = '0.0.0.0:0'\ntrusted_proxies = ['127.0.0.1']"] {
        let quiet = check(folder.path(), listen, &[]).expect_status(0);
        assert!(!quiet.err.contains("HTTPS"), "{quiet:?}");
    }
    let sign_in = |issuer: &str, url: &str| {
        let keys = format!("issuer = '{issuer}'\nurl = '{url}'\nclient_id = 'rollcall'\nmanagers = ['m']");
        check(folder.path(), &format!("[web.sign_in]\n{keys}"), &["--offline"])
    };
    let (issuer, url) = ("https://id.corp.example/realms/corp", "https://rollcall.corp.example");
    sign_in(issuer, url).expect_status(0);
    for (issuer, url, part) in [
        ("http://id.corp.example", url, ":3:"),
        ("id.corp.example", url, ":3:"),
        ("https://id.corp.example/?realm=corp", url, "`issuer` has more than scheme, host and path"),
        (issuer, "http://rollcall.corp.example", "`url` does not use https"),
        (issuer, "https://rollcall.corp.example/#top", "`url` has more than scheme, host and path"),
    ] {
        let refused = sign_in(issuer, url).expect_status(2).err;
        assert!(refused.contains(part), "{part} of {refused}");
    }
}
