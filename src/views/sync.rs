//! Views of the result of a sync.

use serde::Serialize;
use utoipa::ToSchema;

use super::format_error_chain;
use rollcall_core::sync::{RunOutcome, RunReport};
use rollcall_model::guard::LimitExceeded;
use rollcall_model::run_warning::RunWarning;

/// The result of a run of one connector.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Sync)]
pub struct SyncView {
    /// The number; null for a dry run, and if the run could not be numbered.
    pub run: Option<i64>,
    /// The connector.
    pub connector: String,
    /// `applied`, `unchanged`, `held`, `planned` or `failed`.
    pub status: &'static str,
    /// True for a dry run.
    pub dry_run: bool,
    /// People.
    pub people: SyncPeopleCounts,
    /// Groups.
    pub groups: SyncGroupCounts,
    /// Memberships.
    pub memberships: SyncMembershipCounts,
    /// Enrollments.
    pub enrollments: SyncEnrollmentCounts,
    /// Jobs.
    pub jobs: SyncJobCounts,
    /// The duration without the processing of jobs.
    pub seconds: f64,
    /// The file that was read, if the source is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_file: Option<String>,
    /// The warnings.
    pub problems: Vec<RunWarning>,
    /// The reasons, if changes wait for approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HoldView>,
    /// The error, if the run failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<SyncFailureView>,
}

/// People of a run.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SyncPeople)]
pub struct SyncPeopleCounts {
    pub read: u64,
    pub new: u64,
    pub changed: u64,
    pub left: u64,
    pub set_aside: u64,
    pub left_out: u64,
    pub held: u64,
}

/// Groups of a run.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SyncGroups)]
pub struct SyncGroupCounts {
    pub created: u64,
    pub held: u64,
}

/// Memberships of a run.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SyncMemberships)]
pub struct SyncMembershipCounts {
    pub add: u64,
    pub remove: u64,
    pub held: u64,
}

/// Enrollments of a run.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SyncEnrollments)]
pub struct SyncEnrollmentCounts {
    pub held: u64,
}

/// Jobs of a sync: enqueued, and processed by the caller.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
#[schema(as = SyncJobs)]
#[expect(missing_docs, reason = "the counts of a run, by their names")]
pub struct SyncJobCounts {
    pub enqueued: u64,
    pub done: u64,
    pub failed: u64,
}

/// The reasons why changes wait for approval.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Held)]
pub struct HoldView {
    /// Changes since the last good reading.
    pub causes: Vec<String>,
    /// The limits that were reached.
    pub reasons: Vec<LimitExceeded>,
}

/// The error of a failed run.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Failure)]
pub struct SyncFailureView {
    /// The kind of the error, for scripts.
    pub kind: &'static str,
    /// The error and its causes, a line each.
    pub message: String,
}

impl SyncView {
    /// Creates the view from the report of a run and the jobs that were processed: done, and failed permanently.
    #[must_use]
    pub fn new(report: &RunReport, dry_run: bool, done: u64, failed: u64) -> Self {
        let counts = &report.counts;
        let (status, error) = match &report.outcome {
            RunOutcome::Applied => ("applied", None),
            RunOutcome::Held => ("held", None),
            RunOutcome::Unchanged => ("unchanged", None),
            RunOutcome::Planned => ("planned", None),
            RunOutcome::Failed(error) => {
                ("failed", Some(SyncFailureView { kind: error.kind(), message: format_error_chain(error) }))
            }
        };
        let held = report.change_set.as_ref().filter(|_| report.is_held());
        Self {
            run: report.run.map(|run| run.0),
            connector: report.connector.as_str().to_owned(),
            status,
            dry_run,
            people: SyncPeopleCounts {
                read: counts.people_read,
                new: counts.people_new,
                changed: counts.people_changed,
                left: counts.people_left,
                set_aside: counts.people_set_aside,
                left_out: counts.people_left_out,
                held: counts.people_held,
            },
            groups: SyncGroupCounts { created: counts.groups_created, held: counts.groups_held },
            memberships: SyncMembershipCounts {
                add: counts.memberships_added,
                remove: counts.memberships_removed,
                held: counts.memberships_held,
            },
            enrollments: SyncEnrollmentCounts { held: counts.enrollments_held },
            jobs: SyncJobCounts { enqueued: counts.jobs_enqueued, done, failed },
            seconds: (report.took.as_secs_f64() * 1000.0).round() / 1000.0,
            source_file: report.source_file.as_ref().map(|file| file.path.clone()),
            problems: report.problems.clone(),
            held: held.map(|change_set| HoldView {
                causes: change_set.held.causes.clone(),
                reasons: change_set.held.reasons.clone(),
            }),
            error,
        }
    }
}
