//! What is wrong with connectors. A `«` stands where each mistake is expected.

use rollcall_connectors::SourceSettings;

use super::{csv, ldap, parse, wrong};

/// Invalid settings that all connectors share are reported.
#[test]
fn invalid_connector_settings_reported() {
    wrong(&csv("schedule = «'0 2 * *'"), &["five fields"]);
    wrong(&csv("schedule = «'0 0 30 2 *'"), &["never comes"]);
    wrong(&csv("timezone = «'Mars'"), &["no time zone"]);
    wrong(&csv("prehire_days = «-7"), &["from 0 to 3650"]);
    wrong(&csv("").replace("'drop'", "«'hr drop'"), &["use letters, digits"]);
    wrong(&csv("").replace("'csv'", "«'ldpa'"), &["no kind of connector | did you mean `ldap`?"]);
    wrong(&csv("match = «'employee_number'"), &["this connector does not map `employee_number`"]);
}

#[test]
fn a_file_of_people_has_fields() {
    wrong(&csv("delimiter = «';;'"), &["neither one mark nor `tab`"]);
    wrong(&csv("delimiter = ';'\nlist_separator = «';'"), &["the same as `delimiter`"]);
    wrong(&csv("max_age = «'0h'"), &["no length of time"]);
    wrong(&csv("min_rows = «-1"), &["from 0 to"]);
}

#[test]
fn a_mapping_fits_together() {
    let with = |lines: &str| csv(&format!("[connector.attributes]\nid = 'x'\n{lines}"));
    wrong(&with("«Cost-Center = 'y'"), &["small letters, digits and `_`"]);
    wrong(&with("«team_all = 'y'"), &["`_all` stands for lists in rules"]);
    wrong(&with("«in = 'y'"), &["it has a meaning in rules"]);
    wrong(&with("team = «' '"), &["`team` names no attribute of the source"]);
    wrong(
        &with("department = 'd'\n[connector.values.«departmnt]\n1 = 'Sales'"),
        &["does not map `departmnt` | did you mean `department`?"],
    );
    wrong(&with("[connector.values]\ndepartment = «'x'"), &["write `[connector.values.department]`"]);
    wrong(&with("role = 'r'\n[connector.values.role]\n1 = 'A'\n«' 1' = 'B'"), &["stands here twice"]);
    wrong(
        &with("status = 's'\n[connector.status]\nleave = ['gone']\nleft = [«'Gone ']"),
        &["`Gone ` stands for both `leave` and `left`"],
    );
    wrong(&with("«[connector.status]\nleft = ['x']"), &["does not map `status`"]);
}

/// LDAP without encryption must be configured explicitly.
#[test]
fn plaintext_ldap_must_be_explicit() {
    wrong(&ldap("url = «'ldap://dc1'"), &["unencrypted | write ldaps://, or add starttls = true"]);
    wrong(&ldap("url = «'ldap://dc1'\nstarttls = false"), &["unencrypted"]);
    wrong(
        &ldap("url = 'ldap://dc1'\nstarttls = true\nplaintext = «true"),
        &["`plaintext` contradicts `starttls`"],
    );
    wrong(&ldap("starttls = «true"), &["encrypted without `starttls`"]);
    wrong(&ldap("plaintext = «true"), &["contradicts ldaps://"]);
    wrong(&ldap("url = 'ldap://dc1'\nstarttls = «'yes'"), &["true or false, this is text"]);
    for lines in ["starttls = true", "plaintext = true"] {
        assert!(parse(&ldap(&format!("url = 'ldap://dc1'\n{lines}"))).is_ok());
    }
}

