//! `rollcall courses`, `assign` and `unassign`.

use super::args::{self, Assign, Drain};
use super::failure::Failure;
use super::groups::say;
use super::output::{self, count};
use super::session::Session;
use crate::enrollment::assign::Outcome;
use crate::groups::{self, Asked, Target, Unassigned};
use crate::model::due::Due;
use crate::store::courses;

/// Runs a command about courses.
///
/// # Errors
/// When it cannot be done.
pub async fn courses(session: &Session, command: args::Courses) -> Result<u8, Failure> {
    match command {
        args::Courses::List => {
            let mut tx = session.store.read().await?;
            let all = courses::list(&mut tx).await?;
            if session.json {
                output::json(&all)?;
            } else {
                let rows = all.iter().map(|one| [one.code.clone(), one.title.clone(), one.source.clone()]);
                let nothing = "no courses yet: add one with `rollcall courses add CODE TITLE`";
                output::table(["code", "title", "from"], rows, nothing)?;
            }
            Ok(0)
        }
        args::Courses::Add { code, title } => {
            let about = session.by_hand(format!("add course `{code}`"));
            let done = groups::add_course(&session.store, &about, session.when(), &code, &title).await?;
            say(session, done.run.0, &format!("course `{code}` is in the catalogue"))
        }
        args::Courses::Import { file } => {
            let list = read_csv(&file)?;
            let about = session.by_hand(format!("import courses from `{}`", file.display()));
            let done = groups::add_courses(&session.store, &about, session.when(), &list).await?;
            let courses = count(list.len() as u64, "course", "courses");
            say(session, done.run.0, &format!("{courses} of `{}` are in the catalogue", file.display()))
        }
    }
}

/// Reads `code,title`; every bad line is named.
fn read_csv(path: &std::path::Path) -> Result<Vec<(String, String)>, Failure> {
    let bad = |line: u64, why: &str| Failure::failed(format!("{}, line {line}: {why}", path.display()));
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::failed(format!("`{}` cannot be read: {error}", path.display())))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| bad(1, "the file is not UTF-8"))?;
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|error| bad(1, &error.to_string()))?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|field| field.trim().eq_ignore_ascii_case(name))
            .ok_or_else(|| bad(1, &format!("there is no column `{name}`: the header is `code,title`")))
    };
    let (code, title) = (column("code")?, column("title")?);
    let mut list = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            bad(line, &error.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |at: usize| record.get(at).map(str::trim).filter(|text| !text.is_empty());
        let (Some(code), Some(title)) = (field(code), field(title)) else {
            return Err(bad(line, "a course needs a code and a title"));
        };
        list.push((code.to_owned(), title.to_owned()));
    }
    Ok(list)
}

fn target(whom: &args::Whom) -> Result<(Target<'_>, &str), Failure> {
    match (&whom.group, &whom.learner) {
        (Some(group), _) => Ok((Target::Group(group.into()), group)),
        (None, Some(learner)) => Ok((Target::Learner(learner), learner)),
        (None, None) => Err(Failure::usage("give --group or --learner")),
    }
}

/// Assigns a course.
///
/// # Errors
/// When course, group or learner is unknown.
pub async fn assign(session: &Session, args: Assign) -> Result<u8, Failure> {
    let due = match (args.due.due, args.due.due_days, args.due.due_days_after_start) {
        (Some(day), _, _) => Due::On(day),
        (None, Some(days), _) => Due::AfterJoining(days),
        (None, None, Some(days)) => Due::AfterStart(days),
        (None, None, None) => Due::Never,
    };
    let code = &args.course;
    let (target, name) = target(&args.whom)?;
    let about = session.by_hand(format!("assign `{code}` to `{name}`"));
    let asked = Asked { course: code, due, late_days: args.late_days };
    let answer = groups::assign(&session.store, &about, session.when(), asked, &[target]).await?;
    session.drain_unless(args.drain.no_drain).await?;
    let name = answer.outcomes.first().map_or(name, |(name, _)| name);
    match (answer.done, answer.outcomes.first().map(|(_, outcome)| *outcome)) {
        (Some(done), Some(Outcome::New)) => {
            let reached = count(done.counts.jobs_enqueued, "learner", "learners");
            say(session, done.run.0, &format!("assigned `{code}` to `{name}`, which reaches {reached}"))
        }
        (Some(done), _) => {
            say(session, done.run.0, &format!("changed the due date of `{code}` for `{name}`"))
        }
        (None, _) => {
            output::talk(&format!("`{code}` is assigned to `{name}` just so already"));
            Ok(0)
        }
    }
}

/// Ends an assignment by hand.
///
/// # Errors
/// When course, group or learner is unknown, or there is no such assignment.
pub async fn unassign(session: &Session, code: &str, whom: &args::Whom, drain: Drain) -> Result<u8, Failure> {
    let (target, name) = target(whom)?;
    let about = session.by_hand(format!("unassign `{code}` from `{name}`"));
    let unassigned = groups::unassign(&session.store, &about, session.when(), code, target).await?;
    session.drain_unless(drain.no_drain).await?;
    match unassigned {
        Unassigned::Ended(done) => {
            say(session, done.run.0, &format!("`{code}` is no longer assigned to `{name}`"))
        }
        Unassigned::OfTheFile => Err(Failure::failed(format!("the file assigns `{code}` to `{name}`"))
            .hint(format!("strike it from `{}`, then run `rollcall sync`", session.config.path.display()))),
        Unassigned::None => Err(Failure::failed(format!("`{code}` is not assigned to `{name}`"))),
    }
}
