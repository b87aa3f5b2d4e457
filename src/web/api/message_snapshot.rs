//! Snapshot of the messages of pages and API, so that they are reviewed as text.
//!
//! Messages of the lower crates have snapshots there; here they are written as `(text of the error)`. Each `next_`
//! function returns the example that follows another one: a new variant does not compile without an example.

use std::fmt::{Display, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use super::api_query::{ApiQuery, PathId, PathName};
use super::problem::{ApiProblem, problem_of_status};
use super::request_body::{CsvBody, JsonBody};
use crate::auth::unauthorized_problem;
use crate::connections::body_deadline::BodyTimedOut;
use crate::error::{PageError, format_sentence};
use crate::oidc::OidcError;
use rollcall_connectors::ConnectorError;
use rollcall_core::accounts::AccountError;
use rollcall_core::explain::ExplainError;
use rollcall_core::groups::{DeletionImpact, GroupError, ImportError, UnassignImpact};
use rollcall_core::sync::ApprovalError;
use rollcall_core::sync::SyncError;
use rollcall_core::sync::cancel_run::CancelError;
use rollcall_core::sync::link_learners::LinkError;
use rollcall_core::sync::retire_connector::RetireError;
use rollcall_core::sync::undo::{UndoError, UndoImpact};
use rollcall_model::ids::RunId;
use rollcall_model::names::{ConnectorName, GroupName};
use rollcall_model::other_config::OtherConfigService;
use rollcall_model::role::{Permission, Role};
use rollcall_model::run_record::RunStatus;
use rollcall_store::StoreError;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleRequest {
    #[expect(dead_code, reason = "the test reads the error only")]
    name: String,
}

/// Formats the response of a problem. `inner` is the text of the converted error.
async fn format_problem(problem: ApiProblem, inner: Option<String>) -> String {
    let body = problem.into_response().into_body();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body in memory");
    let value: Value = serde_json::from_slice(&bytes).expect("problem details are JSON");
    let inner = inner.map(|text| format_sentence(&text));
    let mut out = format!("{} {}", value["status"], value["kind"].as_str().expect("a kind"));
    for name in ["field", "line", "detail", "hint"] {
        match &value[name] {
            Value::Null => {}
            Value::String(text) if Some(text) == inner.as_ref() => {
                write!(out, "\n  {name}: (text of the error)").expect("a string");
            }
            Value::String(text) => write!(out, "\n  {name}: {text}").expect("a string"),
            other => write!(out, "\n  {name}: {other}").expect("a string"),
        }
    }
    out
}

async fn format_error<E: Display + Into<ApiProblem>>(error: E) -> String {
    let text = error.to_string();
    format_problem(error.into(), Some(text)).await
}

fn next_page_error(previous: Option<&PageError>) -> Option<PageError> {
    Some(match previous {
        None => PageError::Forbidden { role: Role::Viewer, may: Permission::Manage },
        Some(PageError::Forbidden { .. }) => PageError::Missing { what: "the group".to_owned() },
        Some(PageError::Missing { .. }) => PageError::TooLarge,
        Some(PageError::TooLarge) => PageError::TooSlow,
        Some(PageError::TooSlow) => PageError::NotAForm,
        Some(PageError::NotAForm) => PageError::Bad { what: "this form requires a user account".to_owned() },
        Some(PageError::Bad { .. }) => {
            let early = AccountError::TooManyAttempts { wait: Duration::from_secs(30) };
            PageError::TooEarly { what: early.to_string() }
        }
        Some(PageError::TooEarly { .. }) => PageError::Busy { what: AccountError::Busy.to_string() },
        Some(PageError::Busy { .. }) => PageError::Store(StoreError::MigrationMismatch(3)),
        Some(PageError::Store(_)) => {
            let cause = Box::new(SyncError::LeaseLost { connector: ConnectorName::new("hr") });
            PageError::Undecided(LinkError::Undecided { run: RunId(8), cause })
        }
        Some(PageError::Undecided(_)) => PageError::Broken { what: "a cause that is not shown".to_owned() },
        Some(PageError::Broken { .. }) => return None,
    })
}

fn request(kind: &str, body: impl Into<Body>) -> Request {
    Request::builder().header("content-type", kind).body(body.into()).expect("a request")
}

async fn json_problem(kind: &str, body: impl Into<Body>) -> ApiProblem {
    let read = JsonBody::<SampleRequest>::from_request(request(kind, body), &()).await;
    read.expect_err("the body is refused")
}

fn late_body() -> Body {
    Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(BodyTimedOut)]))
}

