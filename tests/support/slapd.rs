//! An OpenLDAP server for one test.

use std::fmt::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ldap3::LdapConnAsync;
use rollcall_connectors::ldap::{GROUP_FILTER, LdapSettings};
use rollcall_model::secret::SecretText;
use tempfile::TempDir;

use super::certificate_authority::CertificateAuthority;
use super::ldap_person::{LdapPerson, PEOPLE};
use super::packages;

const SLAPD: &str = "/usr/sbin/slapd";

/// The account that no limit holds back.
pub(crate) const ADMIN: (&str, &str) = ("cn=admin,dc=corp,dc=example", "admin's secret");

/// An account like any other.
pub(crate) const READER: (&str, &str) = ("cn=reader,dc=corp,dc=example", "reader's secret");

/// A server as its administrator sees it, in the clear.
pub(crate) fn admin_settings(url: String, page_size: u32) -> LdapSettings {
    LdapSettings {
        url,
        starttls: false,
        plaintext: true,
        ca_file: None,
        bind: Some((ADMIN.0.to_owned(), SecretText::new(ADMIN.1))),
        base_dns: vec![PEOPLE.to_owned()],
        filter: "(objectClass=inetOrgPerson)".to_owned(),
        group_base_dns: Vec::new(),
        group_filter: GROUP_FILTER.to_owned(),
        page_size,
        timeout: Duration::from_secs(20),
    }
}

/// What the server is to be like.
#[derive(Default)]
pub(crate) struct SlapdSetup {
    people: Vec<LdapPerson>,
    ldif: String,
    size_limit: Option<u32>,
    certified_for: Option<String>,
    expired: bool,
    member_of: bool,
}

/// A running server. It ends when this is dropped, and when the test's process ends in any other way.
pub(crate) struct SlapdServer {
    shell: Child,
    folder: TempDir,
    /// Its CA.
    pub ca_file: PathBuf,
    /// The port for `ldap://`.
    pub port: u16,
    /// The port for `ldaps://`.
    pub tls_port: u16,
}

impl SlapdSetup {
    /// A directory of these people.
    pub(crate) fn of(people: Vec<LdapPerson>) -> Self {
        Self { people, ..Self::default() }
    }

    /// Adds entries that are no people.
    pub(crate) fn ldif(mut self, text: &str) -> Self {
        self.ldif.push_str(text);
        self
    }

    /// Limits what a search of [`READER`] and of anonymous users may find.
    pub(crate) fn size_limit(mut self, entries: u32) -> Self {
        self.size_limit = Some(entries);
        self
    }

    /// Gives the server a certificate for another host than 127.0.0.1.
    pub(crate) fn certified_for(mut self, host: &str) -> Self {
        self.certified_for = Some(host.to_owned());
        self
    }

    /// Gives the server a certificate that has expired.
    pub(crate) fn expired(mut self) -> Self {
        self.expired = true;
        self
    }

    /// Lets the server keep `memberOf` of the groups that are added while it runs, and hides their members from
    /// [`READER`].
    pub(crate) fn member_of(mut self) -> Self {
        self.member_of = true;
        self
    }

    /// Starts the server and waits until it answers.
    pub(crate) async fn start(self) -> SlapdServer {
        packages::ensure_installed(SLAPD, &["slapd", "ldap-utils"]);
        let folder = TempDir::new().expect("a folder");
        let ca = CertificateAuthority::new(folder.path(), "ca");
        let certificate = ca.certify(self.certified_for.as_deref().unwrap_or("127.0.0.1"), self.expired);
        let settings = self.settings(folder.path(), &ca.file, &certificate.file, &certificate.key);
        std::fs::write(folder.path().join("slapd.conf"), settings).expect("slapd.conf can be written");
        std::fs::create_dir(folder.path().join("data")).expect("a folder for the data");
        self.load(folder.path());
        let mut folder = folder;
        // Another process may take a port between looking for it and using it.
        for _ in 0..10 {
            match SlapdServer::try_start(folder, ca.file.clone()).await {
                Ok(slapd) => return slapd,
                Err(again) => folder = again,
            }
        }
        panic!("slapd did not start in ten attempts");
    }

