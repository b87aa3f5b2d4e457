//! Where secrets come from, and that they go nowhere.

use std::path::Path;

use rollcall_config::Config;
use rollcall_connectors::SourceSettings;

use super::{ldap, no_env, parse, private};

/// A diagnostic shows its source line without the secret.
#[test]
fn diagnostic_shows_line_without_secret() {
    let text = "[database]\nurl_fil = 'x'\n[[connector]]\nname = 'corp' # the old one\nkind = 'ldap'\n\
                url = 'ldaps://ada:hunter2@dc1'\nbase_dn = 'dc=x'\nbind_dn = 'cn=x'\nbind_password = 'hunter2'\n\
                bind_pasword = 'hunter2'\n[connector.attributes]\nid = 'x'\n[[rule]]\nname = 'r'\ngroup = 'G'\n\
                when = '''\ndepartment == \"Ä\" &&\n  locatoin == \"x\"'''\n";
    let mistakes = Config::parse(text, Path::new("rollcall.toml"), &no_env).expect_err("refused");
    insta::assert_snapshot!(mistakes, @r#"
    error: `database` has no key `url_fil`
     --> rollcall.toml:2:1
      |
    2 | url_fil = ***
      | ^^^^^^^
    hint: did you mean `url_file`?

    error: `url` contains credentials
     --> rollcall.toml:6:7
      |
    6 | url = 'ldaps://***@dc1'
      |       ^^^^^^^^^^^^^^^^^
    hint: use `bind_dn` and `bind_password_file` instead

    error: `connector` has no key `bind_pasword`
      --> rollcall.toml:10:1
       |
    10 | bind_pasword = ***
       | ^^^^^^^^^^^^
    hint: did you mean `bind_password`?

    error: no connector maps an attribute `locatoin`
      --> rollcall.toml:18:3
       |
    18 |   locatoin == "x"'''
       |   ^^^^^^^^
    hint: did you mean `location`?

    4 errors
    "#);
    assert!(!format!("{mistakes:?}").contains("hunter2"));
    assert!(!serde_json::to_string(&mistakes).expect("JSON").contains("hunter2"));
}

#[test]
fn no_form_of_a_file_shows_its_secrets() {
    let password = "[[connector]]\nname = 'a'\nkind = 'ldap'\nbind_password = ";
    for text in [
        format!("{password}'hunter2' x\n"),
        format!("{password}'hunter2\n"),
        format!("{password}hunter2\n"),
        format!("{password}['hunter2']\n"),
        format!("{password}\"\"\"\nhunter2 \\q \"\"\"\n"),
        format!("{password}{{ a = 'hunter2' }}\n"),
        "connector = [{ kind = 'ldp', bind_password = 'hunter2' }]\n".to_owned(),
        "[database]\nurl = 'mysql://ada:hunter2@db'\n".to_owned(),
        "[database]\nurl = 'hunter2'\n".to_owned(),
        "[database]\nurl = 'postgres://ada:hunter2@db/x\n".to_owned(),
        "database = 'postgres://ada:hunter2@db/x'\n".to_owned(),
        "[database]\npassword = 'hunter2'\n".to_owned(),
        "api_token = 'hunter2'\n".to_owned(),
    ] {
        let mistakes = parse(&text).expect_err("refused");
        assert!(!mistakes.to_string().contains("hunter2"), "{mistakes}");
        assert!(!format!("{mistakes:?}").contains("hunter2"), "{mistakes:?}");
    }
}

#[test]
fn the_value_of_a_file_shows_no_secret() {
    let account = ldap("bind_dn = 'cn=a'\nbind_password = 'hunter2'\n");
    let config = parse(&(account + "[database]\nurl = 'postgres://a:hunter2@b/c'\n")).expect("a file");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.database.url.reveal(), "postgres://a:hunter2@b/c");
}

/// A secret is read from a file without the final line break, or from the environment.
#[test]
fn secret_read_from_file_or_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pw");
    let path = folder.path().join("rollcall.toml");
    let env = |name: &str| (name == "PW").then(|| "from the environment".to_owned());
    let password = |lines: &str| {
        let text = ldap(&format!("bind_dn = 'cn=a'\n{lines}"));
        Config::parse(&text, &path, &env).map(|config| match &config.connectors[0].source {
            SourceSettings::Ldap(settings) => {
                let (_, password) = settings.bind.clone().expect("an account");
                (password.reveal().to_owned(), config.warnings.len())
            }
            _ => unreachable!("the kind is ldap"),
        })
    };
    for (text, secret) in
        [("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), (" a \n\n", " a \n"), ("x", "x")]
    {
        std::fs::write(&file, text).expect("written");
        private(&file);
        assert_eq!(password("bind_password_file = 'pw'"), Ok((secret.to_owned(), 0)));
    }
    std::fs::write(&file, "\n").expect("written");
    assert!(password("bind_password_file = 'pw'").expect_err("empty").to_string().contains("is empty"));
    assert_eq!(password("bind_password_env = 'PW'"), Ok(("from the environment".to_owned(), 0)));
}

#[test]
fn a_secret_that_everybody_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("url");
    std::fs::write(&file, "sqlite://a.db").expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("set");
    let text = "[database]\nurl_file = 'url'\n";
    let config = Config::parse(text, &folder.path().join("rollcall.toml"), &no_env).expect("a file");
    assert!(
        config.warnings[0].message.contains("readable by every user of this machine"),
        "{}",
        config.warnings[0]
    );
    assert!(config.database.url.reveal().ends_with("/a.db"));
}

/// A TLS key that every user of the machine can read draws the same warning as a secret.
#[cfg(unix)]
#[test]
fn tls_key_readable_by_all_warns() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("web.key");
    std::fs::write(&key, "a key").expect("written");
    let warnings = |mode| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("set");
        let text = "[web]\ncert = 'web.pem'\nkey = 'web.key'\n";
        Config::parse(text, &folder.path().join("rollcall.toml"), &no_env).expect("a file").warnings
    };
    assert!(warnings(0o600).is_empty());
    let [warning] = &warnings(0o644)[..] else { panic!("one warning") };
    let (message, hint) = (&warning.message, warning.hint.as_deref().unwrap_or_default());
    assert!(message.contains("readable by every user of this machine"), "{warning}");
    assert!(hint.starts_with("chmod 600"), "{warning}");
    assert!(!warning.to_string().contains("a key"), "{warning}");
}

/// A truncated or damaged configuration file never shows a secret in its diagnostics.
#[test]
fn damaged_config_shows_no_secret() {
    let whole = "database = { url = \"postgres://ada:hunter2@db/x\" }\n".to_owned()
        + &ldap("bind_dn = 'cn=ä'\nbind_password = '''\nhunter2'''\nmatch = [\n'id',\n]\n")
        + "[[rule]]\nname = 'r'\nwhen = \"\"\"\ndepartment == \\\"X\\\" \\\n  && rolle == '日本'\"\"\"\n";
    let places: Vec<usize> = whole.char_indices().map(|(at, _)| at).collect();
    for &at in &places {
        let (before, after) = whole.split_at(at);
        let mut rest = after.chars();
        let without = rest.next().map(|_| format!("{before}{}", rest.as_str())).unwrap_or_default();
        let inserted = ["'", "\"", "]", "[", "\n", "=", "\\", "\"\"\"", "x", "#"]
            .map(|mark| format!("{before}{mark}{after}"));
        for text in inserted.into_iter().chain([before.to_owned(), without]) {
            let Err(mistakes) = parse(&text) else { continue };
            assert!(!mistakes.to_string().contains("hunter2"), "{text}\n---\n{mistakes}");
        }
    }
}
