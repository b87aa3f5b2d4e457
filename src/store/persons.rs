//! Persons: records as connectors last read them, and what they said before.

use super::Result;
use super::param::params;
use super::sql::{Sql, list_statements};
use super::staging::{StagingTable, staging_table};
use super::transaction::Tx;
use rollcall_model::ids::{ConnectorId, LearnerId, RunId};
use rollcall_model::status::LearnerStatus;

/// A person as a run needs to know one, without the attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSummary<'a> {
    /// The source's id.
    pub external_id: &'a str,
    /// The learner.
    pub learner_id: LearnerId,
    /// Of the attributes.
    pub digest: i64,
    /// True if the last good reading held this person.
    pub present: bool,
    /// The learner's state.
    pub status: LearnerStatus,
    /// True if another learner holds the address that the directory gives.
    pub contested: bool,
}

/// Persons that come in one text: a row fetched costs more than one read out of a text.
const PERSONS_PER_TEXT: i64 = 5_000;

/// The next persons of a connector behind an id, unit separators between their values and record separators between them;
/// ids hold no control characters.
const NEXT: Sql = Sql::for_sqlite(
    "SELECT COALESCE(max(external_id), ''), COALESCE(group_concat(
        external_id || char(31) || learner_id || char(31) || digest || char(31) || present || char(31)
        || status || char(31) || contested, char(30)), '')
    FROM (
        SELECT p.external_id, p.learner_id, p.digest, p.present, l.status, l.email_contested IS NOT NULL AS contested
        FROM persons p JOIN learners l ON l.id = p.learner_id
        WHERE p.connector_id = $1 AND p.external_id > $2 ORDER BY p.external_id LIMIT $3)",
);

/// The same for PostgreSQL, in one statement: one join of all people costs less than one for each part.
const EVERYBODY: Sql = Sql::for_postgres(
    "SELECT string_agg(concat_ws(
        chr(31), p.external_id, p.learner_id, p.digest, p.present::int, l.status, (l.email_contested IS NOT NULL)::int),
        chr(30))
    FROM persons p JOIN learners l ON l.id = p.learner_id
    WHERE p.connector_id = $1 GROUP BY p.learner_id / $2",
);

/// Hands over every person of a connector.
pub async fn for_each_summary(
    tx: &mut Tx,
    connector: ConnectorId,
    mut take: impl FnMut(PersonSummary<'_>),
) -> Result<()> {
    if !tx.is_sqlite() {
        let each =
            |(persons,): (String,)| persons.split('\u{1e}').filter_map(parse_summary).for_each(&mut take);
        return tx.fetch_each("read persons", EVERYBODY, params![connector, PERSONS_PER_TEXT], each).await;
    }
    let mut last = String::new();
    loop {
        let (next, persons): (String, String) =
            tx.fetch_one("read persons", NEXT, params![connector, last, PERSONS_PER_TEXT]).await?;
        if next.is_empty() {
            return Ok(());
        }
        persons.split('\u{1e}').filter_map(parse_summary).for_each(&mut take);
        last = next;
    }
}

/// A person of [`for_each_summary_of`].
#[derive(sqlx_macros::FromRow)]
struct SummaryRow {
    external_id: String,
    learner_id: LearnerId,
    digest: i64,
    present: bool,
    status: LearnerStatus,
    contested: bool,
}

const SUMMARY_OF: Sql = Sql::per_engine(
    "SELECT p.external_id, p.learner_id, p.digest, p.present, l.status, l.email_contested IS NOT NULL AS contested
     FROM json_each($2) j CROSS JOIN persons p ON p.connector_id = $1 AND p.external_id = j.value
     JOIN learners l ON l.id = p.learner_id ORDER BY p.external_id",
    "SELECT p.external_id, p.learner_id, p.digest, p.present, l.status, l.email_contested IS NOT NULL AS contested
     FROM persons p JOIN learners l ON l.id = p.learner_id
     WHERE p.connector_id = $1 AND p.external_id = ANY($2) ORDER BY p.external_id",
);

/// Hands over the persons of a connector that have these ids.
pub async fn for_each_summary_of(
    tx: &mut Tx,
    connector: ConnectorId,
    ids: Vec<String>,
    mut take: impl FnMut(PersonSummary<'_>),
) -> Result<()> {
    let rows: Vec<SummaryRow> = tx.fetch_all("read persons", SUMMARY_OF, params![connector, ids]).await?;
    for row in &rows {
        take(PersonSummary {
            external_id: &row.external_id,
            learner_id: row.learner_id,
            digest: row.digest,
            present: row.present,
            status: row.status,
            contested: row.contested,
        });
    }
    Ok(())
}

fn parse_summary(text: &str) -> Option<PersonSummary<'_>> {
    let mut values = text.split('\u{1f}');
    Some(PersonSummary {
        external_id: values.next()?,
        learner_id: LearnerId(values.next()?.parse().ok()?),
        digest: values.next()?.parse().ok()?,
        present: values.next()? == "1",
        status: LearnerStatus::read(values.next()?).unwrap_or(LearnerStatus::Left),
        contested: values.next()? == "1",
    })
}

/// A record with its attributes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PersonRecord {
    /// The connector's number.
    pub connector_id: ConnectorId,
    /// The source's id.
    pub external_id: String,
    /// The learner.
    pub learner_id: LearnerId,
    /// True if the last good reading held this person.
    pub present: bool,
    /// The attributes, as a JSON object.
    pub attributes: String,
}

