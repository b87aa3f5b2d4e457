//! Taking back what a run, an approval or a change by hand did, and keeping it back.

use rollcall_core::sync::{RunOutcome, undo};
use rollcall_model::due_policy::DuePolicy;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

fn company(engine: Engine) -> Company {
    let people = [("ada", "Sales"), ("bob", "Sales"), ("eve", "Research"), ("joe", "Research")];
    let mut company = Company::staffed(engine, &people);
    for (course, group) in [("S", "Sales"), ("R", "Research")] {
        company.course_for(course, group, "due_days = 30");
    }
    company.sync();
    company
}

/// Undoing a run that removed people restores their dates, and the removal is not repeated.
#[test]
fn undone_removal_restores_dates_and_is_not_repeated() {
    on_both(|engine| {
        let mut company = company(engine);
        company.advance_days(10);
        let before = company.enrollment("ada", "S");
        company.leave("ada");
        company.leave("bob");
        let run = company.sync().run.expect("a number").0;
        assert_eq!((company.status("ada"), company.has_access("ada", "S")), ("left".into(), false));
        let undone = company.undo(run).expect("taken back");
        assert_eq!((undone.learners, undone.counts.memberships_added), (2, 2));
        assert_eq!(company.status("ada"), "active");
        assert_eq!(company.enrollment("ada", "S"), before, "the same enrollment with the same date");
        company.verify();
        for _ in 0..2 {
            let report = company.sync();
            assert!(matches!(report.outcome, RunOutcome::Unchanged), "{:?}", report.outcome);
        }
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        company.approve(rollcall_model::ids::RunId(undone.run)).expect("let through after all");
        assert_eq!(company.members("Sales"), Vec::<String>::new());
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.verify();
    });
}

/// An undone move lasts until the directory changes the record of the person.
#[test]
fn undone_move_lasts_until_record_changes() {
    on_both(|engine| {
        let mut company = company(engine);
        company.move_to("ada", "Research");
        let run = company.sync().run.expect("a number").0;
        let undone = company.undo(run).expect("taken back");
        assert_eq!(undone.touched, Vec::<String>::new(), "nobody else has touched anything");
        assert_eq!(
            (company.members("Sales"), company.members("Research")),
            (vec!["ada".to_owned(), "bob".to_owned()], vec!["eve".to_owned(), "joe".to_owned()])
        );
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.change("ada", &[("location", "Berlin")]);
        company.sync();
        assert_eq!(company.members("Research"), ["ada", "eve", "joe"]);
        company.verify();
    });
}

/// An undo keeps and lists what was changed later.
#[test]
fn undo_keeps_and_lists_later_changes() {
    on_both(|engine| {
        let mut company = company(engine);
        company.move_to("ada", "Research");
        company.move_to("bob", "Research");
        let run = company.sync().run.expect("a number").0;
        company.remove("Research", "ada");
        company.leave("bob");
        company.sync();
        let undone = company.undo(run).expect("taken back");
        let text = undone.touched.join("\n");
        assert!(text.contains("ada@corp.example has left Research since"), "{text}");
        assert!(text.contains("bob@corp.example in Sales: left later"), "{text}");
        assert_eq!(company.members("Sales"), ["ada"], "what nobody touched is given back");
        company.verify();
    });
}

/// Manual changes are undone completely.
#[test]
fn manual_changes_are_undone_completely() {
    on_both(|engine| {
        let company = company(engine);
        let groups = |company: &Company| (company.members("Sales"), company.members("Research"));
        let before = groups(&company);
        company.remove("Sales", "ada");
        company.undo(company.last_run()).expect("a removal is taken back");
        assert_eq!(
            (groups(&company), company.count_rows("exclusions WHERE lifted_run_id IS NULL")),
            (before.clone(), 0)
        );
        company.add("Sales", "eve");
        company.undo(company.last_run()).expect("an addition is taken back");
        assert_eq!(groups(&company), before);
        company.create("Club", &["joe"]);
        company.undo(company.last_run()).expect("a group is taken back");
        assert!(!company.groups().contains(&"Club".to_owned()));
        company.delete("Sales");
        assert!(!company.has_access("ada", "S"));
        company.undo(company.last_run()).expect("a deletion is taken back");
        assert_eq!(groups(&company), before);
        assert!(company.has_access("ada", "S"));
        company.assign("R", "Sales", DuePolicy::AfterJoining(5));
        company.assign("R", "Sales", DuePolicy::AfterJoining(9));
        company.undo(company.last_run()).expect("a date is taken back");
        assert_eq!(company.due_in("ada", "R"), Some(5));
        let completed = company.last_run() + 1;
        company.complete("ada", "S");
        company.undo(completed).expect("a completion is taken back");
        assert!(!company.enrollment("ada", "S").completed);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.verify();
    });
}

