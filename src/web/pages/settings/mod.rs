//! Settings pages: accounts, API tokens, audit log and system health.

mod accounts;
mod audit_log;
mod sign_in_record;
mod system_health;
mod tokens;

use crate::pages::ADMINISTER;
use crate::routes::RouteTable;

pub(super) fn routes(routes: RouteTable) -> RouteTable {
    routes
        .get("/settings", ADMINISTER, accounts::show)
        .get("/settings/accounts.csv", ADMINISTER, accounts::export_csv)
        .post("/settings/accounts", ADMINISTER, accounts::create_account)
        .post("/settings/accounts/change", ADMINISTER, accounts::change_account)
        .get("/settings/tokens", ADMINISTER, tokens::show)
        .get("/settings/tokens.csv", ADMINISTER, tokens::export_csv)
        .post("/settings/tokens", ADMINISTER, tokens::submit_token)
        .post("/settings/tokens/revoke", ADMINISTER, tokens::submit_revocation)
        .get("/settings/changes", ADMINISTER, audit_log::show)
        .get("/settings/changes.csv", ADMINISTER, audit_log::export_csv)
        .get("/settings/sign-ins", ADMINISTER, sign_in_record::show)
        .get("/settings/health", ADMINISTER, system_health::show)
}
