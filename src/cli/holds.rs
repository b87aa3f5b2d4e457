//! `rollcall approve`, `rollcall reject` and `rollcall undo`, and how a hold is shown.

use super::args::Drain;
use super::failure::Failure;
use super::output::{self, count, thousands};
use super::session::{PATIENCE, Session, actor};
use crate::model::guard::Held;
use crate::model::ids::RunId;
use crate::report;
use crate::store::holds::Change;
use crate::store::runs::Counts;
use crate::sync::approve::{self, Asked, Decided};
use crate::sync::words::{self, SHOWN};
use crate::sync::{retire, undo};

/// Prints what a run holds, why, and what to do about it.
///
/// # Errors
/// When standard output cannot be written to.
pub fn print_held(run: Option<RunId>, counts: &Counts, held: &Held) -> Result<(), Failure> {
    let what = words::held(counts);
    let mut lines = vec![String::new(), format!("held: {what}")];
    lines.extend(held.causes.iter().map(|cause| format!("  because: {cause}")));
    lines.extend(
        held.reasons
            .iter()
            .map(|reason| format!("  limit: {} (`{}`)", reason.message, reason.limit.as_str())),
    );
    output::facts(&lines.join("\n"))?;
    if let Some(run) = run {
        output::talk(&format!(
            "\nhint: look at them with `rollcall runs show {run}`, then `rollcall approve {run}` or `rollcall reject {run}`"
        ));
    }
    Ok(())
}

fn print_lines(changes: &[Change]) -> Result<(), Failure> {
    let mut lines: Vec<String> = changes.iter().take(SHOWN).map(words::change).collect();
    if changes.len() > SHOWN {
        lines.push(format!(" … and {} more", thousands((changes.len() - SHOWN) as u64)));
    }
    output::facts(&lines.join("\n"))
}

