//! What a sync came to.

use serde::Serialize;
use utoipa::ToSchema;

use super::chain;
use crate::model::guard::Reason;
use crate::model::problem::Problem;
use crate::sync::{Outcome, Report};

/// One passage of one connector.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sync {
    /// The number; none for a dry run, or where not even a number could be had.
    pub run: Option<i64>,
    /// The connector.
    pub connector: String,
    /// `applied`, `unchanged`, `held`, `planned` or `failed`.
    pub status: &'static str,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// People.
    pub people: People,
    /// Groups.
    pub groups: Groups,
    /// Memberships.
    pub memberships: Memberships,
    /// Enrollments.
    pub enrollments: Enrollments,
    /// Jobs.
    pub jobs: Drained,
    /// How long it took, without the draining.
    pub seconds: f64,
    /// What it noticed and went on without.
    pub problems: Vec<Problem>,
    /// Why something waits, where something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Why it failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// People of a passage.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SyncPeople)]
pub struct People {
    pub read: u64,
    pub new: u64,
    pub changed: u64,
    pub left: u64,
    pub set_aside: u64,
    pub left_out: u64,
    pub held: u64,
}

/// Groups of a passage.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SyncGroups)]
pub struct Groups {
    pub created: u64,
    pub held: u64,
}

/// Memberships of a passage.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SyncMemberships)]
pub struct Memberships {
    pub add: u64,
    pub remove: u64,
    pub held: u64,
}

/// Enrollments of a passage.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SyncEnrollments)]
pub struct Enrollments {
    pub held: u64,
}

/// Jobs of a passage: caused, and drained by whoever asked for it.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
#[schema(as = SyncJobs)]
#[expect(missing_docs, reason = "the counts of a run, by their names")]
pub struct Drained {
    pub enqueued: u64,
    pub done: u64,
    pub failed: u64,
}

/// Why something waits.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Held {
    /// What changed since the last good reading.
    pub causes: Vec<String>,
    /// The limits that were reached.
    pub reasons: Vec<Reason>,
}

/// Why a passage failed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Failure {
    /// A short word for scripts.
    pub kind: &'static str,
    /// The error and its causes, a line each.
    pub message: String,
}

impl Sync {
    /// From the report of a run, and the jobs that whoever asked drained: done, and failed for good.
    #[must_use]
    pub fn new(report: &Report, dry_run: bool, done: u64, failed: u64) -> Self {
        let counts = &report.counts;
        let (status, error) = match &report.outcome {
            Outcome::Applied => ("applied", None),
            Outcome::Held => ("held", None),
            Outcome::Unchanged => ("unchanged", None),
            Outcome::Planned => ("planned", None),
            Outcome::Failed(error) => ("failed", Some(Failure { kind: error.kind(), message: chain(error) })),
        };
        let held = report.change_set.as_ref().filter(|_| report.is_held());
        Self {
            run: report.run.map(|run| run.0),
            connector: report.connector.as_str().to_owned(),
            status,
            dry_run,
            people: People {
                read: counts.people_read,
                new: counts.people_new,
                changed: counts.people_changed,
                left: counts.people_left,
                set_aside: counts.people_set_aside,
                left_out: counts.people_left_out,
                held: counts.people_held,
            },
            groups: Groups { created: counts.groups_created, held: counts.groups_held },
            memberships: Memberships {
                add: counts.memberships_added,
                remove: counts.memberships_removed,
                held: counts.memberships_held,
            },
            enrollments: Enrollments { held: counts.enrollments_held },
            jobs: Drained { enqueued: counts.jobs_enqueued, done, failed },
            seconds: (report.took.as_secs_f64() * 1000.0).round() / 1000.0,
            problems: report.problems.clone(),
            held: held.map(|change_set| Held {
                causes: change_set.held.causes.clone(),
                reasons: change_set.held.reasons.clone(),
            }),
            error,
        }
    }
}
