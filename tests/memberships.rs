//! Who is in which group, and for which reasons.

use rollcall::groups::Effect;
use rollcall::sync::Outcome;

use crate::support::company::Company;
use crate::support::database::on_both;

#[test]
fn a_template_makes_a_group_for_each_of_several_values() {
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
        let mut company = Company::new(engine);
        company.departments();
        company.hire("ada", &[("department", "Sales")]);
        company.hire("bob", &[("department", "SALES")]);
        company.hire("eve", &[("department", "Stra\u{df}e")]);
        company.hire("joe", &[("department", "STRASSE")]);
        company.sync();
        assert_eq!(company.groups().len(), 2, "{:?}", company.groups());
        let before = company.contents();
        assert!(matches!(company.sync().outcome, Outcome::Unchanged));
        assert_eq!(company.contents(), before);
    });
}

#[test]
fn a_membership_ends_with_its_last_reason() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.departments();
        company.hire("ada", &[("department", "Sales")]);
        company.sync();
        assert_eq!(company.add("Sales", "ada"), Effect::Added);
        assert_eq!(company.count("memberships"), 2);
        company.move_to("ada", "Research");
        company.sync();
        assert_eq!(company.members("Sales"), ["ada"]);
        assert_eq!(company.remove("Sales", "ada"), Effect::Removed);
        assert_eq!(company.members("Sales"), Vec::<String>::new());
    });
}

#[test]
fn whom_a_hand_removes_stays_out_until_the_exclusion_is_lifted() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.departments();
        company.hire("ada", &[("department", "Sales")]);
        company.hire("bob", &[("department", "Sales")]);
        company.sync();
        assert_eq!(company.remove("Sales", "ada"), Effect::Excluded);
        company.sync();
        assert_eq!(company.members("Sales"), ["bob"]);
        company.lift("Sales", "ada");
        company.sync();
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
    });
}
