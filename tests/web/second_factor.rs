//! The second factor of local accounts: set-up, codes, recovery codes, roles that require one.

use rollcall_model::role::Role;
use totp_rs::{Builder, Secret};

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::{LICENSE_HOLDER, PASSWORD, PageResponse, WebClient, WebServer};

/// The code of a secret, some steps of 30 seconds from now.
fn code(secret: &str, steps: i64) -> String {
    let secret = Secret::try_from_base32(secret).expect("a secret");
    let totp = Builder::new().with_secret(secret).build().expect("a secret of full length");
    let now = chrono::Utc::now().timestamp() + 30 * steps;
    totp.generate(u64::try_from(now).expect("a time")).to_string()
}

/// The value of a hidden field of a page.
fn hidden(page: &PageResponse, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.text.split_once(&start).unwrap_or_else(|| panic!("no {name}: {page:?}"));
    rest.split('"').next().expect("an end").to_owned()
}

/// Sets a second factor up. Returns its secret and the recovery codes.
async fn set_up(visitor: &WebClient) -> (String, Vec<String>) {
    let page = visitor.get("/account/second-factor").await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text.contains("<svg"), "{}", page.text);
    let secret = hidden(&page, "secret");
    let wrong = visitor.post("/account/second-factor", &[("secret", &secret), ("code", "000000")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("The code is wrong"), "{wrong:?}");
    assert_eq!(hidden(&wrong, "secret"), secret);
    // The step before, so that the tests can use later ones.
    let fields = [("secret", secret.as_str()), ("code", &code(&secret, -1))];
    let done = visitor.post("/account/second-factor", &fields).await;
    assert_eq!(done.status, 200, "{done:?}");
    let codes: Vec<String> = done
        .text
        .split("<li><code>")
        .skip(1)
        .map(|part| part.split('<').next().expect("an end").to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

/// Gives the password, and then a code.
async fn sign_in_with_code(site: &WebServer, email: &str, code: &str) -> (WebClient, PageResponse) {
    let mut visitor = site.anonymous_client();
    let fields = [("email", email), ("password", PASSWORD), ("to", "/groups?q=a")];
    let page = visitor.post("/sign-in", &fields).await;
    assert!(page.status == 200 && page.text.contains("Six digits"), "{page:?}");
    visitor.cookie.clone_from(&page.cookie);
    // The password alone opens nothing.
    assert_eq!(visitor.get("/groups").await.status, 303);
    assert_eq!(visitor.get("/api/v1/groups").await.status, 401);
    let done = visitor.post("/sign-in/code", &[("code", code), ("to", "/groups?q=a")]).await;
    if done.status == 303 {
        assert_ne!(done.cookie, visitor.cookie, "the session gets another cookie");
        visitor.cookie.clone_from(&done.cookie);
    }
    (visitor, done)
}

/// With a second factor the password alone opens nothing, each code counts once, and recovery codes count once too.
#[test]
fn code_is_required_after_password_and_counts_once() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let other = site.signed_in_client(LICENSE_HOLDER).await;
            let owner = site.signed_in_client(LICENSE_HOLDER).await;
            let (secret, recovery) = set_up(&owner).await;
            assert_eq!(owner.get("/groups").await.status, 200);
            assert_eq!(other.get("/groups").await.status, 303, "other sessions end");

            let now = code(&secret, 0);
            let (visitor, done) = sign_in_with_code(&site, LICENSE_HOLDER, &now).await;
            assert_eq!((done.status, done.to.as_str()), (303, "/groups?q=a"), "{done:?}");
            assert_eq!(visitor.get("/groups").await.status, 200);
            let (_, again) = sign_in_with_code(&site, LICENSE_HOLDER, &now).await;
            assert!(again.status == 401 && again.text.contains("was used before"), "{again:?}");
            let (_, older) = sign_in_with_code(&site, LICENSE_HOLDER, &code(&secret, -1)).await;
            assert_eq!(older.status, 401, "an older code than the last one");

            let typed = recovery[0].to_lowercase();
            let (visitor, done) = sign_in_with_code(&site, LICENSE_HOLDER, &typed).await;
            assert_eq!(done.status, 303, "{done:?}");
            assert_eq!(visitor.get("/groups").await.status, 200);
            let (_, again) = sign_in_with_code(&site, LICENSE_HOLDER, &typed).await;
            assert_eq!(again.status, 401, "{again:?}");
        });
        site.end();
        assert_eq!(company.count_rows("recovery_codes"), 9);
        assert_eq!(company.count_rows("sign_in_events WHERE method = 'code' AND event = 'signed_in'"), 1);
        assert_eq!(company.count_rows("sign_in_events WHERE method = 'recovery_code'"), 1);
        let wrong = "sign_in_events WHERE event = 'wrong_code' AND account_id IS NOT NULL AND times = 3";
        assert_eq!(company.count_rows(wrong), 1);
    });
}

