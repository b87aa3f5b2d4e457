//! The help article, sentence by sentence, by somebody who has read nothing else.

use rollcall::model::role::Role;

use crate::support::browser::Browser;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::until;
use crate::support::web::Site;

/// People of a small company, and one course.
fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    for (who, department, location) in [
        ("ada", "Sales", "Berlin"),
        ("grace", "Sales", "Paris"),
        ("linus", "Engineering", "Berlin"),
        ("margaret", "Engineering", "Boston"),
    ] {
        company.hire(who, &[("department", department), ("location", location)]);
    }
    company.text = "[[course]]\ncode = 'GDPR-101'\ntitle = 'Data protection basics'\n".to_owned();
    company.sync();
    company.account("license@corp.example", Role::LicenseHolder);
    company.account("manager@corp.example", Role::Manager);
    company
}

/// The members of a group, by their addresses.
fn members(company: &Company, group: &str) -> Vec<String> {
    let rows = company.sql(&format!(
        "SELECT DISTINCT l.email AS email FROM memberships m JOIN groups g ON g.id = m.group_id
         JOIN learners l ON l.id = m.learner_id
         WHERE g.name = '{group}' AND g.deleted_run_id IS NULL ORDER BY 1"
    ));
    rows.iter().map(|row| row["email"].clone().expect("an address").replace("@corp.example", "")).collect()
}

/// Who may open the course, by their addresses, once the workers have caught up.
fn enrolled(company: &Company) -> Vec<String> {
    until("the queue is empty", || company.count("jobs") == 0);
    let rows = company.sql(
        "SELECT l.email AS email FROM enrollments e JOIN learners l ON l.id = e.learner_id
         WHERE e.state = 'active' ORDER BY 1",
    );
    rows.iter().map(|row| row["email"].clone().expect("an address").replace("@corp.example", "")).collect()
}

#[test]
fn every_sentence_of_the_article_is_true_in_the_browser_with_scripts_and_without() {
    on_both(|engine| {
        for scripts in [true, false] {
            let company = company(engine);
            let site = company.serve();
            company.runtime.block_on(walk(&company, &site, scripts));
            company.verify();
            site.end();
        }
    });
}

async fn walk(company: &Company, site: &Site, scripts: bool) {
    // "User Groups give license holders and managers full control over team organization, without needing support to
    // make changes." The walk is a manager's; a license holder sees the same menu.
    let license = site.window("license@corp.example", scripts).await;
    for item in ["Groups", "Assigned courses", "Learners"] {
        license.click(item).await;
    }
    license.close().await;
    let browser = site.window("manager@corp.example", scripts).await;
    create(company, &browser).await;
    assign(company, &browser).await;
    change_members(company, &browser).await;
    manage(company, &browser).await;
    browser.close().await;
}

/// How to create a User Group.
async fn create(company: &Company, browser: &Browser) {
    // 1. "Go to Groups in the left-hand menu"
    browser.click("Groups").await;
    // 2. "Click Create group"
    browser.click("Create group").await;
    // 3. "Enter a group name"
    browser.fill("Group name", "Sales Europe").await;
    // 4. "Add members by: Searching by name or scrolling through the member list"
    browser.fill("Search by name", "ad").await;
    browser.click("Search").await;
    browser.says("ada@corp.example").await;
    // "Selecting the members you want to include in the user group"
    browser.tick("ada").await;
    browser.fill("Search by name", "").await;
    browser.click("Search").await;
    browser.says("margaret@corp.example").await;
    browser.says("1 chosen").await;
    browser.tick("grace").await;
    assert_eq!(browser.value("Group name").await, "Sales Europe");
    // 5. "Click Save"
    browser.click("Save").await;
    // "Your new group will now appear in the Groups overview."
    assert!(browser.path().await.starts_with("/groups"), "{}", browser.path().await);
    browser.says("Sales Europe").await;
    has_members(company, "Sales Europe", &["ada", "grace"]);
}

