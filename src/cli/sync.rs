//! `rollcall sync`.

use std::collections::BTreeMap;

use super::args::SyncArgs;
use super::command_context::{CommandContext, LEASE_TIMEOUT, create_progress_bar, update_progress_bar};
use super::error::{CliError, format_error_chain};
use super::operating_user::current_actor;
use super::output::{self, count};
use rollcall_connectors::{Connector, ReadContext, ReadProgress, retry};
use rollcall_core::sync::format::{self, LearnerLabels, MAX_LINES};
use rollcall_core::sync::{self, RunOptions, RunOutcome, RunReport, SyncError};
use rollcall_model::names::nearest;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_views as views;

/// Number of problems of a kind that are listed among many.
const MAX_OF_KIND: usize = 5;

/// Syncs the named connectors, or all.
///
/// # Errors
/// If a name is unknown. Errors of a run are in its report.
pub(crate) async fn sync(session: &CommandContext, args: SyncArgs) -> Result<u8, CliError> {
    let chosen = select_connectors(session, &args.connectors)?;
    let mut worst = 0;
    let mut held = false;
    let mut planned = false;
    let mut lacking = 0;
    let number = chosen.len();
    for connector in chosen {
        let (report, drained) = sync_connector(session, &args, connector).await?;
        let names = load_names(session, &report).await?;
        if session.stop.is_cancelled() {
            return Ok(super::EXIT_INTERRUPTED);
        }
        print_report(session, &args, &report, drained, &names)?;
        let failed = matches!(report.outcome, RunOutcome::Failed(_)) || drained.failed > 0;
        worst = worst.max(u8::from(failed));
        lacking += usize::from(report.lacks_person());
        held |= report.is_held();
        planned |= report.change_set.as_ref().is_some_and(|change_set| !change_set.is_empty());
    }
    if let Some(person) = args.only.as_ref().filter(|_| lacking == number) {
        return Err(CliError::failed(format!("`{person}` was not found")));
    }
    Ok(match worst {
        0 if args.exit_code && planned => 4,
        0 if held && !args.dry_run => super::EXIT_HELD,
        worst => worst,
    })
}

