//! Keys of connectors that read people over HTTP.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use crate::diagnostic_collector::SpannedValue;
use crate::section::ConfigSection;
use crate::{Environment, auth, http_url, ldap};
use rollcall_connectors::AttributeMapping;
use rollcall_connectors::api::vendors::{HttpJsonSettings, Vendor, VendorSettings};
use rollcall_connectors::api::{ApiSettings, PageParam, PagingMethod};
use rollcall_connectors::http::{self, TokenCache};
use rollcall_connectors::json::{self, KeyPath, ValuePath};

/// Optional text keys that are passed to the vendor.
const TEXTS: [&str; 8] = ["filter", "customer", "domain", "query", "dataset", "expand", "paging", "tenant"];

/// Reads the settings; `None` if something required is missing.
pub(super) fn read(
    section: &ConfigSection<'_>,
    around: &Environment<'_>,
    kind: &'static Vendor,
    mapping: &AttributeMapping,
) -> Option<ApiSettings> {
    let url = url(section, kind);
    let paths = paths(section, mapping);
    let own = (kind.name == "http_json").then(|| read_http_json_settings(section, url.as_ref()));
    let page_size = page_size(section, kind);
    let ca_file = ldap::ca_file(section, around);
    let auth = auth::read(section, around, kind, url.as_ref());
    let (url, paths, auth) = (url?, paths?, auth?);
    let own = match own {
        Some(own) => Some(own?),
        None => None,
    };
    let texts: BTreeMap<&'static str, String> =
        TEXTS.into_iter().filter_map(|name| Some((name, section.text(name)?.value.to_owned()))).collect();
    let places: Vec<String> = mapping
        .columns
        .iter()
        .flat_map(|(_, place)| place.split(" | "))
        .map(|place| place.trim().to_owned())
        .filter(|place| !place.starts_with('@'))
        .collect();
    let given = VendorSettings { page_size, texts: &texts, places: &places, http_json: own.as_ref() };
    let http = http::HttpSettings {
        url,
        ca_file,
        timeout: section.duration("timeout").map_or(ldap::TIMEOUT, |timeout| timeout.value),
        most_bytes: section.size("max_answer").map_or(kind.most_bytes, |size| size.value),
        requests_per_second: section
            .number("requests_per_second")
            .map_or(kind.requests_per_second, |number| number.value),
        auth,
        quota_words: kind.quota_words,
        tokens: TokenCache::default(),
    };
    Some(ApiSettings { kind: kind.name, http, description: (kind.describe)(&given), paths })
}

/// Reads the URL of the server.
fn url(section: &ConfigSection<'_>, kind: &Vendor) -> Option<Url> {
    if let Some(at) = section.text("url") {
        return http_url::check_secret_url(section, &at);
    }
    let usual = kind.url?;
    if !usual.contains("{company}") {
        return usual.parse().ok();
    }
    let Some(company) = section.text("company") else {
        if !section.has("url") && !section.has("company") {
            let hint = "add a line such as company = \"initech\"".to_owned();
            section.report.report_absence(section.finding("`company` is missing").hint(hint));
        }
        return None;
    };
    if company.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return usual.replace("{company}", company.value).parse().ok();
    }
    let hint = "write the part of the address before `.bamboohr.com`".to_owned();
    section.report.report_error(company.finding("`company` is not a valid part of a host name").hint(hint));
    None
}

/// Parses the paths of the mapped attributes.
pub(super) fn paths(section: &ConfigSection<'_>, mapping: &AttributeMapping) -> Option<Vec<ValuePath>> {
    let written = section.table("attributes").open();
    let mut all = Some(Vec::new());
    for (_, place) in &mapping.columns {
        match (ValuePath::parse(place), &mut all) {
            (Ok(path), Some(paths)) => paths.push(path),
            (Ok(_), None) => {}
            (Err(flaw), _) => {
                if let Some((_, at)) = written.iter().find(|(_, at)| at.value.trim() == place) {
                    let hint = "for example `profile.email`, or `emails[?@.type=='work'].value`".to_owned();
                    section.report.report_error(at.finding(format!("`{}` {flaw}", at.value)).hint(hint));
                }
                all = None;
            }
        }
    }
    all
}

fn page_size(section: &ConfigSection<'_>, kind: &Vendor) -> u32 {
    let (usual, most) = kind.page_size;
    let Some(at) = section.number("page_size") else { return usual };
    if at.value > most {
        let message = format!("`page_size` is greater than {most}, the maximum of `{}`", kind.name);
        section
            .report
            .report_error(at.finding(message).hint(format!("write {most} or less, or remove the key")));
    }
    at.value
}

