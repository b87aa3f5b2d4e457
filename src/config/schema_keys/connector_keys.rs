//! Keys that most connectors share, and those of LDAP servers.

use crate::connector_kinds::{DEFAULT_URL_KINDS, LDAP, PAGED_KINDS, REMOTE, REPLICATED_KINDS, TIMEOUT_KINDS};
use crate::key_spec::KeySpec;
use crate::value_type::ValueType::{Duration, Flag, Kind, Number, OneOrMoreTexts, Secret, Text, Zone};
use crate::value_type::{DAYS, EXPRESSION, TEXT};

pub(super) static CONNECTOR_KEYS: &[KeySpec] = &[
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
        "several",
        Text { most: 20 },
        r#""merge""#,
        "What becomes of different records with one id: `refuse` sets them aside, `merge` makes one person of them.",
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
        "group_base",
        OneOrMoreTexts,
        r#""ou=groups,dc=corp,dc=example""#,
        "The base DN of groups, if `memberOf` is mapped; a list if there are several. If it is missing, the domain of `base_dn`.",
    )
    .only_for(LDAP),
    KeySpec::new(
        "connector",
        "group_filter",
        EXPRESSION,
        r#""(objectClass=groupOfNames)""#,
        "A filter for groups (RFC 4515), if `memberOf` is mapped.",
    )
    .only_for(LDAP),
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
];
