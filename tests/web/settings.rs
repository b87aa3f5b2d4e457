//! Settings: who may sign in, keys for programs, the record of changes.

use rollcall_model::role::Role;

use crate::support::browser::BrowserWindow;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::{LICENSE_HOLDER, PASSWORD, WebServer};

/// The path of the link that the page shows.
async fn link(browser: &BrowserWindow, label: &str) -> String {
    let link = browser.value(label).await;
    let at = link.find("/welcome/").unwrap_or_else(|| panic!("no link: {link}"));
    link[at..].to_owned()
}

/// An account is created, signs in by its link, and is signed out at the next request after it is revoked.
#[test]
fn revoked_account_is_signed_out_at_next_request() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let license = site.open_window(LICENSE_HOLDER, false).await;
            license.click("Settings").await;
            license.fill("E-mail", "ops@corp.example").await;
            license.click("Make account").await;
            license.says("Select a role for the account").await;
            assert_eq!(license.value("E-mail").await, "ops@corp.example", "what was typed stays");
            license.tick("operator").await;
            license.click("Make account").await;
            license.says("It is shown this once").await;
            let link = link(&license, "Link for ops@corp.example").await;
            license.go("/settings").await;
            license.says("has no password yet").await;
            let page = license.client.source().await.expect("the page");
            assert!(!page.contains("/welcome/"), "the link is shown once");
            let ops = BrowserWindow::open(&site.base, false).await;
            ops.go(&link).await;
            ops.fill("New password", PASSWORD).await;
            ops.fill("The same again", PASSWORD).await;
            ops.click("Save").await;
            ops.says("ops@corp.example operator").await;
            license.go("/settings").await;
            license.click("Revoke ops@corp.example").await;
            license.says("revoke account “ops@corp.example”").await;
            ops.click("Learners").await;
            ops.says("Password").await;
            assert!(ops.path().await.starts_with("/sign-in"), "{}", ops.path().await);
            ops.close().await;
            license.click("Changes").await;
            license.says("email: ops@corp.example, role: operator").await;
            license.close().await;
        });
        site.end();
        let audit = company.json(&["audit"]);
        let revoked = audit
            .as_array()
            .expect("a list")
            .iter()
            .find(|one| one["what"].as_str().is_some_and(|what| what.starts_with("revoke")));
        let revoked = revoked.expect("the change");
        assert_eq!(revoked["actor"], LICENSE_HOLDER);
        assert_eq!(revoked["found"]["role"], "operator");
        assert_eq!(revoked["made"], serde_json::Value::Null);
        let table = company.rollcall(&["audit"]).expect_status(0).out;
        assert!(table.contains("role: operator"), "{table}");
    });
}

/// The last license holder cannot be removed, and a new role applies from the next request.
#[test]
fn last_license_holder_stays_and_role_applies_at_once() {
    let company = Company::with_license_holder(Engine::Sqlite);
    company.account("reader@corp.example", Role::Viewer);
    let site = company.serve();
    company.runtime.block_on(async {
        let reader = site.open_window("reader@corp.example", true).await;
        assert!(!reader.text().await.contains("Settings"), "not in the menu of a viewer");
        let license = site.open_window(LICENSE_HOLDER, true).await;
        license.go("/settings").await;
        license.click("Revoke license@corp.example").await;
        license.says("is the last license holder").await;
        license.choose("Role of reader@corp.example", "license_holder").await;
        license.click("Change the role of reader@corp.example").await;
        license.says("change account “reader@corp.example” to license_holder").await;
        reader.click("Learners").await;
        reader.click("Settings").await;
        reader.says("Make an account").await;
        reader.close().await;
        license.close().await;
    });
    site.end();
}

#[test]
fn the_key_of_a_token_is_shown_once() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(tokens(&site));
    assert_eq!(
        company.count_rows("api_tokens WHERE revoked_run_id IS NOT NULL AND name = 'nightly export'"),
        1
    );
    site.end();
}

async fn tokens(site: &WebServer) {
    let license = site.open_window(LICENSE_HOLDER, false).await;
    license.go("/settings/tokens").await;
    license.says("No program may use the API yet").await;
    license.fill("Name", "nightly export").await;
    license.tick("viewer").await;
    license.click("Make token").await;
    let key = license.value("Key of nightly export").await;
    assert!(key.starts_with("rollcall_"), "{key}");
    license.go("/settings/tokens").await;
    let page = license.client.source().await.expect("the page");
    assert!(page.contains("nightly export") && !page.contains(&key), "{page}");
    license.fill("Name", "nightly export").await;
    license.tick("viewer").await;
    license.click("Make token").await;
    license.says("already exists").await;
    license.click("Revoke nightly export").await;
    license.says("No program may use the API yet").await;
    license.close().await;
}