/// Guesses of a code are slowed down for the account, however often the right password is given.
#[test]
fn code_guessing_is_throttled() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let owner = site.signed_in_client(LICENSE_HOLDER).await;
            let (secret, _) = set_up(&owner).await;
            let mut statuses = Vec::new();
            for _ in 0..6 {
                let (_, page) = sign_in_with_code(&site, LICENSE_HOLDER, "000000").await;
                statuses.push(page.status);
            }
            assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
            let codes = "UPDATE sign_in_failures SET failures = failures + 40 WHERE place LIKE 'code of %'";
            company.db.sql(codes).await;
            let (_, page) = sign_in_with_code(&site, LICENSE_HOLDER, &code(&secret, 0)).await;
            assert_eq!(page.status, 429, "not even the right code");
            company.db.sql("DELETE FROM sign_in_failures").await;
            let (_, page) = sign_in_with_code(&site, LICENSE_HOLDER, &code(&secret, 0)).await;
            assert_eq!(page.status, 303, "{page:?}");
        });
        site.end();
    });
}

/// A sign-in waits for its code for five minutes, and a code without a sign-in is refused.
#[test]
fn sign_in_waits_for_its_code_for_five_minutes() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let owner = site.signed_in_client(LICENSE_HOLDER).await;
        let (secret, _) = set_up(&owner).await;
        let mut visitor = site.anonymous_client();
        let fields = [("code", code(&secret, 0)), ("to", "/".to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let none = visitor.post("/sign-in/code", &fields).await;
        assert!(none.status == 401 && none.text.contains("took too long"), "{none:?}");
        // A session that does not wait for a code is none either.
        let ready = owner.post("/sign-in/code", &fields).await;
        assert_eq!(ready.status, 401);
        assert_eq!(owner.get("/groups").await.status, 200);
        let page =
            visitor.post("/sign-in", &[("email", LICENSE_HOLDER), ("password", PASSWORD), ("to", "/")]).await;
        visitor.cookie.clone_from(&page.cookie);
        let old = (chrono::Utc::now() - chrono::TimeDelta::minutes(6)).to_rfc3339();
        company.db.sql(&format!("UPDATE sessions SET started_at = '{old}' WHERE awaits_code")).await;
        let late = visitor.post("/sign-in/code", &fields).await;
        assert!(late.status == 401 && late.text.contains("took too long"), "{late:?}");
    });
    site.end();
}

/// A link that sets a password does not replace the code.
#[test]
fn link_to_set_password_does_not_replace_code() {
    let company = Company::with_license_holder(Engine::Sqlite);
    company.account("ops@corp.example", Role::Operator);
    let site = company.serve();
    company.runtime.block_on(async {
        let operator = site.signed_in_client("ops@corp.example").await;
        set_up(&operator).await;
        let holder = site.signed_in_client(LICENSE_HOLDER).await;
        let made =
            holder.post("/settings/accounts/change", &[("email", "ops@corp.example"), ("do", "link")]).await;
        let (_, link) = made.text.split_once("/welcome/").expect("a link");
        let link = format!("/welcome/{}", link.split('"').next().expect("an end"));
        let visitor = site.anonymous_client();
        let done = visitor.post(&link, &[("password", PASSWORD), ("again", PASSWORD)]).await;
        assert_eq!((done.status, done.to.as_str(), done.cookie.is_none()), (303, "/sign-in", true));
        // A license holder can take a lost second factor away.
        let removed = holder
            .post("/settings/accounts/change", &[("email", "ops@corp.example"), ("do", "second_factor")])
            .await;
        assert_eq!(removed.status, 303, "{removed:?}");
        site.signed_in_client("ops@corp.example").await;
    });
    site.end();
}

