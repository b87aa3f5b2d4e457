//! What goes on behind the pages: runs and previews that somebody started and does not wait for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::task::TaskTracker;

use crate::connectors::Progress;
use crate::model::ids::RunId;

/// Work that goes on after its page is answered. The service ends when all of it has.
#[derive(Debug, Clone, Default)]
pub struct Behind {
    tasks: TaskTracker,
    reading: Arc<Mutex<HashMap<i64, Progress>>>,
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

    /// Waits until all of it has ended.
    pub(super) async fn end(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
