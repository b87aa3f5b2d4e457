//! `in_group("Sales")`: the groups that an expression reads.
//!
//! The call is replaced by a variable with a name of its own before the expression is evaluated, so that a membership
//! that is not known fails the evaluation only where it is needed, as an attribute does. The name must be a constant:
//! which groups a rule reads is known without its evaluation.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue};
use rollcall_model::names::GroupName;
use xxhash_rust::xxh3::xxh3_64;

use super::expression_checks::{BadExpression, place_of_word};

/// The function.
pub(super) const IN_GROUP: &str = "in_group";

/// The beginning of the name of such a variable. No expression can contain it.
const PREFIX: &str = "@in_group_";

/// A group that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupReference {
    /// The name of the group.
    pub group: GroupName,
    /// The name of the variable.
    pub(super) variable: String,
}

/// What is known about a person and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipState {
    /// The person is a member.
    Member,
    /// The person is not a member.
    NotMember,
    /// It is not known.
    Unknown,
}

impl GroupReference {
    fn new(group: GroupName) -> Self {
        Self { variable: format!("{PREFIX}{:016x}", xxh3_64(group.folded().as_bytes())), group }
    }

    /// The reason why an evaluation fails if the membership is not known.
    pub(super) fn reason(&self) -> String {
        format!("it is not known whether the person is in the group `{}`", self.group.shown())
    }
}

/// Replaces each call of `in_group` by its variable; returns the groups, each once.
///
/// # Errors
/// If the argument is not the name of a group in quotes.
pub(super) fn replace_calls(
    text: &str,
    root: &mut IdedExpr,
) -> Result<Vec<GroupReference>, Vec<BadExpression>> {
    let mut found = Vec::new();
    let mut mistakes = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if let Expr::Call(call) = &node.expr
            && call.func_name == IN_GROUP
        {
            let argument = match (&call.target, call.args.as_slice()) {
                (None, [one]) => Some(&one.expr),
                (None | Some(_), _) => None,
            };
            match read_reference(argument) {
                Ok(reference) => {
                    node.expr = Expr::Ident(reference.variable.clone());
                    if !found.contains(&reference) {
                        found.push(reference);
                    }
                }
                Err(message) => {
                    let (line, column) = place_of_word(text, IN_GROUP);
                    mistakes.push(BadExpression { line, column, message, suggestion: None });
                }
            }
            continue;
        }
        push_parts(node, &mut open);
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

fn read_reference(argument: Option<&Expr>) -> Result<GroupReference, String> {
    let Some(Expr::Literal(LiteralValue::String(name))) = argument else {
        return Err(
            "`in_group` needs the name of one group in quotes: write `in_group(\"Sales\")`".to_owned()
        );
    };
    let name: &str = name.inner();
    match GroupName::parse(name) {
        Ok(group) => Ok(GroupReference::new(group)),
        Err(why) => Err(format!("`in_group` cannot read a group `{name}`: {why}")),
    }
}

/// Adds the parts of a node.
fn push_parts<'e>(node: &'e mut IdedExpr, open: &mut Vec<&'e mut IdedExpr>) {
    match &mut node.expr {
        Expr::Call(call) => open.extend(call.target.as_deref_mut().into_iter().chain(&mut call.args)),
        Expr::List(list) => open.extend(&mut list.elements),
        Expr::Select(select) => open.push(&mut select.operand),
        Expr::Map(map) => {
            for one in &mut map.entries {
                match &mut one.expr {
                    EntryExpr::MapEntry(entry) => open.extend([&mut entry.key, &mut entry.value]),
                    EntryExpr::StructField(field) => open.push(&mut field.value),
                }
            }
        }
        Expr::Comprehension(one) => open.extend([
            &mut one.iter_range,
            &mut one.accu_init,
            &mut one.loop_cond,
            &mut one.loop_step,
            &mut one.result,
        ]),
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}
