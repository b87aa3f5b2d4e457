//! Keys of status values, rules, courses and assignments.

use crate::key_spec::KeySpec;
use crate::value_type::ValueType::{Day, Percent, Text, Texts};
use crate::value_type::{DAYS, EXPRESSION};

pub(super) static RULE_KEYS: &[KeySpec] = &[
    KeySpec::new("connector.status", "active", Texts, r#"["employed"]"#, "Values that mean employed.")
        .with_default("[]"),
    KeySpec::new("connector.status", "leave", Texts, r#"["on leave"]"#, "Values that mean on leave.")
        .with_default("[]"),
    KeySpec::new(
        "connector.status",
        "left",
        Texts,
        r#"["terminated", "inactive"]"#,
        "Values that mean that the person has left.",
    )
    .with_default("[]"),
    KeySpec::new(
        "rule",
        "name",
        Text { most: 100 },
        r#""departments""#,
        "The rule's name, unique in the file.",
    )
    .required(),
    KeySpec::new(
        "rule",
        "group",
        Text { most: 500 },
        r#""Department: {department}""#,
        "The name of the group, or a template that creates one group per value.",
    )
    .required(),
    KeySpec::new(
        "rule",
        "when",
        EXPRESSION,
        r#"'department != ""'"#,
        "An expression over the attributes (Common Expression Language).",
    )
    .required(),
    KeySpec::new(
        "rule",
        "connectors",
        Texts,
        r#"["corp"]"#,
        "Restrict the rule to people of these connectors.",
    ),
    KeySpec::new(
        "rule",
        "max_group_removals",
        Percent { most: 100 },
        r#""50%""#,
        "The maximum share of the rule's group that may be removed; replaces the limit of `[safety]`.",
    ),
    KeySpec::new(
        "course",
        "code",
        Text { most: 100 },
        r#""GDPR-101""#,
        "The course's code, unique in the file.",
    )
    .required(),
    KeySpec::new(
        "course",
        "title",
        Text { most: 300 },
        r#""Data protection basics""#,
        "The title shown to learners.",
    )
    .required(),
    KeySpec::new("assignment", "course", Text { most: 100 }, r#""GDPR-101""#, "The code of the course.")
        .required(),
    KeySpec::new(
        "assignment",
        "groups",
        Texts,
        r#"["Department: Sales", "Site: *"]"#,
        "Names of groups, or globs.",
    )
    .required(),
    KeySpec::new("assignment", "due", Day, r#""2026-12-31""#, "The due date."),
    KeySpec::new(
        "assignment",
        "due_days",
        DAYS,
        "30",
        "The number of days between joining the group and the due date.",
    ),
    KeySpec::new(
        "assignment",
        "due_days_after_start",
        DAYS,
        "14",
        "The number of days between the later of `start_date` and joining, and the due date.",
    ),
    KeySpec::new(
        "assignment",
        "late_days",
        DAYS,
        "14",
        "The minimum number of days for learners who join late for a fixed due date.",
    )
    .with_default("14"),
];
