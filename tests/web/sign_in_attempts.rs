//! Attempts to sign in: counted before they are judged, by account and client address.

use chrono::TimeDelta;
use rollcall_core::accounts::{
    self, AccountError, ClientAddr, ClientBrowser, NewSession, PasswordChange, PasswordSignIn, SignInClient,
};
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::runs::NewRun;
use tokio::task::JoinSet;

use crate::support::company::Company;
use crate::support::database::on_both;
use crate::support::manual_changes::manual_run;
use crate::support::web::{LICENSE_HOLDER, PASSWORD};

/// An attempt to sign in, without the pages.
pub(super) async fn attempt(
    company: &Company,
    email: &str,
    password: &str,
    from: &str,
    device: Option<&str>,
) -> Result<NewSession, AccountError> {
    let address = ClientAddr(from.parse().expect("an address"));
    let client = SignInClient { address, browser: ClientBrowser { device, ..ClientBrowser::default() } };
    let now = company.change_time().now;
    match accounts::sign_in(&company.store, email, password, client, now).await? {
        PasswordSignIn::SignedIn(session) => Ok(session),
        PasswordSignIn::CodeRequired { .. } => panic!("the account has a second factor"),
    }
}

/// An address that is too long is refused before anything is written, and counters do not hold addresses.
#[test]
fn long_address_is_refused_and_counters_hold_digests() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let visitor = site.anonymous_client();
            let long = format!("{}@corp.example", "a".repeat(242));
            for email in [long.clone(), "b".repeat(60_000)] {
                let page = visitor.post("/sign-in", &[("email", &email), ("password", PASSWORD)]).await;
                assert_eq!(page.status, 401);
                assert!(page.text.contains("more than 254 bytes") && !page.text.contains(&email));
            }
            assert_eq!(company.db.sql("SELECT place FROM sign_in_failures").await.len(), 0);
            let page = visitor.post("/sign-in", &[("email", &long[1..]), ("password", PASSWORD)]).await;
            assert!(page.status == 401 && page.text.contains("Wrong e-mail address or password"));
        });
        site.end();
        assert_eq!(company.count_rows("sign_in_failures"), 3);
        assert_eq!(company.count_rows("sign_in_failures WHERE place LIKE '%corp.example%'"), 0);
    });
}

/// The oldest counters make way beyond the bound.
#[test]
fn oldest_counters_of_attempts_make_way() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let most = ResourceLimit::SignInCounters.default_value();
        let now = company.change_time().now;
        let (before, long_before) =
            ((now - TimeDelta::minutes(1)).to_rfc3339(), (now - TimeDelta::minutes(2)).to_rfc3339());
        company.sql(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})
             INSERT INTO sign_in_failures (place, failures, last_at) SELECT 'place ' || i, 1, '{before}' FROM n"
        ));
        company.sql(&format!(
            "UPDATE sign_in_failures SET last_at = '{long_before}' WHERE place IN ('place 7', 'place 8', 'place 9')"
        ));
        let wrong = company.runtime.block_on(attempt(&company, "a@corp.example", "wrong", "192.0.2.1", None));
        assert!(matches!(wrong, Err(AccountError::WrongCredentials)), "{wrong:?}");
        assert_eq!(u64::try_from(company.count_rows("sign_in_failures")), Ok(most));
        assert_eq!(
            company.count_rows("sign_in_failures WHERE place IN ('place 7', 'place 8', 'place 9')"),
            0
        );
    });
}

/// Two hundred guesses at the same time are judged no more often than guesses one after the other.
#[test]
fn guesses_at_once_are_counted_before_they_are_judged() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let now = company.change_time().now;
        let judged = company.runtime.block_on(async {
            let mut guesses = tokio::task::JoinSet::new();
            for _ in 0..200 {
                let store = company.store.clone();
                guesses.spawn(async move {
                    let address = ClientAddr("192.0.2.1".parse().expect("an address"));
                    let client = SignInClient { address, browser: ClientBrowser::default() };
                    accounts::sign_in(&store, LICENSE_HOLDER, "wrong wrong wrong", client, now).await
                });
            }
            let all = guesses.join_all().await;
            assert!(all.iter().all(|one| {
                matches!(one, Err(AccountError::WrongCredentials | AccountError::TooManyAttempts { .. }))
            }));
            all.iter().filter(|one| matches!(one, Err(AccountError::WrongCredentials))).count()
        });
        assert_eq!(judged, 5);
    });
}

