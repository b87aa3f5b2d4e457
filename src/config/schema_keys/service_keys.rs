//! Keys of the top level, the database, the pages, the workers and the limits.

use crate::key_spec::KeySpec;
use crate::value_type::ValueType::{Address, Flag, Number, Percent, Secret, Size, Texts, Zone};
use crate::value_type::{COUNT, TEXT};

pub(super) static SERVICE_KEYS: &[KeySpec] = &[
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
    KeySpec::new("web", "passwords", Flag, "false", "Whether accounts may sign in with a password.").with_default("true"),
    KeySpec::new(
        "web",
        "second_factor",
        Texts,
        r#"["license_holder", "operator"]"#,
        "Roles whose accounts must have a second factor when they sign in with a password.",
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
    KeySpec::new("safety", "max_removals_total", COUNT, "500", "The maximum number of people who may lose something within 24 hours.")
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
];
