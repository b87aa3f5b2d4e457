//! JSON in: which values of a document go into which column, picked while the text is parsed.
//!
//! [`path`] reads what a file says of the places of values, [`pick`] takes them out of one record, [`page`] finds the
//! list of records in an answer and hands each of them on. Text that nobody asked for is skipped, never built.

mod page;
mod path;
mod pick;

pub(super) use page::{Page, Shape, Unreadable};
pub use path::{Flaw, Keys, Path, keys};
pub(super) use pick::Picker;
