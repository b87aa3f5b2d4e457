//! A source cut anywhere, through a whole run: it fails, and nobody loses anything.

use std::fs;
use std::time::Duration;

use rollcall_config::Config;
use rollcall_connectors::SourceSettings;
use rollcall_core::sync::RunOutcome;
use sha2::{Digest, Sha256};

use super::database_state::assert_same_state;
use super::is_long_run;
use super::ldap_company::{company, config, run_by, settings, state_of};
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::fault_proxy::{ConnectionFault, FaultProxy};
use crate::support::ldap_person::people;
use crate::support::scripted_ldap_server::{LdapReply, ScriptedLdapServer};
use crate::support::slapd::SlapdSetup;
use crate::support::truncated_csv::truncation_error;

/// A company that holds people already, and what it held before anything went wrong.
struct BaselineCompany {
    company: Company,
    before: Vec<String>,
    failed: i64,
}

impl BaselineCompany {
    /// After a good run by this file.
    fn of(company: Company, good: &Config) -> Self {
        let report = run_by(&company, good);
        assert!(matches!(report.outcome, RunOutcome::Applied), "{:?}", report.outcome);
        company.drain();
        company.verify();
        let before = state_of(&company);
        for kind in ["person", "learner", "member", "enrollment"] {
            assert!(before.iter().filter(|line| line.starts_with(kind)).count() >= 12, "{kind}: {before:#?}");
        }
        Self { company, before, failed: 0 }
    }

    /// A run by this file fails, is written down as failed, and takes nothing from anybody.
    fn assert_run_fails(&mut self, bad: &Config, what: &str) -> String {
        let report = run_by(&self.company, bad);
        let RunOutcome::Failed(error) = report.outcome else { panic!("{what}: {:?}", report.outcome) };
        self.failed += 1;
        assert_eq!(
            self.company.count_rows("runs WHERE status = 'failed'"),
            self.failed,
            "{what}: {error} {error:?}"
        );
        assert_same_state(&state_of(&self.company), &self.before, what);
        error.kind().to_owned()
    }

    /// When the source is whole again there is nothing to do.
    fn assert_recovers(&self, good: &Config) {
        let report = run_by(&self.company, good);
        assert!(matches!(report.outcome, RunOutcome::Unchanged), "{:?}", report.outcome);
        assert_same_state(&state_of(&self.company), &self.before, "whole again");
    }
}

/// Where messages of a stream begin (X.690 8.1), the first left out.
fn beginnings(stream: &[u8]) -> Vec<u64> {
    let mut beginnings = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        if at > 0 {
            beginnings.push(at as u64);
        }
        let (header, length) = match stream[at + 1] {
            short @ 0..0x80 => (2, usize::from(short)),
            long => {
                let bytes = usize::from(long & 0x7f);
                let number = &stream[at + 2..at + 2 + bytes];
                (2 + bytes, number.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)))
            }
        };
        at += header + length;
    }
    beginnings
}

fn proxy(company: &Company, port: u16, line: ConnectionFault) -> FaultProxy {
    company.runtime.block_on(FaultProxy::start(port, line))
}

/// A connection that is cut, reset or stalled at any message removes nothing.
#[test]
fn connection_fault_at_any_message_removes_nothing() {
    on_both(|engine| {
        let company = company(engine);
        let slapd = company.runtime.block_on(SlapdSetup::of(people(20)).start());
        let pass = proxy(&company, slapd.port, ConnectionFault::Pass);
        let good = config(&company, settings(pass.url()), "employeeNumber");
        let mut witness = BaselineCompany::of(company, &good);
        // The answer to the bind, twenty people on three pages, and the end of each page.
        let messages = beginnings(&pass.said());
        assert_eq!(messages.len(), 23, "{messages:?}");
        let mut faults = Vec::new();
        for (number, &at) in messages.iter().enumerate() {
            faults.extend(
                [at, at + 5]
                    .into_iter()
                    .flat_map(|at| [ConnectionFault::CutAfter(at), ConnectionFault::ResetAfter(at)]),
            );
            // Each of these waits for its time-out.
            if is_long_run() || (number % 2 == 0) == (engine == Engine::Sqlite) {
                faults.push(ConnectionFault::StallAfter(at));
            }
        }
        for fault in faults {
            let broken = proxy(&witness.company, slapd.port, fault);
            let stalls = matches!(fault, ConnectionFault::StallAfter(_));
            let mut settings = settings(broken.url());
            if stalls {
                settings.timeout = Duration::from_millis(100);
            }
            let bad = config(&witness.company, settings, "employeeNumber");
            let kind = witness.assert_run_fails(&bad, &format!("{fault:?}"));
            assert_eq!(kind, if stalls { "stalled" } else { "cut_off" }, "{fault:?}");
        }
        witness.assert_recovers(&good);
    });
}

const PAGES: [&[&str]; 3] = [&["a", "b", "c", "d", "e"], &["f", "g", "h", "i", "j"], &["k", "l", "m", "n"]];

