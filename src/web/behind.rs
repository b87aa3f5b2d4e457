//! What goes on behind the pages: runs, previews, approvals and undos that somebody started and does not wait for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::task::TaskTracker;

use crate::connectors::Progress;
use crate::model::ids::{DraftId, RunId};

/// Work that goes on after its page is answered. The service ends when all of it has.
#[derive(Debug, Clone, Default)]
pub struct Behind {
    tasks: TaskTracker,
    reading: Arc<Mutex<HashMap<i64, Progress>>>,
    doing: Arc<Mutex<HashSet<i64>>>,
}

/// Something is being done, until this is dropped.
#[derive(Debug)]
pub(super) struct Doing {
    id: DraftId,
    all: Arc<Mutex<HashSet<i64>>>,
}

impl Drop for Doing {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id.0);
    }
}

impl Behind {
    /// Does something on a thread of its own: planning is work for a processor.
    pub(super) fn begin<F: Future<Output = ()>>(&self, work: impl FnOnce() -> F + Send + 'static) {
        let here = tokio::runtime::Handle::current();
        self.tasks.spawn_blocking(move || here.block_on(work()));
    }

    /// Remembers how far a run has read, until [`Behind::forget`].
    pub(super) fn watch(&self, run: RunId, progress: Progress) {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner).insert(run.0, progress);
    }

    /// A run has ended.
    pub(super) fn forget(&self, run: RunId) {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner).remove(&run.0);
    }

    /// How many people a run of this service has read so far.
    pub(super) fn read(&self, run: RunId) -> Option<u64> {
        let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        reading.get(&run.0).map(Progress::get)
    }

    /// Remembers that this service does what a draft asks for.
    pub(super) fn doing(&self, id: DraftId) -> Doing {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner).insert(id.0);
        Doing { id, all: Arc::clone(&self.doing) }
    }

    /// Whether this service is at it.
    pub(super) fn is_doing(&self, id: DraftId) -> bool {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner).contains(&id.0)
    }

    /// Waits until all of it has ended.
    pub(super) async fn end(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
