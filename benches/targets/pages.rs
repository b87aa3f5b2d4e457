//! What people cost that come as pages of JSON: the time to map and plan them, and the memory of a whole sync.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use rollcall_config::Config;
use rollcall_connectors::{SourceSettings as Read, api};
use rollcall_model::names::{ConnectorName, RuleName};
use rollcall_model::people::{PeopleTable, digest, digest_order};
use rollcall_model::status::LearnerStatus;
use rollcall_planner::KnownMembers;
use rollcall_planner::correlation::{KnownPeople, MatchContext, match_people};
use rollcall_planner::membership_plan::{CurrentState, MembershipPlan};
use rollcall_planner::population::{EvaluatedLearner, PersonChange, Population};
use rollcall_planner::rule_evaluation::RuleEvaluation;
use rollcall_planner::source_data::KnownAbsence;
use serde::Deserialize;

use crate::company::{self, BenchCompany, BenchSource};
use crate::program::{BenchDatabase, MeasuredProgram};
use crate::support::vendors::{HttpServer, ServerReply};

/// People on a page.
const PAGE: usize = 200;

/// The most that mapping and planning may cost, as a multiple of parsing.
const LIMIT: f64 = 2.0;

/// Prints what it came to.
pub(crate) fn measure(people: usize, runs: usize) {
    let company = BenchCompany::of(people, false);
    let pages = company.pages(PAGE);
    println!("\n{people} people in {} pages of JSON, {PAGE} on each", pages.len());
    time(&pages, runs);
    memory(&company, pages, runs);
}

/// The median of some durations.
fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

/// Takes turns: parsing, mapping, planning, so that whatever else the machine does meets all of them.
fn time(pages: &[Vec<u8>], runs: usize) {
    let text = company::file(BenchSource::Scim("http://127.0.0.1:9/scim/v2"), "sqlite://none.db");
    let config = Config::parse(&text, Path::new("rollcall.toml"), &|_| None).expect("a file");
    let (mut floor, mut mapping, mut planning) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..=runs * 3 {
        let began = Instant::now();
        let kept = black_box(parsed(pages));
        let parsed = began.elapsed();
        drop(kept);
        let began = Instant::now();
        let people = mapped(&config, pages);
        let mapped = began.elapsed();
        let began = Instant::now();
        let entries = planned(&config, people);
        let planned = began.elapsed();
        assert!(entries > 0, "a plan of something");
        if run > 0 {
            floor.push(parsed);
            mapping.push(mapped);
            planning.push(planned);
        }
    }
    let (floor, mapping, planning) = (median(floor), median(mapping), median(planning));
    let ratio = |time: Duration| time.as_secs_f64() / floor.as_secs_f64();
    let verdict = if ratio(mapping + planning) <= LIMIT { "within" } else { "ABOVE" };
    println!("  serde_json into typed structs              {:8.3} s", floor.as_secs_f64());
    println!(
        "  mapping                                    {:8.3} s  {:5.2} x",
        mapping.as_secs_f64(),
        ratio(mapping)
    );
    println!(
        "  planning                                   {:8.3} s  {:5.2} x",
        planning.as_secs_f64(),
        ratio(planning)
    );
    println!(
        "  mapping and planning                       {:8.3} s  {:5.2} x, {verdict} {LIMIT} x",
        (mapping + planning).as_secs_f64(),
        ratio(mapping + planning)
    );
}

/// What `rollcall sync --dry-run` holds at most, through a server of pages and through slapd, in turns.
fn memory(company: &BenchCompany, pages: Vec<Vec<u8>>, runs: usize) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let slapd = runtime.block_on(company.directory().start());
    let server = HttpServer::start(move |request| {
        let at = request.number("startIndex").unwrap_or(1).saturating_sub(1) / PAGE;
        ServerReply::bytes("application/scim+json", pages.get(at).cloned().unwrap_or_default())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let database = BenchDatabase::sqlite(folder.path());
    database.make();
    let url = server.url("/scim/v2");
    let by_pages = MeasuredProgram::new(folder.path(), "pages", BenchSource::Scim(&url), &database);
    let by_ldap = MeasuredProgram::new(folder.path(), "ldap", BenchSource::Ldap(&slapd), &database);
    let (mut through_pages, mut through_ldap) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        through_pages.push(by_pages.run(&["sync", "--dry-run"]));
        through_ldap.push(by_ldap.run(&["sync", "--dry-run"]));
    }
    let most =
        |all: &[crate::program::RunMeasurement]| all.iter().map(|took| took.memory_mib).max().unwrap_or(0);
    let time = |all: &[crate::program::RunMeasurement]| {
        median(all.iter().map(|took| took.time).collect()).as_secs_f64()
    };
    let (pages, ldap) = (most(&through_pages), most(&through_ldap));
    let verdict = if pages * 10 <= ldap * 12 { "within" } else { "ABOVE" };
    println!(
        "  dry run: {pages} MiB and {:.2} s through pages, {ldap} MiB and {:.2} s through slapd, {verdict} 20 %",
        time(&through_pages),
        time(&through_ldap)
    );
}

