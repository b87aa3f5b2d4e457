//! The preview of a rule: the learners whom an expression matches, as they were last read, and the changes of a group.
//! A preview does not write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use rustc_hash::FxHashSet;
use tokio_util::sync::CancellationToken;

use crate::enrollment::change::ChangeTime;
use crate::sync::File;
use crate::sync::stored_population::{StoredPeople, build_population, load_people};
use rollcall_model::attributes::Attribute;
use rollcall_model::ids::{GroupId, LearnerId, RuleId};
use rollcall_model::names::RuleName;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_planner::population::{LearnerIndex, Population};
use rollcall_planner::rule_evaluation::RuleEvaluation;
use rollcall_planner::rule_set::reads_managers;
use rollcall_planner::{KnownMembers, StoredMembers};
use rollcall_rules::name_template::NameTemplate;
use rollcall_rules::rule::{BadExpression, CompiledExpression, Interrupt, Rule};
use rollcall_store::memberships::{self, MembershipReason};
use rollcall_store::{Result, Tx, groups, listing};

/// A learner in a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnerName {
    /// The number.
    pub id: LearnerId,
    /// The address, or the id if there is no address.
    pub email: String,
    /// The name.
    pub name: String,
}

/// The number of some learners, and the first of them by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatchSample {
    /// The number of learners.
    pub count: usize,
    /// The first of them.
    pub first: Vec<LearnerName>,
}

/// The learners whom an expression matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulePreview {
    /// Learners who match.
    pub matching: MatchSample,
    /// Learners for whom the evaluation failed.
    pub undecided: MatchSample,
    /// The reason of the first failure.
    pub why: Option<String>,
    /// Learners whom the expression would add as the rule of the given group: those who match, are not in it, and are not
    /// excluded.
    pub joining: MatchSample,
    /// Learners whom it would remove: those who are in it and do not match, without the members by hand.
    pub leaving: MatchSample,
    /// Members by hand who do not match.
    pub kept_by_hand: MatchSample,
    /// Learners who match and are excluded from the group.
    pub excluded: MatchSample,
}

/// The group with which a preview is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewGroup {
    /// No group.
    None,
    /// A group that does not exist yet.
    New,
    /// A group.
    Known(GroupId),
}

/// The people and the group of a preview, as they are stored. The connection is free while they are evaluated.
#[derive(Debug)]
pub struct PreviewData {
    people: StoredPeople,
    /// The memberships of the group, where one was given.
    reasons: Option<Vec<MembershipReason>>,
    /// The learners who are excluded from the group.
    excluded: FxHashSet<LearnerId>,
    /// The members of the groups that the expression reads.
    read_groups: StoredMembers,
}

/// The reason that a preview has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewError {
    /// The errors of the expression.
    Expression(Vec<BadExpression>),
    /// The preview was stopped, or its time was over.
    Interrupted,
}

/// Loads all learners as they were last read, the members of the group, and those of the groups that the rule reads.
///
/// # Errors
/// If the database fails.
pub async fn load_preview(
    tx: &mut Tx,
    file: File<'_>,
    rule: &Rule,
    group: PreviewGroup,
    today: NaiveDate,
) -> Result<PreviewData> {
    let people = load_people(tx, file).await?;
    let read_groups = load_read_groups(tx, file, rule).await?;
    let (mut reasons, mut excluded) = (None, FxHashSet::default());
    match group {
        PreviewGroup::None => {}
        PreviewGroup::New => reasons = Some(Vec::new()),
        PreviewGroup::Known(group) => {
            reasons = Some(memberships::list_by_group(tx, group).await?);
            let exclusions = memberships::list_active_exclusions(tx, today).await?.into_iter();
            excluded = exclusions.filter(|(of, _)| *of == group).map(|(_, learner)| learner).collect();
        }
    }
    Ok(PreviewData { people, reasons, excluded, read_groups })
}

/// Loads the members of the groups that a rule reads. A group that a rule of the file may create has none.
pub(super) async fn load_read_groups(tx: &mut Tx, file: File<'_>, rule: &Rule) -> Result<StoredMembers> {
    let mut found = StoredMembers::default();
    for name in rule.condition().groups() {
        let members = match groups::get_by_name(tx, name).await? {
            Some(group) => listing::members::list_ids(tx, group.id).await?,
            None if file.rules.iter().any(|rule| rule.group.may_name(name)) => Vec::new(),
            None => continue,
        };
        found.insert(name.folded().to_owned(), members.into_iter().map(LearnerId).collect());
    }
    Ok(found)
}

