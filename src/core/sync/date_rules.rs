//! Start dates, end dates and tenure rules while a source cannot be read.

use tracing::{error, info};

use crate::sync::File;
use crate::sync::execute::{CommitRun, CommitTarget, execute};
use crate::sync::lease::LeaseGuard;
use crate::sync::run_kind::RunKind;
use crate::sync::run_options::RunOptions;
use crate::sync::run_task::RunTask;
use rollcall_model::ids::ConnectorId;
use rollcall_store::Store;
use rollcall_store::runs::{NewRun, RunRecordKind};

/// Applies dates and tenure rules to the people last read.
pub(super) async fn reapply_date_rules(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &RunOptions,
    lease: &LeaseGuard,
    id: ConnectorId,
) {
    let task = RunTask::new(store, file, connector, &asked.reading.cancel, Some(lease));
    let about = NewRun {
        kind: RunRecordKind::Clock,
        connector: Some(id),
        actor: asked.actor.clone(),
        description: "dates and tenure rules, on the people last read".to_owned(),
        file_digest: Some(file.digest.to_owned()),
        subject: None,
    };
    let target = CommitTarget { lease, run: CommitRun::BeginsWithCommit(&about) };
    let done = execute(&task, Some(target), RunKind::DateRules { connector: id }).await;
    match done.map(|done| done.number) {
        Ok(None) => {}
        Ok(Some(number)) => {
            info!(run = %number, connector = %task.name(), "dates acted on the people last read");
        }
        Err(error) => {
            error!(connector = %task.name(), %error, "dates could not act on the people last read");
        }
    }
}
