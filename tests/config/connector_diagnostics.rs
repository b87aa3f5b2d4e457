//! What is wrong with connectors. A `«` stands where each mistake is expected.

use rollcall_connectors::SourceSettings;

use super::{csv, ldap, parse, wrong};

/// Invalid settings that all connectors share are reported.
#[test]
fn invalid_connector_settings_reported() {
    wrong(&csv("schedule = «'0 2 * *'"), &["five fields"]);
    wrong(&csv("schedule = «'0 0 30 2 *'"), &["never matches a date"]);
    wrong(&csv("timezone = «'Mars'"), &["not a valid time zone"]);
    wrong(&csv("prehire_days = «-7"), &["from 0 to 3650"]);
    wrong(&csv("").replace("'drop'", "«'hr drop'"), &["use letters, digits"]);
    wrong(&csv("").replace("'csv'", "«'ldpa'"), &["not a valid connector kind | did you mean `ldap`?"]);
    wrong(&csv("match = «'employee_number'"), &["this connector does not map `employee_number`"]);
}

#[test]
fn a_file_of_people_has_fields() {
    wrong(&csv("delimiter = «';;'"), &["not a punctuation character or `tab`"]);
    wrong(&csv("delimiter = ';'\nlist_separator = «';'"), &["the same as `delimiter`"]);
    wrong(&csv("max_age = «'0h'"), &["not a valid duration"]);
    wrong(&csv("min_rows = «-1"), &["from 0 to"]);
}

#[test]
fn a_mapping_fits_together() {
    let with = |lines: &str| csv(&format!("[connector.attributes]\nid = 'x'\n{lines}"));
    wrong(&with("«Cost-Center = 'y'"), &["lowercase letters, digits and `_`"]);
    wrong(&with("«team_all = 'y'"), &["the suffix `_all` is reserved for lists in rules"]);
    wrong(&with("«in = 'y'"), &["it is a reserved word in rules"]);
    wrong(&with("team = «' '"), &["`team` does not name an attribute of the source"]);
    wrong(
        &with("department = 'd'\n[connector.values.«departmnt]\n1 = 'Sales'"),
        &["does not map `departmnt` | did you mean `department`?"],
    );
    wrong(&with("[connector.values]\ndepartment = «'x'"), &["write `[connector.values.department]`"]);
    wrong(&with("role = 'r'\n[connector.values.role]\n1 = 'A'\n«' 1' = 'B'"), &["duplicate code ` 1`"]);
    wrong(
        &with("status = 's'\n[connector.status]\nleave = ['gone']\nleft = [«'Gone ']"),
        &["`Gone ` is listed under both `leave` and `left`"],
    );
    wrong(&with("«[connector.status]\nleft = ['x']"), &["does not map `status`"]);
}

/// LDAP without encryption must be configured explicitly.
#[test]
fn plaintext_ldap_must_be_explicit() {
    wrong(&ldap("url = «'ldap://dc1'"), &["unencrypted | use ldaps:// or add starttls = true"]);
    wrong(&ldap("url = «'ldap://dc1'\nstarttls = false"), &["unencrypted"]);
    wrong(
        &ldap("url = 'ldap://dc1'\nstarttls = true\nplaintext = «true"),
        &["`plaintext` contradicts `starttls`"],
    );
    wrong(&ldap("starttls = «true"), &["`starttls` is not needed with ldaps://"]);
    wrong(&ldap("plaintext = «true"), &["contradicts ldaps://"]);
    wrong(&ldap("url = 'ldap://dc1'\nstarttls = «'yes'"), &["true or false, found text"]);
    for lines in ["starttls = true", "plaintext = true"] {
        assert!(parse(&ldap(&format!("url = 'ldap://dc1'\n{lines}"))).is_ok());
    }
}

