//! The scripts of the pages: they take nothing from the user that a page without scripts would keep.

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::Engine;

const MANAGER: &str = "manager@corp.example";

fn company() -> Company {
    let company = Company::staffed(Engine::Sqlite, &[("ada", "Sales"), ("bob", "Sales")]);
    company.account(MANAGER, Role::Manager);
    company.sync();
    company
}

/// A page whose jobs are done is loaded again, but not while the user goes to another page.
#[test]
fn page_that_user_leaves_is_not_reloaded() {
    // The jobs are done at the first look; navigations are noted and do not happen.
    const PAGE: &str = "
        window.seen = [];
        navigation.addEventListener('navigate', (event) => {
            window.seen.push(event.navigationType);
            event.preventDefault();
        });
        window.fetch = async () => {
            window.isAsked = true;
            return new Response('{\"left\": 0, \"text\": \"\"}');
        };
        document.body.insertAdjacentHTML('beforeend', '<p data-progress=\"/progress\"><span data-text></span></p>');
        const again = document.createElement('script');
        again.type = 'module';
        again.src = document.querySelector('script[src]').src + '?again';
        again.onload = () => { window.isReady = true; };
        document.head.append(again);";
    let company = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let browser = site.open_window(MANAGER, true).await;
        for (leaves, expected) in [(false, serde_json::json!(["reload"])), (true, serde_json::json!([]))] {
            browser.go("/groups").await;
            browser.run(PAGE, Vec::new()).await;
            browser.waits_until("return window.isReady === true").await;
            if leaves {
                browser.run("dispatchEvent(new Event('beforeunload'));", Vec::new()).await;
            }
            browser.waits_until("return window.isAsked === true").await;
            let seen = "setTimeout(() => arguments[0](window.seen), 100);";
            assert_eq!(browser.run_async(seen, Vec::new()).await, expected, "leaves: {leaves}");
        }
        browser.close().await;
    });
    site.end();
}

/// What is ticked while a search is under way is kept, in the list that it brings and outside of it.
#[test]
fn tick_during_search_is_kept() {
    let company = company();
    let site = company.serve();
    company.runtime.block_on(async {
        let browser = site.open_window(MANAGER, true).await;
        browser.go("/groups/new").await;
        browser.fill("Group name", "Choir").await;
        // The response is there when the test says so.
        let hold = "const real = window.fetch;
            window.fetch = async (...request) => {
                const response = await real(...request);
                await new Promise((go) => { window.release = go; document.body.append('response is held'); });
                return response;
            };";
        browser.run(hold, Vec::new()).await;
        browser.fill("Search by name", "ada").await;
        browser.says("response is held").await;
        browser.tick("ada").await;
        browser.tick("bob").await;
        browser.run("window.release(); document.body.lastChild.remove();", Vec::new()).await;
        browser.waits_until("return !document.body.innerText.includes('bob@corp.example')").await;
        browser.says("2 chosen").await;
        browser.click("Save").await;
        browser.arrives("/groups?run=").await;
        browser.close().await;
    });
    assert_eq!(company.members("Choir"), ["ada", "bob"]);
    site.end();
}