/// A role that requires a second factor opens nothing but its set-up until there is one.
#[test]
fn role_can_require_second_factor() {
    let mut company = Company::with_license_holder(Engine::Sqlite);
    company.account("viewer@corp.example", Role::Viewer);
    company.head =
        "[web]\nlisten = '127.0.0.1:0'\nsecond_factor = ['license_holder', 'operator']\n".to_owned();
    let site = company.serve();
    company.runtime.block_on(async {
        let viewer = site.signed_in_client("viewer@corp.example").await;
        assert_eq!(viewer.get("/groups").await.status, 200);
        let holder = site.signed_in_client(LICENSE_HOLDER).await;
        for path in ["/groups", "/settings", "/account/../groups"] {
            let page = holder.get(path).await;
            assert_eq!((page.status, page.to.as_str()), (303, "/account/second-factor"), "{path}");
        }
        let page = holder.post("/courses", &[("code", "A"), ("title", "A")]).await;
        assert_eq!((page.status, page.to.as_str()), (303, "/account/second-factor"));
        let api = holder.get("/api/v1/groups").await;
        assert!(api.status == 403 && api.text.contains("second_factor_required"), "{api:?}");
        let (secret, _) = set_up(&holder).await;
        assert_eq!(holder.get("/groups").await.status, 200);
        let refused = holder.post("/account/second-factor/remove", &[]).await;
        assert!(refused.status == 400 && refused.text.contains("requires a second factor"), "{refused:?}");
        let (again, _) = sign_in_with_code(&site, LICENSE_HOLDER, &code(&secret, 0)).await;
        assert_eq!(again.get("/groups").await.status, 200);
    });
    site.end();
    assert_eq!(company.count_rows("courses"), 0);
}

/// Who knows the password alone neither ends the sessions of the owner nor keeps the owner out.
#[test]
fn password_alone_does_not_lock_owner_out() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let owner = site.signed_in_client(LICENSE_HOLDER).await;
            let (secret, recovery) = set_up(&owner).await;
            for _ in 0..22 {
                let fields = [("email", LICENSE_HOLDER), ("password", PASSWORD)];
                assert_eq!(site.anonymous_client().post("/sign-in", &fields).await.status, 200);
            }
            assert_eq!(owner.get("/groups").await.status, 200, "sessions that wait displace no others");
            for _ in 0..6 {
                sign_in_with_code(&site, LICENSE_HOLDER, "000000").await;
            }
            let (_, page) = sign_in_with_code(&site, LICENSE_HOLDER, &code(&secret, 0)).await;
            assert_eq!(page.status, 429);
            let (_, page) = sign_in_with_code(&site, LICENSE_HOLDER, &recovery[0]).await;
            assert_eq!(page.status, 303, "a recovery code does not wait");
        });
        site.end();
    });
}

/// A code sets a second factor once, and changes of one's own sign-in are slowed down: each is a run.
#[test]
fn changes_of_own_sign_in_are_bounded() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        company.account("viewer@corp.example", Role::Viewer);
        let site = company.serve();
        company.runtime.block_on(async {
            let viewer = site.signed_in_client("viewer@corp.example").await;
            let page = viewer.get("/account/second-factor").await;
            let secret = hidden(&page, "secret");
            let fields = [("secret", secret.as_str()), ("code", &code(&secret, -1))];
            assert_eq!(viewer.post("/account/second-factor", &fields).await.status, 200);
            let again = viewer.post("/account/second-factor", &fields).await;
            assert!(again.status == 422 && again.text.contains("was used before"), "{again:?}");
            let path = "/account/second-factor/recovery-codes";
            for count in 2..10 {
                assert_eq!(viewer.post(path, &[]).await.status, 200, "{count}");
            }
            let page = viewer.post(path, &[]).await;
            assert!(page.status == 429 && page.text.contains("Too many attempts"), "{page:?}");
            let new = "an altogether new phrase";
            let fields =
                [("present", PASSWORD), ("password", new), ("again", new), ("code", &code(&secret, 0))];
            let page = viewer.post("/account/password", &fields).await;
            assert!(page.status == 422 && page.text.contains("Too many attempts"), "{page:?}");
            // Others are not slowed down.
            let owner = site.signed_in_client(LICENSE_HOLDER).await;
            set_up(&owner).await;
        });
        site.end();
        assert_eq!(company.count_rows("runs WHERE actor = 'viewer@corp.example'"), 9);
    });
}

/// With a second factor a new password takes a code, too. Other browsers are no longer known afterwards.
#[test]
fn new_password_takes_code() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            site.signed_in_client(LICENSE_HOLDER).await;
            let owner = site.signed_in_client(LICENSE_HOLDER).await;
            assert_eq!(company.db.sql("SELECT digest FROM sign_in_devices").await.len(), 2);
            let (secret, _) = set_up(&owner).await;
            let new = "an altogether new phrase";
            let change = async |code: &str| {
                let fields = [("present", PASSWORD), ("password", new), ("again", new), ("code", code)];
                owner.post("/account/password", &fields).await
            };
            for wrong in ["", "000000", &code(&secret, -1)] {
                let page = change(wrong).await;
                assert!(page.status == 422 && page.text.contains("The code is wrong"), "{page:?}");
            }
            assert_eq!(change(&code(&secret, 0)).await.status, 303);
            // This client does not send the cookie of its browser.
            assert_eq!(company.db.sql("SELECT digest FROM sign_in_devices").await.len(), 0);
        });
        site.end();
    });
}
