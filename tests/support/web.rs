//! A company whose service runs, and people who use its pages.

use std::sync::Arc;

use reqwest::{Client, RequestBuilder, Response, redirect};
use rollcall_core::accounts::{self, FirstSignIn, NewUserAccount};
use rollcall_model::heartbeat::ServiceVitals;
use rollcall_model::ids::AccountId;
use rollcall_model::role::Role;
use rollcall_model::secret::SecretText;
use rollcall_web::{BackgroundTasks, RouteDeclaration, WebContext};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::browser::BrowserWindow;
use super::company::Company;
use super::database::Engine;
use super::manual_changes::manual_run;
use super::program::{RunningProgram, rollcall_command};

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The account of a license holder.
pub(crate) const LICENSE_HOLDER: &str = "license@corp.example";

/// A service with pages.
pub(crate) struct WebServer {
    pub base: String,
    service: RunningProgram,
}

/// The service of a company that has started.
fn start(company: &Company) -> (RunningProgram, String) {
    // A first request may come before anything else has met the TLS provider of the client.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let service = RunningProgram::start(rollcall_command(&company.write()).arg("run"));
    let base = listening_address(&service);
    (service, base)
}

/// Where a service that was started listens.
fn listening_address(service: &RunningProgram) -> String {
    service.wait_for_log("web server listening");
    let log = service.log();
    let line = log.iter().find(|line| line.contains("web server listening")).expect("the line");
    let json: Value = serde_json::from_str(line).expect("JSON");
    format!("http://{}", json["address"].as_str().expect("an address"))
}

impl Company {
    /// Starts the service and waits until its pages are there.
    pub(crate) fn serve(&self) -> WebServer {
        let (service, base) = start(self);
        WebServer { base, service }
    }

    /// A company with the account [`LICENSE_HOLDER`].
    pub(crate) fn with_license_holder(engine: Engine) -> Self {
        let company = Self::new(engine);
        company.account(LICENSE_HOLDER, Role::LicenseHolder);
        company
    }

    /// Makes an account with [`PASSWORD`]. Returns its number.
    pub(crate) fn account(&self, email: &str, role: Role) -> AccountId {
        let password = SecretText::new(PASSWORD);
        let new = NewUserAccount { email, name: "", role, first_sign_in: FirstSignIn::Password(&password) };
        let made = self.runtime.block_on(accounts::create_account(
            &self.store,
            &manual_run(),
            self.change_time(),
            new,
        ));
        made.expect("the account is made").account
    }
}

/// Every route of the service, as it is declared.
pub(crate) fn declared_routes(company: &Company) -> Vec<RouteDeclaration> {
    let (_publish, file) = tokio::sync::watch::channel(Arc::new(company.config()));
    let web = WebContext {
        store: company.store.clone(),
        file,
        stop: CancellationToken::new(),
        vitals: ServiceVitals::default(),
        background: BackgroundTasks::default(),
        sign_ins: accounts::SignInJournal::default(),
    };
    rollcall_web::list_routes(&web)
}

/// What came back.
#[derive(Debug)]
pub(crate) struct PageResponse {
    pub status: u16,
    /// Where a redirect leads.
    pub to: String,
    pub text: String,
    /// The cookie that was set.
    pub cookie: Option<String>,
    /// Whether a browser is told to come back over TLS alone.
    pub encrypted_from_now_on: bool,
}

async fn page(response: Response) -> PageResponse {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let (status, to) = (response.status().as_u16(), header("location").unwrap_or_default().to_owned());
    let cookie = header("set-cookie").and_then(|value| value.split(';').next()).map(str::to_owned);
    let encrypted_from_now_on = response.headers().contains_key("strict-transport-security");
    PageResponse { status, to, cookie, encrypted_from_now_on, text: response.text().await.expect("a text") }
}

/// Somebody who asks for pages without a browser.
#[derive(Clone)]
pub(crate) struct WebClient {
    base: String,
    client: Client,
    pub cookie: Option<String>,
}

impl WebClient {
    fn with_cookie(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// Asks for a page.
    pub(crate) async fn get(&self, path: &str) -> PageResponse {
        let request = self.client.get(format!("{}{path}", self.base));
        page(self.with_cookie(request).send().await.expect("an answer")).await
    }

    /// A request with a body, and with more headers.
    pub(crate) async fn send(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> PageResponse {
        let mut request = self.with_cookie(self.client.post(format!("{}{path}", self.base)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        page(request.body(body.into()).send().await.expect("an answer")).await
    }

    /// Sends a form as a browser does.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> PageResponse {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        self.send(path, &headers, body).await
    }

    /// Signs in.
    pub(crate) async fn sign_in(mut self, email: &str) -> Self {
        let page = self.post("/sign-in", &[("email", email), ("password", PASSWORD), ("to", "/")]).await;
        assert_eq!(page.status, 303, "{page:?}");
        self.cookie = page.cookie;
        self
    }
}

impl Company {
    /// Makes a token and answers its key.
    pub(crate) fn token(&self, name: &str, role: Role) -> String {
        let new = accounts::NewToken::new(name, role);
        let made = self.runtime.block_on(accounts::create_token(
            &self.store,
            &manual_run(),
            self.change_time(),
            new,
        ));
        made.expect("the token is made").key
    }
}

impl WebServer {
    /// What the service has said besides its log.
    pub(crate) fn stdout_lines(&self) -> Vec<String> {
        self.service.out()
    }

    /// A service that was started in another way.
    pub(crate) fn of_program(service: RunningProgram) -> Self {
        Self { base: listening_address(&service), service }
    }

    /// Waits until the service has written a text to its log.
    pub(crate) fn wait_for_log(&self, text: &str) {
        self.service.wait_for_log(text);
    }

    /// The largest amount of memory that the service has had so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.service.peak_memory()
    }

    /// Ends the service in order and answers what it has written to its log.
    pub(crate) fn end_with_log(mut self) -> Vec<String> {
        self.service.signal("TERM");
        assert!(self.service.wait().success(), "{:?}", self.service.log());
        self.service.log()
    }

    /// What the service has written to its log.
    pub(crate) fn log(&self) -> Vec<String> {
        self.service.log()
    }

    /// Makes the service read its file again.
    pub(crate) fn reload_config(&self) {
        self.service.signal("HUP");
        self.service.wait_for_log("configuration reloaded");
    }

    /// Ends the service in order.
    pub(crate) fn end(mut self) {
        self.service.signal("TERM");
        assert!(self.service.wait().success(), "{:?}", self.service.log());
    }

    /// Ends the service as a power cut does.
    pub(crate) fn kill(mut self) {
        self.service.signal("KILL");
        let _ = self.service.wait();
    }

    /// Somebody who is not signed in and follows no redirect.
    pub(crate) fn anonymous_client(&self) -> WebClient {
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        WebClient { base: self.base.clone(), client, cookie: None }
    }

    /// Somebody who has signed in.
    pub(crate) async fn signed_in_client(&self, email: &str) -> WebClient {
        self.anonymous_client().sign_in(email).await
    }

    /// A window in which somebody has signed in.
    pub(crate) async fn open_window(&self, email: &str, scripts: bool) -> BrowserWindow {
        let browser = BrowserWindow::open(&self.base, scripts).await;
        browser.go("/").await;
        browser.fill("E-mail", email).await;
        browser.fill("Password", PASSWORD).await;
        browser.click("Sign in").await;
        browser.says("Sign out").await;
        browser
    }
}
