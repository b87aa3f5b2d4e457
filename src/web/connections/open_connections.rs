//! Open connections, in the order in which they were opened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::connection_activity::ConnectionActivity;

/// The open connections of the web server.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenConnections(Arc<Mutex<ConnectionList>>);

#[derive(Debug, Default)]
struct ConnectionList {
    opened: u64,
    open: BTreeMap<u64, (ConnectionActivity, CancellationToken)>,
}

/// A connection in the list. It leaves the list when it is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection {
    connections: OpenConnections,
    number: u64,
    /// What the connection does.
    pub activity: ConnectionActivity,
    /// Is cancelled when the connection must make way.
    pub end: CancellationToken,
}

impl OpenConnections {
    fn list(&self) -> MutexGuard<'_, ConnectionList> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection.
    pub(super) fn enter(&self) -> OpenConnection {
        let (activity, end) = (ConnectionActivity::default(), CancellationToken::new());
        let mut list = self.list();
        list.opened += 1;
        let number = list.opened;
        list.open.insert(number, (activity.clone(), end.clone()));
        OpenConnection { connections: self.clone(), number, activity, end }
    }

    /// Number of connections.
    pub(super) fn count(&self) -> usize {
        self.list().open.len()
    }

    /// Ends the oldest connection.
    pub(super) fn end_oldest(&self) {
        let list = self.list();
        if let Some((_, end)) = list.open.values().find(|(_, end)| !end.is_cancelled()) {
            end.cancel();
        }
    }

    /// Ends the oldest connection that waits for its client: for a request, its header or its body. Returns false if there is
    /// none.
    pub(super) fn end_oldest_waiting(&self) -> bool {
        let list = self.list();
        let mut waiting =
            list.open.values().filter(|(activity, end)| !end.is_cancelled() && activity.waits_for_client());
        match waiting.next() {
            Some((_, end)) => {
                end.cancel();
                true
            }
            None => false,
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.list().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_connection_that_waits_for_its_client_ends() {
        let connections = OpenConnections::default();
        let [answered, silent, uploading, idle] = [(); 4].map(|()| connections.enter());
        let _request = answered.activity.begin_request(false);
        let request = uploading.activity.begin_request(true);
        drop(idle.activity.begin_request(false));
        let ended = || [&answered, &silent, &uploading, &idle].map(|one| one.end.is_cancelled());
        assert!(connections.end_oldest_waiting());
        assert_eq!(ended(), [false, true, false, false]);
        assert!(connections.end_oldest_waiting());
        assert_eq!(ended(), [false, true, true, false]);
        assert!(connections.end_oldest_waiting());
        assert_eq!(ended(), [false, true, true, true]);
        assert!(!connections.end_oldest_waiting(), "a request is completed");
        assert_eq!(ended(), [false, true, true, true]);
        connections.end_oldest();
        assert_eq!(ended(), [true; 4]);
        drop(request);
        drop((answered, silent, uploading, idle));
        assert!(connections.list().open.is_empty());
    }
}
