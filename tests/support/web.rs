//! A company whose service runs, and people who use its pages.

use reqwest::{Client, RequestBuilder, Response, redirect};
use rollcall::accounts::{self, New};
use rollcall::model::role::Role;
use rollcall::model::secret::Secret;
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

/// The service of a company that has started.
fn start(company: &Company) -> (Running, String) {
    // A first request may come before anything else has met the TLS provider of the client.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let service = Running::start(program(&company.write()).arg("run"));
    service.says("pages and API are there");
    let log = service.log();
    let line = log.iter().find(|line| line.contains("pages and API are there")).expect("the line");
    let json: Value = serde_json::from_str(line).expect("JSON");
    let base = format!("http://{}", json["address"].as_str().expect("an address"));
    (service, base)
}

impl Company {
    /// Starts the service and waits until its pages are there.
    pub fn serve(&self) -> Site {
        let (service, base) = start(self);
        Site { base, service }
    }

    /// Makes an account with [`PASSWORD`].
    pub fn account(&self, email: &str, role: Role) {
        let password = Secret::new(PASSWORD);
        let new = New { email, name: "", role, password: Some(&password) };
        let made = self.runtime.block_on(accounts::create(&self.store, &about(), self.when(), new));
        made.expect("the account is made");
    }
}

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    /// Where a redirect leads.
    pub to: String,
    pub text: String,
    /// The cookie that was set.
    pub cookie: Option<String>,
    /// Whether a browser is told to come back over TLS alone.
    pub encrypted_from_now_on: bool,
}

async fn page(response: Response) -> Page {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let (status, to) = (response.status().as_u16(), header("location").unwrap_or_default().to_owned());
    let cookie = header("set-cookie").and_then(|value| value.split(';').next()).map(str::to_owned);
    let encrypted_from_now_on = response.headers().contains_key("strict-transport-security");
    Page { status, to, cookie, encrypted_from_now_on, text: response.text().await.expect("a text") }
}

/// Somebody who asks for pages without a browser.
pub struct Visitor {
    base: String,
    client: Client,
    pub cookie: Option<String>,
}

impl Visitor {
    fn with_cookie(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.base));
        page(self.with_cookie(request).send().await.expect("an answer")).await
    }

    /// A request with a body, and with more headers.
    pub async fn send(&self, path: &str, headers: &[(&str, &str)], body: impl Into<String>) -> Page {
        let mut request = self.with_cookie(self.client.post(format!("{}{path}", self.base)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        page(request.body(body.into()).send().await.expect("an answer")).await
    }

    /// Sends a form as a browser does.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        self.send(path, &headers, body).await
    }

    /// Signs in.
    pub async fn sign_in(mut self, email: &str) -> Self {
        let page = self.post("/sign-in", &[("email", email), ("password", PASSWORD), ("to", "/")]).await;
        assert_eq!(page.status, 303, "{page:?}");
        self.cookie = page.cookie;
        self
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
    /// What the service has said besides its log.
    pub fn said(&self) -> Vec<String> {
        self.service.out()
    }

    /// What the service has written to its log.
    pub fn log(&self) -> Vec<String> {
        self.service.log()
    }

    /// Makes the service read its file again.
    pub fn hang_up(&self) {
        self.service.signal("HUP");
        self.service.says("read the file again");
    }

    /// Ends the service in order.
    pub fn end(mut self) {
        self.service.signal("TERM");
        assert!(self.service.wait().success(), "{:?}", self.service.log());
    }

    /// Ends the service as a power cut does.
    pub fn kill(mut self) {
        self.service.signal("KILL");
        let _ = self.service.wait();
    }

    /// Somebody who is not signed in and follows no redirect.
    pub fn visitor(&self) -> Visitor {
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Visitor { base: self.base.clone(), client, cookie: None }
    }

    /// Somebody who has signed in.
    pub async fn signed_in(&self, email: &str) -> Visitor {
        self.visitor().sign_in(email).await
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
