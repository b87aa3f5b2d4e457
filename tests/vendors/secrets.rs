//! What is secret stays so: in errors, in logs at any level, in what `check` and `sync` print, in the database.

use super::start_vendor;
use crate::support::program::rollcall_command;
use crate::support::vendors::{FETCHED_TOKEN, SECRET, ServerReply, VENDOR_PROFILES};

/// How a signed assertion begins: `<saml2:Assertion` in Base64.
const SAML: &str = "PHNhbWwyOkFzc2VydGlvbi";

#[test]
fn no_secret_of_an_api_is_written_anywhere() {
    for manner in VENDOR_PROFILES {
        let system = start_vendor(manner, 30);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("rollcall.toml");
        std::fs::write(&file, system.section("hr")).expect("a file");
        let key: Vec<&str> = system.key.pem.lines().filter(|line| line.len() > 60).collect();
        let mut written = String::new();
        let mut run = |words: &[&str]| {
            let output = rollcall_command(&file)
                .args(words)
                .env("RUST_LOG", "trace")
                .output()
                .expect("the program runs");
            written.push_str(&String::from_utf8_lossy(&output.stdout));
            written.push_str(&String::from_utf8_lossy(&output.stderr));
        };
        run(&["check"]);
        run(&["sync"]);
        // Refused, by a server that repeats what it was sent.
        system.server.set_transform(|request, _| {
            let (headers, body) = (format!("{:?}", request.headers), String::from_utf8_lossy(&request.body));
            // No more than its beginning is shown.
            let sent = if request.path.ends_with("/token") { format!("{body} {headers}") } else { headers };
            ServerReply::bytes("text/plain", sent.into_bytes()).status(401)
        });
        run(&["check"]);
        run(&["sync"]);
        run(&["runs", "list", "--json"]);
        let database = std::fs::read(folder.path().join("rollcall.db"))
            .unwrap_or_else(|error| panic!("{error}: {written}"));
        written.push_str(&String::from_utf8_lossy(&database));
        assert!(written.contains("401"), "{}: {written}", manner.kind);
        for secret in [SECRET, FETCHED_TOKEN, SAML].into_iter().chain(key) {
            let at = written.find(secret).map(|at| written[at.saturating_sub(200)..at].to_owned());
            assert!(at.is_none(), "{}: … {}", manner.kind, at.unwrap_or_default());
        }
    }
}