fn select_connectors(session: &CommandContext, named: &[String]) -> Result<Vec<usize>, CliError> {
    let all = &session.config.connectors;
    if all.is_empty() {
        return Err(CliError::usage(format!(
            "`{}` does not define a connector",
            session.config.path.display()
        ))
        .hint("add a [[connector]]; `rollcall config example` shows one of each kind"));
    }
    if named.is_empty() {
        return Ok((0..all.len()).collect());
    }
    let mut chosen = Vec::new();
    for name in named {
        let found = all.iter().position(|connector| connector.name.as_str() == name);
        let Some(at) = found else {
            let failure = CliError::usage(format!("the file does not define the connector `{name}`"));
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

/// The jobs that a command processed itself.
#[derive(Debug, Clone, Copy, Default)]
struct DrainedJobs {
    done: u64,
    failed: u64,
}

async fn sync_connector(
    session: &CommandContext,
    args: &SyncArgs,
    connector: usize,
) -> Result<(RunReport, DrainedJobs), CliError> {
    let name = &session.config.connectors[connector].name;
    let progress = ReadProgress::default();
    let reading = ReadContext {
        cancel: session.stop.clone(),
        progress: progress.clone(),
        retry: retry::RetryPolicy::INTERACTIVE,
        limits: session.config.limits.clone(),
        last_file: None,
    };
    let what = match (&args.only, args.allow_removals) {
        (Some(_), _) => format!("rollcall sync {name} --only"),
        (None, true) => format!("rollcall sync {name} --allow-removals"),
        (None, false) => format!("rollcall sync {name}"),
    };
    let asked = RunOptions {
        actor: current_actor(),
        what,
        dry_run: args.dry_run,
        only: args.only.clone(),
        allow_removals: args.allow_removals,
        patience: LEASE_TIMEOUT,
        reading,
    };
    let bar = create_progress_bar(0, &format!("people read from `{name}`"));
    let watching = update_progress_bar(bar.clone(), progress);
    let report = sync::run(&session.store, session.config.for_sync(), connector, &asked).await;
    watching.abort();
    bar.finish_and_clear();
    let mut drained = DrainedJobs::default();
    let to_drain = !args.dry_run && !args.drain.no_drain && !matches!(report.outcome, RunOutcome::Failed(_));
    if to_drain {
        let (done, length) = session.drain_jobs().await?;
        drained = DrainedJobs { done: done.done, failed: length.failed.unsigned_abs() };
    }
    Ok((report, drained))
}

async fn load_names(session: &CommandContext, report: &RunReport) -> Result<LearnerLabels, CliError> {
    match report.change_set.as_ref().filter(|_| !session.json) {
        Some(change_set) => Ok(format::load_labels(&session.store, &report.connector, change_set).await?),
        None => Ok(LearnerLabels::default()),
    }
}

fn print_report(
    session: &CommandContext,
    args: &SyncArgs,
    report: &RunReport,
    drained: DrainedJobs,
    names: &LearnerLabels,
) -> Result<(), CliError> {
    if session.json {
        return output::print_json(&views::SyncView::new(report, args.dry_run, drained.done, drained.failed));
    }
    match &report.outcome {
        RunOutcome::Failed(error) => {
            output::print_status(&format!("error: {}", format_error_chain(error)));
            let number = report.run.map_or_else(String::new, |run| format!("Run {run}: "));
            output::print_status(&format!("{number}nothing was changed, and no person was removed"));
            if let Some(hint) = hint_for_error(error) {
                output::print_status(&format!("\nhint: {hint}"));
            }
            Ok(())
        }
        RunOutcome::Applied | RunOutcome::Held | RunOutcome::Unchanged | RunOutcome::Planned => {
            let connectors = &session.config.connectors;
            let connector = connectors.iter().find(|connector| connector.name == report.connector);
            print_done(report, drained, names, connector.is_some_and(Connector::reads_newest_file))
        }
    }
}

fn hint_for_error(error: &SyncError) -> Option<String> {
    match error {
        SyncError::Source(error) => error.hint(),
        SyncError::AlreadyRunning { .. } => {
            Some("wait until that run ends; `rollcall runs list` shows it".to_owned())
        }
        SyncError::DeadlineExceeded { .. } => {
            Some("find out why the source is slow, then start the run again".to_owned())
        }
        SyncError::Panicked { .. } => Some("this is a fault of rollcall: report it with the log".to_owned()),
        SyncError::Cancelled { .. } => Some("`rollcall sync` starts a new run".to_owned()),
        SyncError::Store(_)
        | SyncError::Approval(_)
        | SyncError::LeaseLost { .. }
        | SyncError::Stopped { .. } => None,
    }
}

/// Prints the result; with `names_file` also the file that was read.
fn print_done(
    report: &RunReport,
    drained: DrainedJobs,
    names: &LearnerLabels,
    names_file: bool,
) -> Result<(), CliError> {
    let counts = &report.counts;
    let people = count(counts.people_read, "person", "people");
    let file = report.source_file.as_ref().filter(|_| names_file);
    output::print_status(&format!(
        "Read {people} from `{}`{} in {:.1} s",
        report.connector,
        file.map_or_else(String::new, |file| format!(", file `{}`,", file.path)),
        report.took.as_secs_f64()
    ));
    if let Some(change_set) = &report.change_set {
        output::print_result(&format::lines(change_set, names).join("\n"))?;
    }
    let name = match (&report.outcome, report.run) {
        (RunOutcome::Planned, _) => "Dry run".to_owned(),
        (RunOutcome::Applied | RunOutcome::Held | RunOutcome::Unchanged | RunOutcome::Failed(_), run) => {
            format!("Run {}", run.map_or_else(|| "?".to_owned(), |run| run.to_string()))
        }
    };
    let mut lines = vec![format!("{name}: {}", format::summary(counts))];
    if counts.groups_created > 0 {
        lines.push(format!("{} made", count(counts.groups_created, "group", "groups")));
    }
    if counts.jobs_enqueued > 0 || drained.done > 0 {
        let enqueued = count(counts.jobs_enqueued, "job", "jobs");
        lines.push(format!("{enqueued} enqueued, {} drained", output::thousands(drained.done)));
    }
    output::print_result(&lines.join("\n"))?;
    if let Some(change_set) = report.change_set.as_ref().filter(|_| report.is_held()) {
        super::approval::print_held(report.run, counts, &change_set.held)?;
    }
    print_problems(report);
    if drained.failed > 0 {
        let failed = count(drained.failed, "job has", "jobs have");
        output::print_status(&format!(
            "\n{failed} failed permanently\n\nhint: `rollcall jobs list` shows them"
        ));
    }
    Ok(())
}

fn print_problems(report: &RunReport) {
    if report.problems.is_empty() {
        return;
    }
    output::print_status(&format!("\n{}:", count(report.problems.len() as u64, "problem", "problems")));
    for line in list_problems(&report.problems) {
        output::print_status(&line);
    }
}

/// The lines of problems. Of many problems the first of each kind are listed, so that no kind hides another.
fn list_problems(problems: &[RunWarning]) -> Vec<String> {
    let line = |problem: &RunWarning| format!(" ! {}: {}", problem.subject, problem.message);
    let (unmatched, others): (Vec<&RunWarning>, Vec<&RunWarning>) =
        problems.iter().partition(|problem| problem.kind == RunWarningKind::RuleUnmatched);
    if unmatched.len() > 1 {
        let mut lines = list_problems(&others.into_iter().cloned().collect::<Vec<_>>());
        lines.push(format_unmatched(&unmatched));
        return lines;
    }
    if problems.len() <= MAX_LINES {
        return problems.iter().map(line).collect();
    }
    let mut by_kind: BTreeMap<RunWarningKind, Vec<&RunWarning>> = BTreeMap::new();
    for problem in problems {
        by_kind.entry(problem.kind).or_default().push(problem);
    }
    let mut lines = Vec::new();
    for of_kind in by_kind.values() {
        lines.extend(of_kind.iter().take(MAX_OF_KIND).map(|problem| line(problem)));
        if of_kind.len() > MAX_OF_KIND {
            let more = output::thousands((of_kind.len() - MAX_OF_KIND) as u64);
            lines.push(format!(" … and {more} more of this kind"));
        }
    }
    lines
}

/// One line for the rules that match no person: most rules of a file do so before the people for them are there.
fn format_unmatched(rules: &[&RunWarning]) -> String {
    let named: Vec<String> =
        rules.iter().take(MAX_OF_KIND).map(|rule| format!("`{}`", rule.subject)).collect();
    let more = rules.len() - named.len();
    let more =
        if more == 0 { String::new() } else { format!(", and {} more", output::thousands(more as u64)) };
    let rules = count(rules.len() as u64, "rule matches", "rules match");
    format!(" ! {rules} no person: {}{more}", named.join(", "))
}
