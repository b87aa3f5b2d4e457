//! What an undo owes, whatever the change: everything is as before the change, nothing of it comes again, and what happens
//! later comes out as if the change had not been made.

use std::cell::Cell;
use std::collections::BTreeSet;

use rollcall_core::sync::RunOutcome;
use rollcall_core::sync::undo::UndoError;
use rollcall_model::due_policy::DuePolicy;

use crate::crash::{SeededRng, is_long_run};
use crate::support::company::{Company, email};
use crate::support::database::{Engine, on_both_unrecorded};

const PEOPLE: [&str; 6] = ["ada", "bob", "eve", "joe", "kim", "zoe"];
const DEPARTMENTS: [&str; 3] = ["Sales", "Legal", "Research"];
const GROUPS: [&str; 4] = ["Sales", "Legal", "Club", "Choir"];

/// One thing that happens: in the directory, or by hand.
#[derive(Debug, Clone, Copy)]
struct Step {
    kind: usize,
    who: usize,
    what: u32,
}

/// The number of kinds of step in the directory; each is followed by a sync.
const IN_DIRECTORY: usize = 7;
/// The number of all kinds of step.
const KINDS: usize = 20;

fn random_step(dice: &mut SeededRng) -> Step {
    Step {
        kind: dice.next_below(KINDS),
        who: dice.next_below(PEOPLE.len()),
        what: u32::try_from(dice.next_below(60)).expect("below 60"),
    }
}

/// Everything that an undo restores, a line each.
const STATE: &str = "
    SELECT 'learner|' || COALESCE(l.email, l.name) || '|' || CASE l.status WHEN 'leave' THEN 'active' ELSE l.status END || '|' || COALESCE(CAST(l.start_date AS TEXT), '')
        AS line FROM learners l
    UNION ALL
    SELECT 'group|' || g.name FROM groups g WHERE g.deleted_run_id IS NULL AND g.by_hand
    UNION ALL
    SELECT 'member|' || COALESCE(l.email, l.name) || '|' || g.name || '|' || r.name || '|' || m.joined_on
    FROM memberships m JOIN groups g ON g.id = m.group_id JOIN rules r ON r.id = m.rule_id
    JOIN learners l ON l.id = m.learner_id
    UNION ALL
    SELECT 'waits|' || COALESCE(l.email, l.name) || '|' || g.name
    FROM dormant_memberships d JOIN groups g ON g.id = d.group_id JOIN learners l ON l.id = d.learner_id
    WHERE d.ended_run_id IS NULL AND g.deleted_run_id IS NULL
    UNION ALL
    SELECT 'excluded|' || COALESCE(l.email, l.name) || '|' || g.name
    FROM exclusions x JOIN groups g ON g.id = x.group_id JOIN learners l ON l.id = x.learner_id
    WHERE x.lifted_run_id IS NULL AND g.deleted_run_id IS NULL
    UNION ALL
    SELECT 'assigned|' || c.code || '|' || COALESCE(g.name, l.email, l.name) || '|' || s.due_kind || '|'
        || COALESCE(CAST(s.due_on AS TEXT), CAST(s.due_days AS TEXT), '')
    FROM assignments s JOIN courses c ON c.id = s.course_id LEFT JOIN groups g ON g.id = s.group_id
    LEFT JOIN learners l ON l.id = s.learner_id WHERE s.ended_run_id IS NULL
    UNION ALL
    SELECT 'enrolled|' || COALESCE(l.email, l.name) || '|' || c.code || '|' || COALESCE(CAST(e.due AS TEXT), '') || '|'
        || CASE WHEN e.completed_at IS NULL THEN 'open' ELSE 'done' END
    FROM enrollments e JOIN courses c ON c.id = e.course_id JOIN learners l ON l.id = e.learner_id
    WHERE e.state = 'active'";

fn state(company: &Company) -> BTreeSet<String> {
    company.sql(STATE).into_iter().filter_map(|mut row| row.remove("line").flatten()).collect()
}

/// A company whose courses have due dates of each kind.
fn begin(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.departments();
    company.rule("abroad", "Abroad", "location == \"Paris\"");
    company.rule("working", "Working", "status != \"leave\"");
    for course in ["A", "B", "C"] {
        company.course(course);
    }
    company.assignment("A", "Sales", "due_days = 60");
    company.assignment("A", "Legal", "due_days = 14");
    company.assignment("B", "*", "due_days_after_start = 10");
    for (at, who) in PEOPLE.iter().enumerate().take(5) {
        let (start, department) = (company.day(if at == 4 { 40 } else { -300 }), DEPARTMENTS[at % 3]);
        company.hire(who, &[("department", department), ("location", "Berlin"), ("start_date", &start)]);
    }
    company.sync();
    company.create("Club", &["ada", "eve"]);
    company.create("Choir", &["joe"]);
    company.assign("A", "Club", DuePolicy::AfterJoining(20));
    company.assign_alone("C", "bob", DuePolicy::AfterJoining(30));
    company.assign_alone("C", "kim", DuePolicy::AfterStart(30));
    company
}

