//! Letting through what a run held, and rejecting it.
//!
//! An approval reads the database, not the source: people as they were last read, with what the latest complete reading
//! said of those who were held. It plans from that and does exactly the changes that the approved run showed and that
//! are still wanted.

use std::time::Duration;

use chrono::Utc;
use rustc_hash::FxHashSet;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::enrollment::Change;
use crate::enrollment::change::{Done, When};
use crate::model::ids::{ConnectorId, RunId};
use crate::model::people::People;
use crate::model::population::from_json;
use crate::store::holds::{self, Change as HeldChange};
use crate::store::runs::{self, About, Counts, Kind};
use crate::store::{Store, Tx, connectors, persons};
use crate::sync::commit::{Commit, Committed, commit};
use crate::sync::guarded::{Policy, prepare};
use crate::sync::lease::Held;
use crate::sync::prepare::{Ask, Seen};
use crate::sync::retire::with_struck;
use crate::sync::run::{gather_now, wait_for_lease};
use crate::sync::{File, shown};

/// Why nothing was approved or rejected.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    #[error(transparent)]
    Sync(#[from] crate::sync::Error),
    #[error("there is no run {run}")]
    NoRun { run: RunId },
    #[error("nothing that run {run} held waits any longer")]
    NothingHeld { run: RunId, newer: Option<i64> },
    #[error("nothing is approved while {hosts} by another file")]
    FilesDiffer { hosts: String },
}

impl From<crate::store::Error> for Error {
    fn from(error: crate::store::Error) -> Self {
        Self::Sync(error.into())
    }
}

/// Who approves, and how long to wait for a run of the same connector.
#[derive(Debug, Clone)]
pub struct Asked {
    /// A person of the operating system, or an account.
    pub actor: String,
    /// The command.
    pub what: String,
    /// How long to wait for a run that is under way.
    pub patience: Duration,
    /// The end.
    pub stop: CancellationToken,
}

/// What came of an approval or a rejection.
#[derive(Debug)]
pub struct Decided {
    /// Its own number.
    pub run: RunId,
    /// The connector's name.
    pub connector: String,
    /// What it counted.
    pub counts: Counts,
    /// The changes that it is about: done, or rejected.
    pub done: Vec<HeldChange>,
    /// Those that were shown and that nobody wants any longer.
    pub dropped: Vec<HeldChange>,
    /// Those that wait and were not shown by that run.
    pub waiting: Vec<HeldChange>,
}

/// What a run held, by the connector that it is one of.
struct Hold {
    connector: ConnectorId,
    name: String,
    open: Vec<HeldChange>,
    dropped: Vec<HeldChange>,
}

async fn find(tx: &mut Tx, run: RunId) -> Result<Hold, Error> {
    let row = runs::show(tx, run).await?.ok_or(Error::NoRun { run })?;
    let all = connectors::list(tx).await?;
    let connector = all.iter().find(|one| Some(&one.name) == row.connector.as_ref());
    let Some(connector) = connector else { return Err(Error::NothingHeld { run, newer: None }) };
    let id = ConnectorId(connector.id);
    let shown = holds::shown(tx, id, run).await?;
    let (dropped, open): (Vec<_>, Vec<_>) = shown.into_iter().partition(|change| change.state == "dropped");
    if open.is_empty() {
        let newer = holds::waiting(tx, id).await?.iter().map(|change| change.last_run_id).max();
        return Err(Error::NothingHeld { run, newer });
    }
    Ok(Hold { connector: id, name: connector.name.clone(), open, dropped })
}

/// Does what a run held, as far as the latest complete reading still wants it.
///
/// # Errors
/// When there is no such run or nothing of it waits, when it cannot be run now, or the database refuses; nothing is
/// changed then.
pub async fn approve(store: &Store, file: File<'_>, run: RunId, asked: &Asked) -> Result<Decided, Error> {
    let mut tx = store.read().await?;
    let hold = find(&mut tx, run).await?;
    tx.rollback().await?;
    let place = file.connectors.iter().position(|one| one.name.as_str() == hold.name);
    // A connector that has left the file is being retired.
    let all = if place.is_none() { with_struck(file, &hold.name) } else { Vec::new() };
    let (file, place) = match place {
        Some(place) => (file, place),
        None => (File { connectors: &all, ..file }, all.len() - 1),
    };
    let lease = wait_for_lease(store, &file.connectors[place].name, asked.patience, &asked.stop).await?;
    let decided = leased(store, file, place, run, asked, &lease, all.is_empty()).await;
    lease.give_back().await;
    decided
}

