//! Group page: courses, members, history.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{find_group, format_local_time, format_origin};
use crate::WebContext;
use crate::csv_export;
use crate::error::PageError;
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::{PageResult, load_notice, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::format::count;
use rollcall_model::ids::{AssignmentId, LearnerId, RuleId};
use rollcall_store::Tx;
use rollcall_store::groups::Group;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::exclusions::{self, ExclusionListRow};
use rollcall_store::listing::members::{self, MemberListRow};
use rollcall_store::listing::{assignments, groups as listed};

/// People kept out that are shown on a page.
const EXCLUDED_ROWS: usize = 50;

/// People kept out that are read for a page: one more, to detect a following page.
const EXCLUDED_FETCHED: i64 = 51;

/// Number of runs shown in the history.
const HISTORY_LENGTH: i64 = 20;

#[derive(Template)]
#[template(path = "groups/group_detail.html")]
struct GroupDetailPage<'a> {
    frame: Layout,
    group: Group,
    origin: String,
    tab: GroupTab,
    progress: GroupProgress,
    courses: Vec<GroupCourseLine>,
    text: &'a str,
    members: Vec<GroupMemberLine>,
    next: Option<String>,
    is_first: bool,
    excluded: Vec<ExclusionListRow>,
    next_excluded: Option<i64>,
    is_first_excluded: bool,
    history: Vec<GroupHistoryLine>,
}

/// Part of the page of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupTab {
    Members,
    Courses,
    Excluded,
    History,
}

impl GroupTab {
    const ALL: [Self; 4] = [Self::Members, Self::Courses, Self::Excluded, Self::History];

    fn from_query(query: &FormData) -> Self {
        match query.text("tab") {
            "courses" => Self::Courses,
            "excluded" => Self::Excluded,
            "history" => Self::History,
            _ => Self::Members,
        }
    }

    fn query(self) -> &'static str {
        match self {
            Self::Members => "",
            Self::Courses => "?tab=courses",
            Self::Excluded => "?tab=excluded",
            Self::History => "?tab=history",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Members => "Members",
            Self::Courses => "Courses",
            Self::Excluded => "Kept out",
            Self::History => "History",
        }
    }
}

/// Enrollments of the members in the courses of the group.
struct GroupProgress {
    enrolled: i64,
    completed: i64,
    overdue: i64,
}

impl GroupProgress {
    fn of(courses: &[GroupCourseLine]) -> Self {
        Self {
            enrolled: courses.iter().map(|one| one.enrolled).sum(),
            completed: courses.iter().map(|one| one.completed).sum(),
            overdue: courses.iter().map(|one| one.overdue).sum(),
        }
    }

    /// Completed enrollments in percent, rounded down.
    fn percent(&self) -> i64 {
        self.completed * 100 / self.enrolled.max(1)
    }
}

struct GroupCourseLine {
    id: AssignmentId,
    title: String,
    code: String,
    due: String,
    source: &'static str,
    enrolled: i64,
    completed: i64,
    overdue: i64,
}

struct GroupMemberLine {
    row: MemberListRow,
    why: String,
}

struct GroupHistoryLine {
    run: i64,
    at: String,
    actor: String,
    what: String,
    given: i64,
    ended: i64,
}

/// Formats a due date.
pub(in crate::pages) fn format_due_date(due: DuePolicy) -> String {
    match due {
        DuePolicy::Never => "no due date".to_owned(),
        DuePolicy::On(day) => day.format("%-d %b %Y").to_string(),
        DuePolicy::AfterJoining(days) => format!("{} after joining", count(u64::from(days), "day", "days")),
        DuePolicy::AfterStart(days) => {
            format!("{} after the start date", count(u64::from(days), "day", "days"))
        }
    }
}

/// Formats the source of an assignment.
pub(in crate::pages) fn format_source(source: DefinitionSource) -> &'static str {
    match source {
        DefinitionSource::File => "the file",
        DefinitionSource::Hand => "hand",
    }
}

async fn load_courses(
    tx: &mut Tx,
    web: &WebContext,
    group: &Group,
) -> Result<Vec<GroupCourseLine>, PageError> {
    let rows = assignments::list_by_group(tx, group.id).await?;
    let progress = assignments::list_progress(tx, group.id, web.change_time().today).await?;
    let course = |row: assignments::AssignmentListRow| {
        let came = progress.iter().find(|one| one.course_id == row.course_id);
        let number = |of: fn(&assignments::AssignmentProgress) -> i64| came.map_or(0, of);
        GroupCourseLine {
            id: row.id,
            due: format_due_date(row.due()),
            source: format_source(row.source),
            title: row.title,
            code: row.code,
            enrolled: number(|one| one.enrolled),
            completed: number(|one| one.completed),
            overdue: number(|one| one.overdue),
        }
    };
    Ok(rows.into_iter().map(course).collect())
}

