//! What memberships and assignments give: access that comes and goes, progress that stays.

use rollcall_model::due_policy::DuePolicy;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// Sales and Research have the same course of the file; ada is in Sales.
fn two_departments(engine: Engine) -> Company {
    let mut company = Company::sales(engine, &["ada"], "due_days = 30");
    company.assignment("GDPR", "Research", "due_days = 60");
    company.hire("bob", &[("department", "Research")]);
    company.sync();
    company
}

/// Notes every time that access is taken from anybody.
fn watch_losses(company: &Company) {
    company.sql("CREATE TABLE losses (learner_id BIGINT, course_id BIGINT)");
    company.sql(company.db.pick(
        "CREATE TRIGGER watch AFTER UPDATE ON enrollments WHEN new.state = 'revoked'
         BEGIN INSERT INTO losses VALUES (new.learner_id, new.course_id); END",
        "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF new.state = 'revoked' THEN INSERT INTO losses VALUES (new.learner_id, new.course_id); END IF;
             RETURN new; END $$;
         CREATE TRIGGER watch AFTER UPDATE ON enrollments FOR EACH ROW EXECUTE FUNCTION watch()",
    ));
}

/// A learner who joins a group is enrolled. A learner who leaves it loses access.
#[test]
fn joining_enrolls_and_leaving_revokes() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        assert!(company.has_access("ada", "GDPR"));
        company.hire("eve", &[("department", "Sales")]);
        company.move_to("ada", "Kitchen");
        company.sync();
        assert!(company.has_access("eve", "GDPR"));
        assert_eq!(company.enrollment("ada", "GDPR").state, "revoked");
        company.verify();
    });
}

/// A move between two groups with the same course never interrupts access.
#[test]
fn move_between_groups_with_same_course_keeps_access() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        let before = company.enrollment("ada", "GDPR");
        company.advance_days(10);
        watch_losses(&company);
        company.move_to("ada", "Research");
        company.sync();
        assert_eq!(company.count_rows("losses"), 0);
        let after = company.enrollment("ada", "GDPR");
        assert_eq!((after.state, after.enrolled_at), (before.state, before.enrolled_at));
        assert_eq!(company.due_in("ada", "GDPR"), Some(20), "the earlier date stands");
        company.verify();
    });
}

/// A manual move in two steps keeps access if the learner is added to the new group first.
#[test]
fn manual_move_keeps_access_if_added_first() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.add_learner("ada");
        company.add_course("GDPR");
        company.create("Old", &["ada"]);
        company.create("New", &[]);
        company.assign("GDPR", "Old", DuePolicy::AfterJoining(30));
        company.assign("GDPR", "New", DuePolicy::AfterJoining(60));
        watch_losses(&company);
        company.add("New", "ada");
        company.remove("Old", "ada");
        assert_eq!(company.count_rows("losses"), 0);
        assert!(company.has_access("ada", "GDPR"));
        company.remove("New", "ada");
        assert_eq!(company.count_rows("losses"), 1);
        company.verify();
    });
}

/// A learner in two groups with the same course keeps it until the last membership ends.
#[test]
fn course_kept_until_last_membership_ends() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.move_to("ada", "Sales|Research");
        company.sync();
        assert_eq!(company.due_in("ada", "GDPR"), Some(30), "the earliest of several stands");
        company.move_to("ada", "Research");
        company.sync();
        assert!(company.has_access("ada", "GDPR"));
        company.move_to("ada", "");
        company.sync();
        assert!(!company.has_access("ada", "GDPR"));
        company.verify();
    });
}

/// Leaving revokes access and deletes nothing. The same enrollment is restored on return.
#[test]
fn leaver_is_revoked_and_same_enrollment_returns() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.complete("ada", "GDPR");
        company.sql("UPDATE enrollments SET progress = 70");
        let before = company.enrollment("ada", "GDPR");
        company.leave("ada");
        company.sync();
        assert_eq!(company.status("ada"), "left");
        assert_eq!(company.members("Sales"), Vec::<String>::new());
        let away = company.enrollment("ada", "GDPR");
        assert_eq!((away.state.as_str(), away.completed, away.progress.as_str()), ("revoked", true, "70"));
        company.hire("ada", &[("department", "Sales")]);
        company.sync();
        assert_eq!(company.enrollment("ada", "GDPR"), before);
        assert_eq!(company.count_rows("learners"), 2);
        company.verify();
    });
}

/// Manual memberships are restored when the learner returns.
#[test]
fn manual_memberships_return_with_learner() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.add_course("CHESS");
        company.create("Chess club", &["ada", "bob"]);
        company.assign("CHESS", "Chess club", DuePolicy::Never);
        company.leave("ada");
        company.sync();
        assert_eq!(company.members("Chess club"), ["bob"]);
        assert!(!company.has_access("ada", "CHESS"));
        company.hire("ada", &[("department", "Kitchen")]);
        company.sync();
        assert_eq!(company.members("Chess club"), ["ada", "bob"]);
        assert!(company.has_access("ada", "CHESS"));
        company.verify();
    });
}

