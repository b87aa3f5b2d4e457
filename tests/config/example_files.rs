//! The files that come with rollcall: the example, the demo, and the schema that editors read.

use std::collections::BTreeSet;
use std::path::Path;

use rollcall_config::{Config, EXAMPLE, KIND_EXAMPLES, build_json_schema};
use rollcall_connectors::SourceSettings;
use rollcall_model::due_policy::DuePolicy;
use serde_json::Value;

use super::{no_env, private};

/// The example with its optional keys taken out of their comments: TOML still, if not a file that makes sense.
fn whole_example() -> toml::Table {
    uncommented(EXAMPLE)
}

/// An example with every key that it only mentions.
fn uncommented(example: &str) -> toml::Table {
    let is_key = |line: &str| {
        let name = line.strip_prefix("# ").and_then(|rest| rest.split_once(" = ")).map(|(name, _)| name);
        name.is_some_and(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    let is_section = |line: &str| {
        let name = line.strip_prefix("# [").and_then(|rest| rest.strip_suffix(']'));
        name.is_some_and(|name| !name.contains(' '))
    };
    let is_out = |line: &str| is_key(line) || is_section(line);
    let lines = example.lines().map(|line| if is_out(line) { &line[2..] } else { line });
    lines.collect::<Vec<_>>().join("\n").parse().expect("TOML")
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Every key of a file, dotted; those of a connector with their kind.
fn keys(path: &str, value: &toml::Value, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(rows)
            if ![".attributes", ".values", ".values_file", ".dates", ".list_separators"]
                .iter()
                .any(|end| path.ends_with(end)) =>
        {
            let kind = rows.get("kind").and_then(toml::Value::as_str).map(|kind| format!("<{kind}>"));
            let path = path.to_owned() + &kind.unwrap_or_default();
            rows.iter().for_each(|(name, inner)| keys(&joined(&path, name), inner, found));
        }
        toml::Value::Array(list) if list.iter().all(toml::Value::is_table) => {
            for one in list {
                keys(path, one, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// Every key of the schema, written the same way.
fn schema_keys(path: &str, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(kinds) = schema.pointer("/items/oneOf").and_then(Value::as_array) {
        for one in kinds {
            let kind = one.pointer("/properties/kind/const").and_then(Value::as_str).expect("a kind");
            schema_keys(&format!("{path}<{kind}>"), one, found);
        }
    } else if let Some(items) = schema.get("items").filter(|items| items.get("properties").is_some()) {
        schema_keys(path, items, found);
    } else if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        properties.iter().for_each(|(name, inner)| schema_keys(&joined(path, name), inner, found));
    } else {
        found.insert(path.to_owned());
    }
}

/// What of a JSON value a schema does not allow, for the words that our schema uses.
fn violations(path: &str, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array)
        && choices.iter().filter(|choice| violations(path, choice, value).is_empty()).count() != 1
    {
        found.push(format!("{path}: fits no choice, or several"));
    }
    let right = match schema.get("type").and_then(Value::as_str) {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        other => other.is_none(),
    };
    if !right || schema.get("const").is_some_and(|only| only != value) {
        found.push(format!("{path}: {value} is something else"));
    }
    let limit = |name: &str| schema.get(name).and_then(Value::as_i64);
    let number = value.as_i64();
    if number.is_some_and(|n| {
        limit("minimum").is_some_and(|least| n < least) || limit("maximum").is_some_and(|most| n > most)
    }) {
        found.push(format!("{path}: {value} is out of range"));
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let path = joined(path, name);
        match (schema.get("properties").and_then(|all| all.get(name)), schema.get("additionalProperties")) {
            (Some(known), _) => found.extend(violations(&path, known, inner)),
            (None, Some(Value::Bool(false))) => found.push(format!("{path}: no such key")),
            (None, Some(others)) => found.extend(violations(&path, others, inner)),
            (None, None) => {}
        }
    }
    for name in
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        if value.is_object() && value.get(name).is_none() {
            found.push(format!("{path}: `{name}` is missing"));
        }
    }
    if let (Some(list), Some(items)) = (value.as_array(), schema.get("items")) {
        found.extend(list.iter().flat_map(|inner| violations(path, items, inner)));
    }
    found
}

#[test]
fn the_example_shows_every_key_and_no_other() {
    let (mut shown, mut known) = (BTreeSet::new(), BTreeSet::new());
    keys("", &toml::Value::Table(whole_example()), &mut shown);
    schema_keys("", &build_json_schema(), &mut known);
    for (_, example) in KIND_EXAMPLES {
        keys("", &toml::Value::Table(uncommented(example)), &mut shown);
    }
    let strange: Vec<&String> = shown.difference(&known).collect();
    assert!(strange.is_empty(), "{strange:?}");
    // What several kinds of connector have is shown with one of them.
    let bare = |keys: &BTreeSet<String>| -> BTreeSet<String> {
        keys.iter()
            .map(|key| key.rsplit_once('>').map_or(key.as_str(), |(_, name)| name).to_owned())
            .collect()
    };
    let (shown, known) = (bare(&shown), bare(&known));
    assert_eq!(shown, known);
}

#[test]
fn the_example_of_every_kind_is_right() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("secrets")).expect("made");
    for (kind, example) in KIND_EXAMPLES {
        let table: toml::Table = example.parse().expect("TOML");
        let secret = table["connector"][0]
            .as_table()
            .expect("a section")
            .iter()
            .find(|(name, _)| name.ends_with("_file"));
        let (name, file) = secret.expect("a file beside");
        let path = folder.path().join(file.as_str().expect("a path"));
        let account = "{\"client_email\": \"a@b\", \"private_key\": \"k\"}";
        std::fs::write(
            &path,
            match name.as_str() {
                "service_account_file" => account,
                "database_url_file" => "postgres://localhost/hr",
                _ => "hunter2",
            },
        )
        .expect("written");
        private(&path);
        let config = Config::parse(example, &folder.path().join("rollcall.toml"), &|_| None);
        let config = config.unwrap_or_else(|wrong| panic!("{kind}: {wrong}"));
        assert!(config.warnings.is_empty(), "{kind}: {:?}", config.warnings);
        assert_eq!(config.connectors[0].kind(), *kind);
    }
}

#[test]
fn the_example_is_right() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("secrets")).expect("made");
    let secret = folder.path().join("secrets/ldap");
    std::fs::write(&secret, "hunter2\n").expect("written");
    private(&secret);
    std::fs::write(folder.path().join("corp-ca.pem"), "").expect("written");
    std::fs::write(folder.path().join("sites.csv"), "BER,Berlin\n").expect("written");
    let path = folder.path().join("rollcall.toml");
    std::fs::write(&path, EXAMPLE).expect("written");
    let config = Config::load(&path, &no_env).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(config.warnings.is_empty(), "{:#?}", config.warnings);
    assert_eq!((config.connectors.len(), config.rules.len()), (2, 4));
    assert_eq!((config.courses.len(), config.assignments.len()), (2, 3));
    assert!(config.attributes.find("cost_center").is_some());
}

