//! A sample of every error of HTTP responses.

use crate::api::unreadable_error;
use crate::http::HttpError;
use crate::json::ResponseLayout;
use crate::{ConnectorAttempt, ConnectorError};

use super::error_samples::error;

/// Every cause for a page of a list, then one cause for each other request.
pub(super) fn http_errors() -> Vec<ConnectorError> {
    let url = || "https://hr.example/users".to_owned();
    let page = ConnectorAttempt::ReadPage { page: 2, url: url() };
    let mut errors: Vec<ConnectorError> =
        http_causes().into_iter().map(|cause| error(page.clone(), cause)).collect();
    let (detail, id) = ("employments", || "4711".to_owned());
    let others = [
        (ConnectorAttempt::ReadDetailPage { page: 1, detail, id: id(), url: url() }, HttpError::NotOne),
        (ConnectorAttempt::ReadDetails { detail, id: id() }, HttpError::NoDetails),
        (ConnectorAttempt::ReadPerson { id: id() }, HttpError::NotOne),
        (ConnectorAttempt::RequestToken { url: "https://hr.example/token".to_owned() }, HttpError::NoToken),
    ];
    errors.extend(others.map(|(attempt, cause)| error(attempt, cause)));
    errors
}

fn http_causes() -> Vec<HttpError> {
    let to = || "https://login.example/".to_owned();
    let mut causes = vec![
        HttpError::Redirect { to: to() },
        HttpError::Elsewhere { to: to() },
        HttpError::TooLarge { most: 1024 },
        HttpError::NoList { place: "data.items".to_owned() },
        HttpError::NotOne,
        HttpError::PagingLoop { page: 7 },
        HttpError::TooFew { told: 221, came: 220 },
        HttpError::NoDetails,
        HttpError::NoTotal("many".to_owned()),
        HttpError::MissingTotal {
            place: "gesamt".to_owned(),
            names: vec!["anzahl_gesamt".to_owned(), "ergebnis".to_owned()],
        },
        HttpError::MissingTotal { place: "meta.total".to_owned(), names: Vec::new() },
        HttpError::NoToken,
        HttpError::TooLongAWait { seconds: 86_400 },
        HttpError::Key("signing failed".to_owned()),
    ];
    for status in [400, 401, 403, 404, 408, 409, 410, 418, 429, 503] {
        causes.push(HttpError::Status { status, said: String::new(), wait: None });
    }
    causes.push(HttpError::Status { status: 403, said: "Not Authorized".to_owned(), wait: None });
    for body in ["", "<html>", "{\"data\": [", "{\"data\": []} 2", "{\"data\": [], \"data\": []}"] {
        causes.push(unreadable_response(body.as_bytes()));
    }
    for cause in &causes {
        match cause {
            HttpError::Status { .. }
            | HttpError::Redirect { .. }
            | HttpError::Elsewhere { .. }
            | HttpError::NotJson { .. }
            | HttpError::TooLarge { .. }
            | HttpError::NoList { .. }
            | HttpError::NotOne
            | HttpError::PagingLoop { .. }
            | HttpError::TooFew { .. }
            | HttpError::NoDetails
            | HttpError::NoTotal(_)
            | HttpError::MissingTotal { .. }
            | HttpError::NoToken
            | HttpError::TooLongAWait { .. }
            | HttpError::Key(_) => (),
        }
    }
    causes
}

fn unreadable_response(body: &[u8]) -> HttpError {
    let layout = ResponseLayout { list: vec!["data".to_owned()], ..ResponseLayout::default() };
    unreadable_error(body, &layout.read_raw(body, &mut Vec::new()).expect_err("not a valid response"))
}