async fn leased(
    store: &Store,
    file: File<'_>,
    place: usize,
    run: RunId,
    asked: &Asked,
    lease: &Held,
    all_in_file: bool,
) -> Result<Decided, Error> {
    loop {
        let when = When::at(Utc::now(), file.zone);
        let gathered = gather_now(store, file, place, when).await?;
        if !gathered.other_files.is_empty() {
            let hosts = gathered.other_files.join(", ");
            let verb = if gathered.other_files.len() == 1 { "goes" } else { "go" };
            return Err(Error::FilesDiffer { hosts: format!("{hosts} {verb}") });
        }
        let mut tx = store.read().await?;
        let hold = find(&mut tx, run).await?;
        let seen = Seen::kept(as_kept(&mut tx, file, hold.connector).await?);
        let shown: FxHashSet<String> = hold.open.iter().map(|change| change.change_key.clone()).collect();
        let policy = Policy::Shown(shown);
        let ask = Ask { file, connector: place, gathered: &gathered, today: when.today, policy: &policy };
        let prepared = prepare(&mut tx, ask, seen).await?;
        tx.rollback().await?;
        let keys = shown::keys(ask, &prepared);
        let mut tx = store.write().await?;
        let about = About {
            kind: Kind::Approval,
            connector: Some(hold.connector),
            actor: asked.actor.clone(),
            what: asked.what.clone(),
            file_digest: Some(file.digest.to_owned()),
            subject: Some(run),
        };
        let number = runs::begin(&mut tx, &about, when.now).await?;
        let approved = hold.open.iter().map(|change| change.change_key.clone()).collect();
        let job = Commit { lease: lease.lease(), run: number, when, ask, approved: Some(approved) };
        lease.committing(true);
        let committed = commit(tx, job, &prepared).await?;
        lease.committing(false);
        match committed {
            Committed::Done(counts) => {
                info!(run = %number, approves = %run, "approved held changes");
                let (done, gone) = hold.open.into_iter().partition(|one| keys.contains(&one.change_key));
                let mut dropped: Vec<HeldChange> = gone;
                dropped.extend(hold.dropped);
                if !all_in_file {
                    let mut tx = store.write().await?;
                    connectors::retire(&mut tx, hold.connector, when.now).await?;
                    tx.commit().await?;
                }
                let mut tx = store.read().await?;
                let waiting = holds::waiting(&mut tx, hold.connector).await?;
                return Ok(Decided { run: number, connector: hold.name, counts, done, dropped, waiting });
            }
            Committed::Moved => {}
            Committed::LeaseLost => {
                let connector = file.connectors[place].name.clone();
                return Err(crate::sync::Error::LeaseLost { connector }.into());
            }
        }
    }
}

/// The latest complete reading as the database keeps it: people as last read, and over them what was held.
async fn as_kept(tx: &mut Tx, file: File<'_>, connector: ConnectorId) -> Result<People, Error> {
    let held = holds::records(tx, connector).await?;
    let covered: FxHashSet<&str> = held.iter().map(|record| record.external_id.as_str()).collect();
    let mut people = People::new(file.attributes);
    persons::present(tx, connector, |record| {
        if !covered.contains(record.external_id.as_str()) {
            let cells = from_json(file.attributes, &mut people.values, &record.attributes);
            people.push(&cells, || record.external_id.clone());
        }
    })
    .await?;
    for record in held.iter().filter(|record| record.present) {
        let cells = from_json(file.attributes, &mut people.values, &record.attributes);
        people.push(&cells, || record.external_id.clone());
    }
    Ok(people)
}

/// Discards what a run held: it is not held again until the person's attributes or the rule change.
///
/// # Errors
/// When there is no such run or nothing of it waits, or the database refuses; nothing is changed then.
pub async fn reject(store: &Store, about: &About, when: When, run: RunId) -> Result<Decided, Error> {
    let mut tx = store.read().await?;
    let hold = find(&mut tx, run).await?;
    tx.rollback().await?;
    let mut change = Change::begin(store, about, when).await?;
    if holds::reject(&mut change.tx, hold.connector, run).await? == 0 {
        return Err(Error::NothingHeld { run, newer: None });
    }
    let Done { run: number, counts } = change.commit().await?;
    let mut tx = store.read().await?;
    let waiting = holds::waiting(&mut tx, hold.connector).await?;
    let done = hold.open.into_iter().filter(|one| one.state == "held").collect();
    Ok(Decided { run: number, connector: hold.name, counts, done, dropped: hold.dropped, waiting })
}
