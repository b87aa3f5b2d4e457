//! The variables of expressions, and the form of their values.

use cel::Value;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};

/// A variable that an expression reads.
#[derive(Debug)]
pub(super) struct ExpressionVariable {
    pub(super) name: String,
    pub(super) attribute: Attribute,
    pub(super) form: VariableForm,
}

/// The form of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VariableForm {
    /// The first value, a text.
    First,
    /// The list of all values.
    All,
    /// A whole number.
    Number,
    /// True or false.
    Truth,
}

impl VariableForm {
    /// Returns the form of a computed attribute.
    pub(super) fn of_computed(attribute: Attribute) -> Self {
        match attribute {
            Attribute::REPORTS_TOTAL => Self::Number,
            Attribute::IS_MANAGER => Self::Truth,
            _ => Self::All,
        }
    }

    /// Returns the value of a cell in this form.
    pub(super) fn value(self, values: &Interner, cell: Symbol) -> Value {
        match self {
            Self::First => Value::from(values.first(cell).to_owned()),
            Self::All => {
                let all = values.all(cell).map(|value| Value::from(value.to_owned()));
                Value::from(all.collect::<Vec<Value>>())
            }
            Self::Number => Value::Int(values.first(cell).parse().unwrap_or(0)),
            Self::Truth => Value::Bool(values.first(cell) == "true"),
        }
    }
}
