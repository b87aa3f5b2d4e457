//! Pages behind a reverse proxy: who asks is whoever it says, where it is trusted, and nobody else's word counts.

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::{LICENSE_HOLDER, PASSWORD, PageResponse, WebClient, WebServer};

/// A service that trusts these, and at which a client with one address has failed to sign in forty times.
fn company(engine: Engine, trusted: &str) -> Company {
    let mut company = Company::new(engine);
    company.head = format!("[web]\nlisten = '127.0.0.1:0'\ntrusted_proxies = [{trusted}]\n");
    company.account(LICENSE_HOLDER, Role::LicenseHolder);
    let now = company.change_time().now.to_rfc3339();
    company.sql(&format!(
        "INSERT INTO sign_in_failures (place, failures, last_at) VALUES ('address 198.51.100.7', 40, '{now}')"
    ));
    company
}

/// A form that comes through a proxy, which says from where.
async fn post(
    visitor: &WebClient,
    path: &str,
    more: &[(&str, &str)],
    fields: &[(&str, &str)],
) -> PageResponse {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let own = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    visitor.send(path, &[&own, more].concat(), body).await
}

/// A guess at a password; an account is guessed at once, so that only addresses count.
async fn guess(site: &WebServer, account: &str, from: &str) -> u16 {
    let fields = [("email", account), ("password", "wrong wrong wrong")];
    post(&site.anonymous_client(), "/sign-in", &[("x-forwarded-for", from)], &fields).await.status
}

/// Clients behind a trusted proxy are throttled separately.
#[test]
fn clients_behind_proxy_throttled_separately() {
    on_both(|engine| {
        let company = company(engine, "'127.0.0.1', '10.0.0.0/8'");
        let site = company.serve();
        company.runtime.block_on(async {
            assert_eq!(guess(&site, "a@corp.example", "198.51.100.7").await, 429);
            assert_eq!(guess(&site, "b@corp.example", "203.0.113.9, 198.51.100.7, 10.1.2.3").await, 429);
            assert_eq!(guess(&site, "c@corp.example", "198.51.100.7, 203.0.113.9").await, 401, "another one");
        });
        assert_eq!(company.count_rows("sign_in_failures WHERE place = 'address 203.0.113.9'"), 1);
        assert_eq!(company.count_rows("sign_in_failures WHERE place = 'address 127.0.0.1'"), 0);
        site.end();
    });
}

/// A forwarded header of an untrusted client is ignored.
#[test]
fn untrusted_forwarded_header_is_ignored() {
    let company = company(Engine::Sqlite, "'10.0.0.0/8'");
    let site = company.serve();
    company.runtime.block_on(async {
        assert_eq!(guess(&site, "a@corp.example", "198.51.100.7").await, 401, "nobody else is slowed down");
        company.db.sql("UPDATE sign_in_failures SET failures = 40 WHERE place = 'address 127.0.0.1'").await;
        assert_eq!(guess(&site, "b@corp.example", "203.0.113.9").await, 429, "nobody escapes");
    });
    site.end();
}

/// Links use the origin that a trusted proxy forwards.
#[test]
fn links_use_forwarded_origin_of_trusted_proxy() {
    for (trusted, scheme) in [("'127.0.0.1'", "https"), ("", "http")] {
        let company = company(Engine::Sqlite, trusted);
        let site = company.serve();
        let page = company.runtime.block_on(async {
            let more = [("host", "rollcall.corp.example"), ("x-forwarded-proto", "https")];
            let signs_in = [("email", LICENSE_HOLDER), ("password", PASSWORD)];
            let mut visitor = site.anonymous_client();
            let signed_in = post(&visitor, "/sign-in", &more, &signs_in).await;
            assert_eq!(signed_in.status, 303, "{signed_in:?}");
            assert_eq!(signed_in.encrypted_from_now_on, scheme == "https", "{trusted}");
            visitor.cookie = signed_in.cookie;
            let fields = [("email", "new@corp.example"), ("role", "viewer")];
            post(&visitor, "/settings/accounts", &more, &fields).await
        });
        let link = format!("value=\"{scheme}://rollcall.corp.example/welcome/");
        assert!(page.text.contains(&link), "{}", page.text);
        site.end();
    }
}
