//! The rows of the table of keys: sections first, then the keys of each, in the order of the example.

use crate::key_spec::{KeySpec, SectionKind, SectionSpec};
use crate::value_type::ValueType::{
    Address, Day, Duration, Flag, Kind, Number, OneOrMoreTexts, Percent, Secret, Size, Text, Texts, Zone,
};

const fn section(path: &'static str, form: SectionKind, doc: &'static str) -> SectionSpec {
    SectionSpec { path, form, doc }
}

/// The longest ordinary text, in characters: a path or a distinguished name, not a page.
const TEXT: crate::value_type::ValueType = Text { most: 1_000 };
/// Rules read their expression from one text; the compiler has a limit of its own.
const EXPRESSION: crate::value_type::ValueType = Text { most: 10_000 };
/// Ten years: more is a typing mistake.
const DAYS: crate::value_type::ValueType = Number { least: 0, most: 3_650 };
/// A count of people, groups or rows.
const COUNT: crate::value_type::ValueType = Number { least: 0, most: 1_000_000_000 };

/// Two lists of kinds as one of `N`.
pub(super) const fn join_kinds<const N: usize>(
    first: &[&'static str],
    second: &[&'static str],
) -> [&'static str; N] {
    assert!(first.len() + second.len() == N, "N is the length of both");
    let mut all = [""; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

const LDAP: &[&str] = &["ldap", "active_directory"];
/// Kinds with several servers that hold the same.
const REPLICATED_KINDS: &[&str] = &["active_directory"];
const CSV: &[&str] = &["csv"];
/// Kinds that read a file.
const FILE: &[&str] = &["csv", "json_file"];
const SQL: &[&str] = &["sql"];
/// Kinds that are reached by HTTP.
const HTTP: &[&str] = &[
    "scim",
    "entra",
    "okta",
    "google",
    "bamboohr",
    "personio",
    "personio_v2",
    "workday",
    "successfactors",
    "hibob",
    "http_json",
];
/// Kinds that are reached over a network.
const REMOTE: &[&str] = &join_kinds::<13>(LDAP, HTTP);
/// Kinds that wait for somebody's answer.
const TIMEOUT_KINDS: &[&str] = &join_kinds::<14>(REMOTE, SQL);
/// Kinds whose server has one address for everybody, or one that is made from a name.
const DEFAULT_URL_KINDS: &[&str] = &["entra", "google", "bamboohr", "personio", "personio_v2", "hibob"];
const PAGED_KINDS: &[&str] = &[
    "ldap",
    "active_directory",
    "scim",
    "entra",
    "okta",
    "google",
    "bamboohr",
    "personio",
    "personio_v2",
    "successfactors",
    "http_json",
];
const PASSWORD_KINDS: &[&str] = &["scim", "workday", "successfactors", "hibob", "http_json"];
const PASSWORD_ONLY_KINDS: &[&str] = &["scim", "workday", "successfactors", "http_json"];
const TOKEN_KINDS: &[&str] = &["scim", "okta", "successfactors", "hibob", "http_json"];
const CLIENT_ID_KINDS: &[&str] =
    &["scim", "entra", "okta", "personio", "personio_v2", "workday", "successfactors", "http_json"];
const CLIENT_SECRET_KINDS: &[&str] = &["scim", "entra", "personio", "personio_v2", "workday", "http_json"];
/// Kinds whose clients have a key pair.
const KEY_PAIR_KINDS: &[&str] = &["okta", "successfactors"];
const REFRESH_TOKEN_KINDS: &[&str] = &["workday", "http_json"];
const API_KEY_KINDS: &[&str] = &["bamboohr", "http_json"];
const OAUTH_KINDS: &[&str] =
    &["scim", "entra", "okta", "google", "personio", "personio_v2", "workday", "successfactors", "http_json"];
const HTTP_JSON_KINDS: &[&str] = &["http_json"];

/// All kinds.
pub(super) const KINDS: &[&str] =
    &join_kinds::<16>(&join_kinds::<5>(LDAP, &join_kinds::<3>(FILE, SQL)), HTTP);

pub(super) static SECTIONS: &[SectionSpec] = &[
    section("", SectionKind::Table, "The configuration of rollcall."),
    section("database", SectionKind::Table, "Where rollcall keeps what it knows."),
    section("web", SectionKind::Table, "The pages and the HTTP API."),
    section("web.sign_in", SectionKind::Table, "The company's sign-in provider (OpenID Connect)."),
    section("worker", SectionKind::Table, "The workers that drain jobs."),
    section("safety", SectionKind::Table, "The limits beyond which a run's changes wait for approval."),
    section("connector", SectionKind::List, "A directory that people are read from."),
    section(
        "connector.attributes",
        SectionKind::FreeKeys,
        "Attribute of rollcall = attribute of the source.",
    ),
    section(
        "connector.values_file",
        SectionKind::FreeKeys,
        "Attribute = a CSV file of codes and the names that they stand for.",
    ),
    section("connector.status", SectionKind::Table, "Which values of the source's status mean what."),
    section(
        "connector.values",
        SectionKind::FreeTables,
        "Codes of the source = the names that they stand for.",
    ),
    section("rule", SectionKind::List, "Which learners belong to which group."),
    section("course", SectionKind::List, "A course of the catalogue."),
    section("assignment", SectionKind::List, "A course assigned to groups."),
];

pub(super) static KEYS: &[KeySpec] = &[
    KeySpec::new("", "timezone", Zone, r#""Europe/Berlin""#, "The zone in which dates begin and end.")
        .with_default(r#""UTC""#),
    KeySpec::new(
        "database",
        "url",
        Secret,
        r#""postgres://rollcall:password@db.corp.example/rollcall""#,
        "The database, `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/NAME`.",
    )
    .with_default(r#""sqlite://rollcall.db""#),
    KeySpec::new("database", "url_file", TEXT, r#""secrets/database-url""#, "A file that holds the URL."),
    KeySpec::new("database", "url_env", TEXT, r#""DATABASE_URL""#, "An environment variable that holds the URL."),
    KeySpec::new("database", "max_size", Size, r#""512MiB""#, "The largest size of an SQLite file."),
    KeySpec::new("web", "listen", Address, r#""0.0.0.0:8080""#, "The address and port for pages and API.")
        .with_default(r#""127.0.0.1:8080""#),
    KeySpec::new("web", "cert", TEXT, r#""web.pem""#, "The certificate of the pages in PEM; without it they are not encrypted."),
    KeySpec::new("web", "key", TEXT, r#""web.key""#, "The key of the certificate in PEM."),
    KeySpec::new(
        "web",
        "trusted_proxies",
        Texts,
        r#"["127.0.0.1", "10.0.0.0/8"]"#,
        "Addresses and networks of reverse proxies, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
    )
    .with_default("[]"),
    KeySpec::new("web.sign_in", "issuer", TEXT, r#""https://login.corp.example""#, "The provider's issuer URL.").required(),
    KeySpec::new(
        "web.sign_in",
        "url",
        TEXT,
        r#""https://rollcall.corp.example""#,
        "The URL of these pages; the provider answers to /sign-in/callback below it.",
    )
    .required(),
    KeySpec::new("web.sign_in", "client_id", TEXT, r#""rollcall""#, "What the provider calls rollcall.").required(),
    KeySpec::new("web.sign_in", "client_secret", Secret, r#""battery staple""#, "The client's secret."),
    KeySpec::new(
        "web.sign_in",
        "client_secret_file",
        TEXT,
        r#""secrets/sign-in""#,
        "A file that holds the client's secret.",
    ),
    KeySpec::new(
        "web.sign_in",
        "client_secret_env",
        TEXT,
        r#""SIGN_IN_SECRET""#,
        "An environment variable that holds the client's secret.",
    ),
    KeySpec::new("web.sign_in", "scopes", Texts, r#"["email", "profile", "groups"]"#, "What is asked for besides `openid`.")
        .with_default(r#"["email", "profile"]"#),
    KeySpec::new("web.sign_in", "groups_claim", TEXT, r#""roles""#, "The claim that has the groups.").with_default(r#""groups""#),
    KeySpec::new("web.sign_in", "license_holders", Texts, r#"["rollcall-admins"]"#, "Groups whose people may do everything.")
        .with_default("[]"),
    KeySpec::new("web.sign_in", "operators", Texts, r#"["it-service"]"#, "Groups whose people see to connectors, runs and jobs.")
        .with_default("[]"),
    KeySpec::new("web.sign_in", "managers", Texts, r#"["learning"]"#, "Groups whose people see to groups and courses.")
        .with_default("[]"),
    KeySpec::new("web.sign_in", "viewers", Texts, r#"["staff"]"#, "Groups whose people may read.").with_default("[]"),
    KeySpec::new(
        "worker",
        "concurrency",
        Number { least: 1, most: 64 },
        "4",
        "How many workers drain jobs at once.",
    )
    .with_default("2"),
    KeySpec::new(
        "safety",
        "max_removals",
        Percent { most: 100 },
        r#""5%""#,
        "The share of memberships, learners and enrollments that may go within 24 hours.",
    )
    .with_default(r#""5%""#),
    KeySpec::new("safety", "max_removals_total", COUNT, "500", "The most people who may lose something at once.")
        .with_default("500"),
    KeySpec::new(
        "safety",
        "max_group_removals",
        Percent { most: 100 },
        r#""30%""#,
        "The share of one group of 20 or more that may go.",
    )
    .with_default(r#""30%""#),
    KeySpec::new(
        "safety",
        "min_read",
        Percent { most: 100 },
        r#""80%""#,
        "The share of the last good reading's people that must be there.",
    )
    .with_default(r#""80%""#),
    KeySpec::new(
        "safety",
        "max_blanked",
        Percent { most: 100 },
        r#""5%""#,
        "The share of people whose value of a mapped attribute may go blank.",
    )
    .with_default(r#""5%""#),
    KeySpec::new(
        "safety",
        "max_rekeyed",
        Percent { most: 100 },
        r#""1%""#,
        "The share of known addresses that may come under new ids.",
    )
    .with_default(r#""1%""#),
    KeySpec::new("safety", "max_new_groups", COUNT, "50", "The most new groups in one run.").with_default("50"),
    KeySpec::new(
        "safety",
        "max_growth",
        Percent { most: 10_000 },
        r#""100%""#,
        "The growth of a group that an edited rule, mapping or template may cause.",
    )
    .with_default(r#""100%""#),
    KeySpec::new(
        "connector",
        "name",
        Text { most: 64 },
        r#""corp""#,
        "The connector's name, unique in the file.",
    )
    .required(),
    KeySpec::new("connector", "kind", Kind, r#""ldap""#, "What the source is.").required(),
    KeySpec::new(
        "connector",
        "schedule",
        Text { most: 200 },
        r#""0 2 * * *""#,
        "When the service reads it: five fields of cron; never by itself without.",
    ),
    KeySpec::new(
        "connector",
        "timezone",
        Zone,
        r#""Europe/Paris""#,
        "The zone of the schedule, where it is not the file's.",
    ),
    KeySpec::new("connector", "prehire_days", DAYS, "7", "How many days before `start_date` a person is let in.")
        .with_default("0"),
    KeySpec::new(
        "connector",
        "match",
        Text { most: 64 },
        r#""employee_number""#,
        "The mapped attribute that tells who comes back from a stranger with the same address.",
    ),
    KeySpec::new(
        "connector",
        "include",
        EXPRESSION,
        r#"'employee_type != "service"'"#,
        "Who of the directory counts as a person (Common Expression Language); everybody without.",
    ),
    KeySpec::new(
        "connector",
        "url",
        TEXT,
        r#""ldaps://dc1.corp.example:636""#,
        "The server: `ldaps://HOST:PORT`, `ldap://HOST:PORT`, or the API's `https://` address; for `active_directory` also a list.",
    )
    .only_for(REMOTE)
    .list_for(REPLICATED_KINDS)
    .required()
    .optional_for(DEFAULT_URL_KINDS),
    KeySpec::new("connector", "starttls", Flag, "true", "Encrypt an `ldap://` connection with StartTLS.")
        .only_for(LDAP)
        .with_default("false"),
    KeySpec::new("connector", "plaintext", Flag, "true", "Go without encryption, on purpose.")
        .only_for(REMOTE)
        .with_default("false"),
    KeySpec::new(
        "connector",
        "ca_file",
        TEXT,
        r#""corp-ca.pem""#,
        "A private CA in PEM, in place of the system's.",
    )
    .only_for(REMOTE),
    KeySpec::new(
        "connector",
        "bind_dn",
        TEXT,
        r#""cn=rollcall,ou=services,dc=corp,dc=example""#,
        "The account that reads; anonymous without.",
    )
    .only_for(LDAP),
    KeySpec::new("connector", "bind_password", Secret, r#""correct horse""#, "The account's password.").only_for(LDAP),
    KeySpec::new("connector", "bind_password_file", TEXT, r#""secrets/ldap""#, "A file that holds the password.")
        .only_for(LDAP),
    KeySpec::new(
        "connector",
        "bind_password_env",
        TEXT,
        r#""LDAP_PASSWORD""#,
        "An environment variable that holds the password.",
    )
    .only_for(LDAP),
    KeySpec::new(
        "connector",
        "base_dn",
        OneOrMoreTexts,
        r#""ou=people,dc=corp,dc=example""#,
        "Where people are; several places as a list.",
    )
    .only_for(LDAP)
    .required(),
    KeySpec::new(
        "connector",
        "filter",
        EXPRESSION,
        r#""(objectClass=inetOrgPerson)""#,
        "Who of them: an LDAP filter (RFC 4515), or the API's own (`scim`, `entra`).",
    )
    .only_for(&["ldap", "active_directory", "scim", "entra"]),
    KeySpec::new(
        "connector",
        "page_size",
        Number { least: 1, most: 10_000 },
        "500",
        "How many people a page has; 500 for `ldap` and `active_directory`, else what the system likes.",
    )
    .only_for(PAGED_KINDS),
    KeySpec::new("connector", "timeout", Duration, r#""60s""#, "The longest wait for the server's next message.")
        .only_for(TIMEOUT_KINDS)
        .with_default(r#""60s""#),
    KeySpec::new(
        "connector",
        "company",
        Text { most: 100 },
        r#""initech""#,
        "The company's name in the address.",
    )
    .only_for(&["bamboohr"]),
    KeySpec::new(
        "connector",
        "company_id",
        Text { most: 100 },
        r#""corp""#,
        "The company's id, which a request for a token names.",
    )
    .only_for(&["successfactors"]),
    KeySpec::new(
        "connector",
        "tenant",
        Text { most: 100 },
        r#""corp.onmicrosoft.com""#,
        "The directory's id or domain.",
    )
    .only_for(&["entra"])
    .required(),
    KeySpec::new("connector", "user", Text { most: 200 }, r#""rollcall@initech""#, "The account that reads.")
        .only_for(PASSWORD_KINDS),
    KeySpec::new("connector", "password", Secret, r#""correct horse""#, "The account's password.")
        .only_for(PASSWORD_ONLY_KINDS),
    KeySpec::new("connector", "password_file", TEXT, r#""secrets/hr""#, "A file that holds the password.")
        .only_for(PASSWORD_ONLY_KINDS),
    KeySpec::new(
        "connector",
        "password_env",
        TEXT,
        r#""HR_PASSWORD""#,
        "An environment variable that holds the password.",
    )
    .only_for(PASSWORD_ONLY_KINDS),
    KeySpec::new(
        "connector",
        "token",
        Secret,
        r#""battery staple""#,
        "A token that does not have to be fetched.",
    )
    .only_for(TOKEN_KINDS),
    KeySpec::new("connector", "token_file", TEXT, r#""secrets/token""#, "A file that holds the token.")
        .only_for(TOKEN_KINDS),
    KeySpec::new(
        "connector",
        "token_env",
        TEXT,
        r#""HR_TOKEN""#,
        "An environment variable that holds the token.",
    )
    .only_for(TOKEN_KINDS),
    KeySpec::new("connector", "api_key", Secret, r#""battery staple""#, "A key.").only_for(API_KEY_KINDS),
    KeySpec::new("connector", "api_key_file", TEXT, r#""secrets/key""#, "A file that holds the key.").only_for(API_KEY_KINDS),
    KeySpec::new("connector", "api_key_env", TEXT, r#""HR_KEY""#, "An environment variable that holds the key.")
        .only_for(API_KEY_KINDS),
    KeySpec::new("connector", "api_key_header", Text { most: 100 }, r#""X-API-Key""#, "The header for the key.")
        .only_for(HTTP_JSON_KINDS)
        .with_default(r#""X-API-Key""#),
    KeySpec::new("connector", "client_id", Text { most: 200 }, r#""8d2f…""#, "The client that asks for tokens.")
        .only_for(CLIENT_ID_KINDS),
    KeySpec::new("connector", "client_secret", Secret, r#""battery staple""#, "The client's secret.")
        .only_for(CLIENT_SECRET_KINDS),
    KeySpec::new(
        "connector",
        "client_secret_file",
        TEXT,
        r#""secrets/client""#,
        "A file that holds the client's secret.",
    )
    .only_for(CLIENT_SECRET_KINDS),
    KeySpec::new(
        "connector",
        "client_secret_env",
        TEXT,
        r#""CLIENT_SECRET""#,
        "An environment variable that holds the client's secret.",
    )
    .only_for(CLIENT_SECRET_KINDS),
    KeySpec::new("connector", "refresh_token", Secret, r#""battery staple""#, "A token that fetches others.")
        .only_for(REFRESH_TOKEN_KINDS),
    KeySpec::new(
        "connector",
        "refresh_token_file",
        TEXT,
        r#""secrets/refresh""#,
        "A file that holds the refresh token.",
    )
    .only_for(REFRESH_TOKEN_KINDS),
    KeySpec::new(
        "connector",
        "refresh_token_env",
        TEXT,
        r#""REFRESH_TOKEN""#,
        "An environment variable that holds the refresh token.",
    )
    .only_for(REFRESH_TOKEN_KINDS),
    KeySpec::new("connector", "private_key", Secret, r#""-----BEGIN PRIVATE KEY-----…""#, "An RSA key in PEM.")
        .only_for(KEY_PAIR_KINDS),
    KeySpec::new("connector", "private_key_file", TEXT, r#""secrets/rollcall.pem""#, "A file that holds the key.")
        .only_for(KEY_PAIR_KINDS),
    KeySpec::new(
        "connector",
        "private_key_env",
        TEXT,
        r#""RSA_KEY""#,
        "An environment variable that holds the key.",
    )
    .only_for(KEY_PAIR_KINDS),
    KeySpec::new("connector", "key_id", Text { most: 200 }, r#""rollcall-1""#, "The key's name.").only_for(&["okta"]),
    KeySpec::new("connector", "service_account", Secret, r#""{…}""#, "The service account's key file, as text.")
        .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "service_account_file",
        TEXT,
        r#""secrets/google.json""#,
        "The service account's key file.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "service_account_env",
        TEXT,
        r#""GOOGLE_KEY""#,
        "An environment variable that holds the service account's key file.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "admin",
        Text { most: 200 },
        r#""it@corp.example""#,
        "For whom the service account acts.",
    )
    .only_for(&["google"])
    .required(),
    KeySpec::new(
        "connector",
        "token_url",
        TEXT,
        r#""https://login.corp.example/token""#,
        "Where tokens are fetched, where the system does not say.",
    )
    .only_for(OAUTH_KINDS),
    KeySpec::new("connector", "scope", TEXT, r#""people.read""#, "What tokens are for.").only_for(OAUTH_KINDS),
    KeySpec::new(
        "connector",
        "requests_per_second",
        Number { least: 1, most: 1_000 },
        "5",
        "The most requests a second; what the system allows, without.",
    )
    .only_for(HTTP),
    KeySpec::new("connector", "max_answer", Size, r#""64MiB""#, "The largest answer that is read.").only_for(HTTP),
    KeySpec::new(
        "connector",
        "database_url",
        Secret,
        r#""postgres://reader:password@hr.corp.example/hr""#,
        "The database that is read, `postgres://…` or `sqlite://FILE`.",
    )
    .only_for(SQL),
    KeySpec::new("connector", "database_url_file", TEXT, r#""secrets/hr-db""#, "A file that holds its URL.")
        .only_for(SQL),
    KeySpec::new(
        "connector",
        "database_url_env",
        TEXT,
        r#""HR_DB""#,
        "An environment variable that holds its URL.",
    )
    .only_for(SQL),
    KeySpec::new(
        "connector",
        "count_query",
        EXPRESSION,
        r#""SELECT count(*) FROM people""#,
        "A query that gives the number of rows, as a proof of the end.",
    )
    .only_for(SQL),
    KeySpec::new(
        "connector",
        "customer",
        Text { most: 100 },
        r#""my_customer""#,
        "The account whose users are read.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "domain",
        Text { most: 200 },
        r#""corp.example""#,
        "The one domain whose users are read.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "query",
        EXPRESSION,
        r#""SELECT * FROM people""#,
        "The query that gives the people (`sql`), or who of them in the system's words (`google`).",
    )
    .only_for(&["google", "sql"])
    .required()
    .optional_for(&["google"]),
    KeySpec::new("connector", "dataset", Text { most: 100 }, r#""employee""#, "The dataset that is read.")
        .only_for(&["bamboohr"]),
    KeySpec::new(
        "connector",
        "expand",
        TEXT,
        r#""personalInfoNav,emailNav""#,
        "What is read beside each person.",
    )
    .only_for(&["successfactors"]),
    KeySpec::new(
        "connector",
        "list",
        TEXT,
        r#""data.items""#,
        "Where the people stand in an answer; `$` is its top.",
    )
    .only_for(HTTP_JSON_KINDS)
    .required(),
    KeySpec::new(
        "connector",
        "total",
        TEXT,
        r#""meta.total""#,
        "Where an answer says how many people there are in all.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "paging",
        Text { most: 20 },
        r#""cursor""#,
        "How pages follow each other: `whole`, `link`, `next_url`, `cursor`, `page` or `offset`.",
    )
    .only_for(&["http_json", "scim", "successfactors"])
    .required()
    .optional_for(&["scim", "successfactors"]),
    KeySpec::new("connector", "next", TEXT, r#""meta.next""#, "Where the next page's URL or cursor stands.")
        .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "page_param",
        Text { most: 100 },
        r#""page""#,
        "The parameter for cursor, page or offset.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "first_page",
        Number { least: 0, most: 1 },
        "1",
        "The first page's, or record's, number.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new("connector", "size_param", Text { most: 100 }, r#""limit""#, "The parameter for people a page.")
        .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "email_url",
        TEXT,
        r#""https://hr.corp.example/api/people?mail={email}""#,
        "The URL of the people with one address, answered with a list like that of everybody.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "id_url",
        TEXT,
        r#""https://hr.corp.example/api/people/{id}""#,
        "The URL of the person with one id; status 404 is nobody.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "record",
        TEXT,
        r#""data""#,
        "Where the person stands in the answer of `id_url`; it is the whole answer without.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new("connector", "headers", Texts, r#"["X-Team: it"]"#, "Headers of every request.").only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "body",
        EXPRESSION,
        r#"'{"active": true}'"#,
        "A body of JSON, which makes requests POST.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "path",
        TEXT,
        r#""people.csv""#,
        "The file, in UTF-8: with a header line (RFC 4180), an array of JSON, or JSON Lines.",
    )
    .only_for(FILE)
    .required(),
    KeySpec::new(
        "connector",
        "delimiter",
        Text { most: 3 },
        r#"";""#,
        "What stands between fields, one character or `tab`; found from the header line without.",
    )
    .only_for(CSV),
    KeySpec::new(
        "connector",
        "done_file",
        TEXT,
        r#""people.done""#,
        "A file that exists only when the people are written to the end.",
    )
    .only_for(FILE),
    KeySpec::new(
        "connector",
        "sha256_file",
        TEXT,
        r#""people.csv.sha256""#,
        "A file that holds the SHA-256 of the people, as `sha256sum` writes it.",
    )
    .only_for(FILE),
    KeySpec::new("connector", "min_rows", COUNT, "100", "Fewer rows than this are no directory.").only_for(FILE),
    KeySpec::new("connector", "max_age", Duration, r#""26h""#, "An older file is yesterday's.").only_for(FILE),
    KeySpec::new(
        "connector",
        "list_separator",
        Text { most: 10 },
        r#""|""#,
        "What stands between several values of one field; a field is one value without.",
    )
    .only_for(CSV),
    KeySpec::new("connector.status", "active", Texts, r#"["employed"]"#, "Values that mean at work.").with_default("[]"),
    KeySpec::new("connector.status", "leave", Texts, r#"["on leave"]"#, "Values that mean away for a while.")
        .with_default("[]"),
    KeySpec::new("connector.status", "left", Texts, r#"["terminated", "inactive"]"#, "Values that mean gone.")
        .with_default("[]"),
    KeySpec::new("rule", "name", Text { most: 100 }, r#""departments""#, "The rule's name, unique in the file.")
        .required(),
    KeySpec::new(
        "rule",
        "group",
        Text { most: 500 },
        r#""Department: {department}""#,
        "The group, or a template that names one for each value.",
    )
    .required(),
    KeySpec::new(
        "rule",
        "when",
        EXPRESSION,
        r#"'department != ""'"#,
        "An expression over the attributes (Common Expression Language).",
    )
    .required(),
    KeySpec::new("rule", "connectors", Texts, r#"["corp"]"#, "Only people of these connectors; of all without."),
    KeySpec::new(
        "rule",
        "max_group_removals",
        Percent { most: 100 },
        r#""50%""#,
        "The share of its group that may go, in place of the one of `[safety]`.",
    ),
    KeySpec::new("course", "code", Text { most: 100 }, r#""GDPR-101""#, "The course's code, unique in the file.")
        .required(),
    KeySpec::new("course", "title", Text { most: 300 }, r#""Data protection basics""#, "What learners read.")
        .required(),
    KeySpec::new("assignment", "course", Text { most: 100 }, r#""GDPR-101""#, "The code of the course.")
        .required(),
    KeySpec::new(
        "assignment",
        "groups",
        Texts,
        r#"["Department: Sales", "Site: *"]"#,
        "Names of groups, or globs over names.",
    )
    .required(),
    KeySpec::new("assignment", "due", Day, r#""2026-12-31""#, "The day on which it is due."),
    KeySpec::new("assignment", "due_days", DAYS, "30", "Due so many days after joining the group."),
    KeySpec::new(
        "assignment",
        "due_days_after_start",
        DAYS,
        "14",
        "Due so many days after the later of `start_date` and joining.",
    ),
    KeySpec::new(
        "assignment",
        "late_days",
        DAYS,
        "14",
        "The time that whoever joins late for a fixed day has at least, in days.",
    )
    .with_default("14"),
];
