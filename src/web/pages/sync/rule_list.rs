//! Rule page: configured rules with their matches, and a form to test an expression.

use askama::Template;
use axum::Extension;
use axum::extract::State;

use crate::filters;
use crate::form_data::UrlQuery;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page_with_status};
use crate::{WebContext, run_blocking};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::rule_preview::{self, MatchSample, RulePreview as Found};
use rollcall_model::ids::GroupId;
use rollcall_model::names::GroupName;
use rollcall_rules::rule::BadExpression;
use rollcall_store::groups;
use rollcall_store::listing::runs::{self, FedGroup};

/// Maximum numbers of people and groups of a rule that are listed.
const MAX_GROUPS: usize = 50;

#[derive(Template)]
#[template(path = "sync/rule_list.html")]
struct RuleListPage {
    frame: Layout,
    tab: &'static str,
    rules: Vec<RuleLine>,
    when: String,
    group: String,
    group_name: Option<String>,
    found: Option<Found>,
    attributes: String,
    named: usize,
}

struct RuleLine {
    name: String,
    when: String,
    template: String,
    connectors: String,
    learners: i64,
    groups: Vec<FedGroup>,
    more: usize,
}

fn rule_line(rule: &rollcall_rules::rule::Rule, given: &[(String, i64)], fed: &[FedGroup]) -> RuleLine {
    let name = rule.name.as_str();
    let mut groups: Vec<FedGroup> = fed.iter().filter(|one| one.rule == name).cloned().collect();
    let more = groups.len().saturating_sub(MAX_GROUPS);
    groups.truncate(MAX_GROUPS);
    let connectors = rule.connectors.iter().flatten().map(|one| one.as_str()).collect::<Vec<_>>();
    RuleLine {
        name: name.to_owned(),
        when: rule.when.trim().to_owned(),
        template: rule.group.text().to_owned(),
        connectors: connectors.join(", "),
        learners: given.iter().find(|(of, _)| of == name).map_or(0, |(_, count)| *count),
        groups,
        more,
    }
}

/// Error of an expression with its position.
fn expression_error(mistake: &BadExpression) -> FieldError {
    let (line, column) = (mistake.line + 1, mistake.column + 1);
    FieldError::new("when", format!("Line {line}, column {column}: {mistake}"))
}

pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let (when, group) = (query.text("when").to_owned(), query.text("group").trim().to_owned());
    let config = web.config();
    let mut tx = web.store.begin_read().await?;
    let (given, fed) = (runs::count_learners_by_rule(&mut tx).await?, runs::list_fed_groups(&mut tx).await?);
    let mut faults = Vec::new();
    let mut chosen = None;
    if !group.is_empty() {
        if let Ok(name) = GroupName::parse(&group) {
            chosen = groups::get_by_name(&mut tx, &name).await?;
        }
        if chosen.is_none() {
            faults.push(FieldError::new("group", format!("Group “{group}” does not exist.")));
        }
    }
    tx.rollback().await?;
    let mut found = None;
    if !when.trim().is_empty() {
        match preview_rule(&web, when.clone(), chosen.as_ref().map(|group| group.id)).await? {
            Ok(answer) => found = Some(answer),
            Err(mistakes) => faults.extend(mistakes.iter().map(expression_error)),
        }
    }
    let names: Vec<&str> = config.attributes.iter().map(|one| config.attributes.name(one)).collect();
    let page = RuleListPage {
        frame: Layout::new(&who, MenuItem::Sync, "Rules").faults(faults),
        tab: "rules",
        rules: config.rules.iter().map(|rule| rule_line(rule, &given, &fed)).collect(),
        when,
        group_name: chosen.map(|group| group.name),
        group,
        found,
        attributes: names.join(", "),
        named: MAX_GROUPS,
    };
    render_page_with_status(page.frame.status(), &page)
}

async fn preview_rule(
    web: &WebContext,
    text: String,
    group: Option<GroupId>,
) -> Result<Result<Found, Vec<BadExpression>>, crate::error::PageError> {
    let web = web.clone();
    let found = run_blocking(move || async move {
        let config = web.config();
        let mut tx = web.store.begin_read().await?;
        rule_preview::preview_rule(&mut tx, config.for_sync(), web.change_time(), &text, group, MAX_GROUPS)
            .await
    });
    Ok(found.await??)
}

impl RuleListPage {
    /// Returns the lists of the result with their titles.
    fn lists(&self) -> Vec<(String, &MatchSample)> {
        let Some(found) = &self.found else { return Vec::new() };
        let mut lists = vec![("Whom it matches".to_owned(), &found.matching)];
        if let Some(group) = &self.group_name {
            lists.push((format!("Matching, and not in “{group}” yet"), &found.coming));
            lists.push((format!("In “{group}”, and not matching"), &found.going));
        }
        if found.undecided.count > 0 {
            lists.push(("Could not be decided".to_owned(), &found.undecided));
        }
        lists
    }
}
