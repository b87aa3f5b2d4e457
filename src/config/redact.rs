//! Finds the parts of the file that must not be shown.
//!
//! In valid TOML, the keys determine what is secret. In invalid TOML, keys are not reliable: each line is judged by the
//! text before its equals sign, and hidden if in doubt. Values of unknown keys are hidden too: the key may be a mistyped
//! `bind_password`.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::key_spec::{self, SectionKind, looks_secret};
use crate::schema_keys;
use crate::value_type::ValueType;

/// Returns the byte ranges to hide.
pub(super) fn find_secret_spans(text: &str, root: &DeTable<'_>, broken: bool) -> Vec<Range<usize>> {
    let mut spans = credentials(text);
    table("", Some(SectionKind::Table), root, &mut spans);
    if broken {
        find_unparsed_secrets(text, &mut spans);
    }
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    spans
}

fn table(path: &str, form: Option<SectionKind>, table: &DeTable<'_>, spans: &mut Vec<Range<usize>>) {
    for (name, value) in table {
        let name = name.get_ref().as_ref();
        let inner = key_spec::join_path(path, name);
        let section = schema_keys::find_section(&inner).map(|section| section.form);
        let shown = match form {
            Some(SectionKind::FreeKeys) => !looks_secret(name),
            Some(SectionKind::FreeTables) => true,
            Some(SectionKind::Table | SectionKind::List) => section.is_some() || !is_hidden(path, name),
            None => false,
        };
        match value.get_ref() {
            DeValue::Table(rows) if form == Some(SectionKind::FreeTables) => {
                self::table("", Some(SectionKind::FreeKeys), rows, spans);
            }
            DeValue::Table(rows) if section.is_some() => self::table(&inner, section, rows, spans),
            DeValue::Array(list) if section.is_some() => {
                for one in list {
                    match one.get_ref() {
                        DeValue::Table(rows) => self::table(&inner, section, rows, spans),
                        _ => spans.push(one.span()),
                    }
                }
            }
            _ if shown && section.is_none() => {}
            other => hide_values(value.span(), other, spans),
        }
    }
}

/// Hides a value. For a table, every value is hidden separately, because its header may be far from its content.
fn hide_values(span: Range<usize>, value: &DeValue<'_>, spans: &mut Vec<Range<usize>>) {
    match value {
        DeValue::Table(rows) => {
            for (_, inner) in rows {
                hide_values(inner.span(), inner.get_ref(), spans);
            }
        }
        DeValue::Array(list) => {
            for inner in list {
                hide_values(inner.span(), inner.get_ref(), spans);
            }
        }
        // `true` and `false` hide nothing.
        DeValue::Boolean(_) => {}
        _ => spans.push(span),
    }
}

/// Returns true if a key is secret or unknown.
fn is_hidden(section: &str, name: &str) -> bool {
    looks_secret(name)
        || schema_keys::find_key(section, name).is_none_or(|key| key.value_type == ValueType::Secret)
}

/// Returns every range between `://` and `@`.
fn credentials(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for (at, _) in text.match_indices("://") {
        let start = at + 3;
        // A password may contain quotes and spaces, so everything up to the last `@` of the line is hidden.
        let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
        if let Some(sign) = text[start..end].rfind('@') {
            spans.push(start..start + sign);
        }
    }
    spans
}

/// Finds secrets in invalid TOML, line by line. Headers, keys that are known not to be secret, and their continuation
/// lines stay visible.
fn find_unparsed_secrets(text: &str, spans: &mut Vec<Range<usize>>) {
    let mut section = String::new();
    let mut hiding = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        // A commented-out line may leave the rest of its value behind, so comments are treated as lines.
        let content = line.trim().trim_start_matches('#').trim_start();
        let end = start + line.trim_end().len();
        let mut from = start;
        if let Some(header) =
            content.strip_prefix('[').filter(|header| is_path(header.trim_matches(['[', ']'])))
        {
            section = header.trim_matches(['[', ']']).to_owned();
            hiding = false;
        } else if let Some((name, _)) = content.split_once('=') {
            let whole = key_spec::join_path(&section, name.trim());
            let (path, last) = whole.rsplit_once('.').unwrap_or(("", &whole));
            hiding = !is_path(name.trim()) || is_hidden(path, last);
            from = end - content.len() + if is_path(name.trim()) { name.len() + 1 } else { 0 };
        }
        if hiding && from < end {
            spans.push(from..end);
        }
        start += line.len();
    }
}

/// Returns true if a text is a bare key or a dotted key.
fn is_path(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ['_', '-', '.'].contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without the hidden ranges.
    fn shown(text: &str) -> String {
        let (root, errors) = DeTable::parse_recoverable(text);
        let spans = find_secret_spans(text, root.get_ref(), !errors.is_empty());
        let kept = text.char_indices().filter(|(at, _)| !spans.iter().any(|span| span.contains(at)));
        kept.map(|(_, c)| c).collect()
    }

    #[test]
    fn secrets_are_hidden_wherever_toml_lets_them_stand() {
        for text in [
            "[[connector]]\nbind_password = 'hunter2'\n",
            "connector = [{ name = 'a', bind_password = 'hunter2' }]\n",
            "[[connector]]\nbind_password = '''\nx\nhunter2'''\n",
            "[[connector]]\nbind_pasword = ['hunter2']\n",
            "database = 'hunter2'\n",
            "database.url = 'postgres://a:hunter2@b/c'\n",
            "[postgres]\nlogin = { user = 'a', word = 'hunter2' }\n",
            "connector = ['hunter2']\n",
            "[connector.attributes]\napi_key = 'hunter2'\n",
            "[[connector]]\nurl = 'ldaps://ada:hunter2@dc1'\n",
            "[[connector]]\nurl = \"ldaps://ada:hu'n ter2 hunter2@dc1\"\n",
            "x = \"postgres://ada:hunter2@dc1\n",
            "[[connector]\nbind_password = 'hunter2\n",
            "[database]\nurl = \"hunter2\nmax_size = \n",
            "[[connector]]\nbind_password = \"\"\"\nhunter2\n",
            "tokens = [\n'hunter2',\n",
        ] {
            assert!(!shown(text).contains("hunter2"), "{}", shown(text));
        }
    }

    #[test]
    fn what_is_no_secret_stays_in_sight() {
        let text = "timezone = 'UTC'\n[[connector]]\nname = 'a'\nbind_password_file = 'f'\n\
                    [connector.attributes]\ncost_center = 'cc'\n[connector.values.department]\n4711 = 'Sales'\n";
        assert_eq!(shown(text), text);
        let broken = "timezone = 'UTC\n[[connector]]\nname = 'a'\n";
        assert_eq!(shown(broken), broken);
    }
}
