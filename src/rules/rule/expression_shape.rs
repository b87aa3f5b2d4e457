//! Checks of the size and shape of an expression, before anything recurses into it.

use cel::IdedExpr;
use cel::Program;
use cel::common::ast::operators::{EQUALS, NOT_EQUALS};
use cel::common::ast::{EntryExpr, Expr, LiteralValue};

use super::expression_checks::{ALL, BadExpression, unreadable};
use crate::limits::{
    MAX_COMPREHENSION_DEPTH, MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_NODES,
    PARSER_STACK_BYTES, format_size,
};
use crate::patterns::{check_glob_pattern, check_regex_pattern};
use rollcall_model::attributes::Attribute;
use rollcall_model::resource_limits::ResourceLimit;

/// Parses an expression within the limits.
///
/// The parser recurses as deep as the tree. It runs on a thread with a stack for the deepest tree that the length
/// allows, and a tree that is too deep is dropped there.
///
/// # Errors
/// If the text is not an expression, or if it exceeds a limit.
pub(super) fn parse(text: &str) -> Result<Program, Vec<BadExpression>> {
    if text.len() > MAX_EXPRESSION_BYTES {
        ResourceLimit::ExpressionBytes.record_reached();
        let length = text.len();
        let message =
            format!("the expression has {length} bytes, at most {MAX_EXPRESSION_BYTES} are allowed");
        return Err(vec![BadExpression::whole(message)]);
    }
    let failed = || BadExpression::whole("the expression could not be parsed".to_owned());
    let parse = || {
        let program = Program::compile(text).map_err(|errors| {
            let first = errors.errors.first();
            vec![first.map_or_else(failed, |error| unreadable(text, error))]
        })?;
        check_shape(text, &program)?;
        Ok(program)
    };
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().stack_size(PARSER_STACK_BYTES).spawn_scoped(scope, parse);
        parser.map_err(|_| vec![failed()])?.join().map_err(|_| vec![failed()])?
    })
}

/// A node that is still to be visited.
struct OpenNode<'e> {
    node: &'e IdedExpr,
    depth: usize,
    comprehensions: usize,
}

