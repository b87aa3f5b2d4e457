//! The state and the attributes of the learner on a day, with the connector of each.

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use crate::explain::explanation::{self, SourceValue, StatusReason, ValueOrigin};
use crate::explain::read_groups::ReadGroups;
use crate::explain::{AsOf, ExplainConfig, RunIndex};
use crate::sync::load_managers_above;
use crate::sync::profiles;
use rollcall_model::attributes::{Attribute, UNRESOLVED};
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::status::{EmploymentStatus, LearnerStatus};
use rollcall_planner::managers::ManagerValues;
use rollcall_planner::population::{date, from_json};
use rollcall_planner::rule_set::reads_managers;
use rollcall_planner::snapshot::ManualPerson;
use rollcall_planner::{
    ConnectorRecord, StatusOnDay, SuspensionState, connector_bit, manual_cells, merge_records, status_on,
    winning_record,
};
use rollcall_store::explain as table;
use rollcall_store::{Result, Tx, suspensions};

/// A learner on a day.
pub(super) struct LearnerState {
    pub(super) row: table::StoredLearner,
    /// None on a day before the learner was known.
    pub(super) status: Option<LearnerStatus>,
    pub(super) values: Interner,
    /// The state that follows from the records on the day.
    computed: LearnerStatus,
    why: StatusReason,
    records: Vec<StoredConnectorRecord>,
    cells: Box<[Symbol]>,
    /// The record that each cell comes from.
    origins: Vec<Option<usize>>,
    state: Symbol,
    /// The attributes that are computed from managers, as the last complete run found them; `None` if no rule reads them.
    managers: Option<ManagerValues>,
    /// The groups that rules read.
    pub(super) groups: ReadGroups,
    former: Vec<String>,
    /// The run that suspended the learner, if the suspension is in force on the day.
    suspended_by: Option<i64>,
}

/// The data of one connector.
struct StoredConnectorRecord {
    connector: String,
    external_id: String,
    place: usize,
    present: bool,
    retired: bool,
    cells: Box<[Symbol]>,
    run: Option<i64>,
}

impl StoredConnectorRecord {
    fn as_said(&self) -> ConnectorRecord<'_> {
        ConnectorRecord { place: self.place, cells: &self.cells }
    }

    fn origin(&self) -> ValueOrigin {
        ValueOrigin { connector: Some(self.connector.clone()), external_id: Some(self.external_id.clone()) }
    }
}

/// Connectors that the file does not define come after all others.
const UNCONFIGURED_POSITION: usize = usize::MAX;

/// Reads the state of the learner on the day.
pub(super) async fn load_learner_state(
    tx: &mut Tx,
    file: ExplainConfig<'_>,
    row: table::StoredLearner,
    view: AsOf,
) -> Result<LearnerState> {
    let rows = table::list_persons(tx, row.id).await?;
    let before = match view.until {
        Some(run) => table::list_person_versions(tx, row.id, run).await?,
        None => Vec::new(),
    };
    let former = table::list_former_addresses(tx, row.id).await?;
    let suspensions = suspensions::list_periods(tx, row.id).await?.into_iter();
    let suspended_by = suspensions
        .filter(|one| view.is_in_force(one.run_id, one.lifted_run_id))
        .map(|one| one.run_id)
        .next();
    let mut values = Interner::default();
    let mut records = Vec::new();
    for person in rows {
        if view.until.is_some_and(|run| person.first_run_id.is_some_and(|first| first > run)) {
            continue;
        }
        // The oldest change after the day says what stood before it.
        let then = before
            .iter()
            .find(|one| one.connector_id == person.connector_id && one.external_id == person.external_id);
        let (present, attributes) =
            then.map_or((person.present, &person.attributes), |then| (then.present, &then.attributes));
        let place = file.connectors.iter().position(|one| one.name.as_str() == person.connector);
        records.push(StoredConnectorRecord {
            cells: from_json(file.attributes, &mut values, attributes),
            place: place.unwrap_or(UNCONFIGURED_POSITION),
            present,
            retired: person.retired,
            run: then.is_none().then_some(person.run_id),
            connector: person.connector,
            external_id: person.external_id,
        });
    }
    records.sort_by_key(|record| (!record.present, record.place));
    let learner = row.id;
    let mut state =
        LearnerState::merge(file, row, view, values, records, former).with_suspension(suspended_by, view);
    if reads_managers(file.rules) {
        let stored = load_managers_above(tx, vec![learner], Vec::new(), &FxHashMap::default()).await?;
        state.managers = Some(stored.values_of_stored(learner, &mut state.values));
    }
    state.groups = ReadGroups::load(tx, file.rules, learner, view).await?;
    Ok(state)
}

