//! The learners of a request, by name or by id.

use serde::Deserialize;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use rollcall_core::groups::LearnerRef;
use rollcall_model::format::count;

/// Selection of learners by name or id.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a list of e-mail addresses, or a list of learner ids")]
pub(super) enum LearnerSelection {
    Names(Vec<String>),
    Numbers(Vec<i64>),
}

impl Default for LearnerSelection {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

impl PartialSchema for LearnerSelection {
    fn schema() -> RefOr<Schema> {
        let list = |of: Type| ArrayBuilder::new().items(ObjectBuilder::new().schema_type(of));
        AnyOfBuilder::new()
            .description(Some("Addresses, former addresses or `CONNECTOR:ID`; or learners' numbers."))
            .item(list(Type::String))
            .item(list(Type::Integer))
            .into()
    }
}

impl ToSchema for LearnerSelection {
    fn name() -> std::borrow::Cow<'static, str> {
        "People".into()
    }
}

impl LearnerSelection {
    pub(super) fn to_learner_refs(&self) -> LearnerRef<'_> {
        match self {
            Self::Names(texts) => LearnerRef::Texts(texts),
            Self::Numbers(numbers) => LearnerRef::Numbers(numbers.clone()),
        }
    }

    pub(super) fn in_words(&self) -> String {
        let many = match self {
            Self::Names(texts) => texts.len(),
            Self::Numbers(numbers) => numbers.len(),
        };
        count(many as u64, "learner", "learners")
    }
}
