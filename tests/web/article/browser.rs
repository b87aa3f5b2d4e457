//! The article in the real browser.

use rollcall::model::role::Role;

use super::{Company, Course, Hand, Reader, Section};
use crate::support::browser::Browser;
use crate::support::web::Site;

const LICENSE_HOLDER: &str = "license@corp.example";
const MANAGER: &str = "manager@corp.example";
const VIEWER: &str = "viewer@corp.example";

/// A manager, who has read only the article.
struct Manager<'a> {
    site: &'a Site,
    browser: &'a Browser,
    scripts: bool,
}

pub fn walk(mut company: Company, scripts: bool) {
    company.account(LICENSE_HOLDER, Role::LicenseHolder);
    company.account(MANAGER, Role::Manager);
    company.account(VIEWER, Role::Viewer);
    let site = company.serve();
    let browser = company.runtime.block_on(site.window(MANAGER, scripts));
    super::walk(&mut company, &Manager { site: &site, browser: &browser, scripts });
    company.runtime.block_on(browser.close());
    site.end();
}

impl Manager<'_> {
    /// Opens a group's page.
    async fn open(&self, group: &str) {
        self.browser.click("Groups").await;
        self.browser.click(group).await;
        self.browser.says("Edit name").await;
    }
}

impl Hand for Manager<'_> {
    fn is_in_control(&self, company: &Company) {
        company.runtime.block_on(async {
            for (who, may) in [(LICENSE_HOLDER, true), (MANAGER, true), (VIEWER, false)] {
                let window = self.site.window(who, self.scripts).await;
                for item in ["Assigned courses", "Learners", "Groups"] {
                    window.click(item).await;
                }
                window.says("Choir").await;
                assert_eq!(window.text().await.contains("Create group"), may, "{who}");
                window.close().await;
            }
        });
    }

    fn create(&self, company: &Company, read: &Reader, group: &str, members: &[&str]) {
        let browser = self.browser;
        company.runtime.block_on(async {
            read.at(Section::Create, 1);
            browser.click("Groups").await;
            read.at(Section::Create, 2);
            browser.click("Create group").await;
            read.at(Section::Create, 3);
            browser.fill("Group name", group).await;
            for (at, who) in members.iter().enumerate() {
                read.at(Section::Create, 4);
                // The first one by searching, the others in the whole list.
                browser.fill("Search by name", if at == 0 { who } else { "" }).await;
                browser.click("Search").await;
                if at == 1 {
                    browser.says("margaret@corp.example").await;
                    browser.says("1 chosen").await;
                }
                read.at(Section::Create, 5);
                browser.tick(who).await;
            }
            assert_eq!(browser.value("Group name").await, group, "kept while searching");
            read.at(Section::Create, 6);
            browser.click("Save").await;
            read.at(Section::Create, 7);
            browser.arrives("/groups?run=").await;
            browser.says(group).await;
        });
    }

    fn rename(&self, company: &Company, group: &str, new: &str) {
        company.runtime.block_on(async {
            self.open(group).await;
            self.browser.click("Edit name").await;
            self.browser.fill("Group name", new).await;
            self.browser.click("Save").await;
            self.browser.says(new).await;
            self.browser.says("Edit name").await;
        });
    }

    fn add(&self, company: &Company, group: &str, who: &str) {
        company.runtime.block_on(async {
            self.open(group).await;
            self.browser.click("Add members").await;
            self.browser.tick(who).await;
            self.browser.click("Save").await;
            self.browser.says("Edit name").await;
            self.browser.says(&format!("{who}@corp.example")).await;
        });
    }

    fn remove(&self, company: &Company, group: &str, who: &str) {
        company.runtime.block_on(async {
            self.open(group).await;
            self.browser.tick(&format!("Choose {who}")).await;
            self.browser.click("Remove").await;
            self.browser.says("Done: remove").await;
        });
    }

    fn delete(&self, company: &Company, group: &str) {
        let members = company.members(group).len();
        company.runtime.block_on(async {
            self.open(group).await;
            self.browser.click("Delete group").await;
            // Says first what goes.
            self.browser.says(&format!("{members} member")).await;
            self.browser.click("Delete group").await;
            self.browser.arrives("/groups?run=").await;
        });
    }

    fn assign(&self, company: &Company, read: &Reader, course: Course, group: &str, days: u32) {
        let browser = self.browser;
        company.runtime.block_on(async {
            read.at(Section::Assign, 1);
            browser.click("Assigned courses").await;
            browser.click("Assign course").await;
            read.at(Section::Assign, 2);
            browser.tick(course.title).await;
            browser.click("Next").await;
            read.at(Section::Assign, 3);
            browser.tick("Assign groups").await;
            browser.tick(group).await;
            read.at(Section::Assign, 4);
            browser.tick("After joining:").await;
            browser.fill("Days after joining", &days.to_string()).await;
            read.at(Section::Assign, 5);
            browser.click("Save").await;
            browser.arrives("/assigned?run=").await;
            browser.says(&format!("{days} days after joining")).await;
            browser.says(course.title).await;
        });
    }
}
