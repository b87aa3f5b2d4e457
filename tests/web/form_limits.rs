//! Bounds of forms: their fields, the forms of sign-in, and forms that are kept while their user signs in.

use rollcall_model::resource_limits::ResourceLimit;

use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::web::{LICENSE_HOLDER, PASSWORD};

/// A form of `fields` fields in addition to those of a new course.
fn course(fields: u64) -> String {
    let rest: String = (2..fields).map(|number| format!("&x={number}")).collect();
    format!("code=GDPR-101&title=Data{rest}")
}

/// One field or byte more than the bound is refused, with and without an account.
#[test]
fn forms_are_bounded() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        let holder = site.signed_in_client(LICENSE_HOLDER).await;
        let most = ResourceLimit::FormFields.default_value();
        let refused = holder.send("/courses", &form, course(most + 1)).await;
        assert!(refused.status == 400 && refused.text.contains("at most 1000 fields"), "{refused:?}");
        assert_eq!(holder.send("/courses", &form, course(most)).await.status, 303);

        let visitor = site.anonymous_client();
        let start = format!("email={LICENSE_HOLDER}&password={}&x=", PASSWORD.replace(' ', "+"));
        let sign_in = |length: u64| {
            let length = usize::try_from(length).expect("a length");
            format!("{start}{}", "a".repeat(length - start.len()))
        };
        let most = ResourceLimit::SignInFormBytes.default_value();
        assert_eq!(visitor.send("/sign-in", &form, sign_in(most + 1)).await.status, 413);
        assert_eq!(visitor.send("/sign-in", &form, sign_in(most)).await.status, 303);
        for path in ["/sign-in/code", "/welcome/unknown"] {
            assert_eq!(visitor.send(path, &form, sign_in(most + 1)).await.status, 413, "{path}");
        }

        let most = ResourceLimit::KeptFormBytes.default_value();
        let kept =
            |length: u64| format!("name={}", "\"".repeat(usize::try_from(length).expect("a length") - 5));
        let refused = visitor.send("/groups/new", &form, kept(most + 1)).await;
        assert!(refused.status == 400 && refused.text.contains("too large to be kept"), "{}", refused.status);
        assert!(refused.text.len() < 10_000);
        let shown = visitor.send("/groups/new", &form, kept(most)).await;
        assert!(shown.status == 401 && shown.text.contains("your input is saved"));
    });
    site.end();
}

/// Large forms of many clients without an account take little memory.
#[test]
fn large_forms_of_strangers_take_little_memory() {
    let company = Company::with_license_holder(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let many = format!("email={LICENSE_HOLDER}&password=wrong+wrong+wrong&{}", "a&".repeat(500_000));
        let quotes = format!("name={}", "\"".repeat(1 << 20));
        let mut asked = tokio::task::JoinSet::new();
        for count in 0..60 {
            let visitor = site.anonymous_client();
            let (path, body) = match count % 3 {
                0 => ("/sign-in", many.clone()),
                1 => ("/sign-in/code", many.clone()),
                _ => ("/groups/new", quotes.clone()),
            };
            asked.spawn(async move {
                let form = [
                    ("content-type", "application/x-www-form-urlencoded"),
                    ("sec-fetch-site", "same-origin"),
                ];
                visitor.send(path, &form, body).await.status
            });
        }
        let statuses = asked.join_all().await;
        assert!(statuses.iter().all(|status| [400, 413].contains(status)), "{statuses:?}");
    });
    let peak = site.peak_memory();
    assert!(peak < 300 << 20, "{peak} bytes");
    site.end();
}
