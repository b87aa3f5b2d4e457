//! The same people through every kind.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use rollcall_config::Config;
use rollcall_core::sync::RunOutcome;

use crate::support::company::{Company, run};
use crate::support::database::{Engine, TableRows};
use crate::support::ldap_person::LdapPerson;
use crate::support::samba::{self, DOMAIN};
use crate::support::slapd::{ADMIN, SlapdSetup};
use crate::support::vendors::{Employee, VENDOR_PROFILES, VendorServer, make_employees};

const RULES: &str = "
[[rule]]
name = 'departments'
group = 'Department: {department}'
when = 'department != \"\"'
[[rule]]
name = 'leads'
group = 'Leads'
when = 'role == \"Lead\" && location == \"Berlin\"'
[[rule]]
name = 'managed'
group = 'Managed'
when = 'manager == \"E0000\"'
[[course]]
code = 'GDPR'
title = 'Data protection'
[[assignment]]
course = 'GDPR'
groups = ['Department: *']
";

/// Who is in which group and who has which course, by address.
type AccessSnapshot = (TableRows, TableRows);

fn load_access(section: &str) -> AccessSnapshot {
    let company = Company::new(Engine::Sqlite);
    let text = format!("{section}\n{RULES}");
    let config =
        Config::parse(&text, Path::new("rollcall.toml"), &|_| None).unwrap_or_else(|wrong| panic!("{wrong}"));
    let report = company.runtime.block_on(run(&company.store, &config, "hr", false));
    assert!(matches!(report.outcome, RunOutcome::Applied), "{:?}\n{section}", report.outcome);
    company.drain();
    company.verify();
    let again = company.runtime.block_on(run(&company.store, &config, "hr", false));
    assert!(matches!(again.outcome, RunOutcome::Unchanged), "{:?}\n{section}", again.outcome);
    (
        company.sql(
            "SELECT g.name, l.email FROM memberships m JOIN groups g ON g.id = m.group_id
             JOIN learners l ON l.id = m.learner_id ORDER BY 1, 2",
        ),
        company.sql(
            "SELECT c.code, l.email, e.state FROM enrollments e JOIN courses c ON c.id = e.course_id
             JOIN learners l ON l.id = e.learner_id ORDER BY 1, 2",
        ),
    )
}

fn by_csv(folder: &Path, people: &[Employee]) -> AccessSnapshot {
    let mut text = "id,email,department,location,role,manager,status\n".to_owned();
    for one in people {
        let manager = one.manager_id().unwrap_or_default();
        let status = if one.is_employed { "in" } else { "out" };
        writeln!(
            text,
            "{},{},{},{},{},{manager},{status}",
            one.id(),
            one.email(),
            one.department,
            one.place,
            one.role
        )
        .expect("a string");
    }
    let path = folder.join("people.csv");
    std::fs::write(&path, text).expect("a file");
    let names = ["id", "email", "department", "location", "role", "manager", "status"];
    let columns: String = names.iter().map(|name| format!("{name} = '{name}'\n")).collect();
    load_access(&format!(
        "[[connector]]\nname = 'hr'\nkind = 'csv'\npath = '{}'\n[connector.attributes]\n{columns}\n\
         [connector.status]\nleft = ['out']",
        path.display()
    ))
}

/// The same rows as JSON Lines, and as a table.
fn by_file_and_query(folder: &Path, people: &[Employee]) -> [AccessSnapshot; 2] {
    let names = ["id", "email", "department", "location", "role", "manager", "status"];
    let columns: String = names.iter().map(|name| format!("{name} = '{name}'\n")).collect();
    let rows: Vec<[String; 7]> = people
        .iter()
        .map(|one| {
            let status = if one.is_employed { "in" } else { "out" };
            let (department, place, role) = (one.department.clone(), one.place.clone(), one.role.clone());
            [
                one.id(),
                one.email(),
                department,
                place,
                role,
                one.manager_id().unwrap_or_default(),
                status.to_owned(),
            ]
        })
        .collect();
    let lines: String = rows
        .iter()
        .map(|row| {
            let object: serde_json::Map<_, _> = names
                .iter()
                .zip(row)
                .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
                .collect();
            format!("{}\n", serde_json::Value::Object(object))
        })
        .collect();
    let path = folder.join("people.jsonl");
    std::fs::write(&path, lines).expect("a file");
    let db = folder.join("hr.db");
    let quoted: Vec<String> = rows.iter().map(|row| format!("('{}')", row.join("','"))).collect();
    let script =
        format!("CREATE TABLE hr ({});\nINSERT INTO hr VALUES {};", names.join(","), quoted.join(","));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        use sqlx::{ConnectOptions, Connection};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&db).create_if_missing(true);
        let mut connection = options.connect().await.expect("a database");
        sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut connection).await.expect("rows");
        connection.close().await.expect("closed");
    });
    let section = |kind: &str, lines: String| {
        load_access(&format!(
            "[[connector]]\nname = 'hr'\nkind = '{kind}'\n{lines}\n[connector.attributes]\n{columns}\n\
             [connector.status]\nleft = ['out']"
        ))
    };
    [
        section("json_file", format!("path = '{}'", path.display())),
        section("sql", format!("database_url = 'sqlite://{}'\nquery = 'SELECT * FROM hr'", db.display())),
    ]
}