/// Makes a step; `false` if it makes no sense now.
fn happens(company: &mut Company, Step { kind, who, what }: Step) -> bool {
    let (days, what, is_odd) = (what, what as usize, who % 2 == 1);
    let (who, group) = (PEOPLE[who], GROUPS[what % GROUPS.len()]);
    let is_there =
        |company: &Company| company.csv("hr").windows(who.len()).any(|text| text == who.as_bytes());
    let has_group = company.groups().contains(&group.to_owned());
    let known = company.count_rows(&format!("learners WHERE email = '{}'", email(who))) > 0;
    let before = company.last_run();
    match kind {
        0 if is_there(company) => company.leave(who),
        0 => company.hire(who, &[("department", DEPARTMENTS[what % 3]), ("start_date", &company.day(-9))]),
        1 | 2 if is_there(company) => company.change(who, &[("department", DEPARTMENTS[what % 3])]),
        3 if is_there(company) => {
            let day = company.day([-400, -200, 30, 90][what % 4]);
            company.change(who, &[("start_date", &day)]);
        }
        4 if is_there(company) => company.change(who, &[("status", ["active", "leave", "left"][what % 3])]),
        5 if is_there(company) => company.change(who, &[("location", ["Paris", "Berlin"][what % 2])]),
        6 if is_there(company) => {
            let (day, department) = (company.day([-100, 60][what % 2]), DEPARTMENTS[what % 3]);
            company.change(who, &[("start_date", &day), ("department", department)]);
        }
        7 | 8 if has_group && known => drop(company.add(group, who)),
        9 | 10 if has_group && known => drop(company.remove(group, who)),
        11 if has_group => company.delete(group),
        11 | 12 if !has_group && company.count_rows(&format!("groups WHERE name = '{group}'")) > 0 => {
            company.restore(group);
        }
        13 if has_group => {
            company.assign("A", group, DuePolicy::AfterJoining(5 + days));
        }
        14 if has_group => company.assign("C", group, DuePolicy::AfterStart(7)),
        15 if known => {
            company.assign_alone("C", who, DuePolicy::AfterJoining(3 + days));
        }
        16 if known => {
            let alone = "assignments s JOIN learners l ON l.id = s.learner_id WHERE s.ended_run_id IS NULL AND l.email";
            if company.count_rows(&format!("{alone} = '{}'", email(who))) > 0 {
                company.unassign_alone("C", who);
            }
        }
        17 if known && company.find_enrollment(who, "A").is_some() => company.complete(who, "A"),
        18 if is_odd => {
            company.advance_days(1 + i64::from(days % 20));
            company.move_start_dates(-1 - i64::from(days % 20));
            company.sync();
        }
        18 => let_days_pass(company, 1 + i64::from(days % 20)),
        19 if before > 0 => drop(company.undo(before)),
        _ => return false,
    }
    if kind < IN_DIRECTORY {
        company.sync();
    }
    company.drain();
    company.last_run() > before
}

/// Days pass while the source moves all first days along, so that they are as far from today as before. Due dates that
/// count from a first day are those that the first days give now.
fn let_days_pass(company: &Company, days: i64) {
    company.advance_days(days);
    company.sql(&format!(
        "INSERT INTO jobs (kind, learner_id, course_id, run_at, run_id)
         SELECT 'enroll', learner_id, course_id, '2000-01-01T00:00:00+00:00', {} FROM enrollments
         WHERE state = 'active'",
        company.last_run()
    ));
    company.drain();
}

/// Later events that are the same with and without an undone change.
fn goes_on(company: &mut Company) -> BTreeSet<String> {
    company.sync();
    let_days_pass(company, 7);
    for group in ["Sales", "Legal", "Research"] {
        if company.groups().contains(&group.to_owned()) {
            company.assign("A", group, DuePolicy::AfterJoining(60));
            company.assign("C", group, DuePolicy::AfterJoining(60));
        }
    }
    company.sync();
    company.verify();
    state(company)
}