    fn settings(&self, folder: &Path, ca: &Path, certificate: &Path, key: &Path) -> String {
        let folder = folder.display();
        let (ca, certificate, key) = (ca.display(), certificate.display(), key.display());
        let limit = self.size_limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
        let (admin, password) = ADMIN;
        let (module, overlay) = if self.member_of {
            ("moduleload memberof", "access to attrs=member by * none\noverlay memberof")
        } else {
            ("", "")
        };
        format!(
            "include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.1 NAME 'badge' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.55555.2.1 NAME 'rollcallPerson' SUP top AUXILIARY MAY ( objectGUID $ badge ) )
modulepath /usr/lib/ldap
moduleload back_mdb
{module}
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
sizelimit {limit}
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
maxsize 8589934592
suffix dc=corp,dc=example
rootdn \"{admin}\"
rootpw \"{password}\"
directory {folder}/data
dbnosync
index objectClass,employeeNumber eq
access to attrs=userPassword by anonymous auth by * none
{overlay}
access to * by * read
"
        )
    }

    fn load(&self, folder: &Path) {
        let (reader, password) = READER;
        let mut text = format!(
            "dn: dc=corp,dc=example\nobjectClass: domain\ndc: corp\n\n\
             dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n\
             dn: {reader}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: reader\n\
             userPassword: {password}\n\n"
        );
        text.push_str(&self.ldif);
        self.people.iter().for_each(|person| text.push_str(&person.ldif()));
        let file = folder.join("entries.ldif");
        std::fs::write(&file, text).expect("the entries can be written");
        let output = Command::new("/usr/sbin/slapadd")
            .arg("-q")
            .arg("-f")
            .arg(folder.join("slapd.conf"))
            .arg("-l")
            .arg(&file)
            .output()
            .expect("slapadd can be run");
        assert!(output.status.success(), "slapadd: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl SlapdServer {
    /// Starts the server on ports that are free now; gives the folder back where somebody else took one.
    async fn try_start(folder: TempDir, ca_file: PathBuf) -> Result<Self, TempDir> {
        let (port, tls_port) = (free_port(), free_port());
        let mut urls = String::new();
        write!(urls, "ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}").expect("a string");
        // The shell ends the server as soon as our end of its input is gone, however this process ends.
        let script = "exec 3<&0; \"$0\" -d 0 -f \"$1\" -h \"$2\" </dev/null 3<&- & server=$!; \
                      (read -r _ <&3; kill -KILL $server 2>/dev/null) & wait $server";
        let shell = Command::new("sh")
            .args(["-c", script, SLAPD])
            .arg(folder.path().join("slapd.conf"))
            .arg(&urls)
            .stdin(Stdio::piped())
            .stderr(std::fs::File::create(folder.path().join("log")).expect("a log"))
            .spawn()
            .expect("a shell can be run");
        let mut slapd = Self { shell, folder, ca_file, port, tls_port };
        let patience = Instant::now() + Duration::from_secs(30);
        while Instant::now() < patience {
            if slapd.answers().await {
                return Ok(slapd);
            }
            if slapd.shell.try_wait().expect("the shell can be asked").is_some() {
                return Err(slapd.into_folder());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let log = std::fs::read_to_string(slapd.folder.path().join("log")).unwrap_or_default();
        panic!("slapd does not answer: {log}");
    }

    /// Whether the server lets its administrator in.
    async fn answers(&self) -> bool {
        let Ok((connection, mut ldap)) = LdapConnAsync::new(&self.url()).await else { return false };
        let driver = tokio::spawn(connection.drive());
        let bound = ldap.simple_bind(ADMIN.0, ADMIN.1).await.is_ok_and(|result| result.rc == 0);
        driver.abort();
        bound
    }

    /// For a connection in the clear, or StartTLS.
    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// For TLS from the first byte.
    pub(crate) fn tls_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// Adds entries while the server runs.
    pub(crate) fn add(&self, ldif: &str) {
        let file = self.folder.path().join("added.ldif");
        std::fs::write(&file, ldif).expect("the entries can be written");
        let (admin, password) = ADMIN;
        let output = Command::new("ldapadd")
            .args(["-x", "-H", &self.url(), "-D", admin, "-w", password, "-f"])
            .arg(&file)
            .output()
            .expect("ldapadd can be run");
        assert!(output.status.success(), "ldapadd: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn into_folder(mut self) -> TempDir {
        self.stop();
        std::mem::replace(&mut self.folder, TempDir::new().expect("a folder"))
    }

    fn stop(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().expect("the shell ends");
    }
}

impl Drop for SlapdServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
