//! Every page in both themes and at both widths: no violation that axe-core finds, nothing that runs over the side, and
//! a picture of each for whoever sets `ROLLCALL_PICTURES`.

use rollcall_model::role::Role;
use serde_json::json;

use crate::support::browser::BrowserWindow;
use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::npm;

/// The widths of a small telephone and of a wide screen, in pixels.
const WIDTHS: [u32; 2] = [320, 1600];

/// WCAG 2.2, levels A and AA, and what axe's makers recommend.
const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// Looks at one page; answers what is wrong with it.
async fn look(browser: &BrowserWindow, axe: &str, name: &str, path: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for dark in [false, true] {
        browser.dark(dark).await;
        for width in WIDTHS {
            browser.size(width, 900).await;
            browser.go(path).await;
            // A link fills in the form; the button evaluates it.
            if name.starts_with("sync-rules-") {
                browser.click("Try it").await;
                browser.says(if name.ends_with("mistake") { "Line 1" } else { "learners match" }).await;
            }
            let theme = if dark { "dark" } else { "light" };
            let picture = format!("{name}-{width}-{theme}");
            browser.whole_picture(&picture).await;
            let wide = browser.run("return document.documentElement.scrollWidth", vec![]).await;
            if wide.as_u64() > Some(u64::from(width)) {
                wrong.push(format!("{picture} runs over the side: {wide}"));
            }
            // The pages' policy lets no script in; the browser itself may run one.
            browser.run(axe, vec![]).await;
            let script = "const done = arguments[1];
                axe.run(document, {runOnly: arguments[0]}).then(found => done(found.violations.map(
                    one => one.id + ': ' + one.nodes.map(node => node.html + ' ' + node.failureSummary).join(' | '))));";
            let found = browser.run_async(script, vec![json!(RULES)]).await;
            for violation in found.as_array().expect("a list") {
                wrong.push(format!("{picture}: {violation}"));
            }
        }
    }
    wrong
}

const PAGES: [(&str, &str); 44] = [
    ("overview", "/"),
    ("groups", "/groups"),
    ("groups-by-members", "/groups?sort=members"),
    ("groups-none-found", "/groups?q=zzz"),
    ("group", "/groups/1"),
    ("group-create", "/groups/new"),
    ("group-create-search", "/groups/new?q=a"),
    ("group-add", "/groups/1/add"),
    ("group-name", "/groups/1/name"),
    ("group-delete", "/groups/1/delete"),
    ("assigned", "/assigned"),
    ("assigned-new", "/assigned/new"),
    ("assigned-one", "/assigned/1"),
    ("courses", "/courses"),
    ("learners", "/learners"),
    ("learner", "/learners/1"),
    ("learner-new", "/learners/new"),
    ("account", "/account"),
    ("account-second-factor", "/account/second-factor"),
    ("confirm", "/confirm?to=/settings"),
    ("settings", "/settings"),
    ("settings-tokens", "/settings/tokens"),
    ("settings-changes", "/settings/changes"),
    ("settings-sign-ins", "/settings/sign-ins"),
    ("settings-health", "/settings/health"),
    ("sync", "/sync"),
    ("sync-runs", "/sync/runs"),
    ("sync-runs-none", "/sync/runs?status=failed"),
    ("sync-run", "/sync/runs/1?by=group"),
    ("sync-run-by-person", "/sync/runs/1?by=person"),
    ("sync-run-held", "/sync/runs/3"),
    ("sync-approve", "/sync/runs/3/approve"),
    ("sync-undo", "/sync/runs/1/undo"),
    ("sync-run-problems", "/sync/runs/1/problems"),
    ("sync-retire", "/sync/connectors/old/retire"),
    ("sync-deed", "/sync/deeds/1"),
    ("sync-deed-lost", "/sync/deeds/2"),
    ("sync-plots", "/sync/plots"),
    ("sync-rules", "/sync/rules"),
    ("sync-rules-tried", "/sync/rules?when=department+%3D%3D+%22Sales%22&group=Engineering"),
    ("sync-rules-mistake", "/sync/rules?when=departmnt+%3D%3D+%22Sales%22"),
    ("jobs", "/jobs"),
    ("jobs-month", "/jobs?over=month"),
    ("missing", "/nothing"),
];

