//! Keys that authenticate a connector to an HTTP server.

use url::Url;

use crate::diagnostic_collector::SpannedValue;
use crate::secret::{
    self, API_KEY, CLIENT_SECRET, PASSWORD, PRIVATE_KEY, REFRESH_TOKEN, SERVICE_ACCOUNT, SecretKeyNames,
    TOKEN,
};
use crate::section::ConfigSection;
use crate::{Environment, http_url};
use rollcall_connectors::api::vendors::{Vendor, VendorAuthMethod};
use rollcall_connectors::http::{GrantKind, HttpAuth, ServiceAccountKey, TokenGrant, is_header};
use rollcall_model::secret::SecretText;

/// Returns the authentication method for which the file has keys; `None` if one of them is missing.
pub(super) fn read(
    section: &ConfigSection<'_>,
    around: &Environment<'_>,
    kind: &Vendor,
    url: Option<&Url>,
) -> Option<HttpAuth> {
    let Some(access) = kind.access.iter().find(|access| is_begun(access, section)) else {
        let ways: Vec<String> = kind.access.iter().map(in_words).collect();
        let finding = section.finding("the credentials are missing");
        section.report.report_absence(finding.hint(format!("add {}", ways.join(", or "))));
        return None;
    };
    let secret = |names| one(section, around, names);
    let user = || text(section, "user");
    match *access {
        VendorAuthMethod::Anonymous => Some(HttpAuth::Anonymous),
        VendorAuthMethod::Token(prefix) => {
            Some(HttpAuth::Header { name: "authorization", prefix, secret: secret(TOKEN)? })
        }
        VendorAuthMethod::Password => {
            let (user, password) = (user(), secret(PASSWORD));
            Some(HttpAuth::Basic { user: SecretText::new(user?), password: password? })
        }
        VendorAuthMethod::UserToken => {
            let (user, password) = (user(), secret(TOKEN));
            Some(HttpAuth::Basic { user: SecretText::new(user?), password: password? })
        }
        VendorAuthMethod::KeyAsUser => {
            Some(HttpAuth::Basic { user: secret(API_KEY)?, password: SecretText::new("x") })
        }
        VendorAuthMethod::KeyInHeader => {
            let name = section.text("api_key_header").map_or("X-API-Key", |at| at.value);
            if !is_header(name, "x") {
                let at = section.place("api_key_header")?;
                section.report.report_error(at.finding(format!("`{name}` is not a valid header name")));
                return None;
            }
            Some(HttpAuth::NamedHeader { name: name.to_owned(), secret: secret(API_KEY)? })
        }
        VendorAuthMethod::ClientSecret { token_url, scope } => {
            let (id, secret) = (text(section, "client_id"), secret(CLIENT_SECRET));
            let to = endpoint(section, token_url, url);
            Some(grant(section, to?, scope, GrantKind::ClientSecret { id: id?, secret: secret? }))
        }
        VendorAuthMethod::RefreshToken => {
            let (id, secret, token) =
                (text(section, "client_id"), secret(CLIENT_SECRET), secret(REFRESH_TOKEN));
            let to = endpoint(section, None, url);
            Some(grant(
                section,
                to?,
                None,
                GrantKind::RefreshToken { id: id?, secret: secret?, token: token? },
            ))
        }
        VendorAuthMethod::ClientKey { token_url, scope } => {
            let (id, key) = (text(section, "client_id"), secret(PRIVATE_KEY));
            let to = endpoint(section, Some(token_url), url);
            let key_id = section.text("key_id").map(|at| at.value.to_owned());
            Some(grant(section, to?, Some(scope), GrantKind::ClientKey { id: id?, key: key?, key_id }))
        }
        VendorAuthMethod::Saml { token_url, audience } => {
            let (id, company) = (text(section, "client_id"), text(section, "company_id"));
            let (user, key) = (user(), secret(PRIVATE_KEY));
            let to = endpoint(section, Some(token_url), url);
            let (id, company, user, key) = (id?, company?, user?, key?);
            Some(grant(section, to?, None, GrantKind::Saml { id, company, user, audience, key }))
        }
        VendorAuthMethod::ServiceAccount { scope } => service_account(section, around, scope),
    }
}

