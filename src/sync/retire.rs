//! Retiring a connector that the file no longer names: nobody is held by it any longer.
//!
//! It is a run whose reading is empty on purpose, so the limits on removals watch it: what is beyond them is held, and
//! an approval lets it through. A connector is retired when nobody is left in it.

use chrono::Utc;
use tracing::info;

use crate::connectors::{Connector, Mapping, Source, csv};
use crate::enrollment::change::When;
use crate::model::ids::ConnectorId;
use crate::model::names::ConnectorName;
use crate::model::people::People;
use crate::store::runs::{self, About, Kind};
use crate::store::{Store, connectors};
use crate::sync::approve::Asked;
use crate::sync::commit::counts;
use crate::sync::guarded::{Policy, prepare};
use crate::sync::prepare::{Ask, Seen};
use crate::sync::report::{Outcome, Report};
use crate::sync::run::{Task, gather_now, plan_and_commit, wait_for_lease};
use crate::sync::{Error, File};

/// Why a connector was not retired.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum NotRetired {
    #[error(transparent)]
    Sync(#[from] Error),
    #[error("connector `{name}` is still in the file")]
    InFile { name: String },
    #[error("no connector was ever called `{name}`")]
    Unknown { name: String, nearest: Option<String> },
}

impl From<crate::store::Error> for NotRetired {
    fn from(error: crate::store::Error) -> Self {
        Self::Sync(error.into())
    }
}

/// The file's connectors, and behind them one that has left the file.
pub(super) fn with_struck(file: File<'_>, name: &str) -> Vec<Connector> {
    let mut all = file.connectors.to_vec();
    all.push(Connector {
        name: ConnectorName::new(name),
        schedule: None,
        prehire_days: 0,
        match_attribute: None,
        mapping: Mapping::default(),
        // Nobody reads it: a plan for it is made from what the database keeps.
        source: Source::Csv(csv::Settings::default()),
    });
    all
}

async fn find_struck(store: &Store, file: File<'_>, name: &str) -> Result<ConnectorId, NotRetired> {
    if file.connectors.iter().any(|one| one.name.as_str() == name) {
        return Err(NotRetired::InFile { name: name.to_owned() });
    }
    let mut tx = store.read().await?;
    let rows = connectors::list(&mut tx).await?;
    tx.rollback().await?;
    let Some(id) = rows.iter().find(|row| row.name == name).map(|row| ConnectorId(row.id)) else {
        let nearest = crate::model::names::nearest(name, rows.iter().map(|row| row.name.as_str()));
        return Err(NotRetired::Unknown { name: name.to_owned(), nearest: nearest.map(str::to_owned) });
    };
    Ok(id)
}

/// What letting go would do now, under the limits; nothing is changed.
///
/// # Errors
/// When the file still names it or nobody ever did, or the database does not answer.
pub async fn plan(store: &Store, file: File<'_>, name: &str) -> Result<Report, NotRetired> {
    find_struck(store, file, name).await?;
    let all = with_struck(file, name);
    let (file, place) = (File { connectors: &all, ..file }, all.len() - 1);
    let when = When::at(Utc::now(), file.zone);
    let gathered = gather_now(store, file, place, when).await?;
    let policy = Policy::Guard { allow_removals: false, retires: true };
    let ask = Ask { file, connector: place, gathered: &gathered, today: when.today, policy: &policy };
    let mut tx = store.read().await?;
    let prepared = prepare(&mut tx, ask, Seen::kept(People::new(file.attributes))).await?;
    Ok(Report {
        run: None,
        connector: all[place].name.clone(),
        outcome: Outcome::Planned,
        counts: counts(&prepared),
        problems: prepared.problems.clone(),
        prepared: Some(prepared),
        took: std::time::Duration::ZERO,
    })
}

/// Lets go of everybody whom a connector held that has left the file.
///
/// # Errors
/// When the file still names it or nobody ever did, it is being run for too long, or the database refuses; nothing is
/// changed then.
pub async fn retire(
    store: &Store,
    file: File<'_>,
    name: &str,
    asked: &Asked,
    allow_removals: bool,
) -> Result<Report, NotRetired> {
    let id = find_struck(store, file, name).await?;
    let all = with_struck(file, name);
    let (file, place) = (File { connectors: &all, ..file }, all.len() - 1);
    let connector = all[place].name.clone();
    let lease = wait_for_lease(store, &connector, asked.patience, &asked.stop).await?;
    let retired = async {
        let when = When::at(Utc::now(), file.zone);
        let gathered = gather_now(store, file, place, when).await?;
        let about = About {
            kind: Kind::Hand,
            connector: Some(id),
            actor: asked.actor.clone(),
            what: asked.what.clone(),
            file_digest: Some(file.digest.to_owned()),
            subject: None,
        };
        let mut tx = store.write().await?;
        let number = runs::begin(&mut tx, &about, when.now).await?;
        tx.commit().await?;
        let policy = Policy::Guard { allow_removals, retires: true };
        let task = Task { store, file, connector: place, policy: &policy, when };
        let seen = Seen::kept(People::new(file.attributes));
        let (prepared, counts) = plan_and_commit(task, &lease, number, seen, gathered).await?;
        let mut tx = store.write().await?;
        connectors::retire(&mut tx, id, when.now).await?;
        tx.commit().await?;
        info!(run = %number, connector = name, "retired a connector");
        let outcome = if prepared.held.is_waiting() { Outcome::Held } else { Outcome::Applied };
        Ok(Report {
            run: Some(number),
            connector,
            outcome,
            counts,
            problems: prepared.problems.clone(),
            prepared: Some(prepared),
            took: std::time::Duration::ZERO,
        })
    };
    let retired = retired.await;
    lease.give_back().await;
    retired
}
