//! Keys for programs: how long they live, where they are good, and the role that reads the metrics alone.

use chrono::{DateTime, TimeDelta, Utc};
use rollcall_core::accounts::{self, NewToken, TokenLifetime};
use rollcall_model::role::Role;
use serde_json::{Value, json};

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::manual_changes::manual_run;
use crate::support::web::LICENSE_HOLDER;

/// The answer to a request with the key of a token.
fn get(company: &Company, base: &str, key: &str, path: &str) -> (u16, String) {
    company.runtime.block_on(async {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let request = client.expect("a client").get(format!("{base}{path}")).bearer_auth(key);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    })
}

/// A token ends after a year, on the last day that was asked for, or never.
#[test]
fn token_ends_after_a_year_unless_asked_otherwise() {
    on_both(|engine| {
        let company = Company::new(engine);
        let create = |name: &str, more: &[&str]| {
            let args = [&["admin", "token", "create", name, "--role", "viewer"], more].concat();
            company.json(&args)["expires_at"].clone()
        };
        let end: DateTime<Utc> = serde_json::from_value(create("default", &[])).expect("a time");
        let days = (end - Utc::now()).num_days();
        assert!((364..=365).contains(&days), "{days}");
        assert_eq!(create("unlimited", &["--until", "never"]), Value::Null);
        let day = company.day(7);
        let end: DateTime<Utc> =
            serde_json::from_value(create("a week", &["--until", &day])).expect("a time");
        assert!((7..=8).contains(&(end - Utc::now()).num_days()), "{end}");
        let table = company.rollcall(&["admin", "list"]).expect_status(0).out;
        let is_soon = |name: &str| {
            let row = table.lines().find(|line| line.contains(name)).expect("a row");
            row.contains("(soon)")
        };
        assert!(is_soon("a week") && !is_soon("default") && !is_soon("unlimited"), "{table}");
    });
}

/// A token that ends soon is a line of the log and a metric.
#[test]
fn token_that_ends_soon_is_logged_and_counted() {
    let company = Company::new(Engine::Sqlite);
    let make = |name, days| {
        let lifetime = TokenLifetime::Until(Utc::now() + TimeDelta::days(days));
        let new = NewToken { lifetime, ..NewToken::new(name, Role::Metrics) };
        let about = manual_run();
        let made = accounts::create_token(&company.store, &about, company.change_time(), new);
        company.runtime.block_on(made).expect("a token").key
    };
    let key = make("soon", 29);
    make("later", 31);
    let site = company.serve();
    site.wait_for_log("an API token ends soon");
    let log: Vec<String> =
        site.log().into_iter().filter(|line| line.contains("an API token ends soon")).collect();
    assert!(log.len() == 1 && !log[0].contains("later"), "{log:?}");
    let (status, text) = get(&company, &site.base, &key, "/metrics");
    assert!(status == 200 && text.contains("rollcall_tokens_ending 1"), "{text}");
    site.end();
}

/// A token that is bound to networks is unknown to clients elsewhere.
#[test]
fn token_bound_to_network_is_refused_elsewhere() {
    on_both(|engine| {
        let company = Company::new(engine);
        let create = |name: &str, from: &[&str]| {
            let from = from.iter().flat_map(|network| ["--from", network]);
            let args = ["admin", "token", "create", name, "--role", "viewer"];
            let args: Vec<&str> = args.into_iter().chain(from).collect();
            company.json(&args)["token"].as_str().expect("a key").to_owned()
        };
        let elsewhere = create("elsewhere", &["192.0.2.0/24", "2001:db8::/32"]);
        let here = create("here", &["192.0.2.7", "127.0.0.0/8"]);
        let site = company.serve();
        assert_eq!(get(&company, &site.base, &elsewhere, "/api/v1/groups").0, 401);
        assert_eq!(get(&company, &site.base, &here, "/api/v1/groups").0, 200);
        site.end();
        let tokens = company.json(&["admin", "list"])["tokens"].clone();
        assert_eq!(tokens[0]["from"], json!(["192.0.2.0/24", "2001:db8::/32"]));
        let args = ["admin", "token", "create", "wrong", "--role", "viewer", "--from", "here"];
        let refused = company.rollcall(&args).expect_status(2);
        assert!(refused.err.contains("expected a network"), "{refused:?}");
    });
}