#[test]
fn a_directory_is_named_rightly() {
    wrong(&ldap("url = «'https://dc1'"), &["does not begin with ldap:// or ldaps://"]);
    wrong(&ldap("url = «'dc1'"), &["`url` cannot be read"]);
    wrong(&ldap("url = «'ldaps://ada:pw@dc1'"), &["`url` contains credentials"]);
    wrong(&ldap("url = «'ldaps://dc1/dc=x'"), &["more than a host and a port"]);
    wrong(&ldap("ca_file = «'/nowhere/ca.pem'"), &["`/nowhere/ca.pem` cannot be read"]);
    wrong(&ldap("filter = «'(&(a=b)(c=d)'"), &["it has 3 opening and 2 closing brackets"]);
    wrong(&ldap("base_dn = «[]"), &["is an empty list"]);
    wrong(&ldap("base_dn = ['dc=x', «'']"), &["has an entry that is empty"]);
    wrong(&ldap("timeout = «'60'"), &["not a valid duration"]);
    wrong(&ldap("page_size = «0"), &["from 1 to 10000"]);
}

#[test]
fn a_secret_is_given_once_and_can_be_had() {
    let account = |lines: &str| ldap(&format!("bind_dn = 'cn=a'\n{lines}"));
    wrong(&ldap("bind_dn = «'cn=a'"), &["`bind_dn` has no password"]);
    wrong(&ldap("bind_password = «'x'"), &["the password has no `bind_dn`"]);
    wrong(&account("bind_password = «''"), &["`bind_password` is empty"]);
    wrong(
        &account("bind_password = 'x'\nbind_password_file = «'y'"),
        &["`bind_password_file` and `bind_password` both set the same secret"],
    );
    wrong(&account("bind_password_file = «'/nowhere/pw'"), &["`/nowhere/pw` cannot be read"]);
    wrong(&account("bind_password_env = «'NOT_SET'"), &["`NOT_SET` is not set"]);
    wrong("[database]\nurl = «'mysql://a'", &["does not name a supported database"]);
    wrong("[database]\nurl = «'sqlite://'", &["does not contain a file name"]);
    wrong("[database]\nurl = «'postgres://a:b@c'", &["does not contain a database name"]);
    wrong(
        "[database]\nurl = 'postgres://a:b@c/d'\nmax_size = «'1GiB'",
        &["`max_size` applies to SQLite only"],
    );
}

/// A connector of kind `active_directory`, right but for these lines.
fn active_directory(lines: &str) -> String {
    let url = if lines.contains("url = ") { "" } else { "url = 'ldaps://dc1'\n" };
    format!("[[connector]]\nname = 'corp'\nkind = 'active_directory'\n{url}base_dn = 'dc=x'\n{lines}\n")
}

/// Only Active Directory connectors may name several servers.
#[test]
fn only_active_directory_allows_several_servers() {
    let lines = active_directory("url = ['ldaps://dc1', 'ldaps://dc2']");
    let config = parse(&format!("timezone = 'Europe/Berlin'\n{lines}")).expect("a file");
    let SourceSettings::ActiveDirectory(settings) = &config.connectors[0].source else {
        panic!("the kind is another")
    };
    let urls: Vec<_> = settings.controllers.iter().map(|controller| controller.url.as_str()).collect();
    assert_eq!(urls, ["ldaps://dc1", "ldaps://dc2"]);
    assert_eq!(settings.zone, chrono_tz::Europe::Berlin);
    let first = &settings.controllers[0];
    assert_eq!(first.filter, "(&(objectCategory=person)(objectClass=user))");
    assert_eq!((first.page_size, first.timeout.as_secs()), (500, 60));
    let mapped: Vec<_> =
        config.connectors[0].mapping.columns.iter().map(|(_, source)| source.as_str()).collect();
    assert!(mapped.contains(&"objectGUID") && mapped.contains(&"@account"), "{mapped:?}");
    assert_eq!(config.connectors[0].mapping.statuses.len(), 3);
    wrong(&active_directory("url = ['ldaps://dc1', «'ldap://dc2']"), &["unencrypted"]);
    wrong(&active_directory("url = ['ldaps://dc1', «'dc2']"), &["`url` cannot be read"]);
    wrong(&active_directory("url = «[]"), &["is an empty list"]);
    wrong(&active_directory("url = «5"), &["text in quotes, or a list of texts"]);
    wrong(&active_directory("url = «'ldap://dc1'"), &["unencrypted"]);
    wrong(&ldap("url = «['ldaps://dc1', 'ldaps://dc2']"), &["text in quotes, found a list"]);
    let twice = "url = ['ldaps://dc1', 'ldaps://dc2']\nstarttls = «true";
    wrong(&active_directory(twice), &["`starttls` is not needed with ldaps://"]);
}

