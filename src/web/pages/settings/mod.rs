//! Settings: who may sign in, keys for programs, the record of changes, and whether all is well.

mod accounts;
mod changes;
mod health;
mod tokens;

use crate::web::pages::OWN;
use crate::web::routes::Routes;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/settings", OWN, accounts::show)
        .get("/settings/accounts.csv", OWN, accounts::csv)
        .post("/settings/accounts", OWN, accounts::create)
        .post("/settings/accounts/change", OWN, accounts::change)
        .get("/settings/tokens", OWN, tokens::show)
        .get("/settings/tokens.csv", OWN, tokens::csv)
        .post("/settings/tokens", OWN, tokens::make)
        .post("/settings/tokens/revoke", OWN, tokens::revoke)
        .get("/settings/changes", OWN, changes::show)
        .get("/settings/changes.csv", OWN, changes::csv)
        .get("/settings/health", OWN, health::show)
}
