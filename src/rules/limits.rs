//! The limits of expressions, of the file and of the preview page alike. Their values are in the list of all bounds,
//! [`ResourceLimit`].
//!
//! An expression is checked against the first group when it is compiled, and against the second group for each person
//! that it is evaluated for. An expression that exceeds a limit is refused or fails; it is never false.

use rollcall_model::format::thousands;
use rollcall_model::resource_limits::ResourceLimit;

pub(crate) const MAX_EXPRESSION_BYTES: usize = ResourceLimit::ExpressionBytes.default_size();
pub(crate) const MAX_EXPRESSION_DEPTH: usize = ResourceLimit::ExpressionDepth.default_size();
pub(crate) const MAX_EXPRESSION_NODES: usize = ResourceLimit::ExpressionParts.default_size();
pub(crate) const MAX_COMPREHENSION_DEPTH: usize = ResourceLimit::ComprehensionDepth.default_size();
pub(crate) const MAX_GLOB_DEPTH: usize = ResourceLimit::GlobDepth.default_size();
pub(crate) const MAX_COMPILED_REGEX_BYTES: usize = ResourceLimit::CompiledRegexBytes.default_size();

pub(crate) const MAX_EVALUATION_STEPS: u64 = ResourceLimit::EvaluationSteps.default_value();
pub(crate) const MAX_VALUE_BYTES: usize = ResourceLimit::ValueBytes.default_size();

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
