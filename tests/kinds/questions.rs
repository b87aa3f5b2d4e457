//! One person: by address, and by id when a list did not hold somebody.

use super::{Reader, system};
use crate::support::api::MANNERS;
use crate::support::{ids, once};

#[test]
fn somebody_is_found_by_address_in_every_kind() {
    for manner in MANNERS {
        let system = system(manner, 300);
        let reader = Reader::new(&system, "");
        let find = |address: &str| {
            let once = once();
            let found = reader.connector().find(address, &reader.config.attributes, &once);
            ids(&reader.runtime.block_on(found).unwrap_or_else(|error| panic!("{}: {error}", manner.kind)))
        };
        assert_eq!(find("P201@corp.example".to_lowercase().as_str()), ["E0201"], "{}", manner.kind);
        assert!(find("nobody@corp.example").is_empty(), "{}", manner.kind);
        assert!(find("o'brien\"@corp.example").is_empty(), "{}", manner.kind);
    }
}

#[test]
fn absentees_are_asked_for_by_id_where_the_api_can() {
    for manner in MANNERS {
        let system = system(manner, 40);
        let reader = Reader::new(&system, "");
        let asked = ["E0007".to_owned(), "E9999".to_owned(), "E/1?x".to_owned()];
        let once = once();
        let found = reader.connector().look_up(&asked, &reader.config.attributes, &once);
        let found = reader.runtime.block_on(found).unwrap_or_else(|error| panic!("{}: {error}", manner.kind));
        let found: Vec<String> = found.iter().flat_map(ids).collect();
        let can = ["scim", "entra", "okta", "google", "personio", "personio_v2"].contains(&manner.kind);
        assert_eq!(found, if can { vec!["E0007"] } else { Vec::new() }, "{}", manner.kind);
    }
}
