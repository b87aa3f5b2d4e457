//! Template filters.
#![expect(unreachable_pub, reason = "the attribute macro writes `pub`")]
#![expect(
    clippy::inline_always,
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "so the templates' library wants it"
)]

use std::fmt::Display;

use rollcall_model::format;

/// Formats a number with thousands separators.
#[askama::filter_fn]
pub fn thousands(value: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
    let text = value.to_string();
    Ok(text.parse().map_or(text, format::thousands))
}
