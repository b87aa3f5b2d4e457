//! `rollcall sync`.

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::args::Sync;
use super::failure::{Failure, chain};
use super::output::{self, count};
use super::session::{Session, actor, bar, watch};
use crate::connectors::{Context, Progress, retry};
use crate::model::attributes::Attribute;
use crate::model::ids::LearnerId;
use crate::model::names::nearest;
use crate::model::plan::Entry;
use crate::model::population::Fate;
use crate::report;
use crate::store::learners;
use crate::sync::prepare::Prepared;
use crate::sync::{self, Asked, Error, Outcome, Report};

/// How long a typed sync waits for another run of the same connector.
const PATIENCE: Duration = Duration::from_secs(60);

/// The exit status of a run of which something waits.
pub(super) const HELD: u8 = 3;

/// Lines of a plan that a terminal shows; the rest is counted.
const SHOWN: usize = 40;

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
        planned |= report.prepared.as_ref().is_some_and(|prepared| !prepared.is_empty());
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

/// How learners are called whom the reading no longer holds.
type Names = FxHashMap<LearnerId, String>;

async fn names(session: &Session, report: &Report) -> Result<Names, Failure> {
    let Some(prepared) = report.prepared.as_ref().filter(|one| !session.json && is_short(one)) else {
        return Ok(Names::default());
    };
    let nameless = prepared.plan.remove.iter().filter(|entry| prepared.population.cells(entry.who).is_none());
    let ids = nameless.filter_map(|entry| prepared.population.learner(entry.who).id).map(|id| id.0).collect();
    let mut tx = session.store.read().await?;
    Ok(learners::labels(&mut tx, ids).await?.into_iter().collect())
}

/// Whether a plan is shown line by line.
fn is_short(prepared: &Prepared) -> bool {
    prepared.plan.add.len() + prepared.plan.remove.len() <= SHOWN
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
        Error::Store(_) | Error::LeaseLost { .. } | Error::Stopped { .. } => None,
    }
}

