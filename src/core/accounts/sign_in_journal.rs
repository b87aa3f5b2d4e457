//! Writes sign-ins, sign-outs and refusals into the database.
//!
//! Events at the same time share a transaction: while one is written, further ones wait and are written together.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tracing::warn;

use crate::accounts::digest_address;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::sign_in_events::{self, NewSignInEvent};
use rollcall_store::{Result, Store};

/// Account or token of an event.
#[derive(Debug, Clone, Copy)]
pub enum SignInSubject<'a> {
    /// An address, which may belong to no account.
    Address(&'a str),
    /// An API token, by number.
    Token(i64),
    /// Unknown.
    Unknown,
}

impl SignInSubject<'_> {
    /// Returns the digest of the address, or another name without personal data.
    #[must_use]
    pub fn pseudonym(self) -> String {
        match self {
            Self::Address(email) => digest_address(email),
            Self::Token(id) => format!("token {id}"),
            Self::Unknown => String::new(),
        }
    }
}

/// An event to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct SignInEntry<'a> {
    /// The event.
    pub event: &'static str,
    /// True if something was refused. Such events are counted in one row an hour.
    pub is_refusal: bool,
    /// Method of authentication; may be empty.
    pub method: &'static str,
    /// Account or token.
    pub subject: SignInSubject<'a>,
    /// Address of the client.
    pub client: &'a str,
}

impl SignInEntry<'_> {
    fn to_new_event(self, now: DateTime<Utc>) -> NewSignInEvent {
        let Self { event, method, client, .. } = self;
        let who = self.subject.pseudonym();
        let hour = now.format("%Y-%m-%d %H");
        let refusal = self.is_refusal.then(|| format!("{hour} {event} {method} {client} {who}"));
        let email = match self.subject {
            SignInSubject::Address(email) => email.to_owned(),
            SignInSubject::Token(_) | SignInSubject::Unknown => String::new(),
        };
        NewSignInEvent { event, email, who, client: client.to_owned(), method, refusal, times: 1, at: now }
    }
}

/// Events that wait, and the permission to write them.
#[derive(Debug, Default)]
struct WaitingEvents {
    events: Mutex<Vec<NewSignInEvent>>,
    writer: tokio::sync::Mutex<()>,
}

/// Writer of the record of sign-ins.
#[derive(Debug, Clone, Default)]
pub struct SignInJournal {
    waiting: Arc<WaitingEvents>,
}

impl SignInJournal {
    /// Records an event and returns when it is in the database. A failure is logged: it refuses no sign-in.
    pub async fn record(&self, store: &Store, entry: SignInEntry<'_>, now: DateTime<Utc>) {
        self.waiting.add(entry.to_new_event(now));
        // On a task of its own: a client that goes away does not end the writing of other events.
        let (waiting, store) = (Arc::clone(&self.waiting), store.clone());
        let written = tokio::spawn(async move { waiting.write(&store).await }).await;
        if let Err(error) = written.map_err(|panic| panic.to_string()).and_then(|done| done) {
            warn!(error, "could not record sign-ins");
        }
    }
}

impl WaitingEvents {
    fn add(&self, new: NewSignInEvent) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let like = events.iter_mut().find(|one| one.refusal.is_some() && one.refusal == new.refusal);
        match like {
            Some(like) => {
                like.times += new.times;
                like.at = new.at;
            }
            None => events.push(new),
        }
    }

    async fn write(&self, store: &Store) -> std::result::Result<(), String> {
        let _writer = self.writer.lock().await;
        let events = std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner));
        if events.is_empty() {
            return Ok(());
        }
        write_events(store, &events).await.map_err(|error| error.to_string())
    }
}

async fn write_events(store: &Store, events: &[NewSignInEvent]) -> Result<()> {
    let mut tx = store.begin_write().await?;
    let mut is_new = false;
    for event in events {
        is_new |= sign_in_events::create(&mut tx, event).await?;
    }
    let limit = ResourceLimit::SignInRecords;
    let most = i64::try_from(limit.default_value()).unwrap_or(i64::MAX);
    if is_new && sign_in_events::delete_surplus(&mut tx, most).await? > 0 {
        limit.record_reached();
    }
    tx.commit().await
}
