//! Selection of learners from the complete list. The selection is stored in a draft across pages.

use rustc_hash::FxHashSet;
use serde_json::Value;

use crate::error::PageError;
use crate::form_data::FormData;
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use rollcall_core::accounts::Principal;
use rollcall_model::format::{count, thousands};
use rollcall_model::ids::{AccountId, DraftId, GroupId};
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::listing::SearchTerms;
use rollcall_store::listing::learners::{self, LearnerListRow, LearnerSearch};
use rollcall_store::listing::members;
use rollcall_store::{Store, Tx, form_drafts};

/// Page of learners for the template.
pub(super) struct LearnerPicker {
    pub legend: &'static str,
    pub text: String,
    pub rows: Vec<LearnerChoice>,
    pub chosen: i64,
    pub found: i64,
    pub next: Option<String>,
    pub is_first: bool,
}

pub(super) struct LearnerChoice {
    pub row: LearnerListRow,
    pub chosen: bool,
    pub is_member: bool,
}

impl LearnerPicker {
    pub(super) fn chosen_in_words(&self) -> String {
        format!("{} chosen", thousands(self.chosen.unsigned_abs()))
    }

    pub(super) fn found_in_words(&self) -> String {
        thousands(self.found.unsigned_abs())
    }

    /// Loads the page of the list that the query string selects.
    pub(super) async fn read(
        tx: &mut Tx,
        draft: Option<DraftId>,
        query: &FormData,
        group: Option<GroupId>,
        legend: &'static str,
    ) -> Result<Self, PageError> {
        let text = query.text("q");
        let place = ListPageRequest::from_query(query);
        let find = LearnerSearch { text, ..LearnerSearch::default() };
        let mut rows = learners::list(tx, find, place.to_store_page()).await?;
        let next = split_next_page(&mut rows, |row| ListCursor { text: row.name_folded.clone(), id: row.id });
        let found = learners::count(tx, find).await?;
        let chosen: FxHashSet<i64> = match draft {
            Some(draft) => form_drafts::list_choices(tx, draft).await?.into_iter().collect(),
            None => FxHashSet::default(),
        };
        let numbers: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let members: FxHashSet<i64> = match group {
            Some(group) => {
                members::list_reasons(tx, group, numbers).await?.into_iter().map(|(id, ..)| id).collect()
            }
            None => FxHashSet::default(),
        };
        let choice = |row: LearnerListRow| LearnerChoice {
            chosen: chosen.contains(&row.id),
            is_member: members.contains(&row.id),
            row,
        };
        Ok(Self {
            legend,
            text: text.to_owned(),
            rows: rows.into_iter().map(choice).collect(),
            chosen: i64::try_from(chosen.len()).unwrap_or(i64::MAX),
            found,
            next,
            is_first: place.is_first(),
        })
    }
}

/// Action of a button of the form.
pub(super) enum PickerAction {
    /// Save the selection.
    Save,
    /// Show another part of the list. Contains the query string.
    ShowPage(String),
}

/// Stores the answers and the selection of the submitted page. Creates a draft if there is none.
pub(super) async fn save_selection(
    store: &Store,
    who: &Principal,
    kind: &str,
    form: &FormData,
    answers: &Value,
) -> Result<(DraftId, PickerAction), PageError> {
    let account = require_account(who)?;
    let (now, terms) = (chrono::Utc::now(), SearchTerms::of(form.text("q")));
    let mut tx = store.begin_write().await?;
    let there = match form.number("draft") {
        Some(id) => form_drafts::find(&mut tx, DraftId(id), account, kind).await?,
        None => None,
    };
    let draft = match there {
        Some(draft) => {
            form_drafts::save_answers(&mut tx, draft.id, &answers.to_string(), now).await?;
            draft.id
        }
        None => form_drafts::create(&mut tx, account, kind, &answers.to_string(), now).await?,
    };
    let ticked: FxHashSet<i64> = form.numbers("member").into_iter().collect();
    let unticked = form.numbers("shown").into_iter().filter(|id| !ticked.contains(id)).collect();
    form_drafts::add_choices(&mut tx, draft, ticked.into_iter().collect()).await?;
    form_drafts::remove_choices(&mut tx, draft, unticked).await?;
    match form.text("do") {
        "all" => {
            learners::choose_matching(&mut tx, draft, &terms).await?;
        }
        "none" => form_drafts::clear_choices(&mut tx, draft).await?,
        _ => {}
    }
    if form_drafts::exceeds_choices(&mut tx, draft).await? {
        let most = thousands(ResourceLimit::DraftChoices.default_value());
        return Err(PageError::Bad { what: format!("a form holds at most {most} choices") });
    }
    tx.commit().await?;
    let pressed = if form.text("do") == "save" {
        PickerAction::Save
    } else {
        PickerAction::ShowPage(draft_query(draft, form))
    };
    Ok((draft, pressed))
}

/// Returns the query string of the page that a form requests.
fn draft_query(draft: DraftId, form: &FormData) -> String {
    let mut address = url::form_urlencoded::Serializer::new(String::new());
    address.append_pair("draft", &draft.0.to_string());
    if form.text("do") == "next" {
        address.append_pair("after", form.text("after"));
    }
    if !form.text("q").is_empty() {
        address.append_pair("q", form.text("q"));
    }
    address.finish()
}

/// Loads the draft named in the query string. `None` if it does not exist or belongs to another account.
pub(super) async fn find_draft(
    tx: &mut Tx,
    who: &Principal,
    kind: &str,
    query: &FormData,
) -> Result<Option<(DraftId, Value)>, PageError> {
    let Some(id) = query.number("draft") else { return Ok(None) };
    let found = form_drafts::find(tx, DraftId(id), require_account(who)?, kind).await?;
    Ok(found.map(|draft| (draft.id, serde_json::from_str(&draft.answers).unwrap_or_default())))
}

/// Deletes a draft after it was saved.
pub(super) async fn delete_draft(store: &Store, draft: DraftId) -> Result<(), PageError> {
    let mut tx = store.begin_write().await?;
    form_drafts::delete(&mut tx, draft).await?;
    Ok(tx.commit().await?)
}

fn require_account(who: &Principal) -> Result<AccountId, PageError> {
    who.account().ok_or_else(|| PageError::Bad { what: "this form requires a user account".to_owned() })
}

/// Formats the learners of a change for its notice.
pub(super) fn count_learners(number: usize) -> String {
    count(number as u64, "learner", "learners")
}
