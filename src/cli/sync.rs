//! `rollcall sync`.

use super::args::Sync;
use super::failure::{Failure, chain};
use super::output::{self, count};
use super::session::{PATIENCE, Session, actor, bar, watch};
use crate::connectors::{Context, Progress, retry};
use crate::model::names::nearest;
use crate::report;
use crate::sync::words::{self, Names, SHOWN};
use crate::sync::{self, Asked, Error, Outcome, Report};

/// The exit status of a run of which something waits.
pub(super) const HELD: u8 = 3;

/// Syncs the named connectors, or all.
///
/// # Errors
/// When a name is unknown; what goes wrong with a run is in its report.
pub async fn sync(session: &Session, args: Sync) -> Result<u8, Failure> {
    let chosen = choose(session, &args.connectors)?;
    let mut worst = 0;
    let mut held = false;
    let mut planned = false;
    for connector in chosen {
        let (report, drained) = one(session, &args, connector).await?;
        let names = names(session, &report).await?;
        if session.stop.is_cancelled() {
            return Ok(super::INTERRUPTED);
        }
        print(session, &args, &report, drained, &names)?;
        let failed = matches!(report.outcome, Outcome::Failed(_)) || drained.failed > 0;
        worst = worst.max(u8::from(failed));
        held |= report.is_held();
        planned |= report.change_set.as_ref().is_some_and(|change_set| !change_set.is_empty());
    }
    Ok(match worst {
        0 if args.exit_code && planned => 4,
        0 if held && !args.dry_run => HELD,
        worst => worst,
    })
}

fn choose(session: &Session, named: &[String]) -> Result<Vec<usize>, Failure> {
    let all = &session.config.connectors;
    if all.is_empty() {
        return Err(Failure::usage(format!("`{}` names no connector", session.config.path.display()))
            .hint("add a [[connector]]; `rollcall config example` shows one of each kind"));
    }
    if named.is_empty() {
        return Ok((0..all.len()).collect());
    }
    let mut chosen = Vec::new();
    for name in named {
        let found = all.iter().position(|connector| connector.name.as_str() == name);
        let Some(at) = found else {
            let failure = Failure::usage(format!("the file names no connector `{name}`"));
            let near = nearest(name, all.iter().map(|connector| connector.name.as_str()));
            return Err(match near {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            });
        };
        if !chosen.contains(&at) {
            chosen.push(at);
        }
    }
    Ok(chosen)
}

/// Jobs that a command drained itself.
#[derive(Debug, Clone, Copy, Default)]
struct DrainedJobs {
    done: u64,
    failed: u64,
}

async fn one(session: &Session, args: &Sync, connector: usize) -> Result<(Report, DrainedJobs), Failure> {
    let name = &session.config.connectors[connector].name;
    let progress = Progress::default();
    let reading =
        Context { cancel: session.stop.clone(), progress: progress.clone(), retry: retry::Policy::TYPED };
    let what = match (&args.only, args.allow_removals) {
        (Some(_), _) => format!("rollcall sync {name} --only"),
        (None, true) => format!("rollcall sync {name} --allow-removals"),
        (None, false) => format!("rollcall sync {name}"),
    };
    let asked = Asked {
        actor: actor(),
        what,
        dry_run: args.dry_run,
        only: args.only.clone(),
        allow_removals: args.allow_removals,
        patience: PATIENCE,
        reading,
    };
    let bar = bar(0, &format!("people read from `{name}`"));
    let watching = watch(bar.clone(), progress);
    let report = sync::run(&session.store, session.config.for_sync(), connector, &asked).await;
    watching.abort();
    bar.finish_and_clear();
    let mut drained = DrainedJobs::default();
    let to_drain = !args.dry_run && !args.drain.no_drain && !matches!(report.outcome, Outcome::Failed(_));
    if to_drain {
        let (done, length) = session.drain().await?;
        drained = DrainedJobs { done: done.done, failed: length.failed.unsigned_abs() };
    }
    Ok((report, drained))
}

async fn names(session: &Session, report: &Report) -> Result<Names, Failure> {
    match report.change_set.as_ref().filter(|_| !session.json) {
        Some(change_set) => Ok(words::names(&session.store, change_set).await?),
        None => Ok(Names::default()),
    }
}

fn print(
    session: &Session,
    args: &Sync,
    report: &Report,
    drained: DrainedJobs,
    names: &Names,
) -> Result<(), Failure> {
    if session.json {
        return output::json(&report::Sync::new(report, args.dry_run, drained.done, drained.failed));
    }
    match &report.outcome {
        Outcome::Failed(error) => {
            output::talk(&format!("error: {}", chain(error)));
            let number = report.run.map_or_else(String::new, |run| format!("Run {run}: "));
            output::talk(&format!("{number}nothing was changed, nobody was removed"));
            if let Some(hint) = hint(error) {
                output::talk(&format!("\nhint: {hint}"));
            }
            Ok(())
        }
        Outcome::Applied | Outcome::Held | Outcome::Unchanged | Outcome::Planned => {
            print_done(report, drained, names)
        }
    }
}

fn hint(error: &Error) -> Option<String> {
    match error {
        Error::Source(error) => error.hint(),
        Error::AlreadyRunning { .. } => {
            Some("wait until it has ended; `rollcall runs list` shows it".to_owned())
        }
        Error::Store(_) | Error::Approval(_) | Error::LeaseLost { .. } | Error::Stopped { .. } => None,
    }
}

fn print_done(report: &Report, drained: DrainedJobs, names: &Names) -> Result<(), Failure> {
    let counts = &report.counts;
    let people = count(counts.people_read, "person", "people");
    output::talk(&format!("Read {people} from `{}` in {:.1} s", report.connector, report.took.as_secs_f64()));
    if let Some(change_set) = &report.change_set {
        output::facts(&words::lines(change_set, names).join("\n"))?;
    }
    let name = match (&report.outcome, report.run) {
        (Outcome::Planned, _) => "Dry run".to_owned(),
        (Outcome::Applied | Outcome::Held | Outcome::Unchanged | Outcome::Failed(_), run) => {
            format!("Run {}", run.map_or_else(|| "?".to_owned(), |run| run.to_string()))
        }
    };
    let mut lines = vec![format!("{name}: {}", words::summary(counts))];
    if counts.groups_created > 0 {
        lines.push(format!("{} made", count(counts.groups_created, "group", "groups")));
    }
    if counts.jobs_enqueued > 0 || drained.done > 0 {
        let enqueued = count(counts.jobs_enqueued, "job", "jobs");
        lines.push(format!("{enqueued} enqueued, {} drained", output::thousands(drained.done)));
    }
    output::facts(&lines.join("\n"))?;
    if let Some(change_set) = report.change_set.as_ref().filter(|_| report.is_held()) {
        super::holds::print_held(report.run, counts, &change_set.held)?;
    }
    print_problems(report);
    if drained.failed > 0 {
        let failed = count(drained.failed, "job has", "jobs have");
        output::talk(&format!("\n{failed} failed for good\n\nhint: look at them with `rollcall jobs list`"));
    }
    Ok(())
}

fn print_problems(report: &Report) {
    if report.problems.is_empty() {
        return;
    }
    output::talk(&format!("\n{}:", count(report.problems.len() as u64, "problem", "problems")));
    for problem in report.problems.iter().take(SHOWN) {
        output::talk(&format!(" ! {}: {}", problem.subject, problem.message));
    }
    if report.problems.len() > SHOWN {
        output::talk(&format!(" … and {} more", output::thousands((report.problems.len() - SHOWN) as u64)));
    }
}
