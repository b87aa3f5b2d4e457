//! The keys of `[limits]`: the bounds of [`ResourceLimit`] that have a range.

use std::sync::LazyLock;

use crate::key_spec::KeySpec;
use crate::value_type::ValueType;
use rollcall_model::resource_limits::ResourceLimit;

pub(super) static LIMIT_KEYS: LazyLock<Vec<KeySpec>> =
    LazyLock::new(|| ResourceLimit::ALL.into_iter().filter_map(limit_key).collect());

/// The key of a bound; none if the bound is fixed.
fn limit_key(limit: ResourceLimit) -> Option<KeySpec> {
    let spec = limit.spec();
    let (least, most) = spec.range?;
    let number = |value| i64::try_from(value).unwrap_or(i64::MAX);
    let value_type = ValueType::Number { least: number(least), most: number(most) };
    // Leaked once in the process: a key is described by constant texts.
    let default: &'static str = spec.default.to_string().leak();
    Some(KeySpec::new("limits", spec.name, value_type, default, spec.about).with_default(default))
}
