//! What is forgotten, and what is not.

use rollcall_service::retention;

use crate::support::company::Company;
use crate::support::database::on_both;

/// History older than 90 days is deleted, except for records that still matter.
#[test]
fn history_older_than_90_days_is_deleted() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada", "bob", "eve"], "due_days = 10");
        company.sync();
        company.move_to("ada", "Research");
        company.move_to("bob", "Research");
        company.sync();
        company.advance_days(5);
        company.move_to("ada", "Sales");
        company.sync();
        let due = company.due_in("ada", "GDPR");
        assert_eq!(due, Some(5), "the date that was given up five days ago stands again");
        company.sql("UPDATE runs SET started_at = '2020-01-01T00:00:00Z'");
        company.advance_days(40);
        company.move_to("eve", "Research");
        company.sync();
        let forget = || {
            company
                .runtime
                .block_on(retention::purge_history(&company.store, company.change_time()))
                .expect("forgotten")
        };
        assert!(forget() > 0);
        assert_eq!(company.count_rows("person_changes"), 1, "eve moved today");
        assert_eq!(company.count_rows("ended_memberships"), 1);
        assert_eq!(company.count_rows("kept_dues"), 2, "ada's stands for her enrollment, eve may come back");
        company.verify();
        assert_eq!(company.due_in("ada", "GDPR"), Some(-35));
        assert_eq!(forget(), 0);
    });
}
