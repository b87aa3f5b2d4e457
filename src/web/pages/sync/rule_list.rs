//! Rule page: configured rules with their matches, and a form to test an expression.

use askama::Template;
use axum::Extension;
use axum::extract::State;

use super::rule_preview;
use crate::WebContext;
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::rule_preview::{MatchSample, RulePreview as Found};
use rollcall_model::names::GroupName;
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
    let connectors = rule
        .connectors
        .iter()
        .flatten()
        .map(rollcall_model::names::ConnectorName::as_str)
        .collect::<Vec<_>>();
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

/// Shows the rules. An expression of the address is entered into the form and not evaluated: a link from another site
/// must not start an evaluation.
pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_rules(&web, &who, &query, false).await
}

/// Tries out the expression of the form.
pub(super) async fn try_rule(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    render_rules(&web, &who, &form, true).await
}

async fn render_rules(web: &WebContext, who: &Principal, form: &FormData, evaluate: bool) -> PageResult {
    let (when, group) = (form.text("when").to_owned(), form.text("group").trim().to_owned());
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
    if evaluate && !when.trim().is_empty() {
        let group = chosen.as_ref().map(|group| group.id);
        match rule_preview::run(web, who, when.clone(), group, MAX_GROUPS).await? {
            Ok(answer) => found = Some(answer),
            Err(mistakes) => faults.extend(mistakes),
        }
    }
    let names: Vec<&str> = config.attributes.iter().map(|one| config.attributes.name(one)).collect();
    let page = RuleListPage {
        frame: Layout::new(who, MenuItem::Sync, "Rules").faults(faults),
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

impl RuleListPage {
    /// Returns the lists of the result with their titles.
    fn lists(&self) -> Vec<(String, &MatchSample)> {
        let Some(found) = &self.found else { return Vec::new() };
        let mut lists = vec![("Whom it matches".to_owned(), &found.matching)];
        if let Some(group) = &self.group_name {
            lists.push((format!("Would be added to “{group}”"), &found.joining));
            lists.push((format!("Would be removed from “{group}”"), &found.leaving));
            let more = [
                (format!("Would stay in “{group}” as members by hand"), &found.kept_by_hand),
                (format!("Would not be added: excluded from “{group}”"), &found.excluded),
            ];
            lists.extend(more.into_iter().filter(|(_, sample)| sample.count > 0));
        }
        if found.undecided.count > 0 {
            lists.push(("Could not be decided".to_owned(), &found.undecided));
        }
        lists
    }
}
