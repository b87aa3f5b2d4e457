//! What the database knows before a plan: one snapshot, loaded while the directory is still being read.

use chrono::TimeDelta;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::enrollment::change::When;
use crate::model::guard::BeforeHold;
use crate::model::identity::{KnownPeople, KnownPerson};
use crate::model::ids::{ConnectorId, GroupId, LearnerId, RuleId, RunId};
use crate::model::names::{ConnectorName, GroupName, RuleName};
use crate::model::status::Status;
use crate::store::assignments::{self, Assignment};
use crate::store::courses::Course;
use crate::store::holds::Standing;
use crate::store::learners::ByHand;
use crate::store::persons::Record;
use crate::store::runs::Charge;
use crate::store::{
    Result, Tx, connectors, courses, groups, holds, learners, memberships, nodes, persons, runs,
};
use crate::sync::baseline::Baseline;

/// Everything that a plan for one connector starts from.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The head's version: a commit finds out whether anything has moved since.
    pub version: i64,
    /// The connector's number; none in a dry run before the first run.
    pub connector: Option<ConnectorId>,
    /// The file's connectors that the database knows, by number: their places in the file.
    pub places: FxHashMap<ConnectorId, usize>,
    /// The people of this connector.
    pub known: KnownPeople,
    /// What other connectors say of the same learners.
    pub others: Vec<Record>,
    /// Learners without a directory.
    pub by_hand: Vec<ByHand>,
    /// How many learners there are.
    pub learners: i64,
    /// Groups that are not deleted, and whether a person made each.
    pub groups: Vec<(GroupId, GroupName, bool)>,
    /// Rules that were ever named.
    pub rules: Vec<(RuleId, RuleName)>,
    /// Rule, key: group, name, deleted.
    pub links: FxHashMap<(RuleId, String), (GroupId, String, bool)>,
    /// Group, rule: the learners' numbers with spaces between them.
    pub members: Vec<(GroupId, RuleId, String)>,
    /// Memberships by hand that wait for their learner.
    pub resting: Vec<(GroupId, LearnerId)>,
    /// Who is kept out of what.
    pub exclusions: Vec<(GroupId, LearnerId)>,
    /// The catalogue.
    pub courses: Vec<Course>,
    /// Assignments in force.
    pub assignments: Vec<Assignment>,
    /// What the last good run measured; none before there was one.
    pub baseline: Option<Baseline>,
    /// Whether a run of this connector was ever applied.
    pub has_good_run: bool,
    /// What this connector's runs took away in 24 hours that nobody had approved.
    pub charged: Charge,
    /// What there was before the first of the runs of which something waits; none while nothing waits.
    pub before_hold: Option<BeforeHold>,
    /// What of `charged` went since that run began.
    pub charged_since: Charge,
    /// People who came since that run began.
    pub newcomers: FxHashSet<String>,
    /// Decisions on held changes that stand, by the key of each change; runs of several connectors may have held the same.
    pub standing: FxHashMap<String, Vec<Standing>>,
    /// Whether anything is written down of this connector's held changes.
    pub any_held: bool,
    /// Machines that go by another file.
    pub other_files: Vec<String>,
}

/// The time over which removals are counted together.
const DAY: TimeDelta = TimeDelta::hours(24);

/// Loads everything that a plan for `connector` starts from.
///
/// # Errors
/// When the database does not answer.
pub async fn gather(
    tx: &mut Tx,
    connector: &ConnectorName,
    file: &[ConnectorName],
    digest: &str,
    when: When,
) -> Result<Gathered> {
    // First: what is loaded after it may be newer than it says, never older.
    let version = runs::version(tx).await?;
    let rows = connectors::list(tx).await?;
    let number = |name: &ConnectorName| {
        rows.iter().find(|row| row.name == name.as_str()).map(|row| ConnectorId(row.id))
    };
    let places = file.iter().enumerate().filter_map(|(place, name)| Some((number(name)?, place))).collect();
    let mut gathered = Gathered { version, connector: number(connector), places, ..Gathered::default() };
    if let Some(id) = gathered.connector {
        let known = &mut gathered.known;
        persons::known(tx, id, |one| {
            let status = Status::read(one.status).unwrap_or(Status::Left);
            let person = KnownPerson {
                learner: one.learner_id,
                digest: one.digest,
                present: one.present,
                status,
                contested: one.contested,
            };
            known.push(one.external_id, person);
        })
        .await?;
        if rows.len() > 1 {
            gathered.others = persons::others(tx, id).await?;
        }
    }
    if let Some(row) = rows.iter().find(|row| row.name == connector.as_str()) {
        let id = ConnectorId(row.id);
        gathered.has_good_run = row.good_run_id.is_some();
        gathered.baseline = Baseline::read(&connectors::baseline(tx, id).await?);
        gathered.charged = runs::charged(tx, id, when.now - DAY, RunId(0)).await?;
        gathered.before_hold = BeforeHold::read(&connectors::before_hold(tx, id).await?);
        if let Some(before) = &gathered.before_hold {
            let first = RunId(before.run);
            gathered.charged_since = runs::charged(tx, id, when.now - DAY, first).await?;
            gathered.newcomers = persons::new_since(tx, id, first).await?.into_iter().collect();
        }
        gathered.any_held = holds::any(tx, id).await?;
    }
    for one in holds::standing(tx).await? {
        gathered.standing.entry(one.change_key.clone()).or_default().push(one);
    }
    gathered.other_files = nodes::differing(tx, digest).await?;
    gathered.by_hand = learners::by_hand(tx).await?;
    gathered.learners = learners::count(tx).await?;
    gathered.groups = groups::live(tx)
        .await?
        .into_iter()
        .filter_map(|group| {
            // Every name in the table was parsed before it was written.
            Some((group.id, GroupName::parse(&group.name).ok()?, group.by_hand))
        })
        .collect();
    let rules = groups::rules(tx).await?.into_iter().filter(|(id, _)| *id != RuleId::BY_HAND);
    gathered.rules = rules.map(|(id, name)| (id, RuleName::new(name))).collect();
    let links = groups::links(tx).await?.into_iter();
    gathered.links =
        links.map(|link| ((link.rule_id, link.key), (link.group_id, link.name, link.deleted))).collect();
    gathered.members = memberships::all(tx).await?;
    gathered.resting = memberships::dormant(tx).await?;
    gathered.exclusions = memberships::exclusions(tx, when.today).await?;
    gathered.courses = courses::list(tx).await?;
    gathered.assignments = assignments::in_force(tx, None, None).await?;
    Ok(gathered)
}
