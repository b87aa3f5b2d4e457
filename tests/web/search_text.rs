//! Texts of queries and forms that no page and no list accepts.

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::LICENSE_HOLDER;

const LISTS: [&str; 6] = ["/groups", "/assigned", "/courses", "/learners", "/learners.csv", "/groups/new"];
const API_LISTS: [&str; 4] = ["/api/v1/groups", "/api/v1/learners", "/api/v1/courses", "/api/v1/assignments"];

/// A search text of more than 200 characters or 20 words is refused with a message on pages and in the API.
#[test]
fn long_search_text_is_refused() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.signed_in_client(LICENSE_HOLDER).await;
        let many_words = "a+".repeat(21);
        let long_text = "a".repeat(201);
        for (text, says) in [
            (&many_words, "search text has at most 20 words."),
            (&long_text, "search text has at most 200 characters."),
        ] {
            for list in LISTS {
                let page = visitor.get(&format!("{list}?q={text}")).await;
                assert!(page.status == 400 && page.text.contains(says), "{list}: {page:?}");
            }
            for list in API_LISTS {
                let page = visitor.get(&format!("{list}?q={text}")).await;
                assert!(page.status == 422 && page.text.contains(says), "{list}: {page:?}");
            }
            let text = text.replace('+', " ");
            let form = [("name", "Sales"), ("q", text.as_str()), ("do", "all")];
            let page = visitor.post("/groups/new", &form).await;
            assert!(page.status == 400 && page.text.contains(says), "{page:?}");
        }
        let most = "a+".repeat(20);
        assert_eq!(visitor.get(&format!("/learners?q={most}")).await.status, 200);
    });
    assert_eq!(company.count_rows("drafts"), 0);
    site.end();
}

/// A query or form with the character U+0000 is refused on both databases, whatever its field.
#[test]
fn zero_character_is_refused_in_queries_and_forms() {
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let visitor = site.signed_in_client(LICENSE_HOLDER).await;
            let says = "A text cannot contain the character U+0000.";
            for path in [
                "/groups?q=%00",
                "/learners?q=a%00",
                "/sync/runs?connector=%00",
                "/sync/runs.csv?connector=%00",
                "/settings/changes?who=%00",
                "/sign-in?to=/%00",
            ] {
                let page = visitor.get(path).await;
                assert!(page.status == 400 && page.text.contains(says), "{path}: {page:?}");
            }
            for path in ["/groups/new", "/courses", "/learners/new", "/sign-in"] {
                let page = visitor.post(path, &[("name", "a\0"), ("do", "save")]).await;
                assert!(page.status == 400 && page.text.contains(says), "{path}: {page:?}");
            }
            for path in ["/sync/connectors/%00/retire", "/sync/connectors/a%00/retire", "/welcome/%00"] {
                assert_eq!(visitor.get(path).await.status, 404, "{path}");
                assert_eq!(visitor.post(path, &[("allow", "yes")]).await.status, 404, "{path}");
            }
            // The first page of the list, as with any other invalid cursor.
            assert_eq!(visitor.get("/learners?after=WyJcdTAwMDAiLDFd").await.status, 200);
        });
        site.end();
    });
}
