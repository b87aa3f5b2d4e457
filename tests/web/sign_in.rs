//! Signing in: the first account, guessing, sessions that end.

use rollcall_core::accounts::{self, AccountError};
use rollcall_model::role::Role;
use rollcall_store::runs::NewRun;

use super::sign_in_attempts::attempt;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::wait_until;
use crate::support::web::{LICENSE_HOLDER, PASSWORD, WebServer};

/// The link that a service says where nobody may sign in yet.
fn first_link(site: &WebServer) -> Option<String> {
    let said = site.stdout_lines();
    let line = said.iter().find_map(|line| line.split_once("/welcome/"));
    line.map(|(_, key)| format!("/welcome/{}", key.trim()))
}

/// The first start prints a link that creates the first account once.
#[test]
fn first_start_prints_setup_link_once() {
    on_both(|engine| {
        let company = Company::new(engine);
        let site = company.serve();
        wait_until("the service says the link", || first_link(&site).is_some());
        let link = first_link(&site).expect("a link");
        company.runtime.block_on(async {
            let visitor = site.anonymous_client();
            assert_eq!(visitor.get("/groups").await.status, 303);
            assert!(visitor.get(&link).await.text.contains("You are the first here"));
            let short = [("email", "ada@corp.example"), ("password", "short"), ("again", "short")];
            let refused = visitor.post(&link, &short).await;
            assert!(
                refused.status == 422 && refused.text.contains("A password must have 12 to 256 characters")
            );
            let common =
                [("email", "ada@corp.example"), ("password", "password1234"), ("again", "password1234")];
            let refused = visitor.post(&link, &common).await;
            assert!(refused.status == 422 && refused.text.contains("one that many people use"));
            let differ = [("email", "ada@corp.example"), ("password", PASSWORD), ("again", "other")];
            assert!(visitor.post(&link, &differ).await.text.contains("The two passwords differ"));
            let good = [("email", "ada@corp.example"), ("password", PASSWORD), ("again", PASSWORD)];
            let welcome = visitor.post(&link, &good).await;
            assert_eq!((welcome.status, welcome.to.as_str()), (303, "/"), "{welcome:?}");
            let cookie = welcome.cookie.expect("a session");
            assert!(cookie.starts_with("__Host-rollcall="), "{cookie}");
            // The link is used up.
            assert_eq!(visitor.get(&link).await.status, 400);
            assert_eq!(visitor.post(&link, &good).await.status, 400);
            assert_eq!(site.signed_in_client("ADA@corp.example").await.get("/groups").await.status, 200);
        });
        site.end();
        assert_eq!(company.query_value("SELECT role FROM accounts"), "license_holder");
        // With an account there is no link any more.
        let again = company.serve();
        assert_eq!(first_link(&again), None);
        again.end();
    });
}

/// Sign-in leads back to a path of this site, and to the home page instead of another site.
#[test]
fn sign_in_leads_to_no_other_site() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        for (to, leads_to) in [
            ("/groups?q=a", "/groups?q=a"),
            ("/\t/evil.example", "/"),
            ("/\u{b}/evil.example", "/"),
            ("/\u{7f}", "/"),
            ("/\\evil.example", "/"),
            ("//evil.example", "/"),
        ] {
            let fields = [("email", LICENSE_HOLDER), ("password", PASSWORD), ("to", to)];
            let page = site.anonymous_client().post("/sign-in", &fields).await;
            assert_eq!((page.status, page.to.as_str()), (303, leads_to), "{to:?}");
        }
    });
    site.end();
}

/// The session cookie is limited to the host and not accessible to scripts.
#[test]
fn session_cookie_is_host_only_and_http_only() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let form = format!("email=license@corp.example&password={}&to=/", PASSWORD.replace(' ', "+"));
        let request = client.expect("a client").post(format!("{}/sign-in", site.base));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.expect("an answer");
        let cookie = answer.headers()["set-cookie"].to_str().expect("a text").to_owned();
        for part in ["__Host-", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        // What the database holds lets nobody in.
        let digest = {
            let rows = company.db.sql("SELECT digest FROM sessions").await;
            rows[0]["digest"].clone().expect("a digest")
        };
        assert!(!cookie.contains(&digest));
        let mut thief = site.anonymous_client();
        thief.cookie = Some(format!("__Host-rollcall={digest}"));
        assert_eq!(thief.get("/groups").await.status, 303);
    });
    site.end();
}

