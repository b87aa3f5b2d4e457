//! What is wrong outside connectors. A `«` stands where each mistake is expected.

use rollcall_model::due_policy::DuePolicy;

use super::{assignment, csv, parse, rule, wrong};

/// An unknown key is refused with the nearest known key.
#[test]
fn unknown_keys_suggest_nearest_key() {
    wrong("«timezon = 'UTC'", &["did you mean `timezone`?"]);
    wrong("[safety]\n«max_removal = '5%'", &["did you mean `max_removals`?"]);
    wrong("«rules = []", &["unknown key or section `rules` | did you mean `rule`?"]);
    wrong("«concurrency = 2", &["`concurrency` belongs to `worker`"]);
    wrong("[database]\n«timezone = 'UTC'", &["belongs at the top of the file, above the first section"]);
    wrong(&csv("«base_dn = 'x'"), &["belongs to connectors of kind `ldap`"]);
    wrong(
        &csv("[connector.attributes]\nid = 'x'\npage_size = «500"),
        &["`page_size` belongs to `connector`, above the line `[connector.attributes]`"],
    );
    wrong(&csv("[connector.status]\n«gone = ['x']"), &["`connector.status` has no key `gone`"]);
}

#[test]
fn values_of_another_kind_are_refused() {
    wrong("timezone = «1", &["`timezone` should be the name of a time zone, found a whole number"]);
    wrong("timezone = «'Europe/Berln'", &["did you mean `Europe/Berlin`?"]);
    wrong("timezone = «''", &["`timezone` is empty"]);
    wrong("[worker]\nconcurrency = «'2'", &["a whole number, found text"]);
    wrong("[worker]\nconcurrency = «65", &["from 1 to 64"]);
    wrong("worker.concurrency = «0", &["from 1 to 64"]);
    wrong("[safety]\nmax_removals_total = «-1", &["from 0 to"]);
    wrong("[safety]\nmax_removals = «5", &["max_removals = \"5%\""]);
    wrong("[safety]\nmax_removals = «'5'", &["is `5`, which is not a valid percentage"]);
    wrong("[safety]\nmin_read = «'101%'", &["greater than 100 %"]);
    wrong("[web]\nlisten = «'localhost:8080'", &["127.0.0.1:8080"]);
    wrong("[web]\ntrusted_proxies = «'10.0.0.1'", &["a list of texts"]);
    wrong(
        "[web]\ntrusted_proxies = ['10.0.0.1', «'proxy.corp.example']",
        &["`proxy.corp.example` is not a valid IP address or network | write an IP address"],
    );
    wrong("[web]\nsecond_factor = [«'metrics']", &["`metrics` is not a role of accounts"]);
    wrong("[web]\npasswords = «false", &["sign-in is impossible | add `[web.sign_in]`"]);
    wrong("[web]\ntrusted_proxies = [«'0.0.0.0/0']", &["`0.0.0.0/0` contains every address"]);
    wrong("[web]\ntrusted_proxies = [«'10.0.0.1/8']", &["write the network \"10.0.0.0/8\""]);
    wrong("[database]\nmax_size = «'512M'", &["512MiB"]);
    wrong(&rule("group = «['G']\nwhen = 'true'"), &["text in quotes, found a list"]);
    wrong(&rule("group = 'G'\nwhen = 'true'\nconnectors = [«1]"), &["has an entry that should be text"]);
    wrong(&rule("group = 'G'\nwhen = 'true'\nmax_group_removals = «0.5"), &["a number with a fraction"]);
}

#[test]
fn sections_of_another_form_are_refused() {
    wrong("«[connector]\nname = 'x'", &["write it as `[[connector]]`"]);
    wrong("«[[database]]\nurl = 'x'", &["write it as `[database]`"]);
    wrong("connector = [«1]", &["`connector` should contain sections, found a whole number"]);
    wrong("web = «1", &["`web` should be a section, found a whole number"]);
}

/// A missing key is reported at the header of its section.
#[test]
fn missing_key_reported_at_section_header() {
    wrong(
        "««[[connector]]\nkind = 'csv'\n[connector.attributes]\nid = 'x'\n",
        &["`name` is missing | add a line such as name = \"corp\"", "`path` is missing"],
    );
    wrong("«[[connector]]\nname = 'a'\n[connector.attributes]\nid = 'x'\n", &["`kind` is missing"]);
    wrong("«««[[rule]]\n", &["`group` is missing", "`name` is missing", "`when` is missing"]);
    wrong("««[[course]]\n", &["`code` is missing", "`title` is missing"]);
    wrong("««[[assignment]]\n", &["`course` is missing", "`groups` is missing"]);
    wrong(
        &csv("«[connector.attributes]\nemail = 'mail'"),
        &["mapped to `id` | under `[connector.attributes]`"],
    );
}

/// A name that is used twice is refused.
#[test]
fn duplicate_names_refused() {
    let twice = csv("") + &csv("").replace("'drop'", "«'Drop'");
    wrong(&twice, &["duplicate connector `Drop` | the first one is in line 2"]);
    let lines = rule("group = 'G'\nwhen = 'true'");
    let twice = lines.clone() + &lines.replace("'r'", "«'r'");
    wrong(&twice, &["duplicate rule `r` | the first one is in line 2"]);
    let course = "[[course]]\ncode = 'A'\ntitle = 'a'\n";
    wrong(&format!("{course}{}", course.replace("'A'", "«'a '")), &["duplicate course `a `"]);
    let twice = assignment("groups = ['X', 'Y']") + &assignment("groups = ['Z', «'x']");
    wrong(&twice, &["`A` is assigned to `x` twice | the first assignment is in line 3"]);
    wrong(&lines.replace("'r'", "«'r (x)'"), &["the name of a rule must not contain parentheses"]);
}

