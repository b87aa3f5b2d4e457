//! Threads that compute password hashes.
//!
//! A hash takes 19 MiB of memory. Each thread keeps its blocks for the next hash, so that the memory of the process does
//! not grow with the number of sign-ins. Work waits in a queue of bounded length.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use argon2::{Argon2, Block, Params};
use tokio::sync::oneshot;

use crate::accounts::{AccountError, Result};
use rollcall_model::resource_limits::ResourceLimit;

/// Memory that a thread keeps between two hashes.
pub(super) struct HashingMemory {
    blocks: Vec<Block>,
}

impl HashingMemory {
    /// Computes the Argon2id hash of a password into `out`.
    pub(super) fn compute(
        &mut self,
        params: Params,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        let count = params.block_count();
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::default());
        }
        Argon2::from(params)
            .hash_password_into_with_memory(password, salt, out, &mut self.blocks[..count])
            .map_err(|_| AccountError::CryptoFailure)
    }
}

type HashingJob = Box<dyn FnOnce(&mut HashingMemory) + Send>;

/// Threads that take work from one queue.
pub(super) struct PasswordThreads {
    queue: SyncSender<HashingJob>,
}

/// The threads of this process.
pub(super) static PASSWORD_THREADS: LazyLock<PasswordThreads> = LazyLock::new(|| {
    let size = |limit: ResourceLimit| usize::try_from(limit.default_value()).unwrap_or(1);
    PasswordThreads::start(size(ResourceLimit::PasswordThreads), size(ResourceLimit::WaitingPasswords))
});

impl PasswordThreads {
    /// Starts the threads. At most `waiting` jobs wait for one of them.
    pub(super) fn start(threads: usize, waiting: usize) -> Self {
        let (queue, jobs) = sync_channel::<HashingJob>(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads {
            let jobs = Arc::clone(&jobs);
            let name = format!("password-{number}");
            if let Err(error) = std::thread::Builder::new().name(name).spawn(move || work(&jobs)) {
                tracing::error!(%error, "could not start a thread for passwords");
            }
        }
        Self { queue }
    }

    /// Runs work on one of the threads.
    ///
    /// # Errors
    /// [`AccountError::Busy`] if too much work waits.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut HashingMemory) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, done) = oneshot::channel();
        // The receiver is gone if the request was cancelled; the result is not needed then.
        let job: HashingJob = Box::new(move |memory| drop(answer.send(task(memory))));
        match self.queue.try_send(job) {
            Ok(()) => done.await.map_err(|_| AccountError::CryptoFailure)?,
            Err(TrySendError::Full(_)) => {
                ResourceLimit::WaitingPasswords.record_reached();
                Err(AccountError::Busy)
            }
            Err(TrySendError::Disconnected(_)) => Err(AccountError::CryptoFailure),
        }
    }
}

fn work(jobs: &Mutex<Receiver<HashingJob>>) {
    let mut memory = HashingMemory { blocks: Vec::new() };
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A panic of one job does not end the thread.
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(&mut memory)));
        if ended.is_err() {
            tracing::error!("the check of a password panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::sync::mpsc::channel;
    use std::task::{Context, Waker};

    use super::*;

    /// Work beyond the bound of the queue is refused, and the rest is done.
    #[tokio::test]
    async fn work_beyond_the_bound_is_refused() {
        let threads = Arc::new(PasswordThreads::start(1, 2));
        let (release, held) = channel::<()>();
        let (started, begun) = channel::<()>();
        let mut running = Vec::new();
        let first = Arc::clone(&threads);
        running.push(tokio::spawn(async move {
            first
                .run(move |_| {
                    started.send(()).expect("a receiver");
                    held.recv().map_err(|_| AccountError::CryptoFailure)
                })
                .await
        }));
        tokio::task::spawn_blocking(move || begun.recv()).await.expect("a thread").expect("the first began");
        // Polled once each, so that both are in the queue.
        let idle = |_: &mut HashingMemory| Ok(());
        let mut waiting = [Box::pin(threads.run(idle)), Box::pin(threads.run(idle))];
        for one in &mut waiting {
            assert!(one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(matches!(threads.run(|_| Ok(())).await, Err(AccountError::Busy)));
        release.send(()).expect("a receiver");
        for one in running {
            one.await.expect("no panic").expect("done");
        }
        for one in waiting {
            one.await.expect("done");
        }
    }

    /// A thread keeps its memory for the next hash.
    #[tokio::test]
    async fn memory_is_kept_for_the_next_hash() {
        let threads = PasswordThreads::start(1, 2);
        let hash = async || {
            threads
                .run(|memory| {
                    let mut out = [0; 32];
                    memory.compute(Params::default(), b"correct horse", b"salt salt salt", &mut out)?;
                    Ok((out, memory.blocks.as_ptr() as usize))
                })
                .await
                .expect("a hash")
        };
        let first = hash().await;
        assert_eq!(first, hash().await);
    }

    /// A panic of one job does not end the thread.
    #[tokio::test]
    async fn panic_of_a_job_leaves_the_thread() {
        let threads = PasswordThreads::start(1, 2);
        let ended: Result<()> = threads.run(|_| panic!("a job that panics")).await;
        assert!(matches!(ended, Err(AccountError::CryptoFailure)));
        threads.run(|_| Ok(())).await.expect("the thread goes on");
    }
}
