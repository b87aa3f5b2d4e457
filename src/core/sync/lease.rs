//! Leases of connectors: at most one run at a time for each connector, on any number of machines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::sync::SyncError;
use rollcall_model::names::ConnectorName;
use rollcall_store::leases::{self, Lease};
use rollcall_store::{Result, Store, Tx};

/// Interval between two renewals of a lease of 15 seconds.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(5);

/// Time of one renewal on a server, and the wait after it failed. A second attempt ends before the lease does.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(4);
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The interval of checks while another process holds the lease.
const LOOK: Duration = Duration::from_millis(250);

/// Number of leases that this process has tried to acquire.
static ACQUISITIONS: AtomicU64 = AtomicU64::new(0);

/// A lease that is renewed until it is released.
#[derive(Debug)]
pub struct LeaseGuard {
    store: Store,
    lease: Lease,
    renewing: JoinHandle<()>,
    committing: Arc<AtomicBool>,
    /// Cancelled when the lease is lost: the run should stop, because its commit would be refused.
    pub lost: CancellationToken,
}

/// Result of acquiring a lease.
#[derive(Debug)]
pub enum AcquireResult {
    /// Acquired by the caller.
    Acquired(LeaseGuard),
    /// Held by another process.
    HeldBy(String),
}

/// Returns host and process id, as the holder of a lease shows them.
#[must_use]
pub fn holder_name() -> String {
    let host =
        std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "localhost".to_owned());
    format!("{}:{}", host.trim(), std::process::id())
}

fn name(connector: &ConnectorName) -> String {
    format!("connector:{connector}")
}

/// Acquires the lease of a connector, and waits as long as `patience` for another run of it to end.
pub(super) async fn wait_for_lease(
    store: &Store,
    connector: &ConnectorName,
    patience: Duration,
    stop: &CancellationToken,
) -> std::result::Result<LeaseGuard, SyncError> {
    let since = Instant::now();
    loop {
        match acquire(store, connector).await? {
            AcquireResult::Acquired(lease) => return Ok(lease),
            AcquireResult::HeldBy(holder) if since.elapsed() >= patience => {
                return Err(SyncError::AlreadyRunning { connector: connector.clone(), holder });
            }
            AcquireResult::HeldBy(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {
                return Err(SyncError::Stopped { connector: connector.clone() });
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Acquires the lease of a connector if it is free or expired.
///
/// # Errors
/// If the database fails.
pub async fn acquire(store: &Store, connector: &ConnectorName) -> Result<AcquireResult> {
    let mut tx = store.begin_write().await?;
    if let Some(lease) = acquire_in(&mut tx, connector).await? {
        tx.commit().await?;
        return Ok(AcquireResult::Acquired(LeaseGuard::begin(store.clone(), lease)));
    }
    let by = find_holder(&mut tx, connector).await?;
    tx.rollback().await?;
    Ok(AcquireResult::HeldBy(by.unwrap_or_else(|| "another process".to_owned())))
}

/// Acquires the lease of a connector in a transaction if it is free or expired. It is held from the commit on.
pub(super) async fn acquire_in(tx: &mut Tx, connector: &ConnectorName) -> Result<Option<Lease>> {
    let name = name(connector);
    // One process may run several services, so the process id alone does not identify the holder. A process id that is
    // used again after a restart is told apart by the fence number of the lease.
    let unique = format!("{}/{}", holder_name(), ACQUISITIONS.fetch_add(1, Ordering::Relaxed));
    leases::acquire(tx, &name, &unique).await
}

/// Returns the current holder of a connector's lease.
///
/// # Errors
/// If the database fails.
pub async fn find_holder(tx: &mut Tx, connector: &ConnectorName) -> Result<Option<String>> {
    leases::get_holder(tx, &name(connector)).await
}

/// Cancels the lease of a connector, so that its run cannot commit. Returns the holder, if there is one.
pub(super) async fn cancel_in(tx: &mut Tx, connector: &ConnectorName, actor: &str) -> Result<Option<String>> {
    leases::cancel(tx, &name(connector), actor).await
}

impl LeaseGuard {
    /// Starts to renew a lease that was just acquired.
    pub(super) fn begin(store: Store, lease: Lease) -> Self {
        let lost = CancellationToken::new();
        let committing = Arc::new(AtomicBool::new(false));
        let renewal =
            renew_until_dropped(store.clone(), lease.clone(), lost.clone(), Arc::clone(&committing));
        Self { store, lease, renewing: tokio::spawn(renewal), committing, lost }
    }

    /// The lease, for the commit that checks it.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Returns who cancelled the lease, if it was cancelled.
    pub(super) async fn canceller(&self) -> Result<Option<String>> {
        let mut tx = self.store.begin_read().await?;
        leases::get_canceller(&mut tx, &self.lease).await
    }

    /// Sets whether a commit is in progress. Its transaction holds the lease and locks it against all other processes
    /// for as long as the commit takes, the renewal included.
    pub fn set_committing(&self, is_under_way: bool) {
        self.committing.store(is_under_way, Ordering::SeqCst);
    }

    /// Releases the lease, so that the next run does not have to wait until it expires.
    pub async fn release(self) {
        self.renewing.abort();
        let given_back = async {
            let mut tx = self.store.begin_write().await?;
            leases::release(&mut tx, &self.lease).await?;
            tx.commit().await
        };
        if let Err(error) = given_back.await {
            warn!(lease = self.lease.name, %error, "a lease could not be given back, it runs out by itself");
        }
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

async fn renew_until_dropped(
    store: Store,
    lease: Lease,
    lost: CancellationToken,
    committing: Arc<AtomicBool>,
) {
    // SQLite waits for its one writer, and has no server that could become silent.
    let timeout = if store.is_shared() { RENEWAL_TIMEOUT } else { Duration::MAX };
    let mut wait = RENEWAL_INTERVAL;
    loop {
        tokio::time::sleep(wait).await;
        wait = RENEWAL_INTERVAL;
        if committing.load(Ordering::SeqCst) {
            continue;
        }
        let renewed = async {
            let mut tx = store.begin_write().await?;
            let held = leases::renew(&mut tx, &lease).await?;
            tx.commit().await?;
            Ok::<bool, rollcall_store::StoreError>(held)
        };
        let Ok(renewed) = tokio::time::timeout(timeout, renewed).await else {
            warn!(lease = lease.name, "a lease could not be renewed: the database does not answer");
            wait = RETRY_INTERVAL;
            continue;
        };
        match renewed {
            // The result of a renewal that waited for the commit is not relevant for the commit.
            Ok(_) | Err(_) if committing.load(Ordering::SeqCst) => {}
            Ok(true) => {}
            Ok(false) => {
                error!(lease = lease.name, "the lease was lost, the run stops");
                lost.cancel();
                return;
            }
            // The commit checks that the lease is still held.
            Err(error) => warn!(lease = lease.name, %error, "a lease could not be renewed"),
        }
    }
}
