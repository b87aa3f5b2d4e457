//! Three machines with clocks a minute apart and one database, killed and started as chance has it.
//!
//! Their clocks run twenty times as fast as the server's, so that a schedule of every minute comes every three seconds;
//! they stand an hour behind when the story begins, so that no clock ever runs ahead of the one by which tests look.

use std::process::Command;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use rollcall_model::schedule::CronSchedule;

use super::{SAFETY_DISABLED, SeededRng, is_long_run};
use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::packages;
use crate::support::program::{RunningProgram, rollcall_command, wait_until};

/// The library that gives a program another clock.
fn clock() -> String {
    format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH)
}

/// How much faster clocks run here.
const SPEED: i32 = 20;

/// Every claim of a schedule and every scheduled run, with the transaction that wrote it; whether a run was in hand
/// then, or ended while the claim was made; how many runs of one connector were running; and every end of a run.
const OBSERVER_TRIGGERS: &str = "
    CREATE TABLE claims (tx BIGINT, connector BIGINT, since TIMESTAMPTZ, until TIMESTAMPTZ, busy BOOLEAN,
        ended BOOLEAN);
    CREATE TABLE beginnings (tx BIGINT, run BIGINT, scheduled BOOLEAN, running BIGINT);
    CREATE TABLE endings (run BIGINT, status TEXT);
    CREATE FUNCTION claim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO claims SELECT txid_current(), new.id, old.scheduled_until, new.scheduled_until, EXISTS (
            SELECT 1 FROM leases WHERE name = 'connector:' || new.name AND expires_at > clock_timestamp()
                AND xmin::text::bigint <> txid_current()), EXISTS (
            SELECT 1 FROM leases WHERE name = 'connector:' || new.name AND expires_at <= clock_timestamp()
                AND expires_at > now() AND xmin::text::bigint <> txid_current());
        RETURN new; END $$;
    CREATE TRIGGER claim AFTER UPDATE OF scheduled_until ON connectors FOR EACH ROW
        WHEN (new.scheduled_until <> old.scheduled_until) EXECUTE FUNCTION claim();
    CREATE FUNCTION beginning() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO beginnings SELECT txid_current(), new.id, new.actor = 'schedule', count(*) FROM runs
            WHERE status = 'running' AND connector_id = new.connector_id;
        RETURN new; END $$;
    CREATE TRIGGER beginning AFTER INSERT ON runs FOR EACH ROW EXECUTE FUNCTION beginning();
    CREATE FUNCTION ending() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO endings VALUES (new.id, new.status); RETURN new; END $$;
    CREATE TRIGGER ending AFTER UPDATE OF status ON runs FOR EACH ROW EXECUTE FUNCTION ending()";

/// The company and its machines.
struct MachineGroup {
    company: Company,
    machines: Vec<ClockedMachine>,
    began: (Instant, DateTime<Utc>),
}

/// A machine, with a service or without.
struct ClockedMachine {
    /// Seconds from the others' time.
    offset: i64,
    file: &'static str,
    service: Option<RunningProgram>,
}

impl MachineGroup {
    fn new() -> Self {
        packages::ensure_installed(&clock(), &["libfaketime"]);
        let mut company = Company::new(Engine::Postgres);
        company.head = format!("{SAFETY_DISABLED}[web]\nlisten = '127.0.0.1:0'\n[worker]\nconcurrency = 2\n");
        company.settings("hr", "schedule = '* * * * *'");
        company.directory("it", &["id", "email", "location"], "schedule = '*/2 * * * *'");
        company.departments();
        company.rule("places", "{location}", "location != \"\"");
        for (course, group) in [("S", "Sales"), ("R", "Research"), ("B", "Berlin"), ("E", "*e*")] {
            company.course(course);
            company.assignment(course, group, "");
        }
        for number in 0..60 {
            company.hire(&format!("p{number:02}"), &[("department", ["Sales", "Research"][number % 2])]);
            company.hire_at("it", &format!("p{number:02}"), &[("location", ["Berlin", "Paris"][number % 2])]);
        }
        let hours = if is_long_run() { 5 } else { 1 };
        let began = (Instant::now(), Utc::now() - TimeDelta::hours(hours));
        let machines =
            [0, 60, -60].map(|offset| ClockedMachine { offset, file: "rollcall.toml", service: None });
        Self { company, machines: machines.into(), began }
    }

    /// A command by a clock of this site.
    fn by_clock(&self, command: &mut Command, offset: i64) {
        let passed = TimeDelta::from_std(self.began.0.elapsed()).expect("not long") * SPEED;
        let now = self.began.1 + passed + TimeDelta::seconds(offset);
        command.env("LD_PRELOAD", clock()).env("TZ", "UTC").env("NO_FAKE_STAT", "1");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command.env("FAKETIME", format!("@{} x{SPEED}", now.format("%Y-%m-%d %H:%M:%S")));
    }

