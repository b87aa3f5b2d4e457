//! Splits an expression at `&&` and `||`, to show which clause is false for a person.
//!
//! The text is split outside quotes, comments and brackets, and each clause is compiled separately, so that it is shown in
//! the text of the rule. Comparisons, calls, `!` and `a ? b : c` are not split.

use crate::rule::expression_shape::parse;
use crate::rule::{
    BadExpression, CompiledExpression, EvaluationContext, EvaluationResult, MembershipState, RuleEvaluator,
    known_variables,
};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::GroupName;

/// An expression, or a part of one.
#[derive(Debug)]
pub struct RuleClause {
    text: String,
    condition: CompiledExpression,
    joined: LogicalOperator,
    parts: Vec<RuleClause>,
}

/// The operator that joins the parts of a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogicalOperator {
    /// There are no parts.
    Alone,
    /// All of them must be true: `&&`.
    All,
    /// One of them must be true: `||`.
    Any,
}

/// The result of a clause for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseResult {
    /// The text of the clause on one line.
    pub text: String,
    /// The result.
    pub outcome: EvaluationResult,
    /// The names of the variables that it reads, with their attributes.
    pub reads: Vec<(String, Attribute)>,
    /// The operator that joins the parts.
    pub joined: LogicalOperator,
    /// The parts, in their order.
    pub parts: Vec<ClauseResult>,
}

impl RuleClause {
    /// Splits an expression into clauses.
    ///
    /// # Errors
    /// If the text is not a valid expression.
    pub fn read(text: &str, attributes: &AttributeSet) -> Result<Self, Vec<BadExpression>> {
        let condition = compile(text, attributes)?;
        let inner = unwrapped(text);
        let (joined, parts) = match (split(inner, "||"), split(inner, "&&")) {
            (Some(parts), _) => (LogicalOperator::Any, parts),
            (None, Some(parts)) => (LogicalOperator::All, parts),
            (None, None) => (LogicalOperator::Alone, Vec::new()),
        };
        // If a part is not valid on its own, the expression is not split.
        let parts: Option<Vec<Self>> =
            parts.into_iter().map(|part| Self::read(part, attributes).ok()).collect();
        let (joined, parts) = parts.map_or((LogicalOperator::Alone, Vec::new()), |parts| (joined, parts));
        Ok(Self { text: on_one_line(text), condition, joined, parts })
    }

    /// Evaluates the clause and each of its parts for the person with these cells.
    pub fn judge(
        &self,
        judge: &RuleEvaluator,
        values: &Interner,
        cell_of: impl Fn(Attribute) -> Symbol,
        group_of: impl Fn(&GroupName) -> MembershipState,
    ) -> ClauseResult {
        let scope = judge.scope([&self.condition], values, cell_of);
        self.judge_in(&scope.with_groups([&self.condition], group_of))
    }

    fn judge_in(&self, scope: &EvaluationContext<'_>) -> ClauseResult {
        let variables = self.condition.variables.iter();
        ClauseResult {
            text: self.text.clone(),
            outcome: scope.outcome(&self.condition),
            reads: variables.map(|variable| (variable.name.clone(), variable.attribute)).collect(),
            joined: self.joined,
            parts: self.parts.iter().map(|part| part.judge_in(scope)).collect(),
        }
    }
}

impl ClauseResult {
    /// Returns the parts that are not true if all must be true, otherwise the whole clause.
    #[must_use]
    pub fn failing(&self) -> Vec<&Self> {
        match (self.joined, &self.outcome) {
            (_, EvaluationResult::True) => Vec::new(),
            (LogicalOperator::Alone | LogicalOperator::Any, _) => vec![self],
            (LogicalOperator::All, _) => self.parts.iter().flat_map(Self::failing).collect(),
        }
    }
}

/// Compiles a part without the trial evaluation of whole expressions, which a part may not pass.
fn compile(text: &str, attributes: &AttributeSet) -> Result<CompiledExpression, Vec<BadExpression>> {
    let program = parse(text)?;
    // A variable that an outer comprehension binds is unknown here.
    let (variables, mistakes) = known_variables(text, &program, attributes);
    if mistakes.is_empty() { CompiledExpression::build(text, &program, variables) } else { Err(mistakes) }
}

