//! Accounts and tokens, by a token of a license holder.

use chrono::Utc;
use rollcall_core::accounts::{self, ClientAddr, ClientBrowser, SessionProof, SignInClient};
use rollcall_model::ids::AccountId;
use rollcall_model::role::Role;
use rollcall_model::session_method::SessionMethod;
use serde_json::{Value, json};

use super::ApiClient;
use super::lists::all;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::{LICENSE_HOLDER, PASSWORD, WebClient, WebServer};

/// Who did what in a run, what was found and what was left.
fn record(company: &Company, run: &Value) -> (String, Value, Value) {
    let of = |column: &str| {
        company.query_value(&format!("SELECT COALESCE({column}, '') FROM runs WHERE id = {run}"))
    };
    let json = |column: &str| serde_json::from_str(&of(column)).unwrap_or_default();
    (format!("{}: {}", of("actor"), of("what")), json("found"), json("made"))
}

/// What nobody may read anywhere.
fn is_nowhere(company: &Company, site: &WebServer, secret: &str) {
    for (table, rows) in company.contents() {
        assert!(!format!("{rows:?}").contains(secret), "`{table}` has it");
    }
    assert!(!site.log().join("\n").contains(secret), "the log has it");
}

/// Where passwords are switched off, no interface makes a link: an account that is made signs in through the provider, and
/// a password or a new link is refused.
#[test]
fn no_link_is_made_where_passwords_are_off() {
    on_both(|engine| {
        let mut company = Company::with_license_holder(engine);
        company.head = "[web]\nlisten = '127.0.0.1:0'\npasswords = false\n[web.sign_in]\n\
                        issuer = 'http://127.0.0.1:9'\nurl = 'http://127.0.0.1:9'\nclient_id = 'rollcall'\n\
                        client_secret = 'battery staple horse correct'\nlicense_holders = ['admins']\n"
            .to_owned();
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::LicenseHolder);
        let viewer = |email: &str| json!({"email": email, "role": "viewer"});
        let made = api.post("/accounts", &viewer("api@corp.example")).expect_status(201).body;
        assert_eq!((&made["sign_in"], &made["invitation"]), (&json!("provider"), &json!(null)));
        let mut with_password = viewer("other@corp.example");
        with_password["password"] = json!(PASSWORD);
        let invite = format!("/accounts/{}/invite", made["id"]);
        for refused in [api.post("/accounts", &with_password), api.send("POST", &invite, &[], None)] {
            refused.expect_problem(409, None);
            assert_eq!(refused.body["kind"], "passwords_off");
            assert!(
                refused.body["detail"].as_str().is_some_and(|text| text.contains("through the provider"))
            );
        }
        let create = ["admin", "create", "command@corp.example", "--role", "viewer"];
        let text = company.rollcall(&create).expect_status(0).out;
        assert!(text.contains("`command@corp.example` may sign in through the provider as viewer"), "{text}");
        let refused = company.rollcall(&["admin", "invite", "command@corp.example"]).expect_status(1);
        assert!(
            refused.out.is_empty() && refused.err.contains("sign in through the provider"),
            "{refused:?}"
        );
        let visitor = signed_in_through_provider(&company, &site);
        let page = |path: &str, form: &[(&str, &str)]| company.runtime.block_on(visitor.post(path, form));
        let created = page("/settings/accounts", &[("email", "page@corp.example"), ("role", "viewer")]);
        assert!(created.status == 200 && created.text.contains("Passwords are switched off"), "{created:?}");
        assert!(created.text.contains("page@corp.example") && !created.text.contains("/welcome/"));
        let again = page("/settings/accounts/change", &[("email", "page@corp.example"), ("do", "link")]);
        assert!(again.text.contains("sign in through the provider") && !again.text.contains("/welcome/"));
        assert_eq!(company.count_rows("invitations"), 0);
        assert_eq!(company.count_rows("accounts WHERE password IS NOT NULL"), 1);
    });
}

/// The license holder, in a browser in which the sign-in provider has signed in.
fn signed_in_through_provider(company: &Company, site: &WebServer) -> WebClient {
    let account = company.query_value(&format!("SELECT id FROM accounts WHERE email = '{LICENSE_HOLDER}'"));
    let account = AccountId(account.parse().expect("a number"));
    let address = ClientAddr("192.0.2.1".parse().expect("an address"));
    let client = SignInClient { address, browser: ClientBrowser::default() };
    let proof = SessionProof { method: SessionMethod::Provider, proved_at: Utc::now() };
    let started = accounts::start_session(&company.store, account, client, proof, Utc::now());
    let session = company.runtime.block_on(started).expect("a session");
    let mut visitor = site.anonymous_client();
    visitor.cookie = Some(format!("__Host-rollcall={}", session.cookie));
    visitor
}

