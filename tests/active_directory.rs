//! Active Directory: a domain controller of Samba, and for what that one cannot be brought to say, a server that says what
//! it is told to say.

mod controllers;
mod incident_replay;
mod samba;
mod values;

use std::path::Path;

use rollcall_config::Config;
use rollcall_connectors::{Connector, ConnectorError, DirectoryReading};
use rollcall_model::people::PeopleTable;

use crate::support::scripted_ldap_server::LdapReply;
use crate::support::single_attempt;

const PEOPLE: &str = "OU=People,DC=corp,DC=example";

/// A connector of a file.
struct AdReader {
    config: Config,
}

impl AdReader {
    /// Of a whole section.
    fn of(section: &str) -> Self {
        let config = Config::parse(section, Path::new("rollcall.toml"), &|_| None);
        Self { config: config.unwrap_or_else(|wrong| panic!("{wrong}\n{section}")) }
    }

    /// Of a server, or several as a list, in the clear; people are known by their account names.
    fn told(url: &str, attributes: &str) -> Self {
        Self::of(&told(url, attributes))
    }

    fn connector(&self) -> &Connector {
        &self.config.connectors[0]
    }

    async fn read(&self) -> Result<DirectoryReading, ConnectorError> {
        self.connector().read(&self.config.attributes, &single_attempt()).await
    }

    async fn people(&self) -> PeopleTable {
        self.read().await.expect("everybody").into_parts().0
    }

    /// The word of the error, and whether waiting may help.
    async fn fails(&self) -> (&'static str, bool) {
        let error = self.read().await.expect_err("not everybody");
        (error.kind(), error.is_transient())
    }

    /// The values of somebody, in byte order.
    fn values(&self, people: &PeopleTable, id: &str, attribute: &str) -> Vec<String> {
        let row = people.row(id).unwrap_or_else(|| panic!("`{id}` was read"));
        let cell = people.cell(row, self.config.attributes.find(attribute).expect("mapped"));
        people.values.all(cell).map(str::to_owned).collect()
    }
}

/// The section of [`Reader::told`].
fn told(url: &str, attributes: &str) -> String {
    let url = if url.starts_with('[') { url.to_owned() } else { format!("'{url}'") };
    format!(
        "[[connector]]\nname = 'corp'\nkind = 'active_directory'\nurl = {url}\nplaintext = true\n\
         bind_dn = 'rollcall@corp.example'\nbind_password = 'x'\nbase_dn = '{PEOPLE}'\n\
         [connector.attributes]\nid = 'sAMAccountName'\nemail = 'mail'\n{attributes}\n"
    )
}

/// A person of this account name, with more attributes.
fn person(name: &str, more: &[(&str, &[String])]) -> LdapReply {
    let mut values = vec![
        ("sAMAccountName".to_owned(), vec![name.to_owned()]),
        ("mail".to_owned(), vec![format!("{name}@corp.example")]),
        ("userAccountControl".to_owned(), vec!["512".to_owned()]),
    ];
    values.extend(more.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())));
    LdapReply::Object(format!("CN={name},{PEOPLE}"), values)
}

/// The DN of a group.
fn group_dn(name: &str) -> String {
    format!("CN={name},OU=Groups,DC=corp,DC=example")
}

/// A group.
fn group(name: &str, more: &[(&str, &[String])]) -> LdapReply {
    let mut values = vec![("cn".to_owned(), vec![name.to_owned()])];
    values.extend(more.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())));
    LdapReply::Object(group_dn(name), values)
}

/// The last page.
const END: LdapReply = LdapReply::Done(0, Some(b""));
