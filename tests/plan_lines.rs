//! The lines of a plan: whom each is about, and what it counts.

use crate::support::company::Company;
use crate::support::database::on_both;

/// A line of a plan names the person whom it is about, by the address only if that person has it.
#[test]
fn plan_names_the_person_whom_it_is_about() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[("anna", "Sales")]);
        company.hire("z-admin", &[("email", "anna@corp.example"), ("department", "IT")]);
        for command in [&["sync", "--dry-run"][..], &["sync"]] {
            let out = company.rollcall(command).expect_status(0).out;
            let line = out.lines().find(|line| line.contains("IT")).expect("a line");
            assert!(line.contains("hr:z-admin") && !line.contains("anna@"), "{line}");
            assert!(out.lines().any(|line| line.contains("anna@corp.example")), "{out}");
        }
        company.move_to("z-admin", "Ops");
        let moved = company.rollcall(&["sync"]).expect_status(0);
        let lines = moved.out.lines().filter(|line| line.contains("Ops") || line.contains(" - "));
        assert!(
            lines.clone().count() > 0 && lines.clone().all(|line| line.contains("hr:z-admin")),
            "{moved:?}"
        );
        assert!(moved.err.contains("`anna` (id `anna`) has the address `anna@corp.example`"), "{moved:?}");
    });
}

/// A reason that ends while another one stays is no removal, in lines and in counts.
#[test]
fn reason_that_ends_is_no_removal() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[("anna", "Sales"), ("bob", "Sales")]);
        company.sync();
        company.rollcall(&["groups", "add", "Sales", "anna@corp.example"]).expect_status(0);
        company.move_to("anna", "Ops");
        let planned = company.rollcall(&["sync", "--dry-run"]).expect_status(0).out;
        assert!(!planned.lines().any(|line| line.starts_with(" - ")), "{planned}");
        for command in [&["sync", "--dry-run", "--json"][..], &["sync", "--json"]] {
            let memberships = &company.rollcall(command).expect_status(0).json()["memberships"];
            assert_eq!((&memberships["add"], &memberships["remove"]), (&1.into(), &0.into()));
        }
        assert_eq!(company.members("Sales"), ["anna", "bob"]);
    });
}
