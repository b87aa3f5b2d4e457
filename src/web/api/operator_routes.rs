//! Routes for those who see to connectors, runs and jobs.

use super::api_operation::{
    ApiRoutes, operation_returning, operation_returning_list, operation_returning_page,
};
use super::{OPERATE, connectors, jobs, runs};
use rollcall_core::enrollment::verify::VerifyResult;
use rollcall_store::jobs::Job;
use rollcall_store::listing::audit_log::AuditLogEntry;
use rollcall_store::runs::{Run, RunRecordKind};
use rollcall_views::{
    self as views, ConnectorView, DecisionResult, RetirementResult, RunDetails, UndoResultView,
};

pub(super) fn add_operator_routes(api: ApiRoutes) -> ApiRoutes {
    api.get(
        "/api/v1/connectors",
        OPERATE,
        operation_returning_list::<ConnectorView>("listConnectors", "The connectors of the file"),
        connectors::list,
    )
    .post(
        "/api/v1/connectors/{name}/sync",
        OPERATE,
        operation_returning::<views::SyncView>(
            "sync",
            "Reads, plans, guards and commits; the answer says how that ended",
        )
        .optional_json_body::<connectors::SyncRequest>(),
        connectors::sync,
    )
    .post(
        "/api/v1/connectors/{name}/retire",
        OPERATE,
        operation_returning::<RetirementResult>(
            "retireConnector",
            "Lets go of everybody whom a connector held that has left the file",
        )
        .optional_json_body::<connectors::RetireConnectorRequest>()
        .returns_conflict(),
        connectors::retire,
    )
    .get(
        "/api/v1/runs",
        OPERATE,
        operation_returning_page::<Run>("listRuns", "Runs, the newest first"),
        runs::list,
    )
    .get(
        "/api/v1/runs/{id}",
        OPERATE,
        operation_returning::<RunDetails>("showRun", "A run, with everything that it did and held"),
        runs::show,
    )
    .post(
        "/api/v1/runs/{id}/approve",
        OPERATE,
        operation_returning::<DecisionResult>(
            "approve",
            "Does what a run held, as far as it is still wanted",
        )
        .returns_conflict(),
        runs::approve,
    )
    .post(
        "/api/v1/runs/{id}/reject",
        OPERATE,
        operation_returning::<DecisionResult>("reject", "Discards what a run held").returns_conflict(),
        runs::reject,
    )
    .post(
        "/api/v1/runs/{id}/undo",
        OPERATE,
        operation_returning::<UndoResultView>("undo", "Takes back what a run did").returns_conflict(),
        runs::undo,
    )
    .get(
        "/api/v1/jobs",
        OPERATE,
        operation_returning_page::<Job>("listJobs", "The queue, what failed for good first"),
        jobs::list,
    )
    .post(
        "/api/v1/jobs/retry",
        OPERATE,
        operation_returning::<jobs::RetryJobsResponse>(
            "retryJobs",
            "Makes jobs ready again that failed for good",
        )
        .optional_json_body::<jobs::JobSelection>(),
        jobs::retry,
    )
    .post(
        "/api/v1/jobs/drop",
        OPERATE,
        operation_returning::<jobs::DropJobsResponse>(
            "dropJobs",
            "Takes jobs off the queue that failed for good",
        )
        .json_body::<jobs::JobIds>(),
        jobs::drop,
    )
    .get(
        "/api/v1/verify",
        OPERATE,
        operation_returning::<VerifyResult>(
            "verify",
            "Proves that enrollments are what memberships and assignments say",
        ),
        jobs::verify,
    )
    .post(
        "/api/v1/verify/repair",
        OPERATE,
        operation_returning::<jobs::RepairResponse>(
            "repair",
            "Enqueues every difference, to be settled again by workers",
        ),
        jobs::repair,
    )
    .get(
        "/api/v1/audit",
        OPERATE,
        operation_returning_page::<AuditLogEntry>("audit", "Who changed what, the newest first")
            .date_param("since", "From this day on.")
            .enum_param("kind", "Only changes of this kind.", &RunRecordKind::ALL.map(RunRecordKind::as_str))
            .text_param("actor", "Only by this account, token (`token NAME`) or user of the command."),
        runs::audit,
    )
}
