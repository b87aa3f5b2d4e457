//! The limits of expressions, of the file and of the preview page alike.
//!
//! An expression is checked against the first group when it is compiled, and against the second group for each person
//! that it is evaluated for. An expression that exceeds a limit is refused or fails; it is never false.

use rollcall_model::format::thousands;

/// A limit with its value, for lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleLimit {
    /// The name of the constant.
    pub name: &'static str,
    /// The largest value that is allowed.
    pub value: u64,
    /// The unit of the value.
    pub unit: &'static str,
    /// The description.
    pub description: &'static str,
}

/// Declares the limits as constants, and the list of all of them.
macro_rules! limits {
    ($($(#[doc = $description:literal])+ $name:ident: $type:ty = $value:expr, $unit:literal;)*) => {
        $($(#[doc = $description])+ pub const $name: $type = $value;)*

        /// All limits.
        pub const LIMITS: &[RuleLimit] = &[$(RuleLimit {
            name: stringify!($name),
            value: $name as u64,
            unit: $unit,
            description: concat!($($description),+),
        }),*];
    };
}

limits! {
    /// Length of an expression.
    MAX_EXPRESSION_BYTES: usize = 4_000, "bytes";
    /// Depth of the tree of an expression: `1 + 1 + 1` is three levels deep.
    MAX_EXPRESSION_DEPTH: usize = 96, "levels";
    /// Operators, calls, names and constants of an expression.
    MAX_EXPRESSION_NODES: usize = 2_000, "parts";
    /// Calls of `exists`, `all`, `filter` and `map` inside each other.
    MAX_COMPREHENSION_DEPTH: usize = 2, "levels";
    /// Length of the pattern of `glob`.
    MAX_GLOB_BYTES: usize = 500, "bytes";
    /// Braces inside each other in the pattern of `glob`.
    MAX_GLOB_DEPTH: usize = 8, "levels";
    /// Length of the pattern of `matches`.
    MAX_REGEX_BYTES: usize = 500, "bytes";
    /// Compiled size of the pattern of `matches`.
    MAX_COMPILED_REGEX_BYTES: usize = 256 * 1024, "bytes";

    /// Work on one expression for one person. A step is about one operator, call, name or constant.
    MAX_EVALUATION_STEPS: u64 = 1_000_000, "steps";
    /// Size of an attribute and of a value that an expression makes.
    MAX_VALUE_BYTES: usize = 1024 * 1024, "bytes";
    /// Length of the text that `glob` and `matches` compare.
    MAX_MATCHED_TEXT_BYTES: usize = 16 * 1024, "bytes";
    /// Length of the reason that an evaluation failed; the rest is left out.
    MAX_REASON_CHARS: usize = 300, "characters";

    /// Time to try out an expression for all people.
    MAX_PREVIEW_SECONDS: u64 = 5, "seconds";
    /// Expressions that one account tries out at the same time.
    MAX_PREVIEWS_PER_ACCOUNT: usize = 1, "previews";
}

/// Stack of the thread that parses an expression. The parser recurses for each level, before the depth is known; the
/// deepest tree of [`MAX_EXPRESSION_BYTES`] bytes has half as many levels, of less than 16 KiB each in a build without
/// optimization.
pub(crate) const PARSER_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Depth of an expression, with the calls that count its steps, that is evaluated on the stack of the caller. A level
/// takes up to 40 KiB in a build without optimization. Deeper expressions get a thread of their own; people write none.
pub(crate) const MAX_DEPTH_ON_CALLERS_STACK: usize = 16;

/// Stack of the thread that evaluates a deep expression.
pub(crate) const EVALUATION_STACK_BYTES: usize = 32 * 1024 * 1024;

/// Bytes of a value that count as one step, as they are copied or compared.
pub(crate) const BYTES_PER_STEP: usize = 64;

/// Formats a number of a message.
pub(crate) fn format_size(number: usize) -> String {
    thousands(number as u64)
}
