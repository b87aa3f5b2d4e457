//! The rules of the file, whom each matches, and a box to try an expression out.

use askama::Template;
use axum::extract::State;

use crate::accounts::Principal;
use crate::model::ids::GroupId;
use crate::model::names::GroupName;
use crate::model::rule::BadExpression;
use crate::store::groups;
use crate::store::listing::runs::{self, Fed};
use crate::sync::tryout::{self, Answer as Found, Share};
use crate::web::filters;
use crate::web::form::Query;
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, answer};
use crate::web::{Web, aside};

/// People that are named, and groups of a rule that are.
const NAMED: usize = 50;

#[derive(Template)]
#[template(path = "sync/rules.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    rules: Vec<Line>,
    when: String,
    group: String,
    group_name: Option<String>,
    found: Option<Found>,
    attributes: String,
    named: usize,
}

struct Line {
    name: String,
    when: String,
    template: String,
    connectors: String,
    learners: i64,
    groups: Vec<Fed>,
    more: usize,
}

fn line(rule: &crate::model::rule::Rule, given: &[(String, i64)], fed: &[Fed]) -> Line {
    let name = rule.name.as_str();
    let mut groups: Vec<Fed> = fed.iter().filter(|one| one.rule == name).cloned().collect();
    let more = groups.len().saturating_sub(NAMED);
    groups.truncate(NAMED);
    let connectors = rule.connectors.iter().flatten().map(|one| one.as_str()).collect::<Vec<_>>();
    Line {
        name: name.to_owned(),
        when: rule.when.trim().to_owned(),
        template: rule.group.text().to_owned(),
        connectors: connectors.join(", "),
        learners: given.iter().find(|(of, _)| of == name).map_or(0, |(_, count)| *count),
        groups,
        more,
    }
}

/// What is wrong with an expression, and where.
fn fault(mistake: &BadExpression) -> Fault {
    let (line, column) = (mistake.line + 1, mistake.column + 1);
    Fault::new("when", format!("Line {line}, column {column}: {}", mistake.message))
}

pub(super) async fn show(State(web): State<Web>, Query(query): Query, who: Principal) -> Answer {
    let (when, group) = (query.text("when").to_owned(), query.text("group").trim().to_owned());
    let config = web.config();
    let mut tx = web.store.read().await?;
    let (given, fed) = (runs::given(&mut tx).await?, runs::fed(&mut tx).await?);
    let mut faults = Vec::new();
    let mut chosen = None;
    if !group.is_empty() {
        if let Ok(name) = GroupName::parse(&group) {
            chosen = groups::by_name(&mut tx, &name).await?;
        }
        if chosen.is_none() {
            faults.push(Fault::new("group", format!("There is no group “{group}”.")));
        }
    }
    tx.rollback().await?;
    let mut found = None;
    if !when.trim().is_empty() {
        match try_out(&web, when.clone(), chosen.as_ref().map(|group| group.id)).await? {
            Ok(answer) => found = Some(answer),
            Err(mistakes) => faults.extend(mistakes.iter().map(fault)),
        }
    }
    let names: Vec<&str> = config.attributes.iter().map(|one| config.attributes.name(one)).collect();
    let page = Page {
        frame: Frame::new(&who, Here::Sync, "Rules").faults(faults),
        tab: "rules",
        rules: config.rules.iter().map(|rule| line(rule, &given, &fed)).collect(),
        when,
        group_name: chosen.map(|group| group.name),
        group,
        found,
        attributes: names.join(", "),
        named: NAMED,
    };
    answer(page.frame.status(), &page)
}

async fn try_out(
    web: &Web,
    text: String,
    group: Option<GroupId>,
) -> Result<Result<Found, Vec<BadExpression>>, crate::web::trouble::Trouble> {
    let web = web.clone();
    let found = aside(move || async move {
        let config = web.config();
        let mut tx = web.store.read().await?;
        tryout::try_out(&mut tx, config.for_sync(), web.when(), &text, group, NAMED).await
    });
    Ok(found.await??)
}

impl Page {
    /// The lists of the answer, each with its title.
    fn lists(&self) -> Vec<(String, &Share)> {
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