/// Walks the tree without recursion.
fn check_shape(text: &str, program: &Program) -> Result<(), Vec<BadExpression>> {
    let mut open = vec![OpenNode { node: program.expression(), depth: 1, comprehensions: 0 }];
    let (mut nodes, mut depth, mut comprehensions) = (0, 0, 0);
    while let Some(OpenNode { node, depth: level, comprehensions: around }) = open.pop() {
        nodes += 1;
        depth = depth.max(level);
        comprehensions = comprehensions.max(around);
        check_node(node).map_err(|(place, message)| vec![placed(text, program, place, message)])?;
        let mut visit =
            |node, inside| open.push(OpenNode { node, depth: level + 1, comprehensions: around + inside });
        match &node.expr {
            Expr::Call(call) => {
                call.target.as_deref().into_iter().chain(&call.args).for_each(|one| visit(one, 0));
            }
            Expr::Comprehension(one) => {
                visit(&one.iter_range, 0);
                visit(&one.accu_init, 0);
                // The result is a name or `name == 1`: it does not nest.
                visit(&one.loop_cond, 1);
                visit(&one.loop_step, 1);
                visit(&one.result, 1);
            }
            Expr::List(list) => list.elements.iter().for_each(|one| visit(one, 0)),
            Expr::Select(select) => visit(&select.operand, 0),
            Expr::Map(map) => map.entries.iter().for_each(|one| match &one.expr {
                EntryExpr::MapEntry(entry) => {
                    visit(&entry.key, 0);
                    visit(&entry.value, 0);
                }
                EntryExpr::StructField(field) => visit(&field.value, 0),
            }),
            Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }
    let advice = "compare with a list (`in`) instead of a chain of operators";
    let (limit, message) = if depth > MAX_EXPRESSION_DEPTH {
        let found = format_size(depth);
        let message = format!(
            "the expression is {found} levels deep, at most {MAX_EXPRESSION_DEPTH} are allowed; {advice}"
        );
        (ResourceLimit::ExpressionDepth, message)
    } else if nodes > MAX_EXPRESSION_NODES {
        let found = format_size(nodes);
        let most = format_size(MAX_EXPRESSION_NODES);
        let message = format!(
            "the expression has {found} parts, at most {most} are allowed; divide it into several rules"
        );
        (ResourceLimit::ExpressionParts, message)
    } else if comprehensions > MAX_COMPREHENSION_DEPTH {
        let message = format!(
            "`exists`, `all`, `filter` and `map` are nested {comprehensions} deep, at most \
             {MAX_COMPREHENSION_DEPTH} are allowed; compare with `in` instead of the innermost one"
        );
        (ResourceLimit::ComprehensionDepth, message)
    } else {
        return Ok(());
    };
    limit.record_reached();
    Err(vec![BadExpression::whole(message)])
}

/// Checks what a node makes, and the patterns that it contains. An error has the node of its position.
fn check_node(node: &IdedExpr) -> Result<(), (&IdedExpr, String)> {
    match &node.expr {
        Expr::Struct(one) => Err((node, format!("a rule cannot make a `{}`", one.type_name))),
        Expr::Unspecified => Err((node, "a part of the expression is missing".to_owned())),
        Expr::Call(call) => {
            if [EQUALS, NOT_EQUALS].contains(&call.func_name.as_str()) {
                return check_comparison(node, &call.func_name, &call.args);
            }
            let Some(last) = call.args.last() else { return Ok(()) };
            let Expr::Literal(LiteralValue::String(pattern)) = &last.expr else { return Ok(()) };
            let checked = match call.func_name.as_str() {
                "glob" => check_glob_pattern(pattern.inner()),
                "matches" => check_regex_pattern(pattern.inner()),
                _ => Ok(()),
            };
            checked.map_err(|message| (last, message))
        }
        Expr::Comprehension(_)
        | Expr::Ident(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Select(_) => Ok(()),
    }
}

/// Refuses comparisons that are always false, or always true.
fn check_comparison<'e>(
    node: &'e IdedExpr,
    operator: &str,
    sides: &'e [IdedExpr],
) -> Result<(), (&'e IdedExpr, String)> {
    let is_null = |side: &IdedExpr| matches!(side.expr, Expr::Literal(LiteralValue::Null));
    let symbol = if operator == EQUALS { "==" } else { "!=" };
    if sides.iter().any(is_null) {
        let name = sides.iter().find_map(|side| name_of(side)).unwrap_or("department");
        let message = format!("an attribute is never null: write `{name} {symbol} \"\"`");
        return Err((node, message));
    }
    let list = sides.iter().find_map(|side| name_of(side).filter(|name| is_list(name)));
    let text = sides.iter().find_map(|side| match &side.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    });
    if let (Some(list), Some(text)) = (list, text) {
        let membership = format!("{text:?} in {list}");
        let instead = if operator == EQUALS { membership } else { format!("!({membership})") };
        let message = format!("`{list}` is a list and never equals a text: write `{instead}`");
        return Err((node, message));
    }
    Ok(())
}

/// Returns true if an attribute is a list.
fn is_list(name: &str) -> bool {
    name.ends_with(ALL) || Attribute::find_computed(name).is_some_and(Attribute::is_computed_list)
}

/// The name of an attribute.
fn name_of(side: &IdedExpr) -> Option<&str> {
    match &side.expr {
        Expr::Ident(name) => Some(name),
        _ => None,
    }
}

/// An error at the position of a node.
fn placed(text: &str, program: &Program, node: &IdedExpr, message: String) -> BadExpression {
    let start = program.source_info().offset_for(node.id).map_or(0, |(start, _)| start as usize);
    let before = text.get(..start).unwrap_or("");
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count();
    BadExpression { line, column, message, suggestion: None }
}
