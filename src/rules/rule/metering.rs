//! Rewrites an expression so that its evaluation is counted.
//!
//! The evaluator of the `cel` crate has no hook. Therefore calls of functions of this module are put around
//!
//! - the condition of each pass of `exists`, `all`, `filter` and `map`, with the number of nodes of the pass,
//! - every value that an operator builds: the result of `+`, lists, maps, and lists of `filter` and `map`,
//! - every name inside a pass, because a long value may be read there many times.
//!
//! An expression without these has at most [`MAX_EXPRESSION_NODES`](crate::limits::MAX_EXPRESSION_NODES) nodes, each
//! evaluated once, on values of the person. Patterns and texts of our own functions are counted by the functions.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use cel::{Context, ExecutionError, IdedExpr, Value};

use crate::limits::{EVALUATION_STACK_BYTES, MAX_DEPTH_ON_CALLERS_STACK};

/// The function that counts: it takes a value and a number of steps, and returns the value.
pub(super) const METERED: &str = "@metered";
/// The function that replaces `matches`.
pub(super) const MATCHES: &str = "@matches";

/// An expression with calls that count its steps.
#[derive(Debug)]
pub(super) struct MeteredExpression {
    root: IdedExpr,
    depth: usize,
}

impl MeteredExpression {
    /// Rewrites an expression.
    pub(super) fn new(expression: &IdedExpr) -> Self {
        let mut root = expression.clone();
        meter_node(&mut root, false);
        Self { depth: tree_size(&root).1, root }
    }

    /// Evaluates the expression. The evaluator recurses: a deep expression gets a thread with a larger stack.
    pub(super) fn evaluate(&self, scope: &Context<'_, '_>) -> Result<Value, ExecutionError> {
        if self.depth <= MAX_DEPTH_ON_CALLERS_STACK {
            return Value::resolve(&self.root, scope);
        }
        let failed = || ExecutionError::InternalError("the evaluation ended early".to_owned());
        std::thread::scope(|threads| {
            let evaluation = std::thread::Builder::new()
                .stack_size(EVALUATION_STACK_BYTES)
                .spawn_scoped(threads, || Value::resolve(&self.root, scope));
            evaluation.map_err(|_| failed())?.join().map_err(|_| failed())?
        })
    }
}

/// Rewrites a node and everything below; `repeated` inside a pass of a comprehension.
fn meter_node(node: &mut IdedExpr, repeated: bool) {
    let builds = match &mut node.expr {
        Expr::Call(call) => meter_call(call, repeated),
        Expr::Comprehension(one) => meter_comprehension(one, repeated),
        Expr::List(list) => meter_elements(list.elements.iter_mut(), repeated),
        Expr::Map(map) => {
            let parts = map.entries.iter_mut().flat_map(|one| match &mut one.expr {
                EntryExpr::MapEntry(entry) => vec![&mut entry.key, &mut entry.value],
                EntryExpr::StructField(field) => vec![&mut field.value],
            });
            meter_elements(parts, repeated)
        }
        Expr::Ident(name) => repeated && !name.starts_with('@'),
        Expr::Select(select) => {
            // A chain of names is looked up as a whole.
            if !is_qualified_name(&select.operand) {
                meter_node(&mut select.operand, repeated);
            }
            repeated && !select.test
        }
        Expr::Struct(_) | Expr::Literal(_) | Expr::Unspecified => false,
    };
    if builds {
        wrap(node, 1);
    }
}

/// Returns true if the call builds a value.
fn meter_call(call: &mut CallExpr, repeated: bool) -> bool {
    for part in call.target.as_deref_mut().into_iter().chain(&mut call.args) {
        meter_node(part, repeated);
    }
    if call.func_name == "matches" {
        call.func_name = MATCHES.to_owned();
        if let Some(target) = call.target.take() {
            call.args.insert(0, *target);
        }
    }
    call.func_name == operators::ADD
}

