//! A PostgreSQL server that no longer answers, and does not close its connections either.

use std::time::Duration;

use rollcall_store::{Store, StoreOptions, Tx, metrics};

use crate::support::database::{Engine, TestDatabase};
use crate::support::fault_proxy::{ConnectionFault, FaultProxy};
use crate::support::postgres::{shared_server, url};

/// Time of one statement. The statements of these tests take a millisecond.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(2);

/// A store with one connection, behind a line that can become silent.
async fn open_behind_proxy() -> (FaultProxy, Store) {
    let create = || (shared_server().port(), shared_server().new_database());
    let (port, name) = tokio::task::spawn_blocking(create).await.expect("a database");
    let proxy = FaultProxy::start(port, ConnectionFault::Pass).await;
    let db = TestDatabase { engine: Engine::Postgres, url: url(proxy.port, &name) };
    let options = StoreOptions { connections: 1, statement_timeout: STATEMENT_TIMEOUT, ..db.options() };
    let store = Store::open(&options).await.expect("the database opens");
    (proxy, store)
}

async fn begin_and_write(store: &Store) -> Tx {
    let mut tx = store.begin_write().await.expect("a transaction begins");
    tx.execute("write", "UPDATE leases SET holder = holder", Vec::new()).await.expect("a statement");
    tx
}

/// Waits for something that must end by itself. Without a limit of its own it would never end.
async fn end_in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work).await.expect("it ends by itself")
}

/// The only connection is free, and a new one answers.
async fn expect_usable(store: &Store) {
    let mut tx = store.begin_read().await.expect("a new transaction begins");
    metrics::ping(&mut tx).await.expect("the server answers");
}

#[tokio::test]
async fn statement_without_an_answer_ends_in_time() {
    let (proxy, store) = open_behind_proxy().await;
    let mut tx = begin_and_write(&store).await;
    proxy.silence();
    let error = end_in_time(metrics::ping(&mut tx)).await.expect_err("no answer comes");
    assert!(error.is_disconnected(), "{error}");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(cause.contains("the PostgreSQL server has not answered for 2 s"), "{cause}");
    drop(tx);
    expect_usable(&store).await;
}

#[tokio::test]
async fn query_without_an_answer_ends_in_time() {
    let (proxy, store) = open_behind_proxy().await;
    let mut tx = store.begin_read().await.expect("a transaction begins");
    proxy.silence();
    let read = tx.fetch_all::<(i64,)>("read", "SELECT count(*) FROM learners", Vec::new());
    assert!(end_in_time(read).await.expect_err("no answer comes").is_disconnected());
    drop(tx);
    expect_usable(&store).await;
}

#[tokio::test]
async fn commit_and_rollback_without_an_answer_end_in_time() {
    let (proxy, store) = open_behind_proxy().await;
    let tx = begin_and_write(&store).await;
    proxy.silence();
    assert!(end_in_time(tx.commit()).await.expect_err("no answer comes").is_disconnected());
    let tx = begin_and_write(&store).await;
    proxy.silence();
    assert!(end_in_time(tx.rollback()).await.expect_err("no answer comes").is_disconnected());
    expect_usable(&store).await;
}

#[tokio::test]
async fn connection_that_is_silent_at_the_end_of_its_transaction_is_closed() {
    let (proxy, store) = open_behind_proxy().await;
    let tx = begin_and_write(&store).await;
    proxy.silence();
    drop(tx);
    expect_usable(&store).await;
}

#[tokio::test]
async fn connection_of_a_cancelled_statement_is_closed() {
    let (proxy, store) = open_behind_proxy().await;
    let mut tx = begin_and_write(&store).await;
    proxy.silence();
    let cancelled = tokio::time::timeout(Duration::from_millis(50), metrics::ping(&mut tx)).await;
    assert!(cancelled.is_err(), "no answer comes");
    drop(tx);
    expect_usable(&store).await;
}

#[tokio::test]
async fn idle_connection_that_is_silent_is_replaced() {
    let (proxy, store) = open_behind_proxy().await;
    begin_and_write(&store).await.commit().await.expect("a commit");
    expect_usable(&store).await;
    proxy.silence();
    expect_usable(&store).await;
}
