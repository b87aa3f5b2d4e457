//! Background tasks: runs, previews, approvals and undos that continue after the response.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::task::TaskTracker;

use rollcall_connectors::ReadProgress;
use rollcall_model::ids::{DraftId, RunId};

/// Set of background tasks. The service stops after all of them have ended.
#[derive(Debug, Clone, Default)]
pub struct BackgroundTasks {
    tasks: TaskTracker,
    progress_by_run: Arc<Mutex<HashMap<i64, ReadProgress>>>,
    running: Arc<Mutex<HashSet<i64>>>,
    previews: Arc<Mutex<HashSet<String>>>,
}

/// Marks an account as trying out an expression until it is dropped.
#[derive(Debug)]
pub(super) struct RulePreviewGuard {
    actor: String,
    all: Arc<Mutex<HashSet<String>>>,
}

impl Drop for RulePreviewGuard {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.actor);
    }
}

/// Marks a draft as running until it is dropped.
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
    /// Runs a task on a blocking thread, because planning uses the CPU.
    pub(super) fn spawn_blocking_task<F: Future<Output = ()>>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) {
        let here = tokio::runtime::Handle::current();
        self.tasks.spawn_blocking(move || here.block_on(work()));
    }

    /// Stores the read progress of a run until [`BackgroundTasks::remove_progress`].
    pub(super) fn track_progress(&self, run: RunId, progress: ReadProgress) {
        self.progress_by_run.lock().unwrap_or_else(PoisonError::into_inner).insert(run.0, progress);
    }

    /// Removes the progress of a run that has ended.
    pub(super) fn remove_progress(&self, run: RunId) {
        self.progress_by_run.lock().unwrap_or_else(PoisonError::into_inner).remove(&run.0);
    }

    /// Returns the number of people read so far by a run of this service.
    pub(super) fn people_read(&self, run: RunId) -> Option<u64> {
        let reading = self.progress_by_run.lock().unwrap_or_else(PoisonError::into_inner);
        reading.get(&run.0).map(ReadProgress::get)
    }

    /// Marks the draft as running in this service.
    pub(super) fn register_task(&self, id: DraftId) -> TaskGuard {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id.0);
        TaskGuard { id, all: Arc::clone(&self.running) }
    }

    /// Marks the account as trying out an expression. Returns `None` if it already does.
    pub(super) fn start_rule_preview(&self, actor: &str) -> Option<RulePreviewGuard> {
        let started = self.previews.lock().unwrap_or_else(PoisonError::into_inner).insert(actor.to_owned());
        started.then(|| RulePreviewGuard { actor: actor.to_owned(), all: Arc::clone(&self.previews) })
    }

    /// Returns whether the draft is running in this service.
    pub(super) fn is_task_running(&self, id: DraftId) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains(&id.0)
    }

    /// Waits until all tasks have ended.
    pub(super) async fn wait_until_done(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
