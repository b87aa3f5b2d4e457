//! A heartbeat within one process: one task records it, another reads its age.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// The time of the last heartbeat; shared by all clones.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat {
    /// Microseconds since 1970; 0 before the first beat.
    last: Arc<AtomicI64>,
}

impl Heartbeat {
    /// Records a heartbeat.
    pub fn beat(&self, now: DateTime<Utc>) {
        self.last.store(now.timestamp_micros(), Ordering::Relaxed);
    }

    /// Returns the age of the last heartbeat; `None` before the first one.
    #[must_use]
    pub fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let last = self.last.load(Ordering::Relaxed);
        DateTime::from_timestamp_micros(last).filter(|_| last != 0).map(|last| now - last)
    }
}

/// Signs of life of the parts of a service, for its readiness check.
#[derive(Debug, Clone, Default)]
pub struct ServiceVitals {
    /// Beaten by the scheduler on each pass.
    pub scheduler: Heartbeat,
    /// Beaten by each worker whenever it has looked for jobs or finished a batch.
    pub workers: Heartbeat,
    /// Connectors whose scheduled runs are in progress here, and since when.
    pub runs: RunsInProgress,
}

/// The scheduled runs in progress; shared by all clones.
#[derive(Debug, Clone, Default)]
pub struct RunsInProgress {
    since: Arc<Mutex<BTreeMap<String, DateTime<Utc>>>>,
}

impl RunsInProgress {
    /// Records that a connector's run has begun.
    pub fn begin(&self, connector: &str, now: DateTime<Utc>) {
        self.lock().insert(connector.to_owned(), now);
    }

    /// Records that a connector's run has ended.
    pub fn end(&self, connector: &str) {
        self.lock().remove(connector);
    }

    /// Returns true if a run of the connector is in progress.
    #[must_use]
    pub fn contains(&self, connector: &str) -> bool {
        self.lock().contains_key(connector)
    }

    /// Returns the connector whose run began first, and when.
    #[must_use]
    pub fn oldest(&self) -> Option<(String, DateTime<Utc>)> {
        self.lock().iter().min_by_key(|(_, since)| **since).map(|(name, since)| (name.clone(), *since))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, DateTime<Utc>>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_is_as_old_as_its_last_beat_for_every_clone() {
        let (pulse, now) = (Heartbeat::default(), DateTime::UNIX_EPOCH + TimeDelta::days(1));
        assert_eq!(pulse.age(now), None);
        pulse.clone().beat(now - TimeDelta::seconds(3));
        assert_eq!(pulse.age(now).map(|age| age.num_seconds()), Some(3));
    }
}
