//! The row of a learner as it follows from merged attributes.

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::ids::LearnerId;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::fold;
use rollcall_model::status::LearnerStatus;
use rollcall_planner::email_assignment::EmailOutcome;
use rollcall_planner::population::{date, display_name, to_json};
use rollcall_store::learners::LearnerRowUpdate;

/// Merged attributes of a learner, and what was decided on them.
#[derive(Debug)]
pub(super) struct MergedLearner<'a> {
    pub(super) id: LearnerId,
    /// True if the row is new.
    pub(super) fresh: bool,
    pub(super) cells: &'a [Symbol],
    pub(super) status: LearnerStatus,
    pub(super) address: &'a EmailOutcome,
}

/// Returns the row of a learner.
pub(super) fn learner_row<'a>(
    learner: &MergedLearner<'a>,
    attributes: &AttributeSet,
    values: &'a Interner,
) -> LearnerRowUpdate<'a> {
    let MergedLearner { id, fresh, cells, status, address } = *learner;
    let text = |attribute: Attribute| values.first(cells[attribute.index()]);
    let email = text(Attribute::EMAIL);
    let own = *address == EmailOutcome::Own;
    LearnerRowUpdate {
        id,
        fresh,
        email: own.then_some(email),
        email_folded: own.then(|| fold(email)),
        email_contested: (*address == EmailOutcome::Taken).then(|| fold(email)),
        name: display_name(values, cells),
        texts: [
            text(Attribute::GIVEN_NAME),
            text(Attribute::FAMILY_NAME),
            text(Attribute::DEPARTMENT),
            text(Attribute::LOCATION),
            text(Attribute::ROLE),
            text(Attribute::MANAGER),
            text(Attribute::EMPLOYEE_TYPE),
        ],
        start: date(values, cells, Attribute::START_DATE),
        end: date(values, cells, Attribute::END_DATE),
        status,
        attributes: to_json(attributes, values, cells),
    }
}