/// Returns the records of other connectors for the learners of this one.
const OTHERS: Sql = Sql::per_engine(
    "SELECT o.connector_id, o.external_id, o.learner_id, o.present, o.attributes
     FROM persons o WHERE o.connector_id <> $1
       AND EXISTS (SELECT 1 FROM persons p WHERE p.connector_id = $1 AND p.learner_id = o.learner_id)
     ORDER BY o.learner_id, o.connector_id, o.external_id",
    "SELECT o.connector_id, o.external_id, o.learner_id, o.present, o.attributes::text AS attributes
     FROM persons o WHERE o.connector_id <> $1
       AND EXISTS (SELECT 1 FROM persons p WHERE p.connector_id = $1 AND p.learner_id = o.learner_id)
     ORDER BY o.learner_id, o.connector_id, o.external_id",
);

/// Records of other connectors for learners that this connector holds too.
pub async fn list_of_other_connectors(tx: &mut Tx, connector: ConnectorId) -> Result<Vec<PersonRecord>> {
    tx.fetch_all("read what other connectors say", OTHERS, params![connector]).await
}

/// An id of [`list_ids_of_person`].
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PersonIdRow {
    /// The source's id.
    pub external_id: String,
    /// True if the last good reading held this person.
    pub present: bool,
}

const IDS_OF_PERSON: &str = "
    SELECT p.external_id, p.present FROM persons p
    WHERE p.connector_id = $1 AND (p.external_id = $2 OR p.learner_id IN (
        SELECT l.id FROM learners l WHERE l.email_folded = $3
        UNION SELECT f.learner_id FROM former_addresses f WHERE f.email_folded = $3))
    ORDER BY p.external_id";

/// The ids that a connector has for the person with an id, or with a folded address, a former one included.
pub async fn list_ids_of_person(
    tx: &mut Tx,
    connector: ConnectorId,
    id: &str,
    folded: &str,
) -> Result<Vec<PersonIdRow>> {
    tx.fetch_all("find the ids of a person", IDS_OF_PERSON, params![connector, id, folded]).await
}

