//! Starts scheduled runs. Of several services that share a database, exactly one starts each run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, trace, warn};

use crate::ServiceContext;
use rollcall_config::Config;
use rollcall_connectors::{ReadContext, ReadProgress, retry};
use rollcall_core::sync::{self, ClaimResult, DueTimes, RunOptions, StartedRun};
use rollcall_model::heartbeat::RunsInProgress;
use rollcall_model::ids::ConnectorId;
use rollcall_model::schedule::CronSchedule;
use rollcall_store::connectors::{self, ConnectorRow};
use rollcall_store::{Result, Store};

/// Interval between two checks of the schedules.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Starts due runs until the service stops. Runs in progress are then rolled back.
pub(crate) async fn run_scheduler(service: ServiceContext) {
    let ServiceContext { store, config: file, stop, vitals } = service;
    let mut served = ScheduleWatermark::default();
    let mut runs = RunTasks { set: JoinSet::new(), connectors: HashMap::new(), vitals: vitals.runs };
    while !stop.is_cancelled() {
        vitals.scheduler.beat(Utc::now());
        let config = Arc::clone(&file.borrow());
        runs.collect_ended();
        for at in 0..config.connectors.len() {
            let name = config.connectors[at].name.to_string();
            if runs.vitals.contains(&name) {
                continue;
            }
            match served.claim_run(&store, &config, at, &stop).await {
                Ok(Some(begun)) => {
                    let (store, config, stop) = (store.clone(), Arc::clone(&config), stop.clone());
                    runs.spawn(name, move || run_to_end(store, config, at, stop, begun));
                }
                Ok(None) => {}
                Err(error) => warn!(connector = name, %error, "could not check a schedule"),
            }
        }
        trace!(connectors = config.connectors.len(), "checked the schedules");
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
    while runs.set.join_next().await.is_some() {}
}

/// The runs in progress, by task, so that a run that panics gives its connector back.
struct RunTasks {
    set: JoinSet<()>,
    connectors: HashMap<Id, String>,
    vitals: RunsInProgress,
}

impl RunTasks {
    fn spawn<F: Future<Output = ()>>(&mut self, connector: String, run: impl FnOnce() -> F + Send + 'static) {
        self.vitals.begin(&connector, Utc::now());
        // Planning is CPU-bound. A thread of its own keeps it from blocking other tasks.
        let here = tokio::runtime::Handle::current();
        let id = self.set.spawn_blocking(move || here.block_on(run())).id();
        self.connectors.insert(id, connector);
    }

    fn collect_ended(&mut self) {
        while let Some(ended) = self.set.try_join_next_with_id() {
            let (id, panic) = match ended {
                Ok((id, ())) => (id, None),
                Err(failure) => (failure.id(), Some(failure)),
            };
            let connector = self.connectors.remove(&id).unwrap_or_default();
            if let Some(panic) = panic {
                error!(connector, %panic, "a scheduled run panicked; the next scheduled time starts another one");
            }
            self.vitals.end(&connector);
        }
    }
}

/// Time up to which each schedule is processed, as last read from the database.
#[derive(Debug, Default)]
struct ScheduleWatermark {
    rows: HashMap<(String, String), (ConnectorId, DateTime<Utc>)>,
}

impl ScheduleWatermark {
    /// Starts a run if the connector's schedule is due and no other service has claimed it.
    async fn claim_run(
        &mut self,
        store: &Store,
        config: &Config,
        at: usize,
        stop: &CancellationToken,
    ) -> Result<Option<StartedRun>> {
        let connector = &config.connectors[at];
        let Some(schedule) = &connector.schedule else { return Ok(None) };
        let key = (connector.name.to_string(), schedule.text().to_owned());
        let now = Utc::now();
        let (id, since) = match self.rows.get(&key) {
            Some(seen) => *seen,
            None => self.load_watermark(store, &key, connector.kind(), schedule, now).await?,
        };
        if !schedule.is_due(since, now) {
            return Ok(None);
        }
        let due = DueTimes { connector: id, since, until: now };
        let claimed =
            sync::claim(store, config.for_sync(), at, &build_run_options(config, stop), due).await?;
        if matches!(claimed, ClaimResult::Elsewhere) {
            // Another service claimed the run or the schedule was edited. Read the watermark again.
            self.rows.remove(&key);
            return Ok(None);
        }
        info!(connector = %connector.name, "the schedule is due");
        self.rows.insert(key, (id, now));
        match claimed {
            ClaimResult::Begun(begun) => Ok(Some(*begun)),
            ClaimResult::Skipped(holder) => {
                info!(connector = %connector.name, holder, "skipped a scheduled run: the connector is already running");
                Ok(None)
            }
            ClaimResult::Elsewhere => Ok(None),
        }
    }

    async fn load_watermark(
        &mut self,
        store: &Store,
        key: &(String, String),
        kind: &str,
        schedule: &CronSchedule,
        now: DateTime<Utc>,
    ) -> Result<(ConnectorId, DateTime<Utc>)> {
        let mut tx = store.begin_write().await?;
        let row: ConnectorRow =
            connectors::ensure_connector(&mut tx, &key.0, kind, Some(schedule.text()), now).await?;
        tx.commit().await?;
        let seen = (ConnectorId(row.id), row.scheduled_until);
        self.rows.insert(key.clone(), seen);
        Ok(seen)
    }
}

fn build_run_options(config: &Config, stop: &CancellationToken) -> RunOptions {
    let reading = ReadContext {
        cancel: stop.clone(),
        progress: ReadProgress::default(),
        retry: retry::RetryPolicy::SERVICE,
        limits: config.limits.clone(),
        last_file: None,
    };
    RunOptions {
        actor: "schedule".to_owned(),
        what: "scheduled sync".to_owned(),
        dry_run: false,
        only: None,
        allow_removals: false,
        patience: Duration::ZERO,
        reading,
    }
}

async fn run_to_end(
    store: Store,
    config: Arc<Config>,
    at: usize,
    stop: CancellationToken,
    begun: StartedRun,
) {
    sync::go_on(&store, config.for_sync(), at, &build_run_options(&config, &stop), begun).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connector whose run panicked can run again.
    #[tokio::test]
    async fn run_that_panics_gives_its_connector_back() {
        let mut runs =
            RunTasks { set: JoinSet::new(), connectors: HashMap::new(), vitals: RunsInProgress::default() };
        runs.spawn("corp".to_owned(), || async { panic!("no plan") });
        assert!(runs.vitals.contains("corp"));
        while runs.vitals.contains("corp") {
            tokio::task::yield_now().await;
            runs.collect_ended();
        }
    }
}
