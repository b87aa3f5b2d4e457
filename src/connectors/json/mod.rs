//! JSON in: which values of a document go into which column, picked while the text is parsed.
//!
//! [`json_path`] reads what a file says of the places of values, [`extract`] takes them out of one record ([`filter`] where an
//! entry of a list is chosen), [`response`] finds the
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

mod extract;
mod filter;
mod json_path;
mod member_name;
mod response;

pub(super) use extract::ValueExtractor;
pub use json_path::{InvalidPath, KeyPath, ValuePath, parse_key_path};
use member_name::MemberName;
pub(super) use response::{ResponseLayout, ResponsePage, UnreadableResponse};
