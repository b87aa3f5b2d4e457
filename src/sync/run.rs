//! One run of one connector, from the lease to the commit.

use std::time::{Duration, Instant};

use chrono::{NaiveDate, Utc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info};

use crate::connectors::{Connector, Context, Progress};
use crate::enrollment::change::When;
use crate::model::ids::{ConnectorId, RunId};
use crate::model::names::ConnectorName;
use crate::store::runs::{About, Counts, Kind};
use crate::store::{Store, Tx, connectors, runs};
use crate::sync::commit::{Commit, Committed, commit, counts};
use crate::sync::due::Begun;
use crate::sync::gather::{Gathered, gather};
use crate::sync::guarded::{Policy, prepare};
use crate::sync::included::leave_out;
use crate::sync::lease::{Held, Taken, take};
use crate::sync::prepare::{Ask, Prepared, Seen};
use crate::sync::report::{Outcome, Report};
use crate::sync::tick::tick;
use crate::sync::{Error, File};

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asks: a person of the operating system, or the schedule.
    pub actor: String,
    /// The command, or why it begins.
    pub what: String,
    /// Stop before the commit.
    pub dry_run: bool,
    /// Only people with this address.
    pub only: Option<String>,
    /// Lift the limits on removals for this one run.
    pub allow_removals: bool,
    /// How long to wait for another run of the same connector.
    pub patience: Duration,
    /// How to read.
    pub reading: Context,
}

impl Asked {
    fn policy(&self) -> Policy {
        Policy::Guard { allow_removals: self.allow_removals, retires: false }
    }
}

/// How often somebody else's lease is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How often a plan is made while others may change something, before they are made to wait for it.
const PLANS: u32 = 3;

/// Runs the file's connector number `connector`. Whatever goes wrong is in the report.
pub async fn run(store: &Store, file: File<'_>, connector: usize, asked: &Asked) -> Report {
    let began = Instant::now();
    let name = file.connectors[connector].name.clone();
    let result = if asked.dry_run {
        dry_run(store, file, connector, asked).await
    } else {
        real_run(store, file, connector, asked).await
    };
    reported(name, began, result)
}

/// Goes on with a run that a schedule has begun. Whatever goes wrong is in the report.
pub async fn go_on(store: &Store, file: File<'_>, connector: usize, asked: &Asked, begun: Begun) -> Report {
    let began = Instant::now();
    let name = file.connectors[connector].name.clone();
    reported(name, began, begun_run(store, file, connector, asked, begun).await)
}

fn reported(connector: ConnectorName, began: Instant, result: Result<Report, Failure>) -> Report {
    let report = match result {
        Ok(report) => report,
        Err(Failure { run, error }) => Report {
            run,
            connector,
            outcome: Outcome::Failed(error),
            counts: Counts::default(),
            prepared: None,
            problems: Vec::new(),
            took: Duration::ZERO,
        },
    };
    Report { took: began.elapsed(), ..report }
}

struct Failure {
    run: Option<RunId>,
    error: Error,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { run: None, error: error.into() }
    }
}

async fn dry_run(store: &Store, file: File<'_>, connector: usize, asked: &Asked) -> Result<Report, Failure> {
    let when = When::at(Utc::now(), file.zone);
    let (seen, gathered) = tokio::try_join!(
        read(&file.connectors[connector], file, asked, when.today, &asked.reading.cancel),
        gather_now(store, file, connector, when)
    )?;
    let settings = &file.connectors[connector];
    let seen = ask_again(settings, file, asked, &gathered, seen, when.today, &asked.reading.cancel).await?;
    let mut tx = store.read().await?;
    let policy = asked.policy();
    let ask = Ask { file, connector, gathered: &gathered, today: when.today, policy: &policy };
    let prepared = prepare(&mut tx, ask, seen).await?;
    Ok(Report {
        run: None,
        connector: file.connectors[connector].name.clone(),
        outcome: Outcome::Planned,
        counts: counts(&prepared),
        problems: prepared.problems.clone(),
        prepared: Some(prepared),
        took: Duration::ZERO,
    })
}

async fn real_run(store: &Store, file: File<'_>, connector: usize, asked: &Asked) -> Result<Report, Failure> {
    let begun = start(store, file, connector, asked).await?;
    begun_run(store, file, connector, asked, begun).await
}

/// Takes the lease of the file's connector number `connector` and begins a run: see [`go_on`].
///
/// # Errors
/// When somebody else runs it for longer than is waited, or the database does not answer; no run has begun then.
pub async fn start(store: &Store, file: File<'_>, connector: usize, asked: &Asked) -> Result<Begun, Error> {
    let settings = &file.connectors[connector];
    let lease = wait_for_lease(store, &settings.name, asked.patience, &asked.reading.cancel).await?;
    match begin(store, file, settings, asked).await {
        Ok((id, number)) => Ok(Begun { lease, connector: id, number }),
        Err(error) => {
            lease.give_back().await;
            Err(error)
        }
    }
}

