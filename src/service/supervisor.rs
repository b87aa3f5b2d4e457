//! Supervision of the service's tasks: one that ends before the service stops ends the service.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tracing::error;

/// Name of a task, as log lines and the readiness check show it.
pub type TaskName = &'static str;

/// A task that ended although the service was not told to stop.
#[derive(Debug)]
pub struct EndedTask {
    /// The task.
    pub name: TaskName,
    /// The message of its panic; `None` if it returned.
    pub panic: Option<String>,
}

impl fmt::Display for EndedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.panic {
            Some(message) => write!(f, "the task `{}` panicked: {message}", self.name),
            None => write!(f, "the task `{}` ended", self.name),
        }
    }
}

/// The tasks of a service by their names.
#[derive(Debug, Default)]
pub(crate) struct SupervisedTasks {
    set: JoinSet<()>,
    names: HashMap<Id, TaskName>,
}

impl SupervisedTasks {
    /// Starts a task that is expected to run until the service stops.
    pub(crate) fn spawn(&mut self, name: TaskName, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.set.spawn(task).id();
        self.names.insert(id, name);
    }

    /// Waits for the next task that ends; never returns if all have ended.
    pub(crate) async fn wait_for_end(&mut self) -> EndedTask {
        match self.set.join_next_with_id().await {
            Some(Ok((id, ()))) => EndedTask { name: self.take_name(id), panic: None },
            Some(Err(failure)) => {
                EndedTask { name: self.take_name(failure.id()), panic: Some(panic_message(failure)) }
            }
            None => std::future::pending().await,
        }
    }

    /// Waits until every task has ended. Returns false if `timeout` passes first.
    pub(crate) async fn wait_for_all(mut self, timeout: Duration) -> bool {
        let all = async {
            while let Some(ended) = self.set.join_next_with_id().await {
                if let Err(failure) = ended {
                    let name = self.take_name(failure.id());
                    error!(
                        task = name,
                        panic = panic_message(failure),
                        "a task panicked while the service stopped"
                    );
                }
            }
        };
        tokio::time::timeout(timeout, all).await.is_ok()
    }

    fn take_name(&mut self, id: Id) -> TaskName {
        self.names.remove(&id).unwrap_or("unnamed")
    }
}

/// The message of a panic, or that the task was cancelled.
fn panic_message(failure: JoinError) -> String {
    match failure.try_into_panic() {
        Ok(panic) => rollcall_model::panic::message(&*panic),
        Err(cancelled) => cancelled.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn task_that_ends_or_panics_is_reported_by_its_name() {
        let mut tasks = SupervisedTasks::default();
        tasks.spawn("endless", std::future::pending());
        tasks.spawn("worker", async { panic!("no more jobs") });
        let ended = tasks.wait_for_end().await;
        assert_eq!(ended.to_string(), "the task `worker` panicked: no more jobs");
        tasks.spawn("scheduler", async {});
        assert_eq!(tasks.wait_for_end().await.to_string(), "the task `scheduler` ended");
        assert!(!tasks.wait_for_all(Duration::ZERO).await, "one task never ends");
    }
}