const TOTALS: &str = "
    WITH counted AS (
        SELECT DISTINCT l.id FROM (
            SELECT learner_id FROM persons
            WHERE connector_id = $1 AND present AND (first_run_id IS NULL OR first_run_id < $3)
                AND external_id NOT IN (
                    SELECT external_id FROM person_changes WHERE run_id >= $3 AND connector_id = $1 AND NOT present)
            ORDER BY external_id LIMIT $2) p
        JOIN learners l ON l.id = p.learner_id WHERE l.status IN ('active', 'leave'))
    SELECT (SELECT COUNT(*) FROM counted) AS learners,
        (SELECT COUNT(*) FROM (SELECT DISTINCT m.group_id, m.learner_id FROM counted
                               JOIN memberships m ON m.learner_id = counted.id) AS held) AS memberships,
        (SELECT COUNT(*) FROM counted JOIN enrollments e ON e.learner_id = counted.id
         WHERE e.state = 'active') AS enrollments";

/// The number of learners with access, of their memberships and of their active enrollments, among the first `most` people
/// of a connector; those who came in a run from `before` on do not count. The cost does not grow with the company.
pub async fn count_access_of_some(
    tx: &mut Tx,
    connector: ConnectorId,
    most: i64,
    before: Option<RunId>,
) -> Result<(i64, i64, i64)> {
    let before = before.unwrap_or(RunId(i64::MAX));
    tx.fetch_one("count what a connector's people have", TOTALS, params![connector, most, before]).await
}

const OF_LEARNERS: Sql = Sql::per_engine(
    "SELECT connector_id, external_id, learner_id, present, attributes FROM persons
     WHERE learner_id IN (SELECT value FROM json_each($1)) ORDER BY learner_id, connector_id, external_id",
    "SELECT connector_id, external_id, learner_id, present, attributes::text AS attributes FROM persons
     WHERE learner_id = ANY($1) ORDER BY learner_id, connector_id, external_id",
);

/// Every record of these learners.
pub async fn list_by_learners(tx: &mut Tx, learners: Vec<i64>) -> Result<Vec<PersonRecord>> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    tx.fetch_all("read records of learners", OF_LEARNERS, params![learners]).await
}

const PRESENT: Sql = Sql::per_engine(
    "SELECT connector_id, external_id, learner_id, present, attributes FROM persons
     WHERE connector_id = $1 AND present",
    "SELECT connector_id, external_id, learner_id, present, attributes::text AS attributes FROM persons
     WHERE connector_id = $1 AND present",
);

/// Passes each person of the last good reading of a connector to `take`.
pub async fn for_each_present(
    tx: &mut Tx,
    connector: ConnectorId,
    take: impl FnMut(PersonRecord),
) -> Result<()> {
    tx.fetch_each("read the people last read", PRESENT, params![connector], take).await
}

const ALL_PRESENT: Sql = Sql::per_engine(
    "SELECT connector_id, external_id, learner_id, present, attributes FROM persons WHERE present",
    "SELECT connector_id, external_id, learner_id, present, attributes::text AS attributes FROM persons
     WHERE present",
);

/// Passes each person of the last good readings of all connectors to `take`.
pub async fn for_each_present_of_all(tx: &mut Tx, take: impl FnMut(PersonRecord)) -> Result<()> {
    tx.fetch_each("read the people last read", ALL_PRESENT, params![], take).await
}

const STORED: Sql = Sql::per_engine(
    "SELECT external_id, attributes FROM persons
     WHERE connector_id = $1 AND external_id IN (SELECT value FROM json_each($2))",
    "SELECT external_id, attributes::text FROM persons WHERE connector_id = $1 AND external_id = ANY($2)",
);

/// The attributes of some of a connector's people as they were last read, as JSON objects.
pub async fn list_attributes(
    tx: &mut Tx,
    connector: ConnectorId,
    ids: Vec<String>,
) -> Result<Vec<(String, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.fetch_all("read attributes as last read", STORED, params![connector, ids]).await
}

/// A record as a run writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonUpdate<'a> {
    /// The source's id.
    pub external_id: &'a str,
    /// The learner.
    pub learner: LearnerId,
    /// Of the attributes.
    pub digest: i64,
    /// The attributes, as a JSON object.
    pub attributes: String,
}

