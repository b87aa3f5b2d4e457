//! SCIM against a server that others wrote: `scim2-server`, filled through its own API.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_core::sync::RunOutcome;
use serde_json::{Value, json};

use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::python::PythonServer;
use crate::support::vendors::{Employee, make_employees};

const TOKEN: &str = "t0ken";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const RULES: &str = "
[[rule]]
name = 'departments'
group = 'Department: {department}'
when = 'department != \"\"'
[[rule]]
name = 'leads'
group = 'Leads in {location}'
when = 'role == \"Lead\"'
[[course]]
code = 'GDPR'
title = 'Data protection'
[[assignment]]
course = 'GDPR'
groups = ['Department: *']
";

/// What a server of this kind may be unable to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ScimFeatures {
    Everything,
    /// No filters, and pages of 50 whatever is asked for.
    Minimal,
    /// Pages by cursor only (RFC 9865).
    Cursors,
}

impl ScimFeatures {
    fn to_config(self) -> Value {
        let supported = |is: bool| json!({ "supported": is });
        let mut words = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": supported(true), "changePassword": supported(false), "sort": supported(false),
            "etag": supported(true), "filter": { "supported": self != Self::Minimal, "maxResults": 50 },
            "bulk": { "supported": true, "maxOperations": 1000, "maxPayloadSize": 1 << 20 },
        });
        match self {
            Self::Everything => words["filter"]["maxResults"] = 1000.into(),
            Self::Minimal => {}
            Self::Cursors => {
                words["pagination"] = json!({ "cursor": true, "index": false, "maxPageSize": 50 });
            }
        }
        words
    }
}

/// A running server, and the ids that it gave to people.
struct ScimServer {
    served: PythonServer,
    ids: BTreeMap<usize, String>,
}

impl ScimServer {
    fn start(able: ScimFeatures, people: &[Employee]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("able.json"), able.to_config().to_string()).expect("written");
        let words = ["--bearer-token", TOKEN, "--service-provider-config", "able.json"];
        let mut scim =
            Self { served: PythonServer::start("scim2-server", &words, folder), ids: BTreeMap::new() };
        for one in people {
            scim.add(one);
        }
        scim
    }

    fn add(&mut self, one: &Employee) {
        let user = json!({
            "schemas": [USER, ENTERPRISE], "userName": format!("login{}", one.number),
            "displayName": format!("p{}", one.number), "title": one.role, "active": one.is_employed,
            "emails": [
                { "type": "home", "value": format!("home{}@x.example", one.number) },
                { "type": "work", "value": one.email(), "primary": true },
            ],
            "addresses": [{ "type": "work", "locality": one.place }],
            ENTERPRISE: { "department": one.department },
        });
        let added = self.served.send_request("POST", "/v2/Users", TOKEN, Some(&user));
        assert_eq!(added.status, 201, "{}", added.body);
        self.ids.insert(one.number, added.body["id"].as_str().expect("an id").to_owned());
    }

    fn path(&self, number: usize) -> String {
        format!("/v2/Users/{}", self.ids[&number])
    }

    fn set_inactive(&self, number: usize) {
        let patch = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "active", "value": false }],
        });
        assert_eq!(self.served.send_request("PATCH", &self.path(number), TOKEN, Some(&patch)).status, 204);
    }

    fn delete(&self, number: usize) {
        assert_eq!(self.served.send_request("DELETE", &self.path(number), TOKEN, None).status, 204);
    }

    /// The lines of a connector that reads it.
    fn settings(&self, token: &str, more: &str) -> String {
        format!(
            "kind = 'scim'\nurl = 'http://127.0.0.1:{}/v2'\nplaintext = true\ntoken = '{token}'\n\
             requests_per_second = 1000\n{more}",
            self.served.port
        )
    }

    fn company(&self, more: &str) -> Company {
        let mut company = Company::new(Engine::Sqlite);
        company.directory("hr", &[], &self.settings(TOKEN, more));
        company.text = RULES.to_owned();
        company
    }

    /// How many lists were asked for.
    fn lists(&self) -> usize {
        self.served.lines("GET /v2/Users?").len()
    }
}

/// Asserts that just these people are at work, each in their groups, with their course.
fn assert_picture(company: &Company, people: &[Employee]) {
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in people.iter().filter(|one| one.is_employed) {
        let name = format!("p{}", one.number);
        expected.entry(format!("Department: {}", one.department)).or_default().insert(name.clone());
        if one.role == "Lead" {
            expected.entry(format!("Leads in {}", one.place)).or_default().insert(name);
        }
    }
    let found: BTreeMap<String, BTreeSet<String>> = company
        .groups()
        .into_iter()
        .map(|group| (group.clone(), company.members(&group).into_iter().collect()))
        .collect();
    assert_eq!(found, expected);
    let working = people.iter().filter(|one| one.is_employed).count();
    assert_eq!(
        company.count_rows("enrollments WHERE state = 'active'"),
        i64::try_from(working).expect("few")
    );
    company.verify();
}

/// All people of a SCIM server are read over several pages, and a second sync changes nothing.
#[test]
fn scim_server_is_read_over_several_pages() {
    let people = make_employees(130);
    let scim = ScimServer::start(ScimFeatures::Everything, &people);
    let company = scim.company("page_size = 50");
    let report = company.sync();
    assert!(matches!(report.outcome, RunOutcome::Applied), "{:?}", report.outcome);
    assert_eq!((report.counts.people_read, scim.lists()), (130, 3));
    assert_picture(&company, &people);
    assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
}