/// Compiles an expression as the rule of a preview.
///
/// # Errors
/// If the text is not a valid expression, or if it exceeds a limit.
///
/// # Panics
/// Never: the name of the group is a valid template.
pub fn compile_preview(file: File<'_>, text: &str) -> std::result::Result<Rule, PreviewError> {
    let condition = CompiledExpression::compile(text, file.attributes).map_err(PreviewError::Expression)?;
    let one_group =
        NameTemplate::parse("try-out", file.attributes, &[]).expect("a name without braces is a template");
    Ok(Rule::new(RuleName::new("try-out"), text.to_owned(), one_group, condition))
}

/// Previews an expression for the loaded people; each list contains at most `most` learners, by name.
///
/// # Errors
/// If the interrupt returns true before the end.
pub fn preview_rule(
    data: PreviewData,
    file: File<'_>,
    rule: Rule,
    when: ChangeTime,
    most: usize,
    interrupt: &Interrupt,
) -> std::result::Result<RulePreview, PreviewError> {
    let PreviewData { people, reasons, excluded, read_groups } = data;
    let rules = [rule];
    let population = build_population(people, file, reads_managers(&rules));
    let desired = RuleEvaluation {
        rules: &rules,
        population: &population,
        connectors: &file.connector_names(),
        today: when.today,
        interrupt: Some(interrupt),
        known: KnownMembers::Stored(&read_groups),
    }
    .evaluate();
    let desired = desired.ok_or(PreviewError::Interrupted)?;
    let matching: FxHashSet<LearnerIndex> = desired.members.iter().map(|(_, who)| *who).collect();
    let undecided: FxHashSet<LearnerIndex> = desired.undecided.iter().map(|(_, who, _)| *who).collect();
    let mut answer = RulePreview {
        why: desired.undecided.first().map(|(_, _, why)| why.clone()),
        matching: some(&population, matching.iter().copied(), most),
        undecided: some(&population, undecided.iter().copied(), most),
        ..RulePreview::default()
    };
    if let Some(reasons) = reasons {
        let members: FxHashSet<LearnerId> = reasons.iter().map(|one| one.learner).collect();
        let by_hand = reasons.iter().filter(|one| one.rule == RuleId::BY_HAND);
        let by_hand: FxHashSet<LearnerId> = by_hand.map(|one| one.learner).collect();
        let is_in = |learners: &FxHashSet<LearnerId>, who: LearnerIndex| {
            population.learner(who).id.is_some_and(|id| learners.contains(&id))
        };
        let coming: Vec<LearnerIndex> =
            matching.iter().copied().filter(|who| !is_in(&members, *who)).collect();
        let is_decided = |who: &LearnerIndex| !matching.contains(who) && !undecided.contains(who);
        let going: Vec<LearnerIndex> =
            population.indices().filter(|who| is_in(&members, *who) && is_decided(who)).collect();
        let sample = |all: &[LearnerIndex], learners: &FxHashSet<LearnerId>, wanted: bool| {
            some(&population, all.iter().copied().filter(|who| is_in(learners, *who) == wanted), most)
        };
        answer.joining = sample(&coming, &excluded, false);
        answer.excluded = sample(&coming, &excluded, true);
        answer.leaving = sample(&going, &by_hand, false);
        answer.kept_by_hand = sample(&going, &by_hand, true);
    }
    Ok(answer)
}

/// Returns true when the time of a preview is over or the process stops.
#[must_use]
pub fn create_interrupt(stop: CancellationToken) -> Interrupt {
    let start = Instant::now();
    let most = Duration::from_secs(ResourceLimit::PreviewSeconds.default_value());
    Arc::new(move || stop.is_cancelled() || start.elapsed() >= most)
}

fn some(population: &Population, all: impl Iterator<Item = LearnerIndex>, most: usize) -> MatchSample {
    let mut named: Vec<LearnerName> = all
        .filter_map(|who| {
            let email = population.first(who, Attribute::EMAIL);
            Some(LearnerName {
                id: population.learner(who).id?,
                email: if email.is_empty() { population.first(who, Attribute::ID) } else { email }.to_owned(),
                name: population.name(who),
            })
        })
        .collect();
    named.sort_by(|a, b| (&a.name, a.id.0).cmp(&(&b.name, b.id.0)));
    let count = named.len();
    named.truncate(most);
    MatchSample { count, first: named }
}
