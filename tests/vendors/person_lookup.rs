//! One person: by address, and by id when a list did not hold somebody.

use rollcall_connectors::PersonQuery;

use super::{VendorReader, start_vendor};
use crate::support::vendors::VENDOR_PROFILES;
use crate::support::{external_ids, single_attempt};

/// A person is found by address in each kind of API.
#[test]
fn person_found_by_email_in_every_vendor() {
    for manner in VENDOR_PROFILES {
        let system = start_vendor(manner, 300);
        let reader = VendorReader::new(&system, "");
        let find = |address: &str| {
            let once = single_attempt();
            let found = reader.connector().find(address, &reader.config.attributes, &once);
            external_ids(
                &reader.runtime.block_on(found).unwrap_or_else(|error| panic!("{}: {error}", manner.kind)),
            )
        };
        assert_eq!(find("P201@corp.example".to_lowercase().as_str()), ["E0201"], "{}", manner.kind);
        assert!(find("nobody@corp.example").is_empty(), "{}", manner.kind);
        assert!(find("o'brien\"@corp.example").is_empty(), "{}", manner.kind);
    }
}

/// Absent people are looked up by id where the API supports it.
#[test]
fn absent_people_are_looked_up_by_id() {
    for manner in VENDOR_PROFILES {
        let system = start_vendor(manner, 40);
        let reader = VendorReader::new(&system, "");
        let asked = ["E0007".to_owned(), "E9999".to_owned(), "E/1?x".to_owned()];
        let once = single_attempt();
        let found = reader.connector().look_up(&asked, &reader.config.attributes, &once);
        let found = reader.runtime.block_on(found).unwrap_or_else(|error| panic!("{}: {error}", manner.kind));
        let found: Vec<String> = found.iter().flat_map(external_ids).collect();
        let can = ["scim", "entra", "okta", "google", "personio", "personio_v2"].contains(&manner.kind);
        assert_eq!(found, if can { vec!["E0007"] } else { Vec::new() }, "{}", manner.kind);
    }
}

/// A source that can be asked by id answers for ids that it does not hold; another one does not.
#[test]
fn source_answers_for_ids_that_it_does_not_hold() {
    for manner in VENDOR_PROFILES {
        let system = start_vendor(manner, 40);
        let reader = VendorReader::new(&system, "");
        let ids = ["E0007".to_owned(), "E9999".to_owned()];
        let query = PersonQuery { text: "gone@corp.example", ids: &ids };
        let once = single_attempt();
        let answer = reader.connector().find_person(query, &reader.config.attributes, &once);
        let answer =
            reader.runtime.block_on(answer).unwrap_or_else(|error| panic!("{}: {error}", manner.kind));
        let (people, answered) = answer.into_parts();
        let can = ["scim", "entra", "okta", "google", "personio", "personio_v2"].contains(&manner.kind);
        assert_eq!(external_ids(&people), if can { vec!["E0007"] } else { Vec::new() }, "{}", manner.kind);
        assert_eq!(answered, if can { ids.to_vec() } else { Vec::new() }, "{}", manner.kind);
    }
}