fn print_done(report: &Report, drained: DrainedJobs, names: &Names) -> Result<(), Failure> {
    let counts = &report.counts;
    let people = count(counts.people_read, "person", "people");
    output::talk(&format!("Read {people} from `{}` in {:.1} s", report.connector, report.took.as_secs_f64()));
    if let Some(prepared) = &report.prepared {
        output::facts(&plan_lines(prepared, names).join("\n"))?;
    }
    let changed = counts.people_new + counts.people_changed + counts.people_left;
    let unchanged = counts.people_read.saturating_sub(counts.people_new + counts.people_changed);
    let name = match (&report.outcome, report.run) {
        (Outcome::Planned, _) => "Dry run".to_owned(),
        (Outcome::Applied | Outcome::Held | Outcome::Unchanged | Outcome::Failed(_), run) => {
            format!("Run {}", run.map_or_else(|| "?".to_owned(), |run| run.to_string()))
        }
    };
    let people = if changed == 0 {
        "nobody changed".to_owned()
    } else {
        format!(
            "{} new, {} changed, {} left, {} unchanged",
            output::thousands(counts.people_new),
            output::thousands(counts.people_changed),
            output::thousands(counts.people_left),
            output::thousands(unchanged)
        )
    };
    let memberships = format!(
        "{} added, {} removed",
        count(counts.memberships_added, "membership", "memberships"),
        output::thousands(counts.memberships_removed)
    );
    let mut lines = vec![format!("{name}: {people}; {memberships}")];
    if counts.groups_created > 0 {
        lines.push(format!("{} made", count(counts.groups_created, "group", "groups")));
    }
    if counts.jobs_enqueued > 0 || drained.done > 0 {
        let enqueued = count(counts.jobs_enqueued, "job", "jobs");
        lines.push(format!("{enqueued} enqueued, {} drained", output::thousands(drained.done)));
    }
    output::facts(&lines.join("\n"))?;
    if let Some(prepared) = report.prepared.as_ref().filter(|_| report.is_held()) {
        super::holds::print_held(report.run, counts, &prepared.held)?;
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

/// A plan for reading: line by line who joins and leaves which group, and why; a large one group by group.
fn plan_lines(prepared: &Prepared, names: &Names) -> Vec<String> {
    let plan = &prepared.plan;
    if !is_short(prepared) {
        return by_group(prepared);
    }
    let changes =
        plan.add.iter().map(|entry| ('+', entry)).chain(plan.remove.iter().map(|entry| ('-', entry)));
    let rows: Vec<(char, String, &str, String)> = changes
        .map(|(sign, entry)| {
            let group = plan.groups[entry.group as usize].name.shown();
            (sign, label(prepared, names, entry.who), group, why(prepared, sign, entry))
        })
        .collect();
    let who = width(rows.iter().map(|row| row.1.as_str()));
    let group = width(rows.iter().map(|row| row.2));
    rows.iter()
        .map(|(sign, label, name, why)| {
            format!(" {sign} {label:who$}  {name:group$}  {why}").trim_end().to_owned()
        })
        .collect()
}

fn width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// How many join and leave each group, largest changes first.
fn by_group(prepared: &Prepared) -> Vec<String> {
    let plan = &prepared.plan;
    let mut changes = vec![(0_u64, 0_u64); plan.groups.len()];
    plan.add.iter().for_each(|entry| changes[entry.group as usize].0 += 1);
    plan.remove.iter().for_each(|entry| changes[entry.group as usize].1 += 1);
    let mut rows: Vec<(&str, u64, u64)> = plan
        .groups
        .iter()
        .zip(changes)
        .filter(|(_, (added, removed))| added + removed > 0)
        .map(|(group, (added, removed))| (group.name.shown(), added, removed))
        .collect();
    rows.sort_by_key(|(_, added, removed)| std::cmp::Reverse(added + removed));
    let name = width(rows.iter().take(SHOWN).map(|row| row.0));
    let mut lines: Vec<String> = rows
        .iter()
        .take(SHOWN)
        .map(|(group, added, removed)| {
            let removed =
                if *removed == 0 { String::new() } else { format!("  -{}", output::thousands(*removed)) };
            format!("   {group:name$}  +{}{removed}", output::thousands(*added))
        })
        .collect();
    if rows.len() > SHOWN {
        lines.push(format!("   … and {} more groups", output::thousands((rows.len() - SHOWN) as u64)));
    }
    lines
}

fn label(prepared: &Prepared, names: &Names, who: u32) -> String {
    if let Some(name) = prepared.population.learner(who).id.and_then(|id| names.get(&id)) {
        return name.clone();
    }
    let email = prepared.population.first(who, Attribute::EMAIL);
    if email.is_empty() {
        prepared.population.learner(who).id.map_or_else(
            || prepared.population.first(who, Attribute::ID).to_owned(),
            |id| {
                let name = prepared.population.name(who);
                if name.is_empty() { format!("learner {id}") } else { name }
            },
        )
    } else {
        email.to_owned()
    }
}

fn why(prepared: &Prepared, sign: char, entry: &Entry) -> String {
    let rule = &prepared.plan.rules[entry.rule as usize].name;
    let learner = prepared.population.learner(entry.who);
    if sign == '-' && !learner.status.has_access() {
        return match learner.fate {
            Fate::Absent => "is no longer in the directory".to_owned(),
            Fate::Same | Fate::Changed | Fate::New | Fate::None => {
                format!("status is {}", learner.status.as_str())
            }
        };
    }
    if entry.rule == 0 {
        return "by hand".to_owned();
    }
    let facts =
        [Attribute::DEPARTMENT, Attribute::LOCATION, Attribute::ROLE].into_iter().filter_map(|attribute| {
            let value = prepared.population.first(entry.who, attribute);
            let name = crate::model::attributes::STANDARD[attribute.index()];
            (!value.is_empty()).then(|| format!("{name} = {value}"))
        });
    let facts = facts.collect::<Vec<_>>().join(", ");
    let verb = if sign == '+' { "rule" } else { "no longer by rule" };
    if facts.is_empty() { format!("{verb} `{rule}`") } else { format!("{facts} ({verb} `{rule}`)") }
}
