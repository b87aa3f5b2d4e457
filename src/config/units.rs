//! Durations and sizes in the notation of the configuration file.

use std::time::Duration;

/// Parses a duration: a whole number and `s`, `m`, `h` or `d`. Zero is not valid.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).filter(|&seconds| seconds > 0).map(Duration::from_secs)
}

/// Parses a size in bytes: a whole number and `B`, `KiB`, `MiB`, `GiB` or `TiB`, or a decimal unit. Zero is not valid.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let bytes = match unit {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        "TB" => 1_000_000_000_000,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(bytes).filter(|&bytes| bytes > 0)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..digits].parse().ok()?;
    Some((number, text[digits..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_number_and_a_unit() {
        assert_eq!(duration("30s"), Some(Duration::from_secs(30)));
        assert_eq!(duration("26 h"), Some(Duration::from_hours(26)));
        assert_eq!(duration("2d"), Some(Duration::from_hours(48)));
        for bad in ["", "30", "s", "-1s", "1.5h", "0s", "1w", "99999999999999999d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_size_has_a_number_and_a_unit() {
        assert_eq!(size("512MiB"), Some(512 << 20));
        assert_eq!(size("1 GB"), Some(1_000_000_000));
        for bad in ["", "512", "512M", "0MiB", "-1MiB", "99999999999TiB"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }
}
