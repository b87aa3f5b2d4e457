//! A real browser: Chromium, driven through its own driver.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http_method::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::packages;

/// The method of a request, as the driver's library has it.
mod http_method {
    pub(super) use axum::http::Method;
}

/// How long a page may take, and how often it is looked at.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The driver's program; it ends with the tests' process, because its input does.
struct ChromeDriver {
    url: String,
    _child: Child,
}

static DRIVER: OnceLock<Mutex<ChromeDriver>> = OnceLock::new();

fn driver() -> String {
    let driver = DRIVER.get_or_init(|| Mutex::new(ChromeDriver::start()));
    driver.lock().expect("the driver").url.clone()
}

impl ChromeDriver {
    fn start() -> Self {
        let packages = ["chromium", "chromium-driver", "fonts-noto-cjk", "fonts-noto-core"];
        packages::ensure_installed("/usr/bin/chromedriver", &packages);
        // The kernel ends the driver when the tests' process is gone, however that ends.
        let mut child = Command::new("sh")
            .args(["-c", "trap 'kill $!' EXIT; chromedriver --port=0 & cat >/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let started = lines.map_while(Result::ok).find_map(|line| {
            let rest = line.split("started successfully on port ").nth(1)?;
            Some(rest.trim_end_matches('.').to_owned())
        });
        let url = format!("http://127.0.0.1:{}", started.expect("the driver says its port"));
        Self { url, _child: child }
    }
}

/// A window that shows pages of one server.
pub(crate) struct BrowserWindow {
    pub client: Client,
    base: String,
    _profile: TempDir,
}

/// A command of the browser's own protocol.
#[derive(Debug)]
struct DevToolsCommand {
    command: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for DevToolsCommand {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        let body = json!({"cmd": self.command, "params": self.params});
        (Method::POST, Some(body.to_string()))
    }
}

