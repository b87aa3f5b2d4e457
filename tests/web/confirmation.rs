//! Powerful changes need a sign-in or a confirmation of a short time ago.

use rollcall_model::role::Role;
use rollcall_web::RouteAccess;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::{LICENSE_HOLDER, PASSWORD, declared_routes};

/// Makes every session look as if it had been started an hour ago.
async fn age(company: &Company) {
    let old = (chrono::Utc::now() - chrono::TimeDelta::hours(1)).to_rfc3339();
    company.db.sql(&format!("UPDATE sessions SET proved_at = '{old}'")).await;
}

/// Accounts and tokens are changed after a recent proof alone; the form is kept through the confirmation.
#[test]
fn accounts_and_tokens_need_recent_sign_in() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let holder = site.signed_in_client(LICENSE_HOLDER).await;
            let token = [("name", "export"), ("role", "viewer")];
            age(&company).await;
            assert_eq!(holder.get("/settings/tokens").await.status, 200, "reading needs no proof");
            let asked = holder.post("/settings/tokens", &token).await;
            assert!(asked.status == 401 && asked.text.contains("Confirm who you are"), "{asked:?}");
            assert!(
                asked.text.contains("name=export&amp;role=viewer") || asked.text.contains("name=export&#38;")
            );
            assert_eq!(company.db.sql("SELECT name FROM api_tokens").await.len(), 0);
            let kept = [("to", "/settings/tokens"), ("kept", "name=export&role=viewer"), ("back", "/")];
            let with = |password| [kept.as_slice(), &[("password", password)]].concat();
            let wrong = holder.post("/confirm", &with("wrong wrong wrong")).await;
            assert!(wrong.status == 422 && wrong.text.contains("The password is wrong"), "{wrong:?}");
            assert_eq!(holder.post("/settings/tokens", &token).await.status, 401);
            let right = holder.post("/confirm", &with(PASSWORD)).await;
            assert!(right.status == 200 && right.text.contains("Go on"), "{right:?}");
            let made = holder.post("/settings/tokens", &token).await;
            assert!(made.status == 200 && made.text.contains("This is the key of export"), "{made:?}");
            // The API with a session is no way around.
            age(&company).await;
            let json = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
            let body = r#"{"name": "import", "role": "viewer"}"#;
            let api = holder.send("/api/v1/tokens", &json, body).await;
            assert!(api.status == 403 && api.text.contains("confirmation_required"), "{api:?}");
        });
        let key = company.token("program", Role::LicenseHolder);
        company.runtime.block_on(async {
            let bearer = format!("Bearer {key}");
            let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
            let body = r#"{"name": "import", "role": "viewer"}"#;
            let made = site.anonymous_client().send("/api/v1/tokens", &headers, body).await;
            assert_eq!(made.status, 201, "{made:?}");
        });
        site.end();
        assert_eq!(company.count_rows("sign_in_events WHERE event = 'confirmed'"), 1);
    });
}

/// Every change of accounts, tokens and one's own second factor asks, by the list of the program itself.
#[test]
fn every_powerful_route_needs_recent_sign_in() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    let powerful: Vec<_> = declared_routes(&company)
        .into_iter()
        .filter(|route| match route.access {
            RouteAccess::RecentSession(_) => true,
            RouteAccess::Session(_) => {
                let words = ["/settings/accounts", "/settings/tokens"];
                route.method == "POST" && words.iter().any(|word| route.path.starts_with(word))
            }
            RouteAccess::Open | RouteAccess::TokenOrSession(_) => false,
        })
        .collect();
    assert!(powerful.len() >= 8, "{powerful:?}");
    company.runtime.block_on(async {
        let holder = site.signed_in_client(LICENSE_HOLDER).await;
        age(&company).await;
        for route in powerful {
            if route.method == "GET" {
                let page = holder.get(route.path).await;
                assert!(page.status == 303 && page.to.starts_with("/confirm?to="), "{route:?}: {page:?}");
            } else {
                let page = holder.post(route.path, &[("email", LICENSE_HOLDER), ("do", "revoke")]).await;
                assert!(page.status == 401 && page.text.contains("Confirm who you are"), "{route:?}");
            }
        }
    });
    site.end();
    assert_eq!(company.count_rows("accounts WHERE deactivated_run_id IS NOT NULL"), 0);
}

/// In a browser the change goes on after the confirmation as it was typed.
#[test]
fn browser_goes_on_after_confirmation() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let browser = site.open_window(LICENSE_HOLDER, false).await;
        browser.go("/settings/tokens").await;
        age(&company).await;
        browser.fill("Name", "nightly export").await;
        browser.tick("viewer").await;
        browser.click("Make token").await;
        browser.says("Confirm your password before this change").await;
        browser.fill("Password", PASSWORD).await;
        browser.click("Confirm").await;
        browser.click("Go on").await;
        browser.says("This is the key of nightly export").await;
        browser.close().await;
    });
    site.end();
}
