//! Preview of an expression: evaluates it for all people, within a time and once at a time for each account.

use crate::error::PageError;
use crate::layout::FieldError;
use crate::{WebContext, run_blocking};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::rule_preview::{self, PreviewError, PreviewGroup, RulePreview, create_interrupt};
use rollcall_model::ids::GroupId;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_rules::rule::BadExpression;

/// Tries out an expression, and compares the matches with the members of a group if one is given.
///
/// The people are loaded first, and the connection is returned before the expression is evaluated. The evaluation ends
/// when its time is over or when the service stops, even if the client is gone.
pub(super) async fn run(
    web: &WebContext,
    who: &Principal,
    text: String,
    group: Option<GroupId>,
    most: usize,
) -> Result<Result<RulePreview, Vec<FieldError>>, PageError> {
    let Some(running) = web.background.start_rule_preview(&who.actor) else {
        ResourceLimit::PreviewsPerAccount.record_reached();
        let text = "Another try-out of this account is running. Wait until it has ended, then try again.";
        return Ok(Err(vec![FieldError::new("when", text)]));
    };
    let (web, stop) = (web.clone(), web.stop.clone());
    let found = run_blocking(move || async move {
        let _running = running;
        let config = web.config();
        let rule = match rule_preview::compile_preview(config.for_sync(), &text) {
            Ok(rule) => rule,
            Err(error) => return Ok(Err(error)),
        };
        let group = group.map_or(PreviewGroup::None, PreviewGroup::Known);
        let today = web.change_time().today;
        let load = async {
            let mut tx = web.store.begin_read().await?;
            let data = rule_preview::load_preview(&mut tx, config.for_sync(), &rule, group, today).await?;
            tx.rollback().await?;
            Ok::<_, rollcall_store::StoreError>(data)
        };
        let data = tokio::select! {
            () = web.stop.cancelled() => return Ok(Err(PreviewError::Interrupted)),
            data = load => data?,
        };
        let interrupt = create_interrupt(web.stop.clone());
        Ok(rule_preview::preview_rule(data, config.for_sync(), rule, web.change_time(), most, &interrupt))
    });
    let found: Result<_, rollcall_store::StoreError> = found.await?;
    Ok(found?.map_err(|error| describe_error(error, stop.is_cancelled())))
}

fn describe_error(error: PreviewError, is_stopping: bool) -> Vec<FieldError> {
    let text = match error {
        PreviewError::Expression(mistakes) => return mistakes.iter().map(expression_error).collect(),
        PreviewError::Interrupted if is_stopping => {
            "The expression was not evaluated to the end because the service is stopping.".to_owned()
        }
        PreviewError::Interrupted => {
            ResourceLimit::PreviewSeconds.record_reached();
            let seconds = ResourceLimit::PreviewSeconds.default_value();
            format!(
                "The expression could not be evaluated for all people within {seconds} seconds. Compare with a list \
                 (`in`) instead of nested `exists` or `all`."
            )
        }
    };
    vec![FieldError::new("when", text)]
}

/// Error of an expression with its position.
fn expression_error(mistake: &BadExpression) -> FieldError {
    let (line, column) = (mistake.line + 1, mistake.column + 1);
    FieldError::new("when", format!("Line {line}, column {column}: {mistake}"))
}
