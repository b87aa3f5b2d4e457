//! The messages of an error type as one text, for the snapshot of its room.

/// Returns each message with its hint. `source` is the file that declares the type: it has one example of each variant.
pub(crate) fn list_messages(source: &str, messages: Vec<(String, Option<String>)>) -> String {
    let declared = source.lines().filter(|line| line.trim().starts_with("#[error(")).count();
    assert_eq!(messages.len(), declared, "one example of each variant");
    let lines = messages.into_iter().map(|(message, hint)| match hint {
        Some(hint) => format!("{message}\n    hint: {hint}"),
        None => message,
    });
    lines.collect::<Vec<_>>().join("\n")
}