const WRITTEN: StagingTable = staging_table!(
    "stage_persons": 0 "external_id" "TEXT", 1 "learner_id" "BIGINT", 2 "digest" "BIGINT", 3 "attributes" "JSONB"
);
const ABSENT: StagingTable = staging_table!("stage_absent": 0 "external_id" "TEXT");

/// Copies rows before they change. A CROSS JOIN keeps SQLite from reading every person of the connector.
const REMEMBER: &str = "
    INSERT INTO person_changes (run_id, connector_id, external_id, present, attributes)
    SELECT $1, p.connector_id, p.external_id, p.present, p.attributes
    FROM (SELECT external_id FROM stage_persons UNION SELECT external_id FROM stage_absent) s
    CROSS JOIN persons p WHERE p.connector_id = $2 AND p.external_id = s.external_id";

const UPSERT: &str = "
    INSERT INTO persons (connector_id, external_id, learner_id, present, digest, attributes, run_id, first_run_id)
    SELECT $2, external_id, learner_id, TRUE, digest, attributes, $1, $1 FROM stage_persons
    WHERE true ORDER BY external_id
    ON CONFLICT (connector_id, external_id) DO UPDATE
    SET learner_id = excluded.learner_id, present = TRUE, digest = excluded.digest,
        attributes = excluded.attributes, run_id = excluded.run_id";

const LEAVE: &str = "
    UPDATE persons SET present = FALSE, run_id = $1
    WHERE connector_id = $2 AND external_id IN (SELECT external_id FROM stage_absent)";

/// Writes new and changed records, and marks those that a complete reading no longer held.
pub async fn write_records<'a>(
    tx: &mut Tx,
    connector: ConnectorId,
    written: impl IntoIterator<Item = PersonUpdate<'a>>,
    absent: impl IntoIterator<Item = &'a str>,
    run: RunId,
) -> Result<()> {
    tx.fill_staging_table(WRITTEN, written, |rows, one| {
        rows.text(one.external_id).int(one.learner.0).int(one.digest).text(&one.attributes).end_row();
    })
    .await?;
    tx.fill_staging_table(ABSENT, absent, |rows, id| rows.text(id).end_row()).await?;
    tx.execute("remember records", REMEMBER, params![run, connector]).await?;
    tx.execute("write records", UPSERT, params![run, connector]).await?;
    tx.execute("mark absent records", LEAVE, params![run, connector]).await?;
    tx.drop_staging_table(WRITTEN).await?;
    tx.drop_staging_table(ABSENT).await
}

const COUNT: &str = "SELECT connector_id, count(*) FILTER (WHERE present) FROM persons GROUP BY connector_id";

/// Returns the number of people that each connector holds.
pub async fn count_present(tx: &mut Tx) -> Result<Vec<(ConnectorId, i64)>> {
    tx.fetch_all("count people", COUNT, params![]).await
}

/// People who were first read, or returned, in a run from a certain one on.
const NEW_SINCE: &str = "
    SELECT external_id FROM persons WHERE connector_id = $1 AND present AND first_run_id >= $2
    UNION
    SELECT external_id FROM person_changes WHERE run_id >= $2 AND connector_id = $1 AND NOT present
    ORDER BY external_id";

/// The people of a connector who came in a run from `first` on.
pub async fn list_new_since(tx: &mut Tx, connector: ConnectorId, first: RunId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> =
        tx.fetch_all("read who came since", NEW_SINCE, params![connector, first]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

list_statements!(
    NEXT,
    EVERYBODY,
    SUMMARY_OF,
    OTHERS,
    OF_LEARNERS,
    PRESENT,
    ALL_PRESENT,
    STORED,
    WRITTEN,
    ABSENT,
    REMEMBER,
    UPSERT,
    LEAVE,
    COUNT,
    NEW_SINCE,
    IDS_OF_PERSON,
    TOTALS
);
