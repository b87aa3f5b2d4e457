//! Signing in through a provider that others wrote.

use rollcall_core::accounts::{self, NewToken};
use rollcall_model::ids::AccountId;
use rollcall_model::role::Role;

use crate::support::browser::BrowserWindow;
use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::oidc_provider::OidcProvider;
use crate::support::postgres::free_port;
use crate::support::program::wait_until;
use crate::support::web::{WebClient, WebServer};

/// A company whose people sign in through the provider.
fn company() -> (Company, OidcProvider) {
    let mut company = Company::new(Engine::Sqlite);
    let (port, here) = (free_port(), free_port());
    company.head = format!(
        "[web]\nlisten = '127.0.0.1:{here}'\n[web.sign_in]\nissuer = 'http://127.0.0.1:{port}'\n\
         url = 'http://127.0.0.1:{here}'\nclient_id = 'rollcall'\nclient_secret = 'battery staple horse correct'\n\
         scopes = ['email', 'profile', 'groups']\nlicense_holders = ['admins']\nmanagers = ['learning', 'unproven']\n"
    );
    let provider = OidcProvider::start(port, &format!("http://127.0.0.1:{here}/sign-in/callback"));
    (company, provider)
}

/// Goes through the provider's pages as this account; answers the window, wherever it ends.
async fn through(site: &WebServer, login: &str) -> BrowserWindow {
    let browser = BrowserWindow::open(&site.base, false).await;
    browser.go("/learners").await;
    browser.click("Sign in with the company's account").await;
    browser.says("Sign-in").await;
    browser.type_into("login", login).await;
    browser.type_into("password", "any").await;
    browser.click("Sign-in").await;
    browser.click("Continue").await;
    browser
}

/// The groups of the provider determine the role at each sign-in.
#[test]
fn provider_groups_set_role_at_each_sign_in() {
    let (company, _provider) = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let browser = through(&site, "learning-ada").await;
        // Back where it wanted to go.
        browser.says("learning-ada@corp.example manager").await;
        assert_eq!(browser.path().await, "/learners");
        browser.close().await;
    });
    assert_eq!(company.query_value("SELECT name FROM accounts"), "Name of learning-ada");
    company.sql("UPDATE accounts SET role = 'viewer'");
    company.runtime.block_on(async {
        let browser = through(&site, "learning-ada").await;
        browser.says("learning-ada@corp.example manager").await;
        browser.close().await;
        let stranger = through(&site, "guests-eve").await;
        stranger.says("none of its groups is mapped to a role").await;
        assert!(stranger.path().await.starts_with("/sign-in/callback"));
        stranger.close().await;
    });
    assert_eq!(company.count_rows("accounts"), 1);
    assert_eq!(company.count_rows("sessions"), 2);
    let said: Vec<_> = company.sql("SELECT what FROM runs ORDER BY id").into_iter().collect();
    assert_eq!(said.len(), 2, "made, and given the role back: {said:?}");
    site.end();
}

/// An account of another identity cannot be taken over.
#[test]
fn account_of_other_identity_cannot_be_taken_over() {
    let (company, _provider) = company();
    company.account("unproven-bob@corp.example", Role::LicenseHolder);
    company.account("admins-carol@corp.example", Role::Viewer);
    let site = company.serve();
    company.runtime.block_on(async {
        // The provider has not proved that the address is theirs.
        let browser = through(&site, "unproven-bob").await;
        browser.says("is linked to a different identity").await;
        browser.close().await;
        // Of a proven one it has: the account that was there is theirs.
        let browser = through(&site, "admins-carol").await;
        browser.says("admins-carol@corp.example license holder").await;
        browser.close().await;
    });
    // Whoever was revoked here is not let in again by the provider.
    let about = crate::support::manual_changes::manual_run();
    let revoke = rollcall_core::accounts::revoke_account(
        &company.store,
        &about,
        company.change_time(),
        "admins-carol@corp.example",
    );
    company.runtime.block_on(revoke).expect("revoked");
    company.runtime.block_on(async {
        let browser = through(&site, "admins-carol").await;
        browser.says("is revoked").await;
        browser.close().await;
    });
    assert_eq!(company.count_rows("accounts"), 2);
    site.end();
}