/// An undo can be undone.
#[test]
fn undo_can_be_undone() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave("ada");
        let run = company.sync().run.expect("a number").0;
        let undone = company.undo(run).expect("taken back").run;
        assert_eq!(company.status("ada"), "active");
        company.undo(undone).expect("taken back again");
        company.sync();
        assert_eq!(company.status("ada"), "left", "nothing keeps it back any longer");
        company.verify();
    });
}

/// An approval can be undone.
#[test]
fn approval_can_be_undone() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 30, 0);
        company.sync_without_hold();
        company.leave_many("s", 15);
        let run = company.sync_with_hold().run.expect("a number");
        let approval = company.approve(run).expect("approved").run;
        assert_eq!(company.members("Sales").len(), 15);
        company.undo(approval.0).expect("taken back");
        assert_eq!(company.members("Sales").len(), 30);
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 30);
        company.verify();
    });
}

/// The first run is undone, and the next one does nothing.
#[test]
fn undone_first_run_is_not_repeated() {
    on_both(|engine| {
        let company = company(engine);
        company.undo(1).expect("taken back");
        assert_eq!(company.count_rows("memberships"), 0);
        assert_eq!(company.count_rows("enrollments WHERE state = 'active'"), 0);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        assert_eq!(company.count_rows("memberships"), 0);
        company.verify();
    });
}

/// An undo of a run without changes is refused.
#[test]
fn undo_without_changes_is_refused() {
    on_both(|engine| {
        let company = company(engine);
        let unchanged = company.sync().run.expect("a number").0;
        assert!(matches!(company.undo(unchanged), Err(undo::UndoError::Nothing { .. })));
        assert!(matches!(company.undo(99), Err(undo::UndoError::NoRun { .. })));
        let runs = company.count_rows("runs");
        assert!(company.undo(unchanged).is_err());
        assert_eq!(company.count_rows("runs"), runs, "a refused undo leaves no trace");
    });
}

/// Memberships that an undo removed from a manual learner are not given again.
#[test]
fn undo_for_manual_learner_is_not_repeated() {
    on_both(|engine| {
        let mut company = company(engine);
        company.rule("everybody", "Everybody", "true");
        company.add_learner("zoe");
        let run = company.sync().run.expect("a number").0;
        assert!(company.members("Everybody").contains(&"zoe".to_owned()));
        company.undo(run).expect("taken back");
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        assert_eq!(company.members("Everybody"), Vec::<String>::new());
    });
}

/// A learner who was added manually before the undo of a removal has one joining date.
#[test]
fn undo_after_manual_return_keeps_one_join_date() {
    on_both(|engine| {
        let company = company(engine);
        company.advance_days(10);
        company.remove("Sales", "ada");
        let removal = company.last_run();
        company.add("Sales", "ada");
        company.undo(removal).expect("taken back");
        let days = format!(
            "SELECT DISTINCT joined_on FROM memberships WHERE learner_id = {}",
            company.learner("ada")
        );
        assert_eq!(company.sql(&days).len(), 1, "the same for both reasons");
        assert_eq!(company.due_in("ada", "S"), Some(20));
        company.verify();
    });
}

/// Undone removals do not count towards the limit of 24 hours.
#[test]
fn undone_removals_do_not_count_for_24_hours() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 60, 0);
        company.sync_without_hold();
        company.leave_many("s", 8);
        let run = company.sync_without_hold().run.expect("a number").0;
        company.undo(run).expect("taken back");
        for number in 11..=20 {
            company.leave(&format!("s{number}"));
        }
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 50, "ten may go: the eight are there again");
    });
}

/// An undone move leaves nothing to the due date of a course that is assigned later.
#[test]
fn undone_move_leaves_no_due_date() {
    on_both(|engine| {
        let mut company = company(engine);
        company.assignment("R", "Sales", "due_days = 60");
        company.sync();
        company.assign("S", "Research", DuePolicy::AfterJoining(14));
        company.move_to("ada", "Research");
        let run = company.sync().run.expect("a number").0;
        assert_eq!(company.due_in("ada", "S"), Some(14));
        company.undo(run).expect("taken back");
        assert_eq!((company.due_in("ada", "S"), company.due_in("ada", "R")), (Some(30), Some(60)));
        company.advance_days(7);
        company.assign("S", "Sales", DuePolicy::AfterJoining(60));
        company.assign_alone("R", "ada", DuePolicy::AfterJoining(60));
        assert_eq!((company.due_in("ada", "S"), company.due_in("ada", "R")), (Some(23), Some(53)));
        company.create("Club", &["ada"]);
        company.add_course("C");
        company.assign("C", "Club", DuePolicy::AfterJoining(60));
        assert_eq!(company.due_in("ada", "C"), Some(60));
        company.verify();
    });
}

