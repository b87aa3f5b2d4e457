//! What rules make of somebody, and what stands in their way.

use super::*;

/// A deleted group is not created again, and the explanation names who deleted it.
#[test]
fn deleted_group_names_who_deleted_it() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        company.delete("Sales Berlin");
        let run = company.last_run();
        company.sync();
        let group = company.why("bob", "Sales Berlin");
        assert_eq!(kinds(&group), (false, vec!["deleted_group"]));
        assert_eq!((&group["because"][0]["run"]["run"], &group["exists"]), (&json!(run), &json!(false)));
    });
}

/// A rule adds people to a manual group only after approval.
#[test]
fn manual_group_waits_for_approval_of_rule() {
    on_both(|engine| {
        let mut company = company(engine);
        company.use_default_limits();
        company.create("Sales Berlin", &[]);
        let before = company.sync_with_hold().run.expect("a number");
        let group = company.why("bob", "Sales Berlin");
        assert_eq!(kinds(&group), (false, vec!["hand_made_group"]));
        assert_eq!((&group["because"][0]["run"]["run"], &group["by_hand"]), (&json!(before.0), &json!(true)));
        company.create("Nobody", &[]);
        company.rule("new", "Nobody", "true");
        let group = company.why("bob", "Nobody");
        assert_eq!(
            (kinds(&group), &group["because"][0]["run"]),
            ((false, vec!["hand_made_group"]), &Value::Null)
        );
        company.approve(before).expect("approved");
        assert_eq!(kinds(&company.why("bob", "Sales Berlin")), (true, vec!["rule"]));
    });
}

#[test]
fn a_rule_for_other_connectors_says_for_which() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email"], "");
        company.text.push_str("[[rule]]\nname = 'it'\ngroup = 'IT'\nwhen = 'true'\nconnectors = ['it']\n");
        company.hire_at("it", "u7", &[("email", "ada@corp.example")]);
        company.sync();
        assert_eq!(kinds(&company.why("ada", "IT")), (true, vec!["rule"]));
        let group = company.why("bob", "IT");
        assert_eq!(kinds(&group), (false, vec!["other_connectors"]));
        assert_eq!(group["because"][0]["connectors"], json!(["it"]));
    });
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_not_false() {
    on_both(|engine| {
        let mut company = company(engine);
        company.rule("fresh", "Fresh", "department == \"Sales\" && days_since(location) < 3");
        company.change("bob", &[("location", &company.day(-1))]);
        company.sync();
        let group = company.why("ada", "Fresh");
        assert_eq!(kinds(&group), (false, vec!["rule_failed"]));
        let clause = &group["rules"][0]["clauses"][1];
        assert_eq!(clause["outcome"], "failed");
        assert!(clause["why"].as_str().expect("why").contains("`Paris` is not a valid date"), "{clause}");
        company.change("bob", &[("location", "Rome")]);
        company.sync();
        assert_eq!(
            kinds(&company.why("bob", "Fresh")),
            (true, vec!["rule", "rule_failed"]),
            "stays as it is"
        );
        company.change("bob", &[("location", "")]);
        company.sync();
        let group = company.why("bob", "Fresh");
        assert_eq!(kinds(&group), (false, vec!["clause_false"]));
        assert_eq!(group["rules"][0]["clauses"][1]["outcome"], "no_date");
    });
}

/// A group of another value names the groups that the rule gives instead.
#[test]
fn other_value_names_groups_of_rule() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire("eve", &[("department", "Research")]);
        company.hire("joe", &[]);
        company.sync();
        company.create("Choir", &[]);
        let group = company.why("ada", "Research");
        assert_eq!(kinds(&group), (false, vec!["other_groups"]));
        assert_eq!(group["because"][0]["groups"], json!(["Sales"]));
        let group = company.why("joe", "Research");
        assert_eq!(
            (kinds(&group), &group["because"][0]["attributes"]),
            ((false, vec!["no_value"]), &json!(["department"]))
        );
        assert_eq!(kinds(&company.why("ada", "Choir")), (false, vec!["nothing"]));
        let unknown =
            company.try_explain("ada", ExplainFilter { group: Some("Chor"), ..ExplainFilter::default() });
        assert!(matches!(unknown, Err(explain::ExplainError::NoGroup { .. })), "{unknown:?}");
    });
}

/// A renamed group stays linked to its rule.
#[test]
fn renamed_group_stays_linked_to_rule() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        company.rename("Sales Berlin", "Berliners");
        assert_eq!(kinds(&company.why("bob", "Berliners")), (true, vec!["rule"]));
        assert_eq!(kinds(&company.why("ada", "Berliners")), (false, vec!["clause_false"]));
    });
}

/// Changes of the next run are marked as such.
#[test]
fn next_run_changes_are_marked() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.text = company.text.replace("\"Berlin\"", "\"Paris\"");
        assert_eq!(kinds(&company.why("ada", "Sales Berlin")), (false, vec!["next_run"]));
        assert_eq!(kinds(&company.why("bob", "Sales Berlin")), (true, vec!["rule", "ends_next"]));
        company.strike("berlin-sales");
        let group = company.why("bob", "Sales Berlin");
        assert_eq!(
            (kinds(&group), &group["because"][0]["in_file"]),
            ((true, vec!["rule", "ends_next"]), &json!(false))
        );
    });
}

/// Former and conflicting addresses are shown.
#[test]
fn former_and_conflicting_emails_are_shown() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.change("ada", &[("email", "countess@corp.example")]);
        company.sync();
        company.change("bob", &[("email", "countess@corp.example")]);
        company.sync();
        let ada = company.explain("ada");
        assert_eq!(
            (&ada["learner"]["email"], &ada["learner"]["former_addresses"]),
            (&json!("countess@corp.example"), &json!(["ada@corp.example"]))
        );
        let bob = company.explain("hr:bob");
        assert_eq!(
            bob["learner"]["contested"],
            json!({"address": "countess@corp.example", "holder": "countess@corp.example"})
        );
    });
}
