//! Routes that require the administration permission.

use super::api_operation::{ApiRoutes, operation_returning, operation_returning_page};
use super::{ADMINISTER, ChangeResponse, accounts, tokens};
use rollcall_views::{AccountView, TokenView};

pub(super) fn add_admin_routes(api: ApiRoutes) -> ApiRoutes {
    api.get(
        "/api/v1/accounts",
        ADMINISTER,
        operation_returning_page::<AccountView>(
            "listAccounts",
            "Lists accounts by e-mail address, including revoked ones",
        ),
        accounts::list,
    )
    .post(
        "/api/v1/accounts",
        ADMINISTER,
        operation_returning::<accounts::InvitationResponse>(
            "createAccount",
            "Creates an account with a password, with a link to set one, or for the sign-in provider",
        )
        .json_body::<accounts::CreateAccountRequest>()
        .returns_created()
        .returns_conflict(),
        accounts::create,
    )
    .get(
        "/api/v1/accounts/{id}",
        ADMINISTER,
        operation_returning::<AccountView>("showAccount", "Returns an account"),
        accounts::show,
    )
    .patch(
        "/api/v1/accounts/{id}",
        ADMINISTER,
        operation_returning::<ChangeResponse>("changeRole", "Changes the role of an account")
            .json_body::<accounts::ChangeRoleRequest>()
            .returns_conflict(),
        accounts::change,
    )
    .delete(
        "/api/v1/accounts/{id}",
        ADMINISTER,
        operation_returning::<ChangeResponse>("revokeAccount", "Revokes an account and ends its sessions")
            .returns_conflict(),
        accounts::revoke,
    )
    .delete(
        "/api/v1/accounts/{id}/sessions",
        ADMINISTER,
        operation_returning::<ChangeResponse>("endSessions", "Ends all sessions of an account"),
        accounts::end_sessions,
    )
    .delete(
        "/api/v1/accounts/{id}/second-factor",
        ADMINISTER,
        operation_returning::<ChangeResponse>(
            "removeSecondFactor",
            "Removes the second factor of an account",
        ),
        accounts::remove_second_factor,
    )
    .post(
        "/api/v1/accounts/{id}/invite",
        ADMINISTER,
        operation_returning::<accounts::InvitationResponse>(
            "invite",
            "Creates a new link to set a password. Earlier links become invalid",
        )
        .returns_conflict(),
        accounts::invite,
    )
    .get(
        "/api/v1/tokens",
        ADMINISTER,
        operation_returning_page::<TokenView>("listTokens", "Lists API tokens by name"),
        tokens::list,
    )
    .post(
        "/api/v1/tokens",
        ADMINISTER,
        operation_returning::<tokens::CreateTokenResponse>(
            "createToken",
            "Creates an API token. The key is shown only in this response",
        )
        .json_body::<tokens::CreateTokenRequest>()
        .returns_created()
        .returns_conflict(),
        tokens::create,
    )
    .get(
        "/api/v1/tokens/{id}",
        ADMINISTER,
        operation_returning::<TokenView>("showToken", "Returns an API token"),
        tokens::show,
    )
    .delete(
        "/api/v1/tokens/{id}",
        ADMINISTER,
        operation_returning::<ChangeResponse>("revokeToken", "Revokes an API token"),
        tokens::revoke,
    )
}
