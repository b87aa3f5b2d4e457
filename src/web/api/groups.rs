//! Groups.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::members::People;
use super::problem::Problem;
use super::query::{Number, Page, Query};
use super::tag::{self, IfMatch};
use super::{Answer, Change};
use crate::accounts::Principal;
use crate::groups::{self, Meant, Which};
use crate::model::ids::{GroupId, RunId};
use crate::model::names::{GroupName, fold};
use crate::report::{self, Assigned};
use crate::store::Tx;
use crate::store::groups::Group;
use crate::store::listing::assignments;
use crate::store::listing::groups::{self as listing, Sort};
use crate::web::Web;
use crate::web::cursor::Cursor;

/// A group to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    /// The name, unique whatever the case.
    #[schema(max_length = 200, pattern = r"\S")]
    name: String,
    /// Who is in it.
    #[serde(default)]
    members: People,
}

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewName {
    /// The name, unique whatever the case.
    #[schema(max_length = 200, pattern = r"\S")]
    name: String,
}

/// A group to be restored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restore {
    /// The name that it had.
    #[schema(max_length = 200, pattern = r"\S")]
    name: String,
}

/// A group and its courses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupShown)]
pub(super) struct Shown {
    /// The number.
    id: i64,
    /// The name.
    name: String,
    /// How many learners are in it.
    members: i64,
    /// The rules that feed it.
    rules: Vec<String>,
    /// The courses that are assigned to it.
    assignments: Vec<Assigned>,
}

/// The group of an address.
pub(super) async fn find(tx: &mut Tx, id: i64) -> Result<Group, Problem> {
    Ok(groups::find(tx, GroupId(id)).await?)
}

/// The group of an address, as it is expected to be; and what to call it by.
pub(super) async fn expected(
    web: &Web,
    id: i64,
    expects: &IfMatch,
) -> Result<(Group, Which<'static>), Problem> {
    let mut tx = web.store.read().await?;
    let group = find(&mut tx, id).await?;
    let which = Which::from(GroupId(id));
    let seen = match expects.expects(&tag::of_run(group.changed_run_id.0)) {
        None => None,
        Some(true) => Some(group.changed_run_id),
        // Of no run: refused with who has changed it.
        Some(false) => Some(RunId(-1)),
    };
    let which = which.seen(seen);
    groups::find(&mut tx, which).await?;
    Ok((group, which))
}

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<report::Group>> {
    let query = query.only(&["q", "after", "limit"])?;
    let place = query.place()?;
    let mut tx = web.store.read().await?;
    let text = fold(query.text("q").unwrap_or_default());
    let mut rows = listing::page(&mut tx, &text, Sort::Name, place.from()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.name_folded.clone(), id: row.id.0 });
    let rules = listing::rules(&mut tx, rows.iter().map(|row| row.id.0).collect()).await?;
    let item = |row: listing::Row| report::Group {
        id: row.id.0,
        name: row.name,
        members: row.members,
        rules: rules.iter().filter(|(of, _)| *of == row.id).map(|(_, rule)| rule.clone()).collect(),
        assignments: row.courses,
    };
    Ok(Json(Page { items: rows.into_iter().map(item).collect(), next }))
}

pub(super) async fn create(
    State(web): State<Web>,
    who: Principal,
    Body(new): Body<NewGroup>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Change>), Problem> {
    let name = new.name.trim();
    let about = web.about(&who, format!("create group `{name}`"));
    let made = groups::create(&web.store, &about, web.when(), name, new.members.who()).await;
    let (id, done) = made.map_err(|error| match error {
        error @ groups::Error::NoLearner { .. } => Problem::from(error).about("members"),
        error => error.into(),
    })?;
    let change = Change { id: Some(id.0), ..Change::new(Some(&done), format!("made `{name}`")) };
    let place = [(header::LOCATION, format!("/api/v1/groups/{id}"))];
    Ok((StatusCode::CREATED, place, Json(change)))
}

pub(super) async fn restore(
    State(web): State<Web>,
    who: Principal,
    Body(restore): Body<Restore>,
) -> Answer<Change> {
    let name = restore.name.trim();
    let about = web.about(&who, format!("restore group `{name}`"));
    let done = groups::restore(&web.store, &about, web.when(), name).await?;
    Ok(Json(Change::new(Some(&done), format!("restored `{name}`"))))
}

pub(super) async fn show(
    State(web): State<Web>,
    Number(id): Number,
    _: Principal,
) -> Result<([(HeaderName, String); 1], Json<Shown>), Problem> {
    let mut tx = web.store.read().await?;
    let group = find(&mut tx, id).await?;
    let rules = listing::rules(&mut tx, vec![id]).await?;
    let assigned = assignments::of_group(&mut tx, group.id).await?;
    let assigned =
        assigned.iter().map(|row| Assigned::new(&row.code, row.due(), row.late_days(), &row.source));
    let shown = Shown {
        id,
        name: group.name,
        members: group.members,
        rules: rules.into_iter().map(|(_, rule)| rule).collect(),
        assignments: assigned.collect(),
    };
    Ok((tag::etag(tag::of_run(group.changed_run_id.0)), Json(shown)))
}

pub(super) async fn rename(
    State(web): State<Web>,
    Number(id): Number,
    expects: IfMatch,
    who: Principal,
    Body(new): Body<NewName>,
) -> Result<([(HeaderName, String); 1], Json<Change>), Problem> {
    let name = new.name.trim();
    // What can be no name is refused whatever the group has become meanwhile.
    GroupName::parse(name).map_err(groups::Error::from)?;
    let (group, which) = expected(&web, id, &expects).await?;
    let about = web.about(&who, format!("rename group `{}` to `{name}`", group.name));
    let done = groups::rename(&web.store, &about, web.when(), which, name).await?;
    let change = Change::new(Some(&done), format!("renamed `{}` to `{name}`", group.name));
    Ok((tag::etag(tag::of_run(done.run.0)), Json(change)))
}

pub(super) async fn delete(
    State(web): State<Web>,
    Number(id): Number,
    query: Query,
    expects: IfMatch,
    who: Principal,
) -> Answer<Change> {
    let query = query.only(&["name"])?;
    let (group, which) = expected(&web, id, &expects).await?;
    let about = web.about(&who, format!("delete group `{}`", group.name));
    let config = web.config();
    let meant = Meant::Named(query.text("name").map(str::trim), &config.safety);
    let done = groups::delete(&web.store, &about, web.when(), which, meant).await?;
    Ok(Json(Change::new(Some(&done), format!("deleted `{}`", group.name))))
}
