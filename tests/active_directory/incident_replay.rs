//! What has gone wrong with other programs that read Active Directory, in public, each once more here.

use std::path::Path;

use rollcall_config::Config;
use rollcall_core::sync::{RunOutcome, RunReport};

use super::{AdReader, END, group, group_dn, person, told};
use crate::support::company::{Company, run};
use crate::support::database::Engine;
use crate::support::scripted_ldap_server::{LdapReply, ScriptedLdapServer};

const RULES: &str = "
[[rule]]
name = 'everybody'
group = 'Everybody'
when = '\"Staff\" in groups_all'
[[course]]
code = 'GDPR'
title = 'Data protection'
[[assignment]]
course = 'GDPR'
groups = ['Everybody']
";

/// What a directory answers in which so many people are in the group `Staff`: the group, as it comes when its members
/// are more than are sent at once, and the people, by pages.
fn directory(members: usize) -> Vec<Vec<LdapReply>> {
    let member = |number: usize| format!("CN=p{number},OU=People,DC=corp,DC=example");
    let first: Vec<String> = (0..members.min(1500)).map(member).collect();
    let staff = if members > 1500 {
        group("Staff", &[("member", &[]), ("member;range=0-1499", &first)])
    } else {
        group("Staff", &[("member", &first)])
    };
    let everybody: Vec<LdapReply> = (0..members)
        .map(|number| person(&format!("p{number}"), &[("memberOf", &[group_dn("Staff")])]))
        .collect();
    let mut pages: Vec<Vec<LdapReply>> = vec![vec![staff, END]];
    let count = members.div_ceil(500).max(1);
    for page in 0..count {
        let mut said: Vec<LdapReply> = everybody.iter().skip(page * 500).take(500).cloned().collect();
        said.push(if page + 1 == count { END } else { LdapReply::Done(0, Some(b"more")) });
        pages.push(said);
    }
    pages
}

/// A company and what it has.
struct AdScenario {
    company: Company,
}

impl AdScenario {
    fn new() -> Self {
        Self { company: Company::new(Engine::Sqlite) }
    }

    /// Syncs with a directory that answers this.
    fn sync(&self, pages: Vec<Vec<LdapReply>>) -> RunReport {
        let server = self.company.runtime.block_on(ScriptedLdapServer::start(pages));
        let text = format!("{}\n{RULES}", told(&server.url(), "groups = 'memberOf'"));
        let config = Config::parse(&text, Path::new("rollcall.toml"), &|_| None).expect("a file");
        let report = self.company.runtime.block_on(run(&self.company.store, &config, "corp", false));
        self.company.drain();
        report
    }

    /// Members of the group, and enrollments in its course.
    fn members(&self) -> (i64, i64) {
        (
            self.company.count_rows("memberships"),
            self.company.count_rows("enrollments WHERE state = 'active'"),
        )
    }
}

/// A group grew from 1,498 to 1,501 members, and everyone lost access.
#[test]
fn group_growth_past_1500_members_revoked_everyone() {
    let story = AdScenario::new();
    for members in [1498, 1499, 1500, 1501] {
        let report = story.sync(directory(members));
        assert!(matches!(report.outcome, RunOutcome::Applied), "{members}: {:?}", report.outcome);
        assert_eq!(report.counts.memberships_removed, 0);
        let members = i64::try_from(members).expect("few");
        assert_eq!(story.members(), (members, members));
    }
    story.company.verify();
}

#[test]
fn only_the_first_1500_were_synced_without_an_error() {
    let story = AdScenario::new();
    assert!(matches!(story.sync(directory(4999)).outcome, RunOutcome::Applied));
    assert_eq!(story.members(), (4999, 4999));
}

#[test]
fn a_group_passed_50000_members_and_was_filtered_out() {
    // However many members a group has: nobody asks for them.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for members in [0, 50_001, 100_000] {
        runtime.block_on(async {
            let server = ScriptedLdapServer::start(directory(members)).await;
            let reader = AdReader::told(&server.url(), "groups = 'memberOf'");
            let people = reader.people().await;
            let groups = reader.config.attributes.find("groups").expect("mapped");
            let staff = people.rows().filter(|&row| people.first(row, groups) == "Staff").count();
            assert_eq!((people.len(), staff), (members, members));
            let is_members = |attribute: &String| attribute.split(';').next() == Some("member");
            assert!(
                !server.requested_attributes().iter().flatten().any(is_members),
                "{:?}",
                server.requested_attributes()
            );
        });
    }
    // A limit that is met removes nobody.
    let story = AdScenario::new();
    assert!(matches!(story.sync(directory(700)).outcome, RunOutcome::Applied));
    for code in [3, 4, 11, 51, 52] {
        for page in 0..3 {
            let mut pages = directory(700);
            *pages[page].last_mut().expect("an end") = LdapReply::Done(code, Some(b""));
            // A server that has no time is given up on at once.
            pages.truncate(page + 1);
            let report = story.sync(pages);
            assert!(matches!(report.outcome, RunOutcome::Failed(_)), "result {code}: {:?}", report.outcome);
            assert_eq!(story.members(), (700, 700), "result {code} on page {page}");
        }
    }
}
