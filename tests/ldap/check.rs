//! The steps of `check`.

use rollcall_model::secret::SecretText;

use super::{LdapReader, MAPPED, bases};
use crate::support::fault_proxy::refusing_port;
use crate::support::ldap_person::people;
use crate::support::single_attempt;
use crate::support::slapd::{READER, SlapdSetup};

/// `check` shows each step and the attribute that no person has.
#[tokio::test]
async fn check_shows_steps_and_unused_attribute() {
    let slapd = SlapdSetup::of(people(5)).start().await;
    let mut pairs = MAPPED.to_vec();
    pairs.push(("phone", "telephoneNumber"));
    let reader = LdapReader::mapped(slapd.tls_url(), &pairs).set(|settings| {
        settings.ca_file = Some(slapd.ca_file.clone());
    });
    let steps = reader.connector.check(&reader.attributes, &single_attempt()).await;
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    assert_eq!(names, ["resolve", "connect", "TLS", "bind", "read", "attributes"]);
    let last = steps.last().expect("six steps");
    let words = last.outcome.as_ref().expect("everything works");
    assert!(words.contains("of 5 people: id 5, email 5") && words.contains("`p0` Person p0"), "{words}");
    assert_eq!(last.warnings, ["no person has a value for `telephoneNumber`, which is mapped to `phone`"]);
}

#[tokio::test]
async fn check_ends_with_the_step_that_fails() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let ends = async |reader: LdapReader| {
        let steps = reader.connector.check(&reader.attributes, &single_attempt()).await;
        let failed: Vec<_> =
            steps.iter().filter(|step| step.outcome.is_err()).map(|step| step.name).collect();
        assert_eq!(failed, [steps.last().expect("a step").name]);
        failed[0]
    };
    assert_eq!(ends(LdapReader::new("ldap://dc1.corp.invalid".to_owned())).await, "resolve");
    let port = refusing_port().await;
    assert_eq!(ends(LdapReader::new(format!("ldap://127.0.0.1:{port}"))).await, "connect");
    let other = SlapdSetup::of(people(1)).start().await;
    let untrusted =
        LdapReader::new(slapd.tls_url()).set(|settings| settings.ca_file = Some(other.ca_file.clone()));
    assert_eq!(ends(untrusted).await, "TLS");
    let wrong = Some((READER.0.to_owned(), SecretText::new("wrong")));
    assert_eq!(ends(LdapReader::new(slapd.url()).set(|settings| settings.bind = wrong)).await, "bind");
    let nowhere = bases(&["dc=nowhere"]);
    assert_eq!(ends(LdapReader::new(slapd.url()).set(|settings| settings.base_dns = nowhere)).await, "read");
    let broken = LdapReader::new(slapd.url()).set(|settings| settings.filter = "(mail=".to_owned());
    assert_eq!(ends(broken).await, "settings");
}
