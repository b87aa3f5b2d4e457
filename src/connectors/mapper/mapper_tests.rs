//! Tests of mapped records: values, warnings, and readings that fail.

use super::*;

/// The result of mapping records.
struct MappedRow {
    people: PeopleTable,
    problems: Vec<RunWarning>,
}

fn mapping() -> AttributeMapping {
    let columns = [
        (Attribute::EMAIL, "mail"),
        (Attribute::ID, "uid"),
        (Attribute::DEPARTMENT, "dept"),
        (Attribute::STATUS, "state"),
        (Attribute::START_DATE, "from"),
    ];
    let departments = FxHashMap::from_iter([("4711".to_owned(), "Sales".to_owned())]);
    AttributeMapping {
        columns: columns.map(|(attribute, name)| (attribute, name.to_owned())).to_vec(),
        codes: FxHashMap::from_iter([(Attribute::DEPARTMENT, departments)]),
        statuses: FxHashMap::from_iter([
            ("gone".to_owned(), EmploymentStatus::Left),
            ("away".to_owned(), EmploymentStatus::Leave),
        ]),
        ..AttributeMapping::default()
    }
}

fn map(records: &[&[(&str, &str)]]) -> Result<MappedRow, ConnectorError> {
    map_with(&mapping(), records)
}

fn map_with(mapping: &AttributeMapping, records: &[&[(&str, &str)]]) -> Result<MappedRow, ConnectorError> {
    let (name, attributes) = (ConnectorName::new("corp"), AttributeSet::default());
    let mut mapper = RecordMapper::new(&name, mapping, &attributes);
    let mut record = RecordValues::default();
    for values in records {
        record.clear();
        for (source, value) in *values {
            let column = mapping.columns.iter().position(|(_, known)| known == source).expect("mapped");
            record.add(column, value);
        }
        mapper.push(&record, || "somewhere".to_owned());
    }
    mapper.finish().map(|(people, problems)| MappedRow { people, problems })
}

fn kinds(mapped: &MappedRow) -> Vec<RunWarningKind> {
    mapped.problems.iter().map(|problem| problem.kind).collect()
}

/// An attribute of the file that no record has is reported with its name in the source; one that a record has is not.
#[test]
fn attribute_that_no_record_has_is_reported() {
    let expecting = |columns| AttributeMapping { expected_columns: columns, ..mapping() };
    let read = |mapping: &AttributeMapping, records: &[&[(&str, &str)]]| {
        map_with(mapping, records)
            .expect("read")
            .problems
            .into_iter()
            .map(|one| one.message)
            .collect::<Vec<_>>()
    };
    let records: [&[(&str, &str)]; 2] =
        [&[("uid", "1"), ("mail", "no address"), ("dept", "4711")], &[("uid", "2")]];
    let reported = read(&expecting(5), &records);
    assert_eq!(
        reported[..2],
        [
            "no record has a value for `state`, which is mapped to `status`",
            "no record has a value for `from`, which is mapped to `start_date`"
        ]
    );
    assert_eq!(reported.len(), 3, "the address that is none is reported as such: {reported:?}");
    assert_eq!(read(&expecting(4), &records).len(), 2, "a column of the kind's own mapping may be empty");
    assert_eq!(read(&expecting(5), &[]).len(), 0, "without a record nothing is known");
}

#[test]
fn values_are_trimmed_normalised_and_translated() {
    let mapped = map(&[&[("uid", " 7 "), ("mail", " Ada@corp.example"), ("dept", "4711 ")]]).expect("read");
    let row = mapped.people.row("7").expect("read under the trimmed id");
    assert_eq!(mapped.people.first(row, Attribute::EMAIL), "Ada@corp.example");
    assert_eq!(mapped.people.first(row, Attribute::DEPARTMENT), "Sales");
    assert_eq!(mapped.problems, []);
}

