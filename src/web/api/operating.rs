//! Routes for those who see to connectors, runs and jobs.

use super::operation::{Api, answers, lists, pages};
use super::{OPERATE, jobs, runs, sources};
use crate::enrollment::verify::Verdict;
use crate::report::{self, Connector, Decided, Retired, Shown, Undone};
use crate::store::jobs::Job;
use crate::store::listing::record::Record;
use crate::store::runs::{Kind, Run};

pub(super) fn steer(api: Api) -> Api {
    api.get(
        "/api/v1/connectors",
        OPERATE,
        lists::<Connector>("listConnectors", "The connectors of the file"),
        sources::list,
    )
    .post(
        "/api/v1/connectors/{name}/sync",
        OPERATE,
        answers::<report::Sync>("sync", "Reads, plans, guards and commits; the answer says how that ended")
            .may_take::<sources::Ask>(),
        sources::sync,
    )
    .post(
        "/api/v1/connectors/{name}/retire",
        OPERATE,
        answers::<Retired>(
            "retireConnector",
            "Lets go of everybody whom a connector held that has left the file",
        )
        .may_take::<sources::Retire>()
        .conflicts(),
        sources::retire,
    )
    .get("/api/v1/runs", OPERATE, pages::<Run>("listRuns", "Runs, the newest first"), runs::list)
    .get(
        "/api/v1/runs/{id}",
        OPERATE,
        answers::<Shown>("showRun", "A run, with everything that it did and held"),
        runs::show,
    )
    .post(
        "/api/v1/runs/{id}/approve",
        OPERATE,
        answers::<Decided>("approve", "Does what a run held, as far as it is still wanted").conflicts(),
        runs::approve,
    )
    .post(
        "/api/v1/runs/{id}/reject",
        OPERATE,
        answers::<Decided>("reject", "Discards what a run held").conflicts(),
        runs::reject,
    )
    .post(
        "/api/v1/runs/{id}/undo",
        OPERATE,
        answers::<Undone>("undo", "Takes back what a run did").conflicts(),
        runs::undo,
    )
    .get(
        "/api/v1/jobs",
        OPERATE,
        pages::<Job>("listJobs", "The queue, what failed for good first"),
        jobs::list,
    )
    .post(
        "/api/v1/jobs/retry",
        OPERATE,
        answers::<jobs::Retried>("retryJobs", "Makes jobs ready again that failed for good")
            .may_take::<jobs::Some>(),
        jobs::retry,
    )
    .post(
        "/api/v1/jobs/drop",
        OPERATE,
        answers::<jobs::Dropped>("dropJobs", "Takes jobs off the queue that failed for good")
            .takes::<jobs::These>(),
        jobs::drop,
    )
    .get(
        "/api/v1/verify",
        OPERATE,
        answers::<Verdict>("verify", "Proves that enrollments are what memberships and assignments say"),
        jobs::verify,
    )
    .post(
        "/api/v1/verify/repair",
        OPERATE,
        answers::<jobs::Repaired>("repair", "Enqueues every difference, to be settled again by workers"),
        jobs::repair,
    )
    .get(
        "/api/v1/audit",
        OPERATE,
        pages::<Record>("audit", "Who changed what, the newest first")
            .day("since", "From this day on.")
            .one_of("kind", "Only changes of this kind.", &Kind::ALL.map(Kind::as_str))
            .text("actor", "Only by this account, token (`token NAME`) or user of the command."),
        runs::audit,
    )
}
