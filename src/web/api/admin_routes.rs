//! Routes for those who say who may do what.

use super::api_operation::{ApiRoutes, operation_returning, operation_returning_page};
use super::{ADMINISTER, ChangeResponse, accounts, tokens};
use rollcall_views::{AccountView, TokenView};

pub(super) fn add_admin_routes(api: ApiRoutes) -> ApiRoutes {
    api.get(
        "/api/v1/accounts",
        ADMINISTER,
        operation_returning_page::<AccountView>(
            "listAccounts",
            "Who may sign in, by address; those who no longer may, too",
        ),
        accounts::list,
    )
    .post(
        "/api/v1/accounts",
        ADMINISTER,
        operation_returning::<accounts::InvitationResponse>(
            "createAccount",
            "Makes an account, with a password or with a link",
        )
        .json_body::<accounts::CreateAccountRequest>()
        .returns_created()
        .returns_conflict(),
        accounts::create,
    )
    .get(
        "/api/v1/accounts/{id}",
        ADMINISTER,
        operation_returning::<AccountView>("showAccount", "Somebody who may sign in"),
        accounts::show,
    )
    .patch(
        "/api/v1/accounts/{id}",
        ADMINISTER,
        operation_returning::<ChangeResponse>("changeRole", "Gives an account another role")
            .json_body::<accounts::ChangeRoleRequest>()
            .returns_conflict(),
        accounts::change,
    )
    .delete(
        "/api/v1/accounts/{id}",
        ADMINISTER,
        operation_returning::<ChangeResponse>(
            "revokeAccount",
            "Takes the right to sign in away, and ends every session",
        )
        .returns_conflict(),
        accounts::revoke,
    )
    .post(
        "/api/v1/accounts/{id}/invite",
        ADMINISTER,
        operation_returning::<accounts::InvitationResponse>(
            "invite",
            "Makes a new link; older ones are no longer good",
        ),
        accounts::invite,
    )
    .get(
        "/api/v1/tokens",
        ADMINISTER,
        operation_returning_page::<TokenView>("listTokens", "Keys for programs, by name"),
        tokens::list,
    )
    .post(
        "/api/v1/tokens",
        ADMINISTER,
        operation_returning::<tokens::CreateTokenResponse>(
            "createToken",
            "Makes a token; its key is answered once",
        )
        .json_body::<tokens::CreateTokenRequest>()
        .returns_created()
        .returns_conflict(),
        tokens::create,
    )
    .get(
        "/api/v1/tokens/{id}",
        ADMINISTER,
        operation_returning::<TokenView>("showToken", "A token"),
        tokens::show,
    )
    .delete(
        "/api/v1/tokens/{id}",
        ADMINISTER,
        operation_returning::<ChangeResponse>("revokeToken", "Revokes a token: its key is no longer good"),
        tokens::revoke,
    )
}