/// A kind of byte span in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByteSpan {
    Quoted,
    Comment,
    Open,
    Close,
    Other,
}

/// Returns the spans of an expression, each with its end.
fn pieces(text: &str) -> Vec<(ByteSpan, usize)> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (piece, end) = match bytes[at] {
            b'"' | b'\'' => (ByteSpan::Quoted, end_of_quote(bytes, at)),
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let line = bytes[at..].iter().position(|&byte| byte == b'\n');
                (ByteSpan::Comment, line.map_or(bytes.len(), |length| at + length))
            }
            b'(' | b'[' | b'{' => (ByteSpan::Open, at + 1),
            b')' | b']' | b'}' => (ByteSpan::Close, at + 1),
            _ => (ByteSpan::Other, at + 1),
        };
        pieces.push((piece, end));
        at = end;
    }
    pieces
}

/// Returns the end of a string literal with one or three quotes; raw strings (`r`) have no escapes.
fn end_of_quote(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let raw = start > 0 && matches!(bytes[start - 1], b'r' | b'R');
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let width = if triple { 3 } else { 1 };
    let mut at = start + width;
    while at < bytes.len() {
        if bytes[at] == b'\\' && !raw {
            at += 2;
        } else if bytes[at..].starts_with(&[quote; 3][..width]) {
            return at + width;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Returns the positions of the bytes outside quotes, comments and brackets.
fn outside(text: &str) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (piece, end) in pieces(text) {
        match piece {
            ByteSpan::Open => depth += 1,
            ByteSpan::Close => depth = depth.saturating_sub(1),
            ByteSpan::Other if depth == 0 => found.push(end - 1),
            ByteSpan::Other | ByteSpan::Quoted | ByteSpan::Comment => {}
        }
    }
    found
}

/// Splits at an operator; `None` if the operator does not occur or does not bind weakest.
fn split<'t>(text: &'t str, operator: &str) -> Option<Vec<&'t str>> {
    let outside = outside(text);
    let bytes = text.as_bytes();
    if outside.iter().any(|&at| bytes[at] == b'?') {
        return None;
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for at in outside {
        if at >= start && bytes[at..].starts_with(operator.as_bytes()) {
            parts.push(&text[start..at]);
            start = at + operator.len();
        }
    }
    parts.push(&text[start..]);
    (parts.len() > 1).then_some(parts)
}

/// Removes brackets that enclose the whole text.
fn unwrapped(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let mut depth = 0_i64;
        let mut ends = pieces(text).into_iter().filter_map(|(piece, end)| {
            match piece {
                ByteSpan::Open => depth += 1,
                ByteSpan::Close => depth -= 1,
                ByteSpan::Quoted | ByteSpan::Comment | ByteSpan::Other => {}
            }
            (depth == 0).then_some(end)
        });
        if ends.next() != Some(text.len()) {
            break;
        }
        text = inner.trim();
    }
    text
}

