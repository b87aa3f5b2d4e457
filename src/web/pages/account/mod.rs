//! Pages of the user's own account: password, second factor and sessions.

mod change_password;
mod own_account;
mod own_sessions;
mod second_factor;

use crate::pages::{OWN_SIGN_IN, READ};
use crate::routes::RouteTable;

pub(super) fn routes(routes: RouteTable) -> RouteTable {
    routes
        .get("/account", READ, own_account::show)
        .post("/account/password", READ, change_password::submit_password)
        .post("/account/sessions/end", READ, own_sessions::end_session)
        .post("/account/sessions/end-others", READ, own_sessions::end_other_sessions)
        .get("/account/second-factor", OWN_SIGN_IN, second_factor::show)
        .post("/account/second-factor", OWN_SIGN_IN, second_factor::submit_code)
        .post("/account/second-factor/recovery-codes", OWN_SIGN_IN, second_factor::renew_recovery_codes)
        .post("/account/second-factor/remove", OWN_SIGN_IN, second_factor::remove)
}
