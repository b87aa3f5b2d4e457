//! Snapshot of the errors of expressions and name templates, so that they are reviewed as text.

use std::fmt::Write;

use chrono::NaiveDate;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::interner::{Interner, Symbol};

use crate::name_template::NameTemplate;
use crate::rule::group_references::MembershipState;
use crate::rule::{CompiledExpression, EvaluationResult, RuleEvaluator};

/// Expressions that are refused when they are compiled.
const REFUSED: &[&str] = &[
    r#"departmnt == "Sales""#,
    r#"quux == "Sales""#,
    "day_since(start_date) < 3",
    "frobnicate(department)",
    r#"department = "Sales""#,
    "department ==",
    "department ] role",
    "department",
    "1 + 1",
    r#"department.matches("(")"#,
    "department < 1",
    "department != null",
    r#"department_all == "Sales""#,
    r#"department == "A" AND role == "B""#,
    r#"department == "A" OR role == "B""#,
    r#"NOT department == "A""#,
    r#"department LIKE "A%""#,
    r#"department BETWEEN "A" AND "B""#,
    "department IS NULL",
    r#"department <> "A""#,
    r#"department =~ "^A""#,
    r#"department -eq "A""#,
    r#"department -ne "A""#,
    r#"department == "A" -and true"#,
    r#"department == "A" -or true"#,
    r#"-not department == "A""#,
    r#"department -in "A""#,
    r#"department -like "A*""#,
    r#"department -match "^A""#,
    r#"department -startsWith "A""#,
    r#"department -contains "A""#,
    "department == \u{201c}A\u{201d}",
    "(&(department=A)(role=B))",
    r#"department == "A" & role == "B""#,
    r#"department == "A" | role == "B""#,
    r#"department IN ("A", "B")"#,
    r#"department IN ["A"]"#,
    "in_group(department)",
    "in_group(\"Sales\", \"HR\")",
    "in_group(\" \")",
    "role.matches(\"^(?P<location>[A-Z]+)-\")",
    "role.matches(\"(?P<area>a)\") || department.matches(\"(?P<area>b)\")",
];

/// Expressions that fail for a person.
const FAILING: &[&str] = &[
    r"days_since(department) > 3",
    r#"department_all[5] == "Sales""#,
    r#"glob(department, "[")"#,
    r#"department == "Sales" ? role : true"#,
    "10 / size(role) > 1",
    "in_group(\"Sales\")",
];

const TEMPLATES: &[&str] = &[
    "Dept {departmnt}",
    "Dept {quux}",
    "Dept {department",
    "Dept }",
    "Dept {{department}}",
    "Dept ${department}",
];

fn compile(text: &str) -> Result<CompiledExpression, Vec<String>> {
    CompiledExpression::compile(text, &AttributeSet::default()).map_err(|errors| {
        let place = |line: usize, column: usize| format!("{}:{}", line + 1, column + 1);
        errors.into_iter().map(|one| format!("{} {one}", place(one.line, one.column))).collect()
    })
}

/// Evaluates an expression for a person whose department is not a date and who has no role.
fn evaluate(text: &str) -> String {
    let condition = match compile(text) {
        Ok(condition) => condition,
        Err(errors) => return errors.join("\n"),
    };
    let attributes = AttributeSet::default();
    let mut values = Interner::default();
    let sales = values.intern("Sales");
    let department = attributes.find("department").expect("a standard attribute");
    let evaluator = RuleEvaluator::new(NaiveDate::default());
    let cell = |attribute| if attribute == department { sales } else { Symbol::EMPTY };
    let scope = evaluator.scope([&condition], &values, cell);
    match scope.with_groups([&condition], |_| MembershipState::Unknown).outcome(&condition) {
        EvaluationResult::Failed(why) => why,
        EvaluationResult::True => "TRUE".to_owned(),
        EvaluationResult::False => "FALSE".to_owned(),
        EvaluationResult::NoDate => "FALSE, no date".to_owned(),
    }
}

/// The errors of expressions and templates match the snapshot.
#[test]
fn messages() {
    let mut out = String::from("# Refused expressions\n");
    for text in REFUSED {
        let errors = compile(text).expect_err("the expression is refused");
        writeln!(out, "\n{text}\n    {}", errors.join("\n    ")).expect("a string");
    }
    let long =
        compile(&format!("role == \"{}\"", "x".repeat(4_000))).expect_err("the expression is too long");
    let nested = |start: &str, middle: &str, end: &str, count: usize| {
        format!("{}{middle}{}", start.repeat(count), end.repeat(count))
    };
    for (title, text) in [
        ("a chain of 100 additions", format!("{} > 0", ["1"; 101].join("+"))),
        ("a list of 700 sums", format!("true || [{}] != []", ["1+1"; 700].join(","))),
        ("three nested comprehensions", nested("[1].all(x, ", "true", ")", 3)),
        ("a message", "X{a: 1} == 1".to_owned()),
        ("nine nested braces", format!("glob(department, \"{}\")", nested("{a,", "", "}", 9))),
        ("a long glob", format!("glob(department, \"{}\")", "a".repeat(501))),
        ("a long regular expression", format!("department.matches(\"{}\")", "a".repeat(501))),
    ] {
        let errors = compile(&text).err().unwrap_or_default();
        writeln!(out, "\n({title})\n    {}", errors.join("\n    ")).expect("a string");
    }
    writeln!(out, "\n(4,010 bytes)\n    {}", long.join("\n    ")).expect("a string");
    out.push_str("\n# Expressions that fail for a person\n");
    for text in FAILING {
        writeln!(out, "\n{text}\n    {}", evaluate(text)).expect("a string");
    }
    let numbers = format!("[{}]", ["1"; 900].join(","));
    for (title, text) in [
        ("many steps", format!("{numbers}.all(x, {numbers}.all(y, x + y > 0))")),
        (
            "a text doubled 40 times",
            format!("[\"0123456789abcdef\"]{}.all(a, a != \"\")", ".map(a, a + a)".repeat(40)),
        ),
    ] {
        writeln!(out, "\n({title})\n    {}", evaluate(&text)).expect("a string");
    }
    out.push_str("\n# Refused name templates\n");
    for text in TEMPLATES {
        let error =
            NameTemplate::parse(text, &AttributeSet::default(), &[]).expect_err("the template is refused");
        writeln!(out, "\n{text}\n    {} {error}", error.at + 1).expect("a string");
    }
    let condition = compile("string(size(role)).matches(\"(?P<area>1)\")").expect("an expression");
    let error = NameTemplate::parse("Area {area}", &AttributeSet::default(), condition.patterns());
    writeln!(out, "\nArea {{area}}\n    {}", error.expect_err("the template is refused")).expect("a string");
    insta::assert_snapshot!(out.trim());
}
