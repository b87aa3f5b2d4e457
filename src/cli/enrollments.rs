//! `rollcall enrollments` and `rollcall verify`.

use chrono::{DateTime, NaiveDate, Utc};

use super::args;
use super::failure::Failure;
use super::output::{self, count};
use super::session::Session;
use crate::enrollment::verify::{self as verifying, Verdict, What};
use crate::groups::{self, Completion};
use crate::model::instant;
use crate::report::Enrollment;
use crate::store::enrollments;

/// Runs a command about enrollments.
///
/// # Errors
/// When it cannot be done.
pub async fn enrollments(session: &Session, command: args::Enrollments) -> Result<u8, Failure> {
    match command {
        args::Enrollments::List { learner, course, group } => {
            list(session, learner.as_deref(), course.as_deref(), group.as_deref()).await
        }
        args::Enrollments::Complete { email, course, at } => {
            let at = at.map_or(Ok(Utc::now()), |text| instant(session, &text))?;
            let about = session.by_hand(format!("complete `{course}`"));
            let done = groups::complete(&session.store, &about, session.when(), &email, &course, at).await?;
            match done {
                Completion::Noted => output::facts(&format!("`{email}` has completed `{course}`"))?,
                Completion::Before(at) => {
                    output::talk(&format!("`{email}` completed `{course}` at {at} already: that stays"));
                }
            }
            Ok(0)
        }
    }
}

/// An RFC 3339 time, or a day at noon in the file's zone.
fn instant(session: &Session, text: &str) -> Result<DateTime<Utc>, Failure> {
    instant::read(text, session.config.timezone).ok_or_else(|| {
        Failure::usage(format!("`{text}` is neither a date nor a time"))
            .hint("write 2026-12-31, or 2026-12-31T09:30:00Z")
    })
}

async fn list(
    session: &Session,
    learner: Option<&str>,
    course: Option<&str>,
    group: Option<&str>,
) -> Result<u8, Failure> {
    let mut tx = session.store.read().await?;
    let learner = match learner {
        Some(text) => Some(groups::find_learner(&mut tx, text).await?.id.0),
        None => None,
    };
    let course = match course {
        Some(code) => Some(groups::find_course(&mut tx, code).await?.id),
        None => None,
    };
    let group = match group {
        Some(name) => Some(groups::find(&mut tx, name).await?.id.0),
        None => None,
    };
    let all = enrollments::list(&mut tx, learner, course, group).await?;
    let all: Vec<Enrollment> = all.iter().map(Enrollment::from).collect();
    if session.json {
        output::json(&all)?;
        return Ok(0);
    }
    let day = |at: Option<DateTime<Utc>>| {
        at.map_or_else(String::new, |at| at.with_timezone(&session.config.timezone).date_naive().to_string())
    };
    let rows = all.iter().map(|one| {
        [
            one.email.clone(),
            one.course.clone(),
            one.state.clone(),
            one.due.map_or_else(String::new, |day| day.to_string()),
            day(one.completed_at),
            one.groups.join(", "),
        ]
    });
    let nothing = "no enrollments: assign a course with `rollcall assign COURSE --group GROUP`";
    output::table(["email", "course", "state", "due", "completed", "groups"], rows, nothing)?;
    Ok(0)
}

/// Proves that enrollments are what memberships and assignments say; with `repair` makes them so first.
///
/// # Errors
/// When the database does not answer.
pub async fn verify(session: &Session, repair: bool) -> Result<u8, Failure> {
    let verdict = if repair {
        let about = session.by_hand("verify --repair");
        let repair = verifying::repair(&session.store, &about, session.when()).await?;
        if repair.done.is_some() {
            let found = count(repair.found.differences.len() as u64, "difference", "differences");
            output::talk(&format!("{found} found, settling them again"));
            session.drain().await?;
            verifying::verify(&session.store).await?
        } else {
            repair.found
        }
    } else {
        verifying::verify(&session.store).await?
    };
    print(session, &verdict)?;
    Ok(u8::from(!verdict.differences.is_empty()))
}

fn print(session: &Session, verdict: &Verdict) -> Result<(), Failure> {
    if session.json {
        return output::json(verdict);
    }
    let day = |due: Option<NaiveDate>| due.map_or_else(|| "no due date".to_owned(), |day| day.to_string());
    for one in &verdict.differences {
        let what = match one.what {
            What::Missing => "should have access, and has none".to_owned(),
            What::Extra => "has access that nothing holds up".to_owned(),
            What::Due => {
                format!("is due {}, and should be due {}", day(one.found_due), day(one.expected_due))
            }
        };
        output::facts(&format!(" ! {}  {}  {what}", one.email, one.course))?;
    }
    let memberships = count(verdict.memberships, "membership", "memberships");
    let enrollments = count(verdict.enrollments, "enrollment", "enrollments");
    let differences = count(verdict.differences.len() as u64, "difference", "differences");
    output::facts(&format!("{memberships}, {enrollments}, {differences}"))?;
    if verdict.pending > 0 {
        let pending = count(verdict.pending, "pair waits", "pairs wait");
        output::talk(&format!("{pending} for a worker and could not be compared"));
    }
    if !verdict.differences.is_empty() {
        output::talk("\nhint: `rollcall verify --repair` settles them again");
    }
    Ok(())
}
