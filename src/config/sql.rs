//! Keys of connectors of kind `sql`.

use crate::Environment;
use crate::ldap::TIMEOUT;
use crate::secret::{self, SQL_URL};
use crate::section::ConfigSection;
use rollcall_connectors::sql::SqlSettings;

/// Reads the settings; `None` if something required is missing.
pub(super) fn read(section: &ConfigSection<'_>, around: &Environment<'_>) -> Option<SqlSettings> {
    if SQL_URL.place(section).is_none() {
        let finding = section.finding("`database_url_file` is missing");
        section
            .report
            .report_absence(finding.hint("add it, or `database_url_env`, or `database_url`".to_owned()));
    }
    let database = secret::read(section, SQL_URL, around);
    if let Some(at) = &database {
        let known = ["postgres://", "postgresql://", "sqlite:"]
            .iter()
            .any(|start| at.value.reveal().starts_with(start));
        if !known {
            let hint = "write a URL that begins with postgres:// or sqlite://".to_owned();
            let at = crate::diagnostic_collector::SpannedValue {
                value: (),
                key: at.key.clone(),
                span: at.span.clone(),
            };
            section.report.report_error(at.finding("this is not a valid database URL").hint(hint));
        }
    }
    let query = section.text("query");
    Some(SqlSettings {
        database: database?.value,
        query: query?.value.to_owned(),
        count_query: section.text("count_query").map(|query| query.value.to_owned()),
        timeout: section.duration("timeout").map_or(TIMEOUT, |timeout| timeout.value),
    })
}
