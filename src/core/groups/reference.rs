//! References to groups and learners, by name or id.

use rustc_hash::FxHashSet;

use crate::groups::{GroupError, Result};
use rollcall_model::ids::{GroupId, RunId};
use rollcall_model::names::{GroupName, nearest};
use rollcall_store::groups::{self, Group};
use rollcall_store::learners::{self, Learner};
use rollcall_store::{Tx, runs};

/// Reference to a group by name or id, and the run as of which the caller saw it.
#[derive(Debug, Clone, Copy)]
pub struct GroupRef<'a> {
    key: GroupKey<'a>,
    seen: Option<RunId>,
}

#[derive(Debug, Clone, Copy)]
enum GroupKey<'a> {
    Name(&'a str),
    Number(GroupId),
}

impl GroupRef<'_> {
    /// The same, refused with [`GroupError::ChangedSince`] where a later run has changed the group.
    #[must_use]
    pub fn unchanged_since(self, run: Option<RunId>) -> Self {
        Self { seen: run, ..self }
    }
}

impl<'a> From<&'a str> for GroupRef<'a> {
    fn from(name: &'a str) -> Self {
        Self { key: GroupKey::Name(name), seen: None }
    }
}

impl<'a> From<&'a String> for GroupRef<'a> {
    fn from(name: &'a String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<GroupId> for GroupRef<'_> {
    fn from(id: GroupId) -> Self {
        Self { key: GroupKey::Number(id), seen: None }
    }
}

/// Learners, by what they are called or by their numbers.
#[derive(Debug, Clone)]
pub enum LearnerRef<'a> {
    /// Addresses, former addresses, or `CONNECTOR:ID`.
    Texts(&'a [String]),
    /// Numbers.
    Numbers(Vec<i64>),
}

impl<'a> From<&'a [String]> for LearnerRef<'a> {
    fn from(texts: &'a [String]) -> Self {
        Self::Texts(texts)
    }
}

impl<'a> From<&'a Vec<String>> for LearnerRef<'a> {
    fn from(texts: &'a Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

impl<'a, const N: usize> From<&'a [String; N]> for LearnerRef<'a> {
    fn from(texts: &'a [String; N]) -> Self {
        Self::Texts(texts)
    }
}

impl LearnerRef<'_> {
    /// The learners, each once, in the order of their numbers where they are meant by numbers.
    pub(super) async fn resolve(&self, tx: &mut Tx) -> Result<Vec<Learner>> {
        match self {
            Self::Numbers(numbers) => {
                let found = learners::list_by_ids(tx, numbers.clone()).await?;
                let there: FxHashSet<i64> = found.iter().map(|one| one.id.0).collect();
                match numbers.iter().find(|id| !there.contains(id)) {
                    Some(missing) => Err(GroupError::NoLearner { text: format!("number {missing}") }),
                    None => Ok(found),
                }
            }
            Self::Texts(texts) => {
                let found = learners::find_all(tx, texts).await?.into_iter().zip(*texts);
                let known =
                    found.map(|(one, text)| one.ok_or_else(|| GroupError::NoLearner { text: text.clone() }));
                let mut seen = FxHashSet::default();
                let once = |one: &Result<Learner>| one.as_ref().map_or(true, |one| seen.insert(one.id));
                known.filter(once).collect()
            }
        }
    }
}

/// Finds a group.
///
/// # Errors
/// When there is none, with the nearest name there is; or when it was changed since it was seen, with who did it.
pub async fn find_group(tx: &mut Tx, which: impl Into<GroupRef<'_>>) -> Result<Group> {
    let which = which.into();
    let group = match which.key {
        GroupKey::Number(id) => groups::get(tx, id).await?.ok_or(GroupError::GroupGone { id: id.0 })?,
        GroupKey::Name(name) => {
            let parsed = GroupName::parse(name)?;
            match groups::get_by_name(tx, &parsed).await? {
                Some(group) => group,
                None => {
                    let all = groups::list_active(tx).await?;
                    let near = nearest(name, all.iter().map(|group| group.name.as_str())).map(str::to_owned);
                    return Err(GroupError::NoGroup { name: name.to_owned(), nearest: near });
                }
            }
        }
    };
    match which.seen {
        Some(seen) if group.changed_run_id != seen => {
            let run = runs::get(tx, group.changed_run_id).await?;
            let (actor, what) = run.map_or_else(Default::default, |run| (run.actor, run.what));
            Err(GroupError::ChangedSince { name: group.name, run: group.changed_run_id, actor, what })
        }
        Some(_) | None => Ok(group),
    }
}
