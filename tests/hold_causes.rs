//! Values that many people lose at once, and what a hold says about the people whom it concerns.

use rollcall_model::guard::HoldCause;
use rollcall_model::run_warning::RunWarningKind;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::decisions::{causes, count_held_changes, reasons};

/// 30 people in Sales and 30 in Research, under the limits that apply by default.
fn company(engine: Engine) -> Company {
    let company = Company::limited(engine, 30, 30);
    company.sync_without_hold();
    company
}

fn addresses(company: &Company) -> i64 {
    company.count_rows("learners WHERE email LIKE 's%@corp.example' OR email LIKE 'r%@corp.example'")
}

/// One address in every row is held: all people keep their own addresses, and the next good reading ends the hold.
#[test]
fn one_address_for_everybody_is_held() {
    on_both(|engine| {
        let mut company = company(engine);
        for number in 1..=30 {
            company.change(&format!("s{number}"), &[("email", "info@corp.example")]);
            company.change(&format!("r{number}"), &[("email", "Info@corp.example")]);
        }
        company.hire("ada", &[("department", "Sales")]);
        let report = company.sync_with_hold();
        let (limit, message) = reasons(&report).remove(0);
        assert_eq!(limit, HoldCause::MaxBlanked);
        assert!(message.starts_with("60 of the 60 people with an address have a new one"), "{message}");
        assert_eq!((addresses(&company), company.members("Sales").len()), (60, 31));
        let again = company.sync_with_hold();
        assert_eq!(count_held_changes(&again), count_held_changes(&report));
        for number in 1..=30 {
            for who in [format!("s{number}"), format!("r{number}")] {
                company.change(&who, &[("email", &format!("{who}@corp.example"))]);
            }
        }
        company.sync_without_hold();
        assert_eq!((addresses(&company), company.count_rows("held_changes")), (60, 0));
        company.verify();
    });
}

/// Two people who get one address are reported and keep their own, and no other person waits for it.
#[test]
fn two_people_with_one_address_are_reported() {
    on_both(|engine| {
        let mut company = company(engine);
        company.change("s1", &[("email", "info@corp.example")]);
        company.change("s2", &[("email", "info@corp.example")]);
        company.move_to("s3", "Research");
        let report = company.sync_without_hold();
        let kinds: Vec<_> = report.problems.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [RunWarningKind::AddressTaken; 2]);
        assert_eq!((company.members("Research").len(), addresses(&company)), (31, 60));
    });
}

/// An attribute that nothing uses is reported and not held.
#[test]
fn unused_attribute_that_blanks_is_reported() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 30, 30);
        let everybody = |company: &mut Company, values: &[(&str, &str)]| {
            (1..=30).for_each(|number| company.change(&format!("s{number}"), values));
        };
        everybody(&mut company, &[("location", "Berlin"), ("role", "Clerk")]);
        company.rule("clerks", "Clerks", "role == \"Clerk\"");
        company.sync_without_hold();
        everybody(&mut company, &[("location", "")]);
        let report = company.sync_without_hold();
        let problem = &report.problems[0];
        assert_eq!((problem.kind, problem.subject.as_str()), (RunWarningKind::AttributeBlank, "location"));
        assert_eq!(company.sync_without_hold().problems, [], "it is reported once");
        everybody(&mut company, &[("role", "")]);
        let report = company.sync_with_hold();
        assert_eq!(reasons(&report)[0].0, HoldCause::MaxBlanked);
        assert_eq!(company.members("Clerks").len(), 30);
    });
}

/// A hold names the group that all leave and the group where they go.
#[test]
fn renamed_department_names_both_groups() {
    on_both(|engine| {
        let mut company = company(engine);
        for number in 1..=30 {
            company.move_to(&format!("s{number}"), "Revenue");
        }
        let report = company.sync_with_hold();
        assert_eq!(
            causes(&report),
            [
                "30 people leave `Sales` for `Revenue` (rule `departments`): if it was only renamed, assign the courses \
              of `Sales` to `Revenue`, then approve"
            ]
        );
        let shown = company.rollcall(&["runs", "show", &report.run.expect("a number").to_string()]);
        assert!(shown.out.contains("`Sales` for `Revenue`"), "{shown:?}");
    });
}

/// A hold names the value that all people have who would leave, whether they are absent or have left.
#[test]
fn missing_site_is_named() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 40, 40);
        for number in 1..=20 {
            company.change(&format!("s{number}"), &[("location", "Hamburg")]);
            company.change(&format!("r{number}"), &[("location", "Hamburg")]);
        }
        company.sync_without_hold();
        for number in 1..=20 {
            company.leave(&format!("s{number}"));
            company.change(&format!("r{number}"), &[("status", "left")]);
        }
        let causes = causes(&company.sync_with_hold());
        let expected =
            "all 40 people who would leave have `location` = `Hamburg`, and no other person has it";
        assert!(causes.iter().any(|cause| cause.starts_with(expected)), "{causes:?}");
    });
}

/// A service on this machine that has not read the file again is told apart from another machine, with the command that makes
/// it read the file.
#[test]
fn service_here_with_an_older_file_is_told_apart_from_another_machine() {
    on_both(|engine| {
        let mut company = company(engine);
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host name");
        let host = host.trim();
        let now = company.db.pick("strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now')", "now()");
        let insert = |company: &Company, id: &str, host: &str| {
            company
                .sql(&format!("INSERT INTO nodes VALUES ('{id}', '{host}', '1', 'another', {now}, {now})"));
        };
        insert(&company, &format!("{host}:{}/1", std::process::id()), host);
        company.leave("s1");
        company.sync_without_hold();
        insert(&company, &format!("{host}:4711/1"), host);
        company.leave("s2");
        let report = company.sync_with_hold();
        let said = reasons(&report)[0].1.clone();
        assert!(
            said.contains("the service on this machine (process 4711) uses a different configuration"),
            "{said}"
        );
        assert!(said.contains("`kill -HUP 4711`"), "{said}");
        // A command is another process than the service of the first row.
        company.sql(&format!("DELETE FROM nodes WHERE id LIKE '%:{}/1'", std::process::id()));
        let refused =
            company.rollcall(&["approve", &report.run.expect("a number").to_string()]).expect_status(1).err;
        assert!(
            refused.contains("the service on this machine") && refused.contains("`kill -HUP 4711`"),
            "{refused}"
        );
        company.sql("UPDATE nodes SET host = 'node-2', id = 'node-2:4711/1' WHERE id LIKE '%:4711/1'");
        let said = reasons(&company.sync_with_hold())[0].1.clone();
        assert!(said.contains("node-2 uses a different configuration") && !said.contains("kill"), "{said}");
    });
}
