//! `rollcall learners`.

use serde_json::Value;

use super::args;
use super::failure::Failure;
use super::groups::say;
use super::output;
use super::session::{PATIENCE, Session};
use crate::groups;
use crate::report::{self, Learner};
use crate::store::learners;
use crate::sync::linked;
use crate::sync::refresh::Anew;

/// Runs a command about learners.
///
/// # Errors
/// When it cannot be done.
pub async fn learners(session: &Session, command: args::Learners) -> Result<u8, Failure> {
    match command {
        args::Learners::List => {
            let mut tx = session.store.read().await?;
            let all = learners::list(&mut tx, None).await?;
            let all: Vec<Learner> = all.iter().map(Learner::from).collect();
            if session.json {
                output::json(&all)?;
            } else {
                let rows = all.iter().map(|one| {
                    [
                        one.email.clone(),
                        one.name.clone(),
                        one.status.clone(),
                        one.department.clone(),
                        one.location.clone(),
                        one.role.clone(),
                        one.groups.join(", "),
                    ]
                });
                let nothing = "nobody yet: `rollcall sync` brings people in";
                output::table(
                    ["email", "name", "status", "department", "location", "role", "groups"],
                    rows,
                    nothing,
                )?;
            }
            Ok(0)
        }
        args::Learners::Show { email } => show(session, &email).await,
        args::Learners::Link { one, other, drain } => {
            let about = session.by_hand(format!("link `{one}` and `{other}`"));
            let linked = linked::link(anew(session), &about, session.when(), [&one, &other]).await;
            session.drain_unless(drain.no_drain).await?;
            say(session, linked?.done.run.0, &format!("`{one}` and `{other}` are one learner"))
        }
        args::Learners::Unlink { one, other, drain } => {
            let about = session.by_hand(format!("unlink `{one}` and `{other}`"));
            let parted = linked::unlink(anew(session), &about, session.when(), [&one, &other]).await;
            session.drain_unless(drain.no_drain).await?;
            say(session, parted?.done.run.0, &format!("`{one}` and `{other}` are two learners again"))
        }
        args::Learners::Add { email, name } => {
            let about = session.by_hand(format!("add learner `{email}`"));
            let (_, done) =
                groups::add_learner(&session.store, &about, session.when(), &email, &name).await?;
            say(session, done.run.0, &format!("added `{email}`"))
        }
    }
}

fn anew(session: &Session) -> Anew<'_> {
    Anew { store: &session.store, file: session.config.for_sync(), patience: PATIENCE, stop: &session.stop }
}

async fn show(session: &Session, email: &str) -> Result<u8, Failure> {
    let mut tx = session.store.read().await?;
    let learner = groups::find_learner(&mut tx, email).await?;
    let known = report::known(&mut tx, learner.id).await?;
    let known = known.ok_or_else(|| groups::Error::NoLearner { text: email.to_owned() })?;
    if session.json {
        output::json(&known)?;
        return Ok(0);
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    output::facts(&format!("{} ({})", learner.email, learner.status))?;
    let rows = known.attributes.iter().map(|(name, value)| [name.clone(), text(value)]);
    output::table(["attribute", "value"], rows, "nothing more is known")?;
    output::facts(&format!("groups: {}", known.learner.groups.join(", ")))?;
    if known.contested {
        output::talk("another learner holds this learner's address");
    }
    Ok(0)
}