/// An account is created, signs in by its link, gets another role and is revoked through the API.
#[test]
fn account_lifecycle_through_api() {
    on_both(|engine| {
        let company = Company::new(engine);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::LicenseHolder);
        let new = json!({"email": " Ops@corp.example", "name": " Ada Ops", "role": "operator"});
        let made = api.post("/accounts", &new).expect_status(201);
        let place = made.location.clone().expect("a place").replace("/api/v1", "");
        assert_eq!(place, format!("/accounts/{}", made.body["id"]));
        let link = made.body["invitation"]["path"].as_str().expect("a path").to_owned();
        let (who, found, left) = record(&company, &made.body["run"]);
        assert_eq!(who, "token a license_holder: create account `Ops@corp.example` as operator");
        assert_eq!(
            (&found, &left["email"], &left["role"]),
            (&json!(null), &"Ops@corp.example".into(), &"operator".into())
        );
        let shown = api.get(&place).expect_status(200).body;
        let id = &made.body["id"];
        let expected = json!({
            "id": id, "email": "Ops@corp.example", "name": "Ada Ops", "role": "operator", "active": true, "ready": false,
        });
        assert_eq!(shown, expected);
        assert_eq!(api.get("/accounts").expect_status(200).body["items"], json!([shown]));
        // A newer link takes the older one's place, and is good once.
        let again = api.send("POST", &format!("{place}/invite"), &[], None).expect_status(200).body;
        let newer = again["invitation"]["path"].as_str().expect("a path").to_owned();
        let typed = [("password", PASSWORD), ("again", PASSWORD)];
        company.runtime.block_on(async {
            assert_eq!(site.anonymous_client().post(&link, &typed).await.status, 400, "an older link");
            assert_eq!(site.anonymous_client().post(&newer, &typed).await.status, 303);
            assert_eq!(site.anonymous_client().post(&newer, &typed).await.status, 400, "a used link");
        });
        assert_eq!(api.get(&place).expect_status(200).body["ready"], true);
        let visitor = company.runtime.block_on(site.signed_in_client("ops@corp.example"));
        let status = |path: &str| company.runtime.block_on(visitor.get(path)).status;
        assert_eq!((status("/sync"), status("/settings")), (200, 403));
        let changed = api.json("PATCH", &place, &json!({"role": "license_holder"})).expect_status(200).body;
        let (who, found, left) = record(&company, &changed["run"]);
        assert_eq!(who, "token a license_holder: change account `Ops@corp.example` to license_holder");
        assert_eq!((&found["role"], &left["role"]), (&"operator".into(), &"license_holder".into()));
        assert_eq!(status("/settings"), 200);
        // The last license holder stays.
        api.json("PATCH", &place, &json!({"role": "viewer"})).expect_problem(409, None);
        let kept = api.send("DELETE", &place, &[], None);
        kept.expect_problem(409, None);
        assert_eq!(kept.body["kind"], "last_license_holder");
        assert_eq!(status("/settings"), 200);
        let boss = json!({"email": "boss@corp.example", "role": "license_holder", "password": PASSWORD});
        let boss = api.post("/accounts", &boss).expect_status(201).body;
        assert_eq!(boss["invitation"], json!(null));
        company.runtime.block_on(site.signed_in_client("boss@corp.example"));
        let revoked = api.send("DELETE", &place, &[], None).expect_status(200).body;
        let (who, found, left) = record(&company, &revoked["run"]);
        assert_eq!(who, "token a license_holder: revoke account `Ops@corp.example`");
        assert_eq!((&found["role"], &left), (&"license_holder".into(), &json!(null)));
        assert_eq!(status("/settings"), 303, "signed out");
        assert_eq!(api.get(&place).expect_status(200).body["active"], false);
        for (method, path) in [("DELETE", place.clone()), ("POST", format!("{place}/invite"))] {
            api.send(method, &path, &[], None).expect_problem(404, None);
        }
        api.json("PATCH", &place, &json!({"role": "viewer"})).expect_problem(404, None);
        // And given back.
        assert_eq!(
            &api.post("/accounts", &json!({"email": "ops@corp.example", "role": "viewer"}))
                .expect_status(201)
                .body["id"],
            id
        );
        assert_eq!(status("/groups"), 303, "a session that has ended does not begin again");
        for secret in [link, newer, PASSWORD.to_owned()] {
            is_nowhere(&company, &site, secret.trim_start_matches("/welcome/"));
        }
        site.end();
    });
}

