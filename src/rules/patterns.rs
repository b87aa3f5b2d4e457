//! Patterns of `glob` and `matches`, compiled once and kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};
use rollcall_model::names::fold;

use crate::budget::EvaluationBudget;
use crate::limits::{MAX_COMPILED_REGEX_BYTES, MAX_GLOB_DEPTH, format_size};
use rollcall_model::resource_limits::ResourceLimit;

/// Patterns of each kind that are kept, valid or not. When there are more, all are forgotten, and the steps of compiling
/// them are taken: only an expression that computes its patterns has so many.
const MAX_KEPT_PATTERNS: u64 = 64;

/// Steps to compile a pattern of `glob`.
const GLOB_COMPILE_STEPS: u64 = 300;

/// Steps to compile a pattern of `matches`.
const REGEX_COMPILE_STEPS: u64 = 2_000;

/// Compiled patterns of one kind, with the error of those that are not valid.
type KeptPatterns<T> = Mutex<BTreeMap<String, Result<T, String>>>;

/// The patterns that were compiled last.
#[derive(Debug, Default)]
pub(crate) struct PatternCache {
    globs: KeptPatterns<GlobMatcher>,
    regexes: KeptPatterns<Regex>,
}

impl PatternCache {
    /// Returns true if the text matches the pattern of file names, ignoring case.
    ///
    /// # Errors
    /// If the pattern is not valid, or if it or the text exceeds a limit.
    pub(crate) fn matches_glob(
        &self,
        budget: &EvaluationBudget,
        text: &str,
        pattern: &str,
    ) -> Result<bool, String> {
        check_text(text)?;
        let (text, pattern) = (fold(text), fold(pattern));
        let compile = |pattern: &str| {
            check_glob_pattern(pattern)?;
            let built = GlobBuilder::new(pattern).literal_separator(false).build();
            Ok(built.map_err(|error| error.to_string())?.compile_matcher())
        };
        with_kept(&self.globs, (budget, GLOB_COMPILE_STEPS), &pattern, compile, |matcher| {
            matcher.is_match(&text)
        })
    }

    /// Returns true if the regular expression matches a part of the text.
    ///
    /// # Errors
    /// If the pattern is not valid, or if it or the text exceeds a limit.
    pub(crate) fn matches_regex(
        &self,
        budget: &EvaluationBudget,
        text: &str,
        pattern: &str,
    ) -> Result<bool, String> {
        check_text(text)?;
        with_kept(&self.regexes, (budget, REGEX_COMPILE_STEPS), pattern, compile_regex, |regex| {
            regex.is_match(text)
        })
    }
}

/// Compiles a regular expression.
///
/// # Errors
/// If it is not valid or exceeds a limit.
pub(crate) fn compile_regex(pattern: &str) -> Result<Regex, String> {
    check_regex_pattern(pattern)?;
    RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED_REGEX_BYTES)
        .dfa_size_limit(MAX_COMPILED_REGEX_BYTES)
        .build()
        .map_err(|error| {
            if matches!(error, regex::Error::CompiledTooBig(_)) {
                ResourceLimit::CompiledRegexBytes.record_reached();
            }
            format!("the pattern '{pattern}' of `matches` is not valid: {}", explain_regex(&error))
        })
}

/// The cause of an error in a regular expression in one line, with the character at which it is.
fn explain_regex(error: &regex::Error) -> String {
    let shown = error.to_string();
    let Some(cause) = shown.lines().last().and_then(|line| line.strip_prefix("error: ")) else {
        return shown.lines().collect::<Vec<_>>().join(" ");
    };
    // The parser indents the pattern by four spaces and marks a part of it in the next line.
    let mark = shown.lines().find(|line| line.trim_start().starts_with('^')).and_then(|line| line.find('^'));
    match mark.and_then(|place| place.checked_sub(4)) {
        Some(place) => format!("{cause}, at character {}", place + 1),
        None => cause.to_owned(),
    }
}

/// Matches a text with a kept pattern, or compiles it. The interrupt is asked before each compilation.
fn with_kept<T>(
    kept: &KeptPatterns<T>,
    (budget, steps): (&EvaluationBudget, u64),
    pattern: &str,
    compile: impl FnOnce(&str) -> Result<T, String>,
    is_match: impl FnOnce(&T) -> bool,
) -> Result<bool, String> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(compiled) = kept.get(pattern) {
        return compiled.as_ref().map(is_match).map_err(Clone::clone);
    }
    budget.check_interrupt().map_err(|limit| limit.to_string())?;
    if kept.len() as u64 >= MAX_KEPT_PATTERNS {
        kept.clear();
        budget.take_steps(MAX_KEPT_PATTERNS * steps).map_err(|limit| limit.to_string())?;
    }
    let compiled = kept.entry(pattern.to_owned()).or_insert_with_key(|pattern| compile(pattern));
    compiled.as_ref().map(is_match).map_err(Clone::clone)
}

/// Checks the length and the nesting of the pattern of `glob`. globset panics on patterns that are nested deeply.
pub(crate) fn check_glob_pattern(pattern: &str) -> Result<(), String> {
    check_length("the pattern of `glob`", pattern, ResourceLimit::GlobBytes, "use several shorter patterns")?;
    let mut depth = 0_usize;
    for c in pattern.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_GLOB_DEPTH {
            ResourceLimit::GlobDepth.record_reached();
            let found = pattern.matches('{').count();
            return Err(format!(
                "the pattern of `glob` has {found} braces nested more than {MAX_GLOB_DEPTH} deep; write the \
                 alternatives beside each other: `{{a,b,c}}`"
            ));
        }
    }
    Ok(())
}

/// Checks the length of the pattern of `matches`.
pub(crate) fn check_regex_pattern(pattern: &str) -> Result<(), String> {
    check_length(
        "the pattern of `matches`",
        pattern,
        ResourceLimit::RegexBytes,
        "use several shorter patterns",
    )
}

pub(crate) fn check_text(text: &str) -> Result<(), String> {
    let advice = "compare longer texts with `contains` or `startsWith`";
    check_length("the text to compare with a pattern", text, ResourceLimit::MatchedTextBytes, advice)
}

fn check_length(what: &str, text: &str, limit: ResourceLimit, advice: &str) -> Result<(), String> {
    let most = limit.default_size();
    if text.len() <= most {
        return Ok(());
    }
    limit.record_reached();
    let (found, most) = (format_size(text.len()), format_size(most));
    Err(format!("{what} has {found} bytes, at most {most} are allowed; {advice}"))
}