async fn begun_run(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &Asked,
    begun: Begun,
) -> Result<Report, Failure> {
    let result = leased_run(store, file, connector, asked, &begun).await;
    begun.lease.give_back().await;
    result
}

pub(super) async fn wait_for_lease(
    store: &Store,
    connector: &ConnectorName,
    patience: Duration,
    stop: &CancellationToken,
) -> Result<Held, Error> {
    let since = Instant::now();
    loop {
        match take(store, connector).await? {
            Taken::Held(lease) => return Ok(lease),
            Taken::By(holder) if since.elapsed() >= patience => {
                return Err(Error::AlreadyRunning { connector: connector.clone(), holder });
            }
            Taken::By(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {
                return Err(Error::Stopped { connector: connector.clone() });
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn leased_run(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &Asked,
    begun: &Begun,
) -> Result<Report, Failure> {
    let settings = &file.connectors[connector];
    let Begun { lease, connector: id, number } = begun;
    let number = *number;
    info!(run = %number, connector = %settings.name, "began a run");
    let stop = asked.reading.cancel.child_token();
    let work = passage(store, file, connector, asked, lease, number, &stop);
    let result = tokio::select! {
        result = work => result,
        () = lease.lost.cancelled() => Err(Error::LeaseLost { connector: settings.name.clone() }),
        () = asked.reading.cancel.cancelled() => Err(Error::Stopped { connector: settings.name.clone() }),
    };
    stop.cancel();
    // Told to stop, a reading ends with an error of its own: that says nothing about the source.
    let result = match result {
        Err(Error::Source(_)) if asked.reading.cancel.is_cancelled() => {
            Err(Error::Stopped { connector: settings.name.clone() })
        }
        other => other,
    };
    match result {
        Ok(report) => {
            info!(
                run = %number, connector = %settings.name, people = report.counts.people_read,
                added = report.counts.memberships_added, removed = report.counts.memberships_removed,
                jobs = report.counts.jobs_enqueued, "finished a run"
            );
            Ok(report)
        }
        Err(error) => {
            error!(run = %number, connector = %settings.name, kind = error.kind(), %error, "a run failed, nobody was removed");
            note_failure(store, number, &error).await;
            if matches!(error, Error::Source(_)) && asked.only.is_none() {
                tick(store, file, connector, asked, lease, *id).await;
            }
            Err(Failure { run: Some(number), error })
        }
    }
}

async fn begin(
    store: &Store,
    file: File<'_>,
    settings: &Connector,
    asked: &Asked,
) -> Result<(ConnectorId, RunId), Error> {
    let mut tx = store.write().await?;
    let begun = begin_in(&mut tx, file, settings, asked).await?;
    tx.commit().await?;
    Ok(begun)
}

/// Begins a run in a transaction of whoever holds, or takes, the lease: it has begun from the commit on.
pub(super) async fn begin_in(
    tx: &mut Tx,
    file: File<'_>,
    settings: &Connector,
    asked: &Asked,
) -> crate::store::Result<(ConnectorId, RunId)> {
    let now = Utc::now();
    let schedule = settings.schedule.as_ref().map(crate::model::schedule::Schedule::text);
    let row = connectors::know(tx, settings.name.as_str(), settings.kind(), schedule, now).await?;
    let id = ConnectorId(row.id);
    runs::close_abandoned(tx, id, now).await?;
    let about = About {
        kind: Kind::Sync,
        connector: Some(id),
        actor: asked.actor.clone(),
        what: asked.what.clone(),
        file_digest: Some(file.digest.to_owned()),
        subject: None,
    };
    let number = runs::begin(tx, &about, now).await?;
    Ok((id, number))
}

async fn passage(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &Asked,
    lease: &Held,
    number: RunId,
    stop: &CancellationToken,
) -> Result<Report, Error> {
    let when = When::at(Utc::now(), file.zone);
    let settings = &file.connectors[connector];
    let gathering = gather_beside(store, file, connector, when);
    let seen = read(settings, file, asked, when.today, stop).await?;
    let gathered = gathering.await.map_err(crate::store::Error::Lost)??;
    let seen = ask_again(settings, file, asked, &gathered, seen, when.today, stop).await?;
    let policy = asked.policy();
    let task = Task { store, file, connector, policy: &policy, when };
    let (prepared, counts) = plan_and_commit(task, lease, number, seen, gathered).await?;
    let outcome = if prepared.held.is_waiting() {
        Outcome::Held
    } else if prepared.writes_nothing() {
        Outcome::Unchanged
    } else {
        Outcome::Applied
    };
    Ok(Report {
        run: Some(number),
        connector: settings.name.clone(),
        outcome,
        counts,
        problems: prepared.problems.clone(),
        prepared: Some(prepared),
        took: Duration::ZERO,
    })
}

/// What is planned and committed, and by what.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) store: &'a Store,
    pub(super) file: File<'a>,
    pub(super) connector: usize,
    pub(super) policy: &'a Policy,
    pub(super) when: When,
}

pub(super) async fn plan_and_commit(
    task: Task<'_>,
    lease: &Held,
    number: RunId,
    mut seen: Seen,
    mut gathered: Gathered,
) -> Result<(Prepared, Counts), Error> {
    let Task { store, file, connector, policy, when } = task;
    for round in 1.. {
        let undisturbed = if round > PLANS {
            let mut tx = store.write().await?;
            runs::lock_head(&mut tx).await?;
            gathered = gather_in(&mut tx, file, connector, when).await?;
            // The commit finds the head as it was gathered, and moves it by one.
            Some(tx)
        } else {
            None
        };
        let ask = Ask { file, connector, gathered: &gathered, today: when.today, policy };
        let (prepared, tx) = match undisturbed {
            Some(mut tx) => (prepare(&mut tx, ask, seen).await?, tx),
            None => {
                let mut tx = store.read().await?;
                let prepared = prepare(&mut tx, ask, seen).await?;
                tx.rollback().await?;
                (prepared, store.write().await?)
            }
        };
        lease.committing(true);
        let job = Commit { lease: lease.lease(), run: number, when, ask, approved: None };
        match commit(tx, job, &prepared).await? {
            Committed::Done(counts) => return Ok((prepared, counts)),
            Committed::LeaseLost => break,
            Committed::Moved => {
                lease.committing(false);
                info!(run = %number, connector = %file.connectors[connector].name, "memberships moved in between, planning again");
                (seen, _, _) = prepared.into_seen();
                gathered = gather_now(store, file, connector, when).await?;
            }
        }
    }
    Err(Error::LeaseLost { connector: file.connectors[connector].name.clone() })
}

/// Gathers on a thread of its own, while the directory is being read.
fn gather_beside(
    store: &Store,
    file: File<'_>,
    connector: usize,
    when: When,
) -> AbortOnDropHandle<crate::store::Result<Gathered>> {
    let (store, names, digest) = (store.clone(), file.connector_names(), file.digest.to_owned());
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut tx = store.read().await?;
        let gathered = gather(&mut tx, &names[connector], &names, &digest, when).await?;
        tx.rollback().await?;
        Ok(gathered)
    }))
}

pub(super) async fn gather_now(
    store: &Store,
    file: File<'_>,
    connector: usize,
    when: When,
) -> Result<Gathered, Error> {
    let mut tx = store.read().await?;
    let gathered = gather_in(&mut tx, file, connector, when).await?;
    tx.rollback().await?;
    Ok(gathered)
}

async fn gather_in(tx: &mut Tx, file: File<'_>, connector: usize, when: When) -> Result<Gathered, Error> {
    let names = file.connector_names();
    Ok(gather(tx, &file.connectors[connector].name, &names, file.digest, when).await?)
}

async fn read(
    settings: &Connector,
    file: File<'_>,
    asked: &Asked,
    today: NaiveDate,
    stop: &CancellationToken,
) -> Result<Seen, Error> {
    let context = Context { cancel: stop.clone(), ..asked.reading.clone() };
    let mut seen = match &asked.only {
        None => Seen::all(settings.read(file.attributes, &context).await?),
        Some(email) => Seen::some(settings.find(email, file.attributes, &context).await?),
    };
    let noticed = leave_out(&mut seen.people, settings, today);
    seen.problems.extend(noticed);
    Ok(seen)
}

/// Asks the source once more for those who seem to have gone, as long as they are few enough to go at once.
async fn ask_again(
    settings: &Connector,
    file: File<'_>,
    asked: &Asked,
    gathered: &Gathered,
    mut seen: Seen,
    today: NaiveDate,
    stop: &CancellationToken,
) -> Result<Seen, Error> {
    let gone = seen.gone(&gathered.known);
    let known = gathered.known.iter().filter(|(_, person)| person.present).count() as u64;
    if gone.is_empty() || gone.len() as u64 > file.limits.removals_of(known) {
        return Ok(seen);
    }
    // A progress of its own: the people of the reading stay counted.
    let context = Context { cancel: stop.clone(), progress: Progress::default(), ..asked.reading.clone() };
    for mut people in settings.look_up(&gone, file.attributes, &context).await? {
        leave_out(&mut people, settings, today);
        seen.people.add_missing(&people);
    }
    Ok(seen)
}

async fn note_failure(store: &Store, number: RunId, error: &Error) {
    let noted = async {
        let mut tx = store.write().await?;
        runs::fail(&mut tx, number, error.kind(), &error.to_string(), Utc::now()).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        error!(run = %number, %error, "a failed run could not be noted");
    }
}
