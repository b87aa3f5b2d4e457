//! A provider of sign-in that others wrote.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::npm;

/// A provider of sign-in (the npm package `oidc-provider`) that ends with its value.
pub(crate) struct OidcProvider {
    child: Child,
}

impl OidcProvider {
    /// Starts a provider on this port, which sends people back to `redirect`.
    pub(crate) fn start(port: u16, redirect: &str) -> Self {
        let packages = npm::install("oidc-provider@9.13.3");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/provider.mjs");
        let mut child = Command::new(npm::node())
            .arg(script)
            .arg(packages)
            .arg(port.to_string())
            .arg(redirect)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the provider starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        assert!(lines.any(|line| line.expect("a line").contains("listening")), "it listens");
        // Whatever it says later goes nowhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child }
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
