//! The keys of a connector of kind `sql`.

use crate::config::Surroundings;
use crate::config::ldap::TIMEOUT;
use crate::config::secret::{self, SQL_URL};
use crate::config::section::Section;
use crate::connectors::sql::Settings;

/// The settings, where nothing that they need is missing.
pub(super) fn read(section: &Section<'_>, around: &Surroundings<'_>) -> Option<Settings> {
    if SQL_URL.place(section).is_none() {
        let finding = section.finding("`database_url_file` is missing");
        section.report.absence(finding.hint("or `database_url_env`, or `database_url`".to_owned()));
    }
    let database = secret::read(section, SQL_URL, around);
    if let Some(at) = &database {
        let known = ["postgres://", "postgresql://", "sqlite:"]
            .iter()
            .any(|start| at.value.reveal().starts_with(start));
        if !known {
            let hint = "it begins with postgres:// or sqlite://".to_owned();
            let at = crate::config::section::At { value: (), key: at.key.clone(), span: at.span.clone() };
            section.report.mistake(at.finding("this is no URL of a database").hint(hint));
        }
    }
    let query = section.text("query");
    Some(Settings {
        database: database?.value,
        query: query?.value.to_owned(),
        count_query: section.text("count_query").map(|query| query.value.to_owned()),
        timeout: section.duration("timeout").map_or(TIMEOUT, |timeout| timeout.value),
    })
}