#[test]
fn a_short_file_is_right() {
    let text = r#"
timezone = "Europe/Berlin"
database = { url = "sqlite://rollcall.db" }
[[connector]]
name = "corp"
kind = "ldap"
schedule = "0 2 * * *"
url = "ldaps://dc1.corp.example:636"
base_dn = ["ou=people,dc=corp,dc=example", "ou=guests,dc=corp,dc=example"]
[connector.attributes]
id = "entryUUID"
department = "departmentNumber"
[[rule]]
name = "departments"
group = "Department: {department}"
when = 'department != ""'
connectors = ["CORP"]
[[assignment]]
course = "GDPR-101"
groups = ["Department: Sales"]
"#;
    let config = Config::parse(text, Path::new("/etc/rollcall.toml"), &no_env).expect("a file");
    let SourceSettings::Ldap(settings) = &config.connectors[0].source else { panic!("the kind is ldap") };
    assert_eq!(settings.base_dns.len(), 2);
    assert_eq!((settings.page_size, settings.timeout.as_secs()), (500, 60));
    assert_eq!(settings.filter, "(objectClass=person)");
    assert!(settings.bind.is_none() && !settings.starttls && !settings.plaintext);
    let schedule = config.connectors[0].schedule.as_ref().expect("a schedule");
    let next = schedule.next(chrono::DateTime::UNIX_EPOCH).map(|next| next.to_rfc3339());
    assert_eq!(next.as_deref(), Some("1970-01-01T01:00:00+00:00"));
    let connectors = config.rules[0].connectors.as_deref().expect("named");
    assert_eq!(connectors[0], config.connectors[0].name);
    assert_eq!(config.assignments[0].due, DuePolicy::Never);
    assert_eq!((config.assignments[0].late_days, config.connectors[0].prehire_days), (14, 0));
}

#[test]
fn the_demo_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/demo");
    let config =
        Config::load(&folder.join("rollcall.toml"), &no_env).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(config.warnings.is_empty(), "{:#?}", config.warnings);
    let people = std::fs::read_to_string(folder.join("people.csv")).expect("the people");
    assert_eq!(people.lines().count(), 201);
    assert!(people.ends_with('\n'));
    let fields = people.lines().next().expect("a header").split(',').collect::<Vec<_>>();
    for (attribute, column) in &config.connectors[0].mapping.columns {
        assert!(fields.contains(&column.as_str()), "{}", config.attributes.name(*attribute));
    }
}

#[test]
fn the_schema_allows_the_files_and_refuses_mistakes() {
    let schema = build_json_schema();
    let kinds = KIND_EXAMPLES.iter().map(|(_, example)| *example);
    for text in [EXAMPLE, include_str!("../../config/demo/rollcall.toml")].into_iter().chain(kinds) {
        let file: Value = toml::from_str(text).expect("TOML");
        assert_eq!(violations("", &schema, &file), Vec::<String>::new());
    }
    for text in [
        "timezon = 'UTC'",
        "timezone = 1",
        "[worker]\nconcurrency = 65",
        "[[connector]]\nname = 'a'\nkind = 'csv'\npath = 'x'\nurl = 'x'\n[connector.attributes]\nid = 'x'",
        "[[connector]]\nname = 'a'\nkind = 'csv'\npath = 'x'\n[connector.attributes]\nname = 'x'",
        "[[rule]]\nname = 'a'",
    ] {
        assert_ne!(
            violations("", &schema, &toml::from_str(text).expect("TOML")),
            Vec::<String>::new(),
            "{text}"
        );
    }
}
