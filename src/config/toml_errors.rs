//! TOML syntax errors, one message for each cause.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::PendingDiagnostic;
use crate::document::ConfigDocument;

/// Returns the errors of the TOML parser without follow-up errors.
pub(super) fn collect_syntax_errors(document: &ConfigDocument<'_>) -> Vec<PendingDiagnostic> {
    let mut lists = Vec::new();
    collect(&document.root, &mut lists);
    let mut findings: Vec<PendingDiagnostic> = Vec::new();
    let mut errors: Vec<(Range<usize>, &str)> = document
        .errors
        .iter()
        .map(|error| (error.span().unwrap_or(document.text.len()..document.text.len()), error.message()))
        .collect();
    errors.sort_by_key(|(span, _)| span.start);
    // A list that is not closed extends over the following lines: errors inside it are reported once, at its first line.
    let open: Vec<Range<usize>> = errors
        .iter()
        .filter(|(_, message)| message.starts_with("unclosed array"))
        .filter_map(|(at, _)| lists.iter().find(|list| list.contains(&at.start) || list.end == at.start))
        .cloned()
        .collect();
    for list in &open {
        let first = list.start..list.start + 1;
        findings
            .push(PendingDiagnostic::new("", first, "the list is not closed").hint("add a `]`".to_owned()));
    }
    for (span, message) in errors {
        if !open.iter().any(|list| (list.start..=list.end).contains(&span.start)) {
            findings.push(PendingDiagnostic::new("", span, message));
        }
    }
    findings.sort_by_key(|finding| finding.span.start);
    findings.dedup_by_key(|finding| document.line_of(finding.span.start));
    findings
}

fn collect(table: &DeTable<'_>, lists: &mut Vec<Range<usize>>) {
    for (_, value) in table {
        inner(value, lists);
    }
}

fn inner(value: &Spanned<DeValue<'_>>, lists: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(rows) => collect(rows, lists),
        DeValue::Array(list) => {
            lists.push(value.span());
            list.iter().for_each(|one| inner(one, lists));
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}
