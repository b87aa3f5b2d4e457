//! Members of groups, and who is kept out of them.

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::body::Body;
use super::groups::{expected, find};
use super::problem::Problem;
use super::query::{NO_DAY, Number, Page, Query, day};
use super::tag::IfMatch;
use super::{Answer, Change};
use crate::accounts::Principal;
use crate::groups::{self, Keep, Who};
use crate::model::words::count;
use crate::report;
use crate::store::listing::{exclusions as kept_out, members as listing};
use crate::store::memberships::Exclusion;
use crate::web::Web;
use crate::web::cursor::Cursor;

/// Learners, by what they are called or by their numbers.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a list of addresses, or a list of learners' numbers")]
pub(super) enum People {
    Called(Vec<String>),
    Numbers(Vec<i64>),
}

impl Default for People {
    fn default() -> Self {
        Self::Called(Vec::new())
    }
}

impl PartialSchema for People {
    fn schema() -> RefOr<Schema> {
        let list = |of: Type| ArrayBuilder::new().items(ObjectBuilder::new().schema_type(of));
        AnyOfBuilder::new()
            .description(Some("Addresses, former addresses or `CONNECTOR:ID`; or learners' numbers."))
            .item(list(Type::String))
            .item(list(Type::Integer))
            .into()
    }
}

impl ToSchema for People {}

impl People {
    pub fn who(&self) -> Who<'_> {
        match self {
            Self::Called(texts) => Who::Called(texts),
            Self::Numbers(numbers) => Who::Numbers(numbers.clone()),
        }
    }

    fn in_words(&self) -> String {
        let many = match self {
            Self::Called(texts) => texts.len(),
            Self::Numbers(numbers) => numbers.len(),
        };
        count(many as u64, "learner", "learners")
    }
}

/// Whom to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMembers)]
pub(super) struct Add {
    /// Whom.
    members: People,
}

/// Whom to remove.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RemovedMembers)]
pub(super) struct Remove {
    /// Whom.
    members: People,
    /// Why, for whoever asks later.
    #[schema(max_length = 500)]
    because: Option<String>,
    /// The last day on which rules are kept from giving it back; without it, for as long as nobody lifts it.
    #[schema(format = Date)]
    until: Option<String>,
}

/// Whom to let in again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LiftedExclusion)]
pub(super) struct Lift {
    /// An address, a former one, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    email: String,
}

/// A member of a group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupMember)]
pub(super) struct Member {
    /// The learner's number.
    id: i64,
    /// The address, or what stands for it.
    email: String,
    /// The name.
    name: String,
    /// `upcoming`, `active`, `leave` or `left`.
    status: String,
    /// `manual`, or `rule:NAME`; none for who waits to have access.
    reasons: Vec<String>,
    /// The day of joining; none for who waits to have access.
    joined_on: Option<NaiveDate>,
}

pub(super) async fn list(
    State(web): State<Web>,
    Number(id): Number,
    query: Query,
    _: Principal,
) -> Answer<Page<Member>> {
    let query = query.only(&["q", "after", "limit"])?;
    let place = query.place()?;
    let mut tx = web.store.read().await?;
    let group = find(&mut tx, id).await?;
    let text = query.text("q").unwrap_or_default();
    let mut rows = listing::page(&mut tx, group.id, text, place.from()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.name_folded.clone(), id: row.id });
    let reasons = listing::reasons(&mut tx, group.id, rows.iter().map(|row| row.id).collect()).await?;
    let item = |row: listing::Row| {
        let of = reasons.iter().filter(|(learner, ..)| *learner == row.id);
        Member {
            id: row.id,
            reasons: of.map(|(_, rule, name)| report::reason(*rule, name)).collect(),
            email: row.email,
            name: row.name,
            status: row.status,
            joined_on: row.joined_on,
        }
    };
    Ok(Json(Page { items: rows.into_iter().map(item).collect(), next }))
}

fn in_members(error: groups::Error) -> Problem {
    Problem::from(error).about("members")
}

pub(super) async fn add(
    State(web): State<Web>,
    Number(id): Number,
    expects: IfMatch,
    who: Principal,
    Body(add): Body<Add>,
) -> Answer<report::Changed> {
    let (group, which) = expected(&web, id, &expects).await?;
    let about = web.about(&who, format!("add {} to group `{}`", add.members.in_words(), group.name));
    let done = groups::add(&web.store, &about, web.when(), which, add.members.who()).await;
    Ok(Json(report::Changed::from(&done.map_err(in_members)?)))
}

pub(super) async fn remove(
    State(web): State<Web>,
    Number(id): Number,
    expects: IfMatch,
    who: Principal,
    Body(remove): Body<Remove>,
) -> Answer<report::Changed> {
    let until = match &remove.until {
        None => None,
        Some(text) => Some(day(text).ok_or_else(|| Problem::invalid("until", NO_DAY))?),
    };
    let (group, which) = expected(&web, id, &expects).await?;
    let because = remove.because.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let keep = Keep { reason: because.unwrap_or(Keep::default().reason), until };
    let about = web.about(&who, format!("remove {} from group `{}`", remove.members.in_words(), group.name));
    let done = groups::remove(&web.store, &about, web.when(), which, remove.members.who(), keep).await;
    Ok(Json(report::Changed::from(&done.map_err(in_members)?)))
}

pub(super) async fn lift(
    State(web): State<Web>,
    Number(id): Number,
    expects: IfMatch,
    who: Principal,
    Body(lift): Body<Lift>,
) -> Answer<Change> {
    let (group, which) = expected(&web, id, &expects).await?;
    let email = lift.email.trim();
    let about = web.about(&who, format!("lift the exclusion of `{email}` from group `{}`", group.name));
    let done = groups::lift(&web.store, &about, web.when(), which, email).await?;
    let words = format!("`{email}` may be in `{}` again; the next sync decides", group.name);
    Ok(Json(Change::new(Some(&done), words)))
}

pub(super) async fn exclusions(
    State(web): State<Web>,
    query: Query,
    _: Principal,
) -> Answer<Page<Exclusion>> {
    let place = query.only(&["after", "limit"])?.place()?;
    let mut tx = web.store.read().await?;
    let mut rows = kept_out::page(&mut tx, place.from()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.name_folded.clone(), id: row.learner_id });
    let item = |row: kept_out::Row| Exclusion {
        group: row.name,
        email: row.email,
        reason: row.reason,
        actor: row.actor,
        until: row.until,
    };
    Ok(Json(Page { items: rows.into_iter().map(item).collect(), next }))
}
