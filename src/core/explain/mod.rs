//! Explanations: the reasons why a learner is or is not in each group and course.
//!
//! [`explain()`] reads the data of one learner, by indexes, and combines it with the results of the rules: the values
//! that they read and the connector of each, false clauses, exclusions, held, rejected and undone changes, the runs that
//! gave and ended memberships, and the assignments of each course. The result is an [`Explanation`]. For a past day,
//! records, memberships, exclusions and assignments are those at its end; the rules are those of the current file. This
//! module does not write.

pub mod explanation;
mod group_explainer;
mod learner_courses;
mod learner_groups;
mod learner_state;
mod read_groups;
pub mod render;
mod rule_result;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rustc_hash::FxHashMap;

use crate::enrollment::change::ChangeTime;
use rollcall_connectors::Connector;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::ids::{CourseId, LearnerId};
use rollcall_model::names::BadGroupName;
use rollcall_rules::rule::Rule;
use rollcall_store::Tx;
use rollcall_store::explain::{self as table, RunReference};

pub use explanation::Explanation;

/// The maximum age of a past day in days.
pub const PAST_DAYS: u64 = 90;

/// The data without a history.
const HISTORY_NOTE: &str =
    "rules and the order of connectors are those of the file today, and groups have the names of today";

/// The part of the configuration that an explanation uses.
#[derive(Clone, Copy)]
pub struct ExplainConfig<'a> {
    /// The time zone in which a day begins and ends.
    pub zone: Tz,
    /// Every attribute.
    pub attributes: &'a AttributeSet,
    /// Every connector, in the order of precedence.
    pub connectors: &'a [Connector],
    /// Every rule.
    pub rules: &'a [Rule],
}

impl std::fmt::Debug for ExplainConfig<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("zone", &self.zone).finish_non_exhaustive()
    }
}

/// A request for an explanation.
#[derive(Debug, Clone, Copy)]
pub struct ExplainRequest<'a> {
    /// The learner.
    pub learner: LearnerId,
    /// Only this group, even if it is unrelated to the learner.
    pub group: Option<&'a str>,
    /// Only this course.
    pub course: Option<CourseId>,
    /// On a past day.
    pub at: Option<NaiveDate>,
}

/// The error of an explanation.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ExplainError {
    #[error(transparent)]
    Store(#[from] rollcall_store::StoreError),
    #[error(transparent)]
    BadName(#[from] BadGroupName),
    #[error("group `{name}` does not exist, and no rule would create it for this learner")]
    NoGroup { name: String },
    #[error("{day} is in the future")]
    Future { day: NaiveDate },
    #[error("{day} is more than {PAST_DAYS} days ago")]
    TooOld { day: NaiveDate, oldest: NaiveDate },
}

/// The day of the explanation.
#[derive(Debug, Clone, Copy)]
struct AsOf {
    day: NaiveDate,
    /// The last run of a past day; none today.
    until: Option<i64>,
    /// When a past day ended.
    end: Option<DateTime<Utc>>,
}

impl AsOf {
    /// Returns true if a change of a run was made before that time.
    fn includes_run(self, run: i64) -> bool {
        self.until.is_none_or(|until| run <= until)
    }

    /// Returns true if a state that runs started and ended was in force.
    fn is_in_force(self, run: i64, ended: Option<i64>) -> bool {
        self.includes_run(run) && !ended.is_some_and(|ended| self.includes_run(ended))
    }
}

/// The runs that an explanation mentions, by number.
#[derive(Debug, Default)]
struct RunIndex(FxHashMap<i64, RunReference>);

impl RunIndex {
    async fn read(tx: &mut Tx, mut ids: Vec<i64>) -> rollcall_store::Result<Self> {
        ids.sort_unstable();
        ids.dedup();
        let runs = table::list_runs(tx, ids).await?;
        Ok(Self(runs.into_iter().map(|run| (run.run, run)).collect()))
    }

    fn get(&self, id: i64) -> Option<RunReference> {
        self.0.get(&id).cloned()
    }
}

/// Explains why a learner is or is not in each group and course.
///
/// # Errors
/// If the group does not exist, the day is in the future or too old, or the database fails.
pub async fn explain(
    tx: &mut Tx,
    file: ExplainConfig<'_>,
    asked: ExplainRequest<'_>,
    when: ChangeTime,
) -> Result<Explanation, ExplainError> {
    let view = resolve_as_of(tx, file, asked.at, when.today).await?;
    let row = table::get_learner(tx, asked.learner).await?;
    let mut somebody = learner_state::load_learner_state(tx, file, row, view).await?;
    let judge = rule_result::create_evaluator(view);
    let opinions = if somebody.status.is_some() {
        rule_result::evaluate_rules(file, &mut somebody, &judge)
    } else {
        Vec::new()
    };
    let groups = learner_groups::load_groups(tx, asked, view, &somebody, &opinions).await?;
    let courses = learner_courses::load_courses(tx, asked, view, &somebody, &groups).await?;
    let ids = somebody.list_runs().chain(groups.list_runs()).chain(courses.list_runs()).collect();
    let runs = RunIndex::read(tx, ids).await?;
    let decisions = groups.decisions_on_learner(&runs);
    let past = view.until.is_some();
    Ok(Explanation {
        at: asked.at.filter(|_| past),
        learner: somebody.explain_learner(file, view, &runs, decisions),
        groups: if asked.group.is_some() || asked.course.is_none() {
            group_explainer::GroupExplainer {
                file,
                view,
                learner: &somebody,
                rule_results: &opinions,
                evaluator: &judge,
                runs: &runs,
            }
            .explain_groups(&groups)
        } else {
            Vec::new()
        },
        courses: courses.explain_courses(view, &somebody, &runs),
        notes: if past { vec![HISTORY_NOTE.to_owned()] } else { Vec::new() },
    })
}

async fn resolve_as_of(
    tx: &mut Tx,
    file: ExplainConfig<'_>,
    at: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<AsOf, ExplainError> {
    let Some(day) = at.filter(|day| *day != today) else {
        return Ok(AsOf { day: today, until: None, end: None });
    };
    if day > today {
        return Err(ExplainError::Future { day });
    }
    let oldest = today - Days::new(PAST_DAYS);
    if day < oldest {
        return Err(ExplainError::TooOld { day, oldest });
    }
    let end = midnight(day + Days::new(1), file.zone);
    let until = table::get_last_run_before(tx, end).await?;
    Ok(AsOf { day, until: Some(until), end: Some(end) })
}

/// Returns the start of a day: midnight, or the end of the hours that the zone skips.
fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let begin = day.and_time(NaiveTime::MIN);
    let local =
        (0..24).find_map(|hours| (begin + TimeDelta::hours(hours)).and_local_timezone(zone).earliest());
    local.map_or_else(|| begin.and_utc(), |local| local.with_timezone(&Utc))
}
