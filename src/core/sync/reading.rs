//! Reads a source while the state of the database is loaded.

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::sync::SyncError;
use crate::sync::include_filter::apply_include;
use crate::sync::load::{SnapshotScope, load_snapshot};
use crate::sync::run_options::RunOptions;
use crate::sync::run_task::RunTask;
use rollcall_connectors::{ConnectorError, DirectoryReading, ReadContext, ReadProgress};
use rollcall_model::guard::Percent;
use rollcall_model::source_file::SourceFile;
use rollcall_planner::{Snapshot, SourceData};

/// Converts a complete reading into the planner's input. A [`DirectoryReading`] is the proof that it is complete.
#[must_use]
pub fn full_reading(reading: DirectoryReading) -> SourceData {
    let (people, warnings) = reading.into_parts();
    SourceData::full(people, warnings)
}

/// A source that was read as a whole.
pub(super) struct SourceReading {
    pub(super) data: SourceData,
    /// The file, if the source is one.
    pub(super) file: Option<SourceFile>,
}

/// Reads the source of a run, and loads the snapshot at the same time.
///
/// # Errors
/// If the source could not be read completely, or the database fails.
pub(super) async fn read_beside_snapshot(
    task: &RunTask<'_>,
    options: &RunOptions,
    stop: &CancellationToken,
) -> Result<(Snapshot, SourceReading), SyncError> {
    let loading = spawn_snapshot(task);
    let SourceReading { data, file } = read(task, options, stop).await?;
    let snapshot = loading.await.map_err(rollcall_store::StoreError::TaskFailed)??;
    refuse_empty_source(task, &snapshot, &data)?;
    let data = recheck_absent(task, options, &snapshot, data, stop).await?;
    Ok((snapshot, SourceReading { data, file }))
}

/// Refuses a source without people when none of its people is known: a wrong path, base or filter finds nobody. The
/// limit `min_read` covers the later readings, and a limit of 0 allows this one too.
fn refuse_empty_source(
    task: &RunTask<'_>,
    snapshot: &Snapshot,
    source: &SourceData,
) -> Result<(), SyncError> {
    let is_allowed = task.file.limits.min_read == Percent::new(0);
    if is_allowed || !source.people.is_empty() || !snapshot.known.is_empty() {
        return Ok(());
    }
    Err(ConnectorError::no_people(task.name(), &source.people).into())
}

/// Loads the snapshot in a task of its own, while the directory is being read.
fn spawn_snapshot(task: &RunTask<'_>) -> AbortOnDropHandle<rollcall_store::Result<Snapshot>> {
    let (store, names) = (task.store.clone(), task.file.connector_names());
    let (name, digest, when) = (task.name().clone(), task.file.digest.to_owned(), task.when);
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut tx = store.begin_read().await?;
        let snapshot = load_snapshot(&mut tx, &name, &names, &digest, when, &SnapshotScope::All).await?;
        tx.rollback().await?;
        Ok(snapshot)
    }))
}

/// Reads the source of a run.
///
/// # Errors
/// If the source could not be read completely.
async fn read(
    task: &RunTask<'_>,
    options: &RunOptions,
    stop: &CancellationToken,
) -> Result<SourceReading, SyncError> {
    let (settings, attributes) = (&task.file.connectors[task.connector], task.file.attributes);
    let context = task.read_context(options, stop).await?;
    let reading = settings.read(attributes, &context).await?;
    let file = reading.file().cloned();
    let mut source = full_reading(reading);
    task.merge_records(&mut source.people);
    let noticed = apply_include(&mut source.people, settings, task)?;
    source.warnings.extend(noticed);
    Ok(SourceReading { data: source, file })
}

/// Looks up the people who seem to be absent, if they are few enough for the limits.
async fn recheck_absent(
    task: &RunTask<'_>,
    options: &RunOptions,
    snapshot: &Snapshot,
    mut source: SourceData,
    stop: &CancellationToken,
) -> Result<SourceData, SyncError> {
    let absent = source.absent_ids(&snapshot.known);
    let known = snapshot.known.iter().filter(|(_, person)| person.present).count() as u64;
    if absent.is_empty() || absent.len() as u64 > task.file.limits.removals_of(known) {
        return Ok(source);
    }
    let (settings, attributes) = (&task.file.connectors[task.connector], task.file.attributes);
    // With a progress counter of its own, so that the people of the reading stay counted.
    let context =
        ReadContext { cancel: stop.clone(), progress: ReadProgress::default(), ..options.reading.clone() };
    for mut people in settings.look_up(&absent, attributes, &context).await? {
        task.merge_records(&mut people);
        apply_include(&mut people, settings, task)?;
        source.people.add_missing(&people);
    }
    Ok(source)
}
