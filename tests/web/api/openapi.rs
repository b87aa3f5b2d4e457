//! The document that describes the API.

use std::collections::BTreeSet;

use super::ApiClient;
use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::web::declared_routes;

/// The OpenAPI document describes all routes of the API and no others.
#[test]
fn openapi_describes_exactly_all_routes() {
    let company = Company::new(Engine::Sqlite);
    let site = company.serve();
    let document = ApiClient::anonymous(&company, &site).get("/openapi.json").expect_status(200).body;
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            described.insert((method.to_uppercase(), path.clone()));
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name.to_owned()), "two are called `{name}`");
        }
    }
    let routes = declared_routes(&company).into_iter().filter(|route| route.path.starts_with("/api/"));
    let routes: BTreeSet<_> = routes.map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(described, routes);
    // Whatever is pointed at is there.
    let text = document.to_string();
    for pointed in text.split("\"#/components/schemas/").skip(1) {
        let name = pointed.split('"').next().expect("a name");
        assert!(document["components"]["schemas"][name].is_object(), "`{name}` is not described");
    }
    site.end();
}
