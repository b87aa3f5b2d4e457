//! Keys for the credentials of APIs.

use crate::connector_kinds::{
    API_KEY_KINDS, CLIENT_ID_KINDS, CLIENT_SECRET_KINDS, HTTP_JSON_KINDS, KEY_PAIR_KINDS, OAUTH_KINDS,
    PASSWORD_KINDS, PASSWORD_ONLY_KINDS, REFRESH_TOKEN_KINDS, TOKEN_KINDS,
};
use crate::key_spec::KeySpec;
use crate::value_type::TEXT;
use crate::value_type::ValueType::{Secret, Text};

pub(super) static CREDENTIAL_KEYS: &[KeySpec] = &[
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
    KeySpec::new(
        "connector",
        "user",
        Text { most: 200 },
        r#""rollcall@initech""#,
        "The user name of the account.",
    )
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
    KeySpec::new("connector", "token", Secret, r#""battery staple""#, "A static token.")
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
    KeySpec::new("connector", "api_key", Secret, r#""battery staple""#, "The API key.")
        .only_for(API_KEY_KINDS),
    KeySpec::new("connector", "api_key_file", TEXT, r#""secrets/key""#, "A file that contains the key.")
        .only_for(API_KEY_KINDS),
    KeySpec::new(
        "connector",
        "api_key_env",
        TEXT,
        r#""HR_KEY""#,
        "An environment variable that contains the key.",
    )
    .only_for(API_KEY_KINDS),
    KeySpec::new(
        "connector",
        "api_key_header",
        Text { most: 100 },
        r#""X-API-Key""#,
        "The header that carries the key.",
    )
    .only_for(HTTP_JSON_KINDS)
    .with_default(r#""X-API-Key""#),
    KeySpec::new(
        "connector",
        "client_id",
        Text { most: 200 },
        r#""8d2f…""#,
        "The client ID for token requests.",
    )
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
    KeySpec::new(
        "connector",
        "refresh_token",
        Secret,
        r#""battery staple""#,
        "The refresh token (OAuth 2.0).",
    )
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
    KeySpec::new(
        "connector",
        "private_key",
        Secret,
        r#""-----BEGIN PRIVATE KEY-----…""#,
        "An RSA key in PEM.",
    )
    .only_for(KEY_PAIR_KINDS),
    KeySpec::new(
        "connector",
        "private_key_file",
        TEXT,
        r#""secrets/rollcall.pem""#,
        "A file that contains the key.",
    )
    .only_for(KEY_PAIR_KINDS),
    KeySpec::new(
        "connector",
        "private_key_env",
        TEXT,
        r#""RSA_KEY""#,
        "An environment variable that contains the key.",
    )
    .only_for(KEY_PAIR_KINDS),
    KeySpec::new("connector", "key_id", Text { most: 200 }, r#""rollcall-1""#, "The id of the key.")
        .only_for(&["okta"]),
    KeySpec::new(
        "connector",
        "service_account",
        Secret,
        r#""{…}""#,
        "The service account's key file, as text.",
    )
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
    KeySpec::new("connector", "scope", TEXT, r#""people.read""#, "The scope of token requests.")
        .only_for(OAUTH_KINDS),
];
