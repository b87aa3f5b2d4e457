//! Lists that grow: each is walked a page at a time with every row once, and comes whole as a file for a spreadsheet.

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::on_both;
use crate::support::web::{LICENSE_HOLDER, WebClient};

/// What stands between two texts, as often as it does.
fn between<'t>(text: &'t str, start: &'t str, end: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(start).skip(1).filter_map(move |rest| rest.split_once(end).map(|(inner, _)| inner))
}

/// The heads of the rows of a list, from its first page to its last, and how many pages that were.
async fn walk(visitor: &WebClient, path: &str) -> (Vec<String>, usize) {
    let (mut heads, mut pages, mut next) = (Vec::new(), 0, Some(path.to_owned()));
    while let Some(address) = next {
        let page = visitor.get(&address).await;
        assert_eq!(page.status, 200, "{address}: {page:?}");
        let name = |head| between(head, "<bdi>", "</bdi>").next().unwrap_or(head).to_owned();
        heads.extend(between(&page.text, "<th scope=\"row\">", "</th>").map(name));
        let to = between(&page.text, "rel=\"next\" href=\"", "\"").next().map(|to| to.replace("&amp;", "&"));
        let here = address.split('?').next().unwrap_or_default();
        let whole = |to: String| if to.starts_with('?') { format!("{here}{to}") } else { to };
        next = to.map(whole).map(|to| to.split('#').next().unwrap_or_default().to_owned());
        pages += 1;
        assert!(pages < 100, "the list does not end");
    }
    (heads, pages)
}

/// The first fields of a file, without its header.
async fn file(visitor: &WebClient, path: &str) -> Vec<String> {
    let page = visitor.get(path).await;
    assert_eq!(page.status, 200, "{path}: {page:?}");
    let rows = firsts(&page.text);
    assert!(!rows.is_empty(), "{path}");
    rows
}

fn firsts(text: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("a row")[0].to_owned()).collect()
}

/// Tokens are paged and can be exported.
#[test]
fn tokens_paged_and_exported() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.account(LICENSE_HOLDER, Role::LicenseHolder);
        let mut names: Vec<String> = (10..130).map(|at| format!("Export {at}")).collect();
        for name in &names {
            company.token(name, Role::Viewer);
        }
        company.token("=HYPERLINK(1)", Role::Viewer);
        let site = company.serve();
        let (mut heads, pages, mut rows) = company.runtime.block_on(async {
            let license = site.signed_in_client(LICENSE_HOLDER).await;
            let (heads, pages) = walk(&license, "/settings/tokens").await;
            (heads, pages, file(&license, "/settings/tokens.csv").await)
        });
        assert_eq!((pages, heads.len()), (3, 121));
        assert!(rows.contains(&"'=HYPERLINK(1)".to_owned()), "no formula leaves the page: {rows:?}");
        rows.retain(|name| !name.starts_with('\''));
        heads.retain(|name| !name.starts_with('='));
        names.sort();
        assert_eq!((&heads, &rows), (&names, &names));
        site.end();
    });
}

/// How much a list has, and that it is the same page by page and as a file.
async fn is_whole(visitor: &WebClient, path: &str, file_path: &str, rows: usize) {
    let (heads, pages) = walk(visitor, path).await;
    assert_eq!((heads.len(), pages), (rows, rows.div_ceil(50)), "{path}");
    let harmless = |text: &String| text.trim_start_matches('\'').to_owned();
    let in_file: Vec<String> = file(visitor, file_path).await.iter().map(harmless).collect();
    assert_eq!(heads, in_file, "{path}");
}

/// The warnings and the held changes of a run are paged and can be exported.
#[test]
fn run_warnings_and_holds_paged_and_exported() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 150, 0);
        company.account(LICENSE_HOLDER, Role::LicenseHolder);
        company.sync_without_hold();
        company.leave_many("s", 70);
        let held = company.sync_with_hold().run.expect("a number");
        let problem = |at: i32| {
            let kind = if at < 30 { "no_id" } else { "bad_date" };
            serde_json::json!({"kind": kind, "subject": format!("=row {at}"), "message": "it is odd"})
        };
        let problems = serde_json::Value::from((0..130).map(problem).collect::<Vec<_>>());
        company.sql(&format!(
            "UPDATE runs SET problems = '{problems}', people_set_aside = 45 WHERE id = {held}"
        ));
        let site = company.serve();
        company.runtime.block_on(async {
            let license = site.signed_in_client(LICENSE_HOLDER).await;
            let run = format!("/sync/runs/{held}");
            let page = license.get(&run).await.text;
            assert_eq!(page.matches("it is odd").count(), 20, "ten of each: {page}");
            assert!(page.contains("30 records that could not be used") && page.contains("100 problems"));
            let problems = format!("{run}/problems");
            is_whole(&license, &problems, &format!("{problems}.csv"), 130).await;
            for (which, rows) in [("aside", 30), ("other", 100)] {
                let csv = format!("{problems}.csv?which={which}");
                is_whole(&license, &format!("{problems}?which={which}"), &csv, rows).await;
            }
            let page = license.get(&problems).await.text;
            assert!(page.contains("15 more records were set aside"), "{page}");
            is_whole(&license, &format!("{run}?by=held"), &format!("{run}/held.csv"), 140).await;
        });
        site.end();
    });
}

/// Courses are paged and can be exported.
#[test]
fn courses_paged_and_exported() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.account(LICENSE_HOLDER, Role::LicenseHolder);
        let row = |at: i32| format!("('C-{at}', 'c-{at}', 'Course {at}', 'course {at}', 'hand')");
        let rows: Vec<String> = (100..220).map(row).collect();
        company.sql(&format!(
            "INSERT INTO courses (code, code_folded, title, title_folded, source) VALUES {}",
            rows.join(", ")
        ));
        let site = company.serve();
        company.runtime.block_on(async {
            let license = site.signed_in_client(LICENSE_HOLDER).await;
            is_whole(&license, "/courses", "/courses.csv", 120).await;
            is_whole(&license, "/courses?q=course+12", "/courses.csv?q=course+12", 10).await;
        });
        site.end();
    });
}