/// Assigning courses to a group.
async fn assign(company: &Company, browser: &Browser) {
    // 1. "Go to Assigned courses and click “Assign course.”"
    browser.click("Assigned courses").await;
    browser.click("Assign course").await;
    // 2. "Select the course and click Next"
    browser.tick("Data protection basics").await;
    browser.click("Next").await;
    // 3. "Choose Assign groups and select the group you want"
    browser.tick("Assign groups").await;
    browser.tick("Sales Europe").await;
    // 4. "Set a due date"
    browser.tick("After joining:").await;
    browser.fill("Days after joining", "30").await;
    // 5. "Click Save"
    browser.click("Save").await;
    // 6. "The course will now be assigned to everyone in that group."
    browser.says("Data protection basics").await;
    browser.says("30 days after joining").await;
    has_enrolled(company, &["ada", "grace"]);
    let due = company_count(company, "enrollments WHERE state = 'active' AND due IS NOT NULL");
    assert_eq!(due, 2);
}

/// What happens when group membership changes?
async fn change_members(company: &Company, browser: &Browser) {
    // "Adding a new member: When you add someone to a group, they are automatically enrolled in any courses assigned to
    // that group."
    browser.click("Groups").await;
    browser.click("Sales Europe").await;
    browser.click("Add members").await;
    browser.tick("linus").await;
    browser.click("Save").await;
    browser.says("linus@corp.example").await;
    has_members(company, "Sales Europe", &["ada", "grace", "linus"]);
    has_enrolled(company, &["ada", "grace", "linus"]);
    // "Removing a member: When you remove someone, they lose access to the group assignment."
    browser.go(&browser.path().await).await;
    browser.tick("Choose grace").await;
    browser.click("Remove").await;
    has_members(company, "Sales Europe", &["ada", "linus"]);
    has_enrolled(company, &["ada", "linus"]);
}

/// Managing your groups.
async fn manage(company: &Company, browser: &Browser) {
    // "Once created, you can update groups anytime by: Editing the group name"
    browser.click("Groups").await;
    browser.click("Sales Europe").await;
    browser.click("Edit name").await;
    browser.fill("Group name", "Sales EMEA").await;
    browser.click("Save").await;
    browser.says("Sales EMEA").await;
    has_members(company, "Sales EMEA", &["ada", "linus"]);
    has_enrolled(company, &["ada", "linus"]);
    // "Members can belong to multiple groups, so you can organize learners in flexible ways."
    browser.click("Groups").await;
    browser.click("Create group").await;
    browser.fill("Group name", "Berlin").await;
    browser.tick("ada").await;
    browser.tick("linus").await;
    browser.click("Save").await;
    has_members(company, "Berlin", &["ada", "linus"]);
    has_members(company, "Sales EMEA", &["ada", "linus"]);
    // "Deleting a group when it's no longer needed" and "If you delete a group, any course assignments linked to that
    // group are also removed."
    browser.click("Groups").await;
    browser.click("Sales EMEA").await;
    browser.click("Delete group").await;
    browser.says("1 assigned course").await;
    browser.says("2 learners").await;
    browser.click("Delete group").await;
    has_members(company, "Sales EMEA", &[]);
    assert_eq!(company_count(company, "assignments WHERE ended_run_id IS NULL"), 0);
    has_enrolled(company, &[]);
    browser.click("Assigned courses").await;
    browser.says("No course is assigned yet").await;
}

/// Looks into the database from within the walk.
fn aside<T: Send>(look: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(look).join().expect("an answer"))
}

fn has_members(company: &Company, group: &str, expected: &[&str]) {
    aside(|| until(&format!("`{group}` has {expected:?}"), || members(company, group) == expected));
}

fn has_enrolled(company: &Company, expected: &[&str]) {
    aside(|| until(&format!("{expected:?} are enrolled"), || enrolled(company) == expected));
}

fn company_count(company: &Company, from: &str) -> i64 {
    aside(|| company.count(from))
}
