//! Template filters.
#![expect(unreachable_pub, reason = "the attribute macro writes `pub`")]
#![expect(
    clippy::inline_always,
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "so the templates' library wants it"
)]

use std::fmt::Display;

use askama::filters::Safe;
use chrono::NaiveDate;

use rollcall_model::format;

/// Formats a number with thousands separators.
#[askama::filter_fn]
pub fn thousands(value: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
    let text = value.to_string();
    Ok(text.parse().map_or(text, format::thousands))
}

/// Formats a day, such as `28 Nov 2026`.
#[askama::filter_fn]
pub fn day(value: &NaiveDate, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
    Ok(Safe(format!("<time datetime=\"{value}\">{}</time>", value.format("%-d %b %Y"))))
}
