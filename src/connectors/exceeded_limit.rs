//! A bound that a source exceeds.

use std::fmt;

use rollcall_model::format::thousands;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

/// A bound that a source exceeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceededLimit {
    /// The bound.
    pub limit: ResourceLimit,
    /// Its value.
    pub most: u64,
    /// What exceeds the bound, if it is a part of what was attempted.
    pub subject: Option<String>,
}

impl ExceededLimit {
    /// Fails if a number exceeds a bound, and counts that.
    pub(crate) fn check(limit: ResourceLimit, limits: &ResourceLimits, number: u64) -> Result<(), Self> {
        Self::check_value(limit, limits.get(limit), number)
    }

    /// Fails if the size of something exceeds a fixed bound, and counts that.
    pub(crate) fn check_size(limit: ResourceLimit, size: usize) -> Result<(), Self> {
        Self::check_value(limit, limit.default_value(), size as u64)
    }

    /// Fails if a number exceeds the value of a bound, and counts that.
    pub(crate) fn check_value(limit: ResourceLimit, most: u64, number: u64) -> Result<(), Self> {
        if number <= most {
            return Ok(());
        }
        Err(Self::reached(limit, most))
    }

    /// A bound that was just reached; counts that.
    pub(crate) fn reached(limit: ResourceLimit, most: u64) -> Self {
        limit.record_reached();
        Self { limit, most, subject: None }
    }

    /// Names what exceeds the bound.
    pub(crate) fn of(self, subject: impl FnOnce() -> String) -> Self {
        Self { subject: Some(subject()), ..self }
    }
}

impl fmt::Display for ExceededLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.limit.spec();
        write!(f, "exceeds the limit `{}` of {} {}", spec.name, thousands(self.most), spec.unit)
    }
}

impl std::error::Error for ExceededLimit {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that equals the bound is allowed; the next one is refused and counted.
    #[test]
    fn the_bound_itself_is_allowed() {
        let limits = ResourceLimits::default().with(ResourceLimit::ReadingPages, 3);
        let before = ResourceLimit::ReadingPages.times_reached();
        assert_eq!(ExceededLimit::check(ResourceLimit::ReadingPages, &limits, 3), Ok(()));
        let error = ExceededLimit::check(ResourceLimit::ReadingPages, &limits, 4).expect_err("one more");
        assert_eq!(error.to_string(), "exceeds the limit `reading_pages` of 3 pages");
        assert!(ResourceLimit::ReadingPages.times_reached() > before);
    }
}
