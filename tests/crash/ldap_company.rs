//! A company whose first directory speaks LDAP.

use rollcall_config::Config;
use rollcall_connectors::SourceSettings;
use rollcall_connectors::ldap::LdapSettings;
use rollcall_core::sync::RunReport;

use super::SAFETY_DISABLED;
use super::database_state::load_state;
use crate::support::company::{Company, run};
use crate::support::database::Engine;
use crate::support::slapd::admin_settings;

/// Everybody's department is a group, and so is everybody; both have courses.
pub(super) fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.head = SAFETY_DISABLED.to_owned();
    company.directory("hr", &["id", "email", "name", "department"], "");
    company.departments();
    company.rule("everybody", "Everybody", "true");
    for (course, group) in [("A", "Sales"), ("B", "Everybody")] {
        company.course_for(course, group, "due_days = 30");
    }
    company
}

/// A server as its administrator sees it, by pages of seven.
pub(super) fn settings(url: String) -> LdapSettings {
    admin_settings(url, 7)
}

/// The company's file with a server in the place of its CSV file; `id` is this attribute.
pub(super) fn config(company: &Company, settings: LdapSettings, id: &str) -> Config {
    let mut config = company.config();
    let connector = &mut config.connectors[0];
    connector.source = SourceSettings::Ldap(settings);
    for (_, source) in &mut connector.mapping.columns {
        *source = match source.as_str() {
            "id" => id,
            "email" => "mail",
            "name" => "cn",
            _ => "departmentNumber",
        }
        .to_owned();
    }
    config
}

/// One run by such a file, one attempt only.
pub(super) fn run_by(company: &Company, config: &Config) -> RunReport {
    company.runtime.block_on(run(&company.store, config, "hr", false))
}

/// What matters of the company's database.
pub(super) fn state_of(company: &Company) -> Vec<String> {
    company.runtime.block_on(load_state(&company.db))
}
