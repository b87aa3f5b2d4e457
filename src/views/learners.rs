//! Learners.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::split_lines;
use rollcall_model::ids::LearnerId;
use rollcall_store::learners::{self as table, LearnerSummary};
use rollcall_store::suspensions::{self, Suspension};
use rollcall_store::{Result, Tx};

/// A learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Learner)]
pub struct LearnerView {
    /// The number.
    pub id: i64,
    /// The e-mail address, or `CONNECTOR:ID`.
    pub email: String,
    /// The name.
    pub name: String,
    /// `upcoming`, `active`, `leave`, `left` or `suspended`.
    pub status: String,
    /// The department.
    pub department: String,
    /// The location.
    pub location: String,
    /// The role.
    pub role: String,
    /// The groups, by name.
    pub groups: Vec<String>,
}

impl From<&LearnerSummary> for LearnerView {
    fn from(one: &LearnerSummary) -> Self {
        Self {
            id: one.id,
            email: one.email.clone(),
            name: one.name.clone(),
            status: one.status.to_string(),
            department: one.department.clone(),
            location: one.location.clone(),
            role: one.role.clone(),
            groups: split_lines(&one.groups),
        }
    }
}

/// A learner with all details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Known)]
pub struct LearnerDetailsView {
    /// The learner.
    #[serde(flatten)]
    pub learner: LearnerView,
    /// Every attribute with a value: text, or a list of texts.
    #[schema(value_type = Object)]
    pub attributes: Map<String, Value>,
    /// The first day.
    pub start_date: Option<NaiveDate>,
    /// The last day.
    pub end_date: Option<NaiveDate>,
    /// True if another learner has the e-mail address.
    pub contested: bool,
    /// The suspension by hand that is in force.
    pub suspension: Option<SuspensionView>,
}

/// A suspension by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Suspension)]
pub struct SuspensionView {
    /// The run that suspended the learner.
    pub run: i64,
    /// The time of the suspension.
    pub at: DateTime<Utc>,
    /// The actor.
    pub actor: String,
}

impl From<Suspension> for SuspensionView {
    fn from(one: Suspension) -> Self {
        Self { run: one.run_id.0, at: one.started_at, actor: one.actor }
    }
}

/// Loads a learner with all details; `None` if the learner does not exist.
pub async fn load_learner_details(tx: &mut Tx, id: LearnerId) -> Result<Option<LearnerDetailsView>> {
    let Some(summary) = table::list(tx, Some(id)).await?.into_iter().next() else { return Ok(None) };
    let details = table::get_details(tx, id).await?;
    Ok(Some(LearnerDetailsView {
        learner: LearnerView::from(&summary),
        attributes: serde_json::from_str(&details.attributes).unwrap_or_default(),
        start_date: details.start_date,
        end_date: details.end_date,
        contested: details.email_contested.is_some(),
        suspension: suspensions::find_in_force(tx, id).await?.map(SuspensionView::from),
    }))
}