fn by_ldap(people: &[Employee]) -> AccessSnapshot {
    let entries = people.iter().map(|one| {
        let entry = ["cn", "departmentNumber", "l", "title", "mail", "employeeNumber"]
            .iter()
            .fold(LdapPerson::new(one.number), |entry, name| entry.without(name));
        let entry = entry
            .with("cn", &one.given())
            .with("departmentNumber", &one.department)
            .with("l", &one.place)
            .with("title", &one.role)
            .with("mail", &one.email())
            .with("employeeNumber", &one.id())
            .with("employeeType", if one.is_employed { "in" } else { "out" });
        match one.manager_id() {
            Some(manager) => entry.with("description", &manager),
            None => entry,
        }
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let slapd = runtime.block_on(SlapdSetup::of(entries.collect()).start());
    load_access(&format!(
        "[[connector]]\nname = 'hr'\nkind = 'ldap'\nurl = '{}'\nplaintext = true\nbind_dn = '{}'\nbind_password = \"{}\"\n\
         base_dn = 'dc=corp,dc=example'\nfilter = '(objectClass=inetOrgPerson)'\n[connector.attributes]\n\
         id = 'employeeNumber'\nemail = 'mail'\ndepartment = 'departmentNumber'\nlocation = 'l'\nrole = 'title'\n\
         manager = 'description'\nstatus = 'employeeType'\n[connector.status]\nleft = ['out']",
        slapd.url(),
        ADMIN.0,
        ADMIN.1
    ))
}

fn by_active_directory(people: &[Employee]) -> AccessSnapshot {
    let dn = |number: usize| format!("CN={},OU=Company,{DOMAIN}", Employee::new(number).id());
    let mut orders =
        vec![samba::add(&format!("OU=Company,{DOMAIN}"), &[("objectClass", "organizationalUnit")])];
    for one in people {
        let (id, email, manager) = (one.id(), one.email(), one.manager.map(dn).unwrap_or_default());
        let mut values = vec![
            ("objectClass", "user"),
            ("sAMAccountName", &*id),
            ("employeeID", &id),
            ("mail", &email),
            ("department", &one.department),
            ("l", &one.place),
            ("title", &one.role),
            ("userAccountControl", if one.is_employed { "512" } else { "514" }),
        ];
        if !manager.is_empty() {
            values.push(("manager", &manager));
        }
        orders.push(samba::add(&dn(one.number), &values));
    }
    let domain = samba::samba();
    domain.order(&orders);
    let (reader, password) = (format!("CN=Administrator,CN=Users,{DOMAIN}"), samba::PASSWORD);
    load_access(&format!(
        "[[connector]]\nname = 'hr'\nkind = 'active_directory'\nurl = '{}'\nca_file = '{}'\nbind_dn = '{reader}'\n\
         bind_password = '{password}'\nbase_dn = 'OU=Company,{DOMAIN}'\n[connector.attributes]\nid = 'employeeID'",
        domain.tls_url(),
        domain.ca_file.display(),
    ))
}

/// A thousand people give the same groups and enrollments from every kind of source.
#[test]
fn all_sources_give_same_groups_and_enrollments() {
    let people = make_employees(1_000);
    let folder = tempfile::tempdir().expect("a folder");
    let expected = by_csv(folder.path(), &people);
    assert!(expected.0.len() > 1_800 && expected.1.len() >= 900, "{} {}", expected.0.len(), expected.1.len());
    let mut seen =
        BTreeMap::from([("ldap", by_ldap(&people)), ("active_directory", by_active_directory(&people))]);
    let [file, query] = by_file_and_query(folder.path(), &people);
    seen.extend([("json_file", file), ("sql", query)]);
    for manner in VENDOR_PROFILES {
        seen.insert(manner.kind, load_access(&VendorServer::start(manner, &people).section("hr")));
    }
    for (kind, picture) in seen {
        assert!(
            picture == expected,
            "{kind} gives another picture: {:?}",
            picture.0.iter().take(3).collect::<Vec<_>>()
        );
    }
}

/// A person who is absent from an API leaves. A failed run removes nobody.
#[test]
fn absent_person_leaves_and_failed_run_removes_nobody() {
    let manner = VENDOR_PROFILES[0];
    let system = VendorServer::start(manner, &make_employees(100));
    let company = Company::new(Engine::Sqlite);
    let text = format!("{}\n{RULES}", system.section("hr"));
    let config = Config::parse(&text, Path::new("rollcall.toml"), &|_| None).expect("a file");
    let sync = || company.runtime.block_on(run(&company.store, &config, "hr", false));
    assert!(matches!(sync().outcome, RunOutcome::Applied));
    let members = company.count_rows("memberships");
    system.server.set_transform(|request, reply| {
        if request.number("startIndex") == Some(71) { reply.status(404) } else { reply }
    });
    assert!(matches!(sync().outcome, RunOutcome::Failed(_)));
    assert_eq!(company.count_rows("memberships"), members);
    system.server.clear_transform();
    let left: Vec<Employee> =
        make_employees(100).into_iter().filter(|one| ![3, 4].contains(&one.number)).collect();
    system.set(&left);
    assert!(matches!(sync().outcome, RunOutcome::Applied));
    assert_eq!(company.status("p3"), "left");
    assert_eq!(company.status("p5"), "active");
}
