//! The log, the metric and the record of sign-ins and refusals.

use rollcall_core::accounts;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::on_both;
use crate::support::program::wait_until;
use crate::support::web::LICENSE_HOLDER;

/// Sign-ins, failures, waits, sign-outs, refused roles and unknown keys are logged and counted, without addresses.
#[test]
fn sign_ins_and_refusals_are_logged_and_counted() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        company.account("viewer@corp.example", Role::Viewer);
        let site = company.serve();
        company.runtime.block_on(async {
            let viewer = site.signed_in_client("viewer@corp.example").await;
            assert_eq!(viewer.get("/settings").await.status, 403);
            assert_eq!(viewer.get("/api/v1/accounts").await.status, 403);
            assert_eq!(viewer.post("/sign-out", &[]).await.status, 303);
            let visitor = site.anonymous_client();
            let key = [("authorization", "Bearer rollcall_unknown")];
            assert_eq!(visitor.send("/api/v1/learners", &key, "{}").await.status, 401);
            let wrong = [("email", "viewer@corp.example"), ("password", "wrong wrong wrong")];
            for status in [401, 401, 401, 401, 401, 429] {
                assert_eq!(visitor.post("/sign-in", &wrong).await.status, status);
            }
            let license_holder = site.signed_in_client(LICENSE_HOLDER).await;
            let metrics = license_holder.get("/metrics").await.text;
            for (event, count) in [
                ("signed_in", 2),
                ("signed_out", 1),
                ("wrong_credentials", 5),
                ("too_many_attempts", 1),
                ("provider_refused", 0),
                ("role_refused", 2),
                ("unknown_token", 1),
            ] {
                let line = format!("rollcall_sign_in_events_total{{event=\"{event}\"}} {count}");
                assert!(metrics.contains(&line), "{line}\n{metrics}");
            }
        });
        let digest = accounts::digest_address("viewer@corp.example");
        let logged = |event: &str| {
            let lines = site.log();
            lines.iter().any(|line| line.contains(event) && line.contains("127.0.0.1"))
        };
        for event in ["signed_in", "signed_out", "wrong_credentials", "too_many_attempts", "role_refused"] {
            wait_until("the event is logged", || logged(event));
        }
        assert!(logged("unknown_token"));
        let all = site.log().join("\n");
        assert!(all.contains(&digest) && !all.contains("@corp.example"), "{all}");
        site.end();
    });
}

/// Sign-ins and refusals are recorded: once an hour if they are alike, and without addresses of no account.
#[test]
fn sign_ins_and_refusals_are_recorded() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let visitor = site.anonymous_client();
            for email in [LICENSE_HOLDER, "stranger@corp.example"] {
                for _ in 0..3 {
                    let wrong = [("email", email), ("password", "wrong wrong wrong")];
                    assert_eq!(visitor.post("/sign-in", &wrong).await.status, 401);
                }
            }
            let license_holder = site.signed_in_client(LICENSE_HOLDER).await;
            let page = license_holder.get("/settings/sign-ins").await.text;
            assert!(page.contains("wrong credentials") && page.contains(LICENSE_HOLDER), "{page}");
            assert!(!page.contains("stranger@corp.example"), "{page}");
            let only = license_holder.get("/api/v1/audit/sign-ins?event=signed_in").await.text;
            assert!(only.contains("signed_in") && !only.contains("wrong_credentials"), "{only}");
            assert_eq!(license_holder.get("/api/v1/audit/sign-ins?event=magic").await.status, 422);
            license_holder.post("/sign-out", &[]).await;
        });
        site.end();
        let all = company.json(&["audit", "--sign-ins"]);
        let of = |event: &str, account: Option<&str>| {
            let rows = all.as_array().expect("a list").iter();
            rows.filter(|one| one["event"] == event && one["account"].as_str() == account)
                .map(|one| one["times"].as_i64().expect("a number"))
                .sum::<i64>()
        };
        assert_eq!(of("wrong_credentials", Some(LICENSE_HOLDER)), 3, "{all}");
        assert_eq!(of("wrong_credentials", None), 3, "{all}");
        assert_eq!((of("signed_in", Some(LICENSE_HOLDER)), of("signed_out", Some(LICENSE_HOLDER))), (1, 1));
        assert!(!all.to_string().contains("stranger@corp.example"), "{all}");
    });
}

/// The oldest refusals make way beyond the bound, and sign-ins stay.
#[test]
fn refusals_do_not_displace_recorded_sign_ins() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let most = ResourceLimit::SignInRecords.default_value();
        let at = company.change_time().now.to_rfc3339();
        company.sql(&format!(
            "INSERT INTO sign_in_events (event, who, client, method, times, first_at, last_at)
             VALUES ('signed_in', 'a', 'b', 'password', 1, '{at}', '{at}')"
        ));
        company.sql(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})
             INSERT INTO sign_in_events (event, who, client, method, refusal, times, first_at, last_at)
             SELECT 'unknown_token', '', 'b', 'token', 'refusal ' || i, 1, '{at}', '{at}' FROM n"
        ));
        let entry = accounts::SignInEntry {
            event: "unknown_token",
            is_refusal: true,
            method: "token",
            subject: accounts::SignInSubject::Unknown,
            client: "192.0.2.1",
        };
        let journal = accounts::SignInJournal::default();
        let now = company.change_time().now;
        for _ in 0..2 {
            company.runtime.block_on(journal.record(&company.store, entry, now));
        }
        assert_eq!(company.count_rows("sign_in_events WHERE client = '192.0.2.1' AND times = 2"), 1);
        assert_eq!(u64::try_from(company.count_rows("sign_in_events WHERE refusal IS NOT NULL")), Ok(most));
        assert_eq!(company.count_rows("sign_in_events WHERE refusal = 'refusal 1'"), 0);
        assert_eq!(company.count_rows("sign_in_events WHERE event = 'signed_in'"), 1);
    });
}
