//! Dates as sources write them: the days that they mean, and what happens if they cannot be read.

use rollcall_core::sync::RunOutcome;
use rollcall_model::run_warning::RunWarningKind;

use crate::support::company::Company;
use crate::support::database::on_both;

/// A rule sees the day that was understood, however the source writes it.
#[test]
fn rules_compare_days_in_every_form() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.rule("that day", "Hired that day", "start_date == \"2019-01-15\"");
        company.rule("early", "Early", "start_date != \"\" && start_date < \"2019-01-16\"");
        let forms = [
            ("iso", "2019-01-15"),
            ("offset", "2019-01-15-07:00"),
            ("time", "2019-01-15T23:30:00"),
            ("midnight", "2019-01-15T00:00:00Z"),
            ("compact", "20190115"),
            ("ldap", "20190115000000Z"),
            ("odata", "/Date(1547510400000)/"),
        ];
        for (who, form) in forms {
            company.hire(who, &[("start_date", form)]);
        }
        company.hire("none", &[("start_date", "9999-12-31")]);
        company.sync();
        let mut everyone: Vec<&str> = forms.iter().map(|(who, _)| *who).collect();
        everyone.sort_unstable();
        assert_eq!(company.members("Hired that day"), everyone);
        assert_eq!(company.members("Early"), everyone);
        company.verify();
    });
}

/// An instant falls on a day of the connector's zone, which may differ from the zone of the file.
#[test]
fn instants_fall_on_days_of_the_connector() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.rule("july", "July", "start_date == \"2019-07-01\"");
        company.hire("ada", &[("start_date", "2019-06-30T22:30:00Z")]);
        company.settings("hr", "timezone = 'Europe/Berlin'");
        company.sync();
        assert_eq!(company.members("July"), ["ada"]);
        company.settings("hr", "timezone = 'America/New_York'");
        company.sync();
        assert_eq!(company.members("July"), [""; 0]);
        company.verify();
    });
}

/// National forms are read only if the file names them.
#[test]
fn named_formats_are_read() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
        let end = company.today() - chrono::Days::new(1);
        for who in ["bob", "eve"] {
            let last = end.format("%d.%m.%Y").to_string();
            company.hire(who, &[("department", "Sales"), ("end_date", &last)]);
        }
        let report = company.run("hr", false);
        let RunOutcome::Failed(error) = &report.outcome else { panic!("{:?}", report.outcome) };
        assert_eq!(error.kind(), "unreadable_dates");
        assert_eq!(company.count_rows("learners"), 0, "nobody gets access by a date that cannot be read");

        company.settings("hr", "[connector.dates]\nend_date = '%d.%m.%Y'");
        company.sync();
        assert_eq!(company.status("bob"), "left");
        assert_eq!(company.members("Sales"), ["ada"]);
        let stored = company.query_value("SELECT attributes FROM persons WHERE external_id = 'bob'");
        assert!(stored.contains(&end.to_string()), "{stored}");
        company.verify();
    });
}

/// A date that cannot be read any more means no change.
#[test]
fn unreadable_date_keeps_date_last_read() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
        company.hire("bob", &[("department", "Sales"), ("end_date", &company.day(-1))]);
        company.hire("soon", &[("department", "Sales"), ("start_date", &company.day(30))]);
        company.sync();
        assert_eq!((company.status("bob"), company.status("soon")), ("left".into(), "upcoming".into()));
        company.change("bob", &[("end_date", "last Friday")]);
        company.change("soon", &[("start_date", "next month"), ("location", "Berlin")]);
        let report = company.sync();
        assert_eq!(report.problems.len(), 2, "{:?}", report.problems);
        assert_eq!((company.status("bob"), company.status("soon")), ("left".into(), "upcoming".into()));
        let stored = company.query_value("SELECT attributes FROM persons WHERE external_id = 'soon'");
        assert!(stored.contains(&company.day(30)) && stored.contains("Berlin"), "{stored}");
        // A second reading of the same file changes nothing.
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.verify();
    });
}

/// The digits of a number are not a day.
#[test]
fn numbers_are_days_only_by_their_format() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
        for number in 0..60 {
            company.hire(&format!("p{number}"), &[("department", "Sales"), ("end_date", "2099-12-31")]);
        }
        company.hire("bob", &[("department", "Sales"), ("end_date", "157101010000000000")]);
        let report = company.sync();
        assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
        assert_eq!(company.status("bob"), "active");

        let mut company = Company::sales(engine, &["ada"], "");
        company.settings("hr", "[connector.dates]\nend_date = 'filetime'");
        company.hire("bob", &[("department", "Sales"), ("end_date", "133000000000000000")]);
        company.hire("never", &[("department", "Sales"), ("end_date", "9223372036854775807")]);
        company.sync();
        assert_eq!((company.status("bob"), company.status("never")), ("left".into(), "active".into()));
        company.verify();
    });
}

#[test]
fn end_before_start_is_reported() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
        company.change("ada", &[("start_date", "2020-02-01"), ("end_date", "2020-01-01")]);
        let report = company.sync();
        let about_dates = report.problems.iter().filter(|one| one.kind == RunWarningKind::BadDate);
        let messages: Vec<_> = about_dates.map(|one| one.message.as_str()).collect();
        assert_eq!(messages, ["`end_date` 2020-01-01 is before `start_date` 2020-02-01"]);
    });
}
