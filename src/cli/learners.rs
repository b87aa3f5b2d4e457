//! `rollcall learners`.

use serde_json::Value;

use super::args;
use super::failure::Failure;
use super::groups::say;
use super::output;
use super::session::Session;
use crate::groups::{self, links};
use crate::model::ids::LearnerId;
use crate::report::{self, Learner};
use crate::store::learners;
use crate::store::runs::About;
use crate::sync::refresh;

/// Lets the rules decide anew for one learner.
async fn refresh(session: &Session, learner: LearnerId, about: &About) -> Result<(), Failure> {
    let about = About { what: format!("rules, after: {}", about.what), ..about.clone() };
    let file = session.config.for_sync();
    refresh::refresh(&session.store, file, learner, &about, &session.stop)
        .await
        .map_err(|error| Failure::failed(super::failure::chain(&error)))?;
    Ok(())
}

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
            let linked = links::link(&session.store, &about, session.when(), &one, &other).await?;
            refresh(session, linked.learner.id, &about).await?;
            session.drain_unless(drain.no_drain).await?;
            say(session, linked.done.run.0, &format!("`{one}` and `{other}` are one learner"))
        }
        args::Learners::Unlink { one, other, drain } => {
            let about = session.by_hand(format!("unlink `{one}` and `{other}`"));
            let parted = links::unlink(&session.store, &about, session.when(), &one, &other).await?;
            refresh(session, parted.learner.id, &about).await?;
            refresh(session, parted.other, &about).await?;
            session.drain_unless(drain.no_drain).await?;
            say(session, parted.done.run.0, &format!("`{one}` and `{other}` are two learners again"))
        }
        args::Learners::Add { email, name } => {
            let about = session.by_hand(format!("add learner `{email}`"));
            let (_, done) =
                groups::add_learner(&session.store, &about, session.when(), &email, &name).await?;
            say(session, done.run.0, &format!("added `{email}`"))
        }
    }
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
