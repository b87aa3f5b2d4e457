//! A run of one connector, from the lease to the commit.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use chrono::Utc;
use futures_util::FutureExt;
use tracing::{error, info, warn};

use crate::sync::begin_run::{StartedRun, begin};
use crate::sync::date_rules::reapply_date_rules;
use crate::sync::execute::{CommitRun, CommitTarget, execute};
use crate::sync::lease::{LeaseGuard, wait_for_lease};
use crate::sync::report::{RunOutcome, RunReport};
use crate::sync::run_kind::RunKind;
use crate::sync::run_options::RunOptions;
use crate::sync::run_task::RunTask;
use crate::sync::{File, SyncError};
use rollcall_model::ids::RunId;
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::Store;
use rollcall_store::runs::{self, RunCounts};

/// The target of the log lines about held and failed runs. A command does not log them, because it prints the report.
pub const OUTCOME_LOG_TARGET: &str = "rollcall_run_outcome";

/// Runs the connector at position `connector` of the file. Errors are in the report.
pub async fn run(store: &Store, file: File<'_>, connector: usize, asked: &RunOptions) -> RunReport {
    let began = Instant::now();
    let name = file.connectors[connector].name.clone();
    let result = if asked.dry_run {
        dry_run(store, file, connector, asked).await
    } else {
        real_run(store, file, connector, asked).await
    };
    reported(name, began, result)
}

/// Continues a scheduled run that has begun. Errors are in the report.
pub async fn go_on(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
    begun: StartedRun,
) -> RunReport {
    let began = Instant::now();
    let name = file.connectors[connector].name.clone();
    reported(name, began, begun_run(store, file, connector, asked, begun).await)
}

fn reported(connector: ConnectorName, began: Instant, result: Result<RunReport, Failure>) -> RunReport {
    let report = match result {
        Ok(report) => report,
        Err(Failure { run, error }) => RunReport {
            run,
            connector,
            outcome: RunOutcome::Failed(error),
            counts: RunCounts::default(),
            source_file: None,
            change_set: None,
            problems: Vec::new(),
            took: Duration::ZERO,
        },
    };
    RunReport { took: began.elapsed(), ..report }
}

struct Failure {
    run: Option<RunId>,
    error: SyncError,
}

impl<E: Into<SyncError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { run: None, error: error.into() }
    }
}

async fn dry_run(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
) -> Result<RunReport, Failure> {
    let task = RunTask::new(store, file, connector, &asked.reading.cancel, None);
    let kind = RunKind::Sync { options: asked, stop: &asked.reading.cancel };
    let planned = execute(&task, None, kind).await?;
    Ok(RunReport::of(task.name(), RunOutcome::Planned, planned))
}

async fn real_run(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
) -> Result<RunReport, Failure> {
    let begun = start(store, file, connector, asked).await?;
    begun_run(store, file, connector, asked, begun).await
}

/// Acquires the lease of the connector at position `connector` of the file and begins a run: see [`go_on`].
///
/// # Errors
/// If another run of the connector does not end in time, or the database fails. No run has begun then.
pub async fn start(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
) -> Result<StartedRun, SyncError> {
    let settings = &file.connectors[connector];
    let lease = wait_for_lease(store, &settings.name, asked.patience, &asked.reading.cancel).await?;
    match begin(store, file, settings, asked).await {
        Ok((id, number)) => Ok(StartedRun { lease, connector: id, number }),
        Err(error) => {
            lease.release().await;
            Err(error)
        }
    }
}

async fn begun_run(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
    begun: StartedRun,
) -> Result<RunReport, Failure> {
    let result = leased_run(store, file, connector, asked, &begun).await;
    begun.lease.release().await;
    result
}

