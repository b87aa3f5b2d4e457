//! One group: courses, members, history.

use askama::Template;
use axum::extract::{Path, State};
use chrono_tz::Tz;

use super::{find, local, origin};
use crate::accounts::Principal;
use crate::model::due::Due;
use crate::model::ids::{AssignmentId, RuleId};
use crate::model::words::count;
use crate::store::Tx;
use crate::store::groups::Group;
use crate::store::listing::From;
use crate::store::listing::members::{self, Row};
use crate::store::listing::{assignments, groups as listed};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::filters;
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, answer, notice};
use crate::web::trouble::Trouble;

/// Runs that the history shows.
const EVENTS: i64 = 20;

#[derive(Template)]
#[template(path = "groups/one.html")]
struct Page<'a> {
    frame: Frame,
    group: Group,
    size: String,
    origin: String,
    courses: Vec<Course>,
    text: &'a str,
    members: Vec<Member>,
    next: Option<String>,
    is_first: bool,
    history: Vec<Event>,
}

struct Course {
    id: AssignmentId,
    title: String,
    code: String,
    due: String,
    source: &'static str,
    enrolled: i64,
    completed: i64,
    overdue: i64,
}

struct Member {
    row: Row,
    why: String,
    joined: String,
}

struct Event {
    run: i64,
    at: String,
    actor: String,
    what: String,
    given: i64,
    ended: i64,
}

/// A due date in words.
pub(in crate::web::pages) fn due_in_words(due: Due) -> String {
    match due {
        Due::Never => "no due date".to_owned(),
        Due::On(day) => day.format("%e %B %Y").to_string().trim_start().to_owned(),
        Due::AfterJoining(days) => format!("{} after joining", count(u64::from(days), "day", "days")),
        Due::AfterStart(days) => format!("{} after the start date", count(u64::from(days), "day", "days")),
    }
}

/// Who assigned, in words.
pub(in crate::web::pages) fn source_in_words(source: &str) -> &'static str {
    if source == "file" { "the file" } else { "hand" }
}

async fn courses(tx: &mut Tx, web: &Web, group: &Group) -> Result<Vec<Course>, Trouble> {
    let rows = assignments::of_group(tx, group.id).await?;
    let progress = assignments::progress(tx, group.id, web.when().today).await?;
    let course = |row: assignments::Row| {
        let came = progress.iter().find(|one| one.course_id == row.course_id);
        let number = |of: fn(&assignments::Progress) -> i64| came.map_or(0, of);
        Course {
            id: row.id,
            due: due_in_words(row.due()),
            source: source_in_words(&row.source),
            title: row.title,
            code: row.code,
            enrolled: number(|one| one.enrolled),
            completed: number(|one| one.completed),
            overdue: number(|one| one.overdue),
        }
    };
    Ok(rows.into_iter().map(course).collect())
}

async fn members(tx: &mut Tx, group: &Group, rows: Vec<Row>) -> Result<Vec<Member>, Trouble> {
    let reasons = members::reasons(tx, group.id, rows.iter().map(|row| row.id).collect()).await?;
    let member = |row: Row| {
        let of = reasons.iter().filter(|(learner, ..)| *learner == row.id);
        let mut why: Vec<String> = of
            .map(
                |(_, rule, name)| {
                    if *rule == RuleId::BY_HAND { "by hand".to_owned() } else { format!("rule {name}") }
                },
            )
            .collect();
        let joined = row.joined_on.map_or_else(String::new, |day| day.to_string());
        if why.is_empty() {
            why.push(format!("by hand, waits ({})", row.status));
        }
        Member { why: why.join(", "), joined, row }
    };
    Ok(rows.into_iter().map(member).collect())
}

async fn history(tx: &mut Tx, group: &Group, zone: Tz) -> Result<Vec<Event>, Trouble> {
    let events = listed::history(tx, group.id, EVENTS).await?;
    let event = |one: listed::Event| Event {
        run: one.run,
        at: local(one.at, zone),
        actor: one.actor,
        what: one.what,
        given: one.given,
        ended: one.ended,
    };
    Ok(events.into_iter().map(event).collect())
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    shown(&web, &who, id, &query, Vec::new()).await
}

/// The page, with what was wrong with a form of it.
pub(super) async fn shown(web: &Web, who: &Principal, id: i64, query: &Form, faults: Vec<Fault>) -> Answer {
    let text = query.text("q");
    let place = Place::of(query);
    let zone = web.config().timezone;
    let mut tx = web.store.read().await?;
    let group = find(&mut tx, id).await?;
    let mut rows = members::page(&mut tx, group.id, text, place.from()).await?;
    let next = cut(&mut rows, |row| Cursor { text: row.name_folded.clone(), id: row.id });
    let members = members(&mut tx, &group, rows).await?;
    let courses = courses(&mut tx, web, &group).await?;
    let history = history(&mut tx, &group, zone).await?;
    let rules = listed::rules(&mut tx, vec![group.id.0]).await?;
    let rules: Vec<&str> = rules.iter().map(|(_, rule)| rule.as_str()).collect();
    let has_by_hand = listed::has_by_hand(&mut tx, group.id).await?;
    let frame = Frame::new(who, Here::Groups, group.name.clone())
        .notice(notice(&mut tx, query).await?)
        .faults(faults);
    let page = Page {
        frame,
        size: count(group.members.unsigned_abs(), "member", "members"),
        origin: origin(&rules, has_by_hand),
        group,
        courses,
        text,
        members,
        next,
        is_first: place.is_first(),
        history,
    };
    answer(page.frame.status(), &page)
}

pub(in crate::web::pages) async fn csv(State(web): State<Web>, Path(id): Path<i64>, _: Principal) -> Answer {
    let mut tx = web.store.read().await?;
    let group = find(&mut tx, id).await?;
    let header = ["name", "e-mail", "department", "location", "role", "why", "joined"];
    let mut sheet = csv::Sheet::new(header);
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let rows = members::page(&mut tx, group.id, "", from).await?;
        let Some(last) = rows.last() else { break };
        after = Cursor { text: last.name_folded.clone(), id: last.id };
        for one in members(&mut tx, &group, rows).await? {
            let Member { row, why, joined } = &one;
            sheet.row([&row.name, &row.email, &row.department, &row.location, &row.role, why, joined]);
        }
    }
    Ok(sheet.answer("members.csv"))
}