#[test]
fn a_code_without_a_name_is_kept_and_reported_once_with_its_count() {
    let records: [&[(&str, &str)]; 3] = [
        &[("uid", "1"), ("dept", "4712")],
        &[("uid", "2"), ("dept", "4712"), ("dept", "4711")],
        &[("uid", "3"), ("dept", "")],
    ];
    let mapped = map(&records).expect("read");
    let all = |id: &str| {
        let cell = mapped.people.cell(mapped.people.row(id).expect("read"), Attribute::DEPARTMENT);
        mapped.people.values.all(cell).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        (all("1"), all("2"), all("3")),
        (vec!["4712".into()], vec!["4712".into(), "Sales".into()], vec![])
    );
    assert_eq!(kinds(&mapped), [RunWarningKind::UnknownCode]);
    assert_eq!(mapped.problems[0].subject, "department");
    assert!(mapped.problems[0].message.contains("`4712`: kept as it is (2 people)"), "{:?}", mapped.problems);
}

#[test]
fn a_status_that_no_list_names_is_active_and_reported() {
    let status = |value| {
        let mapped = map(&[&[("uid", "1"), ("state", value)]]).expect("read");
        (mapped.people.first(0, Attribute::STATUS).to_owned(), kinds(&mapped))
    };
    assert_eq!(status("GONE"), ("left".to_owned(), vec![]));
    assert_eq!(status("away"), ("leave".to_owned(), vec![]));
    assert_eq!(status("Active"), ("active".to_owned(), vec![]));
    assert_eq!(status("sabbatical"), ("active".to_owned(), vec![RunWarningKind::UnknownStatus]));
    assert_eq!(status(" "), (String::new(), vec![]));
}

#[test]
fn an_address_or_date_that_is_none_is_empty_and_reported_under_the_id() {
    let mapped = map(&[&[("mail", "ada at corp"), ("uid", "7"), ("from", "31.12.2026")]]).expect("read");
    assert_eq!(mapped.people.first(0, Attribute::EMAIL), "");
    assert_eq!(mapped.people.first(0, Attribute::START_DATE), "");
    assert_eq!(kinds(&mapped), [RunWarningKind::BadAddress, RunWarningKind::BadDate]);
    assert!(mapped.problems.iter().all(|problem| problem.subject == "7"));
}

/// The cell contains the day that was understood, not the text of the source.
#[test]
fn a_date_becomes_its_day() {
    let mapped = map(&[
        &[("uid", "1"), ("from", "20260630223000Z")],
        &[("uid", "2"), ("from", "2026-12-31-07:00")],
        &[("uid", "3"), ("from", "9999-12-31")],
        &[("uid", "4"), ("from", "2027-01-01"), ("from", "2026-01-01"), ("from", "soon")],
    ]);
    let people = mapped.expect("read").people;
    let days: Vec<&str> = people.rows().map(|row| people.first(row, Attribute::START_DATE)).collect();
    assert_eq!(days, ["2026-06-30", "2026-12-31", "", "2026-01-01"]);
    assert_eq!(people.unreadable().count(), 0);
}

