//! A heartbeat within one process: one task records it, another reads its age.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

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
