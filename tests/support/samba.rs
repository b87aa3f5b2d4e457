//! A Samba domain controller, one for all tests of a process: to make one takes some twenty seconds.
//!
//! Its ports are fixed (389 and 636 among them), so it has an address of its own, and needs to be started by root.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::certificate_authority::CertificateAuthority;
use super::packages;

/// The top of its domain.
pub(crate) const DOMAIN: &str = "DC=corp,DC=example";

/// The administrator's password, which every account has that has one.
pub(crate) const PASSWORD: &str = "Passw0rd of the domain";

static SAMBA: LazyLock<SambaServer> = LazyLock::new(SambaServer::start);

/// A running domain controller. It and its files go when the process ends, however it ends.
pub(crate) struct SambaServer {
    _shell: Child,
    settings: PathBuf,
    /// The address that it listens on.
    pub host: String,
    /// Its CA.
    pub ca_file: PathBuf,
}

/// The domain controller.
pub(crate) fn samba() -> &'static SambaServer {
    &SAMBA
}

/// An order to add an entry with values of one text each.
pub(crate) fn add(dn: &str, values: &[(&str, &str)]) -> Value {
    let mut entry = json!({ "dn": dn });
    for (name, value) in values {
        entry[*name] = json!(value);
    }
    json!({ "add": entry })
}

impl SambaServer {
    fn start() -> Self {
        packages::ensure_installed(
            "/usr/sbin/samba",
            &["samba", "samba-ad-dc", "samba-ad-provision", "python3-samba"],
        );
        let is_root =
            std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("ourselves"));
        assert_eq!(is_root, 0, "a domain controller listens on port 389: run these tests as root");
        // Kept, because a static is never dropped; the shell removes it.
        let folder = tempfile::TempDir::new().expect("a folder").keep();
        let process = std::process::id();
        let host = format!("127.77.{}.{}", process / 250 % 250, process % 250 + 1);
        let ca = CertificateAuthority::new(&folder, "ca");
        let certificate = ca.certify(&host, false);
        private(&certificate.key);
        let options = [
            ("interfaces", format!("{host}/8")),
            ("bind interfaces only", "yes".to_owned()),
            ("server services", "ldap".to_owned()),
            ("tls cafile", ca.file.display().to_string()),
            ("tls certfile", certificate.file.display().to_string()),
            ("tls keyfile", certificate.key.display().to_string()),
            ("log file", folder.join("log").display().to_string()),
            ("pid directory", folder.display().to_string()),
            ("ncalrpc dir", folder.join("ncalrpc").display().to_string()),
        ];
        let made = Command::new("samba-tool")
            .args(["domain", "provision", "--realm=CORP.EXAMPLE", "--domain=CORP", "--server-role=dc"])
            .args(["--dns-backend=NONE", "--host-name=dc1", &format!("--host-ip={host}")])
            .arg(format!("--adminpass={PASSWORD}"))
            .arg(format!("--targetdir={}", folder.join("dc").display()))
            .args(options.iter().map(|(name, value)| format!("--option={name}={value}")))
            .output();
        checked("samba-tool", &made.expect("samba-tool can be run"));
        let settings = folder.join("dc/etc/smb.conf");
        let (shell, ca_file) = (run(&folder, &settings), ca.file);
        let samba = Self { _shell: shell, settings, host, ca_file };
        samba.wait(&folder);
        samba
    }

    /// Waits until it takes connections.
    fn wait(&self, folder: &Path) {
        let patience = Instant::now() + Duration::from_mins(1);
        while std::net::TcpStream::connect((self.host.as_str(), 636)).is_err() {
            if Instant::now() > patience {
                let log = std::fs::read_to_string(folder.join("out")).unwrap_or_default();
                panic!("samba does not answer: {log}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Does what it is told to the database.
    pub(crate) fn order(&self, orders: &[Value]) {
        let mut python = Command::new("/usr/bin/python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/domain.py"))
            .arg(&self.settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python can be run");
        let lines: String = orders.iter().map(|order| format!("{order}\n")).collect();
        let mut input = python.stdin.take().expect("piped");
        input.write_all(lines.as_bytes()).expect("python reads");
        drop(input);
        checked("domain.py", &python.wait_with_output().expect("python ends"));
    }

    /// For TLS from the first byte.
    pub(crate) fn tls_url(&self) -> String {
        format!("ldaps://{}", self.host)
    }

    /// For a connection in the clear, or StartTLS.
    pub(crate) fn url(&self) -> String {
        format!("ldap://{}", self.host)
    }
}

/// Runs the server in a shell that ends it and removes its files as soon as our end of its input is gone.
fn run(folder: &Path, settings: &Path) -> Child {
    let script = "exec 3<&0; samba -i -M single --debug-stdout -s \"$1\" </dev/null 3<&- & server=$!; \
                  read -r _ <&3; kill $server 2>/dev/null; wait $server; rm -rf \"$0\"";
    let out = std::fs::File::create(folder.join("out")).expect("a log");
    Command::new("sh")
        .args(["-c", script])
        .arg(folder)
        .arg(settings)
        .stdin(Stdio::piped())
        .stderr(out.try_clone().expect("a second handle"))
        .stdout(out)
        .spawn()
        .expect("a shell can be run")
}

fn checked(program: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {}\n{said}", output.status);
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("set");
}
