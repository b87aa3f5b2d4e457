//! Rows of a CSV file that are not people: second headers and totals.

use rollcall_connectors::DirectoryReading;
use rollcall_connectors::csv::CsvSettings;

use crate::csv_file::{CsvFixture, MAPPED};
use crate::support::{external_ids, mapping};

const HEADER: &str = "employee_id;work_email;full_name;department;first_day";
const PEOPLE: &str = "1;ada@corp.example;Ada;Sales;2020-01-31\r\n2;bob@corp.example;Bob;HR;2021-01-31\r\n";

fn fixture(text: &str, change: impl FnOnce(&mut CsvSettings)) -> CsvFixture {
    let mut fixture = CsvFixture::of(text).set(change);
    (fixture.attributes, fixture.connector.mapping) =
        mapping(&[MAPPED, &[("start_date", "first_day")]].concat());
    fixture
}

async fn read(text: &str, change: impl FnOnce(&mut CsvSettings)) -> DirectoryReading {
    fixture(text, change).read().await.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The places and texts of what was set aside or passed over.
fn problems(reading: &DirectoryReading) -> Vec<String> {
    let aside = reading.people().set_aside_problems();
    aside
        .chain(reading.problems().iter().cloned())
        .map(|one| format!("{} {}: {}", one.kind.as_str(), one.subject, one.message))
        .collect()
}

/// A second header with other words is no person: it is set aside with the key that skips it.
#[tokio::test]
async fn second_header_is_set_aside_with_the_key_that_skips_it() {
    for second in [
        "Mitarbeiternummer;E-Mail-Adresse;Name;Abteilung;Eintritt",
        "Matricule;Courriel;Nom;Service;Date d'entrée",
        "PERNR;USRID_LONG;ENAME;ORGEH;BEGDA_01",
        "employee_id;email_address;display_name;org_unit;hire_date",
        "Employee ID;Work Email;Name;;",
    ] {
        let text = format!("{HEADER}\r\n{second}\r\n{PEOPLE}");
        let reading = read(&text, |_| {}).await;
        assert_eq!(external_ids(reading.people()), ["1", "2"], "{second}");
        let told = problems(&reading);
        assert!(told.len() == 1 && told[0].starts_with("second_header line 2: "), "{second}: {told:?}");
        assert!(told[0].contains("`skip_rows_after_header = 1` skips it"), "{told:?}");
        let reading = read(&text, |settings| settings.skip_rows_after_header = 1).await;
        assert_eq!((external_ids(reading.people()).len(), problems(&reading)), (2, Vec::new()), "{second}");
        let two = format!("{HEADER}\r\n{second}\r\n;;;;\r\n{second}X\r\n{PEOPLE}");
        let told = problems(&read(&two, |_| {}).await);
        assert!(told[1].contains("line 4") && told[1].contains("`skip_rows_after_header = 2`"), "{told:?}");
        let reading = read(&two, |settings| settings.skip_rows_after_header = 2).await;
        assert_eq!((external_ids(reading.people()).len(), problems(&reading)), (2, Vec::new()), "{second}");
    }
}

/// If the source no longer writes its second header, the first person is not skipped in silence.
#[tokio::test]
async fn skipped_row_with_an_address_is_refused() {
    let text = format!("{HEADER}\r\n{PEOPLE}");
    let (kind, told) = fixture(&text, |settings| settings.skip_rows_after_header = 1).told().await;
    assert_eq!(kind, "bad_header");
    assert!(told.contains("line 2, which `skip_rows_after_header` skips"), "{told}");
}

/// A first person with an odd address or date stays a person.
#[tokio::test]
async fn first_person_with_odd_values_is_no_header() {
    for first in [
        "ada;n/a;Ada;Sales;2020-01-31",
        "ada;;Ada;Sales;",
        "7;no mail;Ada;Sales;unknown",
        "ADA;ada at corp;ADA;SALES;",
        "ada;ada@corp.example;Ada;Mail Room;soon",
    ] {
        let reading = read(&format!("{HEADER}\r\n{first}\r\n{PEOPLE}"), |_| {}).await;
        assert_eq!(reading.people().len(), 3, "{first}: {:?}", problems(&reading));
    }
    // Only the first rows can be headers.
    let late = format!("{HEADER}\r\n{PEOPLE}Nummer;E-Mail;Name;Abteilung;\r\n");
    assert_eq!(read(&late, |_| {}).await.people().len(), 3);
}

/// A line of totals at the end is reported and is no error; anywhere else it is one.
#[tokio::test]
async fn total_below_the_people_is_reported() {
    for total in ["Total: 2", "Summe;320", "\"Total: 1,234.50\"", "4 rows", "Total: 2\r\n\r\n;;;;"] {
        let reading = read(&format!("{HEADER}\r\n{PEOPLE}{total}\r\n"), |_| {}).await;
        assert_eq!(external_ids(reading.people()), ["1", "2"], "{total}");
        let told = problems(&reading);
        assert!(told.len() == 1 && told[0].starts_with("total_line line 4: "), "{total}: {told:?}");
    }
    for rows in
        [format!("{PEOPLE}Total: 2\r\n{PEOPLE}"), format!("{PEOPLE}320\r\n"), format!("{PEOPLE}3;ada\r\n")]
    {
        let error = CsvFixture::of(format!("{HEADER}\r\n{rows}")).error().await;
        assert!(error.to_string().contains("line 4"), "{error}");
    }
}

/// A line of totals that counts more rows than there are proves that rows are missing.
#[tokio::test]
async fn total_above_the_number_of_rows_is_refused() {
    for total in ["Total: 5", "\"Total: 1,234\"", "320 rows"] {
        let error = CsvFixture::of(format!("{HEADER}\r\n{PEOPLE}{total}\r\n")).error().await.to_string();
        assert!(error.contains("but only 2 records are above it"), "{total}: {error}");
    }
}
