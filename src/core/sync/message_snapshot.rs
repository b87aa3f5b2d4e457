//! Snapshot of the messages of runs, approvals, undos and explanations, so that they are reviewed as text.
//!
//! Each function returns the example that follows another one: a new variant does not compile without an example.

use std::fmt::{Display, Write};

use rollcall_connectors::ConnectorError;
use rollcall_model::guard::{ChangeKind, HeldChangeState};
use rollcall_model::ids::RunId;
use rollcall_model::names::{ConnectorName, GroupName};
use rollcall_model::other_config::OtherConfigService;
use rollcall_store::StoreError;
use rollcall_store::holds::HeldChangeRecord;
use rollcall_store::runs::RunCounts;

use crate::explain::ExplainError;
use crate::groups::GroupError;
use crate::sync::cancel_run::CancelError;
use crate::sync::format;
use crate::sync::link_learners::LinkError;
use crate::sync::retire_connector::RetireError;
use crate::sync::undo::{UndoError, UndoImpact};
use crate::sync::{ApprovalError, SyncError};
use rollcall_model::run_record::RunStatus;

const RUN: RunId = RunId(8);

fn connector() -> ConnectorName {
    ConnectorName::new("hr")
}

fn next_sync_error(previous: Option<&SyncError>) -> Option<SyncError> {
    Some(match previous {
        None => SyncError::Source(ConnectorError::unproven(&connector())),
        Some(SyncError::Source(_)) => SyncError::Store(StoreError::MigrationMismatch(3)),
        Some(SyncError::Store(_)) => {
            SyncError::AlreadyRunning { connector: connector(), holder: "node-1/4711".to_owned() }
        }
        Some(SyncError::AlreadyRunning { .. }) => SyncError::LeaseLost { connector: connector() },
        Some(SyncError::LeaseLost { .. }) => SyncError::Approval(Box::new(ApprovalError::FilesDiffer {
            services: vec![OtherConfigService::OtherMachine { host: "node-2".to_owned() }],
        })),
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
    Some(match previous {
        None => ApprovalError::Sync(SyncError::LeaseLost { connector: connector() }),
        Some(ApprovalError::Sync(_)) => ApprovalError::NoRun { run: RUN },
        Some(ApprovalError::NoRun { .. }) => {
            ApprovalError::NothingHeld { run: RUN, newer: Some(9), was_held: false }
        }
        Some(ApprovalError::NothingHeld { was_held: false, .. }) => {
            ApprovalError::NothingHeld { run: RUN, newer: Some(9), was_held: true }
        }
        Some(ApprovalError::NothingHeld { .. }) => ApprovalError::Rejected { run: RUN, rejection: RunId(9) },
        Some(ApprovalError::Rejected { .. }) => ApprovalError::FilesDiffer {
            services: vec![
                OtherConfigService::ThisMachine { process: "4711".to_owned() },
                OtherConfigService::OtherMachine { host: "node-2".to_owned() },
            ],
        },
        Some(ApprovalError::FilesDiffer { .. }) => return None,
    })
}

fn next_undo_error(previous: Option<&UndoError>) -> Option<UndoError> {
    Some(match previous {
        None => UndoError::Store(StoreError::MigrationMismatch(3)),
        Some(UndoError::Store(_)) => UndoError::NoRun { run: RUN },
        Some(UndoError::NoRun { .. }) => UndoError::Running { run: RUN },
        Some(UndoError::Running { .. }) => {
            UndoError::Suspension { run: RUN, email: "ada@corp.example".to_owned() }
        }
        Some(UndoError::Suspension { .. }) => {
            UndoError::Restoration { run: RUN, email: "ada@corp.example".to_owned() }
        }
        Some(UndoError::Restoration { .. }) => UndoError::Nothing { run: RUN, touched: Vec::new() },
        Some(UndoError::Nothing { .. }) => {
            let impact = UndoImpact { memberships: 799, enrollments: 416, people: 400 };
            UndoError::NumberNeeded { run: RUN, impact }
        }
        Some(UndoError::NumberNeeded { .. }) => UndoError::OtherNumber { run: RUN, given: "18".to_owned() },
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
    Some(match previous {
        None => RetireError::Sync(SyncError::LeaseLost { connector: connector() }),
        Some(RetireError::Sync(_)) => RetireError::InFile { name: "hr".to_owned() },
        Some(RetireError::InFile { .. }) => RetireError::Unknown { name: "hrr".to_owned(), nearest: None },
        Some(RetireError::Unknown { .. }) => return None,
    })
}

fn next_link_error(previous: Option<&LinkError>) -> Option<LinkError> {
    Some(match previous {
        None => LinkError::Refused(GroupError::NoLearner { text: "ada".to_owned() }),
        Some(LinkError::Refused(_)) => LinkError::Undecided {
            run: RUN,
            cause: Box::new(SyncError::LeaseLost { connector: connector() }),
        },
        Some(LinkError::Undecided { .. }) => return None,
    })
}

fn next_explain_error(previous: Option<&ExplainError>) -> Option<ExplainError> {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 2).expect("a date");
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

fn next_kind(previous: Option<ChangeKind>) -> Option<ChangeKind> {
    Some(match previous {
        None => ChangeKind::Leave,
        Some(ChangeKind::Leave) => ChangeKind::Record,
        Some(ChangeKind::Record) => ChangeKind::Rekey,
        Some(ChangeKind::Rekey) => ChangeKind::Group,
        Some(ChangeKind::Group) => ChangeKind::Meet,
        Some(ChangeKind::Meet) => ChangeKind::Give,
        Some(ChangeKind::Give) => ChangeKind::End,
        Some(ChangeKind::End) => ChangeKind::Assign,
        Some(ChangeKind::Assign) => ChangeKind::Unassign,
        Some(ChangeKind::Unassign) => return None,
    })
}

fn add_errors<E: Display>(out: &mut String, title: &str, next: impl Fn(Option<&E>) -> Option<E>) {
    writeln!(out, "\n# {title}\n").expect("a string");
    let mut current = next(None);
    while let Some(error) = current {
        writeln!(out, "{error}").expect("a string");
        current = next(Some(&error));
    }
}

fn held_change(kind: ChangeKind, rule: Option<&str>) -> HeldChangeRecord {
    HeldChangeRecord {
        change_key: String::new(),
        kind,
        email: Some("ada@corp.example".to_owned()),
        group: Some("Sales".to_owned()),
        rule: rule.map(str::to_owned),
        course: Some("GDPR".to_owned()),
        state: HeldChangeState::Held,
        reason: "max_removals".to_owned(),
        first_run_id: 7,
        last_run_id: 8,
    }
}

/// Held changes as a line of the terminal, as a sentence of a page, and counted.
fn add_held_changes(out: &mut String) {
    out.push_str("\n# Held changes\n\n");
    let mut current = next_kind(None);
    while let Some(kind) = current {
        for rule in [Some("departments"), None] {
            let change = held_change(kind, rule);
            writeln!(out, "{} | {}", format::change(&change), format::sentence(&change)).expect("a string");
        }
        let (one, many) = (format::kind(kind, 1), format::kind(kind, 1_200));
        writeln!(out, "    {one} | {many}").expect("a string");
        current = next_kind(Some(kind));
    }
}

fn add_counts(out: &mut String) {
    out.push_str("\n# Counts of a run\n\n");
    let quiet = RunCounts { people_read: 1_200, ..RunCounts::default() };
    let busy = RunCounts { people_new: 1, people_changed: 2, people_left: 3, memberships_added: 1, ..quiet };
    for counts in [quiet, busy] {
        writeln!(out, "{}", format::summary(&counts)).expect("a string");
    }
    let assignment = RunCounts::default();
    let people = RunCounts { people_held: 1, ..assignment };
    let memberships = RunCounts { memberships_held: 7, enrollments_held: 1, ..assignment };
    for counts in
        [assignment, people, memberships, RunCounts { people_held: 7, groups_held: 2, ..memberships }]
    {
        writeln!(out, "held: {}", format::held(&counts)).expect("a string");
    }
}

/// The messages of runs and decisions match the snapshot.
#[test]
fn messages() {
    let mut out = String::new();
    add_errors(&mut out, "Runs", next_sync_error);
    add_errors(&mut out, "Approvals and rejections", next_approval_error);
    add_errors(&mut out, "Undos", next_undo_error);
    add_errors(&mut out, "Cancelled runs", next_cancel_error);
    add_errors(&mut out, "Retired connectors", next_retire_error);
    add_errors(&mut out, "Linked learners", next_link_error);
    writeln!(out, "    hint: {}", LinkError::HINT).expect("a string");
    add_errors(&mut out, "Explanations", next_explain_error);
    add_held_changes(&mut out);
    add_counts(&mut out);
    insta::assert_snapshot!(out.trim());
}
