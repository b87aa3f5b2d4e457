//! Who is missed by a list that is read page by page, and who is really gone.

use rollcall_core::sync::RunOutcome;

use super::ldap_company::{company, config, run_by, settings};
use crate::support::database::on_both;
use crate::support::scripted_ldap_server::{LdapReply, ScriptedLdapServer};

/// A person who is missing from the pages is looked up by id before being marked absent.
#[test]
fn person_missing_from_pages_is_looked_up_by_id() {
    on_both(|engine| {
        let company = company(engine);
        let page = |ids: &[&'static str]| -> Vec<LdapReply> {
            ids.iter().map(|id| LdapReply::Entry(id)).chain([LdapReply::Done(0, Some(b""))]).collect()
        };
        let whole = ["ada", "bob", "eve", "joe"];
        let pages = vec![
            page(&whole),
            // A list without eve, who is there when asked for; then one without eve, who is not.
            page(&["ada", "bob", "joe"]),
            page(&["eve"]),
            page(&["ada", "bob", "joe"]),
            page(&[]),
        ];
        let server = company.runtime.block_on(ScriptedLdapServer::start(pages));
        let config = config(&company, settings(server.url()), "uid");
        assert!(matches!(run_by(&company, &config).outcome, RunOutcome::Applied));
        let members = || company.count_rows("memberships");
        let before = members();
        let report = run_by(&company, &config);
        assert!(matches!(report.outcome, RunOutcome::Unchanged), "{:?}", report.outcome);
        assert_eq!((report.counts.people_read, members()), (4, before));
        let report = run_by(&company, &config);
        assert!(matches!(report.outcome, RunOutcome::Applied), "{:?}", report.outcome);
        assert_eq!(report.counts.people_left, 1);
        assert!(members() < before);
    });
}