/// Password guessing is throttled and reveals nothing.
#[test]
fn password_guessing_is_throttled() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let visitor = site.anonymous_client();
            let guess = async |email: &str| {
                visitor.post("/sign-in", &[("email", email), ("password", "wrong wrong wrong")]).await
            };
            let (known, unknown) = (guess(LICENSE_HOLDER).await, guess("nobody@corp.example").await);
            assert_eq!((known.status, unknown.status), (401, 401));
            let same = known.text.replace("license@", "") == unknown.text.replace("nobody@", "");
            assert!(same, "the two answers differ:\n{}\n{}", known.text, unknown.text);
            for email in [LICENSE_HOLDER, "nobody@corp.example"] {
                let mut statuses = Vec::new();
                for _ in 0..6 {
                    statuses.push(guess(email).await.status);
                }
                assert_eq!(statuses.last(), Some(&429), "{email}: {statuses:?}");
            }
            // Not even the right password goes through while the wait lasts, which is long after many failures.
            company.db.sql("UPDATE sign_in_failures SET failures = failures + 40").await;
            let right = [("email", LICENSE_HOLDER), ("password", PASSWORD)];
            assert_eq!(visitor.post("/sign-in", &right).await.status, 429);
            company.db.sql("DELETE FROM sign_in_failures").await;
            assert_eq!(visitor.post("/sign-in", &right).await.status, 303);
        });
        site.end();
    });
}

/// A session expires, and ends with its account.
#[test]
fn session_expires_and_ends_with_account() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        company.account("second@corp.example", Role::Manager);
        let site = company.serve();
        company.runtime.block_on(async {
            let age = async |column: &str| {
                let sql = format!("UPDATE sessions SET {column} = '2026-01-01T00:00:00+00:00'");
                company.db.sql(&sql).await;
            };
            for column in ["seen_at", "started_at"] {
                let visitor = site.signed_in_client(LICENSE_HOLDER).await;
                assert_eq!(visitor.get("/groups").await.status, 200);
                age(column).await;
                assert_eq!(visitor.get("/groups").await.status, 303, "{column}");
                company.db.sql("DELETE FROM sessions").await;
            }
            let visitor = site.signed_in_client("second@corp.example").await;
            assert_eq!(visitor.get("/groups").await.status, 200);
            let about = crate::support::manual_changes::manual_run();
            let when = company.change_time();
            rollcall_core::accounts::revoke_account(&company.store, &about, when, "second@corp.example")
                .await
                .expect("revoked");
            assert_eq!(visitor.get("/groups").await.status, 303);
            let again = [("email", "second@corp.example"), ("password", PASSWORD)];
            assert_eq!(site.anonymous_client().post("/sign-in", &again).await.status, 401);
            let visitor = site.signed_in_client(LICENSE_HOLDER).await;
            visitor.post("/sign-out", &[]).await;
            assert_eq!(visitor.get("/groups").await.status, 303, "a signed-out cookie is good for nothing");
        });
        site.end();
    });
}

/// A form that is sent after the session has expired is kept through the sign-in.
#[test]
fn form_is_kept_when_session_expires() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.signed_in_client(LICENSE_HOLDER).await;
        company.db.sql("DELETE FROM sessions").await;
        let fields = [("code", "GDPR-101"), ("title", "Data \"protection\" & <basics>")];
        let kept = visitor.post("/courses", &fields).await;
        assert_eq!(kept.status, 401);
        assert!(kept.text.contains("your input is saved"), "{}", kept.text);
    });
    company.runtime.block_on(async {
        // In the browser, as somebody who knows nothing of this.
        let browser = site.open_window(LICENSE_HOLDER, false).await;
        browser.go("/courses").await;
        company.db.sql("DELETE FROM sessions").await;
        browser.fill("Code", "GDPR-101").await;
        browser.fill("Title", "Data \"protection\" & <basics>").await;
        browser.click("Add course").await;
        browser.says("Sign in again; your input is saved").await;
        browser.fill("E-mail", LICENSE_HOLDER).await;
        browser.fill("Password", PASSWORD).await;
        browser.click("Sign in").await;
        browser.click("Go on").await;
        browser.says("Data \"protection\" & <basics>").await;
        browser.close().await;
    });
    site.end();
    assert_eq!(company.query_value("SELECT title FROM courses"), "Data \"protection\" & <basics>");
}