/// An inactive or deleted SCIM user leaves. The deleted one is looked up by id first.
#[test]
fn inactive_or_deleted_scim_user_leaves() {
    let mut people = make_employees(60);
    let scim = ScimServer::start(ScimFeatures::Everything, &people);
    let company = scim.company("page_size = 50");
    company.sync();
    assert_picture(&company, &people);
    scim.set_inactive(13);
    scim.delete(14);
    people[13].is_employed = false;
    people[14].is_employed = false;
    assert!(matches!(company.sync().outcome, RunOutcome::Applied));
    let asked = scim.served.lines(&format!("GET {} ", scim.path(14)));
    assert!(asked.len() == 1 && asked[0].contains(" 404 "), "{asked:?}");
    assert!(scim.served.lines(&format!("GET {} ", scim.path(13))).is_empty());
    assert_eq!((company.status("p13"), company.status("p14")), ("left".to_owned(), "left".to_owned()));
    assert_picture(&company, &people);
}

/// `--only` finds one SCIM user by a filter.
#[test]
fn only_option_finds_scim_user_by_filter() {
    let scim = ScimServer::start(ScimFeatures::Everything, &make_employees(60));
    let company = scim.company("page_size = 20");
    company.rollcall(&["sync", "--only", "P41@Corp.Example"]).expect_status(0);
    assert_eq!(scim.lists(), 1);
    assert_eq!(company.groups(), ["Department: Care", "Leads in Lyon"]);
    assert_eq!(company.members("Leads in Lyon"), ["p41"]);
    let unknown = company.rollcall(&["sync", "--only", "o'brien\"@corp.example"]).expect_status(1);
    assert!(unknown.err.contains("`o'brien\"@corp.example` was not found"), "{unknown:?}");
    assert_eq!(company.count_rows("learners"), 1);
}

/// `check` connects to a SCIM server and shows three people.
#[test]
fn check_connects_to_scim_server() {
    let scim = ScimServer::start(ScimFeatures::Everything, &make_employees(30));
    let company = scim.company("page_size = 20");
    let steps = company.json(&["check"])["connectors"][0]["steps"].clone();
    let steps: Vec<(&str, bool, &str)> = steps
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| {
            let (name, message) = (step["step"].as_str(), step["message"].as_str());
            (name.expect("a name"), step["ok"] == true, message.expect("words"))
        })
        .collect();
    let names: Vec<(&str, bool)> = steps.iter().map(|&(name, ok, _)| (name, ok)).collect();
    let expected = ["resolve", "connect", "TLS", "read", "attributes"];
    assert_eq!(names, expected.map(|name| (name, true)));
    assert_eq!(steps[3].2, "20 people on the first page");
    let (counts, shown) = steps[4].2.split_once("; the first are ").expect("people");
    assert!(counts.contains("department 20") && counts.contains("location 20"), "{counts}");
    assert_eq!(shown.split(", ").count(), 3, "{shown}");
    assert!(shown.split(", ").all(|one| scim.ids.values().any(|id| one.contains(id.as_str()))), "{shown}");
}

/// An invalid token is refused by a SCIM server, and nobody is removed.
#[test]
fn invalid_scim_token_removes_nobody() {
    let people = make_employees(30);
    let scim = ScimServer::start(ScimFeatures::Everything, &people);
    let mut company = scim.company("");
    company.sync();
    company.settings("hr", &scim.settings("wrong", ""));
    match company.run("hr", false).outcome {
        RunOutcome::Failed(error) => assert_eq!(error.kind(), "refused"),
        other => panic!("{other:?}"),
    }
    assert_picture(&company, &people);
    let said = company.rollcall(&["check"]).expect_status(1);
    assert!(said.out.contains("FAIL  read") && !said.out.contains("wrong"), "{said:?}");
}

/// A SCIM server without filters and with pages of 50 returns all people and any single person.
#[test]
fn scim_server_without_filters_gives_all_and_one() {
    let people = make_employees(130);
    let scim = ScimServer::start(ScimFeatures::Minimal, &people);
    let company = scim.company("");
    company.rollcall(&["sync", "--only", "p127@corp.example"]).expect_status(0);
    let asked = scim.served.lines("GET /v2/Users?");
    // The question that it does not know, and all pages.
    assert!(asked.len() == 4 && asked[0].contains(" 501 "), "{asked:?}");
    assert_eq!(company.members("Department: Légal"), ["p127"]);
    let report = company.sync();
    assert_eq!((report.counts.people_read, scim.lists()), (130, 7));
    assert_picture(&company, &people);
}

/// A SCIM server with cursor paging returns all people and any single person.
#[test]
fn scim_server_with_cursors_gives_all_and_one() {
    let mut people = make_employees(130);
    let scim = ScimServer::start(ScimFeatures::Cursors, &people);
    let company = scim.company("paging = 'cursor'");
    let report = company.sync();
    assert_eq!((report.counts.people_read, scim.lists()), (130, 3));
    assert_picture(&company, &people);
    scim.delete(77);
    people[77].is_employed = false;
    company.rollcall(&["sync", "--only", "p78@corp.example"]).expect_status(0);
    assert_eq!(company.status("p77"), "active");
    assert!(matches!(company.sync().outcome, RunOutcome::Applied));
    assert_picture(&company, &people);
    // Asked by number all the same, it says no, and nobody is removed.
    let mut by_number = company;
    by_number.settings("hr", &scim.settings(TOKEN, ""));
    assert!(matches!(by_number.run("hr", false).outcome, RunOutcome::Failed(_)));
    assert_picture(&by_number, &people);
}