/// A page as a program would read it that knows no mapping.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what is not read would not be parsed")]
struct ScimListResponse {
    schemas: Vec<String>,
    total_results: u64,
    items_per_page: u64,
    #[serde(rename = "Resources")]
    resources: Vec<ScimUser>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what is not read would not be parsed")]
struct ScimUser {
    schemas: Vec<String>,
    id: String,
    external_id: String,
    user_name: String,
    active: bool,
    display_name: String,
    name: ScimName,
    title: String,
    user_type: String,
    emails: Vec<ScimEmail>,
    addresses: Vec<ScimAddress>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    enterprise: ScimEnterpriseUser,
    meta: ScimMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what is not read would not be parsed")]
struct ScimName {
    given_name: String,
    family_name: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what is not read would not be parsed")]
struct ScimEmail {
    r#type: String,
    value: String,
    primary: Option<bool>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what is not read would not be parsed")]
struct ScimAddress {
    r#type: String,
    locality: String,
    country: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what is not read would not be parsed")]
struct ScimEnterpriseUser {
    department: String,
    manager: ScimManager,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what is not read would not be parsed")]
struct ScimManager {
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what is not read would not be parsed")]
struct ScimMeta {
    resource_type: String,
    last_modified: String,
    version: String,
}

/// Parses every page, and keeps them all.
fn parsed(pages: &[Vec<u8>]) -> Vec<ScimListResponse> {
    pages.iter().map(|page| serde_json::from_slice(page).expect("a page")).collect()
}

fn mapped(config: &Config, pages: &[Vec<u8>]) -> PeopleTable {
    let connector = &config.connectors[0];
    let Read::Api(settings) = &connector.source else { panic!("SCIM is an API") };
    let pages = pages.iter().map(Vec::as_slice);
    api::map_pages(connector, settings, &config.attributes, pages).expect("pages of JSON")
}

/// The first plan of everybody, as a sync makes it; answers how many memberships it gives.
fn planned(config: &Config, people: PeopleTable) -> usize {
    let order = digest_order(&config.attributes);
    let mut scratch = Vec::new();
    for row in people.rows() {
        let cells = people.cells(row);
        black_box(digest(&config.attributes, &order, &people.values, cells, &mut scratch));
    }
    let holders = rustc_hash::FxHashMap::default();
    let context = MatchContext {
        known: &KnownPeople::default(),
        holders: &holders,
        match_attribute: None,
        absence: &KnownAbsence::All,
        has_left: &|_| false,
        rehired: &rustc_hash::FxHashMap::default(),
        renumbered: &rustc_hash::FxHashMap::default(),
        suspended: &rustc_hash::FxHashMap::default(),
    };
    black_box(match_people(&people, &context));
    let rows = people.rows();
    let mut population = Population::new(people);
    for row in rows {
        let learner = EvaluatedLearner {
            id: None,
            row: Some(row),
            change: PersonChange::New,
            status_before: None,
            status: LearnerStatus::Active,
            sources: 1,
            contested: false,
        };
        population.push(learner, None);
    }
    let names: Vec<RuleName> = config.rules.iter().map(|rule| rule.name.clone()).collect();
    let today = NaiveDate::from_ymd_opt(2026, 11, 28).expect("a day");
    let roll = RuleEvaluation {
        rules: &config.rules,
        population: &population,
        connectors: &[ConnectorName::new("corp")],
        today,
        interrupt: None,
        known: KnownMembers::Nothing,
    }
    .evaluate()
    .expect("an evaluation without an interrupt runs to its end");
    MembershipPlan::between(&CurrentState::default(), &roll, &names, &population).add.len()
}
