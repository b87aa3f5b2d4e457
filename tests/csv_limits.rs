//! Bounds of one record of a CSV file.

use rollcall_model::attributes::Attribute;
use rollcall_model::resource_limits::ResourceLimit;

use crate::csv_file::{CsvFixture, MAPPED};
use crate::support::mapping;

/// A row without an end is refused at its bound, and the file is not read on.
#[tokio::test]
async fn row_beyond_the_limit_is_refused() {
    let header = "employee_id,work_email,full_name,department\n";
    for row in ["9,nine@corp.example,", "9,nine@corp.example,\""] {
        let error = CsvFixture::of(format!("{header}{row}{}", "a".repeat(17 << 20))).error().await;
        assert_eq!((error.kind(), error.is_transient()), ("limit_exceeded", false), "{error}");
        let told = "the row at line 2 exceeds the limit `record_bytes` of 16,777,216 bytes";
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// Values of one attribute, parts of a record and bytes of a value are refused with the file, line and attribute, before
/// the record is kept.
#[tokio::test]
async fn values_beyond_the_limits_are_refused() {
    let header = "employee_id,work_email,full_name,location,department\n";
    let list = |values: usize| vec!["a"; values].join("|");
    let read = async |name: &str, department: &str, more: &str| {
        let location = if name == "Ada" { "Berlin" } else { name };
        let row = format!("{header}1,ada@corp.example,{name},{location},{department}{more}\n");
        let mut fixture = CsvFixture::of(row).set(|settings| {
            let separator = |attribute| (attribute, "|".to_owned());
            settings.list_separators = [Attribute::NAME, Attribute::LOCATION, Attribute::DEPARTMENT]
                .map(separator)
                .into_iter()
                .collect();
        });
        (fixture.attributes, fixture.connector.mapping) =
            mapping(&[MAPPED, &[("location", "location")]].concat());
        match fixture.read().await {
            Ok(reading) => Ok(reading.people().len()),
            Err(error) => {
                assert_eq!((error.kind(), error.is_transient()), ("limit_exceeded", false), "{error}");
                let message = error.to_string();
                assert!(message.contains("people.csv`"), "{message}");
                Err(message.replacen("connector `corp`: ", "", 1))
            }
        }
    };
    let most = ResourceLimit::AttributeValues.default_size();
    let parts = ResourceLimit::RecordParts.default_size();
    let bytes = ResourceLimit::SourceValueBytes.default_size();
    assert_eq!(read(&list(most), &list(most - 2), "").await, Ok(1));
    assert_eq!(read("Ada", &"a".repeat(bytes), "").await, Ok(1));
    let attribute = "`department` (`department` in the source)";
    let last = "`location` (`location` in the source)";
    for (read, told) in [
        (
            read("Ada", &list(most + 1), "").await,
            format!(
                "the list of values of {attribute} in line 2 exceeds the limit `attribute_values` of 100,000 values"
            ),
        ),
        (
            read(&list(most), &list(most - 1), "").await,
            format!(
                "the record, read as far as {last}, in line 2 exceeds the limit `record_parts` of 300,000 parts"
            ),
        ),
        (
            read("Ada", "Sales", &",".repeat(parts - 4)).await,
            "the row at line 2 exceeds the limit `record_parts` of 300,000 parts".to_owned(),
        ),
        (
            read("Ada", &"a".repeat(bytes + 1), "").await,
            format!(
                "a value of {attribute} in line 2 exceeds the limit `source_value_bytes` of 1,048,576 bytes"
            ),
        ),
    ] {
        let message = read.expect_err("too much");
        assert!(message.starts_with(&told), "{message}");
    }
}
