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
            let name = file.display();
            let sheet = std::fs::read(&file)
                .map_err(|error| Failure::failed(format!("`{name}` cannot be read: {error}")))?;
            let about = session.by_hand(format!("import courses from `{name}`"));
            let imported = groups::import_courses(&session.store, &about, session.when(), &sheet).await;
            let imported = imported.map_err(|error| match error {
                groups::Error::BadSheet { .. } => Failure::failed(format!("{name}, {error}")),
                error => error.into(),
            })?;
            let courses = count(imported.courses, "course", "courses");
            match imported.done {
                Some(done) => {
                    say(session, done.run.0, &format!("{courses} of `{name}` are in the catalogue"))
                }
                None => {
                    output::talk(&format!("there is no course in `{name}`"));
                    Ok(0)
                }
            }
        }
    }
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
