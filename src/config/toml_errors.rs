//! TOML syntax errors, one message for each cause.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::PendingDiagnostic;
use crate::document::ConfigDocument;

/// Returns the errors of the TOML parser without follow-up errors.
pub(super) fn collect_syntax_errors(document: &ConfigDocument<'_>) -> Vec<PendingDiagnostic> {
    if document.errors.is_empty() {
        return Vec::new();
    }
    let mut lists = Vec::new();
    collect(document.text, &document.root, &mut lists);
    let mut findings: Vec<PendingDiagnostic> = Vec::new();
    let mut errors: Vec<(Range<usize>, &str)> = document
        .errors
        .iter()
        .map(|error| (error.span().unwrap_or(document.text.len()..document.text.len()), error.message()))
        .collect();
    errors.sort_by_key(|(span, _)| span.start);
    // A list that is not closed extends over the following lines: errors inside it are reported once, at its first line.
    let mut open: Vec<Range<usize>> = Vec::new();
    for list in lists.iter().filter(|list| !list.is_closed) {
        if !open.iter().any(|outer| outer.contains(&list.span.start)) {
            open.push(list.span.clone());
        }
    }
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

/// A list of the file.
struct ListSpan {
    span: Range<usize>,
    is_closed: bool,
}

fn collect(text: &str, table: &DeTable<'_>, lists: &mut Vec<ListSpan>) {
    for (_, value) in table {
        inner(text, value, lists);
    }
}

fn inner(text: &str, value: &Spanned<DeValue<'_>>, lists: &mut Vec<ListSpan>) {
    match value.get_ref() {
        DeValue::Table(rows) => collect(text, rows, lists),
        DeValue::Array(list) => {
            let span = value.span();
            let (first, last) = (list.iter().next(), list.iter().last());
            // The values of an array of tables start with its header.
            let has_brackets = first.is_none_or(|first| first.span().start > span.start);
            // The last bracket may belong to a list in this list.
            let after_values = last.map_or(span.start + 1, |last| last.span().end);
            let is_closed = text.get(after_values..span.end).is_some_and(|rest| rest.ends_with(']'));
            let is_closed = is_closed || !has_brackets;
            lists.push(ListSpan { span, is_closed });
            list.iter().for_each(|one| inner(text, one, lists));
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}
