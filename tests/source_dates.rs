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
        let text = "`end_date` 2020-01-01 is before `start_date` 2020-02-01: the dates last read are kept; a new person, and \
                    one whose last `end_date` is over, starts again without an end";
        assert_eq!(messages, [text]);
    });
}

/// Zeros mean no date in every format, and so do the words that the file translates to nothing.
#[test]
fn zeros_and_translated_words_mean_no_date() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
        for (who, end) in [("bob", "00.00.0000"), ("eve", "00000000"), ("joe", "unbefristet")] {
            company.hire(who, &[("department", "Sales"), ("end_date", end)]);
        }
        let last = (company.today() + chrono::Days::new(30)).format("%d.%m.%Y").to_string();
        company.hire("sue", &[("department", "Sales"), ("end_date", &last)]);
        let dates = "[connector.dates]\nend_date = '%d.%m.%Y'";
        company.settings("hr", dates);
        let refused = company.rollcall(&["sync"]).expect_status(0);
        assert!(refused.err.contains("`unbefristet` in `end_date` is not a valid date"), "{}", refused.err);
        company.settings("hr", &format!("{dates}\n[connector.values.end_date]\nunbefristet = ''"));
        let report = company.sync();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        assert_eq!(company.members("Sales"), ["ada", "bob", "eve", "joe", "sue"]);
    });
}

/// Days as spreadsheets count them are read if the file says so.
#[test]
fn days_of_spreadsheets_are_read() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.rule("that day", "Hired that day", "start_date == \"2010-01-01\"");
        company.hire("ada", &[("start_date", "40179")]);
        company.hire("bob", &[("start_date", "40179.5")]);
        company.settings("hr", "[connector.dates]\nstart_date = 'excel'");
        company.sync();
        assert_eq!(company.members("Hired that day"), ["ada", "bob"]);
    });
}

/// The format that the error proposes fits all values, and is not the one that is set.
#[test]
fn proposed_format_fits_the_values() {
    let proposal = |set: &str, values: &[&str]| {
        let mut company = Company::new(crate::support::database::Engine::Sqlite);
        for (number, value) in values.iter().enumerate() {
            company.hire(&format!("p{number}"), &[("start_date", value)]);
        }
        if !set.is_empty() {
            company.settings("hr", &format!("[connector.dates]\nstart_date = '{set}'"));
        }
        let error = company.rollcall(&["sync"]).expect_status(1).err;
        let (_, hint) = error.split_once("hint: ").expect("a hint");
        hint.trim().to_owned()
    };
    for (set, values, format) in [
        ("%d.%m.%Y", &["01.14.2010", "02.27.2010"][..], "%m.%d.%Y"),
        ("", &["05/06/2010", "01/14/2010"], "%m/%d/%Y"),
        ("%d.%m.%Y", &["1/14/10", "2/27/10"], "%m/%d/%y"),
        ("%d.%m.%Y", &["40179", "40192"], "excel"),
        ("%d.%m.%Y", &["01.01.2010 00:00:00", "14.01.2010 00:00:00"], "%d.%m.%Y %H:%M:%S"),
    ] {
        let hint = proposal(set, values);
        assert!(hint.ends_with(&format!("days: `start_date = \"{format}\"`")), "{values:?}: {hint}");
    }
    let unknown = proposal("%d.%m.%Y", &["2010/14", "2010/27"]);
    assert!(unknown.contains("`%H:%M:%S` a time") && !unknown.contains("%d.%m.%Y"), "{unknown}");
    let words = proposal("", &["unbefristet", "unbefristet"]);
    assert!(words.contains("`[connector.values.start_date]`"), "{words}");
}
