//! A JSON document as a tree, and Rust values from it.
//!
//! An error that is about a field names it as a value ([`TreeError::field`]), which the errors of `serde_json` do only
//! inside their text. Repeated keys stay in the tree, so that they are refused.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Number;

/// A JSON value.
#[derive(Debug, Clone)]
pub(super) enum JsonTree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<JsonTree>),
    Fields(Vec<(String, JsonTree)>),
}

/// Why a tree is not the expected value.
#[derive(Debug)]
pub(super) struct TreeError {
    /// The field that is unknown, missing or repeated.
    pub field: Option<String>,
    /// The message.
    pub message: String,
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TreeError {}

/// The wording of serde.
type PlainError = serde::de::value::Error;

impl TreeError {
    fn of_field(field: &str, error: &PlainError) -> Self {
        Self { field: Some(field.to_owned()), message: error.to_string() }
    }
}

impl Error for TreeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { field: None, message: message.to_string() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match found {
            Unexpected::Unit => Self::custom(format_args!("invalid type: null, expected {expected}")),
            found => Self::custom(PlainError::invalid_type(found, expected)),
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::of_field(field, &PlainError::unknown_field(field, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of_field(field, &PlainError::missing_field(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::of_field(field, &PlainError::duplicate_field(field))
    }
}

impl<'de> Deserialize<'de> for JsonTree {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = JsonTree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<JsonTree, E> {
        Ok(JsonTree::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<JsonTree, E> {
        Ok(JsonTree::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<JsonTree, E> {
        Ok(JsonTree::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<JsonTree, E> {
        Ok(JsonTree::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<JsonTree, E> {
        Number::from_f64(value).map(JsonTree::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<JsonTree, E> {
        Ok(JsonTree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<JsonTree, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(JsonTree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<JsonTree, A::Error> {
        let mut fields = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            fields.push(pair);
        }
        Ok(JsonTree::Fields(fields))
    }
}

impl IntoDeserializer<'_, TreeError> for JsonTree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for JsonTree {
    type Error = TreeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TreeError> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(number) => number.deserialize_any(visitor).map_err(TreeError::custom),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(list) => visitor.visit_seq(SeqDeserializer::new(list.into_iter())),
            Self::Fields(fields) => visitor.visit_map(MapDeserializer::new(fields.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TreeError> {
        match self {
            Self::Null => visitor.visit_none(),
            Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) | Self::Fields(_) => {
                visitor.visit_some(self)
            }
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, TreeError> {
        visitor.visit_newtype_struct(self)
    }

    /// Only an object is a struct: `serde` would also take a list of the fields' values.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TreeError> {
        match self {
            Self::List(_) => Err(TreeError::invalid_type(Unexpected::Seq, &"an object")),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Fields(_) => {
                self.deserialize_any(visitor)
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TreeError> {
        match self {
            Self::Text(text) => visitor.visit_enum(text.into_deserializer()),
            Self::Fields(fields) => {
                let fields: MapDeserializer<'_, _, TreeError> = MapDeserializer::new(fields.into_iter());
                visitor.visit_enum(MapAccessDeserializer::new(fields))
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        #[serde(default)]
        days: Option<u32>,
    }

    fn read(json: &str) -> Result<(String, Option<u32>), (Option<String>, String)> {
        let tree: JsonTree = serde_json::from_str(json).expect("JSON");
        let sample = Sample::deserialize(tree).map_err(|error| (error.field, error.message))?;
        Ok((sample.name, sample.days))
    }

    /// An unknown, missing or repeated field is named; the messages are those of serde.
    #[test]
    fn error_names_its_field() {
        let named = |name: &str, message: &str| Err((Some(name.to_owned()), message.to_owned()));
        assert_eq!(read(r#"{"name": "A", "days": 3}"#), Ok(("A".to_owned(), Some(3))));
        assert_eq!(read(r#"{"name": "A", "days": null}"#), Ok(("A".to_owned(), None)));
        assert_eq!(
            read(r#"{"name": "A", "dayz": 3}"#),
            named("dayz", "unknown field `dayz`, expected `name` or `days`")
        );
        assert_eq!(read("{}"), named("name", "missing field `name`"));
        assert_eq!(read(r#"{"name": "A", "name": "B"}"#), named("name", "duplicate field `name`"));
        let unnamed = |message: &str| Err((None, message.to_owned()));
        assert_eq!(read(r#"{"name": null}"#), unnamed("invalid type: null, expected a string"));
        assert_eq!(read(r#"["A", 3]"#), unnamed("invalid type: sequence, expected an object"));
        assert_eq!(read(r#"{"name": 7}"#), unnamed("invalid type: integer `7`, expected a string"));
    }
}
