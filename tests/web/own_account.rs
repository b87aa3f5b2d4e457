//! One's own account: password and sessions.

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::{LICENSE_HOLDER, PASSWORD};

/// A new password of their own choice.
const NEW_PASSWORD: &str = "an altogether new phrase";

/// Each account can change its own password with the present one. The other sessions end.
#[test]
fn own_password_is_changed_with_present_one() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        company.account("viewer@corp.example", Role::Viewer);
        let site = company.serve();
        company.runtime.block_on(async {
            let other = site.signed_in_client("viewer@corp.example").await;
            let visitor = site.signed_in_client("viewer@corp.example").await;
            let page = visitor.get("/account").await;
            assert!(page.status == 200 && page.text.contains("Present password"), "{page:?}");
            for (present, new, again, text) in [
                ("wrong wrong wrong", NEW_PASSWORD, NEW_PASSWORD, "The present password is wrong"),
                (PASSWORD, NEW_PASSWORD, "another phrase, too", "The two passwords differ"),
                (PASSWORD, "short", "short", "must have 12 to 256 characters"),
                (PASSWORD, "password1234", "password1234", "one that many people use"),
                (PASSWORD, "viewer@corp.example", "viewer@corp.example", "must not be the e-mail address"),
            ] {
                let fields = [("present", present), ("password", new), ("again", again)];
                let refused = visitor.post("/account/password", &fields).await;
                assert!(refused.status == 422 && refused.text.contains(text), "{text}: {refused:?}");
            }
            assert_eq!(other.get("/groups").await.status, 200, "nothing was changed so far");
            let fields = [("present", PASSWORD), ("password", NEW_PASSWORD), ("again", NEW_PASSWORD)];
            let done = visitor.post("/account/password", &fields).await;
            assert!(done.status == 303 && done.to.starts_with("/account?run="), "{done:?}");
            assert_eq!(visitor.get("/groups").await.status, 200);
            assert_eq!(other.get("/groups").await.status, 303, "the other session ends");
            for (password, status) in [(PASSWORD, 401), (NEW_PASSWORD, 303)] {
                let fields = [("email", "viewer@corp.example"), ("password", password)];
                assert_eq!(site.anonymous_client().post("/sign-in", &fields).await.status, status);
            }
        });
        site.end();
        let about = "runs WHERE actor = 'viewer@corp.example' AND what LIKE 'change the password of %'";
        assert_eq!(company.count_rows(about), 1);
    });
}

/// Wrong present passwords are slowed down like those at sign-in.
#[test]
fn guessing_of_present_password_is_throttled() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let thief = site.signed_in_client(LICENSE_HOLDER).await;
        let fields = [("present", "wrong wrong wrong"), ("password", NEW_PASSWORD), ("again", NEW_PASSWORD)];
        let mut last = String::new();
        for _ in 0..6 {
            last = thief.post("/account/password", &fields).await.text;
        }
        assert!(last.contains("Too many attempts"), "{last}");
    });
    site.end();
}

/// A person sees their sessions, and ends one or all others; those of others are out of reach.
#[test]
fn own_sessions_are_listed_and_ended() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        company.account("viewer@corp.example", Role::Viewer);
        let site = company.serve();
        company.runtime.block_on(async {
            let holder = site.signed_in_client(LICENSE_HOLDER).await;
            let mut browsers = Vec::new();
            for _ in 0..3 {
                browsers.push(site.signed_in_client("viewer@corp.example").await);
            }
            let sql = "SELECT digest FROM sessions JOIN accounts ON accounts.id = account_id WHERE email = ";
            let holders = company.db.sql(&format!("{sql}'{LICENSE_HOLDER}'")).await;
            let foreign = holders[0]["digest"].clone().expect("a digest");
            let page = browsers[0].get("/account").await.text;
            assert_eq!(page.matches("this session").count(), 1, "{page}");
            assert_eq!(page.matches("name=\"session\"").count(), 2, "{page}");
            assert!(page.contains("127.0.0.1") && !page.contains(&foreign), "{page}");
            let refused = browsers[0].post("/account/sessions/end", &[("session", &foreign)]).await;
            assert_eq!(refused.status, 404);
            assert_eq!(holder.get("/groups").await.status, 200);
            let (_, rest) = page.split_once("name=\"session\" value=\"").expect("a session");
            let digest = rest.split('"').next().expect("an end");
            let ended = browsers[0].post("/account/sessions/end", &[("session", digest)]).await;
            assert_eq!((ended.status, ended.to.as_str()), (303, "/account#sessions"));
            let open = async |browsers: &[crate::support::web::WebClient]| {
                let mut open = 0;
                for browser in browsers {
                    open += u32::from(browser.get("/groups").await.status == 200);
                }
                open
            };
            assert_eq!(open(&browsers).await, 2);
            assert_eq!(browsers[0].post("/account/sessions/end-others", &[]).await.status, 303);
            assert_eq!(open(&browsers[..1]).await, 1);
            assert_eq!(open(&browsers).await, 1);
            // A license holder signs others out without revoking them.
            let fields = [("email", "viewer@corp.example"), ("do", "sessions")];
            assert_eq!(holder.post("/settings/accounts/change", &fields).await.status, 303);
            assert_eq!(open(&browsers).await, 0);
            site.signed_in_client("viewer@corp.example").await;
        });
        site.end();
    });
}

/// Sign-out tells the browser to forget what pages have stored.
#[test]
fn sign_out_clears_storage_of_browser() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.signed_in_client(LICENSE_HOLDER).await;
        let request = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let request = request.expect("a client").post(format!("{}/sign-out", site.base));
        let request = request.header("cookie", visitor.cookie.clone().expect("a cookie"));
        let answer = request.header("sec-fetch-site", "same-origin").send().await.expect("an answer");
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()["clear-site-data"], "\"storage\"");
    });
    site.end();
}
