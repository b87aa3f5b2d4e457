//! What the clock does while a source cannot be read.

use chrono::Utc;
use tracing::{error, info};

use crate::enrollment::change::When;
use crate::model::ids::ConnectorId;
use crate::model::people::People;
use crate::model::population::from_json;
use crate::store::runs::{About, Kind};
use crate::store::{Store, persons, runs};
use crate::sync::guarded::{Policy, prepare};
use crate::sync::lease::Held;
use crate::sync::prepare::{Ask, Seen};
use crate::sync::run::{Asked, Task, gather_now, plan_and_commit};
use crate::sync::{Error, File};

/// The clock runs though the source cannot be read: dates and tenure rules act on the people last read.
pub(super) async fn tick(
    store: &Store,
    file: File<'_>,
    connector: usize,
    asked: &Asked,
    lease: &Held,
    id: ConnectorId,
) {
    let name = &file.connectors[connector].name;
    let ticked = async {
        let when = When::at(Utc::now(), file.zone);
        let gathered = gather_now(store, file, connector, when).await?;
        let mut tx = store.read().await?;
        let mut people = People::new(file.attributes);
        persons::present(&mut tx, id, |record| {
            let cells = from_json(file.attributes, &mut people.values, &record.attributes);
            people.push(&cells, || record.external_id.clone());
        })
        .await?;
        let policy = Policy::Guard { allow_removals: false, retires: false };
        let ask = Ask { file, connector, gathered: &gathered, today: when.today, policy: &policy };
        let prepared = prepare(&mut tx, ask, Seen::some(people)).await?;
        tx.rollback().await?;
        let plan = &prepared.plan;
        let idle = plan.add.is_empty() && plan.remove.is_empty() && prepared.learners.is_empty();
        if idle && !prepared.held.is_waiting() {
            return Ok(None);
        }
        let about = About {
            kind: Kind::Clock,
            connector: Some(id),
            actor: asked.actor.clone(),
            what: "dates and tenure rules, on the people last read".to_owned(),
            file_digest: Some(file.digest.to_owned()),
            subject: None,
        };
        let mut tx = store.write().await?;
        let number = runs::begin(&mut tx, &about, when.now).await?;
        tx.commit().await?;
        let (seen, _, _) = prepared.into_seen();
        let task = Task { store, file, connector, policy: &policy, when };
        plan_and_commit(task, lease, number, seen, gathered).await?;
        Ok::<_, Error>(Some(number))
    };
    match ticked.await {
        Ok(None) => {}
        Ok(Some(number)) => info!(run = %number, connector = %name, "dates acted on the people last read"),
        Err(error) => error!(connector = %name, %error, "dates could not act on the people last read"),
    }
}