    fn start(&mut self, at: usize) {
        let machine = &self.machines[at];
        let mut command = rollcall_command(&self.company.folder.path().join(machine.file));
        self.by_clock(command.arg("run"), machine.offset);
        self.machines[at].service = Some(RunningProgram::start(&mut command));
    }

    /// SIGKILL.
    fn kill(&mut self, at: usize) {
        self.machines[at].service = None;
    }

    fn alive(&self) -> usize {
        self.machines.iter().filter(|machine| machine.service.is_some()).count()
    }

    /// Kills a machine that is alive, unless it is the last one, or starts one that is not.
    fn toggle_machine(&mut self, at: usize) {
        match self.machines[at].service {
            Some(_) if self.alive() > 1 => self.kill(at),
            Some(_) => self.start((at + 1) % 3),
            None => self.start(at),
        }
    }

    /// What the directories say, written in one step: nobody reads half a file.
    fn publish(&self) {
        for name in ["hr", "it"] {
            let path = self.company.folder.path().join(format!("{name}.csv"));
            std::fs::write(path.with_extension("new"), self.company.csv(name)).expect("written");
            std::fs::rename(path.with_extension("new"), path).expect("in its place");
        }
    }

    fn ended(&self, connector: &str, status: &str) -> i64 {
        self.company.count_rows(&format!(
            "runs r JOIN connectors c ON c.id = r.connector_id
             WHERE c.name = '{connector}' AND r.actor = 'schedule' AND r.status {status}"
        ))
    }

    /// Waits for so many more runs of the first directory to come to something.
    fn runs_pass(&self, more: i64) {
        let applied = "IN ('applied', 'unchanged', 'held')";
        let wanted = self.ended("hr", applied) + more;
        wait_until("the next runs have ended", || self.ended("hr", applied) >= wanted);
    }
}

/// People come, go and move.
fn day(company: &mut Company, dice: &mut SeededRng, number: usize) {
    let newcomer = format!("n{number:02}");
    company.hire(&newcomer, &[("department", "Sales")]);
    company.hire_at("it", &newcomer, &[("location", "Berlin")]);
    for _ in 0..5 {
        let who = format!("p{:02}", dice.next_below(50));
        company.move_to(&who, ["Sales", "Research", "Legal", ""][dice.next_below(4)]);
        company.change_at("it", &who, &[("location", ["Berlin", "Paris", "Rome"][dice.next_below(3)])]);
    }
    if number < 10 {
        company.leave(&format!("p{}", 50 + number));
        company.leave_at("it", &format!("p{}", 50 + number));
    }
}

/// Every due time of every schedule was claimed once, and began one run, unless another one was in hand.
fn assert_each_due_time_once(site: &MachineGroup) {
    let company = &site.company;
    for (connector, schedule) in [("hr", "* * * * *"), ("it", "*/2 * * * *")] {
        let schedule = CronSchedule::parse(schedule, company.zone).expect("a schedule");
        let claims = company.sql(&format!(
            "SELECT a.since::text, a.until::text, a.busy::text, a.ended::text, count(b.run)::text AS runs
             FROM claims a
             JOIN connectors c ON c.id = a.connector LEFT JOIN beginnings b ON b.tx = a.tx AND b.scheduled
             WHERE c.name = '{connector}' GROUP BY a.since, a.until, a.busy, a.ended ORDER BY a.since"
        ));
        let instant = |text: &Option<String>| -> DateTime<Utc> {
            let text = text.as_deref().expect("an instant");
            DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").expect("an instant").to_utc()
        };
        let mut up_to = None;
        let (mut late, mut skipped) = (0, 0);
        for claim in &claims {
            let (since, until) = (instant(&claim["since"]), instant(&claim["until"]));
            assert!(up_to.is_none_or(|last| last == since), "{connector}: {claims:#?}");
            up_to = Some(until);
            let first = schedule.next(since).expect("another one");
            assert!(first <= until, "nothing was due: {claim:?}");
            late += usize::from(schedule.next(first).expect("another one") <= until);
            let is = |name: &str| claim[name].as_deref() == Some("true");
            let runs = claim["runs"].as_deref().expect("a number");
            // A run that ends while the claim is made was still in hand when the claim looked, or was not.
            let allowed: &[&str] = if is("busy") {
                &["0"]
            } else if is("ended") {
                &["0", "1"]
            } else {
                &["1"]
            };
            assert!(allowed.contains(&runs), "{claim:?}");
            skipped += usize::from(runs == "0");
        }
        assert!(claims.len() > 3, "{claims:#?}");
        eprintln!(
            "`{connector}`: {} claims, {late} of them for more than one time, {skipped} while another run was in hand",
            claims.len()
        );
    }
    assert_eq!(
        company.count_rows(
            "beginnings b WHERE b.scheduled AND NOT EXISTS (SELECT 1 FROM claims a WHERE a.tx = b.tx)"
        ),
        0
    );
    assert_eq!(
        company.query_value("SELECT max(running) FROM beginnings"),
        "1",
        "one run of a connector at a time"
    );
    assert_eq!(company.count_rows("(SELECT run FROM endings GROUP BY run HAVING count(*) > 1) twice"), 0);
    assert_eq!(company.query_value("SELECT max(id) FROM runs"), company.query_value("SELECT runs FROM head"));
}

