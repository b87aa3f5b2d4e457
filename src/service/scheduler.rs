//! Starts scheduled runs. Of several services that share a database, exactly one starts each run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, trace, warn};

use rollcall_config::Config;
use rollcall_connectors::{ReadContext, ReadProgress, retry};
use rollcall_core::sync::{self, ClaimResult, DueTimes, RunOptions, StartedRun};
use rollcall_model::heartbeat::Heartbeat;
use rollcall_model::ids::ConnectorId;
use rollcall_model::schedule::CronSchedule;
use rollcall_store::connectors::{self, ConnectorRow};
use rollcall_store::{Result, Store};

/// Interval between two checks of the schedules.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Starts due runs until `stop` is cancelled. Runs in progress are then rolled back.
pub(crate) async fn run_scheduler(
    store: Store,
    file: watch::Receiver<Arc<Config>>,
    stop: CancellationToken,
    pulse: Heartbeat,
) {
    let mut served = ScheduleWatermark::default();
    let mut runs: JoinSet<String> = JoinSet::new();
    let mut running: Vec<String> = Vec::new();
    while !stop.is_cancelled() {
        pulse.beat(Utc::now());
        let config = Arc::clone(&file.borrow());
        while let Some(ended) = runs.try_join_next() {
            match ended {
                Ok(name) => running.retain(|one| *one != name),
                Err(panic) => error!(%panic, "the run task panicked"),
            }
        }
        for at in 0..config.connectors.len() {
            let name = config.connectors[at].name.to_string();
            if running.contains(&name) {
                continue;
            }
            match served.claim_run(&store, &config, at, &stop).await {
                Ok(Some(begun)) => {
                    running.push(name);
                    let (store, config, stop) = (store.clone(), Arc::clone(&config), stop.clone());
                    // Planning is CPU-bound. A thread of its own keeps it from blocking other tasks.
                    let here = tokio::runtime::Handle::current();
                    runs.spawn_blocking(move || here.block_on(run_to_end(store, config, at, stop, begun)));
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
    while runs.join_next().await.is_some() {}
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
        let claimed = sync::claim(store, config.for_sync(), at, &build_run_options(stop), due).await?;
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

fn build_run_options(stop: &CancellationToken) -> RunOptions {
    let reading = ReadContext {
        cancel: stop.clone(),
        progress: ReadProgress::default(),
        retry: retry::RetryPolicy::SERVICE,
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
) -> String {
    sync::go_on(&store, config.for_sync(), at, &build_run_options(&stop), begun).await;
    config.connectors[at].name.to_string()
}
