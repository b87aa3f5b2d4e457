//! The article in the real browser.

use rollcall_model::role::Role;

use super::{ArticleActor, ArticleCourse, ArticleReader, ArticleSection, Company};
use crate::support::browser::BrowserWindow;
use crate::support::web::{LICENSE_HOLDER, WebServer};

const MANAGER: &str = "manager@corp.example";
const VIEWER: &str = "viewer@corp.example";

/// A manager, who has read only the article.
struct BrowserActor<'a> {
    site: &'a WebServer,
    browser: &'a BrowserWindow,
    scripts: bool,
}

pub(super) fn follow_article(mut company: Company, scripts: bool) {
    company.account(LICENSE_HOLDER, Role::LicenseHolder);
    company.account(MANAGER, Role::Manager);
    company.account(VIEWER, Role::Viewer);
    let site = company.serve();
    let browser = company.runtime.block_on(site.open_window(MANAGER, scripts));
    super::follow_article(&mut company, &BrowserActor { site: &site, browser: &browser, scripts });
    company.runtime.block_on(browser.close());
    site.end();
}

impl BrowserActor<'_> {
    /// Opens a group's page.
    async fn open(&self, group: &str) {
        self.browser.click("Groups").await;
        self.browser.click(group).await;
        self.browser.says("Edit name").await;
    }
}

impl ArticleActor for BrowserActor<'_> {
    fn is_in_control(&self, company: &Company) {
        company.runtime.block_on(async {
            for (who, may) in [(LICENSE_HOLDER, true), (MANAGER, true), (VIEWER, false)] {
                let window = self.site.open_window(who, self.scripts).await;
                for item in ["Assigned courses", "Learners", "Groups"] {
                    window.click(item).await;
                }
                window.says("Choir").await;
                assert_eq!(window.text().await.contains("Create group"), may, "{who}");
                window.close().await;
            }
        });
    }

    fn create(&self, company: &Company, read: &ArticleReader, group: &str, members: &[&str]) {
        let browser = self.browser;
        company.runtime.block_on(async {
            read.follow(ArticleSection::Create, 1);
            browser.click("Groups").await;
            read.follow(ArticleSection::Create, 2);
            browser.click("Create group").await;
            read.follow(ArticleSection::Create, 3);
            browser.fill("Group name", group).await;
            for (at, who) in members.iter().enumerate() {
                read.follow(ArticleSection::Create, 4);
                // The first one by searching, the others in the whole list.
                browser.fill("Search by name", if at == 0 { who } else { "" }).await;
                browser.click("Search").await;
                if at == 1 {
                    browser.says("margaret@corp.example").await;
                    browser.says("1 chosen").await;
                }
                read.follow(ArticleSection::Create, 5);
                browser.tick(who).await;
            }
            assert_eq!(browser.value("Group name").await, group, "kept while searching");
            read.follow(ArticleSection::Create, 6);
            browser.click("Save").await;
            read.follow(ArticleSection::Create, 7);
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

    fn assign(&self, company: &Company, read: &ArticleReader, course: ArticleCourse, group: &str, days: u32) {
        let browser = self.browser;
        company.runtime.block_on(async {
            read.follow(ArticleSection::Assign, 1);
            browser.click("Assigned courses").await;
            browser.click("Assign course").await;
            read.follow(ArticleSection::Assign, 2);
            browser.tick(course.title).await;
            browser.click("Next").await;
            read.follow(ArticleSection::Assign, 3);
            browser.tick("Assign groups").await;
            browser.tick(group).await;
            read.follow(ArticleSection::Assign, 4);
            browser.tick("After joining:").await;
            browser.fill("Days after joining", &days.to_string()).await;
            read.follow(ArticleSection::Assign, 5);
            browser.click("Save").await;
            browser.arrives("/assigned?run=").await;
            browser.says(&format!("{days} days after joining")).await;
            browser.says(course.title).await;
        });
    }
}
