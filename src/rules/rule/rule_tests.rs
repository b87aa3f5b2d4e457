//! Tests of rules with values of people: functions, errors and their positions.

use super::*;

fn attributes() -> AttributeSet {
    let mut attributes = AttributeSet::default();
    attributes.add("cost_center");
    attributes
}

fn holds(text: &str, person: &[(&str, &str)]) -> Result<bool, String> {
    let attributes = attributes();
    let condition = CompiledExpression::compile(text, &attributes).expect("a condition");
    let mut values = Interner::default();
    let mut cells = vec![Symbol::EMPTY; attributes.len()];
    for (name, value) in person {
        let attribute = attributes.find(name).expect("known");
        let mut all = value.split('|').map(str::to_owned).collect();
        cells[attribute.index()] = values.intern_all(&mut all);
    }
    let today = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day");
    RuleEvaluator::new(today)
        .scope([&condition], &values, |attribute| cells[attribute.index()])
        .holds(&condition)
}

fn refused(text: &str) -> BadExpression {
    CompiledExpression::compile(text, &attributes()).expect_err("refused").remove(0)
}

#[test]
fn a_rule_reads_strings_and_lists() {
    let ada = [("department", "Sales|Board"), ("location", "Berlin")];
    assert_eq!(holds(r#"department == "Board""#, &ada), Ok(true));
    assert_eq!(holds(r#""Sales" in department_all && location == "Berlin""#, &ada), Ok(true));
    assert_eq!(holds(r#"department_all.exists(d, d.startsWith("Sa"))"#, &ada), Ok(true));
    assert_eq!(holds(r#"cost_center == "" && size(cost_center_all) == 0"#, &ada), Ok(true));
}

#[test]
fn the_helpers_compare_as_people_do() {
    let ada = [("department", "S\u{e4}LES"), ("role", "Team Lead, EMEA")];
    assert_eq!(holds("equals_ignore_case(department, \"s\u{e4}les \")", &ada), Ok(true));
    assert_eq!(holds(r#"glob(role, "team lead*")"#, &ada), Ok(true));
    assert_eq!(holds(r#"glob(role, "lead*")"#, &ada), Ok(false));
}

/// `starts_with_any` ignores the case of the text and of the prefixes.
#[test]
fn starts_with_any_ignores_case() {
    let ada = [("cost_center", "DE-1204")];
    assert_eq!(holds(r#"starts_with_any(cost_center, ["fr-", "de-"])"#, &ada), Ok(true));
    assert_eq!(holds(r#"starts_with_any(cost_center, ["FR-", "1204"])"#, &ada), Ok(false));
}

/// An empty list, an empty prefix and an empty text never match.
#[test]
fn starts_with_any_never_matches_on_empty_values() {
    let ada = [("cost_center", "DE-1204")];
    assert_eq!(holds("starts_with_any(cost_center, [])", &ada), Ok(false));
    assert_eq!(holds(r#"starts_with_any(cost_center, ["", " "])"#, &ada), Ok(false));
    assert_eq!(holds(r#"starts_with_any(cost_center, ["DE-"])"#, &[]), Ok(false));
}

/// The prefixes may come from an attribute with several values.
#[test]
fn starts_with_any_reads_prefixes_from_attribute() {
    let ada = [("cost_center", "DE-1204"), ("department", "FR-|DE-")];
    assert_eq!(holds("starts_with_any(cost_center, department_all)", &ada), Ok(true));
}

/// A prefix that is not text is refused when the rule is compiled, before any person is evaluated.
#[test]
fn starts_with_any_refuses_other_types() {
    assert!(refused(r#"starts_with_any(cost_center, ["DE-", 4])"#).message.contains("string"));
    assert!(!refused(r#"starts_with_any(cost_center, "DE-")"#).message.is_empty());
}

#[test]
fn days_are_counted_from_today_and_an_empty_date_does_not_match() {
    let ada = [("start_date", "2026-11-20")];
    assert_eq!(holds("days_since(start_date) == 3", &ada), Ok(true));
    assert_eq!(holds("days_until(start_date) == -3", &ada), Ok(true));
    assert_eq!(holds("days_since(start_date) < 90", &[]), Ok(false));
    assert_eq!(holds("!(days_since(start_date) < 90)", &[]), Ok(false));
}

#[test]
fn what_cannot_be_evaluated_is_an_error_and_never_false() {
    assert!(holds("days_since(start_date) < 90", &[("start_date", "soon")]).is_err());
    assert!(holds("int(cost_center) > 5", &[("cost_center", "K-7")]).is_err());
}

#[test]
fn a_mistyped_name_is_placed_and_its_nearest_offered() {
    let mistake = refused("location == \"departmnt\" &&\n  departmnt == \"Sales\"");
    assert_eq!((mistake.line, mistake.column), (1, 2));
    assert!(mistake.to_string().ends_with(", did you mean `department`?"), "{mistake}");
    let mistake = refused("day_since(start_date) < 3");
    assert_eq!(mistake.suggestion.as_deref(), Some("days_since"), "{mistake}");
    assert!(refused(r#"department == "x" && missing == "1""#).message.contains("`missing`"));
}

#[test]
fn text_that_is_no_expression_is_explained() {
    assert!(refused(r#"department = "Sales""#).message.contains("=="));
    assert!(refused("department ==").message.contains("too early"));
    assert!(refused("department").message.contains("true or false"));
    assert!(!refused("department > 3").message.is_empty());
    assert_eq!(
        refused(r#"department.matches("(Sales|[a-")"#).message,
        "the pattern '(Sales|[a-' of `matches` is not valid: unclosed character class, at character 8"
    );
    assert!(refused(&"(".repeat(5_000)).message.contains("4000"));
}

/// Comparisons with null, and of a list with a text, never mean what they say.
#[test]
fn comparisons_that_never_hold_are_refused() {
    for (text, instead) in [
        ("department != null", "write `department != \"\"`"),
        ("null == department", "write `department == \"\"`"),
        ("department_all == \"Sales\"", "write `\"Sales\" in department_all`"),
        ("\"Sales\" != department_all", "write `!(\"Sales\" in department_all)`"),
    ] {
        let mistake = refused(&format!("location == \"\" && {text}"));
        assert!(mistake.message.contains(instead), "{text}: {mistake}");
        assert_eq!(mistake.line, 0);
    }
    assert_eq!(holds(r#"department_all == ["Sales"]"#, &[("department", "Sales")]), Ok(true));
    assert!(refused("department == Vertrieb").message.contains("text is written in quotes"));
    assert!(refused(r#"department == "A" AND location == "B""#).message.contains("`&&`"));
}

/// `in_group` reads a membership; one that is not known fails the evaluation only where it is needed.
#[test]
fn membership_that_is_not_known_fails_where_it_is_needed() {
    let judged = |text: &str| {
        let condition = CompiledExpression::compile(text, &attributes()).expect("a condition");
        let evaluator = RuleEvaluator::new(NaiveDate::default());
        let scope = evaluator.scope([&condition], &Interner::default(), |_| Symbol::EMPTY);
        let state = |group: &GroupName| match group.folded() {
            "sales" => MembershipState::Member,
            "dr. no" => MembershipState::NotMember,
            _ => MembershipState::Unknown,
        };
        scope.with_groups([&condition], state).holds(&condition)
    };
    assert_eq!(judged(r#"in_group(" SALES ") && !in_group("Dr. No")"#), Ok(true));
    assert_eq!(judged(r#"in_group("Sales") || in_group("Berlin")"#), Ok(true));
    assert_eq!(judged(r#"["a", "b"].all(x, in_group("Sales") && x != "")"#), Ok(true));
    let why = judged(r#"in_group("Sales") && in_group("Berlin")"#).expect_err("not known");
    assert_eq!(why, "it is not known whether the person is in the group `Berlin`");
    assert!(refused("in_group(department)").message.contains("write `in_group(\"Sales\")`"));
}
