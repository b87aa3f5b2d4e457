//! Checks of names and syntax when an expression is compiled.

use std::fmt;

use cel::Program;
use cel::common::ast::{EntryExpr, Expr};

use super::expression_variable::{ExpressionVariable, VariableForm};
use super::foreign_syntax::find_foreign_syntax;
use super::group_references::IN_GROUP;
use rollcall_model::attributes::{Attribute, AttributeSet, COMPUTED};
use rollcall_model::names::nearest;

/// The suffix of an attribute name that denotes the list of all its values.
pub(super) const ALL: &str = "_all";

/// The functions that an expression may call; CEL's operators have names such as `_==_` and are not listed.
const FUNCTIONS: &[&str] = &[
    "days_since",
    "days_until",
    "equals_ignore_case",
    "glob",
    "starts_with_any",
    IN_GROUP,
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "type",
    "all",
    "exists",
    "exists_one",
    "filter",
    "map",
    "has",
    "min",
    "max",
    "timestamp",
    "duration",
    "getFullYear",
    "getMonth",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getDate",
];

/// An error in an expression with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadExpression {
    /// Line in the expression, from 0.
    pub line: usize,
    /// Column in that line, from 0, in characters.
    pub column: usize,
    /// The message.
    pub message: String,
    /// The known name that is most similar to an unknown one.
    pub suggestion: Option<String>,
}

/// The message with the suggestion.
impl fmt::Display for BadExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(name) => write!(f, ", did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl BadExpression {
    /// An error of the expression as a whole.
    pub(super) fn whole(message: String) -> Self {
        Self { line: 0, column: 0, message, suggestion: None }
    }
}

pub(super) fn known_variables(
    text: &str,
    program: &Program,
    attributes: &AttributeSet,
) -> (Vec<ExpressionVariable>, Vec<BadExpression>) {
    let mut names: Vec<String> =
        program.references().variables().iter().map(|&name| name.to_owned()).collect();
    names.sort_unstable();
    let mut bound = Vec::new();
    bound_names(program.expression(), &mut bound);
    let mut variables = Vec::new();
    let mut mistakes = Vec::new();
    for name in names {
        let whole = attributes.find(&name).map(|attribute| (attribute, VariableForm::First));
        let list = || {
            let attribute = attributes.find(name.strip_suffix(ALL)?)?;
            Some((attribute, VariableForm::All))
        };
        let computed = || {
            let attribute = Attribute::find_computed(&name)?;
            Some((attribute, VariableForm::of_computed(attribute)))
        };
        match whole.or_else(list).or_else(computed) {
            Some((attribute, form)) => variables.push(ExpressionVariable { name, attribute, form }),
            None if bound.contains(&name.as_str()) => {}
            None => {
                let known = attributes.names().chain(COMPUTED.iter().map(|(name, _)| *name));
                let mut mistake = unknown_name(text, &name, "no connector maps an attribute", known);
                if mistake.suggestion.is_none() {
                    mistake.message.push_str(&format!("; text is written in quotes, `\"{name}\"`"));
                }
                mistakes.push(mistake);
            }
        }
    }
    (variables, mistakes)
}

/// Collects the variables that `exists`, `all`, `filter` and `map` bind.
fn bound_names<'e>(expression: &'e cel::IdedExpr, bound: &mut Vec<&'e str>) {
    match &expression.expr {
        Expr::Comprehension(one) => {
            bound.push(&one.iter_var);
            bound.extend(one.iter_var2.as_deref());
            for inner in [&one.iter_range, &one.accu_init, &one.loop_cond, &one.loop_step, &one.result] {
                bound_names(inner, bound);
            }
        }
        Expr::Call(call) => {
            call.target.as_deref().into_iter().chain(&call.args).for_each(|e| bound_names(e, bound));
        }
        Expr::List(list) => list.elements.iter().for_each(|e| bound_names(e, bound)),
        Expr::Select(select) => bound_names(&select.operand, bound),
        Expr::Map(map) => map.entries.iter().for_each(|one| match &one.expr {
            EntryExpr::MapEntry(entry) => {
                bound_names(&entry.key, bound);
                bound_names(&entry.value, bound);
            }
            EntryExpr::StructField(field) => bound_names(&field.value, bound),
        }),
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

pub(super) fn unknown_functions(text: &str, program: &Program) -> Vec<BadExpression> {
    let references = program.references();
    let mut unknown: Vec<&str> = references
        .functions()
        .into_iter()
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()) && !FUNCTIONS.contains(name))
        .collect();
    unknown.sort_unstable();
    unknown
        .into_iter()
        .map(|name| unknown_name(text, name, "unknown function", FUNCTIONS.iter().copied()))
        .collect()
}

