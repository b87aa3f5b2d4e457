//! Page layout: menu, current user, and the result of the last change.

use axum::http::StatusCode;

use crate::assets::{ICONS, SCRIPTS, STYLES};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::change_summary::ChangeSummary;
use rollcall_model::role::Permission;

/// Menu item to which a page belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MenuItem {
    Unlisted,
    Overview,
    Groups,
    Assigned,
    Learners,
    Sync,
    Jobs,
    Settings,
}

/// Entry of the menu.
pub(super) struct MenuEntry {
    pub label: &'static str,
    pub address: &'static str,
    pub here: MenuItem,
    may: Permission,
}

const MENU: [MenuEntry; 7] = [
    MenuEntry { label: "Overview", address: "/", here: MenuItem::Overview, may: Permission::Read },
    MenuEntry { label: "Groups", address: "/groups", here: MenuItem::Groups, may: Permission::Read },
    MenuEntry {
        label: "Assigned courses",
        address: "/assigned",
        here: MenuItem::Assigned,
        may: Permission::Read,
    },
    MenuEntry { label: "Learners", address: "/learners", here: MenuItem::Learners, may: Permission::Read },
    MenuEntry { label: "Sync", address: "/sync", here: MenuItem::Sync, may: Permission::Operate },
    MenuEntry { label: "Jobs", address: "/jobs", here: MenuItem::Jobs, may: Permission::Operate },
    MenuEntry { label: "Settings", address: "/settings", here: MenuItem::Settings, may: Permission::Admin },
];

/// Layout of a page.
pub(super) struct Layout {
    pub title: String,
    pub who: Option<Principal>,
    pub here: MenuItem,
    /// Result of the change that redirected to this page.
    pub notice: Option<ChangeSummary>,
    /// Sentence about a form that changed nothing.
    pub remark: Option<&'static str>,
    /// Validation errors of the submitted form.
    pub faults: Vec<FieldError>,
    /// URLs of stylesheet, script and icon.
    pub assets: [&'static str; 3],
}

/// Validation error of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldError {
    /// Id of the field on the page. Empty if the error concerns the whole form.
    pub field: &'static str,
    /// Message, as a sentence.
    pub text: String,
}

impl FieldError {
    pub(crate) fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: format_quoted_names(&text.into()) }
    }
}

/// Converts names in backticks, as in messages of the lower crates, to names in quotation marks.
pub(super) fn format_quoted_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        match at {
            0 => {}
            _ if at % 2 == 1 => out.push('“'),
            _ => out.push('”'),
        }
        out.push_str(part);
    }
    out
}

impl Layout {
    pub(crate) fn new(who: &Principal, here: MenuItem, title: impl Into<String>) -> Self {
        Self { who: Some(who.clone()), here, ..Self::anonymous(title) }
    }

    pub(crate) fn anonymous(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            who: None,
            here: MenuItem::Unlisted,
            notice: None,
            remark: None,
            faults: Vec::new(),
            assets: [&STYLES.address, &SCRIPTS.address, &ICONS.address],
        }
    }

    /// Adds the result of a change. It is shown to the actor of the change, and to roles that may read the audit log.
    pub(crate) fn notice(self, notice: Option<ChangeSummary>) -> Self {
        let is_own = |one: &ChangeSummary| self.who.as_ref().is_some_and(|who| who.actor == one.actor);
        let notice = notice.filter(|one| is_own(one) || self.may(Permission::Admin));
        let notice = notice.map(|one| ChangeSummary { what: format_quoted_names(&one.what), ..one });
        Self { notice, ..self }
    }

    pub(crate) fn remark(self, remark: Option<&'static str>) -> Self {
        Self { remark, ..self }
    }

    pub(crate) fn faults(self, faults: Vec<FieldError>) -> Self {
        Self { faults, ..self }
    }

    /// Returns the HTTP status of the page: 422 if the form has errors, else 200.
    pub(crate) fn status(&self) -> StatusCode {
        if self.faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// Returns the error of a field.
    pub(crate) fn fault(&self, field: &str) -> Option<&FieldError> {
        self.faults.iter().find(|fault| fault.field == field)
    }

    pub(crate) fn menu(&self) -> impl Iterator<Item = &'static MenuEntry> {
        MENU.iter().filter(|item| self.may(item.may))
    }

    fn may(&self, what: Permission) -> bool {
        self.who.as_ref().is_some_and(|who| who.role.allows(what))
    }

    pub(crate) fn operates(&self) -> bool {
        self.may(Permission::Operate)
    }

    pub(crate) fn manages(&self) -> bool {
        self.may(Permission::Manage)
    }
}
