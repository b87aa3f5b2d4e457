//! Group pages: list, detail, creation, changes and deletion.

pub(super) mod add_members;
pub(super) mod create_group;
pub(super) mod delete_group;
pub(super) mod group_detail;
pub(super) mod group_list;
pub(super) mod remove_members;
pub(super) mod rename_group;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::error::{PageError, format_sentence};
use crate::form_data::FormData;
use crate::layout::FieldError;
use rollcall_core::groups::GroupError;
use rollcall_model::ids::{GroupId, RunId};
use rollcall_store::groups::Group;
use rollcall_store::{Tx, groups};

/// Loads the group of the path.
async fn find_group(tx: &mut Tx, id: i64) -> Result<Group, PageError> {
    let group = groups::get(tx, GroupId(id)).await?;
    group.ok_or_else(|| PageError::Missing { what: "the group".to_owned() })
}

/// Returns the run as of which the submitted page showed the group.
fn seen_run(form: &FormData) -> Option<RunId> {
    form.number("seen").map(RunId)
}

/// Converts a refusal to a field error. Other errors become page errors.
fn field_error(field: &'static str, error: GroupError) -> Result<FieldError, PageError> {
    match error {
        GroupError::Store(error) => Err(error.into()),
        GroupError::GroupGone { .. } => Err(error.into()),
        GroupError::ChangedSince { name, actor, what, run } => Ok(FieldError::new(
            "",
            format!(
                "“{name}” was changed by {actor} in the meantime (run {run}: {what}). Your change was not saved. Check \
                 the current state, then save again."
            ),
        )),
        other => Ok(FieldError::new(field, format_sentence(&other.to_string()))),
    }
}

/// Formats a time in the configured time zone.
pub(super) fn format_local_time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %b %Y, %H:%M").to_string()
}

/// Describes the sources of a group's members.
fn format_origin(rules: &[&str], has_by_hand: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    match rules {
        [] => {}
        [one] => parts.push(format!("by rule {one}")),
        many => parts.push(format!("by rules {}", many.join(", "))),
    }
    if has_by_hand {
        parts.push("by hand".to_owned());
    }
    parts.join(", ")
}
