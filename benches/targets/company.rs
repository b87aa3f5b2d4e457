//! A company of any size: 40 departments, 30 places, 50 roles, spread without a pattern and the same at each run.
//!
//! Its rules give about 4 memberships a person, its courses about 11 enrollments.

use std::fmt::Write;
use std::path::Path;

use crate::support::ldap_person::LdapPerson;
use crate::support::slapd::{ADMIN, SlapdServer, SlapdSetup};

/// The guard judges every plan, and what several runs of one day take away stays within its limits.
const SAFETY: &str = "[safety]\nmax_removals = \"60%\"\nmax_removals_total = 1000000\n\n";

/// Rules in the file.
pub(crate) const RULES: usize = 100;

/// The attributes that rollcall reads, and so does the floor.
pub(crate) const ATTRIBUTES: [(&str, &str); 9] = [
    ("id", "employeeNumber"),
    ("email", "mail"),
    ("name", "cn"),
    ("given_name", "givenName"),
    ("family_name", "sn"),
    ("department", "departmentNumber"),
    ("location", "l"),
    ("role", "title"),
    ("employee_type", "employeeType"),
];

/// Its people, today or tomorrow.
pub(crate) struct BenchCompany {
    people: Vec<BenchPerson>,
}

/// One of its people, and where they sit.
struct BenchPerson {
    number: usize,
    department: usize,
    place: usize,
    role: usize,
}

/// A number that looks random, the same for the same person (the finaliser of `SplitMix64`).
fn spread(person: usize) -> usize {
    let mut x = (person as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((x ^ (x >> 31)) >> 8).expect("56 bits")
}

/// Department, place and role of a person.
pub(crate) fn assign_position(person: usize) -> (usize, usize, usize) {
    let x = spread(person);
    (x % 40, x / 40 % 30, x / 1_200 % 50)
}

impl BenchCompany {
    /// So many people; tomorrow 1 % have left, 1 % are new and 1 % are in another department.
    pub(crate) fn of(size: usize, tomorrow: bool) -> Self {
        let hundredth = size / 100;
        let numbers = if tomorrow { hundredth..size + hundredth } else { 0..size };
        let people = numbers.map(|number| {
            let (department, place, role) = assign_position(number);
            let moved = tomorrow && (hundredth..2 * hundredth).contains(&number);
            let department = if moved { (department + 1) % 40 } else { department };
            BenchPerson { number, department, place, role }
        });
        Self { people: people.collect() }
    }

    /// A server that holds them.
    pub(crate) fn directory(&self) -> SlapdSetup {
        SlapdSetup::of(self.people.iter().map(BenchPerson::entry).collect())
    }

    /// The pages of a SCIM server that holds them, so many people on each.
    pub(crate) fn pages(&self, size: usize) -> Vec<Vec<u8>> {
        let page = |people: &[BenchPerson]| {
            let list: Vec<serde_json::Value> = people.iter().map(BenchPerson::scim).collect();
            let page = serde_json::json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": self.people.len(), "itemsPerPage": list.len(), "Resources": list,
            });
            page.to_string().into_bytes()
        };
        self.people.chunks(size).map(page).collect()
    }

    /// A file that holds them, with the same names for the columns as an LDAP server has.
    pub(crate) fn csv(&self) -> String {
        let mut text = ATTRIBUTES.map(|(_, source)| source).join(",");
        text.push('\n');
        for BenchPerson { number, department, place, role } in &self.people {
            writeln!(
                text,
                "p{number},p{number}@corp.example,Given{number} Family{number},Given{number},Family{number},\
                 Dept {department},City {place},Role {role},employee"
            )
            .expect("a string");
        }
        text
    }
}

