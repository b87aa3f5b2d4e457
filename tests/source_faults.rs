//! Mistakes of a source that is complete: ids that became equal, dates that contradict each other, words and addresses that
//! mean nothing. They change nothing for people whom the source still holds.

use rollcall_core::sync::RunOutcome;
use rollcall_model::run_warning::RunWarningKind;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// 60 people, under the limits that apply by default.
fn company(engine: Engine, settings: &str) -> Company {
    let mut company = Company::limited(engine, 30, 30);
    company.settings("hr", settings);
    company.sync_without_hold();
    company
}

fn left(company: &Company) -> i64 {
    company.count_rows("learners WHERE status = 'left'")
}

/// A spreadsheet wrote one id for several people: they stay, by their addresses, or by their names without an address.
#[test]
fn people_whose_ids_became_equal_stay() {
    on_both(|engine| {
        for settings in ["", "several = \"merge\""] {
            let mut company = Company::limited(engine, 30, 30);
            company.settings("hr", settings);
            for who in ["s1", "s2", "s3"] {
                company.change(who, &[("email", "")]);
            }
            company.sync_without_hold();
            let before = company.contents();
            for number in 1..=6 {
                company.change(&format!("s{number}"), &[("id", "2.0E+02")]);
            }
            company.leave("r30");
            let report = company.sync_without_hold();
            let kinds: Vec<_> = report.problems.iter().map(|one| one.kind).collect();
            assert_eq!(kinds, [RunWarningKind::RepeatedId], "{:?}", report.problems);
            assert_eq!((left(&company), company.count_rows("learners")), (1, 60), "only the leaver left");
            assert_eq!(company.members("Sales").len(), 30);
            let only = company.rollcall(&["sync", "--only", "s5"]);
            assert_eq!((company.members("Sales").len(), left(&company)), (30, 1), "{only:?}");
            for number in 1..=6 {
                company.change("2.0E+02", &[("id", &format!("s{}", 7 - number))]);
            }
            company.sync_without_hold();
            assert_eq!(company.contents()["enrollments"].len(), before["enrollments"].len());
            company.verify();
        }
    });
}

/// Jobs of one id with another address and another name are those of two people: neither becomes the other.
#[test]
fn records_of_different_people_are_not_merged() {
    on_both(|engine| {
        let mut company = company(engine, "several = \"merge\"");
        company.change("s1", &[("id", "s2")]);
        let report = company.sync_without_hold();
        assert_eq!((report.problems.len(), report.problems[0].kind), (1, RunWarningKind::RepeatedId));
        assert_eq!((left(&company), company.members("Sales").len()), (0, 30));
        // Another job of a person has the same name, or the same address.
        company.leave("s2");
        company.hire("s1", &[("department", "Sales")]);
        company.hire("s2", &[("department", "Sales")]);
        for (address, name) in [("s3.second@corp.example", "s3"), ("s4@corp.example", "Somebody Else")] {
            let (id, _) = address.split_at(2);
            company.hire("second", &[("email", address), ("name", name), ("department", "Research")]);
            company.change("second", &[("id", id)]);
        }
        let report = company.sync_without_hold();
        assert_eq!(report.problems, []);
        assert_eq!((company.members("Sales").len(), company.members("Research").len()), (30, 32));
    });
}

/// An end before the start means no change for a known person, and no end for a new one.
#[test]
fn end_before_start_keeps_dates_last_read() {
    on_both(|engine| {
        let mut company = company(engine, "");
        company.change("s1", &[("start_date", "2025-02-01"), ("end_date", "2024-01-31")]);
        company.hire(
            "ada",
            &[("department", "Sales"), ("start_date", "2025-02-01"), ("end_date", "1999-12-31")],
        );
        let report = company.sync_without_hold();
        let kinds: Vec<_> = report.problems.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [RunWarningKind::BadDate, RunWarningKind::BadDate]);
        assert!(report.problems[0].message.contains("the dates last read are kept"), "{:?}", report.problems);
        assert_eq!((company.status("s1"), company.status("ada")), ("active".into(), "active".into()));
        let stored = |who: &str| {
            company.query_value(&format!("SELECT attributes FROM persons WHERE external_id = '{who}'"))
        };
        assert!(!stored("s1").contains("_date") && stored("ada").contains("2025-02-01"), "{}", stored("s1"));
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.change("s1", &[("start_date", "2025-02-01"), ("end_date", &company.day(-1))]);
        company.sync_without_hold();
        assert_eq!(company.status("s1"), "left");
        company.change("s1", &[("start_date", &company.day(-1)), ("end_date", &company.day(-2))]);
        company.sync_without_hold();
        assert_eq!(company.status("s1"), "left", "the dates last read are kept");
        // A new contract after the end last read; the source keeps the end of the former one.
        company.change("s1", &[("start_date", &company.day(0)), ("end_date", &company.day(-2))]);
        company.sync_without_hold();
        assert_eq!(company.status("s1"), "active", "employed again");
        company.verify();
    });
}