/// A token creates another token. The key is returned once and is valid until it is revoked.
#[test]
fn token_key_shown_once_and_valid_until_revoked() {
    on_both(|engine| {
        let company = Company::new(engine);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::LicenseHolder);
        let new = json!({"name": "nightly export", "role": "viewer", "until": company.day(0)});
        let made = api.post("/tokens", &new).expect_status(201);
        let place = made.location.clone().expect("a place").replace("/api/v1", "");
        let key = made.body["key"].as_str().expect("a key").to_owned();
        assert_eq!((&made.body["role"], &made.body["seen_at"]), (&"viewer".into(), &json!(null)));
        let (who, _, left) = record(&company, &made.body["run"]);
        assert_eq!(who, "token a license_holder: create token `nightly export` as viewer");
        assert_eq!(left["expires_at"], made.body["expires_at"]);
        let program = ApiClient { key: Some(key.clone()), ..ApiClient::anonymous(&company, &site) };
        program.get("/groups").expect_status(200);
        program.get("/tokens").expect_problem(403, None);
        let shown = api.get(&place).expect_status(200).body;
        assert_eq!(
            (&shown["name"], &shown["expires_at"]),
            (&"nightly export".into(), &made.body["expires_at"])
        );
        assert_eq!(shown.get("key"), None);
        let names: Vec<Value> = all(&api, "/tokens", 1).iter().map(|one| one["name"].clone()).collect();
        assert_eq!(names, ["a license_holder", "nightly export"]);
        let revoked = api.send("DELETE", &place, &[], None).expect_status(200).body;
        let (who, found, _) = record(&company, &revoked["run"]);
        assert_eq!(who, "token a license_holder: revoke token `nightly export`");
        assert_eq!(found["name"], "nightly export");
        program.get("/groups").expect_problem(401, None);
        api.get(&place).expect_problem(404, None);
        api.send("DELETE", &place, &[], None).expect_problem(404, None);
        assert_eq!(all(&api, "/tokens", 1).len(), 1);
        is_nowhere(&company, &site, key.trim_start_matches("rollcall_"));
        site.end();
    });
}

/// An invalid account or token is refused with the name of the field, and nothing is created.
#[test]
fn invalid_account_or_token_names_field() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.account("boss@corp.example", Role::LicenseHolder);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::LicenseHolder);
        let runs = company.count_rows("runs");
        let account = |email: &str, role: &str| json!({"email": email, "role": role});
        for (path, body, status, field) in [
            ("/accounts", account("no address", "viewer"), 422, "email"),
            ("/accounts", account("ops@corp.example", "admin"), 422, "role"),
            ("/accounts", json!({"email": "ops@corp.example"}), 422, "role"),
            ("/accounts", account("BOSS@corp.example", "viewer"), 409, "email"),
            (
                "/accounts",
                json!({"email": "a@b.example", "role": "viewer", "password": "short"}),
                422,
                "password",
            ),
            (
                "/accounts",
                json!({"email": "long@corp.example", "role": "viewer", "password": "long@corp.example"}),
                422,
                "password",
            ),
            ("/tokens", json!({"name": " ", "role": "viewer"}), 422, "name"),
            ("/tokens", json!({"name": "x".repeat(101), "role": "viewer"}), 422, "name"),
            ("/tokens", json!({"name": "A License_holder", "role": "viewer"}), 409, "name"),
            ("/tokens", json!({"name": "export", "role": "root"}), 422, "role"),
            ("/tokens", json!({"name": "export", "role": "viewer", "until": company.day(-1)}), 422, "until"),
            ("/tokens", json!({"name": "export", "role": "viewer", "until": "31.12.2099"}), 422, "until"),
        ] {
            let answer = api.post(path, &body);
            eprintln!("{path} {body}");
            answer.expect_problem(status, Some(field));
        }
        let unknown = api.post("/accounts", &account("ops@corp.example", "admin")).body;
        assert!(
            unknown["detail"].as_str().is_some_and(|text| text.contains("`license_holder`")),
            "{unknown}"
        );
        let path = format!("/accounts/{}", company.query_value("SELECT id FROM accounts"));
        api.json("PATCH", &path, &json!({"role": "root"})).expect_problem(422, Some("role"));
        api.json("PATCH", "/accounts/999", &json!({"role": "viewer"})).expect_problem(404, None);
        api.get("/tokens/999").expect_problem(404, None);
        assert_eq!(
            (company.count_rows("runs"), company.count_rows("accounts"), company.count_rows("api_tokens")),
            (runs, 1, 1)
        );
        site.end();
    });
}

/// The pages of accounts list each account once.
#[test]
fn account_pages_list_each_account_once() {
    let company = Company::new(Engine::Sqlite);
    for who in ["b", "A", "c", "D", "e"] {
        company.account(&format!("{who}@corp.example"), Role::Viewer);
    }
    let site = company.serve();
    let api = ApiClient::new(&company, &site, Role::LicenseHolder);
    let emails: Vec<Value> = all(&api, "/accounts", 2).iter().map(|one| one["email"].clone()).collect();
    let expected = ["A", "b", "c", "D", "e"].map(|who| format!("{who}@corp.example"));
    assert_eq!(emails, expected);
    site.end();
}