/// A local account with a role above viewer is linked only while it is signed in, and loses its password then.
#[test]
fn privileged_account_is_not_linked_by_its_address() {
    let (company, _provider) = company();
    company.account("learning-dora@corp.example", Role::LicenseHolder);
    company.account("admins-erik@corp.example", Role::Manager);
    let site = company.serve();
    company.runtime.block_on(async {
        let browser = through(&site, "admins-erik").await;
        browser.says("is not linked to the sign-in provider").await;
        browser.close().await;
    });
    assert_eq!(company.count_rows("accounts WHERE subject IS NULL AND password IS NOT NULL"), 2);
    assert_eq!(company.count_rows("sessions"), 0);
    company.runtime.block_on(async {
        let browser = site.open_window("admins-erik@corp.example", false).await;
        browser.go("/sign-in").await;
        browser.click("Sign in with the company's account").await;
        browser.says("Sign-in").await;
        browser.type_into("login", "admins-erik").await;
        browser.type_into("password", "any").await;
        browser.click("Sign-in").await;
        browser.click("Continue").await;
        browser.says("admins-erik@corp.example license holder").await;
        browser.close().await;
    });
    let linked =
        "accounts WHERE email = 'admins-erik@corp.example' AND subject IS NOT NULL AND password IS NULL";
    assert_eq!(company.count_rows(linked), 1);
    site.end();
}

/// A callback that does not belong to a sign-in of the browser is refused.
#[test]
fn callback_without_matching_state_is_refused() {
    let (company, provider) = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.anonymous_client();
        for query in ["?code=a&state=b", "?state=&code=", ""] {
            let page = visitor.get(&format!("/sign-in/callback{query}")).await;
            assert!(
                page.status == 403 && page.text.contains("does not match a sign-in of this browser"),
                "{page:?}"
            );
        }
        let page = visitor.get("/sign-in/callback?error=access_denied&error_description=%3Cb%3Eno").await;
        assert!(page.status == 403 && !page.text.contains("access_denied"), "{}", page.text);
        drop(provider);
        let page = visitor.get("/sign-in/provider").await;
        assert!(page.status == 403 && page.text.contains("could not be reached"), "{}", page.text);
    });
    assert_eq!(company.count_rows("accounts"), 0);
    site.end();
}

/// A refusal of the provider is shown to the browser that began the sign-in, shortened and without markup.
#[test]
fn refusal_of_provider_is_shown_to_its_browser() {
    let (company, _provider) = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let mut visitor = site.anonymous_client();
        let begun = visitor.get("/sign-in/provider").await;
        visitor.cookie.clone_from(&begun.cookie);
        let asked = url::Url::parse(&begun.to).expect("a URL");
        let state = asked.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        let text = format!("%3Cb%3Eno{}", "x".repeat(1_000));
        let refusal = format!("/sign-in/callback?error=access_denied&error_description={text}&state={state}");
        let page = visitor.get(&refusal).await;
        assert!(page.status == 403 && page.text.contains("access_denied &#60;b&#62;no"), "{}", page.text);
        assert!(!page.text.contains(&"x".repeat(200)), "{}", page.text);
    });
    site.end();
}

/// Gives the name of an account at the provider, and whatever password.
async fn sign_in_at_provider(browser: &BrowserWindow, login: &str) {
    browser.says("Sign-in").await;
    browser.type_into("login", login).await;
    browser.type_into("password", "any").await;
    browser.click("Sign-in").await;
}

