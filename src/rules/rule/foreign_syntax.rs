//! Syntax of SQL, LDAP, PowerShell and word processors in an expression, and how the expression is written instead.

use super::expression_checks::BadExpression;

/// A word of another language, in lowercase, and what to write.
const WORDS: &[(&str, &str)] = &[
    ("and", "`and` is written `&&`"),
    ("or", "`or` is written `||`"),
    ("not", "`not x` is written `!(x)`"),
    ("like", "`like` is written with a function: `glob(department, \"V*\")`"),
    ("between", "`between` is written with two comparisons: `x >= 1 && x <= 5`"),
    ("is", "an attribute is never null: `department == \"\"` means that it has no value"),
];

/// An operator of another language, and what to write.
const OPERATORS: &[(&str, &str)] = &[
    ("<>", "`<>` is written `!=`"),
    ("=~", "`=~` is written with a function: `department.matches(\"^V\")`"),
    ("-eq", "`-eq` is written `==`"),
    ("-ne", "`-ne` is written `!=`"),
    ("-and", "`-and` is written `&&`"),
    ("-or", "`-or` is written `||`"),
    ("-not", "`-not x` is written `!(x)`"),
    ("-in", "`-in` is written `in`, and a list in square brackets: `department in [\"A\", \"B\"]`"),
    ("-like", "`-like` is written with a function: `glob(department, \"V*\")`"),
    ("-match", "`-match` is written with a function: `department.matches(\"^V\")`"),
    ("-startswith", "`-startsWith` is written with a function: `department.startsWith(\"V\")`"),
    ("-contains", "`-contains` is written with `in`: `\"A\" in department_all`"),
];

/// Finds the first syntax of another language in an expression that cannot be parsed.
pub(super) fn find_foreign_syntax(text: &str) -> Option<BadExpression> {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        if let Some(open) = quote {
            if c == open && !escaped {
                quote = None;
            }
            escaped = c == '\\' && !escaped;
            continue;
        }
        let message = match c {
            '"' | '\'' => {
                quote = Some(c);
                continue;
            }
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
                Some(format!("`{c}` is not a quotation mark of an expression: write `\"`"))
            }
            _ => advise(text, at),
        };
        if let Some(message) = message {
            let before = &text[..at];
            let column = before.rsplit('\n').next().unwrap_or(before).chars().count();
            return Some(BadExpression {
                line: before.matches('\n').count(),
                column,
                message,
                suggestion: None,
            });
        }
    }
    None
}

/// What to write instead of the text from `at` on, if it is syntax of another language.
fn advise(text: &str, at: usize) -> Option<String> {
    let (before, rest) = text.split_at(at);
    if text[..at].trim().is_empty() && ["(&", "(|", "(!("].iter().any(|filter| rest.starts_with(filter)) {
        let message =
            "this is an LDAP filter: a rule is written `department == \"Sales\" && location == \"Berlin\"`";
        return Some(message.to_owned());
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let folded = rest.chars().take(16).collect::<String>().to_ascii_lowercase();
    let ends = |length: usize| !folded[length..].starts_with(is_word);
    if before.is_empty() || before.ends_with(char::is_whitespace) || before.ends_with(['(', ')']) {
        let operator =
            OPERATORS.iter().find(|(operator, _)| folded.starts_with(operator) && ends(operator.len()));
        if let Some((_, advice)) = operator {
            return Some((*advice).to_owned());
        }
    }
    if let Some((_, advice)) = OPERATORS[..2].iter().find(|(operator, _)| folded.starts_with(operator)) {
        return Some((*advice).to_owned());
    }
    for (single, twice) in [('&', "`&` is written `&&`"), ('|', "`|` is written `||`")] {
        if rest.starts_with(single) && !rest[1..].starts_with(single) && !before.ends_with(single) {
            return Some(twice.to_owned());
        }
    }
    if before.ends_with(is_word) {
        return None;
    }
    if folded.starts_with("in") && ends(2) && rest[2..].trim_start().starts_with('(') {
        return Some("a list is written in square brackets: `department in [\"A\", \"B\"]`".to_owned());
    }
    if rest.starts_with("IN") && ends(2) {
        return Some("`IN` is written `in`".to_owned());
    }
    let word = WORDS.iter().find(|(word, _)| folded.starts_with(word) && ends(word.len()));
    word.map(|(_, advice)| (*advice).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(text: &str) -> String {
        find_foreign_syntax(text).map_or_else(String::new, |found| found.message)
    }

    #[test]
    fn syntax_of_other_languages_is_recognised() {
        for (text, part) in [
            ("department == \"Sales\" AND location == \"B\"", "`&&`"),
            ("department == \"Sales\" or location == \"B\"", "`||`"),
            ("NOT department == \"Sales\"", "`!(x)`"),
            ("department IN (\"A\", \"B\")", "square brackets"),
            ("department in (\"A\", \"B\")", "square brackets"),
            ("department LIKE \"V%\"", "`glob("),
            ("department <> \"Sales\"", "`!=`"),
            ("department =~ \"^V\"", "matches("),
            ("department == \"A\" & location == \"B\"", "`&&`"),
            ("department == \"A\" | location == \"B\"", "`||`"),
            ("department IS NOT NULL", "never null"),
            ("(&(department=Sales)(l=Berlin))", "LDAP filter"),
            ("(user.department -eq \"Sales\")", "`==`"),
            ("department == \u{201c}Sales\u{201d}", "quotation mark"),
        ] {
            assert!(advice(text).contains(part), "{text}: {}", advice(text));
        }
    }

    #[test]
    fn words_in_quotes_and_names_are_left_alone() {
        for text in [
            "department == \"Rock and Roll\" &&",
            "brand == 'or' && orlando == \"x\"",
            "a - equal",
            "x in [1,",
        ] {
            assert_eq!(advice(text), "", "{text}");
        }
    }
}