/// A new sign-in ends the older session of the browser.
#[test]
fn new_sign_in_ends_older_session_of_browser() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let older = site.signed_in_client(LICENSE_HOLDER).await;
            let mut newer = site.anonymous_client();
            newer.cookie.clone_from(&older.cookie);
            let newer = newer.sign_in(LICENSE_HOLDER).await;
            assert_ne!(older.cookie, newer.cookie);
            assert_eq!(newer.get("/groups").await.status, 200);
            assert_eq!(older.get("/groups").await.status, 303);
        });
        site.end();
    });
}

/// Revoking ends everything an account gets in by, and an account that is made again starts from nothing.
#[test]
fn account_that_is_made_again_starts_from_nothing() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let email = "second@corp.example";
        company.account(email, Role::Manager);
        let about = NewRun { actor: email.to_owned(), ..crate::support::manual_changes::manual_run() };
        let when = company.change_time();
        company.runtime.block_on(async {
            let store = &company.store;
            attempt(&company, email, PASSWORD, "192.0.2.1", None).await.expect("signed in");
            let (_, link) = accounts::create_invitation(store, &about, when, email).await.expect("a link");
            // A token of the account, and one that was made with this token.
            let mut tx = store.begin_read().await.expect("the database answers");
            let owner = Some(accounts::find_account(&mut tx, email).await.expect("the account").id);
            drop(tx);
            let make = async |name, owner| {
                let new = accounts::NewToken { owner, ..accounts::NewToken::new(name, Role::LicenseHolder) };
                accounts::create_token(store, &about, when, new).await.expect("a token").key
            };
            let principal =
                async |key: String| accounts::authenticate_token(store, &key, None, when.now).await;
            let first = make("export", owner).await;
            let found = principal(first.clone()).await.expect("an answer").expect("a principal");
            let second = make("import", found.owner()).await;
            assert!(principal(second.clone()).await.expect("an answer").is_some());
            company
                .db
                .sql("UPDATE accounts SET subject = 'issuer 7' WHERE email = 'second@corp.example'")
                .await;
            accounts::revoke_account(store, &about, when, email).await.expect("revoked");
            for key in [first, second] {
                assert!(principal(key).await.expect("an answer").is_none());
            }
            for table in ["sessions", "invitations", "sign_in_devices"] {
                assert_eq!(company.db.sql(&format!("SELECT * FROM {table}")).await.len(), 0, "{table}");
            }
            let new = accounts::NewUserAccount {
                email,
                name: "",
                role: Role::Viewer,
                first_sign_in: accounts::FirstSignIn::Link,
            };
            accounts::create_account(store, &about, when, new).await.expect("made again");
            let again = attempt(&company, email, PASSWORD, "192.0.2.1", None).await;
            assert!(matches!(again, Err(AccountError::WrongCredentials)), "{again:?}");
            let old_link = accounts::check_invitation(store, &link.key, when.now).await;
            assert!(matches!(old_link, Err(AccountError::InvalidInvitation)), "{old_link:?}");
        });
        let kept =
            "accounts WHERE email = 'second@corp.example' AND (password IS NOT NULL OR subject IS NOT NULL)";
        assert_eq!(company.count_rows(kept), 0);
    });
}

/// A browser that opens the pages over plain HTTP at another machine is told so, and no session begins that it would lose.
#[test]
fn sign_in_over_plain_http_is_explained() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    let fields = format!("email=license@corp.example&password={}", PASSWORD.replace(' ', "+"));
    let sign_in = async |host: &str| {
        let origin = format!("http://{host}");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("host", host),
            ("origin", origin.as_str()),
        ];
        site.anonymous_client().send("/sign-in", &headers, fields.clone()).await
    };
    company.runtime.block_on(async {
        let refused = sign_in("rollcall.corp.example:8080").await;
        assert_eq!((refused.status, &refused.cookie), (403, &None), "{refused:?}");
        for part in
            ["does not use HTTPS", "Open the address with https://", "“cert” and “key”", "“trusted_proxies”"]
        {
            assert!(refused.text.contains(part), "{part} of {}", refused.text);
        }
        assert_eq!(sign_in("localhost:8080").await.status, 303, "this machine");
    });
    assert_eq!(company.count_rows("sessions"), 1);
    site.end();
}