async fn query(text: &str) -> Result<ApiQuery, ApiProblem> {
    let request = Request::builder().uri(format!("/?{text}")).body(()).expect("a request");
    ApiQuery::from_request_parts(&mut request.into_parts().0, &()).await
}

async fn request_problems() -> Vec<ApiProblem> {
    let json = "application/json";
    let parts = || Request::builder().body(()).expect("a request").into_parts().0;
    let names = &["limit", "after", "since"];
    vec![
        json_problem("text/plain", "{}").await,
        json_problem(json, "{").await,
        json_problem(json, "{}").await,
        json_problem(json, r#"{"name": 7}"#).await,
        json_problem(json, r#"{"name": "a", "nam": "b"}"#).await,
        json_problem(json, r#"{"name": "\u0000"}"#).await,
        json_problem(json, format!(r#"{{"name": "{}"}}"#, "a".repeat(501))).await,
        json_problem(json, vec![b' '; (1 << 20) + 1]).await,
        json_problem(json, late_body()).await,
        CsvBody::from_request(request(json, "{}"), &()).await.expect_err("the type is refused"),
        query("x=1").await.and_then(|query| query.allow_only(names)).expect_err("unknown"),
        query("limit=1&limit=2").await.and_then(|query| query.allow_only(names)).expect_err("twice"),
        query("after=%00").await.and_then(|query| query.allow_only(names)).expect_err("a zero"),
        query(&format!("q={}", "a".repeat(201)))
            .await
            .and_then(|query| query.allow_only(&["q"]))
            .expect_err("too long"),
        query(&format!("q={}", "a+".repeat(21)))
            .await
            .and_then(|query| query.allow_only(&["q"]))
            .expect_err("too many words"),
        query("limit=201").await.and_then(|query| query.page_request()).expect_err("too many"),
        query("after=x").await.and_then(|query| query.page_request()).expect_err("no cursor"),
        query("since=1.1.2026").await.and_then(|query| query.date("since")).expect_err("no date"),
        PathId::from_request_parts(&mut parts(), &()).await.expect_err("no id"),
        PathName::from_request_parts(&mut parts(), &()).await.expect_err("no name"),
        unauthorized_problem(),
        problem_of_status(StatusCode::NOT_FOUND),
        problem_of_status(StatusCode::METHOD_NOT_ALLOWED),
        problem_of_status(StatusCode::FORBIDDEN),
        problem_of_status(StatusCode::BAD_REQUEST),
    ]
}

fn next_account_error(previous: Option<&AccountError>) -> Option<AccountError> {
    use AccountError as E;
    let (email, name) = (|| "ada@corp.example".to_owned(), || "backup".to_owned());
    let Some(previous) = previous else { return Some(E::Store(StoreError::MigrationMismatch(3))) };
    Some(match previous {
        E::Store(_) => E::WrongCredentials,
        E::WrongCredentials => E::WrongPassword,
        E::WrongPassword => E::WrongCode,
        E::WrongCode => E::SignInExpired,
        E::SignInExpired => E::InvalidSecret,
        E::InvalidSecret => E::NoSecondFactor { email: email() },
        E::NoSecondFactor { .. } => E::TooManyAttempts { wait: Duration::from_secs(30) },
        E::TooManyAttempts { .. } => E::AddressTooLong { most: 254 },
        E::AddressTooLong { .. } => E::BadAddress { text: "ada".to_owned() },
        E::BadAddress { .. } => E::AccountExists { email: email() },
        E::AccountExists { .. } => E::NoAccount { email: email() },
        E::NoAccount { .. } => E::AccountGone { id: 7 },
        E::AccountGone { .. } => E::TokenExists { name: name() },
        E::TokenExists { .. } => E::NoToken { name: name() },
        E::NoToken { .. } => E::TokenGone { id: 7 },
        E::TokenGone { .. } => E::RoleOfTokens { role: Role::Metrics },
        E::RoleOfTokens { .. } => E::ExpiryInPast,
        E::ExpiryInPast => E::BadTokenName { most: 100 },
        E::BadTokenName { .. } => E::LastLicenseHolder { email: email() },
        E::LastLicenseHolder { .. } => E::InvalidInvitation,
        E::InvalidInvitation => E::BadPassword { least: 12, most: 256 },
        E::BadPassword { .. } => E::PasswordIsAddress,
        E::PasswordIsAddress => E::CommonPassword,
        E::CommonPassword => E::PasswordsOff,
        E::PasswordsOff => E::NoRole { email: email() },
        E::NoRole { .. } => E::Revoked { email: email() },
        E::Revoked { .. } => E::PrivilegedAccount { email: email() },
        E::PrivilegedAccount { .. } => E::IdentityMismatch { email: email() },
        E::IdentityMismatch { .. } => E::Busy,
        E::Busy => E::CryptoFailure,
        E::CryptoFailure => return None,
    })
}

fn next_group_error(previous: Option<&GroupError>) -> Option<GroupError> {
    use GroupError as E;
    let (name, code) = (|| "Sales".to_owned(), || "GDPR".to_owned());
    let (email, one, other) = (|| "ada@corp.example".to_owned(), || "ada".to_owned(), || "grace".to_owned());
    let Some(previous) = previous else { return Some(E::Store(StoreError::MigrationMismatch(3))) };
    Some(match previous {
        E::Store(_) => E::BadName(GroupName::parse("").expect_err("an empty name")),
        E::BadName(_) => E::GroupExists { name: name() },
        E::GroupExists { .. } => E::NoGroup { name: name(), nearest: Some("Sales Berlin".to_owned()) },
        E::NoGroup { .. } => E::GroupGone { id: 7 },
        E::GroupGone { .. } => {
            let what = "rename group `Sales`".to_owned();
            E::ChangedSince { name: name(), run: RunId(8), actor: email(), what }
        }
        E::ChangedSince { .. } => {
            let going =
                DeletionImpact { members: 6, assignments: 1, learners: 5, enrollments: 5, of_learners: 40 };
            E::NameNeeded { name: name(), going }
        }
        E::NameNeeded { .. } => E::OtherName { name: name(), given: "Sale".to_owned() },
        E::OtherName { .. } => {
            let impact = UnassignImpact { reached: 900, losing: 750, of_learners: 3000 };
            E::UnassignmentUnconfirmed { code: code(), name: name(), impact }
        }
        E::UnassignmentUnconfirmed { .. } => E::OtherTarget { name: name(), given: "Sale".to_owned() },
        E::OtherTarget { .. } => E::NoAssignment { id: 7 },
        E::NoAssignment { .. } => E::AssignmentFromFile { code: code() },
        E::AssignmentFromFile { .. } => E::DueChangedSince { code: code() },
        E::DueChangedSince { .. } => E::NotDeleted { name: name() },
        E::NotDeleted { .. } => E::NoLearner { text: "ada".to_owned() },
        E::NoLearner { .. } => {
            E::SeveralLearners { text: "4711".to_owned(), learners: vec![email(), "hr:4711".to_owned()] }
        }
        E::SeveralLearners { .. } => E::NoCourse { code: code(), nearest: Some("GDPR-101".to_owned()) },
        E::NoCourse { .. } => E::BadAddress { text: "ada".to_owned() },
        E::BadAddress { .. } => E::NoName { email: email() },
        E::NoName { .. } => E::AddressTaken { email: email(), name: "Ada Byron".to_owned() },
        E::AddressTaken { .. } => E::BadCourse { code: code() },
        E::BadCourse { .. } => {
            E::BadSheet { mistakes: vec![ImportError { line: 3, why: "a line is empty".to_owned() }] }
        }
        E::BadSheet { .. } => E::CourseFromFile { code: code() },
        E::CourseFromFile { .. } => E::NotExcluded { email: email(), name: name() },
        E::NotExcluded { .. } => E::SameLearner { one: one(), other: other() },
        E::SameLearner { .. } => E::SameConnector { one: one(), other: other(), connector: "hr".to_owned() },
        E::SameConnector { .. } => E::NotLinked { one: one(), other: other() },
        E::NotLinked { .. } => E::NeverEnrolled { email: email(), code: code() },
        E::NeverEnrolled { .. } => E::Suspended { email: email() },
        E::Suspended { .. } => E::NotSuspended { email: email() },
        E::NotSuspended { .. } => return None,
    })
}

fn next_run_error(previous: Option<&SyncError>) -> Option<SyncError> {
    let connector = || ConnectorName::new("hr");
    Some(match previous {
        None => SyncError::Source(ConnectorError::unproven(&connector())),
        Some(SyncError::Source(_)) => SyncError::Store(StoreError::MigrationMismatch(3)),
        Some(SyncError::Store(_)) => {
            SyncError::AlreadyRunning { connector: connector(), holder: "node-1/4711".to_owned() }
        }
        Some(SyncError::AlreadyRunning { .. }) => SyncError::LeaseLost { connector: connector() },
        Some(SyncError::LeaseLost { .. }) => {
            SyncError::Approval(Box::new(ApprovalError::NoRun { run: RunId(8) }))
        }
        Some(SyncError::Approval(_)) => {
            SyncError::Cancelled { connector: connector(), actor: "ada@corp.example".to_owned() }
        }
        Some(SyncError::Cancelled { .. }) => {
            SyncError::DeadlineExceeded { connector: connector(), minutes: 360 }
        }
        Some(SyncError::DeadlineExceeded { .. }) => {
            SyncError::Panicked { connector: connector(), message: "index out of bounds".to_owned() }
        }
        Some(SyncError::Panicked { .. }) => SyncError::Stopped { connector: connector() },
        Some(SyncError::Stopped { .. }) => return None,
    })
}

fn next_approval_error(previous: Option<&ApprovalError>) -> Option<ApprovalError> {
    let run = RunId(8);
    Some(match previous {
        None => ApprovalError::Sync(SyncError::LeaseLost { connector: ConnectorName::new("hr") }),
        Some(ApprovalError::Sync(_)) => ApprovalError::NoRun { run },
        Some(ApprovalError::NoRun { .. }) => {
            ApprovalError::NothingHeld { run, newer: Some(9), was_held: false }
        }
        Some(ApprovalError::NothingHeld { was_held: false, .. }) => {
            ApprovalError::NothingHeld { run, newer: Some(9), was_held: true }
        }
        Some(ApprovalError::NothingHeld { .. }) => ApprovalError::Rejected { run, rejection: RunId(9) },
        Some(ApprovalError::Rejected { .. }) => ApprovalError::FilesDiffer {
            services: vec![OtherConfigService::OtherMachine { host: "node-2".to_owned() }],
        },
        Some(ApprovalError::FilesDiffer { .. }) => return None,
    })
}

fn next_undo_error(previous: Option<&UndoError>) -> Option<UndoError> {
    let run = RunId(8);
    Some(match previous {
        None => UndoError::Store(StoreError::MigrationMismatch(3)),
        Some(UndoError::Store(_)) => UndoError::NoRun { run },
        Some(UndoError::NoRun { .. }) => UndoError::Running { run },
        Some(UndoError::Running { .. }) => {
            UndoError::Suspension { run, email: "ada@corp.example".to_owned() }
        }
        Some(UndoError::Suspension { .. }) => {
            UndoError::Restoration { run, email: "ada@corp.example".to_owned() }
        }
        Some(UndoError::Restoration { .. }) => UndoError::Nothing { run, touched: Vec::new() },
        Some(UndoError::Nothing { touched, .. }) if touched.is_empty() => {
            UndoError::Nothing { run, touched: vec!["bob in Sales: left later".to_owned()] }
        }
        Some(UndoError::Nothing { .. }) => {
            let impact = UndoImpact { memberships: 799, enrollments: 416, people: 400 };
            UndoError::NumberNeeded { run, impact }
        }
        Some(UndoError::NumberNeeded { .. }) => UndoError::OtherNumber { run, given: "18".to_owned() },
        Some(UndoError::OtherNumber { .. }) => return None,
    })
}

fn next_cancel_error(previous: Option<&CancelError>) -> Option<CancelError> {
    let run = RunId(8);
    Some(match previous {
        None => CancelError::Store(StoreError::MigrationMismatch(3)),
        Some(CancelError::Store(_)) => CancelError::NoRun { run },
        Some(CancelError::NoRun { .. }) => CancelError::Ended { run, status: RunStatus::Applied },
        Some(CancelError::Ended { .. }) => return None,
    })
}

fn next_retire_error(previous: Option<&RetireError>) -> Option<RetireError> {
    let name = || "hr".to_owned();
    Some(match previous {
        None => RetireError::Sync(SyncError::LeaseLost { connector: ConnectorName::new("hr") }),
        Some(RetireError::Sync(_)) => RetireError::InFile { name: name() },
        Some(RetireError::InFile { .. }) => {
            RetireError::Unknown { name: name(), nearest: Some("hr2".to_owned()) }
        }
        Some(RetireError::Unknown { .. }) => return None,
    })
}

fn next_explain_error(previous: Option<&ExplainError>) -> Option<ExplainError> {
    let day = NaiveDate::from_ymd_opt(2026, 1, 2).expect("a date");
    Some(match previous {
        None => ExplainError::Store(StoreError::MigrationMismatch(3)),
        Some(ExplainError::Store(_)) => {
            ExplainError::BadName(GroupName::parse(" ").expect_err("an empty name"))
        }
        Some(ExplainError::BadName(_)) => ExplainError::NoGroup { name: "Sales".to_owned() },
        Some(ExplainError::NoGroup { .. }) => ExplainError::Future { day },
        Some(ExplainError::Future { .. }) => ExplainError::TooOld { day, oldest: day },
        Some(ExplainError::TooOld { .. }) => return None,
    })
}

fn next_oidc_error(previous: Option<&OidcError>) -> Option<OidcError> {
    Some(match previous {
        None => OidcError::Provider { step: "be reached", cause: "a cause that is not shown".to_owned() },
        Some(OidcError::Provider { .. }) => OidcError::UnknownState,
        Some(OidcError::UnknownState) => OidcError::NotAnew,
        Some(OidcError::NotAnew) => OidcError::Refused { message: "access_denied".to_owned() },
        Some(OidcError::Refused { .. }) => return None,
    })
}

/// Appends the problem of each error.
async fn add_problems<E: Display + Into<ApiProblem>>(
    out: &mut String,
    title: &str,
    next: impl Fn(Option<&E>) -> Option<E>,
) {
    writeln!(out, "\n# {title}").expect("a string");
    let mut current = next(None);
    while let Some(error) = current {
        current = next(Some(&error));
        writeln!(out, "\n{}", format_error(error).await).expect("a string");
    }
}

fn add_page_errors(out: &mut String) {
    out.push_str("# Error pages\n");
    let mut current = next_page_error(None);
    while let Some(error) = current {
        let (title, text) = error.title_and_text();
        writeln!(out, "\n{} {title}\n  {text}", error.status().as_u16()).expect("a string");
        current = next_page_error(Some(&error));
    }
    out.push_str("\n# Sign-in provider\n\n");
    let mut current = next_oidc_error(None);
    while let Some(error) = current {
        writeln!(out, "{}", format_sentence(&error.to_string())).expect("a string");
        current = next_oidc_error(Some(&error));
    }
}

/// The messages of pages and API match the snapshot.
#[tokio::test]
async fn messages() {
    let mut out = String::new();
    add_page_errors(&mut out);
    out.push_str("\n# Requests of the API\n");
    for problem in request_problems().await {
        writeln!(out, "\n{}", format_problem(problem, None).await).expect("a string");
    }
    out.push_str("\n# Page errors as problems of the API\n");
    let mut current = next_page_error(None);
    while let Some(error) = current {
        current = next_page_error(Some(&error));
        writeln!(out, "\n{}", format_problem(error.into(), None).await).expect("a string");
    }
    add_problems(&mut out, "Accounts and tokens", next_account_error).await;
    add_problems(&mut out, "Groups, courses and learners", next_group_error).await;
    add_problems(&mut out, "Runs", next_run_error).await;
    add_problems(&mut out, "Approvals and rejections", next_approval_error).await;
    add_problems(&mut out, "Undos", next_undo_error).await;
    add_problems(&mut out, "Cancelled runs", next_cancel_error).await;
    add_problems(&mut out, "Retired connectors", next_retire_error).await;
    add_problems(&mut out, "Explanations", next_explain_error).await;
    insta::assert_snapshot!(out.trim());
}
