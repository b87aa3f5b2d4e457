//! Choosing learners out of the whole list: what is ticked is kept in a draft, page after page.

use rustc_hash::FxHashSet;
use serde_json::Value;

use crate::accounts::Principal;
use crate::model::ids::{AccountId, DraftId, GroupId};
use crate::model::words::{count, thousands};
use crate::store::listing::learners::{self, Find, Row};
use crate::store::listing::members;
use crate::store::{Store, Tx, drafts};
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::form::Form;
use crate::web::trouble::Trouble;

/// A page of learners to choose from, as the template has it.
pub(super) struct Picker {
    pub legend: &'static str,
    pub text: String,
    pub rows: Vec<Choice>,
    pub chosen: i64,
    pub found: i64,
    pub next: Option<String>,
    pub is_first: bool,
}

pub(super) struct Choice {
    pub row: Row,
    pub chosen: bool,
    pub is_member: bool,
}

impl Picker {
    pub fn chosen_in_words(&self) -> String {
        format!("{} chosen", thousands(self.chosen.unsigned_abs()))
    }

    pub fn found_in_words(&self) -> String {
        thousands(self.found.unsigned_abs())
    }

    /// Reads the page of the list that an address asks for.
    pub async fn read(
        tx: &mut Tx,
        draft: Option<DraftId>,
        query: &Form,
        group: Option<GroupId>,
        legend: &'static str,
    ) -> Result<Self, Trouble> {
        let text = query.text("q");
        let place = Place::of(query);
        let find = Find { text, ..Find::default() };
        let mut rows = learners::page(tx, find, place.from()).await?;
        let next = cut(&mut rows, |row| Cursor { text: row.name_folded.clone(), id: row.id });
        let found = learners::count(tx, find).await?;
        let chosen: FxHashSet<i64> = match draft {
            Some(draft) => drafts::chosen(tx, draft).await?.into_iter().collect(),
            None => FxHashSet::default(),
        };
        let numbers: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let members: FxHashSet<i64> = match group {
            Some(group) => {
                members::reasons(tx, group, numbers).await?.into_iter().map(|(id, ..)| id).collect()
            }
            None => FxHashSet::default(),
        };
        let choice =
            |row: Row| Choice { chosen: chosen.contains(&row.id), is_member: members.contains(&row.id), row };
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

/// What a button of the form asks for.
pub(super) enum Pressed {
    /// To save what was chosen.
    Save,
    /// To show something else of the list: what stands behind the question mark of the address.
    Show(String),
}

/// Keeps a form: the answers, and what is ticked on the page that was sent. Begins a draft where there is none.
pub(super) async fn keep(
    store: &Store,
    who: &Principal,
    kind: &str,
    form: &Form,
    answers: &Value,
) -> Result<(DraftId, Pressed), Trouble> {
    let account = account(who)?;
    let now = chrono::Utc::now();
    let mut tx = store.write().await?;
    let there = match form.number("draft") {
        Some(id) => drafts::find(&mut tx, DraftId(id), account, kind).await?,
        None => None,
    };
    let draft = match there {
        Some(draft) => {
            drafts::keep(&mut tx, draft.id, &answers.to_string(), now).await?;
            draft.id
        }
        None => drafts::begin(&mut tx, account, kind, &answers.to_string(), now).await?,
    };
    let ticked: FxHashSet<i64> = form.numbers("member").into_iter().collect();
    let unticked = form.numbers("shown").into_iter().filter(|id| !ticked.contains(id)).collect();
    drafts::choose(&mut tx, draft, ticked.into_iter().collect()).await?;
    drafts::unchoose(&mut tx, draft, unticked).await?;
    let text = form.text("q");
    match form.text("do") {
        "all" => {
            learners::choose_all(&mut tx, draft, text).await?;
        }
        "none" => drafts::unchoose_all(&mut tx, draft).await?,
        _ => {}
    }
    tx.commit().await?;
    let pressed = if form.text("do") == "save" { Pressed::Save } else { Pressed::Show(address(draft, form)) };
    Ok((draft, pressed))
}

/// What stands behind the question mark of the page that a form asks for.
fn address(draft: DraftId, form: &Form) -> String {
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

/// The draft of an address, with its answers; nothing where there is none, or it is somebody else's.
pub(super) async fn draft(
    tx: &mut Tx,
    who: &Principal,
    kind: &str,
    query: &Form,
) -> Result<Option<(DraftId, Value)>, Trouble> {
    let Some(id) = query.number("draft") else { return Ok(None) };
    let found = drafts::find(tx, DraftId(id), account(who)?, kind).await?;
    Ok(found.map(|draft| (draft.id, serde_json::from_str(&draft.answers).unwrap_or_default())))
}

/// Forgets a draft that was saved.
pub(super) async fn forget(store: &Store, draft: DraftId) -> Result<(), Trouble> {
    let mut tx = store.write().await?;
    drafts::drop(&mut tx, draft).await?;
    Ok(tx.commit().await?)
}

fn account(who: &Principal) -> Result<AccountId, Trouble> {
    who.account().ok_or_else(|| Trouble::Bad { what: "forms are for people who are signed in".to_owned() })
}

/// Whom an answer is about, for the line that tells what was done.
pub(super) fn people(number: usize) -> String {
    count(number as u64, "learner", "learners")
}
