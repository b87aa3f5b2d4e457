//! Unsaved forms of several pages, with the rows selected in them.

use chrono::{DateTime, Utc};

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::transaction::Tx;
use rollcall_model::ids::{AccountId, DraftId};
use rollcall_model::resource_limits::ResourceLimit;

/// A form under way.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct FormDraft {
    /// The number.
    pub id: DraftId,
    /// Kind of the form.
    pub kind: String,
    /// The answers so far, as a JSON object.
    pub answers: String,
}

const FIND: &str = "SELECT id, kind, answers FROM drafts WHERE id = $1 AND account_id = $2 AND kind = $3";

/// A draft of this account and kind.
pub async fn find(tx: &mut Tx, id: DraftId, account: AccountId, kind: &str) -> Result<Option<FormDraft>> {
    tx.fetch_optional("find a draft", FIND, params![id, account, kind]).await
}

const BEGIN: &str =
    "INSERT INTO drafts (account_id, kind, answers, touched_at) VALUES ($1, $2, $3, $4) RETURNING id";

const DROP_EXCESS: &str = "
    DELETE FROM drafts WHERE account_id = $1 AND id NOT IN (
        SELECT id FROM drafts WHERE account_id = $1 ORDER BY touched_at DESC, id DESC LIMIT $2)";

/// Begins a draft. The oldest draft of an account with too many makes way.
pub async fn create(
    tx: &mut Tx,
    account: AccountId,
    kind: &str,
    answers: &str,
    now: DateTime<Utc>,
) -> Result<DraftId> {
    let (id,): (DraftId,) =
        tx.fetch_one("begin a draft", BEGIN, params![account, kind, answers, now]).await?;
    let most = limit_rows(ResourceLimit::DraftsPerAccount);
    if tx.execute("forget the oldest drafts", DROP_EXCESS, params![account, most]).await? > 0 {
        ResourceLimit::DraftsPerAccount.record_reached();
    }
    Ok(id)
}

const KEEP: &str = "UPDATE drafts SET answers = $2, touched_at = $3 WHERE id = $1";

/// Keeps the answers so far.
pub async fn save_answers(tx: &mut Tx, id: DraftId, answers: &str, now: DateTime<Utc>) -> Result<()> {
    tx.execute("keep a draft", KEEP, params![id, answers, now]).await.map(|_| ())
}

const DROP: &str = "DELETE FROM drafts WHERE id = $1";
const DROP_CHOICES: &str = "DELETE FROM draft_choices WHERE draft_id = $1";
const DROP_OLD: &str = "DELETE FROM drafts WHERE touched_at < $1";

/// Forgets a draft.
pub async fn delete(tx: &mut Tx, id: DraftId) -> Result<()> {
    tx.execute("forget the choices of a draft", DROP_CHOICES, params![id]).await?;
    tx.execute("forget a draft", DROP, params![id]).await.map(|_| ())
}

/// Deletes drafts that were not changed since a time.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    tx.execute("forget old drafts", DROP_OLD, params![before]).await
}

const CHOOSE: Sql = Sql::per_engine(
    "INSERT INTO draft_choices (draft_id, chosen) SELECT $1, value FROM json_each($2) WHERE true
     ON CONFLICT (draft_id, chosen) DO NOTHING",
    "INSERT INTO draft_choices (draft_id, chosen) SELECT $1, value FROM UNNEST($2::bigint[]) AS j (value)
     ON CONFLICT (draft_id, chosen) DO NOTHING",
);

const UNCHOOSE: Sql = Sql::per_engine(
    "DELETE FROM draft_choices WHERE draft_id = $1 AND chosen IN (SELECT value FROM json_each($2))",
    "DELETE FROM draft_choices WHERE draft_id = $1 AND chosen = ANY($2)",
);

/// Adds choices.
pub async fn add_choices(tx: &mut Tx, id: DraftId, chosen: Vec<i64>) -> Result<()> {
    if chosen.is_empty() {
        return Ok(());
    }
    tx.execute("keep choices", CHOOSE, params![id, chosen]).await.map(|_| ())
}

/// Removes selected rows.
pub async fn remove_choices(tx: &mut Tx, id: DraftId, not: Vec<i64>) -> Result<()> {
    if not.is_empty() {
        return Ok(());
    }
    tx.execute("take choices back", UNCHOOSE, params![id, not]).await.map(|_| ())
}

/// Removes all selected rows.
pub async fn clear_choices(tx: &mut Tx, id: DraftId) -> Result<()> {
    tx.execute("take choices back", DROP_CHOICES, params![id]).await.map(|_| ())
}

const COUNT_CHOICES: &str =
    "SELECT count(*) FROM (SELECT 1 FROM draft_choices WHERE draft_id = $1 LIMIT $2) AS some_choices";

/// Returns whether a draft has more choices than [`ResourceLimit::DraftChoices`].
pub async fn exceeds_choices(tx: &mut Tx, id: DraftId) -> Result<bool> {
    let most = limit_rows(ResourceLimit::DraftChoices);
    let args = params![id, most.saturating_add(1)];
    let (found,): (i64,) = tx.fetch_one("count the choices of a draft", COUNT_CHOICES, args).await?;
    if found > most {
        ResourceLimit::DraftChoices.record_reached();
    }
    Ok(found > most)
}

fn limit_rows(limit: ResourceLimit) -> i64 {
    i64::try_from(limit.default_value()).unwrap_or(i64::MAX)
}

const CHOSEN: &str = "SELECT chosen FROM draft_choices WHERE draft_id = $1 ORDER BY chosen";

/// Everything that was chosen, in the order of the numbers.
pub async fn list_choices(tx: &mut Tx, id: DraftId) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = tx.fetch_all("read choices", CHOSEN, params![id]).await?;
    Ok(rows.into_iter().map(|(chosen,)| chosen).collect())
}

list_statements!(
    FIND,
    BEGIN,
    DROP_EXCESS,
    KEEP,
    DROP,
    DROP_CHOICES,
    DROP_OLD,
    CHOOSE,
    UNCHOOSE,
    COUNT_CHOICES,
    CHOSEN
);