/// The role `metrics` reads the metrics and nothing else, and no account can have it.
#[test]
fn metrics_role_reads_metrics_alone() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let key = company.token("prometheus", Role::Metrics);
        let site = company.serve();
        assert_eq!(get(&company, &site.base, &key, "/metrics").0, 200);
        for path in ["/api/v1/groups", "/api/v1/runs", "/api/v1/tokens"] {
            assert_eq!(get(&company, &site.base, &key, path).0, 403, "{path}");
        }
        assert_eq!(get(&company, &site.base, &key, "/groups").0, 303, "a page wants a session");
        site.end();
        let args = ["admin", "create", "prometheus@corp.example", "--role", "metrics"];
        let refused = company.rollcall(&args).expect_status(1);
        assert!(refused.err.contains("the role `metrics` is for tokens only"), "{refused:?}");
        let args = ["admin", "role", "license@corp.example", "--role", "metrics"];
        let refused = company.rollcall(&args).expect_status(1);
        assert!(refused.err.contains("the role `metrics` is for tokens only"), "{refused:?}");
        assert_eq!(company.count_rows("accounts"), 1);
    });
}

/// A token does not do more than the account that made it may do now.
#[test]
fn token_loses_permissions_with_its_owner() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let owner = company.account("owner@corp.example", Role::LicenseHolder);
        let (about, when) = (manual_run(), company.change_time());
        let make = |name, role| {
            let new = NewToken { owner: Some(owner), ..NewToken::new(name, role) };
            let made = accounts::create_token(&company.store, &about, when, new);
            company.runtime.block_on(made).expect("a token").key
        };
        let (powerful, metrics) = (make("powerful", Role::LicenseHolder), make("metrics", Role::Metrics));
        let site = company.serve();
        let statuses = || {
            [(&powerful, "/api/v1/tokens"), (&powerful, "/api/v1/groups"), (&metrics, "/metrics")]
                .map(|(key, path)| get(&company, &site.base, key, path).0)
        };
        assert_eq!(statuses(), [200, 200, 200]);
        let demote = |role| {
            let done = accounts::change_role(&company.store, &about, when, "owner@corp.example", role);
            company.runtime.block_on(done).expect("the role is changed");
        };
        demote(Role::Viewer);
        assert_eq!(statuses(), [403, 200, 401]);
        let raised = company.runtime.block_on(async {
            let url = format!("{}/api/v1/accounts/{owner}", site.base);
            let request = reqwest::Client::new().patch(url).bearer_auth(&powerful);
            let request = request.header("content-type", "application/json").body("{\"role\": \"operator\"}");
            request.send().await.expect("an answer").status().as_u16()
        });
        assert_eq!(raised, 403);
        let tokens = company.json(&["admin", "list"])["tokens"].clone();
        let shown: Vec<_> = (0..2).map(|at| (&tokens[at]["role"], &tokens[at]["effective_role"])).collect();
        let (holder, viewer, of_metrics) = (json!("license_holder"), json!("viewer"), json!("metrics"));
        assert_eq!(shown, [(&of_metrics, &Value::Null), (&holder, &viewer)]);
        let page = company.runtime.block_on(async {
            site.signed_in_client(LICENSE_HOLDER).await.get("/settings/tokens").await.text
        });
        assert!(page.contains("license holder, acts as viewer"), "{page}");
        assert!(page.contains("metrics, may do nothing"), "{page}");
        demote(Role::Operator);
        assert_eq!(statuses(), [403, 200, 200]);
        site.end();
    });
}
