//! Groups: the overview, one group, and everything that can be done to it.

pub(super) mod add;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod one;
pub(super) mod remove;
pub(super) mod rename;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::groups::Error;
use crate::model::ids::{GroupId, RunId};
use crate::store::groups::Group;
use crate::store::{Tx, groups};
use crate::web::form::Form;
use crate::web::frame::Fault;
use crate::web::trouble::{Trouble, sentence};

/// The group of an address.
async fn find(tx: &mut Tx, id: i64) -> Result<Group, Trouble> {
    let group = groups::by_number(tx, GroupId(id)).await?;
    group.ok_or_else(|| Trouble::Missing { what: "the group".to_owned() })
}

/// As of which run the page that was sent showed the group.
fn seen(form: &Form) -> Option<RunId> {
    form.number("seen").map(RunId)
}

/// A refusal as a fault of a field; trouble where it is about more than a field.
fn fault(field: &'static str, error: Error) -> Result<Fault, Trouble> {
    match error {
        Error::Store(error) => Err(error.into()),
        Error::GroupGone { .. } => Err(error.into()),
        Error::ChangedSince { name, actor, what, run } => Ok(Fault::new(
            "",
            format!(
                "“{name}” was changed meanwhile by {actor} (run {run}: {what}). Nothing of yours was done; look at it \
                 as it is now, and save again if you still want it."
            ),
        )),
        other => Ok(Fault::new(field, sentence(&other.to_string()))),
    }
}

/// A time of day as people read it, in the file's zone.
pub(super) fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%e %b %Y, %H:%M").to_string().trim_start().to_owned()
}

/// Where the members of a group come from, in words.
fn origin(rules: &[&str], has_by_hand: bool) -> String {
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
