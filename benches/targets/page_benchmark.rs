//! One page, measured over HTTP beside the statements of its lists.

use std::time::{Duration, Instant};

use reqwest::Client;
use rollcall_store::{Store, Tx};

use crate::support::database::TestDatabase;

/// The password of the account that asks for the pages.
pub(crate) const PASSWORD: &str = "correct horse battery";
const LIMIT: f64 = 3.0;

/// Requests for each page; the median counts.
pub(crate) const TIMES: usize = 31;

/// Bytes of a page with everything.
const HEAVIEST: usize = 100_000;

pub(crate) fn numbers(db: &TestDatabase, count: usize) -> String {
    db.pick(
        "(WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < COUNT) SELECT n FROM n)",
        "(SELECT n FROM generate_series(1, COUNT) AS n)",
    )
    .replace("COUNT", &count.to_string())
}

/// The time in the middle.
fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

/// A browser with a session.
pub(crate) struct BenchClient {
    base: String,
    client: Client,
    cookie: String,
}

impl BenchClient {
    pub(crate) async fn sign_in(base: &str) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let form = format!("email=bench@corp.example&password={}&to=/", PASSWORD.replace(' ', "+"));
        let request = client.post(format!("{base}/sign-in"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.expect("an answer");
        let cookie = answer.headers()["set-cookie"].to_str().expect("a text");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Self { base: base.to_owned(), client, cookie }
    }

    async fn get(&self, path: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.expect("a text")
    }
}

/// Measures pages over HTTP, each in turns with the statements of its lists.
pub(crate) struct PageBenchmark<'s> {
    visitor: BenchClient,
    store: &'s Store,
}

impl<'s> PageBenchmark<'s> {
    pub(crate) fn new(visitor: BenchClient, store: &'s Store) -> Self {
        Self { visitor, store }
    }

    /// Measures one page beside its statements, in turns.
    pub(crate) async fn page(&mut self, what: &str, path: &str, statements: impl AsyncFn(&mut Tx)) {
        let (mut pages, mut floors, mut text) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..TIMES {
            let began = Instant::now();
            text = self.visitor.get(path).await;
            pages.push(began.elapsed());
            let began = Instant::now();
            let mut tx = self.store.begin_read().await.expect("a transaction");
            statements(&mut tx).await;
            drop(tx);
            floors.push(began.elapsed());
        }
        let mut weight = text.len();
        for asset in text.split('"').filter(|part| part.starts_with("/assets/")) {
            weight += self.visitor.get(asset).await.len();
        }
        let (page, floor) = (median(pages), median(floors));
        let ratio = crate::ratio(page, floor);
        let verdict = if ratio <= LIMIT && weight <= HEAVIEST { "within" } else { "ABOVE" };
        println!(
            "  {what:<42} {:7.1} ms  {ratio:5.2} x its statements' {:.1} ms, {verdict} {LIMIT} x; {} kB",
            page.as_secs_f64() * 1000.0,
            floor.as_secs_f64() * 1000.0,
            weight / 1000
        );
    }
}
