//! Starting runs when they are due: once for each scheduled instant, on however many machines.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::connectors::{Context, Progress, retry};
use crate::model::ids::ConnectorId;
use crate::model::schedule::Schedule;
use crate::store::connectors::{self, Row};
use crate::store::{Result, Store};
use crate::sync::{self, Asked, Error, Outcome};

/// How often schedules are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Starts what is due until told to stop; runs in hand are taken back then.
pub async fn run(store: Store, file: watch::Receiver<Arc<Config>>, stop: CancellationToken) {
    let mut served = Served::default();
    let mut runs: JoinSet<String> = JoinSet::new();
    let mut running: Vec<String> = Vec::new();
    while !stop.is_cancelled() {
        let config = Arc::clone(&file.borrow());
        while let Some(ended) = runs.try_join_next() {
            match ended {
                Ok(name) => running.retain(|one| *one != name),
                Err(panic) => warn!(%panic, "a run ended in disorder"),
            }
        }
        for at in 0..config.connectors.len() {
            let name = config.connectors[at].name.to_string();
            if running.contains(&name) {
                continue;
            }
            match served.claim(&store, &config, at).await {
                Ok(true) => {
                    running.push(name);
                    let (store, config, stop) = (store.clone(), Arc::clone(&config), stop.clone());
                    // Planning is work for a processor: a thread of its own, so that nobody else waits for it.
                    let here = tokio::runtime::Handle::current();
                    runs.spawn_blocking(move || here.block_on(one(store, config, at, stop)));
                }
                Ok(false) => {}
                Err(error) => warn!(connector = name, %error, "a schedule could not be looked at"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while runs.join_next().await.is_some() {}
}

/// Up to when each schedule is served, as this process last saw it in the database.
#[derive(Debug, Default)]
struct Served {
    rows: HashMap<(String, String), (ConnectorId, DateTime<Utc>)>,
}

impl Served {
    /// Whether the connector's schedule is due, and nobody else has claimed it.
    async fn claim(&mut self, store: &Store, config: &Config, at: usize) -> Result<bool> {
        let connector = &config.connectors[at];
        let Some(schedule) = &connector.schedule else { return Ok(false) };
        let key = (connector.name.to_string(), schedule.text().to_owned());
        let now = Utc::now();
        let (id, since) = match self.rows.get(&key) {
            Some(seen) => *seen,
            None => self.look(store, &key, connector.kind(), schedule, now).await?,
        };
        if !schedule.is_due(since, now) {
            return Ok(false);
        }
        let mut tx = store.write().await?;
        let claimed = connectors::serve(&mut tx, id, since, now).await?;
        tx.commit().await?;
        if claimed {
            info!(connector = %connector.name, "the schedule is due");
            self.rows.insert(key, (id, now));
        } else {
            // Another machine was quicker, or the schedule was edited: look again.
            self.rows.remove(&key);
        }
        Ok(claimed)
    }

    async fn look(
        &mut self,
        store: &Store,
        key: &(String, String),
        kind: &str,
        schedule: &Schedule,
        now: DateTime<Utc>,
    ) -> Result<(ConnectorId, DateTime<Utc>)> {
        let mut tx = store.write().await?;
        let row: Row = connectors::know(&mut tx, &key.0, kind, Some(schedule.text()), now).await?;
        tx.commit().await?;
        let seen = (ConnectorId(row.id), row.scheduled_until);
        self.rows.insert(key.clone(), seen);
        Ok(seen)
    }
}

async fn one(store: Store, config: Arc<Config>, at: usize, stop: CancellationToken) -> String {
    let name = config.connectors[at].name.to_string();
    let reading = Context { cancel: stop, progress: Progress::default(), retry: retry::Policy::SERVICE };
    let asked = Asked {
        actor: "schedule".to_owned(),
        what: "scheduled sync".to_owned(),
        dry_run: false,
        only: None,
        allow_removals: false,
        patience: Duration::ZERO,
        reading,
    };
    let report = sync::run(&store, config.for_sync(), at, &asked).await;
    if let Outcome::Failed(Error::AlreadyRunning { holder, .. }) = &report.outcome {
        info!(connector = name, holder, "somebody runs this connector already, skipping");
    }
    name
}
