//! Collects the diagnostics while the file is parsed.

use std::cell::RefCell;
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics, PendingDiagnostic, sort};
use crate::document::ConfigDocument;
use crate::toml_errors;
use rollcall_model::resource_limits::ResourceLimit;

/// Collects the diagnostics while the file is parsed.
#[derive(Debug)]
pub(super) struct DiagnosticCollector<'d> {
    pub document: &'d ConfigDocument<'d>,
    mistakes: RefCell<Vec<PendingDiagnostic>>,
    warnings: RefCell<Vec<PendingDiagnostic>>,
    unreadable: Vec<usize>,
}

impl<'d> DiagnosticCollector<'d> {
    /// Creates a collector that contains the TOML syntax errors.
    pub(crate) fn new(document: &'d ConfigDocument<'d>) -> Self {
        let mistakes = toml_errors::collect_syntax_errors(document);
        let unreadable = mistakes.iter().map(|finding| document.line_of(finding.span.start)).collect();
        Self { document, mistakes: RefCell::new(mistakes), warnings: RefCell::default(), unreadable }
    }

    /// Reports an error that does not depend on other parts of the file. Lines with syntax errors are skipped.
    pub(crate) fn report_error(&self, finding: PendingDiagnostic) {
        if !self.unreadable.contains(&self.document.line_of(finding.span.start)) {
            self.mistakes.borrow_mut().push(finding);
        }
    }

    /// Reports an error about something missing. Skipped if the file has syntax errors, because it may be incomplete.
    pub(crate) fn report_absence(&self, finding: PendingDiagnostic) {
        if self.unreadable.is_empty() {
            self.mistakes.borrow_mut().push(finding);
        }
    }

    /// Reports a warning about a valid but suspicious setting.
    pub(crate) fn report_warning(&self, finding: PendingDiagnostic) {
        self.warnings.borrow_mut().push(finding);
    }

    /// Returns the warnings, or all errors.
    pub(crate) fn into_result(self) -> Result<Vec<Diagnostic>, Diagnostics> {
        let placed = |findings: RefCell<Vec<PendingDiagnostic>>| -> Vec<Diagnostic> {
            let mut findings = findings.into_inner();
            let limit = ResourceLimit::ConfigErrors;
            if findings.len() > limit.default_size() {
                limit.record_reached();
                findings.sort_by_key(|finding| finding.span.start);
                findings.truncate(limit.default_size());
            }
            findings.into_iter().map(|finding| self.document.build_diagnostic(finding)).collect()
        };
        let mistakes = placed(self.mistakes);
        if !mistakes.is_empty() {
            return Err(Diagnostics::new(mistakes));
        }
        let mut warnings = placed(self.warnings);
        sort(&mut warnings);
        Ok(warnings)
    }
}

/// A value with its position in the file.
#[derive(Debug, Clone)]
pub(super) struct SpannedValue<T> {
    pub value: T,
    pub key: String,
    pub span: Range<usize>,
}

impl<T> SpannedValue<T> {
    /// Creates a diagnostic about this value.
    pub(crate) fn finding(&self, message: impl Into<String>) -> PendingDiagnostic {
        PendingDiagnostic::new(&self.key, self.span.clone(), message)
    }
}
