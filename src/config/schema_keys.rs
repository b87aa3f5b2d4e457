//! The rows of the table of keys: the sections, then the keys of each section in the order of the example.

use crate::key_spec::{KeySpec, SectionKind, SectionSpec};
use crate::value_type::ValueType::{
    Address, Day, Duration, Flag, Kind, Number, OneOrMoreTexts, Percent, Secret, Size, Text, Texts, Zone,
};

const fn section(path: &'static str, form: SectionKind, doc: &'static str) -> SectionSpec {
    SectionSpec { path, form, doc }
}

/// The maximum length of ordinary text in characters; sufficient for a path or a distinguished name.
const TEXT: crate::value_type::ValueType = Text { most: 1_000 };
/// The maximum length of an expression in characters. The compiler has a lower limit.
const EXPRESSION: crate::value_type::ValueType = Text { most: 10_000 };
/// Zero to ten years. A larger number is a typing error.
const DAYS: crate::value_type::ValueType = Number { least: 0, most: 3_650 };
/// A count of people, groups or rows.
const COUNT: crate::value_type::ValueType = Number { least: 0, most: 1_000_000_000 };

/// Joins two lists of kinds into one with `N` elements.
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
/// Kinds with several equivalent servers.
const REPLICATED_KINDS: &[&str] = &["active_directory"];
const CSV: &[&str] = &["csv"];
/// Kinds that read a file.
const FILE: &[&str] = &["csv", "json_file"];
const SQL: &[&str] = &["sql"];
/// Kinds that use HTTP.
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
/// Kinds that use a network.
const REMOTE: &[&str] = &join_kinds::<13>(LDAP, HTTP);
/// Kinds with a timeout.
const TIMEOUT_KINDS: &[&str] = &join_kinds::<14>(REMOTE, SQL);
/// Kinds with a fixed URL, or one that is derived from a name.
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
/// Kinds whose clients authenticate with a key pair.
const KEY_PAIR_KINDS: &[&str] = &["okta", "successfactors"];
const REFRESH_TOKEN_KINDS: &[&str] = &["workday", "http_json"];
const API_KEY_KINDS: &[&str] = &["bamboohr", "http_json"];
const OAUTH_KINDS: &[&str] =
    &["scim", "entra", "okta", "google", "personio", "personio_v2", "workday", "successfactors", "http_json"];
const HTTP_JSON_KINDS: &[&str] = &["http_json"];

/// All connector kinds.
pub(super) const KINDS: &[&str] =
    &join_kinds::<16>(&join_kinds::<5>(LDAP, &join_kinds::<3>(FILE, SQL)), HTTP);

pub(super) static SECTIONS: &[SectionSpec] = &[
    section("", SectionKind::Table, "The configuration of rollcall."),
    section("database", SectionKind::Table, "The database of rollcall."),
    section("web", SectionKind::Table, "The pages and the HTTP API."),
    section("web.sign_in", SectionKind::Table, "The company's sign-in provider (OpenID Connect)."),
    section("worker", SectionKind::Table, "The workers that process jobs."),
    section("safety", SectionKind::Table, "Limits; changes of a run that exceed one wait for approval."),
    section("connector", SectionKind::List, "A source of people."),
    section(
        "connector.attributes",
        SectionKind::FreeKeys,
        "Attribute of rollcall = attribute of the source.",
    ),
    section(
        "connector.values_file",
        SectionKind::FreeKeys,
        "Attribute = a CSV file that maps codes to names.",
    ),
    section("connector.status", SectionKind::Table, "The meaning of the source's status values."),
    section("connector.values", SectionKind::FreeTables, "Code of the source = name."),
    section("rule", SectionKind::List, "A rule that assigns learners to groups."),
    section("course", SectionKind::List, "A course of the catalogue."),
    section("assignment", SectionKind::List, "A course assigned to groups."),
];