/// Returns true if the file has a key that selects this method. Methods are tried in order.
fn is_begun(access: &VendorAuthMethod, section: &ConfigSection<'_>) -> bool {
    let has = |names: SecretKeyNames| names.place(section).is_some();
    match *access {
        VendorAuthMethod::Token(_) | VendorAuthMethod::UserToken => has(TOKEN),
        VendorAuthMethod::Password => has(PASSWORD) || section.has("user"),
        VendorAuthMethod::KeyAsUser | VendorAuthMethod::KeyInHeader => has(API_KEY),
        VendorAuthMethod::ClientSecret { .. } => has(CLIENT_SECRET),
        VendorAuthMethod::RefreshToken => has(REFRESH_TOKEN),
        VendorAuthMethod::ClientKey { .. } | VendorAuthMethod::Saml { .. } => has(PRIVATE_KEY),
        VendorAuthMethod::ServiceAccount { .. } => has(SERVICE_ACCOUNT),
        VendorAuthMethod::Anonymous => true,
    }
}

fn in_words(access: &VendorAuthMethod) -> String {
    let keys = match *access {
        VendorAuthMethod::Token(_) => "`token_file`",
        VendorAuthMethod::UserToken => "`user` and `token_file`",
        VendorAuthMethod::Password => "`user` and `password_file`",
        VendorAuthMethod::KeyAsUser | VendorAuthMethod::KeyInHeader => "`api_key_file`",
        VendorAuthMethod::ClientSecret { .. } => "`client_id` and `client_secret_file`",
        VendorAuthMethod::RefreshToken => "`client_id`, `client_secret_file` and `refresh_token_file`",
        VendorAuthMethod::ClientKey { .. } => "`client_id` and `private_key_file`",
        VendorAuthMethod::Saml { .. } => "`client_id`, `company_id`, `user` and `private_key_file`",
        VendorAuthMethod::ServiceAccount { .. } => "`service_account_file`",
        VendorAuthMethod::Anonymous => "nothing",
    };
    keys.to_owned()
}

/// Reads a required secret; reports its absence.
fn one(section: &ConfigSection<'_>, around: &Environment<'_>, names: SecretKeyNames) -> Option<SecretText> {
    if names.place(section).is_none() {
        let finding = section.finding(format!("`{}` is missing", names.file));
        section.report.report_absence(finding.hint(format!("or `{}`, or `{}`", names.env, names.plain)));
    }
    secret::read(section, names, around).map(|at| at.value)
}

/// Reads a required text; reports its absence.
fn text(section: &ConfigSection<'_>, name: &'static str) -> Option<String> {
    if !section.has(name) {
        section.report.report_absence(section.finding(format!("`{name}` is missing")));
    }
    section.text(name).map(|at| at.value.to_owned())
}

/// Returns the token endpoint.
fn endpoint(section: &ConfigSection<'_>, usual: Option<&str>, url: Option<&Url>) -> Option<Url> {
    if let Some(at) = section.text("token_url") {
        return http_url::check_secret_url(section, &at);
    }
    let Some(usual) = usual else {
        text(section, "token_url")?;
        return None;
    };
    let tenant = section.text("tenant").map_or("", |at| at.value);
    let usual = usual.replace("{tenant}", tenant);
    let usual = match url {
        Some(url) => usual
            .replace("{url}", url.as_str().trim_end_matches('/'))
            .replace("{server}", &url.origin().ascii_serialization()),
        None if usual.contains(['{', '}']) => return None,
        None => usual,
    };
    usual.parse().ok()
}

fn grant(section: &ConfigSection<'_>, url: Url, scope: Option<&str>, kind: GrantKind) -> HttpAuth {
    let scope = section.text("scope").map(|at| at.value).or(scope).map(str::to_owned);
    HttpAuth::Token(TokenGrant { url, kind, scope })
}

fn service_account(section: &ConfigSection<'_>, around: &Environment<'_>, scope: &str) -> Option<HttpAuth> {
    let at = secret::read(section, SERVICE_ACCOUNT, around)?;
    let Some(key) = ServiceAccountKey::parse(at.value.reveal()) else {
        let at = SpannedValue { value: (), key: at.key, span: at.span };
        let finding = at.finding("the content is not a service account key");
        section.report.report_error(
            finding.hint("use the JSON file that Google offers when a key is created".to_owned()),
        );
        return None;
    };
    let own = key.token_uri.and_then(|url| Url::parse(&url).ok()).filter(|url| url.scheme() == "https");
    let to = match (section.text("token_url"), own) {
        (Some(at), _) => http_url::check_secret_url(section, &at)?,
        (None, Some(url)) => url,
        (None, None) => "https://oauth2.googleapis.com/token".parse().ok()?,
    };
    let kind = GrantKind::ServiceAccount {
        issuer: key.client_email,
        subject: section.text("admin")?.value.to_owned(),
        key: match at.value.file() {
            Some(file) => SecretText::from_file(key.private_key, file.clone()),
            None => SecretText::new(key.private_key),
        },
        key_id: key.private_key_id,
    };
    Some(grant(section, to, Some(scope), kind))
}