impl LearnerState {
    fn merge(
        file: ExplainConfig<'_>,
        row: table::StoredLearner,
        view: AsOf,
        mut values: Interner,
        records: Vec<StoredConnectorRecord>,
        former: Vec<String>,
    ) -> Self {
        let by_hand = row.by_hand && records.is_empty();
        let unknown = records.is_empty() && view.until.is_some_and(|run| !by_hand || row.run_id > run);
        // Of an absent person the last record is shown.
        let counting = match records.iter().filter(|record| record.present).count() {
            0 => &records[..],
            present => &records[..present],
        };
        let said: Vec<ConnectorRecord<'_>> = counting.iter().map(StoredConnectorRecord::as_said).collect();
        let width = file.attributes.len();
        let origins = (0..width).map(|attribute| winning_record(&said, attribute)).collect();
        let cells = if by_hand {
            let person = ManualPerson { learner: row.id, email: row.email.clone(), name: row.name.clone() };
            manual_cells(file.attributes, &mut values, &person)
        } else {
            merge_records(&said, width)
        };
        let (computed, why) = if unknown {
            (LearnerStatus::Left, StatusReason::Unknown)
        } else if by_hand {
            (LearnerStatus::Active, StatusReason::AddedByHand)
        } else {
            evaluate_status(file, &values, &records, view.day)
        };
        let stored = row.status;
        let status = match view.until {
            Some(_) if unknown => None,
            Some(_) => Some(computed),
            None => Some(stored),
        };
        let computed = if by_hand { stored } else { computed };
        let state = values.intern(status.unwrap_or(LearnerStatus::Left).as_str());
        Self {
            row,
            status,
            values,
            computed,
            why,
            records,
            cells,
            origins,
            state,
            managers: None,
            groups: ReadGroups::default(),
            former,
            suspended_by: None,
        }
    }

    /// Puts a suspension before the records, as [`status_on`] does.
    fn with_suspension(self, suspended_by: Option<i64>, view: AsOf) -> Self {
        if suspended_by.is_none() {
            return self;
        }
        let computed = status_on(view.day, &[], &self.values, &[], SuspensionState::Suspended).status;
        let status = if view.until.is_some() { Some(computed) } else { self.status };
        let mut values = self.values;
        let state = values.intern(computed.as_str());
        Self {
            status,
            values,
            computed,
            why: StatusReason::Suspended { run: None },
            state,
            suspended_by,
            ..self
        }
    }

    /// Returns true if memberships are in force.
    pub(super) fn has_access(&self) -> bool {
        self.status.is_some_and(LearnerStatus::has_access)
    }

    /// One attribute as rules see it.
    pub(super) fn find_cell(&self, attribute: Attribute) -> Symbol {
        if attribute == Attribute::STATUS {
            self.state
        } else if attribute.is_computed() {
            self.managers.as_ref().map_or(Symbol::EMPTY, |values| values.cell(0, attribute))
        } else {
            self.cells[attribute.index()]
        }
    }

    /// The values of an attribute as rules see it.
    pub(super) fn list_values(&self, attribute: Attribute) -> Vec<String> {
        let all = self.values.all(self.find_cell(attribute));
        all.filter(|value| !value.starts_with(UNRESOLVED)).map(str::to_owned).collect()
    }

    /// Returns the source of an attribute's value.
    pub(super) fn find_origin(&self, attribute: Attribute) -> ValueOrigin {
        if attribute.is_computed() {
            return ValueOrigin::default();
        }
        let at = self.origins[attribute.index()];
        at.map_or_else(ValueOrigin::default, |at| self.records[at].origin())
    }

    /// The first day.
    pub(super) fn start_date(&self) -> Option<NaiveDate> {
        date(&self.values, &self.cells, Attribute::START_DATE)
    }

    /// The connectors that hold the person, as bits for the scope of a rule.
    pub(super) fn sources(&self) -> u64 {
        let present = self.records.iter().filter(|record| record.present);
        present.fold(0, |bits, record| bits | connector_bit(record.place))
    }

    /// The runs that changed the records.
    pub(super) fn list_runs(&self) -> impl Iterator<Item = i64> {
        self.records.iter().filter_map(|record| record.run).chain(self.suspended_by)
    }