/// A learner who lost access because the first day was moved into the future has it again, and keeps it.
#[test]
fn undone_move_of_first_day_gives_access_back() {
    on_both(|engine| {
        let mut company = company(engine);
        let before = company.enrollment("ada", "S");
        let later = company.day(60);
        company.change("ada", &[("start_date", &later)]);
        let run = company.sync().run.expect("a number").0;
        assert_eq!((company.status("ada"), company.has_access("ada", "S")), ("upcoming".into(), false));
        let undone = company.undo(run).expect("taken back");
        assert_eq!((undone.learners, undone.touched), (1, Vec::new()));
        assert_eq!((company.status("ada"), company.enrollment("ada", "S")), ("active".into(), before));
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        company.change("ada", &[("location", "Berlin")]);
        company.sync();
        assert_eq!(company.status("ada"), "upcoming", "another record decides anew");
        company.verify();
    });
}

/// A learner who had left and returned with other attributes is again as last read before, and the next return counts.
#[test]
fn undone_return_restores_attributes_as_last_read() {
    on_both(|engine| {
        let mut company = company(engine);
        let (first, second) = (company.day(-400), company.day(-9));
        company.change("ada", &[("start_date", &first)]);
        company.sync();
        company.leave("ada");
        company.sync();
        let row =
            "SELECT email || ' ' || department || ' ' || start_date || ' ' || status AS found FROM learners
                   WHERE name = 'ada'";
        let before = company.query_value(row);
        company.hire("ada", &[("department", "Research"), ("start_date", &second)]);
        let run = company.sync().run.expect("a number").0;
        assert_ne!(company.query_value(row), before);
        let undone = company.undo(run).expect("taken back").run;
        assert_eq!(company.query_value(row), before);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        assert_eq!(company.query_value(row), before);
        company.approve(rollcall_model::ids::RunId(undone)).expect("let through after all");
        assert_eq!((company.status("ada"), company.members("Research").len()), ("active".into(), 3));
        company.verify();
    });
}

/// An undone start takes the access back that an assignment to the learner alone gives.
#[test]
fn undone_start_takes_access_back() {
    on_both(|engine| {
        let mut company = company(engine);
        let tomorrow = company.day(1);
        company.hire("kim", &[("department", "Sales"), ("start_date", &tomorrow)]);
        company.sync();
        company.assign_alone("R", "kim", DuePolicy::AfterJoining(9));
        company.begin_next_day();
        let run = company.sync().run.expect("a number").0;
        assert_eq!((company.status("kim"), company.has_access("kim", "R")), ("active".into(), true));
        let undone = company.undo(run).expect("taken back").run;
        assert_eq!((company.status("kim"), company.has_access("kim", "R")), ("upcoming".into(), false));
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        company.approve(rollcall_model::ids::RunId(undone)).expect("let through after all");
        assert_eq!((company.status("kim"), company.has_access("kim", "R")), ("active".into(), true));
        assert_eq!(company.members("Sales"), ["ada", "bob", "kim"]);
        company.verify();
    });
}

/// A membership by hand of a learner who has not started is taken back, before and after the first day.
#[test]
fn undone_waiting_membership_does_not_take_effect() {
    on_both(|engine| {
        let mut company = company(engine);
        let tomorrow = company.day(1);
        for who in ["kim", "lea"] {
            company.hire(who, &[("department", "Sales"), ("start_date", &tomorrow)]);
        }
        company.sync();
        company.create("Club", &["bob"]);
        company.add("Club", "kim");
        let of_kim = company.last_run();
        company.add("Club", "lea");
        let of_lea = company.last_run();
        company.undo(of_kim).expect("taken back");
        company.begin_next_day();
        company.sync();
        assert_eq!(company.members("Club"), ["bob", "lea"]);
        company.undo(of_lea).expect("taken back after it took effect");
        assert_eq!(company.members("Club"), ["bob"]);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        assert_eq!(company.members("Club"), ["bob"]);
        company.verify();
    });
}

/// The undo of an undo is whole: groups, assignments, exclusions and completions are as before the first undo.
#[test]
fn undo_of_undo_is_whole() {
    on_both(|engine| {
        let company = company(engine);
        company.create("Club", &["ada", "eve"]);
        company.assign("S", "Club", DuePolicy::AfterJoining(5));
        let twice = |company: &Company| {
            let undone = company.undo(company.last_run()).expect("taken back").run;
            company.undo(undone).expect("taken back again");
        };
        company.delete("Club");
        twice(&company);
        assert!(!company.groups().contains(&"Club".to_owned()) && !company.has_access("eve", "S"));
        company.restore("Club");
        company.undo(company.last_run()).expect("a restored group is taken back");
        assert!(!company.groups().contains(&"Club".to_owned()), "it is deleted again");
        company.restore("Club");
        assert_eq!((company.members("Club").len(), company.due_in("eve", "S")), (2, Some(5)));
        company.remove("Sales", "ada");
        twice(&company);
        assert_eq!(company.members("Sales"), ["bob"]);
        assert_eq!(company.count_rows("exclusions WHERE lifted_run_id IS NULL"), 1);
        let completed = company.last_run() + 1;
        company.complete("bob", "S");
        let undone = company.undo(completed).expect("a completion is taken back").run;
        assert!(!company.enrollment("bob", "S").completed);
        company.undo(undone).expect("and noted again");
        assert!(company.enrollment("bob", "S").completed);
        company.verify();
    });
}