#[test]
fn a_directory_is_named_rightly() {
    wrong(&ldap("url = «'https://dc1'"), &["neither ldap:// nor ldaps://"]);
    wrong(&ldap("url = «'dc1'"), &["`url` cannot be read"]);
    wrong(&ldap("url = «'ldaps://ada:pw@dc1'"), &["`url` holds an account"]);
    wrong(&ldap("url = «'ldaps://dc1/dc=x'"), &["more than a server and a port"]);
    wrong(&ldap("ca_file = «'/nowhere/ca.pem'"), &["`/nowhere/ca.pem` cannot be read"]);
    wrong(&ldap("filter = «'(&(a=b)(c=d)'"), &["it opens 3 brackets and closes 2"]);
    wrong(&ldap("base_dn = «[]"), &["is an empty list"]);
    wrong(&ldap("base_dn = ['dc=x', «'']"), &["has an entry that is empty"]);
    wrong(&ldap("timeout = «'60'"), &["no length of time"]);
    wrong(&ldap("page_size = «0"), &["from 1 to 10000"]);
}

#[test]
fn a_secret_is_given_once_and_can_be_had() {
    let account = |lines: &str| ldap(&format!("bind_dn = 'cn=a'\n{lines}"));
    wrong(&ldap("bind_dn = «'cn=a'"), &["`bind_dn` has no password"]);
    wrong(&ldap("bind_password = «'x'"), &["there is a password and no `bind_dn`"]);
    wrong(&account("bind_password = «''"), &["`bind_password` is empty"]);
    wrong(
        &account("bind_password = 'x'\nbind_password_file = «'y'"),
        &["`bind_password_file` stands beside `bind_password`"],
    );
    wrong(&account("bind_password_file = «'/nowhere/pw'"), &["`/nowhere/pw` cannot be read"]);
    wrong(&account("bind_password_env = «'NOT_SET'"), &["`NOT_SET` is not set"]);
    wrong("[database]\nurl = «'mysql://a'", &["no database that rollcall knows"]);
    wrong("[database]\nurl = «'sqlite://'", &["names no file"]);
    wrong("[database]\nurl = «'postgres://a:b@c'", &["names no database"]);
    wrong("[database]\nurl = 'postgres://a:b@c/d'\nmax_size = «'1GiB'", &["`max_size` is for SQLite only"]);
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
    wrong(&ldap("url = «['ldaps://dc1', 'ldaps://dc2']"), &["text in quotes, this is a list"]);
    let twice = "url = ['ldaps://dc1', 'ldaps://dc2']\nstarttls = «true";
    wrong(&active_directory(twice), &["encrypted without `starttls`"]);
}

/// An Active Directory source attribute without a meaning is refused.
#[test]
fn unknown_active_directory_source_refused() {
    let mapped = |line: &str| active_directory(&format!("[connector.attributes]\n{line}"));
    for line in ["mobile = 'mobile | telephoneNumber'", "groups = 'memberOf'", "end_date = '@accountExpires'"]
    {
        assert!(parse(&mapped(line)).is_ok(), "{line}");
    }
    wrong(&mapped("status = «'@acount'"), &["is no attribute | write the name of an attribute"]);
    wrong(&mapped("mobile = «'mobile ||'"), &["`mobile` is mapped to what is no attribute"]);
    wrong(&active_directory("filter = «'(a=b'"), &["opens 1 brackets"]);
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
    wrong(&own("id_url = «'https://hr.corp/people'"), &["`id_url` has no {id} | write {id}"]);
    wrong(&own("email_url = «'https://hr.corp/people/{id}'"), &["`email_url` has no {email}"]);
    for elsewhere in ["https://hr.corp.evil/{id}", "https://hr.corp:444/{id}", "https://{id}.hr.corp/"] {
        wrong(&own(&format!("id_url = «'{elsewhere}'")), &["`id_url` lies on another server than `url`"]);
    }
    wrong(&own("id_url = «'http://hr.corp/{id}'"), &["unencrypted"]);
    wrong(&own("id_url = «'people/{id}'"), &["`id_url` cannot be read"]);
    wrong(&own("record = «'data'"), &["`record` needs `id_url`"]);
    wrong(&own("id_url = 'https://hr.corp/{id}'\nrecord = «'a[0]'"), &["names with dots"]);
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
