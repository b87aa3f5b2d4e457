//! Routes for those who say who may do what.

use super::operation::{Api, answers, pages};
use super::{Change, OWN, accounts, tokens};
use crate::report::{Account, Token};

pub(super) fn own(api: Api) -> Api {
    api.get(
        "/api/v1/accounts",
        OWN,
        pages::<Account>("listAccounts", "Who may sign in, by address; those who no longer may, too"),
        accounts::list,
    )
    .post(
        "/api/v1/accounts",
        OWN,
        answers::<accounts::Invited>("createAccount", "Makes an account, with a password or with a link")
            .takes::<accounts::NewAccount>()
            .creates()
            .conflicts(),
        accounts::create,
    )
    .get(
        "/api/v1/accounts/{id}",
        OWN,
        answers::<Account>("showAccount", "Somebody who may sign in"),
        accounts::show,
    )
    .patch(
        "/api/v1/accounts/{id}",
        OWN,
        answers::<Change>("changeRole", "Gives an account another role")
            .takes::<accounts::NewRole>()
            .conflicts(),
        accounts::change,
    )
    .delete(
        "/api/v1/accounts/{id}",
        OWN,
        answers::<Change>("revokeAccount", "Takes the right to sign in away, and ends every session")
            .conflicts(),
        accounts::revoke,
    )
    .post(
        "/api/v1/accounts/{id}/invite",
        OWN,
        answers::<accounts::Invited>("invite", "Makes a new link; older ones are no longer good"),
        accounts::invite,
    )
    .get("/api/v1/tokens", OWN, pages::<Token>("listTokens", "Keys for programs, by name"), tokens::list)
    .post(
        "/api/v1/tokens",
        OWN,
        answers::<tokens::MadeToken>("createToken", "Makes a token; its key is answered once")
            .takes::<tokens::NewToken>()
            .creates()
            .conflicts(),
        tokens::create,
    )
    .get("/api/v1/tokens/{id}", OWN, answers::<Token>("showToken", "A token"), tokens::show)
    .delete(
        "/api/v1/tokens/{id}",
        OWN,
        answers::<Change>("revokeToken", "Revokes a token: its key is no longer good"),
        tokens::revoke,
    )
}