pub(super) static KEYS: &[KeySpec] = &[
    KeySpec::new("", "timezone", Zone, r#""Europe/Berlin""#, "The time zone in which a day begins and ends.")
        .with_default(r#""UTC""#),
    KeySpec::new(
        "database",
        "url",
        Secret,
        r#""postgres://rollcall:password@db.corp.example/rollcall""#,
        "The database, `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/NAME`.",
    )
    .with_default(r#""sqlite://rollcall.db""#),
    KeySpec::new("database", "url_file", TEXT, r#""secrets/database-url""#, "A file that contains the URL."),
    KeySpec::new("database", "url_env", TEXT, r#""DATABASE_URL""#, "An environment variable that contains the URL."),
    KeySpec::new("database", "max_size", Size, r#""512MiB""#, "The maximum size of an SQLite file."),
    KeySpec::new("web", "listen", Address, r#""0.0.0.0:8080""#, "The address and port for pages and API.")
        .with_default(r#""127.0.0.1:8080""#),
    KeySpec::new("web", "cert", TEXT, r#""web.pem""#, "The certificate of the web server in PEM; if it is missing, connections are not encrypted."),
    KeySpec::new("web", "key", TEXT, r#""web.key""#, "The private key of the certificate in PEM."),
    KeySpec::new(
        "web",
        "trusted_proxies",
        Texts,
        r#"["127.0.0.1", "10.0.0.0/8"]"#,
        "Addresses and networks of reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted.",
    )
    .with_default("[]"),
    KeySpec::new("web.sign_in", "issuer", TEXT, r#""https://login.corp.example""#, "The provider's issuer URL.").required(),
    KeySpec::new(
        "web.sign_in",
        "url",
        TEXT,
        r#""https://rollcall.corp.example""#,
        "The public URL of the pages; the provider redirects to /sign-in/callback below it.",
    )
    .required(),
    KeySpec::new("web.sign_in", "client_id", TEXT, r#""rollcall""#, "The client ID of rollcall at the provider.").required(),
    KeySpec::new("web.sign_in", "client_secret", Secret, r#""battery staple""#, "The client's secret."),
    KeySpec::new(
        "web.sign_in",
        "client_secret_file",
        TEXT,
        r#""secrets/sign-in""#,
        "A file that contains the client's secret.",
    ),
    KeySpec::new(
        "web.sign_in",
        "client_secret_env",
        TEXT,
        r#""SIGN_IN_SECRET""#,
        "An environment variable that contains the client's secret.",
    ),
    KeySpec::new("web.sign_in", "scopes", Texts, r#"["email", "profile", "groups"]"#, "Scopes requested in addition to `openid`.")
        .with_default(r#"["email", "profile"]"#),
    KeySpec::new("web.sign_in", "groups_claim", TEXT, r#""roles""#, "The claim that contains the groups.").with_default(r#""groups""#),
    KeySpec::new("web.sign_in", "license_holders", Texts, r#"["rollcall-admins"]"#, "Groups whose members may do everything.")
        .with_default("[]"),
    KeySpec::new("web.sign_in", "operators", Texts, r#"["it-service"]"#, "Groups whose members manage connectors, runs and jobs.")
        .with_default("[]"),
    KeySpec::new("web.sign_in", "managers", Texts, r#"["learning"]"#, "Groups whose members manage groups and courses.")
        .with_default("[]"),
    KeySpec::new("web.sign_in", "viewers", Texts, r#"["staff"]"#, "Groups whose members may read.").with_default("[]"),
    KeySpec::new(
        "worker",
        "concurrency",
        Number { least: 1, most: 64 },
        "4",
        "The number of workers that process jobs concurrently.",
    )
    .with_default("2"),
    KeySpec::new(
        "safety",
        "max_removals",
        Percent { most: 100 },
        r#""5%""#,
        "The maximum share of memberships, learners and enrollments that may be removed within 24 hours.",
    )
    .with_default(r#""5%""#),
    KeySpec::new("safety", "max_removals_total", COUNT, "500", "The maximum number of people who may lose something in one run.")
        .with_default("500"),
    KeySpec::new(
        "safety",
        "max_group_removals",
        Percent { most: 100 },
        r#""30%""#,
        "The maximum share of members of a group of 20 or more that may be removed.",
    )
    .with_default(r#""30%""#),
    KeySpec::new(
        "safety",
        "min_read",
        Percent { most: 100 },
        r#""80%""#,
        "The minimum number of people, as a share of the last good reading.",
    )
    .with_default(r#""80%""#),
    KeySpec::new(
        "safety",
        "max_blanked",
        Percent { most: 100 },
        r#""5%""#,
        "The maximum share of people whose value of a mapped attribute may become empty.",
    )
    .with_default(r#""5%""#),
    KeySpec::new(
        "safety",
        "max_rekeyed",
        Percent { most: 100 },
        r#""1%""#,
        "The maximum share of known e-mail addresses that may have a new id.",
    )
    .with_default(r#""1%""#),
    KeySpec::new("safety", "max_new_groups", COUNT, "50", "The maximum number of new groups in one run.").with_default("50"),
    KeySpec::new(
        "safety",
        "max_growth",
        Percent { most: 10_000 },
        r#""100%""#,
        "The maximum growth of a group that an edited rule, mapping or template may cause.",
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
    KeySpec::new("connector", "kind", Kind, r#""ldap""#, "The kind of the source.").required(),
    KeySpec::new(
        "connector",
        "schedule",
        Text { most: 200 },
        r#""0 2 * * *""#,
        "The schedule of syncs in cron syntax with five fields; if it is missing, the service does not sync the connector.",
    ),
    KeySpec::new(
        "connector",
        "timezone",
        Zone,
        r#""Europe/Paris""#,
        "The time zone of the schedule, if it differs from the file's.",
    ),
    KeySpec::new("connector", "prehire_days", DAYS, "7", "The number of days before `start_date` from which a person has access.")
        .with_default("0"),
    KeySpec::new(
        "connector",
        "match",
        Text { most: 64 },
        r#""employee_number""#,
        "A mapped attribute that identifies a returning person who has the same e-mail address and a new id.",
    ),
    KeySpec::new(
        "connector",
        "include",
        EXPRESSION,
        r#"'employee_type != "service"'"#,
        "An expression (Common Expression Language) that selects people; if it is missing, every record is a person.",
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
    KeySpec::new("connector", "plaintext", Flag, "true", "Allow unencrypted connections.")
        .only_for(REMOTE)
        .with_default("false"),
    KeySpec::new(
        "connector",
        "ca_file",
        TEXT,
        r#""corp-ca.pem""#,
        "A private CA in PEM; replaces the system's CAs.",
    )
    .only_for(REMOTE),
    KeySpec::new(
        "connector",
        "bind_dn",
        TEXT,
        r#""cn=rollcall,ou=services,dc=corp,dc=example""#,
        "The account to bind with; if it is missing, the bind is anonymous.",
    )
    .only_for(LDAP),
    KeySpec::new("connector", "bind_password", Secret, r#""correct horse""#, "The account's password.").only_for(LDAP),
    KeySpec::new("connector", "bind_password_file", TEXT, r#""secrets/ldap""#, "A file that contains the password.")
        .only_for(LDAP),
    KeySpec::new(
        "connector",
        "bind_password_env",
        TEXT,
        r#""LDAP_PASSWORD""#,
        "An environment variable that contains the password.",
    )
    .only_for(LDAP),
    KeySpec::new(
        "connector",
        "base_dn",
        OneOrMoreTexts,
        r#""ou=people,dc=corp,dc=example""#,
        "The base DN of people; a list if there are several.",
    )
    .only_for(LDAP)
    .required(),
    KeySpec::new(
        "connector",
        "filter",
        EXPRESSION,
        r#""(objectClass=inetOrgPerson)""#,
        "A filter for people: an LDAP filter (RFC 4515), or the API's own (`scim`, `entra`).",
    )
    .only_for(&["ldap", "active_directory", "scim", "entra"]),
    KeySpec::new(
        "connector",
        "page_size",
        Number { least: 1, most: 10_000 },
        "500",
        "The number of people in a page; 500 for `ldap` and `active_directory`, otherwise the default of the API.",
    )
    .only_for(PAGED_KINDS),
    KeySpec::new("connector", "timeout", Duration, r#""60s""#, "The maximum wait for the server's next message.")
        .only_for(TIMEOUT_KINDS)
        .with_default(r#""60s""#),
    KeySpec::new(
        "connector",
        "company",
        Text { most: 100 },
        r#""initech""#,
        "The company's part of the host name.",
    )
    .only_for(&["bamboohr"]),
    KeySpec::new(
        "connector",
        "company_id",
        Text { most: 100 },
        r#""corp""#,
        "The company id in token requests.",
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
    KeySpec::new("connector", "user", Text { most: 200 }, r#""rollcall@initech""#, "The user name of the account.")
        .only_for(PASSWORD_KINDS),
    KeySpec::new("connector", "password", Secret, r#""correct horse""#, "The account's password.")
        .only_for(PASSWORD_ONLY_KINDS),
    KeySpec::new("connector", "password_file", TEXT, r#""secrets/hr""#, "A file that contains the password.")
        .only_for(PASSWORD_ONLY_KINDS),
    KeySpec::new(
        "connector",
        "password_env",
        TEXT,
        r#""HR_PASSWORD""#,
        "An environment variable that contains the password.",
    )
    .only_for(PASSWORD_ONLY_KINDS),
    KeySpec::new(
        "connector",
        "token",
        Secret,
        r#""battery staple""#,
        "A static token.",
    )
    .only_for(TOKEN_KINDS),
    KeySpec::new("connector", "token_file", TEXT, r#""secrets/token""#, "A file that contains the token.")
        .only_for(TOKEN_KINDS),
    KeySpec::new(
        "connector",
        "token_env",
        TEXT,
        r#""HR_TOKEN""#,
        "An environment variable that contains the token.",
    )
    .only_for(TOKEN_KINDS),
    KeySpec::new("connector", "api_key", Secret, r#""battery staple""#, "The API key.").only_for(API_KEY_KINDS),
    KeySpec::new("connector", "api_key_file", TEXT, r#""secrets/key""#, "A file that contains the key.").only_for(API_KEY_KINDS),
    KeySpec::new("connector", "api_key_env", TEXT, r#""HR_KEY""#, "An environment variable that contains the key.")
        .only_for(API_KEY_KINDS),
    KeySpec::new("connector", "api_key_header", Text { most: 100 }, r#""X-API-Key""#, "The header that carries the key.")
        .only_for(HTTP_JSON_KINDS)
        .with_default(r#""X-API-Key""#),
    KeySpec::new("connector", "client_id", Text { most: 200 }, r#""8d2f…""#, "The client ID for token requests.")
        .only_for(CLIENT_ID_KINDS),
    KeySpec::new("connector", "client_secret", Secret, r#""battery staple""#, "The client's secret.")
        .only_for(CLIENT_SECRET_KINDS),
    KeySpec::new(
        "connector",
        "client_secret_file",
        TEXT,
        r#""secrets/client""#,
        "A file that contains the client's secret.",
    )
    .only_for(CLIENT_SECRET_KINDS),
    KeySpec::new(
        "connector",
        "client_secret_env",
        TEXT,
        r#""CLIENT_SECRET""#,
        "An environment variable that contains the client's secret.",
    )
    .only_for(CLIENT_SECRET_KINDS),
    KeySpec::new("connector", "refresh_token", Secret, r#""battery staple""#, "The refresh token (OAuth 2.0).")
        .only_for(REFRESH_TOKEN_KINDS),
    KeySpec::new(
        "connector",
        "refresh_token_file",
        TEXT,
        r#""secrets/refresh""#,
        "A file that contains the refresh token.",
    )
    .only_for(REFRESH_TOKEN_KINDS),
    KeySpec::new(
        "connector",
        "refresh_token_env",
        TEXT,
        r#""REFRESH_TOKEN""#,
        "An environment variable that contains the refresh token.",
    )
    .only_for(REFRESH_TOKEN_KINDS),
    KeySpec::new("connector", "private_key", Secret, r#""-----BEGIN PRIVATE KEY-----…""#, "An RSA key in PEM.")
        .only_for(KEY_PAIR_KINDS),
    KeySpec::new("connector", "private_key_file", TEXT, r#""secrets/rollcall.pem""#, "A file that contains the key.")
        .only_for(KEY_PAIR_KINDS),
    KeySpec::new(
        "connector",
        "private_key_env",
        TEXT,
        r#""RSA_KEY""#,
        "An environment variable that contains the key.",
    )
    .only_for(KEY_PAIR_KINDS),
    KeySpec::new("connector", "key_id", Text { most: 200 }, r#""rollcall-1""#, "The id of the key.").only_for(&["okta"]),
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
        "An environment variable that contains the service account's key file.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "admin",
        Text { most: 200 },
        r#""it@corp.example""#,
        "The administrator that the service account impersonates.",
    )
    .only_for(&["google"])
    .required(),
    KeySpec::new(
        "connector",
        "token_url",
        TEXT,
        r#""https://login.corp.example/token""#,
        "The token endpoint, if it differs from the default.",
    )
    .only_for(OAUTH_KINDS),
    KeySpec::new("connector", "scope", TEXT, r#""people.read""#, "The scope of token requests.").only_for(OAUTH_KINDS),
    KeySpec::new(
        "connector",
        "requests_per_second",
        Number { least: 1, most: 1_000 },
        "5",
        "The maximum number of requests per second; the default is the limit of the API.",
    )
    .only_for(HTTP),
    KeySpec::new("connector", "max_answer", Size, r#""64MiB""#, "The maximum size of a response.").only_for(HTTP),
    KeySpec::new(
        "connector",
        "database_url",
        Secret,
        r#""postgres://reader:password@hr.corp.example/hr""#,
        "The URL of the source database, `postgres://…` or `sqlite://FILE`.",
    )
    .only_for(SQL),
    KeySpec::new("connector", "database_url_file", TEXT, r#""secrets/hr-db""#, "A file that contains the URL of the source database.")
        .only_for(SQL),
    KeySpec::new(
        "connector",
        "database_url_env",
        TEXT,
        r#""HR_DB""#,
        "An environment variable that contains the URL of the source database.",
    )
    .only_for(SQL),
    KeySpec::new(
        "connector",
        "count_query",
        EXPRESSION,
        r#""SELECT count(*) FROM people""#,
        "A query that returns the number of rows; it proves that the reading is complete.",
    )
    .only_for(SQL),
    KeySpec::new(
        "connector",
        "customer",
        Text { most: 100 },
        r#""my_customer""#,
        "The customer whose users are read.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "domain",
        Text { most: 200 },
        r#""corp.example""#,
        "Read only the users of this domain.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "query",
        EXPRESSION,
        r#""SELECT * FROM people""#,
        "The query that returns the people (`sql`), or a search query of the API (`google`).",
    )
    .only_for(&["google", "sql"])
    .required()
    .optional_for(&["google"]),
    KeySpec::new("connector", "dataset", Text { most: 100 }, r#""employee""#, "The dataset to read.")
        .only_for(&["bamboohr"]),
    KeySpec::new(
        "connector",
        "expand",
        TEXT,
        r#""personalInfoNav,emailNav""#,
        "Related entities to read with each person.",
    )
    .only_for(&["successfactors"]),
    KeySpec::new(
        "connector",
        "list",
        TEXT,
        r#""data.items""#,
        "The path of the list of people in a response; `$` is the response itself.",
    )
    .only_for(HTTP_JSON_KINDS)
    .required(),
    KeySpec::new(
        "connector",
        "total",
        TEXT,
        r#""meta.total""#,
        "The path of the total number of people in a response.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "paging",
        Text { most: 20 },
        r#""cursor""#,
        "The paging method: `whole`, `link`, `next_url`, `cursor`, `page` or `offset`.",
    )
    .only_for(&["http_json", "scim", "successfactors"])
    .required()
    .optional_for(&["scim", "successfactors"]),
    KeySpec::new("connector", "next", TEXT, r#""meta.next""#, "The path of the next page's URL or cursor.")
        .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "page_param",
        Text { most: 100 },
        r#""page""#,
        "The query parameter for the cursor, page or offset.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "first_page",
        Number { least: 0, most: 1 },
        "1",
        "The number of the first page or record.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new("connector", "size_param", Text { most: 100 }, r#""limit""#, "The query parameter for the page size.")
        .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "email_url",
        TEXT,
        r#""https://hr.corp.example/api/people?mail={email}""#,
        "The URL that returns the people with one e-mail address, as a list.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "id_url",
        TEXT,
        r#""https://hr.corp.example/api/people/{id}""#,
        "The URL that returns the person with one id; status 404 means that there is none.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "record",
        TEXT,
        r#""data""#,
        "The path of the person in the response of `id_url`; the default is the whole response.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new("connector", "headers", Texts, r#"["X-Team: it"]"#, "Headers to send with every request.").only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "body",
        EXPRESSION,
        r#"'{"active": true}'"#,
        "A JSON body; requests use POST if it is set.",
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
        "The field delimiter, one character or `tab`; if it is missing, it is detected from the header line.",
    )
    .only_for(CSV),
    KeySpec::new(
        "connector",
        "done_file",
        TEXT,
        r#""people.done""#,
        "A file that exists only when the export is complete.",
    )
    .only_for(FILE),
    KeySpec::new(
        "connector",
        "sha256_file",
        TEXT,
        r#""people.csv.sha256""#,
        "A file that contains the SHA-256 of the export, as written by `sha256sum`.",
    )
    .only_for(FILE),
    KeySpec::new("connector", "min_rows", COUNT, "100", "The minimum number of rows. A file with fewer rows is rejected.").only_for(FILE),
    KeySpec::new("connector", "max_age", Duration, r#""26h""#, "The maximum age of the file. An older file is rejected.").only_for(FILE),
    KeySpec::new(
        "connector",
        "list_separator",
        Text { most: 10 },
        r#""|""#,
        "The separator of several values in one field; if it is missing, a field has one value.",
    )
    .only_for(CSV),
    KeySpec::new("connector.status", "active", Texts, r#"["employed"]"#, "Values that mean employed.").with_default("[]"),
    KeySpec::new("connector.status", "leave", Texts, r#"["on leave"]"#, "Values that mean on leave.")
        .with_default("[]"),
    KeySpec::new("connector.status", "left", Texts, r#"["terminated", "inactive"]"#, "Values that mean that the person has left.")
        .with_default("[]"),
    KeySpec::new("rule", "name", Text { most: 100 }, r#""departments""#, "The rule's name, unique in the file.")
        .required(),
    KeySpec::new(
        "rule",
        "group",
        Text { most: 500 },
        r#""Department: {department}""#,
        "The name of the group, or a template that creates one group per value.",
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
    KeySpec::new("rule", "connectors", Texts, r#"["corp"]"#, "Restrict the rule to people of these connectors."),
    KeySpec::new(
        "rule",
        "max_group_removals",
        Percent { most: 100 },
        r#""50%""#,
        "The maximum share of the rule's group that may be removed; replaces the limit of `[safety]`.",
    ),
    KeySpec::new("course", "code", Text { most: 100 }, r#""GDPR-101""#, "The course's code, unique in the file.")
        .required(),
    KeySpec::new("course", "title", Text { most: 300 }, r#""Data protection basics""#, "The title shown to learners.")
        .required(),
    KeySpec::new("assignment", "course", Text { most: 100 }, r#""GDPR-101""#, "The code of the course.")
        .required(),
    KeySpec::new(
        "assignment",
        "groups",
        Texts,
        r#"["Department: Sales", "Site: *"]"#,
        "Names of groups, or globs.",
    )
    .required(),
    KeySpec::new("assignment", "due", Day, r#""2026-12-31""#, "The due date."),
    KeySpec::new("assignment", "due_days", DAYS, "30", "The number of days between joining the group and the due date."),
    KeySpec::new(
        "assignment",
        "due_days_after_start",
        DAYS,
        "14",
        "The number of days between the later of `start_date` and joining, and the due date.",
    ),
    KeySpec::new(
        "assignment",
        "late_days",
        DAYS,
        "14",
        "The minimum number of days for learners who join late for a fixed due date.",
    )
    .with_default("14"),
];
