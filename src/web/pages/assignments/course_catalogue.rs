//! Course catalogue page: list, creation and CSV import.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use crate::WebContext;
use crate::csv_export;
use crate::error::format_sentence;
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::{PageResult, load_notice, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, CourseImportResult, GroupError};
use rollcall_model::names::fold;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::courses::{self, CourseListRow};

/// Maximum number of CSV errors that are shown.
const MAX_SHEET_ERRORS: usize = 20;

#[derive(Template)]
#[template(path = "assignments/course_catalogue.html")]
struct CourseCataloguePage<'a> {
    frame: Layout,
    text: &'a str,
    rows: Vec<CourseListRow>,
    next: Option<String>,
    is_first: bool,
    typed: CourseFormInput<'a>,
}

/// Input of the forms.
#[derive(Default)]
struct CourseFormInput<'a> {
    code: &'a str,
    title: &'a str,
    sheet: &'a str,
}

fn row_cursor(row: &CourseListRow) -> ListCursor {
    ListCursor { text: row.code_folded.clone(), id: row.id.0 }
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_catalogue(&web, &who, &query, CourseFormInput::default(), Vec::new()).await
}

async fn render_catalogue(
    web: &WebContext,
    who: &Principal,
    query: &FormData,
    typed: CourseFormInput<'_>,
    faults: Vec<FieldError>,
) -> PageResult {
    let text = query.text("q");
    let place = ListPageRequest::from_query(query);
    let mut tx = web.store.begin_read().await?;
    let mut rows = courses::list(&mut tx, &fold(text), place.to_store_page()).await?;
    let next = split_next_page(&mut rows, row_cursor);
    let frame = Layout::new(who, MenuItem::Assigned, "Courses")
        .notice(load_notice(&mut tx, query).await?)
        .faults(faults);
    let page = CourseCataloguePage { frame, text, rows, next, is_first: place.is_first(), typed };
    render_page_with_status(page.frame.status(), &page)
}

pub(in crate::pages) async fn export_csv(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    _: Extension<Principal>,
) -> PageResult {
    let text = fold(query.text("q"));
    let mut sheet = csv_export::CsvWriter::new(["title", "code", "from", "assigned"]);
    let mut tx = web.store.begin_read().await?;
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let rows = courses::list(&mut tx, &text, from).await?;
        let Some(last) = rows.last() else { break };
        after = row_cursor(last);
        for one in rows {
            sheet.write_row([&one.title, &one.code, one.source.as_str(), &one.assignments.to_string()]);
        }
    }
    Ok(sheet.into_download("courses.csv"))
}

pub(in crate::pages) async fn add(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let (code, title) = (form.text("code").trim(), form.text("title").trim());
    let typed = CourseFormInput { code, title, sheet: "" };
    let mut faults = Vec::new();
    if code.is_empty() {
        faults.push(FieldError::new("code", "Enter a code such as GDPR-101."));
    }
    if title.is_empty() {
        faults.push(FieldError::new("title", "Enter the title that learners see."));
    }
    if !faults.is_empty() {
        return render_catalogue(&web, &who, &FormData::default(), typed, faults).await;
    }
    let about = web.new_manual_run(&who, format!("add course `{code}`"));
    match groups::add_course(&web.store, &about, web.change_time(), code, title).await {
        Ok(done) => Ok(Redirect::to(&format!("/courses?run={}", done.run)).into_response()),
        Err(GroupError::Store(error)) => Err(error.into()),
        Err(error) => {
            let fault = FieldError::new("code", format_sentence(&error.to_string()));
            render_catalogue(&web, &who, &FormData::default(), typed, vec![fault]).await
        }
    }
}

/// Imports courses from CSV, or reports each invalid line.
pub(in crate::pages) async fn import(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let sheet = form.text("sheet");
    let about = web.new_manual_run(&who, "import courses");
    let faults = match groups::import_courses(&web.store, &about, web.change_time(), sheet.as_bytes()).await {
        Ok(CourseImportResult { done: Some(done), .. }) => {
            return Ok(Redirect::to(&format!("/courses?run={}", done.run)).into_response());
        }
        Ok(CourseImportResult { done: None, .. }) => {
            vec![FieldError::new("sheet", "The file does not contain a course below the first line.")]
        }
        Err(GroupError::BadSheet { mistakes }) => {
            let named = mistakes.iter().take(MAX_SHEET_ERRORS);
            named.map(|one| FieldError::new("sheet", format_sentence(&one.to_string()))).collect()
        }
        Err(error) => return Err(error.into()),
    };
    render_catalogue(
        &web,
        &who,
        &FormData::default(),
        CourseFormInput { sheet, ..CourseFormInput::default() },
        faults,
    )
    .await
}