#[test]
fn leave_keeps_memberships_and_access() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.change("ada", &[("status", "leave")]);
        company.sync();
        assert_eq!(company.status("ada"), "leave");
        assert_eq!(company.members("Sales"), ["ada"]);
        assert!(company.has_access("ada", "GDPR"));
        company.change("ada", &[("status", "left")]);
        company.sync();
        assert!(!company.has_access("ada", "GDPR"));
        company.verify();
    });
}

/// Deleting a group ends its assignments. Restoring it restores them.
#[test]
fn group_delete_and_restore_cover_assignments() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.add_course("CHESS");
        company.assign("CHESS", "Sales", DuePolicy::AfterJoining(40));
        company.add("Sales", "bob");
        company.advance_days(5);
        company.drain();
        let before = (company.enrollment("ada", "GDPR"), company.enrollment("bob", "CHESS"));
        assert_eq!(company.due_in("ada", "GDPR"), Some(25));
        company.delete("Sales");
        assert!(!company.has_access("ada", "GDPR"));
        assert!(company.has_access("bob", "GDPR"), "Research still holds it up");
        company.verify();
        company.sync();
        assert_eq!(company.groups(), ["Research"], "a rule does not make a deleted group again");
        company.restore("Sales");
        company.verify();
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        assert_eq!((company.enrollment("ada", "GDPR"), company.enrollment("bob", "CHESS")), before);
        company.leave("bob");
        company.sync();
        company.verify();
    });
}

/// Renaming a group does not end a configured assignment.
#[test]
fn group_rename_keeps_configured_assignment() {
    on_both(|engine| {
        let company = two_departments(engine);
        company.rename("Sales", "Vertrieb");
        company.sync();
        assert_eq!(company.members("Vertrieb"), ["ada"]);
        assert!(company.has_access("ada", "GDPR"));
        assert_eq!(company.groups(), ["Research", "Vertrieb"]);
        company.verify();
    });
}

/// An assignment that is removed from the configuration ends at the next sync.
#[test]
fn removed_configured_assignment_ends_at_next_sync() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.strike("due_days = 30");
        company.sync();
        assert!(!company.has_access("ada", "GDPR"));
        assert!(company.has_access("bob", "GDPR"));
        company.verify();
    });
}

/// A configured assignment with a glob covers groups that are created later.
#[test]
fn glob_assignment_covers_new_groups() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.rule("sites", "Site: {location}", "location != \"\"");
        company.course_for("SAFE", "site: *", "");
        company.hire("ada", &[("location", "Berlin")]);
        company.sync();
        company.hire("bob", &[("location", "Paris")]);
        company.sync();
        assert!(company.has_access("ada", "SAFE") && company.has_access("bob", "SAFE"));
        company.add_learner("eve");
        company.create("Site: Moon", &["eve"]);
        company.sync();
        assert!(company.has_access("eve", "SAFE"));
        company.verify();
    });
}

/// The configuration does not end manual assignments.
#[test]
fn configuration_keeps_manual_assignments() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.assign("GDPR", "Sales", DuePolicy::Never);
        company.strike("due_days = 30");
        company.sync();
        assert!(company.has_access("ada", "GDPR"));
        assert_eq!(company.due_in("ada", "GDPR"), None);
        company.verify();
    });
}

/// An assignment to one learner follows the status of the learner.
#[test]
fn individual_assignment_follows_learner_status() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.add_course("LEAD");
        company.assign_alone("LEAD", "ada", DuePolicy::AfterJoining(10));
        assert_eq!(company.due_in("ada", "LEAD"), Some(10));
        company.leave("ada");
        company.sync();
        assert!(!company.has_access("ada", "LEAD"));
        company.verify();
        company.hire("ada", &[]);
        company.sync();
        assert!(company.has_access("ada", "LEAD"));
        company.verify();
        company.unassign_alone("LEAD", "ada");
        assert!(!company.has_access("ada", "LEAD"));
        company.verify();
    });
}

/// Several configured assignments may give one course to a group.
#[test]
fn group_may_get_course_from_several_assignments() {
    on_both(|engine| {
        let mut company = two_departments(engine);
        company.assignment("gdpr", "S*", "due_days = 20");
        company.assignment("GDPR", "Sale?", "due_days = 10");
        company.sync();
        assert_eq!(company.due_in("ada", "GDPR"), Some(10));
        company.strike("due_days = 10");
        company.sync();
        assert_eq!(company.due_in("ada", "GDPR"), Some(20));
        company.verify();
    });
}
