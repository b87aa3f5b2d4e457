//! Exports beside everything else.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::web::LICENSE_HOLDER;

/// Twenty exports that wait for the database leave connections for pages; each is complete in the end.
#[test]
fn exports_leave_connections_for_pages() {
    let company = Company::with_license_holder(Engine::Postgres);
    let site = company.serve();
    company.runtime.block_on(async {
        let visitor = site.signed_in_client(LICENSE_HOLDER).await;
        let mut lock = company.store.begin_write().await.expect("the database answers");
        let locking = "LOCK TABLE learners IN ACCESS EXCLUSIVE MODE";
        lock.execute("hold the learners", locking, Vec::new()).await.expect("locked");
        let mut exports = JoinSet::new();
        for _ in 0..20 {
            let mut client = site.anonymous_client();
            client.cookie = visitor.cookie.clone();
            exports.spawn(async move { client.get("/learners.csv").await.status });
        }
        let all_but_two_wait = async {
            let wanted = "rollcall_limit_reached_total{limit=\"exports_at_once\"} 18";
            while !visitor.get("/metrics").await.text.contains(wanted) {}
        };
        timeout(Duration::from_secs(30), all_but_two_wait).await.expect("18 exports wait");
        assert_eq!(visitor.get("/settings").await.status, 200);
        drop(lock);
        assert_eq!(exports.join_all().await, [200; 20]);
    });
    site.end();
}