/// Without passwords accounts sign in through the provider alone. With one line of the file passwords come back.
#[test]
fn passwords_can_be_switched_off_and_on() {
    let (mut company, _provider) = company();
    let with_passwords = company.head.clone();
    company.head = with_passwords.replacen("[web]\n", "[web]\npasswords = false\n", 1);
    let site = company.serve();
    assert!(
        !site.stdout_lines().iter().any(|line| line.contains("/welcome/")),
        "no link for a first password"
    );
    company.account("local@corp.example", Role::Viewer);
    company.runtime.block_on(async {
        let visitor = site.anonymous_client();
        let page = visitor.get("/sign-in").await.text;
        assert!(page.contains("company's account") && !page.contains("type=\"password\""), "{page}");
        let password = [("email", "local@corp.example"), ("password", crate::support::web::PASSWORD)];
        let refused = visitor.post("/sign-in", &password).await;
        assert!(refused.status == 403 && refused.text.contains("Passwords are switched off"), "{refused:?}");
        let browser = through(&site, "admins-carol").await;
        browser.says("admins-carol@corp.example license holder").await;
        browser.close().await;
    });
    let about = crate::support::manual_changes::manual_run();
    let link = company.runtime.block_on(rollcall_core::accounts::create_invitation(
        &company.store,
        &about,
        company.change_time(),
        "local@corp.example",
    ));
    let link = link.expect("a link").1.path();
    company.runtime.block_on(async {
        let page = site.anonymous_client().get(&link).await;
        assert!(page.status == 400 && page.text.contains("assword"), "{page:?}");
    });
    let without_passwords = std::mem::replace(&mut company.head, with_passwords);
    company.write();
    site.reload_config();
    let visitor = company.runtime.block_on(site.signed_in_client("local@corp.example"));
    assert_eq!(company.runtime.block_on(visitor.get("/groups")).status, 200);
    company.head = without_passwords;
    company.write();
    site.reload_config();
    // The log has the line of the first reload already.
    let is_ended = || company.runtime.block_on(visitor.get("/groups")).status == 303;
    wait_until("the session of a password ends", is_ended);
    site.end();
}

/// A powerful change of a person of the provider needs a new sign-in there, not only its session.
#[test]
fn provider_is_asked_for_new_sign_in_before_powerful_change() {
    let (company, _provider) = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let browser = through(&site, "admins-carol").await;
        browser.says("admins-carol@corp.example license holder").await;
        browser.go("/settings/tokens").await;
        let old = (chrono::Utc::now() - chrono::TimeDelta::hours(1)).to_rfc3339();
        company.db.sql(&format!("UPDATE sessions SET proved_at = '{old}'")).await;
        browser.fill("Name", "nightly export").await;
        browser.tick("viewer").await;
        browser.click("Make token").await;
        browser.says("The change was not made").await;
        browser.click("Sign in with the company's account").await;
        // The provider knows the person, and asks all the same.
        sign_in_at_provider(&browser, "admins-carol").await;
        browser.arrives("/settings/tokens").await;
        browser.fill("Name", "nightly export").await;
        browser.tick("viewer").await;
        browser.click("Make token").await;
        browser.says("This is the key of nightly export").await;
        browser.close().await;
    });
    site.end();
}

/// A session of the provider lasts a day, so that groups that are taken away there count the next day at the latest.
#[test]
fn session_of_provider_lasts_one_day() {
    let (company, _provider) = company();
    company.account("local@corp.example", Role::Viewer);
    let site = company.serve();
    company.runtime.block_on(async {
        let local = site.signed_in_client("local@corp.example").await;
        let browser = through(&site, "learning-ada").await;
        browser.says("learning-ada@corp.example manager").await;
        let old = (chrono::Utc::now() - chrono::TimeDelta::hours(25)).to_rfc3339();
        company.db.sql(&format!("UPDATE sessions SET started_at = '{old}'")).await;
        assert_eq!(local.get("/groups").await.status, 200);
        browser.go("/groups").await;
        browser.says("Sign in with the company's account").await;
        browser.close().await;
    });
    site.end();
}

/// A sign-in that must be new is refused if the browser takes the demand for a new one out of the address: the provider then
/// relies on its own older session.
#[test]
fn older_sign_in_at_provider_does_not_confirm() {
    let (company, _provider) = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let browser = through(&site, "admins-carol").await;
        browser.says("admins-carol@corp.example license holder").await;
        let begin = async |tampers: bool| {
            let begun = site.anonymous_client().get("/sign-in/provider?anew=yes&to=/groups").await;
            let mut asked = url::Url::parse(&begun.to).expect("a URL");
            let pairs: Vec<_> = asked.query_pairs().into_owned().collect();
            let demands = |name: &str| name == "max_age" || name == "prompt";
            assert_eq!(pairs.iter().filter(|(name, _)| demands(name)).count(), 2, "{asked}");
            let kept = pairs.iter().filter(|(name, _)| !(tampers && demands(name)));
            asked.query_pairs_mut().clear().extend_pairs(kept);
            let cookie = begun.cookie.expect("a cookie");
            let script = "document.cookie = arguments[0] + '; path=/; secure'; location.href = arguments[1]";
            browser.run(script, vec![cookie.into(), asked.as_str().into()]).await;
        };
        begin(true).await;
        browser.says("did not prove a new sign-in").await;
        // The page of the refusal has deleted no session.
        begin(false).await;
        sign_in_at_provider(&browser, "admins-carol").await;
        browser.arrives("/groups").await;
        browser.close().await;
    });
    site.end();
}

