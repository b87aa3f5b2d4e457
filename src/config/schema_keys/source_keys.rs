//! Keys of APIs, databases and files: requests, queries, responses and formats.

use crate::connector_kinds::{CSV, FILE, HTTP, HTTP_JSON_KINDS, JSON_FILE, LIST_KINDS, SQL};
use crate::key_spec::KeySpec;
use crate::value_type::ValueType::{Duration, Number, Secret, Size, Text, Texts};
use crate::value_type::{COUNT, EXPRESSION, TEXT};

pub(super) static SOURCE_KEYS: &[KeySpec] = &[
    KeySpec::new(
        "connector",
        "requests_per_second",
        Number { least: 1, most: 1_000 },
        "5",
        "The maximum number of requests per second; the default is the limit of the API.",
    )
    .only_for(HTTP),
    KeySpec::new("connector", "max_answer", Size, r#""64MiB""#, "The maximum size of a response.")
        .only_for(HTTP),
    KeySpec::new(
        "connector",
        "database_url",
        Secret,
        r#""postgres://reader:password@hr.corp.example/hr""#,
        "The URL of the source database, `postgres://…` or `sqlite://FILE`.",
    )
    .only_for(SQL),
    KeySpec::new(
        "connector",
        "database_url_file",
        TEXT,
        r#""secrets/hr-db""#,
        "A file that contains the URL of the source database.",
    )
    .only_for(SQL),
    KeySpec::new(
        "connector",
        "database_url_env",
        TEXT,
        r#""HR_DB""#,
        "An environment variable that contains the URL of the source database.",
    )
    .only_for(SQL),
    KeySpec::new(
        "connector",
        "count_query",
        EXPRESSION,
        r#""SELECT count(*) FROM people""#,
        "A query that returns the number of rows; it proves that the reading is complete.",
    )
    .only_for(SQL),
    KeySpec::new(
        "connector",
        "customer",
        Text { most: 100 },
        r#""my_customer""#,
        "The customer whose users are read.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "domain",
        Text { most: 200 },
        r#""corp.example""#,
        "Read only the users of this domain.",
    )
    .only_for(&["google"]),
    KeySpec::new(
        "connector",
        "query",
        EXPRESSION,
        r#""SELECT * FROM people""#,
        "The query that returns the people (`sql`), or a search query of the API (`google`).",
    )
    .only_for(&["google", "sql"])
    .required()
    .optional_for(&["google"]),
    KeySpec::new("connector", "dataset", Text { most: 100 }, r#""employee""#, "The dataset to read.")
        .only_for(&["bamboohr"]),
    KeySpec::new(
        "connector",
        "expand",
        TEXT,
        r#""personalInfoNav,emailNav""#,
        "Related entities to read with each person.",
    )
    .only_for(&["successfactors"]),
    KeySpec::new(
        "connector",
        "list",
        TEXT,
        r#""data.items""#,
        "The path of the list of people in a response, or in a file that is an object; `$` is the response itself.",
    )
    .only_for(LIST_KINDS)
    .required()
    .optional_for(JSON_FILE),
    KeySpec::new(
        "connector",
        "total",
        TEXT,
        r#""meta.total""#,
        "The path of the total number of people in a response.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "paging",
        Text { most: 20 },
        r#""cursor""#,
        "The paging method: `whole`, `link`, `next_url`, `cursor`, `page` or `offset`.",
    )
    .only_for(&["http_json", "scim", "successfactors"])
    .required()
    .optional_for(&["scim", "successfactors"]),
    KeySpec::new("connector", "next", TEXT, r#""meta.next""#, "The path of the next page's URL or cursor.")
        .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "page_param",
        Text { most: 100 },
        r#""page""#,
        "The query parameter for the cursor, page or offset.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "first_page",
        Number { least: 0, most: 1 },
        "1",
        "The number of the first page or record.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "size_param",
        Text { most: 100 },
        r#""limit""#,
        "The query parameter for the page size.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "email_url",
        TEXT,
        r#""https://hr.corp.example/api/people?mail={email}""#,
        "The URL that returns the people with one e-mail address, as a list.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "id_url",
        TEXT,
        r#""https://hr.corp.example/api/people/{id}""#,
        "The URL that returns the person with one id; status 404 means that there is none.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "record",
        TEXT,
        r#""data""#,
        "The path of the person in the response of `id_url`; the default is the whole response.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new("connector", "headers", Texts, r#"["X-Team: it"]"#, "Headers to send with every request.")
        .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "body",
        EXPRESSION,
        r#"'{"active": true}'"#,
        "A JSON body; requests use POST if it is set.",
    )
    .only_for(HTTP_JSON_KINDS),
    KeySpec::new(
        "connector",
        "path",
        TEXT,
        r#""people.csv""#,
        "The file: with a header line (RFC 4180), an array of JSON, or JSON Lines. With `*`, `?` or a date such as `%Y-%m-%d` in its name, the newest complete file.",
    )
    .only_for(FILE)
    .required(),
    KeySpec::new(
        "connector",
        "encoding",
        Text { most: 20 },
        r#""windows-1252""#,
        "The encoding of the file: `utf-8`, `utf-16` or `windows-1252`; the default is `utf-8`. A byte order mark takes precedence.",
    )
    .only_for(FILE),
    KeySpec::new("connector", "skip_lines", COUNT, "2", "The number of lines above the header line.").only_for(CSV),
    KeySpec::new(
        "connector",
        "skip_rows_after_header",
        COUNT,
        "1",
        "The number of rows below the header line that are not people, such as a second header.",
    )
    .only_for(CSV),
    KeySpec::new(
        "connector",
        "delimiter",
        Text { most: 3 },
        r#"";""#,
        "The field delimiter, one character or `tab`; if it is missing, it is detected from the header line.",
    )
    .only_for(CSV),
    KeySpec::new(
        "connector",
        "done_file",
        TEXT,
        r#""people.done""#,
        "A file that exists only when the export is complete.",
    )
    .only_for(FILE),
    KeySpec::new(
        "connector",
        "sha256_file",
        TEXT,
        r#""people.csv.sha256""#,
        "A file that contains the SHA-256 of the export, as written by `sha256sum`.",
    )
    .only_for(FILE),
    KeySpec::new(
        "connector",
        "min_rows",
        COUNT,
        "100",
        "The minimum number of rows. A file with fewer rows is rejected.",
    )
    .only_for(FILE),
    KeySpec::new(
        "connector",
        "max_age",
        Duration,
        r#""26h""#,
        "The maximum age of the file. An older file is rejected.",
    )
    .only_for(FILE),
    KeySpec::new(
        "connector",
        "list_separator",
        Text { most: 10 },
        r#""|""#,
        "The separator of several values in one field, except ids, names, addresses, dates and status; if it is missing, a field has one value.",
    )
    .only_for(CSV),
];