    /// Explains the learner.
    pub(super) fn explain_learner(
        &self,
        file: ExplainConfig<'_>,
        view: AsOf,
        runs: &RunIndex,
        decisions: Vec<explanation::ChangeDecision>,
    ) -> explanation::ExplainedLearner {
        let mut because = self.why.clone();
        if let StatusReason::Absent { connector, external_id, run } = &mut because {
            let of = |record: &&StoredConnectorRecord| {
                record.connector == *connector && record.external_id == *external_id
            };
            *run = self.records.iter().find(of).and_then(|record| runs.get(record.run?));
        }
        if let StatusReason::Suspended { run } = &mut because {
            *run = self.suspended_by.and_then(|run| runs.get(run));
        }
        let persons = self.records.iter().map(|record| explanation::ExplainedPerson {
            connector: record.connector.clone(),
            external_id: record.external_id.clone(),
            present: record.present,
            in_file: record.place != UNCONFIGURED_POSITION && !record.retired,
            run: record.run.and_then(|run| runs.get(run)),
        });
        let is_now = view.until.is_none();
        let contested = self.row.email_contested.clone().filter(|_| is_now);
        explanation::ExplainedLearner {
            email: self.row.label.clone(),
            name: self.row.name.clone(),
            status: self.status,
            because,
            next_status: Some(self.computed).filter(|next| is_now && self.status != Some(*next)),
            former_addresses: self.former.clone(),
            contested: contested
                .map(|address| explanation::EmailConflict { address, holder: self.row.holder.clone() }),
            persons: persons.collect(),
            attributes: file.attributes.iter().filter_map(|one| self.explain_attribute(file, one)).collect(),
            decisions,
        }
    }

    fn explain_attribute(
        &self,
        file: ExplainConfig<'_>,
        attribute: Attribute,
    ) -> Option<explanation::ExplainedAttribute> {
        let at = attribute.index();
        let texts = |cell: Symbol| self.values.all(cell).map(str::to_owned).collect::<Vec<_>>();
        let cell = self.cells[at];
        if cell.is_empty() {
            return None;
        }
        let others = self.records.iter().enumerate().filter(|(place, record)| {
            record.present
                && Some(*place) != self.origins[at]
                && ![Symbol::EMPTY, cell].contains(&record.cells[at])
        });
        // Every record has an id of its own.
        let others = others.filter(|_| attribute != Attribute::ID);
        Some(explanation::ExplainedAttribute {
            name: file.attributes.name(attribute).to_owned(),
            values: texts(cell),
            origin: self.find_origin(attribute),
            lost: others
                .map(|(_, record)| SourceValue { origin: record.origin(), values: texts(record.cells[at]) })
                .collect(),
        })
    }
}

/// The state on a day, from what the connectors that hold the person say: the same as a sync works out.
fn evaluate_status(
    file: ExplainConfig<'_>,
    values: &Interner,
    records: &[StoredConnectorRecord],
    day: NaiveDate,
) -> (LearnerStatus, StatusReason) {
    let present: Vec<&StoredConnectorRecord> = records.iter().filter(|record| record.present).collect();
    if present.is_empty() {
        let why = records.first().map_or(StatusReason::NoPerson, |record| StatusReason::Absent {
            connector: record.connector.clone(),
            external_id: record.external_id.clone(),
            run: None,
        });
        return (LearnerStatus::Left, why);
    }
    let said: Vec<ConnectorRecord<'_>> = present.iter().map(|record| record.as_said()).collect();
    let profiles = profiles(file.connectors, file.attributes);
    let StatusOnDay { status, employment, start, end, prehire_days } =
        status_on(day, &profiles, values, &said, SuspensionState::NotSuspended);
    let of = |at: usize| present[at];
    let standing = employment.map_or(EmploymentStatus::Active, |(_, says)| says);
    let says = employment.map(|(at, _)| of(at));
    let (start, end) = (start.map(|(at, day)| (of(at), day)), end.map(|(at, day)| (of(at), day)));
    let why = match (status, start, end) {
        (LearnerStatus::Left, _, Some((record, end_date))) if standing != EmploymentStatus::Left => {
            StatusReason::Ended { connector: record.connector.clone(), end_date }
        }
        (LearnerStatus::Upcoming, Some((record, start_date)), _) => {
            StatusReason::Starts { connector: record.connector.clone(), start_date, prehire_days }
        }
        _ => says.map_or_else(
            || StatusReason::HeldBy {
                connectors: present.iter().map(|record| record.connector.clone()).collect(),
            },
            |record| StatusReason::Says {
                connector: record.connector.clone(),
                external_id: record.external_id.clone(),
                status: standing,
            },
        ),
    };
    (status, why)
}
