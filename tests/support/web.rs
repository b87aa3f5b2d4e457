//! A company whose service runs, and people who use its pages.

use rollcall::accounts;
use rollcall::model::role::Role;
use serde_json::Value;

use super::browser::Browser;
use super::company::Company;
use super::hand::about;
use super::program::{Running, program};

/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";

/// A service with pages.
pub struct Site {
    pub base: String,
    service: Running,
}

impl Company {
    /// Starts the service and waits until its pages are there.
    pub fn serve(&self) -> Site {
        let service = Running::start(program(&self.write()).arg("run"));
        service.says("pages and API are there");
        let log = service.log();
        let line = log.iter().find(|line| line.contains("pages and API are there")).expect("the line");
        let json: Value = serde_json::from_str(line).expect("JSON");
        let base = format!("http://{}", json["address"].as_str().expect("an address"));
        Site { base, service }
    }

    /// Makes an account with [`PASSWORD`].
    pub fn account(&self, email: &str, role: Role) {
        let made = self.runtime.block_on(accounts::create(
            &self.store,
            &about(),
            self.when(),
            email,
            "",
            role,
            Some(PASSWORD),
        ));
        made.expect("the account is made");
    }
}

impl Company {
    /// Makes a token and answers its key.
    pub fn token(&self, name: &str, role: Role) -> String {
        let made =
            self.runtime.block_on(accounts::make_token(&self.store, &about(), self.when(), name, role, None));
        made.expect("the token is made").1
    }
}

impl Site {
    /// Ends the service in order.
    pub fn end(mut self) {
        self.service.signal("TERM");
        assert!(self.service.wait().success(), "{:?}", self.service.log());
    }

    /// A window in which somebody has signed in.
    pub async fn window(&self, email: &str, scripts: bool) -> Browser {
        let browser = Browser::open(&self.base, scripts).await;
        browser.go("/").await;
        browser.fill("E-mail", email).await;
        browser.fill("Password", PASSWORD).await;
        browser.click("Sign in").await;
        browser.says("Sign out").await;
        browser
    }
}
