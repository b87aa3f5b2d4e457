//! Lists, a page at a time.

use rollcall_model::role::Role;
use serde_json::{Value, json};

use super::ApiClient;
use crate::support::company::Company;
use crate::support::database::on_both;

/// Everything of a list, asked for in pages.
pub(super) fn all(api: &ApiClient, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after = String::new();
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = api.get(&format!("{path}{sign}limit={limit}{after}")).expect_status(200).body;
        let more = page["items"].as_array().expect("a list");
        assert!(more.len() <= limit, "{page}");
        items.extend(more.iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}

/// The pages of 120 groups list each group once.
#[test]
fn group_pages_list_each_group_once() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        company.text.push_str("[[course]]\ncode = 'A'\ntitle = 'A'\n[[course]]\ncode = 'B'\ntitle = 'B'\n");
        company.text.push_str(
            "[[assignment]]\ncourse = 'A'\ngroups = ['*']\n[[assignment]]\ncourse = 'B'\ngroups = ['*']\n",
        );
        for at in 0..120 {
            company.hire(&format!("p{at}"), &[("department", &format!("{} Team {at}", ["a", "B"][at % 2]))]);
        }
        company.head = "[safety]\nmax_new_groups = 200\n".to_owned();
        company.sync();
        company.verify();
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::LicenseHolder);
        let expected = [
            ("/groups", 120),
            ("/groups?q=team", 120),
            ("/groups?q=b+team", 60),
            ("/assignments", 240),
            ("/learners", 120),
            ("/learners?q=p1", 31),
            ("/enrollments", 240),
            ("/enrollments?course=B", 120),
            ("/enrollments?learner=p7@corp.example", 2),
            ("/courses", 2),
        ];
        for (path, count) in expected {
            let items = all(&api, path, 7);
            let mut texts: Vec<String> = items.iter().map(Value::to_string).collect();
            assert_eq!(texts.len(), count, "{path}");
            assert_eq!(
                texts,
                all(&api, path, 200).iter().map(Value::to_string).collect::<Vec<_>>(),
                "{path}"
            );
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), count, "each once: {path}");
        }
        let first = &all(&api, "/learners?q=p7", 200)[0];
        assert_eq!(first["groups"], json!(["B Team 7"]));
        let runs = all(&api, "/runs", 1);
        assert_eq!(runs.len(), usize::try_from(company.count_rows("runs")).expect("a number"));
        assert!(runs[0]["run"].as_i64() > runs[1]["run"].as_i64(), "the newest first");
        assert_eq!(all(&api, &format!("/audit?since={}", company.day(1)), 50), [Value::Null; 0]);
        site.end();
    });
}