/// The text of a failed formula of a spreadsheet changes nothing for a known person.
#[test]
fn failed_formula_keeps_value_last_read() {
    on_both(|engine| {
        let mut company = company(engine, "");
        for (who, text) in [("s1", "#REF!"), ("s2", "#NV")] {
            company.change(who, &[("department", text)]);
        }
        let report = company.sync_without_hold();
        let kinds: Vec<_> = report.problems.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [RunWarningKind::FailedFormula, RunWarningKind::FailedFormula]);
        assert!(company.members("Sales").iter().any(|who| who.starts_with("s1")), "the department stays");
        assert_eq!(company.groups().iter().filter(|group| group.contains('#')).count(), 0);
        company.verify();
    });
}

/// A word that `[connector.status]` does not contain changes the status of no known person.
#[test]
fn unknown_status_keeps_status_last_read() {
    on_both(|engine| {
        let mut company = company(engine, "");
        company.change("s1", &[("status", "left")]);
        company.change("s2", &[("status", "leave")]);
        company.sync_without_hold();
        for who in ["s1", "s2", "s3"] {
            company.change(who, &[("status", "Ausgeschieden")]);
        }
        company.hire("ada", &[("department", "Sales"), ("status", "Ausgeschieden")]);
        let report = company.sync_without_hold();
        assert_eq!(report.problems[0].kind, RunWarningKind::UnknownStatus);
        assert!(
            report.problems[0].message.contains("known people keep their status"),
            "{:?}",
            report.problems
        );
        let states = ["s1", "s2", "s3", "ada"].map(|who| company.status(who));
        assert_eq!(states, ["left", "leave", "active", "active"]);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.change("s1", &[("status", "active")]);
        company.sync_without_hold();
        assert_eq!(company.status("s1"), "active");
        company.verify();
    });
}

/// A text that is not an address does not take the address of a known person away.
#[test]
fn invalid_address_keeps_address_last_read() {
    on_both(|engine| {
        let mut company = company(engine, "");
        let texts = ["n/a", "s2 at corp.example", "s3@corp,example", "s4@corp.example; s5@corp.example"];
        for (who, text) in ["s1", "s2", "s3", "s4"].into_iter().zip(texts) {
            company.change(who, &[("email", text)]);
        }
        company.hire("ada", &[("email", "ada@corp,example")]);
        let report = company.sync_without_hold();
        assert!(
            report.problems.iter().all(|one| one.kind == RunWarningKind::BadAddress),
            "{:?}",
            report.problems
        );
        assert_eq!((report.problems.len(), company.count_rows("learners WHERE email IS NULL")), (5, 1));
        for who in ["s1", "s2", "s3", "s4"] {
            assert_eq!(company.count_rows(&format!("learners WHERE email = '{who}@corp.example'")), 1);
        }
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.change("s1", &[("email", "")]);
        company.sync_without_hold();
        assert_eq!(company.count_rows("learners WHERE email IS NULL"), 2, "an empty field is not a mistake");
        company.verify();
    });
}

/// A first day in the distant future takes no access from a person who has it; a new person waits for it.
#[test]
fn distant_start_keeps_date_last_read() {
    on_both(|engine| {
        let mut company = company(engine, "");
        company.change("s1", &[("start_date", "2020-02-01")]);
        company.sync_without_hold();
        company.change("s1", &[("start_date", &company.day(42 * 365)), ("location", "Berlin")]);
        company.change("s2", &[("start_date", &company.day(30))]);
        company.hire("ada", &[("start_date", &company.day(6 * 365))]);
        let report = company.sync_without_hold();
        assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
        assert_eq!(
            (report.problems[0].kind, report.problems[0].subject.as_str()),
            (RunWarningKind::BadDate, "s1")
        );
        let states = ["s1", "s2", "ada"].map(|who| company.status(who));
        assert_eq!(states, ["active", "upcoming", "upcoming"]);
        let stored = company.query_value("SELECT attributes FROM persons WHERE external_id = 's1'");
        assert!(stored.contains("2020-02-01") && stored.contains("Berlin"), "{stored}");
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.verify();
    });
}

/// An ended job whose status became empty or unknown gives no groups beside a job that runs.
#[test]
fn job_without_known_status_gives_no_groups() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 30, 30);
        company.settings("hr", "several = \"merge\"");
        for number in 1..=30 {
            company.change(&format!("s{number}"), &[("status", "active")]);
            company.change(&format!("r{number}"), &[("status", "active")]);
        }
        for who in ["s1", "s2"] {
            let email = format!("{who}@corp.example");
            company.hire(
                "job",
                &[("email", &email), ("name", who), ("department", "Stores"), ("status", "left")],
            );
            company.change("job", &[("id", who)]);
        }
        company.sync_without_hold();
        company.change("s1", &[("status", "")]);
        company.change("s2", &[("status", "ended")]);
        let report = company.sync_without_hold();
        let kinds: Vec<_> = report.problems.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [RunWarningKind::UnknownStatus], "{:?}", report.problems);
        assert!(company.members("Stores").is_empty());
        assert_eq!((company.members("Sales").len(), company.status("s2")), (30, "active".to_owned()));
        company.change("s2", &[("status", "active")]);
        company.sync_without_hold();
        assert_eq!(company.members("Stores"), ["s2"]);
        company.verify();
    });
}
