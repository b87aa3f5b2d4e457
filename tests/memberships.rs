//! Who is in which group, and for which reasons.

use rollcall_core::groups::MemberEffect;
use rollcall_core::sync::RunOutcome;
use rollcall_model::ids::GroupId;
use rollcall_store::listing::groups;

use crate::support::company::Company;
use crate::support::database::on_both;

/// A template creates one group for each value of a list.
#[test]
fn template_creates_group_per_value() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.rule("departments", "Department: {department}", "department != \"\"");
        company.hire("ada", &[("department", "Sales|Research")]);
        company.hire("bob", &[("department", "Sales")]);
        company.hire("eve", &[]);
        company.sync();
        assert_eq!(company.groups(), ["Department: Research", "Department: Sales"]);
        assert_eq!(company.members("Department: Sales"), ["ada", "bob"]);
        assert_eq!(company.members("Department: Research"), ["ada"]);
    });
}

#[test]
fn two_spellings_of_a_department_are_one_group() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[("ada", "Sales"), ("bob", "SALES")]);
        company.hire("eve", &[("department", "Stra\u{df}e")]);
        company.hire("joe", &[("department", "STRASSE")]);
        company.sync();
        assert_eq!(company.groups().len(), 2, "{:?}", company.groups());
        let before = company.contents();
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        assert_eq!(company.contents(), before);
    });
}

/// A membership ends with its last reason.
#[test]
fn membership_ends_with_last_reason() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[("ada", "Sales")]);
        company.sync();
        assert_eq!(company.add("Sales", "ada"), MemberEffect::Added);
        assert_eq!(company.count_rows("memberships"), 2);
        company.move_to("ada", "Research");
        company.sync();
        assert_eq!(company.members("Sales"), ["ada"]);
        assert_eq!(company.remove("Sales", "ada"), MemberEffect::Removed);
        assert_eq!(company.members("Sales"), Vec::<String>::new());
    });
}

/// The history of a group says what each run gave and ended, also after the memberships have ended.
#[test]
fn history_of_group_stays_when_memberships_end() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[("ada", "Sales"), ("bob", "Sales")]);
        company.sync();
        company.hire("eve", &[("department", "Sales")]);
        company.sync();
        company.move_to("ada", "Research");
        company.move_to("eve", "Research");
        company.sync();
        let group = GroupId(
            company.query_value("SELECT id FROM groups WHERE name = 'Sales'").parse().expect("a number"),
        );
        let history = company.runtime.block_on(async {
            let mut tx = company.store.begin_read().await.expect("a transaction");
            groups::list_history(&mut tx, group, 20).await.expect("a history")
        });
        let counts: Vec<(i64, i64)> = history.iter().map(|entry| (entry.given, entry.ended)).collect();
        assert_eq!(counts, [(0, 2), (1, 0), (2, 0)]);
    });
}

/// A run of the source and a change by hand end after they have begun, so that their duration can be read.
#[test]
fn run_ends_after_it_has_begun() {
    on_both(|engine| {
        let company = Company::staffed(engine, &[("ada", "Sales"), ("bob", "Research")]);
        company.sync();
        company.add("Sales", "bob");
        for kind in ["sync", "hand"] {
            let ended = format!("runs WHERE kind = '{kind}' AND finished_at > started_at");
            assert_eq!(company.count_rows(&ended), 1, "{kind}");
        }
    });
}

/// A learner who is removed manually stays excluded until the exclusion is lifted.
#[test]
fn manual_removal_excludes_until_lifted() {
    on_both(|engine| {
        let company = Company::staffed(engine, &[("ada", "Sales"), ("bob", "Sales")]);
        company.sync();
        assert_eq!(company.remove("Sales", "ada"), MemberEffect::Excluded);
        company.sync();
        assert_eq!(company.members("Sales"), ["bob"]);
        company.lift("Sales", "ada");
        company.sync();
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
    });
}

/// Rules and dates take effect on their day even if the directory did not change.
#[test]
fn date_rules_apply_without_directory_changes() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.rule("new", "New hires", "days_since(start_date) < 90");
        company.rule("all", "Everybody", "true");
        company.hire("ada", &[("start_date", &company.day(-89))]);
        company.hire("bob", &[("start_date", &company.day(1))]);
        company.hire("eve", &[("end_date", &company.day(0))]);
        company.hire("joe", &[("start_date", "some day")]);
        company.sync();
        assert_eq!(company.members("New hires"), ["ada"]);
        assert_eq!(company.members("Everybody"), ["ada", "eve", "joe"]);
        company.begin_next_day();
        let report = company.sync();
        assert_eq!((report.counts.people_new, report.counts.people_changed), (0, 0));
        assert_eq!(company.members("New hires"), ["bob"]);
        assert_eq!(company.members("Everybody"), ["ada", "bob", "joe"]);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
    });
}

#[test]
fn a_rule_may_be_for_the_people_of_one_connector() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.directory("it", &["id", "email"], "");
        company.rule("all", "Everybody", "true");
        company.rule("it", "Accounts", "true");
        company.text.push_str("connectors = ['it']\n");
        for directory in ["hr", "it"] {
            company.hire_at(directory, "ada", &[]);
        }
        company.hire("bob", &[]);
        company.add_learner("zoe");
        company.sync();
        assert_eq!(company.members("Accounts"), ["ada"]);
        assert_eq!(company.members("Everybody"), ["ada", "bob", "zoe"]);
        company.leave_at("it", "ada");
        company.sync();
        assert_eq!(company.members("Accounts"), Vec::<String>::new());
        assert_eq!(company.members("Everybody"), ["ada", "bob", "zoe"]);
    });
}

/// An edited rule moves its members. A removed rule ends their memberships.
#[test]
fn edited_rule_moves_members_and_removed_rule_ends_them() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[("ada", "Sales")]);
        company.sync();
        company.text = company.text.replace("'{department}'", "'Department: {department}'");
        company.sync();
        assert_eq!(company.members("Sales"), Vec::<String>::new());
        assert_eq!(company.members("Department: Sales"), ["ada"]);
        company.text = String::new();
        company.sync();
        assert_eq!(company.count_rows("memberships"), 0);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
    });
}

/// An exclusion with a last day expires after it.
#[test]
fn exclusion_expires_after_last_day() {
    on_both(|engine| {
        let company = Company::staffed(engine, &[("ada", "Sales")]);
        company.sync();
        let until = company.day(3);
        company
            .rollcall(&[
                "groups",
                "remove",
                "Sales",
                "ada@corp.example",
                "--until",
                &until,
                "--because",
                "on loan",
            ])
            .expect_status(0);
        let listed = company.json(&["exclusions", "list"]);
        assert_eq!((&listed[0]["reason"], &listed[0]["until"]), (&"on loan".into(), &until.as_str().into()));
        company.sync();
        assert_eq!(company.members("Sales"), Vec::<String>::new());
        let yesterday = company.day(-1);
        company.sql(&format!("UPDATE exclusions SET until = '{yesterday}'"));
        company.sync();
        assert_eq!(company.members("Sales"), ["ada"]);
    });
}