/// Begins a sign-in of a browser. Returns the path of the callback, with a code that the provider did not give.
async fn begin_sign_in(visitor: &mut WebClient) -> String {
    let begun = visitor.get("/sign-in/provider").await;
    assert_eq!(begun.status, 303, "{begun:?}");
    visitor.cookie.clone_from(&begun.cookie);
    let asked = url::Url::parse(&begun.to).expect("a URL");
    let state = asked.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    format!("/sign-in/callback?code=none&state={state}")
}

/// Ways back from the provider are limited for each client address. Ways there, and requests that belong to no sign-in of
/// the browser, count for nobody. A browser that has signed in before does not wait for others.
#[test]
fn ways_back_from_provider_are_throttled() {
    let (company, _provider) = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let known = through(&site, "learning-ada").await;
        known.says("learning-ada@corp.example manager").await;
        let mut visitor = site.anonymous_client();
        for count in 0..70 {
            assert_eq!(visitor.get("/sign-in/provider").await.status, 303, "{count}");
            let page = visitor.get("/sign-in/callback?state=x&code=y").await;
            assert_eq!(page.status, 403, "{count}: {page:?}");
        }
        let back = begin_sign_in(&mut visitor).await;
        for count in 0..60 {
            assert_eq!(visitor.get(&back).await.status, 403, "{count}");
        }
        let page = visitor.get(&back).await;
        assert!(page.status == 429 && page.text.contains("Too many attempts"), "{page:?}");
        // The provider still knows the person.
        known.click("Sign out").await;
        known.says("Sign in with the company's account").await;
        known.click("Sign in with the company's account").await;
        known.says("learning-ada@corp.example manager").await;
        known.close().await;
    });
    site.end();
}

/// Whoever lost all groups at the provider loses sessions and tokens when the provider says so, and gets in again when it
/// gives a role again.
#[test]
fn account_without_groups_loses_sessions_and_tokens() {
    let (mut company, _provider) = company();
    let with_role = company.head.clone();
    let site = company.serve();
    let status = |key: &str| {
        company.runtime.block_on(async {
            let request = reqwest::Client::new().get(format!("{}/api/v1/groups", site.base)).bearer_auth(key);
            request.send().await.expect("an answer").status().as_u16()
        })
    };
    company.runtime.block_on(async {
        let browser = through(&site, "admins-carol").await;
        browser.says("admins-carol@corp.example license holder").await;
        browser.close().await;
    });
    let owner = company.query_value("SELECT id FROM accounts").parse().expect("a number");
    let new = NewToken { owner: Some(AccountId(owner)), ..NewToken::new("export", Role::LicenseHolder) };
    let about = crate::support::manual_changes::manual_run();
    let made = accounts::create_token(&company.store, &about, company.change_time(), new);
    let key = company.runtime.block_on(made).expect("a token").key;
    assert_eq!((status(&key), company.count_rows("sessions")), (200, 1));
    company.head = with_role.replace("['admins']", "['bosses']");
    company.write();
    site.reload_config();
    for _ in 0..2 {
        company.runtime.block_on(async {
            let browser = through(&site, "admins-carol").await;
            browser.says("none of its groups is mapped to a role").await;
            browser.close().await;
        });
        assert_eq!((status(&key), company.count_rows("sessions")), (401, 0));
    }
    assert_eq!(
        company.count_rows("runs WHERE what LIKE 'end the access of `admins-carol@corp.example`%'"),
        1
    );
    company.head = with_role;
    company.write();
    site.reload_config();
    company.runtime.block_on(async {
        let browser = through(&site, "admins-carol").await;
        browser.says("admins-carol@corp.example license holder").await;
        browser.close().await;
    });
    assert_eq!(status(&key), 401, "its tokens are made anew");
    site.end();
}