/// Who is known, a member and enrolled, by what a company undisturbed would have come to from the same files.
fn what_counts(company: &Company) -> Vec<String> {
    let lines = company.runtime.block_on(super::database_state::load_state(&company.db));
    let now = |line: &String| {
        let is = |kinds: &[&str]| kinds.iter().any(|kind| line.starts_with(kind));
        is(&["member "])
            || (is(&["person "]) && line.contains(" present "))
            || (is(&["enrollment "]) && line.contains(" active "))
    };
    lines.into_iter().filter(now).collect()
}

fn expected_state(site: &mut MachineGroup) -> Vec<String> {
    let mut twin = Company::new(Engine::Postgres);
    twin.head.clone_from(&site.company.head);
    twin.zone = site.company.zone;
    twin.text.clone_from(&site.company.text);
    std::mem::swap(&mut twin.directories, &mut site.company.directories);
    twin.sync();
    std::mem::swap(&mut twin.directories, &mut site.company.directories);
    what_counts(&twin)
}

/// Three machines with clocks one minute apart, killed at random, serve each due time once.
#[test]
fn machines_with_clock_skew_serve_each_due_time_once() {
    let mut site = MachineGroup::new();
    site.company.write();
    site.company.sql(OBSERVER_TRIGGERS);
    let mut dice = SeededRng::new();
    for at in 0..3 {
        site.start(at);
    }
    wait_until("both directories have been read", || {
        site.ended("it", "= 'applied'") > 0 && site.ended("hr", "= 'applied'") > 0
    });
    for number in 0..if is_long_run() { 120 } else { 7 } {
        day(&mut site.company, &mut dice, number);
        site.publish();
        if dice.next_below(2) == 0 {
            wait_until("a run is in hand", || site.company.count_rows("runs WHERE status = 'running'") > 0);
        }
        site.toggle_machine(dice.next_below(3));
        site.runs_pass(1);
    }
    for at in 0..3 {
        if site.machines[at].service.is_none() {
            site.start(at);
        }
    }
    // Whatever was in hand when its machine died has run out.
    let good = "IN ('applied', 'unchanged')";
    let wanted = [site.ended("hr", good) + 2, site.ended("it", good) + 2];
    wait_until("both have been read again", || {
        site.ended("hr", good) >= wanted[0] && site.ended("it", good) >= wanted[1]
    });
    wait_until("the queue is empty", || site.company.count_rows("jobs") == 0);
    for machine in &mut site.machines {
        let service = machine.service.as_mut().expect("alive");
        service.signal("TERM");
        assert!(service.wait().success(), "{:#?}", service.log());
    }
    assert_each_due_time_once(&site);
    site.company.verify();
    let expected = expected_state(&mut site);
    super::database_state::assert_same_state(&what_counts(&site.company), &expected, "as if nobody had died");
}

/// While one machine has a different configuration, nobody is removed.
#[test]
fn different_config_on_one_machine_blocks_removals() {
    let mut site = MachineGroup::new();
    site.company.write();
    let folder = site.company.folder.path().to_owned();
    let other = site.company.toml() + "[[rule]]\nname = 'all'\ngroup = 'All'\nwhen = 'true'\n";
    std::fs::write(folder.join("other.toml"), other).expect("written");
    site.machines[2].file = "other.toml";
    for at in 0..3 {
        site.start(at);
    }
    wait_until("all three are known", || site.company.count_rows("nodes") == 3);
    wait_until("both directories have been read", || {
        site.ended("it", "<> 'running'") > 0 && site.ended("hr", "<> 'running'") > 0
    });
    let members = |site: &MachineGroup| site.company.members("Sales").len();
    assert_eq!(members(&site), 30);
    for number in 0..4 {
        site.company.leave(&format!("p{:02}", 2 * number));
        site.company.leave_at("it", &format!("p{:02}", 2 * number));
    }
    site.company.hire("new", &[("department", "Sales")]);
    site.publish();
    wait_until("a run is held", || site.ended("hr", "= 'held'") > 0);
    site.runs_pass(2);
    assert_eq!(members(&site), 31, "the newcomer is in, those who left are, too");
    assert!(site.company.count_rows("held_changes WHERE reason = 'files_differ'") > 0);
    std::fs::copy(folder.join("rollcall.toml"), folder.join("other.toml")).expect("written");
    site.machines[2].service.as_ref().expect("alive").signal("HUP");
    wait_until("those who left are out", || members(&site) == 27);
    wait_until("the rule of the other file is forgotten", || site.company.members("All").is_empty());
    wait_until("the queue is empty", || site.company.count_rows("jobs") == 0);
    site.company.verify();
}