async fn load_members(
    tx: &mut Tx,
    group: &Group,
    rows: Vec<MemberListRow>,
) -> Result<Vec<GroupMemberLine>, PageError> {
    let reasons = members::list_reasons(tx, group.id, rows.iter().map(|row| row.id).collect()).await?;
    let member = |row: MemberListRow| {
        let of = reasons.iter().filter(|(learner, ..)| *learner == row.id);
        let mut why: Vec<String> = of
            .map(
                |(_, rule, name)| {
                    if *rule == RuleId::BY_HAND { "by hand".to_owned() } else { format!("rule {name}") }
                },
            )
            .collect();
        if why.is_empty() {
            why.push(format!("by hand, waits ({})", row.status));
        }
        GroupMemberLine { why: why.join(", "), row }
    };
    Ok(rows.into_iter().map(member).collect())
}

/// Loads the people kept out of a group that follow a learner, and the last of them if there are more.
async fn load_excluded(
    tx: &mut Tx,
    group: &Group,
    after: i64,
    today: NaiveDate,
) -> Result<(Vec<ExclusionListRow>, Option<i64>), PageError> {
    let mut rows = exclusions::list_by_group(tx, group.id, LearnerId(after), EXCLUDED_FETCHED, today).await?;
    let has_more = rows.len() > EXCLUDED_ROWS;
    if has_more {
        rows.pop();
    }
    let last = rows.last().filter(|_| has_more).map(|row| row.learner_id);
    Ok((rows, last))
}

async fn load_history(tx: &mut Tx, group: &Group, zone: Tz) -> Result<Vec<GroupHistoryLine>, PageError> {
    let events = listed::list_history(tx, group.id, HISTORY_LENGTH).await?;
    let event = |one: listed::GroupHistoryEntry| GroupHistoryLine {
        run: one.run,
        at: format_local_time(one.at, zone),
        actor: one.actor,
        what: one.what,
        given: one.given,
        ended: one.ended,
    };
    Ok(events.into_iter().map(event).collect())
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_group(&web, &who, id, &query, Vec::new()).await
}

/// Renders the page with validation errors.
pub(super) async fn render_group(
    web: &WebContext,
    who: &Principal,
    id: i64,
    query: &FormData,
    faults: Vec<FieldError>,
) -> PageResult {
    let text = query.text("q");
    let place = ListPageRequest::from_query(query);
    let zone = web.config().timezone;
    let mut tx = web.store.begin_read().await?;
    let group = find_group(&mut tx, id).await?;
    let tab = GroupTab::from_query(query);
    let courses = load_courses(&mut tx, web, &group).await?;
    let excluded_after = query.number("excluded");
    let (mut members, mut next, mut excluded, mut next_excluded, mut history) = Default::default();
    match tab {
        GroupTab::Courses => {}
        GroupTab::Members => {
            let mut rows = members::list(&mut tx, group.id, text, place.to_store_page()).await?;
            next = split_next_page(&mut rows, |row| ListCursor { text: row.name_folded.clone(), id: row.id });
            members = load_members(&mut tx, &group, rows).await?;
        }
        GroupTab::Excluded => {
            let today = web.change_time().today;
            (excluded, next_excluded) =
                load_excluded(&mut tx, &group, excluded_after.unwrap_or_default(), today).await?;
        }
        GroupTab::History => history = load_history(&mut tx, &group, zone).await?,
    }
    let rules = listed::list_rules(&mut tx, vec![group.id.0]).await?;
    let rules: Vec<&str> = rules.iter().map(|(_, rule)| rule.as_str()).collect();
    let has_by_hand = listed::has_by_hand(&mut tx, group.id).await?;
    let frame = Layout::new(who, MenuItem::Groups, group.name.clone())
        .notice(load_notice(&mut tx, query).await?)
        .faults(faults);
    let page = GroupDetailPage {
        frame,
        tab,
        progress: GroupProgress::of(&courses),
        origin: format_origin(&rules, has_by_hand),
        group,
        courses,
        text,
        members,
        next,
        is_first: place.is_first(),
        excluded,
        next_excluded,
        is_first_excluded: excluded_after.is_none(),
        history,
    };
    render_page_with_status(page.frame.status(), &page)
}

pub(in crate::pages) async fn export_csv(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    _: Extension<Principal>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let group = find_group(&mut tx, id).await?;
    let header = ["name", "e-mail", "department", "location", "role", "why", "joined"];
    let mut sheet = csv_export::CsvWriter::new(header);
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let rows = members::list(&mut tx, group.id, "", from).await?;
        let Some(last) = rows.last() else { break };
        after = ListCursor { text: last.name_folded.clone(), id: last.id };
        for one in load_members(&mut tx, &group, rows).await? {
            let GroupMemberLine { row, why } = &one;
            let joined = row.joined_on.map_or_else(String::new, |day| day.to_string());
            sheet.write_row([&row.name, &row.email, &row.department, &row.location, &row.role, why, &joined]);
        }
    }
    Ok(sheet.into_download("members.csv"))
}
