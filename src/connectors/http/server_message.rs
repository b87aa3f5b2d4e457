//! The message of a server in an error response.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// Maximum length of a server message in errors, in characters.
const MAX_MESSAGE_CHARS: usize = 200;

/// The error message of a response: a member with a common name, or the text itself.
pub(super) fn extract_message(headers: &HeaderMap, body: &str) -> String {
    const PLACES: [&str; 11] = [
        "/error_description",
        "/error/message/value",
        "/error/message",
        "/message",
        "/detail",
        "/errorSummary",
        "/errors/0/detail",
        "/errors/0/message",
        "/errors/0/title",
        "/title",
        "/error",
    ];
    if let Ok(json) = serde_json::from_str::<Value>(body) {
        let found = PLACES.iter().find_map(|place| json.pointer(place)?.as_str());
        return found.unwrap_or_default().to_owned();
    }
    if let Some(message) = headers.get("x-bamboohr-error-message").and_then(|text| text.to_str().ok()) {
        return message.to_owned();
    }
    if body.trim_start().starts_with('<') { String::new() } else { body.to_owned() }
}

/// Removes control characters and limits the length.
pub(super) fn shorten_message(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