/// An Active Directory source attribute without a meaning is refused.
#[test]
fn unknown_active_directory_source_refused() {
    let mapped = |line: &str| active_directory(&format!("[connector.attributes]\n{line}"));
    for line in ["mobile = 'mobile | telephoneNumber'", "groups = 'memberOf'", "end_date = '@accountExpires'"]
    {
        assert!(parse(&mapped(line)).is_ok(), "{line}");
    }
    wrong(
        &mapped("status = «'@acount'"),
        &["is mapped to an invalid attribute name | write the name of an attribute"],
    );
    wrong(&mapped("mobile = «'mobile ||'"), &["`mobile` is mapped to an invalid attribute name"]);
    wrong(&active_directory("filter = «'(a=b'"), &["1 opening and 0 closing brackets"]);
    wrong(&active_directory("«prot = 'x'"), &["has no key `prot`"]);
}

/// An `http_json` connector must name the URL of one person on the same server.
#[test]
fn http_json_person_url_must_be_on_same_server() {
    let own = |lines: &str| {
        format!(
            "[[connector]]\nname = 'hr'\nkind = 'http_json'\nurl = 'https://hr.corp/people'\nlist = 'data'\n\
             paging = 'whole'\n{lines}\n[connector.attributes]\nid = 'id'\n"
        )
    };
    let lines = "id_url = 'https://hr.corp/people/{id}'\nrecord = 'data'\nemail_url = 'https://hr.corp/people?q={email}'";
    assert!(parse(&own(lines)).is_ok());
    assert!(parse(&own("id_url = 'https://hr.corp:443/{id}'\nrecord = '$'")).is_ok());
    wrong(&own("id_url = «'https://hr.corp/people'"), &["`id_url` does not contain {id} | write {id}"]);
    wrong(&own("email_url = «'https://hr.corp/people/{id}'"), &["`email_url` does not contain {email}"]);
    for elsewhere in ["https://hr.corp.evil/{id}", "https://hr.corp:444/{id}", "https://{id}.hr.corp/"] {
        wrong(&own(&format!("id_url = «'{elsewhere}'")), &["`id_url` is on a different server than `url`"]);
    }
    wrong(&own("id_url = «'http://hr.corp/{id}'"), &["unencrypted"]);
    wrong(&own("id_url = «'people/{id}'"), &["`id_url` is not a valid URL"]);
    wrong(&own("record = «'data'"), &["`record` needs `id_url`"]);
    wrong(&own("id_url = 'https://hr.corp/{id}'\nrecord = «'a[0]'"), &["must be names separated by dots"]);
}

fn successfactors(lines: &str) -> String {
    format!(
        "[[connector]]\nname = 'hr'\nkind = 'successfactors'\nurl = 'https://api4.successfactors.com/odata/v2'\n{lines}\n"
    )
}

/// Authentication with a private key requires the company and the user.
#[test]
fn key_authentication_requires_company_and_user() {
    let all = "private_key = '-----'\nclient_id = 'c'\ncompany_id = 'corp'\nuser = 'u'";
    let config = parse(&successfactors(all)).expect("a file");
    let SourceSettings::Api(settings) = &config.connectors[0].source else { panic!("an API") };
    let rollcall_connectors::http::HttpAuth::Token(grant) = &settings.http.auth else { panic!("a token") };
    assert_eq!(grant.url.as_str(), "https://api4.successfactors.com/oauth/token");
    for missing in ["client_id", "company_id", "user"] {
        let lines: Vec<&str> = all.lines().filter(|line| !line.starts_with(missing)).collect();
        wrong(
            &successfactors(&lines.join("\n")).replacen("[[", "«[[", 1),
            &[&format!("`{missing}` is missing")],
        );
    }
    wrong(&successfactors("").replacen("[[", "«[[", 1), &["`company_id`, `user` and `private_key_file`"]);
}
