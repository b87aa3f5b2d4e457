//! What stands around every page: menu, who is signed in, and what the last change came to.

use axum::http::StatusCode;

use crate::accounts::Principal;
use crate::groups::aftermath::Aftermath;
use crate::model::role::May;
use crate::web::assets::{ICONS, SCRIPTS, STYLES};

/// Where in the menu a page stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Nowhere,
    Groups,
    Assigned,
    Learners,
    Sync,
    Jobs,
    Settings,
}

/// A line of the menu.
pub(super) struct Item {
    pub label: &'static str,
    pub address: &'static str,
    pub here: Here,
    may: May,
}

const MENU: [Item; 6] = [
    Item { label: "Groups", address: "/groups", here: Here::Groups, may: May::Read },
    Item { label: "Assigned courses", address: "/assigned", here: Here::Assigned, may: May::Read },
    Item { label: "Learners", address: "/learners", here: Here::Learners, may: May::Read },
    Item { label: "Sync", address: "/sync", here: Here::Sync, may: May::Operate },
    Item { label: "Jobs", address: "/jobs", here: Here::Jobs, may: May::Operate },
    Item { label: "Settings", address: "/settings", here: Here::Settings, may: May::Own },
];

/// What stands around a page.
pub(super) struct Frame {
    pub title: String,
    pub who: Option<Principal>,
    pub here: Here,
    /// What the change that led here came to.
    pub notice: Option<Aftermath>,
    /// What is wrong with what was sent, by field.
    pub faults: Vec<Fault>,
    /// The addresses of stylesheet, script and icon.
    pub assets: [&'static str; 3],
}

/// Something wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The field's id on the page; empty where it is about the whole.
    pub field: &'static str,
    /// What is wrong, as a sentence.
    pub text: String,
}

impl Fault {
    pub fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: prose(&text.into()) }
    }
}

/// A message of the rooms below, where names stand in backticks, as it is read on a page: with quotation marks.
pub(super) fn prose(text: &str) -> String {
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

impl Frame {
    pub fn new(who: &Principal, here: Here, title: impl Into<String>) -> Self {
        Self { who: Some(who.clone()), here, ..Self::nobody(title) }
    }

    pub fn nobody(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            who: None,
            here: Here::Nowhere,
            notice: None,
            faults: Vec::new(),
            assets: [&STYLES.address, &SCRIPTS.address, &ICONS.address],
        }
    }

    pub fn notice(self, notice: Option<Aftermath>) -> Self {
        let notice = notice.map(|one| Aftermath { what: prose(&one.what), ..one });
        Self { notice, ..self }
    }

    pub fn faults(self, faults: Vec<Fault>) -> Self {
        Self { faults, ..self }
    }

    /// The status of the page: whether something is wrong with what was sent.
    pub fn status(&self) -> StatusCode {
        if self.faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// The fault of a field.
    pub fn fault(&self, field: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.field == field)
    }

    pub fn menu(&self) -> impl Iterator<Item = &'static Item> {
        MENU.iter().filter(|item| self.may(item.may))
    }

    fn may(&self, what: May) -> bool {
        self.who.as_ref().is_some_and(|who| who.role.may(what))
    }

    pub fn operates(&self) -> bool {
        self.may(May::Operate)
    }

    pub fn manages(&self) -> bool {
        self.may(May::Manage)
    }
}
