//! The pictures of the README.
//!
//! `ROLLCALL_PICTURES=1 cargo test --test suite -- pictures` renews them.

use std::path::Path;

use rollcall_model::role::Role;

use crate::support::company::{Company, email};
use crate::support::database::Engine;
use crate::support::web::WebServer;

/// Pictures of the README, and the pages that they show.
const PICTURES: [(&str, &str); 2] = [("groups", "Groups"), ("group", "Sales Berlin")];

/// The width of a README and the height of a screen, in pixels.
const SIZE: (u32, u32) = (1200, 675);

const PEOPLE: [(&str, &str, &str, &str); 12] = [
    ("Amara Okafor", "Sales", "Berlin", "Account executive"),
    ("Björn Lindqvist", "Sales", "Berlin", "Head of sales"),
    ("Chiara Romano", "Sales", "Milan", "Account executive"),
    ("Daniel Weiß", "Engineering", "Berlin", "Developer"),
    ("Elif Yılmaz", "Engineering", "Berlin", "Developer"),
    ("Fatima Zahra", "Engineering", "Milan", "Tester"),
    ("Goran Petrović", "Warehouse", "Berlin", "Shift lead"),
    ("Hana Sato", "Warehouse", "Milan", "Forklift driver"),
    ("Isabel Moreno", "People", "Milan", "Recruiter"),
    ("Jakub Nowak", "Sales", "Berlin", "Account executive"),
    ("Karin Vogel", "Finance", "Berlin", "Controller"),
    ("Liam Byrne", "Finance", "Milan", "Accountant"),
];

fn company() -> Company {
    let mut company = Company::new(Engine::Sqlite);
    company.rule("departments", "Department: {department}", "department != \"\"");
    company.rule("berlin-sales", "Sales Berlin", "department == \"Sales\" && location == \"Berlin\"");
    for (at, (name, department, location, role)) in PEOPLE.into_iter().enumerate() {
        let values = [("name", name), ("department", department), ("location", location), ("role", role)];
        company.hire(&format!("e{at}"), &values);
    }
    for (code, title) in [("GDPR-101", "Data protection basics"), ("SALES-201", "Selling without tricks")] {
        company.text.push_str(&format!("[[course]]\ncode = '{code}'\ntitle = '{title}'\n"));
    }
    company.assignment("GDPR-101", "Department: *", "due_days = 30");
    company.assignment("SALES-201", "Sales Berlin", "due_days = 14");
    company.sync();
    company.create("First aiders", &["e3", "e6", "e8"]);
    company.add("Sales Berlin", "e2");
    company.complete("e0", "SALES-201");
    company.account(&email("ada"), Role::Manager);
    company
}

async fn take(site: &WebServer, to: &Path) {
    let browser = site.open_window(&email("ada"), true).await;
    browser.size(SIZE.0, SIZE.1).await;
    for (name, page) in PICTURES {
        browser.click(page).await;
        browser.says(page).await;
        browser.picture(&to.join(format!("{name}.png"))).await;
    }
    browser.close().await;
}

/// The screenshots of the README show existing pages.
#[test]
fn readme_screenshots_show_existing_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let kept = root.join("docs/pages");
    let to = match std::env::var_os("ROLLCALL_PICTURES") {
        Some(_) => kept.clone(),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme"),
    };
    std::fs::create_dir_all(&to).expect("a folder");
    let company = company();
    let site = company.serve();
    company.runtime.block_on(take(&site, &to));
    site.end();
    for (name, _) in PICTURES {
        assert!(readme.contains(&format!("(docs/pages/{name}.png)")), "the README shows `{name}`");
        assert!(kept.join(format!("{name}.png")).exists(), "`{name}` is kept");
    }
}