/// Meters the elements of a list or a map. Returns true unless all are constants, which the length of the text bounds.
fn meter_elements<'e>(elements: impl Iterator<Item = &'e mut IdedExpr>, repeated: bool) -> bool {
    let mut builds = false;
    for element in elements {
        if matches!(element.expr, Expr::Literal(_)) {
            continue;
        }
        builds = true;
        let name = matches!(element.expr, Expr::Ident(_) | Expr::Select(_));
        meter_node(element, repeated);
        if name && !repeated {
            wrap(element, 1);
        }
    }
    builds
}

/// Returns true if the comprehension builds a list.
fn meter_comprehension(one: &mut ComprehensionExpr, repeated: bool) -> bool {
    let pass = count_nodes(&one.loop_step) + count_nodes(&one.loop_cond);
    meter_node(&mut one.iter_range, repeated);
    if matches!(one.iter_range.expr, Expr::Ident(_) | Expr::Select(_)) {
        wrap(&mut one.iter_range, 1);
    }
    let Expr::Call(step) = &mut one.loop_step.expr else { return false };
    match step.func_name.as_str() {
        // `condition ? @result + [element] : @result` of `filter` and `map`, `condition ? @result + 1 : @result` of
        // `exists_one`. The shape has to stay: the evaluator recognizes it.
        operators::CONDITIONAL => {
            meter_node(&mut step.args[0], true);
            wrap(&mut step.args[0], pass);
            if let Expr::Call(append) = &mut step.args[1].expr {
                return meter_appended(append, 1);
            }
            false
        }
        // `@result + [element]` of `map`.
        operators::ADD => meter_appended(step, pass),
        // `@result || condition` of `exists` and `@result && condition` of `all`. An error of the step is deferred,
        // one of the condition of the loop ends the loop.
        _ => {
            step.args.iter_mut().for_each(|part| meter_node(part, true));
            wrap(&mut one.loop_cond, pass);
            false
        }
    }
}

fn meter_appended(append: &mut CallExpr, steps: u64) -> bool {
    let Some(Expr::List(list)) = append.args.get_mut(1).map(|added| &mut added.expr) else { return false };
    for element in &mut list.elements {
        // `filter` appends the name alone.
        if !matches!(element.expr, Expr::Ident(_)) {
            meter_node(element, true);
        }
        wrap(element, steps);
    }
    true
}

fn is_qualified_name(node: &IdedExpr) -> bool {
    let mut node = node;
    while let Expr::Select(select) = &node.expr {
        if select.test {
            return false;
        }
        node = &select.operand;
    }
    matches!(node.expr, Expr::Ident(_))
}

/// Puts a call of the counting function around a node.
fn wrap(node: &mut IdedExpr, steps: u64) {
    let id = node.id;
    let steps = i64::try_from(steps).unwrap_or(i64::MAX);
    let steps = IdedExpr { id, expr: Expr::Literal(LiteralValue::Int(steps.into())) };
    let value = std::mem::take(node);
    let call = CallExpr { func_name: METERED.to_owned(), target: None, args: vec![value, steps] };
    *node = IdedExpr { id, expr: Expr::Call(call) };
}

fn count_nodes(node: &IdedExpr) -> u64 {
    tree_size(node).0
}

/// Returns the number of nodes and the depth of a tree.
fn tree_size(node: &IdedExpr) -> (u64, usize) {
    let parts: Vec<&IdedExpr> = match &node.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(one) => {
            vec![&one.iter_range, &one.accu_init, &one.loop_cond, &one.loop_step, &one.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Map(map) => map.entries.iter().flat_map(|one| entry_parts(&one.expr)).collect(),
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    };
    let (nodes, depth) = parts
        .into_iter()
        .map(tree_size)
        .fold((0, 0), |(nodes, depth), part| (nodes + part.0, depth.max(part.1)));
    (nodes + 1, depth + 1)
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}
