//! Rules that read managers, in runs of date rules, of one learner and of decisions, and in previews.

use rollcall_model::role::Role;

use crate::managers::{all_groups, company, company_with_columns, first_groups};
use crate::support::database::on_both;

const OPS: &str = "ops@corp.example";

/// A resync of one learner uses the stored managers, and applies a rule that was added since.
#[test]
fn resync_of_one_learner_uses_stored_managers() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.rule("more", "Below lead again", "\"lead\" in manager_chain_ids");
        company.resync("ada");
        assert_eq!(company.members("Below lead again"), ["ada"]);
        assert_eq!(all_groups(&company), first_groups());
        company.verify();
    });
}

/// The date rules, which apply while the source cannot be read, use the managers as last read.
#[test]
fn date_rules_know_the_managers() {
    on_both(|engine| {
        let columns = ["id", "email", "name", "department", "manager", "start_date"];
        let mut company = company_with_columns(engine, &columns);
        company.change("ada", &[("start_date", &company.day(-9))]);
        company.rule(
            "settled",
            "Settled",
            "\"boss@corp.example\" in manager_chain && days_since(start_date) >= 10",
        );
        company.sync();
        assert_eq!(company.members("Settled"), Vec::<String>::new());
        company.instead("hr", Some(b"id;\n\"broken"));
        company.begin_next_day();
        company.run("hr", false);
        assert_eq!(company.members("Settled"), ["ada"]);
        assert_eq!(all_groups(&company), first_groups());
    });
}

/// A change of a manager that exceeds a limit is held; its approval makes it, and its undo takes it back.
#[test]
fn held_change_of_a_manager_is_approved_and_undone() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.head = "[safety]\nmax_removals_total = 1\n".to_owned();
        company.change("lead", &[("manager", "carl")]);
        let held = company.sync_with_hold().run.expect("a run");
        assert_eq!(company.members("Below boss"), ["ada", "bob", "lead"]);
        company.approve(held).expect("an approval");
        assert_eq!(company.members("Below boss"), Vec::<String>::new());
        assert_eq!(company.members("Managers"), ["carl", "lead"]);
        let approval = company.last_run();
        company.undo(approval).expect("an undo");
        // What was added when the removals were held stays.
        let [below, ids, ..] = first_groups();
        let after = [
            below,
            ids,
            vec!["boss".into(), "carl".into(), "lead".into()],
            vec!["boss".into(), "carl".into()],
        ];
        assert_eq!(all_groups(&company), after);
        company.sync();
        assert_eq!(all_groups(&company), after, "the next run does not repeat what was undone");
        company.verify();
    });
}

/// While the record of a manager is set aside, the managers above keep the groups and the stored number of reports.
#[test]
fn manager_who_is_set_aside_keeps_the_groups_of_managers_above() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        let boss = company.learner("boss");
        let stored = format!("SELECT reports FROM reporting_lines WHERE learner_id = {boss}");
        company.hire("twin", &[("id", "lead")]);
        for _ in 0..2 {
            assert_eq!(company.sync().counts.people_set_aside, 2);
            assert_eq!(all_groups(&company), first_groups());
            assert_eq!(company.query_value(&stored), "3");
        }
        company.leave("lead");
        company.hire("lead", &[("department", "Sales"), ("manager", "carl")]);
        company.sync();
        assert_eq!(company.members("Managers"), ["carl", "lead"]);
        assert_eq!(company.members("Big teams"), ["carl"]);
        assert_eq!(company.query_value(&stored), "0");
        company.verify();
    });
}

/// While the absence of a manager is held, the managers above keep the stored number of reports.
#[test]
fn held_absence_of_a_manager_keeps_the_numbers_of_managers_above() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        let boss = company.learner("boss");
        let stored = format!("SELECT reports FROM reporting_lines WHERE learner_id = {boss}");
        company.head = "[safety]\nmax_removals_total = 1\n".to_owned();
        company.leave("lead");
        let held = company.sync_with_hold().run.expect("a run");
        assert_eq!(all_groups(&company), first_groups());
        assert_eq!(company.query_value(&stored), "3");
        company.approve(held).expect("an approval");
        assert_eq!(company.members("Managers"), Vec::<String>::new());
        assert_eq!(company.query_value(&stored), "0");
        company.verify();
    });
}

/// A run that changed the managers is undone whole.
#[test]
fn change_of_a_manager_is_undone() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.change("lead", &[("manager", "carl")]);
        company.sync();
        let run = company.last_run();
        assert_eq!(company.members("Below boss"), Vec::<String>::new());
        company.undo(run).expect("an undo");
        assert_eq!(all_groups(&company), first_groups());
        company.change("lead", &[("manager", "boss")]);
        company.sync();
        assert_eq!(all_groups(&company), first_groups());
        company.verify();
    });
}

/// The preview of a rule on the page finds the people whom a run finds.
#[test]
fn preview_of_a_rule_knows_the_managers() {
    on_both(|engine| {
        let company = company(engine);
        company.account(OPS, Role::Operator);
        company.sync();
        let site = company.serve();
        company.runtime.block_on(async {
            let ops = site.open_window(OPS, false).await;
            ops.go("/sync/rules").await;
            ops.fill("Expression", "is_manager && !(\"boss@corp.example\" in manager_chain)").await;
            ops.fill("Compare with the members of a group", "Managers").await;
            ops.click("Try it").await;
            ops.says("1 learner matches").await;
            ops.says("boss@corp.example").await;
            ops.click("Would be removed from “Managers”: 1").await;
            ops.says("lead@corp.example").await;
            ops.close().await;
        });
        site.end();
    });
}
