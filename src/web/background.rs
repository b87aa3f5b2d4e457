//! What goes on behind the pages: runs, previews, approvals and undos that somebody started and does not wait for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::task::TaskTracker;

use rollcall_connectors::ReadProgress;
use rollcall_model::ids::{DraftId, RunId};

/// Work that goes on after its page is answered. The service ends when all of it has.
#[derive(Debug, Clone, Default)]
pub struct BackgroundTasks {
    tasks: TaskTracker,
    progress_by_run: Arc<Mutex<HashMap<i64, ReadProgress>>>,
    running: Arc<Mutex<HashSet<i64>>>,
}

/// Something is being done, until this is dropped.
#[derive(Debug)]
pub(super) struct TaskGuard {
    id: DraftId,
    all: Arc<Mutex<HashSet<i64>>>,
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id.0);
    }
}

impl BackgroundTasks {
    /// Does something on a thread of its own: planning is work for a processor.
    pub(super) fn spawn_blocking_task<F: Future<Output = ()>>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) {
        let here = tokio::runtime::Handle::current();
        self.tasks.spawn_blocking(move || here.block_on(work()));
    }

    /// Remembers how far a run has read, until [`BackgroundTasks::remove_progress`].
    pub(super) fn track_progress(&self, run: RunId, progress: ReadProgress) {
        self.progress_by_run.lock().unwrap_or_else(PoisonError::into_inner).insert(run.0, progress);
    }

    /// A run has ended.
    pub(super) fn remove_progress(&self, run: RunId) {
        self.progress_by_run.lock().unwrap_or_else(PoisonError::into_inner).remove(&run.0);
    }

    /// How many people a run of this service has read so far.
    pub(super) fn people_read(&self, run: RunId) -> Option<u64> {
        let reading = self.progress_by_run.lock().unwrap_or_else(PoisonError::into_inner);
        reading.get(&run.0).map(ReadProgress::get)
    }

    /// Remembers that this service does what a draft asks for.
    pub(super) fn register_task(&self, id: DraftId) -> TaskGuard {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id.0);
        TaskGuard { id, all: Arc::clone(&self.running) }
    }

    /// Whether this service is at it.
    pub(super) fn is_task_running(&self, id: DraftId) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains(&id.0)
    }

    /// Waits until all of it has ended.
    pub(super) async fn wait_until_done(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
