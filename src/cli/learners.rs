//! `rollcall learners`.

use serde_json::{Value, json};

use super::args;
use super::failure::Failure;
use super::groups::say;
use super::output;
use super::session::Session;
use crate::groups;
use crate::store::learners::{self, Summary};

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').filter(|line| !line.is_empty()).collect()
}

fn as_json(one: &Summary) -> Value {
    json!({
        "email": one.email, "name": one.name, "status": one.status, "department": one.department,
        "location": one.location, "role": one.role, "groups": lines(&one.groups),
    })
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
            if session.json {
                output::json(&all.iter().map(as_json).collect::<Vec<_>>())?;
            } else {
                let rows = all.iter().map(|one| {
                    [
                        one.email.clone(),
                        one.name.clone(),
                        one.status.clone(),
                        one.department.clone(),
                        one.location.clone(),
                        one.role.clone(),
                        lines(&one.groups).join(", "),
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
    let summary = learners::list(&mut tx, Some(learner.id)).await?;
    let details = learners::details(&mut tx, learner.id).await?;
    let attributes: Value = serde_json::from_str(&details.attributes).unwrap_or_default();
    let mut one = summary.first().map_or_else(|| json!({}), as_json);
    one["attributes"] = attributes;
    one["start_date"] = json!(details.start_date);
    one["end_date"] = json!(details.end_date);
    if session.json {
        output::json(&one)?;
        return Ok(0);
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    output::facts(&format!("{} ({})", learner.email, learner.status))?;
    let attributes = one["attributes"].as_object().into_iter().flatten();
    let rows = attributes.map(|(name, value)| [name.clone(), text(value)]);
    output::table(["attribute", "value"], rows, "nothing more is known")?;
    output::facts(&format!("groups: {}", text(&one["groups"])))?;
    if details.email_contested.is_some() {
        output::talk("another learner holds this learner's address");
    }
    Ok(0)
}
