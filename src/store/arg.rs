//! Values for placeholders, and rows that come back, for either engine.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{FromRow, Postgres, Sqlite};

/// A value for a placeholder.
#[derive(Debug, Clone)]
pub enum Arg {
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
    /// Yes or no.
    Flag(bool),
    /// Several numbers: a JSON array for SQLite's `json_each`, an array for PostgreSQL's `ANY`.
    Ints(Vec<i64>),
    /// Several texts, in the same two forms.
    Texts(Vec<String>),
}

macro_rules! arg {
    ($($type:ty => |$value:ident| $arg:expr),* $(,)?) => {
        $(impl From<$type> for Arg {
            fn from($value: $type) -> Self {
                $arg
            }
        })*
    };
}

arg! {
    i64 => |value| Arg::Int(Some(value)),
    Option<i64> => |value| Arg::Int(value),
    i32 => |value| Arg::Small(Some(value)),
    Option<i32> => |value| Arg::Small(value),
    &str => |value| Arg::Text(Some(value.to_owned())),
    String => |value| Arg::Text(Some(value)),
    Option<String> => |value| Arg::Text(value),
    Option<&str> => |value| Arg::Text(value.map(str::to_owned)),
    NaiveDate => |value| Arg::Day(Some(value)),
    Option<NaiveDate> => |value| Arg::Day(value),
    DateTime<Utc> => |value| Arg::Instant(Some(value)),
    Option<DateTime<Utc>> => |value| Arg::Instant(value),
    bool => |value| Arg::Flag(value),
    Vec<i64> => |value| Arg::Ints(value),
    Vec<String> => |value| Arg::Texts(value),
    crate::model::ids::LearnerId => |id| Arg::Int(Some(id.0)),
    crate::model::ids::GroupId => |id| Arg::Int(Some(id.0)),
    crate::model::ids::RuleId => |id| Arg::Int(Some(id.0)),
    crate::model::ids::ConnectorId => |id| Arg::Int(Some(id.0)),
    Option<crate::model::ids::ConnectorId> => |id| Arg::Int(id.map(|id| id.0)),
    crate::model::ids::CourseId => |id| Arg::Int(Some(id.0)),
    crate::model::ids::AssignmentId => |id| Arg::Int(Some(id.0)),
    crate::model::ids::RunId => |id| Arg::Int(Some(id.0)),
    crate::model::ids::JobId => |id| Arg::Int(Some(id.0)),
    crate::model::ids::AccountId => |id| Arg::Int(Some(id.0)),
    Option<crate::model::ids::AccountId> => |id| Arg::Int(id.map(|id| id.0)),
    crate::model::ids::TokenId => |id| Arg::Int(Some(id.0)),
    crate::model::ids::DraftId => |id| Arg::Int(Some(id.0)),
    crate::model::role::Role => |role| Arg::Text(Some(role.as_str().to_owned())),
}

/// Values for placeholders, in order: `args![id, name]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Arg::from($value)),*] };
}
pub use args;

/// A row that can be read from either engine; every tuple and every `#[derive(FromRow)]` of plain columns is one.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

fn to_microseconds(instant: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(instant.timestamp_micros()).unwrap_or(instant)
}

type SqliteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;
type PostgresQuery = sqlx::query::Query<'static, Postgres, PgArguments>;

pub(super) fn sqlite_query(sql: &'static str, args: Vec<Arg>) -> SqliteQuery {
    args.into_iter().fold(sqlx::query(sql).persistent(false), |query, arg| match arg {
        Arg::Int(value) => query.bind(value),
        Arg::Small(value) => query.bind(value),
        Arg::Text(value) => query.bind(value),
        Arg::Day(value) => query.bind(value),
        Arg::Instant(value) => query.bind(value.map(to_microseconds)),
        Arg::Flag(value) => query.bind(value),
        Arg::Ints(values) => query.bind(serde_json::json!(values).to_string()),
        Arg::Texts(values) => query.bind(serde_json::json!(values).to_string()),
    })
}

pub(super) fn postgres_query(sql: &'static str, args: Vec<Arg>) -> PostgresQuery {
    args.into_iter().fold(sqlx::query(sql).persistent(false), |query, arg| match arg {
        Arg::Int(value) => query.bind(value),
        Arg::Small(value) => query.bind(value),
        Arg::Text(value) => query.bind(value),
        Arg::Day(value) => query.bind(value),
        Arg::Instant(value) => query.bind(value.map(to_microseconds)),
        Arg::Flag(value) => query.bind(value),
        Arg::Ints(values) => query.bind(values),
        Arg::Texts(values) => query.bind(values),
    })
}