impl From<approve::Error> for Failure {
    fn from(error: approve::Error) -> Self {
        let hint = match &error {
            approve::Error::NoRun { .. } => Some("`rollcall runs list` shows the newest".to_owned()),
            approve::Error::NothingHeld { newer: Some(newer), .. } => {
                Some(format!("what waits now was shown by run {newer}: `rollcall runs show {newer}`"))
            }
            approve::Error::FilesDiffer { .. } => {
                Some("give every machine the same file, and reload it with SIGHUP".to_owned())
            }
            approve::Error::NothingHeld { newer: None, .. } | approve::Error::Sync(_) => None,
        };
        let failure = Failure::failed(super::failure::chain(&error));
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<undo::Error> for Failure {
    fn from(error: undo::Error) -> Self {
        let failure = Failure::failed(super::failure::chain(&error));
        match &error {
            undo::Error::Store(_) | undo::Error::Running { .. } => failure,
            undo::Error::NoRun { .. } => failure.hint("`rollcall runs list` shows the newest"),
            undo::Error::Nothing { touched, .. } if touched.is_empty() => failure,
            undo::Error::Nothing { touched, .. } => {
                failure.hint(format!("all of it was touched since:\n ! {}", touched.join("\n ! ")))
            }
        }
    }
}

fn asked(session: &Session, what: String) -> Asked {
    Asked { actor: actor(), what, patience: PATIENCE, stop: session.stop.clone() }
}

/// Approves what a run held.
///
/// # Errors
/// When nothing of it waits, or it cannot be done now.
pub async fn approve(session: &Session, run: i64, drain: Drain) -> Result<u8, Failure> {
    let asked = asked(session, format!("rollcall approve {run}"));
    let file = session.config.for_sync();
    let decided = approve::approve(&session.store, file, RunId(run), &asked).await?;
    session.drain_unless(drain.no_drain).await?;
    print_decided(session, run, &decided, "approved", &report::Decided::approved(RunId(run), &decided))
}

/// Rejects what a run held.
///
/// # Errors
/// When nothing of it waits.
pub async fn reject(session: &Session, run: i64) -> Result<u8, Failure> {
    let mut about = session.by_hand(format!("rollcall reject {run}"));
    about.subject = Some(RunId(run));
    let decided = approve::reject(&session.store, &about, session.when(), RunId(run)).await?;
    print_decided(session, run, &decided, "rejected", &report::Decided::rejected(RunId(run), &decided))
}

fn print_decided(
    session: &Session,
    of: i64,
    decided: &Decided,
    verb: &str,
    json: &report::Decided,
) -> Result<u8, Failure> {
    if session.json {
        output::json(json)?;
        return Ok(0);
    }
    print_lines(&decided.done)?;
    let changes = count(decided.done.len() as u64, "change", "changes");
    output::facts(&format!("Run {}: {verb} {changes} that run {of} held", decided.run))?;
    if !decided.dropped.is_empty() {
        let gone = count(decided.dropped.len() as u64, "change", "changes");
        output::facts(&format!("\nno longer wanted, and not done: {gone}"))?;
        print_lines(&decided.dropped)?;
    }
    if !decided.waiting.is_empty() {
        let more = count(decided.waiting.len() as u64, "change waits", "changes wait");
        let newest = decided.waiting.iter().map(|change| change.last_run_id).max().unwrap_or(of);
        output::facts(&format!("\n{more} that run {of} did not show:"))?;
        print_lines(&decided.waiting)?;
        output::talk(&format!("\nhint: `rollcall runs show {newest}`, then `rollcall approve {newest}`"));
    }
    Ok(0)
}

/// Lets go of everybody whom a connector held that has left the file.
///
/// # Errors
/// When the file still names it or nobody ever did, or it cannot be done now.
pub async fn retire(session: &Session, name: &str, allow: bool, drain: Drain) -> Result<u8, Failure> {
    let asked = asked(session, format!("rollcall connectors retire {name}"));
    let file = session.config.for_sync();
    let report = retire::retire(&session.store, file, name, &asked, allow).await?;
    session.drain_unless(drain.no_drain).await?;
    let counts = &report.counts;
    let run = report.run.map_or(0, |run| run.0);
    if session.json {
        output::json(&report::Retired::new(name, &report))?;
    } else {
        let left = count(counts.people_left, "learner", "learners");
        let lost = count(counts.memberships_removed, "membership", "memberships");
        output::facts(&format!("Run {run}: let go of `{name}`; {left} left, {lost} ended"))?;
        if let Some(change_set) = report.change_set.as_ref().filter(|_| report.is_held()) {
            print_held(report.run, counts, &change_set.held)?;
        }
    }
    Ok(if report.is_held() { super::sync::HELD } else { 0 })
}

impl From<retire::NotRetired> for Failure {
    fn from(error: retire::NotRetired) -> Self {
        let failure = Failure::failed(super::failure::chain(&error));
        match &error {
            retire::NotRetired::InFile { .. } => failure.hint("strike it from the file first"),
            retire::NotRetired::Unknown { nearest: Some(near), .. } => {
                failure.hint(format!("did you mean `{near}`?"))
            }
            retire::NotRetired::Unknown { nearest: None, .. } => {
                failure.hint("see `rollcall connectors list`")
            }
            retire::NotRetired::Sync(_) => failure,
        }
    }
}

/// Takes back what a run did.
///
/// # Errors
/// When there is no such run, or nothing of it can be taken back.
pub async fn undo(session: &Session, run: i64, drain: Drain) -> Result<u8, Failure> {
    let mut about = session.by_hand(format!("rollcall undo {run}"));
    about.kind = crate::store::runs::Kind::Undo;
    about.subject = Some(RunId(run));
    let undone = crate::sync::undo::undo(
        &session.store,
        session.config.for_sync(),
        &about,
        session.when(),
        RunId(run),
    )
    .await?;
    session.drain_unless(drain.no_drain).await?;
    if session.json {
        output::json(&report::Undone::new(RunId(run), &undone))?;
        return Ok(0);
    }
    let counts = &undone.counts;
    output::facts(&format!(
        "Run {}: took back run {run}; {} given back, {} ended, {}, {}",
        undone.run,
        count(counts.memberships_added, "membership", "memberships"),
        thousands(counts.memberships_removed),
        count(undone.learners, "learner is back", "learners are back"),
        count(undone.assignments, "assignment as before", "assignments as before"),
    ))?;
    if !undone.touched.is_empty() {
        let touched = count(undone.touched.len() as u64, "change was", "changes were");
        output::facts(&format!("\n{touched} touched since, and stay as they are:"))?;
        let mut lines: Vec<String> =
            undone.touched.iter().take(SHOWN).map(|one| format!(" ! {one}")).collect();
        if undone.touched.len() > SHOWN {
            lines.push(format!(" … and {} more", thousands((undone.touched.len() - SHOWN) as u64)));
        }
        output::facts(&lines.join("\n"))?;
    }
    Ok(0)
}
