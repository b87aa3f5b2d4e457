//! Converts the table of keys to a JSON Schema (draft 2020-12) for editors.

use serde_json::{Map, Value, json};

use crate::connector_kinds::KINDS;
use crate::key_spec::{KeySpec, Presence, SectionKind, SectionSpec};
use crate::schema_keys;
use crate::value_type::ValueType;
use rollcall_connectors as connectors;

/// Builds the schema of the file: every key with its type, default and description.
#[must_use]
pub fn build_json_schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rollcall.toml",
    });
    if let (Some(all), Some(root)) = (schema.as_object_mut(), schema_keys::find_section("")) {
        all.extend(section(root, None));
    }
    schema
}

/// Builds the schema of a section.
fn section(spec: &SectionSpec, kind: Option<&str>) -> Map<String, Value> {
    let has_usual = kind.and_then(connectors::default_mapping).is_some_and(|usual| !usual.columns.is_empty());
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in schema_keys::keys_of(spec.path).filter(|key| key.belongs_to(kind)) {
        properties.insert(key.name.to_owned(), value(key, kind));
        if key.is_required_for(kind) {
            required.push(key.name);
        }
    }
    for inner in schema_keys::sections_in(spec.path) {
        properties.insert(inner.name().to_owned(), form(inner, has_usual));
    }
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("object"));
    object.insert("description".to_owned(), json!(spec.doc));
    object.insert("properties".to_owned(), Value::Object(properties));
    object.insert("additionalProperties".to_owned(), json!(false));
    if spec.path == "connector" && !has_usual {
        required.push("attributes");
    }
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    object
}

/// Builds the schema of a section by its form. A mapping needs no `id` if the kind has a default mapping.
fn form(spec: &SectionSpec, has_usual: bool) -> Value {
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    match spec.form {
        SectionKind::Table => Value::Object(section(spec, None)),
        SectionKind::List if spec.path == "connector" => {
            let kinds: Vec<Map<String, Value>> = KINDS.iter().map(|kind| section(spec, Some(kind))).collect();
            json!({ "type": "array", "description": spec.doc, "items": { "oneOf": kinds } })
        }
        SectionKind::List => {
            json!({ "type": "array", "description": spec.doc, "items": section(spec, None) })
        }
        SectionKind::FreeKeys => {
            let needed: &[&str] =
                if spec.path == "connector.attributes" && !has_usual { &["id"] } else { &[] };
            json!({
                "type": "object",
                "description": spec.doc,
                "propertyNames": { "pattern": "^[a-z_][a-z0-9_]*$" },
                "additionalProperties": { "type": "string", "minLength": 1 },
                "required": needed,
            })
        }
        SectionKind::FreeTables => {
            json!({ "type": "object", "description": spec.doc, "additionalProperties": texts })
        }
    }
}

fn value(key: &KeySpec, kind: Option<&str>) -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    let texts = json!({ "type": "array", "items": text });
    let mut schema = match key.value_type_for(kind) {
        ValueType::Text { most } => json!({ "type": "string", "minLength": 1, "maxLength": most }),
        ValueType::Secret | ValueType::Zone | ValueType::Address => text,
        ValueType::Texts => texts,
        ValueType::OneOrMoreTexts => {
            json!({ "oneOf": [text, { "type": "array", "items": text, "minItems": 1 }] })
        }
        ValueType::Flag => json!({ "type": "boolean" }),
        ValueType::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        ValueType::Percent { .. } => {
            let share = json!({ "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$" });
            json!({ "oneOf": [share, { "const": 0 }] })
        }
        ValueType::Duration => json!({ "type": "string", "pattern": r"^\s*[0-9]+\s*[smhd]\s*$" }),
        ValueType::Size => json!({ "type": "string", "pattern": r"^\s*[0-9]+\s*([KMGT]i?|k)?B\s*$" }),
        ValueType::Day => json!({ "type": "string", "format": "date" }),
        ValueType::Kind => kind.map_or_else(|| json!({ "enum": KINDS }), |kind| json!({ "const": kind })),
    };
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), json!(key.doc));
        schema.extend(read(key.example).map(|example| ("examples".to_owned(), json!([example]))));
        if let Presence::Default(default) = key.presence {
            schema.extend(read(default).map(|default| ("default".to_owned(), default)));
        }
        if key.value_type == ValueType::Secret {
            schema.insert("writeOnly".to_owned(), json!(true));
        }
    }
    schema
}

/// Converts a value in TOML to JSON.
fn read(text: &str) -> Option<Value> {
    let file = format!("value = {text}");
    let mut table: Map<String, Value> = toml::from_str(&file).ok()?;
    table.remove("value")
}