fn unknown_name<'a>(
    text: &str,
    name: &str,
    what: &str,
    known: impl Iterator<Item = &'a str>,
) -> BadExpression {
    let suggestion = nearest(name, known).map(str::to_owned);
    let (line, column) = place_of_word(text, name);
    BadExpression { line, column, message: format!("{what} `{name}`"), suggestion }
}

/// Returns line and column of the first occurrence of a part of a text.
pub(super) fn place_in_text(text: &str, part: &str) -> (usize, usize) {
    let places = text.lines().enumerate();
    let mut places =
        places.filter_map(|(number, line)| Some((number, line[..line.find(part)?].chars().count())));
    places.next().unwrap_or((0, 0))
}

/// Returns line and column of the first occurrence of a name as a whole word, outside quotes.
pub(super) fn place_of_word(text: &str, name: &str) -> (usize, usize) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (number, line) in text.lines().enumerate() {
        let mut quote = None;
        for (at, c) in line.char_indices() {
            match quote {
                Some(open) if c == open => quote = None,
                Some(_) => {}
                None if c == '"' || c == '\'' => quote = Some(c),
                None => {
                    let rest = &line[at..];
                    let starts = !line[..at].ends_with(is_word);
                    let ends = rest.strip_prefix(name).is_some_and(|after| !after.starts_with(is_word));
                    if starts && ends {
                        return (number, line[..at].chars().count());
                    }
                }
            }
        }
    }
    (0, 0)
}

/// Line and column of the first equals sign outside quotes that is not part of `==`, `!=`, `<=` or `>=`. No expression
/// contains one.
fn place_of_single_equals(text: &str) -> Option<(usize, usize)> {
    let (mut line, mut column, mut quote) = (0, 0, None);
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        match quote {
            Some(open) if c == open && before != '\\' => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '=' && !"=!<>".contains(before) && characters.peek() != Some(&'=') => {
                return Some((line, column));
            }
            None => {}
        }
        (line, column) = if c == '\n' { (line + 1, 0) } else { (line, column + 1) };
        before = c;
    }
    None
}

/// Replaces a message of the parser by one that does not require knowledge of the grammar.
pub(super) fn unreadable(text: &str, error: &cel::ParseError) -> BadExpression {
    if let Some(foreign) = find_foreign_syntax(text) {
        return foreign;
    }
    if let Some((line, column)) = place_of_single_equals(text) {
        let message = "a comparison is written with two equals signs, `==`".to_owned();
        return BadExpression { line, column, message, suggestion: None };
    }
    let line = usize::try_from(error.pos.0 - 1).unwrap_or(0);
    let column = usize::try_from(error.pos.1 - 1).unwrap_or(0);
    let near: String = text.lines().nth(line).unwrap_or("").chars().skip(column).take(20).collect();
    let message = if near.trim().is_empty() {
        "the expression ends too early".to_owned()
    } else {
        format!("syntax error at `{}`", near.trim())
    };
    BadExpression { line, column, message, suggestion: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A single equals sign is found outside quotes, with its line and column.
    #[test]
    fn single_equals_sign_is_found_outside_quotes() {
        assert_eq!(place_of_single_equals("role = 'x'"), Some((0, 5)));
        assert_eq!(place_of_single_equals("role == 'a = b' &&\n  größe='x'"), Some((1, 7)));
        assert_eq!(place_of_single_equals("a == 'it\\'s = x' && b >= 1 && c <= 1 && d != 1"), None);
    }
}
