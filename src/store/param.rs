//! Parameters of statements and rows of results, for both engines.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{FromRow, Postgres, Sqlite};

/// A value for a placeholder.
#[derive(Debug, Clone)]
pub enum Param {
    /// A number, or none.
    Int(Option<i64>),
    /// A small number, or none, for the columns of 32 bits.
    Small(Option<i32>),
    /// A text, or none.
    Text(Option<String>),
    /// A day, or none.
    Day(Option<NaiveDate>),
    /// An instant, or none; kept to the microsecond, as PostgreSQL does.
    Instant(Option<DateTime<Utc>>),
    /// A boolean.
    Bool(bool),
    /// Several numbers: a JSON array for SQLite's `json_each`, an array for PostgreSQL's `ANY`.
    Ints(Vec<i64>),
    /// Several texts, in the same two forms.
    Texts(Vec<String>),
}

macro_rules! impl_param_from {
    ($($type:ty => |$value:ident| $arg:expr),* $(,)?) => {
        $(impl From<$type> for Param {
            fn from($value: $type) -> Self {
                $arg
            }
        })*
    };
}

impl_param_from! {
    i64 => |value| Param::Int(Some(value)),
    Option<i64> => |value| Param::Int(value),
    i32 => |value| Param::Small(Some(value)),
    Option<i32> => |value| Param::Small(value),
    &str => |value| Param::Text(Some(value.to_owned())),
    String => |value| Param::Text(Some(value)),
    Option<String> => |value| Param::Text(value),
    Option<&str> => |value| Param::Text(value.map(str::to_owned)),
    NaiveDate => |value| Param::Day(Some(value)),
    Option<NaiveDate> => |value| Param::Day(value),
    DateTime<Utc> => |value| Param::Instant(Some(value)),
    Option<DateTime<Utc>> => |value| Param::Instant(value),
    bool => |value| Param::Bool(value),
    Vec<i64> => |value| Param::Ints(value),
    Vec<String> => |value| Param::Texts(value),
    rollcall_model::ids::LearnerId => |id| Param::Int(Some(id.0)),
    rollcall_model::ids::GroupId => |id| Param::Int(Some(id.0)),
    rollcall_model::ids::RuleId => |id| Param::Int(Some(id.0)),
    rollcall_model::ids::ConnectorId => |id| Param::Int(Some(id.0)),
    Option<rollcall_model::ids::ConnectorId> => |id| Param::Int(id.map(|id| id.0)),
    rollcall_model::ids::CourseId => |id| Param::Int(Some(id.0)),
    rollcall_model::ids::AssignmentId => |id| Param::Int(Some(id.0)),
    rollcall_model::ids::RunId => |id| Param::Int(Some(id.0)),
    rollcall_model::ids::JobId => |id| Param::Int(Some(id.0)),
    rollcall_model::ids::AccountId => |id| Param::Int(Some(id.0)),
    Option<rollcall_model::ids::AccountId> => |id| Param::Int(id.map(|id| id.0)),
    rollcall_model::ids::TokenId => |id| Param::Int(Some(id.0)),
    rollcall_model::ids::DraftId => |id| Param::Int(Some(id.0)),
    rollcall_model::role::Role => |role| Param::Text(Some(role.as_str().to_owned())),
    rollcall_model::run_record::RunRecordKind => |kind| Param::Text(Some(kind.as_str().to_owned())),
    rollcall_model::run_record::RunStatus => |status| Param::Text(Some(status.as_str().to_owned())),
    rollcall_model::definition_source::DefinitionSource => |source| Param::Text(Some(source.as_str().to_owned())),
    rollcall_model::enrollment_state::JobState => |state| Param::Text(Some(state.as_str().to_owned())),
}

/// Values for placeholders, in order: `params![id, name]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::Param::from($value)),*] };
}
pub use params;

/// A row that can be read from either engine; every tuple and every `#[derive(FromRow)]` of plain columns is one.
pub trait FromEngineRow: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> FromEngineRow for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

fn to_microseconds(instant: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(instant.timestamp_micros()).unwrap_or(instant)
}

type SqliteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;
type PostgresQuery = sqlx::query::Query<'static, Postgres, PgArguments>;

pub(super) fn sqlite_query(sql: &'static str, args: Vec<Param>) -> SqliteQuery {
    args.into_iter().fold(sqlx::query(sql).persistent(false), |query, arg| match arg {
        Param::Int(value) => query.bind(value),
        Param::Small(value) => query.bind(value),
        Param::Text(value) => query.bind(value),
        Param::Day(value) => query.bind(value),
        Param::Instant(value) => query.bind(value.map(to_microseconds)),
        Param::Bool(value) => query.bind(value),
        Param::Ints(values) => query.bind(serde_json::json!(values).to_string()),
        Param::Texts(values) => query.bind(serde_json::json!(values).to_string()),
    })
}

pub(super) fn postgres_query(sql: &'static str, args: Vec<Param>) -> PostgresQuery {
    args.into_iter().fold(sqlx::query(sql).persistent(false), |query, arg| match arg {
        Param::Int(value) => query.bind(value),
        Param::Small(value) => query.bind(value),
        Param::Text(value) => query.bind(value),
        Param::Day(value) => query.bind(value),
        Param::Instant(value) => query.bind(value.map(to_microseconds)),
        Param::Bool(value) => query.bind(value),
        Param::Ints(values) => query.bind(values),
        Param::Texts(values) => query.bind(values),
    })
}
