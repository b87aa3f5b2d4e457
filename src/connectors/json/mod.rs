//! JSON in: which values of a document go into which column, picked while the text is parsed.
//!
//! [`path`] reads what a file says of the places of values, [`pick`] takes them out of one record ([`choice`] where an
//! entry of a list is chosen), [`page`] finds the
//! list of records in an answer and hands each of them on. Text that nobody asked for is skipped, never built.

/// The methods of a visitor for whom a text, a number, a switch or nothing holds nothing.
macro_rules! ignore_scalars {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }

        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
    };
}

mod choice;
mod name;
mod page;
mod path;
mod pick;

use name::MemberName;
pub(super) use page::{ResponsePage, ResponseLayout, UnreadableResponse};
pub use path::{InvalidPath, KeyPath, ValuePath, parse_key_path};
pub(super) use pick::ValueExtractor;