fn lost_and_found(before: &BTreeSet<String>, after: &BTreeSet<String>) -> String {
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).map(|line| format!("  {line}\n")).collect::<String>()
    };
    format!("before alone:\n{}after alone:\n{}", only(before, after), only(after, before))
}

/// The people whom only the change made known stay known; they have nothing.
fn without_newcomers(lines: BTreeSet<String>, known: &BTreeSet<String>) -> BTreeSet<String> {
    let name = |line: &String| line.split('|').nth(1).unwrap_or_default().to_owned();
    let learners: BTreeSet<String> =
        known.iter().filter(|line| line.starts_with("learner|")).map(name).collect();
    lines.into_iter().filter(|line| !line.starts_with("learner|") || learners.contains(&name(line))).collect()
}

/// One history whose last step is undone.
fn check_undo(engine: Engine, history: &[Step], last: Step) -> Result<bool, String> {
    let mut company = begin(engine);
    for step in history {
        happens(&mut company, *step);
    }
    company.sync();
    let before = state(&company);
    if last.kind == 18 || !happens(&mut company, last) {
        return Ok(false);
    }
    let changed = state(&company);
    let undone = match company.undo(company.last_run()) {
        Ok(undone) => undone,
        Err(UndoError::Nothing { touched, .. }) if changed != before => {
            return Err(format!("nothing was undone: {touched:?}\n{}", lost_and_found(&before, &changed)));
        }
        Err(UndoError::Nothing { .. }) => return Ok(false),
        Err(why) => return Err(why.to_string()),
    };
    company.verify();
    let after = without_newcomers(state(&company), &before);
    if after != before {
        let why = lost_and_found(&before, &after);
        return Err(format!("the undo is not whole; touched: {:?}\n{why}", undone.touched));
    }
    let again = company.sync();
    if !matches!(again.outcome, RunOutcome::Unchanged) {
        return Err(format!("the change comes again: {:?}", again.counts));
    }
    let later = goes_on(&mut company);
    let mut twin = begin(engine);
    for step in history {
        happens(&mut twin, *step);
    }
    twin.sync();
    let expected = goes_on(&mut twin);
    let later = without_newcomers(later, &expected);
    if later != expected {
        return Err(format!("a trace stays\n{}", lost_and_found(&expected, &later)));
    }
    Ok(true)
}

/// Returns the steps without which the law would hold.
fn shrink(engine: Engine, mut history: Vec<Step>, last: Step) -> Vec<Step> {
    let mut at = 0;
    while at < history.len() {
        let mut fewer = history.clone();
        fewer.remove(at);
        if check_undo(engine, &fewer, last).is_err() { history = fewer } else { at += 1 }
    }
    history
}

/// An undone change leaves no trace, and does not come again.
#[test]
fn undone_change_leaves_no_trace() {
    let count = if is_long_run() { 4_000 } else { 8 };
    let length = if is_long_run() { 60 } else { 12 };
    let mut dice = SeededRng::new();
    let (mut undone, mut happened) = (0, 0);
    for number in 1..=count {
        let steps = dice.next_below(length);
        let history: Vec<Step> = (0..steps).map(|_| random_step(&mut dice)).collect();
        let last = random_step(&mut dice);
        happened += steps;
        let was_undone = Cell::new(false);
        on_both_unrecorded(|engine| match check_undo(engine, &history, last) {
            Ok(is_undone) => was_undone.set(is_undone),
            Err(why) => {
                let history = shrink(engine, history.clone(), last);
                let why = check_undo(engine, &history, last).err().unwrap_or(why);
                panic!("on {engine}, after\n{history:#?}\nthe undo of {last:?}: {why}");
            }
        });
        undone += usize::from(was_undone.get());
        if is_long_run() && number % 20 == 0 {
            eprintln!("{number} histories with {happened} steps, {undone} with something to undo");
        }
    }
    assert!(undone * 4 > count, "{undone} of {count} histories had something to undo");
}

/// A first day in the future is undone some days after the hire, and courses are due again as many days after the first day as
/// before. The days that pass leave no due date that the first day does not give.
#[test]
fn undone_first_day_restores_due_dates_after_days_passed() {
    let hire = Step { kind: 0, who: 5, what: 23 };
    let undo = Step { kind: 19, who: 0, what: 0 };
    let days = Step { kind: 18, who: 2, what: 51 };
    let later_first_day = Step { kind: 6, who: 5, what: 1 };
    on_both_unrecorded(|engine| {
        for history in [[hire, days].as_slice(), &[hire, undo, undo, days]] {
            assert_eq!(
                check_undo(engine, history, later_first_day),
                Ok(true),
                "on {engine}, after {history:?}"
            );
        }
    });
}
