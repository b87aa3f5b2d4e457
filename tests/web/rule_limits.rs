//! Expressions on the preview page that would use up the stack, the memory or the time of the service.

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::web::{PageResponse, WebClient};

/// More operators than the service has connections to its database.
const OPERATORS: usize = 9;

/// A company with so many people that an expensive expression does not end in time.
fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.departments();
    company.hire_many("s", 400, &[("department", "Sales"), ("location", "Berlin")]);
    company.sync();
    for number in 0..OPERATORS {
        company.account(&operator(number), Role::Operator);
    }
    company
}

fn operator(number: usize) -> String {
    format!("ops{number}@corp.example")
}

async fn try_out(visitor: &WebClient, expression: &str) -> PageResponse {
    visitor.post("/sync/rules", &[("when", expression)]).await
}

/// Uses nearly all steps for each person. It reads the address, so it is evaluated for each; the samples with which an
/// expression is compiled do not reach the lists.
fn slow_expression() -> String {
    let numbers = vec!["1"; 280].join(",");
    let bare = format!("[{numbers}].all(a, [{numbers}].all(b, a == b))");
    format!("location == \"Berlin\" && email != \"\" && {bare}")
}

/// Tries the slow expression twice, and returns when one is refused: the other is running then.
async fn start_slow(visitor: &WebClient) -> impl Future<Output = PageResponse> + use<> {
    let send = || {
        let visitor = visitor.clone();
        tokio::spawn(async move { try_out(&visitor, &slow_expression()).await })
    };
    let (mut first, mut second) = (send(), send());
    let (refused, running) = tokio::select! {
        page = &mut first => (page, second),
        page = &mut second => (page, first),
    };
    let refused = refused.expect("a page");
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Another try-out of this account is running"), "{refused:?}");
    async { running.await.expect("a page") }
}

/// Expressions that bomb by depth, steps, size and glob are refused, and the service goes on.
#[test]
fn bombs_are_refused_and_the_service_goes_on() {
    let company = company(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.signed_in_client(&operator(0)).await;
        let doubled = format!("[\"0123456789\"]{}.all(a, a != \"\")", ".map(a, a + a)".repeat(26));
        let braces = format!("glob(\"x\", \"{}{}\")", "{a,".repeat(400), "}".repeat(400));
        let nested = format!("{}true{}", "[1,2,3].all(x, ".repeat(9), ")".repeat(9));
        for (expression, message) in [
            (format!("1{} > 0", "+1".repeat(1_400)), "is 1,402 levels deep, at most 96 are allowed"),
            (format!("department{} == \"\"", ".a".repeat(1_900)), "levels deep, at most 96 are allowed"),
            (nested, "are nested 9 deep, at most 2 are allowed"),
            (doubled, "bytes or more, at most 1,048,576 are allowed"),
            (braces, "has 1,600 bytes, at most 500 are allowed"),
            ("(".repeat(4_001), "the expression has 4001 bytes"),
        ] {
            let page = try_out(&visitor, &expression).await;
            assert_eq!(page.status, 422, "{expression}: {page:?}");
            assert!(page.text.contains(message), "{expression}: {}", page.text);
            assert_eq!(visitor.get("/healthz").await.status, 200, "{expression}");
        }
    });
    site.end();
}

/// A link with an expression fills in the form and evaluates nothing.
#[test]
fn link_with_an_expression_starts_nothing() {
    let company = company(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.signed_in_client(&operator(0)).await;
        let page = visitor.get("/sync/rules?when=location+%3D%3D+%22Berlin%22").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("location == &#34;Berlin&#34;</textarea>"), "{}", page.text);
        assert!(!page.text.contains("learners match"), "{}", page.text);
        let page = try_out(&visitor, "location == \"Berlin\"").await;
        assert!(page.text.contains("400 learners match"), "{}", page.text);
    });
    site.end();
}

/// Expressions that run keep no connection: the pages answer while more of them run than there are connections. Each
/// ends when its time is over.
#[test]
fn running_previews_keep_no_connection() {
    on_both(|engine| {
        let company = company(engine);
        let site = company.serve();
        company.runtime.block_on(async {
            let mut visitors = Vec::new();
            for number in 0..OPERATORS {
                visitors.push(site.signed_in_client(&operator(number)).await);
            }
            let mut running = Vec::new();
            for visitor in visitors {
                running.push((start_slow(&visitor).await, visitor));
            }
            let (_, last) = running.last().expect("operators");
            assert_eq!(last.get("/readyz").await.status, 200);
            assert_eq!(last.get("/learners").await.status, 200);
            for (page, visitor) in running {
                let page = page.await;
                assert_eq!(page.status, 422);
                assert!(page.text.contains("for all people within 5 seconds"), "{}", page.text);
                assert_eq!(try_out(&visitor, "location == \"Berlin\"").await.status, 200);
            }
        });
        site.end();
    });
}

/// A preview that runs ends with the service.
#[test]
fn running_preview_ends_with_the_service() {
    let company = company(Engine::Sqlite);
    let site = company.serve();
    let visitor = company.runtime.block_on(site.signed_in_client(&operator(0)));
    let running = company.runtime.block_on(start_slow(&visitor));
    site.end();
    let page = company.runtime.block_on(running);
    assert!(page.text.contains("because the service is stopping"), "{page:?}");
}
