//! `docs/asvs.md` answers each point of the standard once, and names tests that exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::named_code::check_name;

const DOCUMENT: &str = include_str!("../docs/asvs.md");

/// Points of levels 1 and 2 of each section of OWASP ASVS 5.0.0. In each section they are numbered from 1.
const SECTIONS: &str = "
    1.1 2, 1.2 9, 1.3 11, 1.4 3, 1.5 2, 2.1 3, 2.2 3, 2.3 4, 2.4 1, 3.2 2, 3.3 4, 3.4 6, 3.5 5, 3.7 2, 4.1 3, 4.2 1,
    4.3 2, 4.4 4, 5.1 1, 5.2 3, 5.3 2, 5.4 3, 6.1 3, 6.2 12, 6.3 4, 6.4 4, 6.5 5, 6.6 3, 6.8 4, 7.1 3, 7.2 4, 7.3 2,
    7.4 5, 7.5 2, 7.6 2, 8.1 2, 8.2 3, 8.3 1, 8.4 1, 9.1 3, 9.2 4, 10.1 2, 10.2 2, 10.3 4, 10.4 11, 10.5 5, 10.6 2,
    10.7 3, 11.1 2, 11.2 3, 11.3 3, 11.4 4, 11.5 1, 11.6 1, 12.1 3, 12.2 2, 12.3 4, 13.1 1, 13.2 5, 13.3 2, 13.4 5,
    14.1 2, 14.2 4, 14.3 3, 15.1 3, 15.2 3, 15.3 7, 16.1 1, 16.2 5, 16.3 4, 16.4 3, 16.5 3, 17.1 1, 17.2 4, 17.3 2";

/// A row of a table: points, state, explanation and tests.
fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| ")).map(cells);
    rows.map(|cells| cells.try_into().unwrap_or_else(|cells| panic!("{cells:?}")))
        .filter(|row: &[&str; 4]| row[0] != "points")
}

/// The points of a cell such as `6.5.1–6.5.5, 6.6.1`.
fn points(cell: &str) -> Vec<String> {
    let range = |text: &str| {
        let (first, last) = text.split_once('–').unwrap_or((text, text));
        let split = |point: &str| {
            let (section, number) = point.rsplit_once('.').expect("a point");
            (section.to_owned(), number.parse::<u32>().expect("a number"))
        };
        let ((section, first), (last_section, last)) = (split(first), split(last));
        assert_eq!(section, last_section, "{text}");
        (first..=last).map(move |number| format!("{section}.{number}")).collect::<Vec<_>>()
    };
    cell.split(", ").flat_map(range).collect()
}

#[test]
fn asvs_answers_each_point_once() {
    let mut expected = BTreeSet::new();
    for section in SECTIONS.split(',') {
        let (section, count) = section.trim().split_once(' ').expect("a section and a number");
        let count: u32 = count.parse().expect("a number");
        expected.extend((1..=count).map(|number| format!("{section}.{number}")));
    }
    assert_eq!(expected.len(), 253, "level 1 has 70 points, level 2 has 183");
    let mut answered = BTreeSet::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for [cell, state, ..] in rows() {
        for point in points(cell) {
            assert!(answered.insert(point.clone()), "{point} is answered twice");
            *counts.entry(state).or_default() += 1;
        }
    }
    assert_eq!(answered, expected);
    let count = |state: &str| counts.remove(state).unwrap_or_default();
    let [met, partly, not_met, other] = ["met", "partly", "not met", "does not apply"].map(count);
    let summary = format!(
        "Of 253 points {met} are met, {partly} partly met, {not_met} not met, and {other} do not apply."
    );
    assert!(counts.is_empty(), "{counts:?}");
    assert!(DOCUMENT.contains(&summary), "{summary}");
}

#[test]
fn asvs_names_existing_tests() {
    let mut names = 0;
    let mut wrong = Vec::new();
    for [points, .., tests] in rows() {
        for name in tests.split('`').skip(1).step_by(2) {
            names += 1;
            wrong.extend(check_name(name).err().map(|why| format!("{points}: {why}")));
        }
    }
    assert!(names > 80, "{names}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