impl BrowserWindow {
    /// Opens a window, with scripts or without.
    pub(crate) async fn open(base: &str, scripts: bool) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            &format!("--user-data-dir={}", profile.path().display()),
        ]
        .map(Value::from);
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("browserName".to_owned(), json!("chrome"));
        capabilities.insert("goog:chromeOptions".to_owned(), json!({"args": arguments}));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver())
            .await
            .expect("a window opens");
        let browser = Self { client, base: base.to_owned(), _profile: profile };
        browser.own("Emulation.setScriptExecutionDisabled", json!({"value": !scripts})).await;
        browser.size(1280, 900).await;
        browser
    }

    /// Closes the window.
    pub(crate) async fn close(self) {
        self.client.close().await.expect("the window closes");
    }

    async fn own(&self, command: &'static str, params: Value) -> Value {
        self.client.issue_cmd(DevToolsCommand { command, params }).await.expect(command)
    }

    /// Gives the page a width and a height, in pixels.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let params = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.own("Emulation.setDeviceMetricsOverride", params).await;
    }

    /// Makes the system wish for dark pages, or for light ones.
    pub(crate) async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.own("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Opens an address of the server.
    pub(crate) async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("the page opens");
    }

    /// The path of the page, with what stands behind the question mark.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.as_str().trim_start_matches(&self.base).to_owned()
    }

    /// Waits until the page is one whose path begins so.
    pub(crate) async fn arrives(&self, path: &str) {
        let since = Instant::now();
        loop {
            let here = self.path().await;
            if here.starts_with(path) {
                return;
            }
            assert!(
                since.elapsed() < PAGE_TIMEOUT,
                "the page is not `{path}…` but `{here}`:\n{}",
                self.text().await
            );
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// What stands on the page, as somebody reads it; nothing while it changes.
    pub(crate) async fn text(&self) -> String {
        let Ok(body) = self.client.find(Locator::Css("body")).await else { return String::new() };
        body.text().await.unwrap_or_default()
    }

    /// Waits until the page says something.
    pub(crate) async fn says(&self, text: &str) {
        let since = Instant::now();
        loop {
            let page = self.text().await;
            if page.contains(text) {
                return;
            }
            assert!(since.elapsed() < PAGE_TIMEOUT, "the page does not say `{text}`:\n{page}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Does something to the one element that a path finds, again while the page changes under it.
    async fn act<T>(&self, what: &str, path: &str, act: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        let since = Instant::now();
        loop {
            let done = match self.client.find(Locator::XPath(path)).await {
                Ok(element) => act(element).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(done) => return done,
                Err(error) if since.elapsed() > PAGE_TIMEOUT => {
                    panic!("{what}: {error}\n{}", self.text().await)
                }
                Err(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
    }

    /// Clicks the link or the button of this text.
    pub(crate) async fn click(&self, text: &str) {
        let quoted = quoted(text);
        let path = format!(
            "(//a[normalize-space()={quoted}] | //button[normalize-space()={quoted}] | \
             //summary[normalize-space()={quoted}])[not(@tabindex='-1')]"
        );
        self.act(&format!("click on `{text}`"), &path, async |element| element.click().await).await;
    }

    /// The field that a label belongs to.
    fn field(label: &str) -> String {
        let label = quoted(label);
        format!(
            "//*[@id = (//label[normalize-space()={label} or starts-with(normalize-space(), {label})]/@for)[1]]"
        )
    }

    /// Types into the field of this label, instead of what stands there.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let type_it = async |field: Element| {
            field.clear().await?;
            field.send_keys(text).await
        };
        self.act(&format!("fill `{label}`"), &Self::field(label), type_it).await;
    }

    /// Types into the field of this name, on pages that have no labels.
    pub(crate) async fn type_into(&self, name: &str, text: &str) {
        let path = format!("//input[@name={}]", quoted(name));
        self.act(&format!("type into `{name}`"), &path, async |field| field.send_keys(text).await).await;
    }

    /// What stands in the field of this label.
    pub(crate) async fn value(&self, label: &str) -> String {
        let value = async |field: Element| field.prop("value").await;
        self.act(&format!("read `{label}`"), &Self::field(label), value).await.unwrap_or_default()
    }

    /// Chooses from the list of this label.
    pub(crate) async fn choose(&self, label: &str, value: &str) {
        let choose = async |field: Element| field.select_by_value(value).await;
        self.act(&format!("choose from `{label}`"), &Self::field(label), choose).await;
    }

    /// Ticks the box, or takes the choice, of this label.
    pub(crate) async fn tick(&self, label: &str) {
        let tick = async |field: Element| {
            if field.is_selected().await? {
                return Ok(());
            }
            field.click().await
        };
        self.act(&format!("tick `{label}`"), &Self::field(label), tick).await;
    }

    /// Waits until a script in the page returns true; a page that is just loaded returns nothing.
    pub(crate) async fn waits_until(&self, script: &str) {
        let since = Instant::now();
        while !self.client.execute(script, Vec::new()).await.is_ok_and(|value| value == json!(true)) {
            assert!(since.elapsed() < PAGE_TIMEOUT, "not so: {script}\n{}", self.text().await);
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Runs a script in the page, whatever the page's policy, and answers what it returns.
    pub(crate) async fn run(&self, script: &str, args: Vec<Value>) -> Value {
        self.client.execute(script, args).await.expect("the script runs")
    }

    /// The same for a script that calls its last argument when it is done.
    pub(crate) async fn run_async(&self, script: &str, args: Vec<Value>) -> Value {
        self.client.execute_async(script, args).await.expect("the script runs")
    }

    /// Saves a picture of the whole page, however long it is, in the tests' folder, where `ROLLCALL_PICTURES` is set.
    pub(crate) async fn whole_picture(&self, name: &str) {
        if std::env::var_os("ROLLCALL_PICTURES").is_none() {
            return;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
        std::fs::create_dir_all(&folder).expect("a folder");
        self.capture(true, &folder.join(format!("{name}.png"))).await;
    }

    /// Saves a picture of what the window shows.
    pub(crate) async fn picture(&self, to: &Path) {
        self.capture(false, to).await;
    }

    async fn capture(&self, beyond: bool, to: &Path) {
        let params = json!({"format": "png", "captureBeyondViewport": beyond});
        let answer = self.own("Page.captureScreenshot", params).await;
        let png = base64(answer["data"].as_str().expect("a picture"));
        std::fs::write(to, png).expect("the picture is kept");
    }
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "XPath has no way to write this");
    format!("\"{text}\"")
}
