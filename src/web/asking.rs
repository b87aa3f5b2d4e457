//! What pages and API ask of the rooms below that plan: syncs, and rules that decide anew.

use std::time::Duration;

use crate::accounts::Principal;
use crate::connectors::{Context, Progress, retry};
use crate::model::ids::LearnerId;
use crate::store::runs::About;
use crate::sync::{self, Asked, Report, refresh};
use crate::web::trouble::Trouble;
use crate::web::{Web, aside};

/// How long somebody waits for a run that is under way.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

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

/// Lets the rules decide anew for one learner.
pub(super) async fn decide_anew(
    web: &Web,
    learner: LearnerId,
    about: &About,
) -> Result<Result<(), sync::Error>, Trouble> {
    let about = About { what: format!("rules, after: {}", about.what), ..about.clone() };
    let web = web.clone();
    aside(move || async move {
        let config = web.config();
        refresh::refresh(&web.store, config.for_sync(), learner, &about, &web.stop).await.map(|_| ())
    })
    .await
}
