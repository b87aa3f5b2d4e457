//! The message of a panic.

use std::any::Any;

/// Returns the text that a panic carries.
#[must_use]
pub fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_both_kinds_of_panic_is_found() {
        for (panic, text) in [
            (std::panic::catch_unwind(|| panic!("plain")), "plain"),
            (std::panic::catch_unwind(|| panic!("{} of {}", 1, 2)), "1 of 2"),
            (std::panic::catch_unwind(|| std::panic::panic_any(7)), "no message"),
        ] {
            let panic: Result<(), _> = panic;
            assert_eq!(message(&*panic.expect_err("it panics")), text);
        }
    }
}