impl BenchPerson {
    fn scim(&self) -> serde_json::Value {
        let Self { number, department, place, role } = self;
        serde_json::json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "id": format!("p{number}"), "externalId": format!("E{number:06}"), "userName": format!("p{number}@corp.example"),
            "active": true, "displayName": format!("Given{number} Family{number}"),
            "name": { "givenName": format!("Given{number}"), "familyName": format!("Family{number}") },
            "title": format!("Role {role}"), "userType": "employee",
            "emails": [
                { "type": "home", "value": format!("home{number}@mail.example") },
                { "type": "work", "value": format!("p{number}@corp.example"), "primary": true },
            ],
            "addresses": [{ "type": "work", "locality": format!("City {place}"), "country": "DE" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": format!("Dept {department}"), "manager": { "value": format!("p{}", number / 8) },
            },
            "meta": { "resourceType": "User", "lastModified": "2026-02-03T10:00:00Z", "version": "W/\"a1\"" },
        })
    }

    fn entry(&self) -> LdapPerson {
        let Self { number, department, place, role } = self;
        let person = LdapPerson::new(*number);
        let person =
            ["departmentNumber", "l", "title", "cn", "sn"].iter().fold(person, |one, name| one.without(name));
        person
            .with("cn", &format!("Given{number} Family{number}"))
            .with("givenName", &format!("Given{number}"))
            .with("sn", &format!("Family{number}"))
            .with("departmentNumber", &format!("Dept {department}"))
            .with("l", &format!("City {place}"))
            .with("title", &format!("Role {role}"))
            .with("employeeType", "employee")
    }
}

/// Where the people are read.
#[derive(Clone, Copy)]
pub(crate) enum BenchSource<'a> {
    /// A server.
    Ldap(&'a SlapdServer),
    /// A file.
    Csv(&'a Path),
    /// A SCIM server under this address.
    Scim(&'a str),
}

impl BenchSource<'_> {
    fn settings(self) -> String {
        match self {
            Self::Ldap(slapd) => format!(
                "kind = \"ldap\"\nurl = \"{}\"\nplaintext = true\nbind_dn = \"{}\"\nbind_password = \"{}\"\n\
                 base_dn = \"dc=corp,dc=example\"\nfilter = \"(objectClass=inetOrgPerson)\"\n",
                slapd.url(),
                ADMIN.0,
                ADMIN.1
            ),
            Self::Scim(url) => {
                format!("kind = \"scim\"\nurl = \"{url}\"\nplaintext = true\nrequests_per_second = 1000\n")
            }
            Self::Csv(path) => format!("kind = \"csv\"\npath = \"{}\"\n", path.display()),
        }
    }
}

/// The file of a company whose people are read there.
pub(crate) fn file(source: BenchSource<'_>, database: &str) -> String {
    let mut text = format!("[database]\nurl = \"{database}\"\n\n{SAFETY}[[connector]]\nname = \"corp\"\n");
    text.push_str(&source.settings());
    // SCIM has the usual mapping.
    if !matches!(source, BenchSource::Scim(_)) {
        text.push_str("[connector.attributes]\n");
        for (name, source) in ATTRIBUTES {
            writeln!(text, "{name} = \"{source}\"").expect("a string");
        }
    }
    for (name, group) in [
        ("departments", "Department: {department}"),
        ("sites", "Site: {location}"),
        ("roles", "Role: {role}"),
    ] {
        rule(&mut text, name, group, "department != \"\"");
    }
    for number in 3..RULES {
        let roles: Vec<String> =
            (0..20).map(|step| format!("\"Role {}\"", (number + step * 3) % 50)).collect();
        let when = format!("department == \"Dept {}\" && role in [{}]", number % 40, roles.join(", "));
        rule(&mut text, &format!("team-{number}"), &format!("Team {number} {{location}}"), &when);
    }
    for number in 0..12 {
        let groups = ["Department: *", "Site: *", "Role: *", "Team *"][number % 4];
        let due = ["due_days = 30", "due = \"2099-12-31\"", "due_days_after_start = 14", ""][number % 4];
        writeln!(text, "[[course]]\ncode = \"C{number}\"\ntitle = \"Course {number}\"").expect("a string");
        writeln!(text, "[[assignment]]\ncourse = \"C{number}\"\ngroups = [\"{groups}\"]\n{due}")
            .expect("a string");
    }
    text
}

fn rule(text: &mut String, name: &str, group: &str, when: &str) {
    writeln!(text, "[[rule]]\nname = \"{name}\"\ngroup = \"{group}\"\nwhen = '{when}'").expect("a string");
}
