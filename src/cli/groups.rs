//! `rollcall groups` and `rollcall exclusions`.

use std::io::{IsTerminal, Write};

use serde_json::json;

use super::args::{self, Drain};
use super::failure::Failure;
use super::output::{self, count};
use super::session::Session;
use crate::groups::{self, Effect, Keep, Meant, Members};
use crate::report::{self, Assigned, Changed};
use crate::store::assignments::{self, Assignment, Whom};
use crate::store::memberships;

/// Runs a command about groups.
///
/// # Errors
/// When it cannot be done.
pub async fn groups(session: &Session, command: args::Groups) -> Result<u8, Failure> {
    match command {
        args::Groups::List => list(session).await,
        args::Groups::Show { name } => show(session, &name).await,
        args::Groups::Create { name, members, drain } => create(session, &name, &members, drain).await,
        args::Groups::Rename { name, new } => {
            let about = session.by_hand(format!("rename group `{name}` to `{new}`"));
            let done = groups::rename(&session.store, &about, session.when(), &name, &new).await?;
            say(session, done.run.0, &format!("renamed `{name}` to `{new}`"))
        }
        args::Groups::Delete { name, yes, drain } => delete(session, &name, yes, drain).await,
        args::Groups::Restore { name, drain } => {
            let about = session.by_hand(format!("restore group `{name}`"));
            let done = groups::restore(&session.store, &about, session.when(), &name).await?;
            session.drain_unless(drain.no_drain).await?;
            let members = count(done.counts.memberships_added, "membership", "memberships");
            say(session, done.run.0, &format!("restored `{name}` with {members}"))
        }
        args::Groups::Add { name, who, drain } => {
            let about = session.by_hand(format!("add members to group `{name}`"));
            let members = groups::add(&session.store, &about, session.when(), &name, &who).await?;
            session.drain_unless(drain.no_drain).await?;
            say_members(session, &members)
        }
        args::Groups::Remove { name, who, until, because, drain } => {
            let about = session.by_hand(format!("remove members from group `{name}`"));
            let keep = Keep { reason: &because, until };
            let members = groups::remove(&session.store, &about, session.when(), &name, &who, keep).await?;
            session.drain_unless(drain.no_drain).await?;
            say_members(session, &members)
        }
    }
}

/// What a change by hand came to.
pub fn say(session: &Session, run: i64, what: &str) -> Result<u8, Failure> {
    if session.json {
        output::json(&json!({"run": run, "done": what}))?;
    } else {
        output::facts(&format!("Run {run}: {what}"))?;
    }
    Ok(0)
}

async fn list(session: &Session) -> Result<u8, Failure> {
    let mut tx = session.store.read().await?;
    let groups = report::summaries(&mut tx, None).await?;
    if session.json {
        output::json(&groups)?;
    } else {
        let rows = groups.iter().map(|group| {
            [
                group.name.clone(),
                group.members.to_string(),
                group.rules.join(", "),
                group.assignments.to_string(),
            ]
        });
        let nothing = "no groups yet: make one with `rollcall groups create`, or let a rule make some";
        output::table(["name", "members", "rules", "assignments"], rows, nothing)?;
    }
    Ok(0)
}

async fn show(session: &Session, name: &str) -> Result<u8, Failure> {
    let mut tx = session.store.read().await?;
    let group = groups::find(&mut tx, name).await?;
    let members = report::members_of(&mut tx, group.id).await?;
    let assignments = assignments::in_force(&mut tx, Some(Whom::Group(group.id)), None).await?;
    if session.json {
        let summaries = report::summaries(&mut tx, Some(group.id)).await?;
        let assigned =
            assignments.iter().map(|one| Assigned::new(&one.code, one.due, one.late_days, &one.source));
        let mut json = json!(summaries.first());
        json["members"] = json!(members);
        json["assignments"] = assigned.map(|one| json!(one)).collect();
        output::json(&json)?;
        return Ok(0);
    }
    output::facts(&format!("{} ({})", group.name, count(members.len() as u64, "member", "members")))?;
    let rows = members
        .iter()
        .map(|one| [one.email.clone(), one.name.clone(), one.reasons.join(", "), one.joined_on.to_string()]);
    output::table(["email", "name", "reasons", "joined"], rows, "nobody is in it")?;
    if !assignments.is_empty() {
        output::facts("")?;
        let rows = assignments.iter().map(|one| [one.code.clone(), in_words(one), one.source.clone()]);
        output::table(["course", "due", "from"], rows, "")?;
    }
    Ok(0)
}

