//! Cells of a spreadsheet whose formula failed.

use super::RecordMapper;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::Symbol;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};

/// What a spreadsheet writes for a formula that failed, in English and German.
const SPREADSHEET_ERRORS: [&str; 13] = [
    "#N/A", "#NV", "#REF!", "#BEZUG!", "#NAME?", "#VALUE!", "#WERT!", "#DIV/0!", "#NULL!", "#NUM!", "#ZAHL!",
    "#SPILL!", "#CALC!",
];

/// Returns true if a text is that of a failed formula.
pub(super) fn is_spreadsheet_error(text: &str) -> bool {
    text.starts_with('#') && SPREADSHEET_ERRORS.contains(&text)
}

impl RecordMapper<'_> {
    /// Reports a cell whose formula failed: the person keeps the value that was last read.
    pub(super) fn report_spreadsheet_error(&mut self, attribute: Attribute, text: &str) -> Symbol {
        let id = self.cells[Attribute::ID.index()];
        if !id.is_empty() {
            let name = self.attributes.name(attribute);
            let message = format!(
                "`{text}` in `{name}` is a failed formula of a spreadsheet: the value last read is kept"
            );
            let warning =
                RunWarning::new(RunWarningKind::FailedFormula, self.people.values.text(id), message);
            self.problems.push(warning);
            self.people.note_unreadable(id, attribute);
        }
        Symbol::EMPTY
    }
}
