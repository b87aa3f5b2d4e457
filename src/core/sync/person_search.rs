//! Asks a source for one person, by address and by id.

use tokio_util::sync::CancellationToken;

use crate::sync::SyncError;
use crate::sync::include_filter::apply_include;
use crate::sync::run_options::RunOptions;
use crate::sync::run_task::RunTask;
use rollcall_connectors::PersonQuery;
use rollcall_model::ids::ConnectorId;
use rollcall_model::names::fold;
use rollcall_model::people::PeopleTable;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_planner::{RunBaseline, SourceData};
use rollcall_store::persons::PersonIdRow;
use rollcall_store::{connectors, persons};

/// What the database knows about the person before the source is asked.
#[derive(Default)]
struct StoredPerson {
    ids: Vec<PersonIdRow>,
    /// The number of people of the last good reading.
    people: u64,
}

/// Reads one person. Ids that the source no longer holds, by its own answer, are absent. If the person is not found, a
/// warning names the person.
///
/// # Errors
/// If a request or the database failed.
pub(super) async fn find_person(
    task: &RunTask<'_>,
    person: &str,
    options: &RunOptions,
    stop: &CancellationToken,
) -> Result<SourceData, SyncError> {
    let (settings, attributes) = (&task.file.connectors[task.connector], task.file.attributes);
    let context = task.read_context(options, stop).await?;
    let stored = load_stored_person(task, person).await?;
    let ids: Vec<String> = stored.ids.iter().map(|row| row.external_id.clone()).collect();
    let query = PersonQuery { text: person, ids: &ids };
    let answer = settings.find_person(query, attributes, &context).await?;
    // A reading that is too small is not an answer about a person whom it lacks.
    let is_too_small =
        answer.people_read().is_some_and(|read| task.file.limits.is_too_small(read, stored.people));
    let (mut people, mut answered) = answer.into_parts();
    if is_too_small {
        answered.clear();
    }
    task.merge_records(&mut people);
    let mut warnings = apply_include(&mut people, settings, task)?;
    let gone: Vec<String> = answered.into_iter().filter(|id| stored.lacks(id, &people)).collect();
    warnings.extend(stored.describe(task, person, &people, &gone));
    Ok(SourceData::some(people, gone, warnings))
}

async fn load_stored_person(task: &RunTask<'_>, person: &str) -> Result<StoredPerson, SyncError> {
    let mut tx = task.store.begin_read().await?;
    let row = connectors::list(&mut tx).await?.into_iter().find(|row| row.name == task.name().as_str());
    let Some(connector) = row.map(|row| ConnectorId(row.id)) else { return Ok(StoredPerson::default()) };
    let ids = persons::list_ids_of_person(&mut tx, connector, person.trim(), &fold(person)).await?;
    let baseline = RunBaseline::read(&connectors::get_baseline(&mut tx, connector).await?);
    tx.rollback().await?;
    Ok(StoredPerson { ids, people: baseline.map_or(0, |baseline| baseline.people) })
}

impl StoredPerson {
    /// Returns true if the last good reading held this id and `people` do not.
    fn lacks(&self, id: &str, people: &PeopleTable) -> bool {
        people.row(id).is_none() && self.ids.iter().any(|row| row.present && row.external_id == id)
    }

    /// Describes what was not found.
    fn describe(
        &self,
        task: &RunTask<'_>,
        person: &str,
        people: &PeopleTable,
        gone: &[String],
    ) -> Vec<RunWarning> {
        let name = task.name();
        let left = |id: &String| {
            let message = format!("the source of `{name}` no longer holds the id `{id}`: the person left");
            RunWarning::new(RunWarningKind::PersonGone, person, message)
        };
        if !gone.is_empty() || !people.is_empty() {
            return gone.iter().map(left).collect();
        }
        let message = if self.ids.iter().any(|row| row.present) {
            format!(
                "`{name}` did not find the person, and the source did not prove that it no longer holds the person: \
                 `rollcall sync {name}` reads all people"
            )
        } else {
            format!("`{name}` holds no person with this address or id")
        };
        vec![RunWarning::new(RunWarningKind::PersonNotFound, person, message)]
    }
}