/// What a server says when it is well.
fn whole() -> Vec<Vec<LdapReply>> {
    let cookies: [&[u8]; 3] = [b"1", b"2", b""];
    let page = |(people, cookie): (&&[&'static str], &'static [u8])| {
        let mut page: Vec<LdapReply> = people.iter().map(|uid| LdapReply::Entry(uid)).collect();
        page.push(LdapReply::Done(0, Some(cookie)));
        page
    };
    PAGES.iter().zip(cookies).map(page).collect()
}

/// A result other than success at any message removes nothing.
#[test]
fn error_result_at_any_message_removes_nothing() {
    on_both(|engine| {
        let company = company(engine);
        let server = |company: &Company, pages| company.runtime.block_on(ScriptedLdapServer::start(pages));
        let by = |company: &Company, server: &ScriptedLdapServer| {
            let mut settings = settings(server.url());
            settings.base_dns = vec!["dc=corp".to_owned()];
            config(company, settings, "uid")
        };
        let well = server(&company, whole());
        let good = by(&company, &well);
        let mut witness = BaselineCompany::of(company, &good);
        let codes = [
            (3, "time_limit"),
            (4, "size_limit"),
            (10, "referral"),
            (11, "admin_limit"),
            (51, "busy"),
            (52, "unavailable"),
        ];
        for page in 0..PAGES.len() {
            for message in 0..=PAGES[page].len() {
                for (number, (code, kind)) in codes.into_iter().enumerate() {
                    // One database or the other, where time is short.
                    if !is_long_run() && ((page + message + number) % 2 == 0) != (engine == Engine::Sqlite) {
                        continue;
                    }
                    for cookie in [None, Some(&b""[..])] {
                        let mut pages = whole();
                        pages.truncate(page + 1);
                        pages[page].truncate(message);
                        pages[page].push(LdapReply::Done(code, cookie));
                        let server = server(&witness.company, pages);
                        let bad = by(&witness.company, &server);
                        let what = format!("result {code} as message {message} of page {page}");
                        assert_eq!(witness.assert_run_fails(&bad, &what), kind, "{what}");
                    }
                }
            }
        }
        let well = server(&witness.company, whole());
        witness.assert_recovers(&by(&witness.company, &well));
    });
}

/// The error of a company's CSV file that is cut; none between two rows.
fn error_of(part: &[u8]) -> Option<&'static str> {
    truncation_error(part, 4)
}

/// A dozen people of a file, in Sales.
fn by_file(engine: Engine) -> Company {
    let mut company = company(engine);
    for number in 0..12 {
        // A line break, a quote and a separator inside a field.
        let name = format!("Person\n\"{number}\", of Sales");
        company.hire(&format!("p{number:02}"), &[("department", "Sales"), ("name", &name)]);
    }
    company
}

/// A file truncated at any byte of its last lines removes nothing.
#[test]
fn file_truncated_at_any_byte_removes_nothing() {
    on_both(|engine| {
        let company = by_file(engine);
        let good = company.config();
        let whole = company.csv("hr");
        let mut witness = BaselineCompany::of(company, &good);
        let rows: Vec<usize> = (1..=whole.len()).filter(|end| error_of(&whole[..*end]).is_none()).collect();
        let path = witness.company.folder.path().join("hr.csv");
        let beside = witness.company.folder.path().join("hr.csv.sha256");
        let digest: String = Sha256::digest(&whole).iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(&beside, digest + "  hr.csv\n").expect("written");
        let mut proven = witness.company.config();
        let SourceSettings::Csv(settings) = &mut proven.connectors[0].source else { unreachable!("a file") };
        settings.file.sha256_file = Some(beside);
        let mut between = 0;
        for position in rows[rows.len() - 4] + 1..whole.len() {
            fs::write(&path, &whole[..position]).expect("written");
            // Between two rows only a proof from outside can tell.
            let (file, expected) = match error_of(&whole[..position]) {
                Some(kind) => (&good, kind),
                None => (&proven, "incomplete"),
            };
            between += u32::from(rows.contains(&position));
            let kind = witness.assert_run_fails(file, &format!("cut at byte {position} of {}", whole.len()));
            assert_eq!(kind, expected, "cut at byte {position}");
        }
        assert_eq!(between, 2);
        fs::write(&path, &whole).expect("written");
        witness.assert_recovers(&proven);
    });
}

/// With a row count, a file truncated at any line removes nothing.
#[test]
fn row_count_protects_file_truncated_at_any_line() {
    on_both(|engine| {
        let company = by_file(engine);
        let mut counted = company.config();
        let whole = company.csv("hr");
        let SourceSettings::Csv(settings) = &mut counted.connectors[0].source else { unreachable!("a file") };
        settings.file.min_rows = Some(12);
        let path = company.folder.path().join("hr.csv");
        let mut witness = BaselineCompany::of(company, &counted);
        let lines = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        for position in [0].into_iter().chain(lines).filter(|at| *at < whole.len()) {
            fs::write(&path, &whole[..position]).expect("written");
            let kind =
                witness.assert_run_fails(&counted, &format!("cut after the line that ends at {position}"));
            assert_eq!(kind, error_of(&whole[..position]).unwrap_or("incomplete"), "cut at byte {position}");
        }
        fs::write(&path, &whole).expect("written");
        witness.assert_recovers(&counted);
    });
}