/// Removes comments and enclosing brackets, and collapses white space outside quotes to single spaces.
fn on_one_line(text: &str) -> String {
    let text = unwrapped(text);
    let mut line = String::with_capacity(text.len());
    let mut start = 0;
    for (piece, end) in pieces(text) {
        let part = &text.as_bytes()[start..end];
        match piece {
            ByteSpan::Comment => {}
            ByteSpan::Other if part[0].is_ascii_whitespace() => {
                if !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            // A multi-byte character has several spans; the first one adds the whole character.
            ByteSpan::Other if !text.is_char_boundary(start) => {}
            ByteSpan::Other => line.extend(text[start..].chars().next()),
            ByteSpan::Quoted | ByteSpan::Open | ByteSpan::Close => line.push_str(&text[start..end]),
        }
        start = end;
    }
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn judged(when: &str, department: &str, location: &str, start: &str) -> ClauseResult {
        let attributes = AttributeSet::default();
        let mut values = Interner::default();
        let cells = [department, location, start].map(|text| values.intern(text));
        let cell_of = |attribute| match attribute {
            Attribute::DEPARTMENT => cells[0],
            Attribute::LOCATION => cells[1],
            Attribute::START_DATE => cells[2],
            _ => Symbol::EMPTY,
        };
        let judge = RuleEvaluator::new(NaiveDate::from_ymd_opt(2026, 7, 1).expect("a day"));
        RuleClause::read(when, &attributes)
            .expect("an expression")
            .judge(&judge, &values, cell_of, |_| MembershipState::Unknown)
    }

    fn texts(clauses: &[&ClauseResult]) -> Vec<String> {
        clauses.iter().map(|one| one.text.clone()).collect()
    }

    #[test]
    fn the_clause_that_is_false_is_named_in_the_words_of_the_rule() {
        let when = "department == \"Sales\" && location == \"Berlin\"";
        let whole = judged(when, "Sales", "Paris", "");
        assert_eq!((whole.joined, &whole.outcome), (LogicalOperator::All, &EvaluationResult::False));
        assert_eq!(texts(&whole.failing()), ["location == \"Berlin\""]);
        assert_eq!(whole.failing()[0].reads, [("location".to_owned(), Attribute::LOCATION)]);
        assert_eq!(texts(&judged(when, "HR", "Paris", "").failing()).len(), 2);
        assert_eq!(judged(when, "Sales", "Berlin", "").failing(), Vec::<&ClauseResult>::new());
    }

    #[test]
    fn of_alternatives_all_are_false() {
        let whole = judged(r#"location != "" && (department == "A" || department == "B")"#, "C", "Paris", "");
        let failing = whole.failing();
        assert_eq!(texts(&failing), [r#"department == "A" || department == "B""#]);
        assert_eq!((failing[0].joined, failing[0].parts.len()), (LogicalOperator::Any, 2));
        assert!(failing[0].parts.iter().all(|part| part.outcome == EvaluationResult::False));
        assert_eq!(judged(r#"department == "A" || department == "B""#, "B", "", "").failing().len(), 0);
    }

    #[test]
    fn and_binds_more_than_or_and_brackets_more_than_both() {
        let whole = judged(r#"department == "A" || department == "B" && location == "X""#, "B", "Y", "");
        assert_eq!((whole.joined, whole.parts.len()), (LogicalOperator::Any, 2));
        assert_eq!((whole.parts[1].joined, whole.parts[1].parts.len()), (LogicalOperator::All, 2));
        let whole = judged(r#"((department == "A") && (location == "X"))"#, "A", "Y", "");
        assert_eq!(texts(&whole.failing()), [r#"location == "X""#]);
    }

    #[test]
    fn quotes_comments_brackets_and_choices_are_not_cut() {
        for when in [
            r#"department == "a && b || c""#,
            r"department == 'it\' && s'",
            r#"department == r"\" || location == """a && "b" """"#,
            r#"!(department == "a" && location == "b")"#,
            r#"["a", "b"].exists(x, x == department && x != location)"#,
            r#"department == "a" ? location == "b" && true : false"#,
        ] {
            let whole = judged(when, "x", "y", "");
            let cut = if when.contains(r#"r"\""#) { 2 } else { 0 };
            assert_eq!(whole.parts.len(), cut, "{when}: {:?}", whole.parts);
        }
        let whole = judged("department == \"Zoë\" // && the rest\n   &&\tlocation == \"Ü\"", "Zoë", "y", "");
        assert_eq!(whole.text, "department == \"Zoë\" && location == \"Ü\"");
        assert_eq!(whole.parts.len(), 2);
    }

    #[test]
    fn a_date_that_is_missing_and_one_that_is_none_are_told_apart() {
        let when = r#"department == "A" && days_since(start_date) < 90"#;
        assert_eq!(judged(when, "A", "", "").failing()[0].outcome, EvaluationResult::NoDate);
        assert_eq!(judged(when, "A", "", "2026-01-01").failing()[0].outcome, EvaluationResult::False);
        let whole = judged(when, "A", "", "soon");
        let EvaluationResult::Failed(why) = &whole.failing()[0].outcome else { panic!("{whole:?}") };
        assert!(why.contains("`soon` is not a valid date"), "{why}");
    }
}