/// A due date in words.
fn in_words(one: &Assignment) -> String {
    use crate::model::due::Due;
    match one.due {
        Due::Never => "no due date".to_owned(),
        Due::On(day) => format!("on {day}"),
        Due::AfterJoining(days) => format!("{} after joining", count(u64::from(days), "day", "days")),
        Due::AfterStart(days) => format!("{} after the start date", count(u64::from(days), "day", "days")),
    }
}

async fn create(session: &Session, name: &str, members: &[String], drain: Drain) -> Result<u8, Failure> {
    let about = session.by_hand(format!("create group `{name}`"));
    let (_, done) = groups::create(&session.store, &about, session.when(), name, members).await?;
    session.drain_unless(drain.no_drain).await?;
    let members = count(done.counts.memberships_added, "member", "members");
    say(session, done.run.0, &format!("made `{name}` with {members}"))
}

async fn delete(session: &Session, name: &str, yes: bool, drain: Drain) -> Result<u8, Failure> {
    let going = groups::going(&session.store, name).await?;
    let what = going.in_words();
    if !yes && std::io::stdin().is_terminal() && !confirmed(&format!("Delete `{name}` with {what}?"))? {
        output::talk("nothing was deleted");
        return Ok(0);
    }
    let about = session.by_hand(format!("delete group `{name}`"));
    let done = groups::delete(&session.store, &about, session.when(), name, Meant::Surely).await?;
    session.drain_unless(drain.no_drain).await?;
    say(session, done.run.0, &format!("deleted `{name}` with {what}"))?;
    output::talk(&format!("\nhint: for 30 days `rollcall groups restore '{name}'` brings it back"));
    Ok(0)
}

fn confirmed(question: &str) -> Result<bool, Failure> {
    let mut err = std::io::stderr().lock();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn say_members(session: &Session, members: &Members) -> Result<u8, Failure> {
    let group = &members.group;
    let in_words = |effect: &Effect| match effect {
        Effect::Added => "added",
        Effect::AlreadyThere => "was in it already",
        Effect::Waits => "will be in it when the learner has access",
        Effect::Removed => "removed",
        Effect::Excluded => "removed, and kept out of what the rules give",
        Effect::NotThere => "was not in it",
    };
    let run = members.done.map(|done| done.run.0);
    if session.json {
        output::json(&Changed::from(members))?;
        return Ok(0);
    }
    for (learner, effect) in &members.effects {
        output::facts(&format!("{}  {}", learner.email, in_words(effect)))?;
    }
    match run {
        Some(run) => output::facts(&format!("Run {run}: changed `{group}`"))?,
        None => output::facts("Nothing to do")?,
    }
    if members.effects.iter().any(|(_, effect)| *effect == Effect::Excluded) {
        output::talk(&format!(
            "\nhint: `rollcall exclusions lift '{group}' EMAIL` lets the rules decide again"
        ));
    }
    Ok(0)
}

/// Runs a command about exclusions.
///
/// # Errors
/// When it cannot be done.
pub async fn exclusions(session: &Session, command: args::Exclusions) -> Result<u8, Failure> {
    match command {
        args::Exclusions::List => {
            let mut tx = session.store.read().await?;
            let all = memberships::exclusions_shown(&mut tx).await?;
            if session.json {
                output::json(&all)?;
            } else {
                let rows = all.iter().map(|one| {
                    let until = one.until.map_or_else(|| "lifted".to_owned(), |day| day.to_string());
                    [one.group.clone(), one.email.clone(), one.reason.clone(), one.actor.clone(), until]
                });
                output::table(
                    ["group", "email", "why", "who", "until"],
                    rows,
                    "nobody is kept out of a group",
                )?;
            }
            Ok(0)
        }
        args::Exclusions::Lift { name, email, drain } => {
            let about = session.by_hand(format!("lift an exclusion from group `{name}`"));
            let done = groups::lift(&session.store, &about, session.when(), &name, &email).await?;
            session.drain_unless(drain.no_drain).await?;
            say(session, done.run.0, &format!("`{email}` may be in `{name}` again; the next sync decides"))
        }
    }
}