async fn leased_run(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
    begun: &StartedRun,
) -> Result<RunReport, Failure> {
    let settings = &file.connectors[connector];
    let StartedRun { lease, connector: id, number } = begun;
    let number = *number;
    info!(run = %number, connector = %settings.name, "began a run");
    let stop = asked.reading.cancel.child_token();
    let task = RunTask::new(store, file, connector, &stop, Some(lease));
    let target = CommitTarget { lease, run: CommitRun::Begun(number) };
    let kind = RunKind::Sync { options: asked, stop: &stop };
    let name = &settings.name;
    let result = tokio::select! {
        result = AssertUnwindSafe(execute(&task, Some(target), kind)).catch_unwind() => {
            result.unwrap_or_else(|panic| Err(panicked(name, &*panic)))
        }
        () = lease.lost.cancelled() => Err(SyncError::LeaseLost { connector: name.clone() }),
        () = asked.reading.cancel.cancelled() => Err(SyncError::Stopped { connector: name.clone() }),
        () = tokio::time::sleep(file.bounds.minutes(ResourceLimit::RunMinutes)) => {
            ResourceLimit::RunMinutes.record_reached();
            let minutes = file.bounds.get(ResourceLimit::RunMinutes);
            Err(SyncError::DeadlineExceeded { connector: name.clone(), minutes })
        }
    };
    stop.cancel();
    let result = match result {
        Err(SyncError::LeaseLost { connector }) => Err(cause_of_lost_lease(lease, connector).await),
        other => other,
    };
    // A cancelled reading ends with an error that does not concern the source.
    let result = match result {
        Err(SyncError::Source(_)) if asked.reading.cancel.is_cancelled() => {
            Err(SyncError::Stopped { connector: settings.name.clone() })
        }
        other => other,
    };
    match result {
        Ok(done) => {
            let report = RunReport::of(&settings.name, RunOutcome::of(&done.change_set), done);
            info!(
                run = %number, connector = %settings.name, people = report.counts.people_read,
                added = report.counts.memberships_added, removed = report.counts.memberships_removed,
                jobs = report.counts.jobs_enqueued,
                file = report.source_file.as_ref().map(|file| file.path.as_str()), "finished a run"
            );
            if report.is_held() {
                warn_of_hold(&report);
            }
            Ok(report)
        }
        Err(error) => {
            let command = format!("rollcall sync {}", settings.name);
            error!(
                target: OUTCOME_LOG_TARGET, run = %number, connector = %settings.name, kind = error.kind(), %error,
                command, "a run failed, nothing was removed"
            );
            note_failure(store, number, &error).await;
            if matches!(error, SyncError::Source(_)) && asked.only.is_none() {
                reapply_date_rules(store, file, connector, asked, lease, *id).await;
            }
            Err(Failure { run: Some(number), error })
        }
    }
}

/// Logs that changes wait, with the command that shows them.
fn warn_of_hold(report: &RunReport) {
    let run = report.run.map_or_else(String::new, |run| run.to_string());
    let limits = report.change_set.iter().flat_map(|change_set| &change_set.held.reasons);
    let mut limits: Vec<&str> = limits.map(|reason| reason.limit.as_str()).collect();
    limits.dedup();
    warn!(
        target: OUTCOME_LOG_TARGET, run, connector = %report.connector, people = report.counts.people_held,
        memberships = report.counts.memberships_held, enrollments = report.counts.enrollments_held,
        limits = limits.join(", "), command = format!("rollcall runs show {run}"),
        approve = format!("rollcall approve {run}"), reject = format!("rollcall reject {run}"),
        "a run holds changes until they are approved or rejected"
    );
}

/// The error of a run that panicked: its transaction is rolled back, and the next run of the connector begins anew.
fn panicked(connector: &ConnectorName, panic: &(dyn Any + Send)) -> SyncError {
    SyncError::Panicked { connector: connector.clone(), message: rollcall_model::panic::message(panic) }
}

/// Tells a cancelled run apart from one whose lease ran out.
async fn cause_of_lost_lease(lease: &LeaseGuard, connector: ConnectorName) -> SyncError {
    match lease.canceller().await {
        Ok(Some(actor)) => SyncError::Cancelled { connector, actor },
        Ok(None) => SyncError::LeaseLost { connector },
        Err(error) => {
            warn!(%connector, %error, "could not find out why the lease was lost");
            SyncError::LeaseLost { connector }
        }
    }
}

async fn note_failure(store: &Store, number: RunId, error: &SyncError) {
    let noted = async {
        let mut tx = store.begin_write().await?;
        runs::record_failure(&mut tx, number, error.kind(), &error.to_string(), Utc::now()).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        error!(run = %number, %error, "a failed run could not be noted");
    }
}
