//! Requests of one account or token at the same time.
//!
//! A request holds a connection to the database. Without a bound one user could take all of them from the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use rollcall_core::accounts::{AuthMethod, Principal};
use rollcall_model::ids::{AccountId, TokenId};
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

/// Account or token whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum SlotOwner {
    Account(AccountId),
    Token(TokenId),
}

impl SlotOwner {
    fn of(principal: &Principal) -> Self {
        match &principal.auth_method {
            AuthMethod::Session(session) => Self::Account(session.account),
            AuthMethod::Token { id, .. } => Self::Token(*id),
        }
    }
}

/// Requests in progress, by account or token. One entry for each that has a request.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestSlots(Arc<Mutex<HashMap<SlotOwner, Arc<Semaphore>>>>);

/// Right of one request to go on. Dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct RequestSlot {
    slots: RequestSlots,
    owner: SlotOwner,
    permit: Option<OwnedSemaphorePermit>,
}

impl RequestSlots {
    /// Waits until a request of this account or token may go on. None if too many of them wait already.
    pub(crate) async fn acquire(&self, principal: &Principal) -> Option<RequestSlot> {
        let owner = SlotOwner::of(principal);
        let limit = ResourceLimit::RequestsPerPrincipal;
        let waiting = ResourceLimit::WaitingRequests;
        let bounds = ResourceLimits::default();
        // Dropped last: it clears the map also if the request ends while it waits.
        let mut slot = RequestSlot { slots: self.clone(), owner, permit: None };
        let slots = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(owner).or_insert_with(|| Arc::new(Semaphore::new(bounds.size(limit)))))
        };
        slot.permit = Some(if let Ok(permit) = Arc::clone(&slots).try_acquire_owned() {
            permit
        } else {
            limit.record_reached();
            // One reference is that of the map; each request that works or waits has one.
            if Arc::strong_count(&slots) > 1 + bounds.size(limit) + bounds.size(waiting) {
                waiting.record_reached();
                return None;
            }
            slots.acquire_owned().await.expect("the semaphore is never closed")
        });
        Some(slot)
    }
}

impl Drop for RequestSlot {
    fn drop(&mut self) {
        let mut all = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.permit = None;
        // The map holds the only reference if no request of the owner is in progress or waits.
        if all.get(&self.owner).is_some_and(|slots| Arc::strong_count(slots) == 1) {
            all.remove(&self.owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use rollcall_model::role::Role;

    fn principal(id: i64) -> Principal {
        let auth_method = AuthMethod::Token { id: TokenId(id), owner: None };
        Principal { actor: "token".to_owned(), name: "token".to_owned(), role: Role::Viewer, auth_method }
    }

    /// A request beyond the bound waits for one of the same owner, and not for others.
    #[tokio::test]
    async fn request_beyond_the_bound_waits() {
        let slots = RequestSlots::default();
        let (ada, bob) = (principal(1), principal(2));
        let most = ResourceLimits::default().size(ResourceLimit::RequestsPerPrincipal);
        let before = ResourceLimit::RequestsPerPrincipal.times_reached();
        let mut taken = Vec::new();
        for _ in 0..most {
            taken.push(slots.acquire(&ada).await.expect("a slot"));
        }
        let most_waiting = ResourceLimits::default().size(ResourceLimit::WaitingRequests);
        let mut waiting: Vec<_> = (0..most_waiting).map(|_| Box::pin(slots.acquire(&ada))).collect();
        assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
        assert_eq!(ResourceLimit::RequestsPerPrincipal.times_reached(), before + most_waiting as u64);
        assert!(slots.acquire(&ada).await.is_none(), "one more is refused");
        assert!(slots.acquire(&bob).await.is_some());
        taken.pop();
        assert!(waiting.remove(0).await.is_some());
        drop((taken, waiting));
        assert!(slots.0.lock().expect("the map").is_empty(), "nothing is kept of requests that have ended");
    }
}