#[test]
fn a_mistake_in_a_rule_stands_at_its_character() {
    let when = |text: &str| rule(&format!("group = 'G'\nwhen = {text}"));
    wrong(&when("'location == \"X\" && «departmnt == \"Sales\"'"), &["did you mean `department`?"]);
    wrong(&when("'''\nlocation == \"X\" &&\n  «departmnt == \"Y\"'''"), &["`departmnt`"]);
    wrong(&when("\"location == \\\"X\\\" && «departmnt == 'Y'\""), &["`departmnt`"]);
    wrong(&when("'department «= \"Sales\"'"), &["two equals signs"]);
    wrong(&when("'«department'"), &["true or false"]);
    wrong(&when("'«day_since(start_date) < 3'"), &["did you mean `days_since`?"]);
    wrong(&when("'department =='").replace("=='", "==«'"), &["ends too early"]);
    wrong(&rule("group = 'Größe {«departmnt}'\nwhen = 'true'"), &["did you mean `department`?"]);
    wrong(&rule("group = 'Dept «{department'\nwhen = 'true'"), &["unbalanced brace"]);
    wrong(
        &(csv("") + &rule("group = 'G'\nwhen = 'true'\nconnectors = ['drop', «'dorp']")),
        &["there is no connector `dorp` | did you mean `drop`?"],
    );
    wrong(&rule("group = 'G'\nwhen = 'true'\nconnectors = «[]"), &["the rule never matches"]);
}

/// A rule that exceeds a limit is refused with the limit, at its line.
#[test]
fn rule_beyond_a_limit_is_refused_with_the_limit() {
    let when = |text: &str| rule(&format!("group = 'G'\nwhen = '«{text}'"));
    let deep = format!("1{} > 0", "+1".repeat(1_400));
    wrong(&when(&deep), &["the expression is 1,402 levels deep, at most 96 are allowed"]);
    let nested = "[1].all(a, [1].all(b, [1].all(c, true)))";
    wrong(&when(nested), &["are nested 3 deep, at most 2 are allowed"]);
    let doubled = format!("[\"x\"]{}.all(a, a != \"\")", ".map(a, a + a)".repeat(26));
    wrong(&when(&doubled), &["bytes or more, at most 1,048,576 are allowed"]);
    let braces = format!("glob(department, «\"{}{}\")", "{a,".repeat(9), "}".repeat(9));
    let text = rule(&format!("group = 'G'\nwhen = 'department == \"x\" || {braces}'"));
    wrong(&text, &["9 braces nested more than 8 deep"]);
    wrong(&csv(&format!("include = '«{nested}'")), &["are nested 3 deep"]);
}

#[test]
fn an_assignment_has_one_due_date() {
    wrong(
        &assignment("groups = ['X']\ndue = '2026-12-31'\ndue_days = «3"),
        &["`due_days` contradicts `due`"],
    );
    wrong(
        &assignment("groups = ['X']\ndue_days = 3\ndue = «'2026-12-31'\ndue_days_after_start = «4"),
        &["`due` contradicts `due_days`", "`due_days_after_start` contradicts `due_days`"],
    );
    wrong(
        &assignment("groups = ['X']\ndue = «'31.12.2026'"),
        &["not a valid day | write year, month and day"],
    );
    wrong(&assignment("groups = ['X']\ndue = «2026-12-31T10:00:00Z"), &["a day without a time"]);
    wrong(&assignment("groups = ['X']\ndue_days = «-1"), &["from 0 to 3650"]);
    wrong(&assignment("groups = «[]"), &["does not name a group"]);
    let day = chrono::NaiveDate::from_ymd_opt(2026, 12, 31).expect("a day");
    for due in ["'2026-12-31'", "2026-12-31"] {
        let config = parse(&assignment(&format!("groups = ['X']\ndue = {due}"))).expect("a file");
        assert_eq!(config.assignments[0].due, DuePolicy::On(day));
        assert_eq!(config.assignments[0].late_days, 14);
    }
}

/// A TOML syntax error is reported once for each cause.
#[test]
fn toml_syntax_error_reported_once_per_cause() {
    wrong("timezone = 'UTC'\n«timezone = 'UTC'\n", &["duplicate key"]);
    wrong("timezone = 'UTC«\n[worker]\nconcurrency = «0\n", &["expected `'`", "from 1 to 64"]);
    wrong("[[rule]]\nname = 'a'\nconnectors = «[ 'x',\ngroup = 'G'\nwhen = 'true'\n", &["not closed"]);
}

/// All errors are reported at once, in the order of their lines.
#[test]
fn all_diagnostics_reported_in_line_order() {
    let text = "\
timezone = «'Europe/Berln'
[database]
«urll = 'postgres://ada:hunter2@db/rollcall'
[safety]
max_removals = «5
[[connector]]
name = 'corp'
kind = 'ldap'
schedule = «'0 2 * *'
url = «'ldap://dc1'
bind_dn = 'cn=rollcall'
bind_password_env = «'NOT_SET'
base_dn = 'dc=x'
[connector.attributes]
id = 'entryUUID'
[[rule]]
name = 'sales'
group = 'Sales {«locatoin}'
when = '«departmnt == \"Sales\"'
connectors = [«'crop']
[[assignment]]
course = 'A'
groups = ['Sales']
due_days = «-3
";
    let messages = [
        "Berlin",
        "`url`",
        "5%",
        "five fields",
        "unencrypted",
        "NOT_SET",
        "location",
        "department",
        "corp",
        "0 to",
    ];
    wrong(text, &messages);
}