/// Failures of others do not keep a browser out that has signed in to the account before.
#[test]
fn failures_of_others_do_not_lock_known_browser_out() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        company.runtime.block_on(async {
            let first =
                attempt(&company, LICENSE_HOLDER, PASSWORD, "192.0.2.1", None).await.expect("signed in");
            for guesser in 0..12 {
                for _ in 0..5 {
                    let from = format!("198.51.100.{guesser}");
                    let _ = attempt(&company, LICENSE_HOLDER, "wrong wrong wrong", &from, None).await;
                }
            }
            let stranger = attempt(&company, LICENSE_HOLDER, PASSWORD, "192.0.2.1", None).await;
            assert!(matches!(stranger, Err(AccountError::TooManyAttempts { .. })), "{stranger:?}");
            let forged = attempt(&company, LICENSE_HOLDER, PASSWORD, "192.0.2.1", Some("forged")).await;
            assert!(matches!(forged, Err(AccountError::TooManyAttempts { .. })), "{forged:?}");
            let known =
                attempt(&company, LICENSE_HOLDER, PASSWORD, "198.51.100.1", Some(&first.device)).await;
            assert_eq!(known.expect("signed in").device, first.device);
            // The known browser has few guesses as well.
            for _ in 0..5 {
                let wrong =
                    attempt(&company, LICENSE_HOLDER, "wrong", "192.0.2.1", Some(&first.device)).await;
                assert!(matches!(wrong, Err(AccountError::WrongCredentials)), "{wrong:?}");
            }
            let known = attempt(&company, LICENSE_HOLDER, PASSWORD, "192.0.2.1", Some(&first.device)).await;
            assert!(matches!(known, Err(AccountError::TooManyAttempts { .. })), "{known:?}");
        });
    });
}

/// A right password gives its attempt back: people behind one address do not use up its attempts.
#[test]
fn right_password_gives_attempt_back() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        company.runtime.block_on(async {
            for _ in 0..60 {
                attempt(&company, LICENSE_HOLDER, PASSWORD, "192.0.2.1", None).await.expect("signed in");
            }
        });
        assert_eq!(company.count_rows("sign_in_failures WHERE failures > 0"), 0);
        assert_eq!(company.count_rows("sessions"), 20, "the oldest sessions end");
    });
}

/// A sign-in that is under way while the password changes leaves no session of the old password.
#[test]
fn sign_in_during_change_of_password_leaves_no_session() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let now = company.change_time().now;
        company.runtime.block_on(async {
            let session = attempt(&company, LICENSE_HOLDER, PASSWORD, "192.0.2.1", None).await.expect("in");
            let owner = accounts::authenticate_session(&company.store, &session.cookie, true, now).await;
            let owner = owner.expect("an answer").expect("a principal");
            let mut tries = JoinSet::new();
            for count in 0..4 {
                let (store, address) = (company.store.clone(), format!("192.0.2.{}", 10 + count));
                tries.spawn(async move {
                    let address = ClientAddr(address.parse().expect("an address"));
                    let client = SignInClient { address, browser: ClientBrowser::default() };
                    for _ in 0..4 {
                        // Refused after the change.
                        let _ = accounts::sign_in(&store, LICENSE_HOLDER, PASSWORD, client, now).await;
                    }
                });
            }
            let about = NewRun { actor: LICENSE_HOLDER.to_owned(), ..manual_run() };
            let client = SignInClient {
                address: ClientAddr("192.0.2.1".parse().expect("an address")),
                browser: ClientBrowser::default(),
            };
            let changed = accounts::change_own_password(
                &company.store,
                &about,
                company.change_time(),
                owner.session().expect("a session"),
                client,
                PasswordChange { present: PASSWORD, new: "an altogether new phrase", code: "" },
            );
            changed.await.expect("changed");
            tries.join_all().await;
        });
        assert_eq!(company.count_rows("sessions"), 1, "the one in which the password was changed");
    });
}
