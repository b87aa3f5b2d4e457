//! Audit log: all runs, newest first, with the state before and after each manual change.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::Result;
use crate::param::params;
use crate::runs::hold_state::fill_hold_states;
use crate::runs::{Run, run_columns};
use crate::sql::list_statements;
use crate::transaction::Tx;

/// A run, with what it found and what it left.
#[derive(Debug, Clone, Serialize, sqlx_macros::FromRow, utoipa::ToSchema)]
#[schema(as = Record)]
pub struct AuditLogEntry {
    /// The run.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub run: Run,
    /// State before a manual change, as JSON; none if the rows of the run show it.
    #[serde(serialize_with = "serialize_json")]
    #[schema(value_type = Option<Object>)]
    pub found: Option<String>,
    /// State after a manual change, as JSON.
    #[serde(serialize_with = "serialize_json")]
    #[schema(value_type = Option<Object>)]
    pub made: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn serialize_json<S: Serializer>(json: &Option<String>, to: S) -> std::result::Result<S::Ok, S::Error> {
    let value = json.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok());
    value.serialize(to)
}

/// A JSON object in words, `key: value` by `key: value`.
fn format_object(json: Option<&str>) -> String {
    let value = json.and_then(|json| serde_json::from_str(json).ok());
    let Some(Value::Object(object)) = value else { return String::new() };
    let pairs =
        object.iter().map(|(key, value)| format!("{}: {}", key.replace('_', " "), format_value(value)));
    pairs.collect::<Vec<_>>().join(", ")
}

fn format_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Array(all) => all.iter().map(format_value).collect::<Vec<_>>().join(" + "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

impl AuditLogEntry {
    /// Description of the state before the change; empty if the rows of the run show it.
    #[must_use]
    pub fn before(&self) -> String {
        format_object(self.found.as_deref())
    }

    /// Description of the state after the change.
    #[must_use]
    pub fn after(&self) -> String {
        format_object(self.made.as_deref())
    }
}

/// Selection of runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditLogFilter<'a> {
    /// The kind; empty for every one.
    pub kind: &'a str,
    /// The connector's name; empty for every one, and for runs without one.
    pub connector: &'a str,
    /// Status; empty for all.
    pub status: &'a str,
    /// Only runs of a connector.
    pub of_connectors: bool,
    /// Actor; empty for all.
    pub actor: &'a str,
    /// Only those that began then or later.
    pub since: DateTime<Utc>,
}

const PAGE: &str = concat!(
    run_columns!(),
    ", r.found, r.made FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id
    WHERE ($1 = '' OR r.kind = $1) AND ($2 = '' OR c.name = $2) AND ($3 = '' OR r.status = $3)
      AND ($4 = 0 OR r.connector_id IS NOT NULL) AND ($5 = '' OR r.actor = $5) AND r.started_at >= $6
      AND ($7 = 0 OR r.id < $7)
    ORDER BY r.id DESC LIMIT $8"
);

/// A page of runs, newest first, from the one before `before` on; from the newest where that is 0.
pub async fn list(
    tx: &mut Tx,
    find: AuditLogFilter<'_>,
    before: i64,
    limit: i64,
) -> Result<Vec<AuditLogEntry>> {
    let of_connectors = i64::from(find.of_connectors);
    let AuditLogFilter { kind, connector, status, actor, since, .. } = find;
    let args = params![kind, connector, status, of_connectors, actor, since, before, limit];
    tx.fetch_all("list changes", PAGE, args).await
}

const SINCE: &str = concat!(
    run_columns!(),
    ", r.found, r.made FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id
    WHERE r.started_at >= $1 ORDER BY r.id"
);

/// Every run since an instant, oldest first.
pub async fn list_since(tx: &mut Tx, instant: DateTime<Utc>) -> Result<Vec<AuditLogEntry>> {
    tx.fetch_all("read the record of changes", SINCE, params![instant]).await
}

const ONE: &str = concat!(
    run_columns!(),
    ", r.found, r.made FROM runs r LEFT JOIN connectors c ON c.id = r.connector_id WHERE r.id = $1"
);

/// One run, with what became of the changes that it held.
pub async fn get(tx: &mut Tx, run: i64) -> Result<Option<AuditLogEntry>> {
    let mut found: Option<AuditLogEntry> = tx.fetch_optional("read a change", ONE, params![run]).await?;
    if let Some(entry) = &mut found {
        fill_hold_states(tx, std::slice::from_mut(&mut entry.run)).await?;
    }
    Ok(found)
}

list_statements!(PAGE, SINCE, ONE);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_found_reads_as_words() {
        assert_eq!(
            format_object(Some(r#"{"email":"a@b.c","link_until":null}"#)),
            "email: a@b.c, link until: none"
        );
        assert_eq!(
            format_object(Some(r#"{"to":["Sales","R&D"],"members":2}"#)),
            "members: 2, to: Sales + R&D"
        );
        assert_eq!(format_object(None), "");
    }
}