#[test]
fn a_single_unreadable_date_is_noted_and_several_fail_the_reading() {
    let outcome = |unreadable: usize, readable: usize| {
        let ids: Vec<String> = (0..unreadable + readable).map(|id| id.to_string()).collect();
        let from = |number| if number < unreadable { "31.12.2026" } else { "2026-12-31" };
        let values: Vec<[(&str, &str); 2]> = ids
            .iter()
            .enumerate()
            .map(|(number, id)| [("uid", id.as_str()), ("from", from(number))])
            .collect();
        let records: Vec<&[(&str, &str)]> = values.iter().map(<[_; 2]>::as_slice).collect();
        map(&records).map(|mapped| mapped.people.unreadable().count())
    };
    assert_eq!(outcome(1, 0).ok(), Some(1));
    assert_eq!(outcome(2, 38).ok(), Some(2));
    let error = outcome(2, 37).expect_err("2 of 39 is more than 5 %");
    assert_eq!(error.kind(), "unreadable_dates");
    assert!(error.to_string().contains("2 of 39 values of `start_date` (`from` in the source)"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains(r#"`start_date = "%d.%m.%Y"`"#)));
}

#[test]
fn of_several_addresses_the_first_in_byte_order_stands_whatever_the_server_sends_first() {
    for order in [["b@corp", "a@corp", "A"], ["A", "a@corp", "b@corp"]] {
        let mapped = map(&[&[("uid", "7"), ("mail", order[0]), ("mail", order[1]), ("mail", order[2])]])
            .expect("read");
        assert_eq!(mapped.people.first(0, Attribute::EMAIL), "a@corp");
        assert_eq!(mapped.problems, []);
    }
}

/// What is around an address is taken off in every kind of source, and Exchange's primary address is preferred.
#[test]
fn address_is_read_without_prefix_and_name() {
    for (values, expected) in [
        (&["mailto:ada@corp.example"][..], "ada@corp.example"),
        (&["Ada Lovelace <ada@corp.example>"], "ada@corp.example"),
        (&["\u{feff}ada@corp.example\u{200b}"], "ada@corp.example"),
        (&["smtp:a@corp.example", "SMTP:z@corp.example", "sip:b@corp.example"], "z@corp.example"),
        (&["smtp:b@corp.example", "smtp:a@corp.example"], "a@corp.example"),
    ] {
        let record: Vec<(&str, &str)> =
            [("uid", "7")].into_iter().chain(values.iter().map(|value| ("mail", *value))).collect();
        let mapped = map(&[&record]).expect("read");
        assert_eq!(mapped.people.first(0, Attribute::EMAIL), expected, "{values:?}");
        assert_eq!(mapped.problems, []);
    }
    let mapped = map(&[&[("uid", "7"), ("mail", "sip:ada@corp.example")]]).expect("read");
    assert_eq!(kinds(&mapped), [RunWarningKind::BadAddress]);
}

/// The address of a manager is compared with those of people, so that a name around it is taken off, too.
#[test]
fn address_of_manager_is_read_without_name() {
    let mut mapping = mapping();
    mapping.columns.push((Attribute::MANAGER, "boss".to_owned()));
    for (value, expected) in [
        ("Grace Hopper <grace@corp.example>", "grace@corp.example"),
        ("mailto:grace@corp.example", "grace@corp.example"),
        ("CN=Grace,DC=corp", "CN=Grace,DC=corp"),
        ("4711", "4711"),
    ] {
        let mapped = map_with(&mapping, &[&[("uid", "7"), ("boss", value)]]).expect("read");
        assert_eq!(mapped.people.first(0, Attribute::MANAGER), expected);
    }
}

#[test]
fn a_record_with_two_ids_is_set_aside() {
    let mapped = map(&[&[("uid", "7"), ("uid", "8")], &[("uid", "9")]]).expect("read");
    assert_eq!((mapped.people.len(), mapped.people.set_aside()), (1, 1));
}

#[test]
fn more_than_a_twentieth_set_aside_is_a_broken_mapping() {
    let outcome = |nameless: usize, named: usize| {
        let ids: Vec<String> = (0..named).map(|id| id.to_string()).collect();
        let values: Vec<[(&str, &str); 1]> =
            ids.iter().map(|id| [("uid", id.as_str())]).chain((0..nameless).map(|_| [("uid", "")])).collect();
        let records: Vec<&[(&str, &str)]> = values.iter().map(<[_; 1]>::as_slice).collect();
        map(&records).map(|mapped| mapped.people.len())
    };
    assert_eq!(outcome(9, 1).ok(), Some(1));
    assert_eq!(outcome(10, 190).ok(), Some(190));
    let error = outcome(10, 189).expect_err("10 of 199 is more than 5 %");
    assert_eq!(error.kind(), "set_aside");
    assert!(error.to_string().contains("10 of 199 records"), "{error}");
}
