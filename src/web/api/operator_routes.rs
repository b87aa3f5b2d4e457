//! Routes that require the operation permission: connectors, runs, jobs and suspensions.

use super::api_operation::{
    ApiRoutes, operation_returning, operation_returning_list, operation_returning_page,
};
use super::{ChangeResponse, OPERATE, RESYNC, connectors, jobs, learners, runs, sign_ins};
use crate::sign_in_events::SignInEvent;
use rollcall_core::enrollment::verify::VerifyResult;
use rollcall_store::jobs::Job;
use rollcall_store::listing::audit_log::AuditLogEntry;
use rollcall_store::runs::{Run, RunRecordKind};
use rollcall_store::sign_in_events::SignInRecord;
use rollcall_views::{
    self as views, ConnectorView, DecisionResult, RetirementResult, RunDetails, UndoResultView,
};

pub(super) fn add_operator_routes(api: ApiRoutes) -> ApiRoutes {
    api.get(
        "/api/v1/connectors",
        OPERATE,
        operation_returning_list::<ConnectorView>("listConnectors", "Lists the configured connectors"),
        connectors::list,
    )
    .post(
        "/api/v1/connectors/{name}/sync",
        OPERATE,
        operation_returning::<views::SyncView>("sync", "Runs a sync and returns its result")
            .optional_json_body::<connectors::SyncRequest>(),
        connectors::sync,
    )
    .post(
        "/api/v1/connectors/{name}/retire",
        OPERATE,
        operation_returning::<RetirementResult>(
            "retireConnector",
            "Removes the people of a connector that is no longer configured",
        )
        .optional_json_body::<connectors::RetireConnectorRequest>()
        .returns_conflict(),
        connectors::retire,
    )
    .post(
        "/api/v1/learners/{id}/suspend",
        OPERATE,
        operation_returning::<ChangeResponse>(
            "suspendLearner",
            "Ends all access of a learner until the learner is restored, whatever the sources say",
        ),
        learners::suspend,
    )
    .post(
        "/api/v1/learners/{id}/restore",
        OPERATE,
        operation_returning::<ChangeResponse>(
            "restoreLearner",
            "Ends the suspension of a learner and evaluates the rules from the data as last read",
        )
        .returns_conflict(),
        learners::restore,
    )
    .get(
        "/api/v1/runs",
        OPERATE,
        operation_returning_page::<Run>("listRuns", "Lists runs, newest first").enum_param(
            "waiting",
            "With `true`: only runs with changes that wait for a decision.",
            &["true", "false"],
        ),
        runs::list,
    )
    .get(
        "/api/v1/runs/{id}",
        OPERATE,
        operation_returning::<RunDetails>("showRun", "Returns a run with its changes, applied and held"),
        runs::show,
    )
    .post(
        "/api/v1/runs/{id}/approve",
        OPERATE,
        operation_returning::<DecisionResult>(
            "approve",
            "Approves the held changes of a run and commits those that still apply",
        )
        .returns_conflict(),
        runs::approve,
    )
    .post(
        "/api/v1/runs/{id}/reject",
        OPERATE,
        operation_returning::<DecisionResult>("reject", "Rejects the held changes of a run")
            .returns_conflict(),
        runs::reject,
    )
    .post(
        "/api/v1/runs/{id}/undo",
        RESYNC,
        operation_returning::<UndoResultView>(
            "undo",
            "Undoes the changes of a run. Managers may undo the changes by hand that they made themselves",
        )
            .text_param(
                "confirm",
                "Number of the run, as confirmation. Required if the undo exceeds the limits of `[safety]`.",
            )
            .returns_conflict(),
        runs::undo,
    )
    .post(
        "/api/v1/runs/{id}/cancel",
        OPERATE,
        operation_returning::<runs::CancelledRun>("cancelRun", "Stops a run in progress; it changes nothing")
            .returns_conflict(),
        runs::cancel,
    )
    .get(
        "/api/v1/jobs",
        OPERATE,
        operation_returning_page::<Job>("listJobs", "Lists jobs, permanently failed ones first"),
        jobs::list,
    )
    .post(
        "/api/v1/jobs/retry",
        OPERATE,
        operation_returning::<jobs::RetryJobsResponse>("retryJobs", "Retries permanently failed jobs")
            .optional_json_body::<jobs::JobSelection>(),
        jobs::retry,
    )
    .post(
        "/api/v1/jobs/drop",
        OPERATE,
        operation_returning::<jobs::DropJobsResponse>("dropJobs", "Discards permanently failed jobs")
            .json_body::<jobs::JobIds>(),
        jobs::drop,
    )
    .get(
        "/api/v1/verify",
        OPERATE,
        operation_returning::<VerifyResult>(
            "verify",
            "Verifies that enrollments match memberships and assignments",
        ),
        jobs::verify,
    )
    .post(
        "/api/v1/verify/repair",
        OPERATE,
        operation_returning::<jobs::RepairResponse>(
            "repair",
            "Enqueues a job for each enrollment that differs",
        ),
        jobs::repair,
    )
    .get(
        "/api/v1/audit",
        OPERATE,
        operation_returning_page::<AuditLogEntry>("audit", "Lists changes with their authors, newest first")
            .date_param("since", "Only changes since this date.")
            .enum_param("kind", "Only this kind of change.", &RunRecordKind::ALL.map(RunRecordKind::as_str))
            .text_param(
                "actor",
                "Only changes by this account, token (`token NAME`) or user of the command.",
            ),
        runs::audit,
    )
    .get(
        "/api/v1/audit/sign-ins",
        OPERATE,
        operation_returning_page::<SignInRecord>(
            "listSignIns",
            "Lists sign-ins, sign-outs and refusals, newest first. Refusals that are alike within an hour are one row",
        )
        .date_param("since", "Only events since this date.")
        .enum_param("event", "Only this event.", &SignInEvent::ALL.map(SignInEvent::as_str)),
        sign_ins::list,
    )
}