/// Pages that say what to do first.
const EMPTY: [(&str, &str); 13] = [
    ("empty-overview", "/"),
    ("empty-groups", "/groups"),
    ("empty-group-create", "/groups/new"),
    ("empty-assigned", "/assigned"),
    ("empty-assigned-new", "/assigned/new"),
    ("empty-courses", "/courses"),
    ("empty-learners", "/learners"),
    ("empty-tokens", "/settings/tokens"),
    ("empty-sync", "/sync"),
    ("empty-sync-runs", "/sync/runs"),
    ("empty-sync-plots", "/sync/plots"),
    ("empty-sync-rules", "/sync/rules"),
    ("empty-jobs", "/jobs"),
];

#[test]
fn empty_pages_are_accessible_and_fit_every_screen() {
    let company = Company::new(Engine::Sqlite);
    company.account("license@corp.example", Role::LicenseHolder);
    show(&company, &EMPTY);
}

#[test]
fn pages_are_accessible_and_fit_every_screen() {
    let mut company = Company::staffed(Engine::Sqlite, &[]);
    let odd = "Уршула Ściślewska-Öztürk 漢字漢字 the Third of Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch";
    for at in 0..120 {
        let department =
            ["Sales", "Engineering", "営業部", "Rechnungswesen und Controlling der Gesellschaft"][at % 4];
        company.hire(&format!("person{at}"), &[("department", department), ("location", "Berlin")]);
    }
    company.hire("odd", &[("name", odd), ("department", "Sales"), ("role", odd)]);
    company.text.push_str("[[course]]\ncode = 'GDPR-101'\ntitle = 'Data protection basics'\n");
    company.text.push_str("[[assignment]]\ncourse = 'GDPR-101'\ngroups = ['*']\ndue_days = 30\n");
    company.use_default_limits();
    company.sync_allowing_removals();
    company.account("license@corp.example", Role::LicenseHolder);
    for at in 0..60 {
        company.leave(&format!("person{at}"));
    }
    company.sync_with_hold();
    company.sql(
        "INSERT INTO jobs (kind, learner_id, course_id, state, attempts, run_at, error, run_id)
         SELECT 'enroll', id, 1, 'failed', 4, '2026-01-01T00:00:00+00:00', 'the database refused it', 1
         FROM learners WHERE id <= 60",
    );
    company.sql(
        "INSERT INTO connectors (name, kind, scheduled_until) VALUES ('old', 'csv', '2026-01-01T00:00:00+00:00');
         INSERT INTO nodes (id, host, version, file_digest, started_at, seen_at)
         VALUES ('there:1/1', 'there', '1', '', '2026-01-01T00:00:00+00:00', '2099-01-01T00:00:00+00:00')",
    );
    for (id, holder) in [(1, "there:1"), (2, "gone:1")] {
        let order = json!({"title": "Approve run 3", "what": "approve run 3", "back": "/sync/runs/3"});
        let kept = json!({"order": order, "actor": "x", "after": 0, "holder": holder, "ended": null});
        company.sql(&format!(
            "INSERT INTO drafts (id, account_id, kind, answers, touched_at)
             VALUES ({id}, 1, 'deed', '{kept}', '2099-01-01T00:00:00+00:00')"
        ));
    }
    show(&company, &PAGES);
}

fn show(company: &Company, pages: &[(&str, &str)]) {
    let axe = npm::file("axe-core@4.11.0", "axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core");
    let site = company.serve();
    company.runtime.block_on(async {
        let browser = BrowserWindow::open(&site.base, true).await;
        let mut wrong = look(&browser, &axe, "sign-in", "/sign-in").await;
        browser.close().await;
        let browser = site.open_window("license@corp.example", true).await;
        for (name, path) in pages {
            wrong.extend(look(&browser, &axe, name, path).await);
        }
        browser.close().await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
    site.end();
}
