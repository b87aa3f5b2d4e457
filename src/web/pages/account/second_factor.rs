//! The second factor of one's own account.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use qrcode::QrCode;
use qrcode::render::svg;

use super::own_account::session_of;
use crate::WebContext;
use crate::error::{PageError, format_sentence};
use crate::form_data::FormData;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page, render_page_with_status};
use rollcall_core::accounts::{self, AccountError, NewSecondFactor, Principal};

/// Width and height of a picture, in pixels.
const QR_PIXELS: u32 = 240;

#[derive(Template)]
#[template(path = "account/second_factor.html")]
struct SecondFactorPage {
    frame: Layout,
    /// Whether the role of the account requires a second factor.
    is_required: bool,
    has_second_factor: bool,
    /// Secret in parts of four letters, to be typed.
    shown_secret: String,
    secret: String,
    /// The secret as a picture (SVG).
    qr_code: String,
}

#[derive(Template)]
#[template(path = "account/recovery_codes.html")]
struct RecoveryCodesPage {
    frame: Layout,
    codes: Vec<String>,
}

fn frame(who: &Principal) -> Layout {
    Layout::new(who, MenuItem::Unlisted, "Second factor")
}

/// Refuses accounts of the sign-in provider, which has factors of its own.
fn check_local(who: &Principal) -> Result<(), PageError> {
    if session_of(who)?.method.is_provider() {
        let what = "you signed in with the company's account: its own sign-in decides on a second factor";
        return Err(PageError::Bad { what: what.to_owned() });
    }
    Ok(())
}

pub(super) async fn show(State(web): State<WebContext>, Extension(who): Extension<Principal>) -> PageResult {
    check_local(&who)?;
    render(&web, &who, accounts::create_second_factor(&who.actor)?, Vec::new())
}

fn render(web: &WebContext, who: &Principal, new: NewSecondFactor, faults: Vec<FieldError>) -> PageResult {
    let page = SecondFactorPage {
        frame: frame(who).faults(faults),
        is_required: web.config().web.second_factor.contains(&who.role),
        has_second_factor: session_of(who)?.has_second_factor,
        shown_secret: accounts::split_into_parts(&new.secret, " "),
        qr_code: draw_qr_code(&new.url)?,
        secret: new.secret,
    };
    render_page_with_status(page.frame.status(), &page)
}

fn draw_qr_code(url: &str) -> Result<String, PageError> {
    let code = QrCode::new(url).map_err(|error| PageError::Broken { what: error.to_string() })?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(QR_PIXELS, QR_PIXELS).build();
    // The declaration of XML does not belong into a page.
    Ok(picture.split_once("?>").map_or(picture.clone(), |(_, svg)| svg.to_owned()))
}

/// Sets the second factor after a code of it was given.
pub(super) async fn submit_code(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    check_local(&who)?;
    let session = session_of(&who)?;
    let new = accounts::describe_second_factor(&who.actor, form.text("secret"))?;
    let about = web.new_manual_run(&who, format!("set the second factor of `{}`", who.actor));
    let set = accounts::set_second_factor(
        &web.store,
        &about,
        web.change_time(),
        session,
        &new.secret,
        form.text("code"),
    );
    match set.await {
        Ok(codes) => render_page(&RecoveryCodesPage { frame: frame(&who), codes }),
        Err(error @ (AccountError::WrongCode | AccountError::TooManyAttempts { .. })) => {
            let fault = FieldError::new("code", format_sentence(&error.to_string()));
            render(&web, &who, new, vec![fault])
        }
        Err(error) => Err(error.into()),
    }
}

/// Replaces the recovery codes.
pub(super) async fn renew_recovery_codes(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let session = session_of(&who)?;
    let about = web.new_manual_run(&who, format!("replace the recovery codes of `{}`", who.actor));
    let codes =
        accounts::renew_recovery_codes(&web.store, &about, web.change_time(), session.account).await?;
    render_page(&RecoveryCodesPage { frame: frame(&who), codes })
}

/// Removes the second factor, unless the role requires one.
pub(super) async fn remove(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    if web.config().web.second_factor.contains(&who.role) {
        let what = format!("the role {} requires a second factor", who.role.in_words());
        return Err(PageError::Bad { what });
    }
    let about = web.new_manual_run(&who, format!("remove the second factor of `{}`", who.actor));
    let account = session_of(&who)?.account;
    let done = accounts::remove_second_factor(&web.store, &about, web.change_time(), account).await?;
    Ok(Redirect::to(&format!("/account?run={}", done.run)).into_response())
}
