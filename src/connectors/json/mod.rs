//! JSON input: extracts the values of the columns while a document is parsed.
//!
//! [`json_path`] parses the paths of the configuration file, [`extract`] extracts the values of one record
//! ([`filter`] if a list entry is selected), [`response`] finds the list of records in a response and passes on
//! each record. Other content is skipped without being built.

/// Visitor methods that ignore strings, numbers, booleans and null.
macro_rules! ignore_scalars {
    () => {
        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }

        ignore_scalars!(except_text);
    };
    (except_text) => {
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

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
    };
}

mod extract;
mod filter;
mod json_path;
mod member_name;
mod name_comparison;
mod part_count;
mod path_node;
mod response;

pub(super) use extract::ValueExtractor;
pub use json_path::{InvalidPath, KeyPath, ValuePath, parse_key_path};
use member_name::MemberName;
pub use name_comparison::NameComparison;
pub(super) use part_count::count_parts;
pub(super) use response::{ResponseLayout, ResponsePage, UnreadableResponse, names_beside};