/// Reads the settings of kind `http_json`.
fn read_http_json_settings(section: &ConfigSection<'_>, home: Option<&Url>) -> Option<HttpJsonSettings> {
    let list = keys(section, "list");
    let total = section.has("total").then(|| keys(section, "total"));
    let body = section.has("body").then(|| body(section));
    let paging = paging(section);
    let headers = headers(section);
    let email_url = read_url_template(section, home, "email_url", "{email}");
    let id_url = read_url_template(section, home, "id_url", "{id}");
    let record = if section.has("record") { keys(section, "record") } else { Some(KeyPath::new()) };
    if let Some(at) = section.text("record").filter(|_| !section.has("id_url")) {
        section.report.report_error(at.finding("`record` needs `id_url`"));
    }
    Some(HttpJsonSettings {
        headers,
        body: match body {
            Some(body) => Some(body?),
            None => None,
        },
        list: list?,
        total: match total {
            Some(total) => Some(total?),
            None => None,
        },
        paging: paging?,
        size_param: section.text("size_param").map(|name| name.value.to_owned()),
        email_url,
        id_url,
        record: record?,
    })
}

/// Reads a URL template with a placeholder for the requested person.
fn read_url_template(
    section: &ConfigSection<'_>,
    home: Option<&Url>,
    name: &'static str,
    place: &'static str,
) -> Option<String> {
    let at = section.text(name)?;
    if !at.value.contains(place) {
        let hint = format!("write {place} at its position in the URL");
        section.report.report_error(at.finding(format!("`{name}` does not contain {place}")).hint(hint));
        return None;
    }
    let filled = at.value.replace(place, "0");
    let url = http_url::check_secret_url(
        section,
        &SpannedValue { value: filled.as_str(), key: at.key.clone(), span: at.span.clone() },
    )?;
    if home.is_some_and(|home| home.origin() != url.origin()) {
        let hint = "credentials are sent only to the scheme, host and port of `url`".to_owned();
        section
            .report
            .report_error(at.finding(format!("`{name}` is on a different server than `url`")).hint(hint));
        return None;
    }
    Some(at.value.to_owned())
}

/// Reads a path of names.
pub(super) fn keys(section: &ConfigSection<'_>, name: &'static str) -> Option<KeyPath> {
    let at = section.text(name)?;
    match json::parse_key_path(at.value) {
        Ok(keys) => Some(keys),
        Err(flaw) => {
            let hint = format!("for example {name} = \"data.{name}\"");
            section.report.report_error(at.finding(format!("`{name}` {flaw}")).hint(hint));
            None
        }
    }
}

fn body(section: &ConfigSection<'_>) -> Option<Value> {
    let at = section.text("body")?;
    match serde_json::from_str(at.value) {
        Ok(body) => Some(body),
        Err(error) => {
            section.report.report_error(at.finding(format!("`body` is not valid JSON: {error}")));
            None
        }
    }
}

fn headers(section: &ConfigSection<'_>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for at in section.texts("headers").unwrap_or_default() {
        match at.value.split_once(':').map(|(name, value)| (name.trim(), value.trim())) {
            Some((name, value)) if http::is_header(name, value) => {
                headers.push((name.to_owned(), value.to_owned()));
            }
            Some(_) | None => {
                let finding = at.finding(format!("`{}` is not a valid header", at.value));
                section.report.report_error(finding.hint("for example \"X-Team: it\"".to_owned()));
            }
        }
    }
    headers
}

fn paging(section: &ConfigSection<'_>) -> Option<PagingMethod> {
    let at = section.text("paging")?;
    let place = || section.text("page_param").map(|name| PageParam::Query(name.value.to_owned()));
    let needs = |name: &'static str| {
        if !section.has(name) {
            let message = format!("`paging = \"{}\"` needs `{name}`", at.value);
            section.report.report_absence(at.finding(message));
        }
    };
    let first = |usual| section.number("first_page").map_or(usual, |number| number.value);
    match at.value {
        "whole" => Some(PagingMethod::Whole),
        "link" => Some(PagingMethod::Link),
        "next_url" => {
            needs("next");
            Some(PagingMethod::NextUrl { at: keys(section, "next")? })
        }
        "cursor" => {
            needs("next");
            needs("page_param");
            let (at, place) = (keys(section, "next"), place());
            Some(PagingMethod::Cursor { at: at?, place: place?, in_url: false })
        }
        "page" => {
            needs("page_param");
            Some(PagingMethod::Number { place: place()?, first: first(1) })
        }
        "offset" => {
            needs("page_param");
            Some(PagingMethod::Offset { place: place()?, first: first(0) })
        }
        _ => {
            let hint = "write whole, link, next_url, cursor, page or offset".to_owned();
            section
                .report
                .report_error(at.finding(format!("`{}` is not a valid paging method", at.value)).hint(hint));
            None
        }
    }
}
