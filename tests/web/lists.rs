//! Lists that grow: each is walked a page at a time with every row once, and comes whole as a file for a spreadsheet.

use rollcall::model::role::Role;

use crate::support::company::Company;
use crate::support::database::on_both;
use crate::support::web::Visitor;

const LICENSE: &str = "license@corp.example";

/// What stands between two texts, as often as it does.
fn between<'t>(text: &'t str, start: &'t str, end: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(start).skip(1).filter_map(move |rest| rest.split_once(end).map(|(inner, _)| inner))
}

/// The heads of the rows of a list, from its first page to its last, and how many pages that were.
async fn walk(visitor: &Visitor, path: &str) -> (Vec<String>, usize) {
    let (mut heads, mut pages, mut next) = (Vec::new(), 0, Some(path.to_owned()));
    while let Some(address) = next {
        let page = visitor.get(&address).await;
        assert_eq!(page.status, 200, "{address}: {page:?}");
        heads.extend(between(&page.text, "<th scope=\"row\">", "</th>").map(str::to_owned));
        next = between(&page.text, "rel=\"next\" href=\"", "\"").next().map(|to| to.replace("&amp;", "&"));
        pages += 1;
        assert!(pages < 100, "the list does not end");
    }
    (heads, pages)
}

/// The first fields of a file, without its header.
async fn file(visitor: &Visitor, path: &str) -> Vec<String> {
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

#[test]
fn tokens_come_page_by_page_and_as_a_file() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.account(LICENSE, Role::LicenseHolder);
        let mut names: Vec<String> = (10..130).map(|at| format!("Export {at}")).collect();
        for name in &names {
            company.token(name, Role::Viewer);
        }
        company.token("=HYPERLINK(1)", Role::Viewer);
        let site = company.serve();
        let (mut heads, pages, mut rows) = company.runtime.block_on(async {
            let license = site.signed_in(LICENSE).await;
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
