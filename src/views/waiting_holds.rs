//! The view of what waits for a decision.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use rollcall_store::listing::waiting_holds;
use rollcall_store::{Result, Tx};

/// The changes that wait for a decision, and that one run showed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingHoldView {
    /// The run.
    pub run: i64,
    /// The connector.
    pub connector: String,
    /// When the first of the changes was held.
    pub since: DateTime<Utc>,
    /// The number of people.
    pub learners: i64,
    /// The number of memberships that are added or removed.
    pub memberships: i64,
    /// The number of enrollments.
    pub enrollments: i64,
    /// The causes; the limits that were reached if no cause is known.
    pub causes: Vec<String>,
}

/// Loads everything that waits for a decision.
///
/// # Errors
/// If the database fails.
pub async fn list_waiting_holds(tx: &mut Tx) -> Result<Vec<WaitingHoldView>> {
    let all = waiting_holds::list(tx).await?;
    Ok(all
        .into_iter()
        .map(|hold| WaitingHoldView {
            causes: list_causes(&hold.guard),
            run: hold.run,
            connector: hold.connector,
            since: hold.since,
            learners: hold.learners,
            memberships: hold.memberships,
            enrollments: hold.enrollments,
        })
        .collect())
}

fn list_causes(guard: &str) -> Vec<String> {
    let guard: Value = serde_json::from_str(guard).unwrap_or_default();
    let texts = |list: &Value, text: fn(&Value) -> &Value| -> Vec<String> {
        let entries = list.as_array().into_iter().flatten();
        entries.filter_map(|entry| text(entry).as_str().map(str::to_owned)).collect()
    };
    let causes = texts(&guard["causes"], |cause| cause);
    if causes.is_empty() { texts(&guard["reasons"], |reason| &reason["message"]) } else { causes }
}
