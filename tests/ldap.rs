//! Reading a real directory, and every way in which one can fail to say everything.

mod check;
mod completeness;
mod connection;
mod entries;
mod groups;
mod limits;
mod messages;

use rollcall_connectors::ldap::LdapSettings;
use rollcall_connectors::{Connector, ConnectorError, DirectoryReading, SourceSettings};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::people::PeopleTable;

use crate::support::scripted_ldap_server::{LdapReply, ScriptedLdapServer};
use crate::support::slapd::admin_settings;
use crate::support::{connector, external_ids, mapping, single_attempt};

const MAPPED: &[(&str, &str)] = &[
    ("id", "employeeNumber"),
    ("email", "mail"),
    ("name", "cn"),
    ("department", "departmentNumber"),
    ("location", "l"),
    ("role", "title"),
];

/// A connector, to be changed until it is what the test needs.
struct LdapReader {
    attributes: AttributeSet,
    connector: Connector,
}

impl LdapReader {
    /// As the administrator, in the clear, by pages of 200.
    fn new(url: String) -> Self {
        Self::mapped(url, MAPPED)
    }

    fn mapped(url: String, pairs: &[(&str, &str)]) -> Self {
        let (attributes, mapping) = mapping(pairs);
        let settings = admin_settings(url, 200);
        Self { attributes, connector: connector(mapping, SourceSettings::Ldap(settings)) }
    }

    fn set(mut self, change: impl FnOnce(&mut LdapSettings)) -> Self {
        match &mut self.connector.source {
            SourceSettings::Ldap(settings) => change(settings),
            _ => unreachable!("made as ldap"),
        }
        self
    }

    async fn read(&self) -> Result<DirectoryReading, ConnectorError> {
        self.connector.read(&self.attributes, &single_attempt()).await
    }

    async fn people(&self) -> PeopleTable {
        self.read().await.expect("everybody").into_parts().0
    }

    async fn error(&self) -> ConnectorError {
        self.read().await.expect_err("not everybody")
    }
}

fn bases(bases: &[&str]) -> Vec<String> {
    bases.iter().map(|&base| base.to_owned()).collect()
}

/// Reads from a server that sends these messages.
async fn read_script(pages: Vec<Vec<LdapReply>>) -> Result<Vec<String>, ConnectorError> {
    let server = ScriptedLdapServer::start(pages).await;
    let reader = LdapReader::mapped(server.url(), &[("id", "uid")]).set(|settings| {
        settings.base_dns = bases(&["dc=corp"]);
    });
    reader.read().await.map(|reading| external_ids(reading.people()))
}
