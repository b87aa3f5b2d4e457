//! Account status and last day, computed from `userAccountControl` and `accountExpires`.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;
use rollcall_model::source_date::filetime_instant;

/// Status of an account that is enabled and has not expired.
pub const ACTIVE: &str = "active";

/// Status of a disabled account.
pub const DISABLED: &str = "disabled";

/// Status of an expired account.
pub const EXPIRED: &str = "expired";

/// The bit of `userAccountControl` for a disabled account (MS-ADTS 2.2.16).
const ACCOUNT_DISABLED: u32 = 0x2;

/// The last year that fits a date with four digits.
const LAST_YEAR: i32 = 9999;

/// The moment at which an account expires; `None` if the value is 0, the maximum, or not a number.
pub(super) fn expiry(ticks: &str) -> Option<DateTime<Utc>> {
    match ticks.parse().ok()? {
        ..=0 | i64::MAX => None,
        ticks => filetime_instant(ticks),
    }
}

/// The status of an account; empty if `userAccountControl` cannot be read and the account has not expired,
/// because it may be disabled.
pub(super) fn account_status(
    control: Option<&str>,
    expiry: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<&'static str> {
    // The number is signed.
    let control = control.and_then(|number| number.parse::<i32>().ok()).map(i32::cast_unsigned);
    let is_over = expiry.is_some_and(|expiry| expiry <= now);
    match control {
        Some(bits) if bits & ACCOUNT_DISABLED != 0 => Some(DISABLED),
        Some(_) | None if is_over => Some(EXPIRED),
        Some(_) => Some(ACTIVE),
        None => None,
    }
}

/// The last day on which an account can be used, in `zone`. Active Directory's tools show "end of 31 December"
/// and store the following midnight, so the last day is the day of the moment before.
pub(super) fn last_day(expiry: DateTime<Utc>, zone: Tz) -> Option<String> {
    let last = expiry.checked_sub_signed(TimeDelta::microseconds(1))?.with_timezone(&zone).date_naive();
    (last.year() <= LAST_YEAR).then(|| last.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn accounts_that_never_expire_say_so_in_two_ways() {
        for never in ["0", "9223372036854775807", "", "never", "-1"] {
            assert_eq!(expiry(never), None, "{never}");
        }
        assert_eq!(expiry("134116992000000000"), Some(moment("2026-01-01T00:00:00Z")));
        assert_eq!(expiry("1"), Some(moment("1601-01-01T00:00:00Z")));
    }

    #[test]
    fn an_account_is_active_until_it_is_disabled_or_expires() {
        let now = moment("2026-06-01T12:00:00Z");
        let before = Some(moment("2026-06-01T12:00:00Z"));
        let after = Some(moment("2026-06-01T12:00:01Z"));
        assert_eq!(account_status(Some("512"), None, now), Some(ACTIVE));
        assert_eq!(account_status(Some("514"), None, now), Some(DISABLED));
        assert_eq!(account_status(Some("-2147483134"), None, now), Some(DISABLED));
        assert_eq!(account_status(Some("66048"), after, now), Some(ACTIVE));
        assert_eq!(account_status(Some("512"), before, now), Some(EXPIRED));
        assert_eq!(account_status(Some("514"), before, now), Some(DISABLED));
        assert_eq!(account_status(None, before, now), Some(EXPIRED));
        assert_eq!(account_status(None, after, now), None);
    }

    #[test]
    fn the_last_day_is_that_of_the_moment_before_the_end_in_the_companys_zone() {
        let day = |text, zone| last_day(moment(text), zone).expect("a day");
        assert_eq!(day("2026-12-31T23:00:00Z", chrono_tz::Europe::Berlin), "2026-12-31");
        assert_eq!(day("2026-12-31T23:00:00Z", Tz::UTC), "2026-12-31");
        assert_eq!(day("2027-01-01T00:00:00Z", Tz::UTC), "2026-12-31");
        assert_eq!(day("2026-12-31T12:00:00Z", Tz::UTC), "2026-12-31");
        let far = expiry("9223372036854775806").expect("a moment");
        assert_eq!(last_day(far, Tz::UTC), None);
    }
}
