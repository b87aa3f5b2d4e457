//! What pages and API ask of the rooms below that plan: syncs, and two learners made one.

use std::time::Duration;

use crate::accounts::Principal;
use crate::connectors::{Context, Progress, retry};
use crate::groups::links::Linked;
use crate::model::ids::RunId;
use crate::store::runs::{About, Kind};
use crate::sync::refresh::Anew;
use crate::sync::{self, Asked, Report, approve, linked};
use crate::web::trouble::Trouble;
use crate::web::{Web, aside};

/// How long somebody waits for a run that is under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// A run that nothing special is asked of.
pub(super) fn asked(web: &Web, who: &Principal, what: String) -> Asked {
    let reading =
        Context { cancel: web.stop.clone(), progress: Progress::default(), retry: retry::Policy::TYPED };
    Asked {
        actor: who.actor.clone(),
        what,
        dry_run: false,
        only: None,
        allow_removals: false,
        patience: PATIENCE,
        reading,
    }
}

/// An approval or a retirement, as somebody asks for it here.
pub(super) fn decision(web: &Web, who: &Principal, what: String) -> approve::Asked {
    approve::Asked { actor: who.actor.clone(), what, patience: PATIENCE, stop: web.stop.clone() }
}

/// The undo of a run, for the record of changes.
pub(super) fn undo_of(web: &Web, who: &Principal, run: i64) -> About {
    About { kind: Kind::Undo, subject: Some(RunId(run)), ..web.about(who, format!("undo run {run}")) }
}

/// Asks every connector for one address; answers what each came to.
pub(super) async fn resync(web: &Web, who: &Principal, email: &str) -> Result<Vec<Report>, Trouble> {
    let asked = Asked { only: Some(email.to_owned()), ..asked(web, who, format!("resync `{email}`")) };
    let web = web.clone();
    aside(move || async move {
        let config = web.config();
        let mut reports = Vec::new();
        for place in 0..config.connectors.len() {
            reports.push(sync::run(&web.store, config.for_sync(), place, &asked).await);
        }
        reports
    })
    .await
}

/// What becomes of two learners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Two {
    /// They are made one.
    Linked,
    /// They are parted.
    Parted,
}

/// Makes the learner of an address and another one into one, or parts them.
pub(super) async fn link(
    web: &Web,
    who: &Principal,
    two: Two,
    [first, second]: [&str; 2],
) -> Result<Result<Linked, linked::Error>, Trouble> {
    let verb = if two == Two::Linked { "link" } else { "unlink" };
    let about = web.about(who, format!("{verb} `{first}` and `{second}`"));
    let names = [first.to_owned(), second.to_owned()];
    let web = web.clone();
    aside(move || async move {
        let config = web.config();
        let anew = Anew { store: &web.store, file: config.for_sync(), patience: PATIENCE, stop: &web.stop };
        let names = names.each_ref().map(String::as_str);
        match two {
            Two::Linked => linked::link(anew, &about, web.when(), names).await,
            Two::Parted => linked::unlink(anew, &about, web.when(), names).await,
        }
    })
    .await
}
