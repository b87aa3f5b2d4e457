//! Reading a file, and every way in which a file can be less than everything.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rollcall_connectors::csv::CsvSettings;
use rollcall_connectors::{Connector, ConnectorError, DirectoryReading, SourceSettings};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::people::PeopleTable;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::support::truncated_csv::truncation_error;
use crate::support::{connector, external_ids, mapping, single_attempt, with_attempts};

pub(crate) const MAPPED: &[(&str, &str)] =
    &[("id", "employee_id"), ("email", "work_email"), ("name", "full_name"), ("department", "department")];

const PEOPLE: &str = "employee_id,work_email,full_name,department\n\
                      1,ada@corp.example,Ada Lovelace,Sales\n\
                      2,grace@corp.example,\"Hopper, Grace\",HR\n\
                      3,alan@corp.example,\"Alan \"\"the\"\" Turing\",\"Research\nand more\"\n\
                      4,emmy@corp.example,Emmy Noether,Research\n";

/// A file and the connector that reads it.
pub(crate) struct CsvFixture {
    folder: TempDir,
    pub(crate) attributes: AttributeSet,
    pub(crate) connector: Connector,
}

impl CsvFixture {
    pub(crate) fn of(content: impl AsRef<[u8]>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("people.csv");
        fs::write(&path, content).expect("the file can be written");
        let (attributes, mapping) = mapping(MAPPED);
        let file = rollcall_connectors::file::FileSettings { path, ..Default::default() };
        let settings = CsvSettings { file, ..CsvSettings::default() };
        Self { folder, attributes, connector: connector(mapping, SourceSettings::Csv(settings)) }
    }

    pub(crate) fn set(mut self, change: impl FnOnce(&mut CsvSettings)) -> Self {
        match &mut self.connector.source {
            SourceSettings::Csv(settings) => change(settings),
            _ => unreachable!("made as csv"),
        }
        self
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn read(&self) -> Result<DirectoryReading, ConnectorError> {
        self.connector.read(&self.attributes, &single_attempt()).await
    }

    pub(crate) async fn people(&self) -> PeopleTable {
        self.read().await.expect("everybody").into_parts().0
    }

    pub(crate) async fn error(&self) -> ConnectorError {
        self.read().await.expect_err("not everybody")
    }

    /// The kind of the error, and its message after the file's name.
    pub(crate) async fn told(&self) -> (&'static str, String) {
        let error = self.error().await;
        let message = error.to_string();
        let (_, told) = message.split_once("people.csv`: ").expect("the file is named");
        (error.kind(), told.to_owned())
    }
}

/// Everybody's department, by id.
fn departments(people: &PeopleTable) -> Vec<(String, Vec<String>)> {
    let values =
        |row| people.values.all(people.cell(row, Attribute::DEPARTMENT)).map(str::to_owned).collect();
    people.rows().map(|row| (people.id(row).to_owned(), values(row))).collect()
}

#[tokio::test]
async fn everybody_in_the_file_is_read_quotes_and_all() {
    let drop = CsvFixture::of(PEOPLE);
    let context = single_attempt();
    let reading = drop.connector.read(&drop.attributes, &context).await.expect("everybody");
    let people = reading.people();
    assert_eq!(
        (external_ids(people), context.progress.get()),
        (["1", "2", "3", "4"].map(str::to_owned).to_vec(), 4)
    );
    assert_eq!(people.first(1, Attribute::NAME), "Hopper, Grace");
    assert_eq!(people.first(2, Attribute::NAME), "Alan \"the\" Turing");
    assert_eq!(people.first(2, Attribute::DEPARTMENT), "Research and more");
}

/// Nothing of a file outside the folder appears in an error.
#[tokio::test]
async fn link_out_of_the_folder_is_refused() {
    let drop = CsvFixture::of(PEOPLE);
    let outside = TempDir::new().expect("a folder");
    fs::write(outside.path().join("secrets"), "root:hash\n").expect("written");
    let path = drop.beside("people.csv");
    fs::remove_file(&path).expect("removed");
    std::os::unix::fs::symlink(outside.path().join("secrets"), &path).expect("a link");
    let (kind, told) = drop.told().await;
    assert_eq!(kind, "unreadable");
    assert!(told.starts_with("this is a link out of the folder `") && !told.contains("root"), "{told}");
    let inside = CsvFixture::of(PEOPLE);
    fs::rename(inside.beside("people.csv"), inside.beside("today.csv")).expect("renamed");
    std::os::unix::fs::symlink("today.csv", inside.beside("people.csv")).expect("a link");
    assert_eq!(inside.people().await.len(), 4);
}

/// A byte order mark and CRLF line breaks change nothing.
#[tokio::test]
async fn bom_and_crlf_are_accepted() {
    let plain = CsvFixture::of(PEOPLE).people().await;
    let windows = format!("\u{feff}{}", PEOPLE.replace('\n', "\r\n"));
    let marked = CsvFixture::of(windows).people().await;
    assert_eq!(external_ids(&marked), external_ids(&plain));
    assert_eq!(marked.first(0, Attribute::NAME), "Ada Lovelace");
    let quoted = format!("\u{feff}{}", PEOPLE.replacen("employee_id", "\"employee_id\"", 1));
    assert_eq!(external_ids(&CsvFixture::of(quoted).people().await), external_ids(&plain));
}

#[tokio::test]
async fn semicolons_tabs_and_bars_are_found_from_the_header() {
    for delimiter in [';', '\t', '|'] {
        let content = format!(
            "employee_id{delimiter}work_email{delimiter}full_name{delimiter}department\n\
             1{delimiter}ada@corp.example{delimiter}Lovelace, Ada{delimiter}Sales\n"
        );
        let people = CsvFixture::of(content).people().await;
        assert_eq!(people.first(0, Attribute::NAME), "Lovelace, Ada", "{delimiter:?}");
    }
    let told = CsvFixture::of(PEOPLE).set(|settings| settings.delimiter = Some(b';')).told().await;
    assert_eq!(told.0, "bad_header");
}

/// The list separator splits attribute values but never ids.
#[tokio::test]
async fn list_separator_splits_values_but_not_ids() {
    let content = "employee_id,work_email,full_name,department\nA;B,a@corp.example,Ada,Sales; HR;;Sales\n";
    let people =
        CsvFixture::of(content).set(|settings| settings.list_separator = Some(";".to_owned())).people().await;
    assert_eq!(departments(&people), [("A;B".to_owned(), vec!["HR".to_owned(), "Sales".to_owned()])]);
}

/// Each missing column is reported with the most similar column of the file.
#[tokio::test]
async fn missing_columns_suggest_nearest_column() {
    let (kind, told) = CsvFixture::of("employee_id,work_mail,name\n1,a@b,Ada\n").told().await;
    assert_eq!(kind, "bad_header");
    assert!(told.contains("`work_email` (mapped to `email`; did you mean `work_mail`?)"), "{told}");
    assert!(
        told.contains("`full_name` (mapped to `name`") && told.contains("`department` (mapped to"),
        "{told}"
    );
    assert!(told.contains("it has `employee_id`, `work_mail`, `name`"), "{told}");
}

#[tokio::test]
async fn a_column_named_twice_is_refused() {
    let (kind, told) = CsvFixture::of(PEOPLE.replacen("full_name", "work_email", 1)).told().await;
    assert_eq!((kind, told.as_str()), ("bad_header", "the header names the column `work_email` twice"));
}

/// Invalid quotes and rows of the wrong length are reported with their line.
#[tokio::test]
async fn bad_quotes_and_ragged_rows_report_line() {
    for (from, to, expected) in [
        ("Ada Lovelace", "Ada \"Lovelace\"", "line 2: quote inside an unquoted field"),
        ("\"Hopper, Grace\"", "\"Hopper\", Grace\"", "line 3: quote inside an unquoted field"),
        ("Emmy Noether", "\"Emmy Noether", "line 6: the quote that starts here is not closed"),
        ("Emmy Noether", "Emmy Noether,Erlangen", "line 6 has 5 fields, but the header has 4"),
        ("grace@corp.example,", "", "line 3 has 3 fields, but the header has 4"),
    ] {
        let (kind, told) = CsvFixture::of(PEOPLE.replacen(from, to, 1)).told().await;
        assert_eq!(kind, "bad_file", "{told}");
        assert!(told.starts_with(expected), "{told}");
    }
}

/// Invalid UTF-8 is reported with its line, even in a column that is not mapped.
#[tokio::test]
async fn invalid_utf8_reports_line_even_in_unmapped_column() {
    let mut content = b"employee_id,work_email,full_name,department,city\n1,a@b,Ada,Sales,Bonn\n".to_vec();
    content.extend_from_slice(b"2,c@d,Emmy,HR,M\xfcnchen\n");
    assert_eq!(CsvFixture::of(content).told().await, ("bad_file", "line 3 is not UTF-8".to_owned()));
}

/// A file truncated at any byte of its last two lines does not give a reading.
#[tokio::test]
async fn file_truncated_at_any_byte_is_not_a_reading() {
    let ends: Vec<usize> = PEOPLE.match_indices('\n').map(|(at, _)| at + 1).collect();
    // The record of three lines and the last one.
    let from = ends[2];
    let mut whole_lines = 0;
    for position in from..PEOPLE.len() {
        let outcome = CsvFixture::of(&PEOPLE[..position]).read().await;
        // Cut between two rows, only a proof from outside can tell, see below.
        let expected = truncation_error(&PEOPLE.as_bytes()[..position], MAPPED.len());
        assert_eq!(outcome.err().map(|error| error.kind()), expected, "cut at {position}");
        whole_lines += usize::from(expected.is_none());
    }
    assert_eq!(whole_lines, 2);
}

fn sha256(content: &str) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// With a digest, a file truncated at any line or changed anywhere does not give a reading.
#[tokio::test]
async fn digest_rejects_truncated_or_changed_file() {
    let digest = format!("{}  people.csv\n", sha256(PEOPLE));
    let outcome = async |content: &str| {
        let drop = CsvFixture::of(content);
        let beside = drop.beside("people.csv.sha256");
        fs::write(&beside, &digest).expect("the digest can be written");
        drop.set(|settings| settings.file.sha256_file = Some(beside)).read().await.map(|_| ())
    };
    outcome(PEOPLE).await.expect("the whole file");
    for (at, _) in PEOPLE.match_indices('\n').filter(|(at, _)| at + 1 < PEOPLE.len()) {
        let error = outcome(&PEOPLE[..=at]).await.expect_err("lines are missing");
        let kind = truncation_error(&PEOPLE.as_bytes()[..=at], MAPPED.len()).unwrap_or("incomplete");
        assert_eq!(error.kind(), kind, "{error}");
    }
    let changed = outcome(&PEOPLE.replace("Sales", "Sells")).await.expect_err("changed");
    assert!(changed.to_string().contains("SHA-256"), "{changed}");
}

/// A missing or invalid digest fails the reading.
#[tokio::test]
async fn missing_or_invalid_digest_fails() {
    let drop = CsvFixture::of(PEOPLE);
    let beside = drop.beside("people.csv.sha256");
    let drop = drop.set(|settings| settings.file.sha256_file = Some(beside.clone()));
    assert_eq!(drop.told().await.0, "incomplete");
    fs::write(&beside, "people.csv: OK\n").expect("the file can be written");
    assert!(drop.told().await.1.contains("contains no SHA-256"));
}

/// An empty file, or a file with a header only, fails the reading.
#[tokio::test]
async fn empty_file_or_header_only_fails() {
    let header = PEOPLE.split_inclusive('\n').next().expect("a header");
    assert_eq!(CsvFixture::of("").told().await, ("incomplete", "the file is empty".to_owned()));
    assert_eq!(CsvFixture::of(header).told().await.0, "incomplete");
    let allowed = CsvFixture::of(header).set(|settings| settings.file.min_rows = Some(0));
    assert_eq!(allowed.people().await.len(), 0);
    assert_eq!(CsvFixture::of(header.trim_end()).told().await.0, "incomplete");
}

/// A file with fewer rows than the configured minimum fails the reading.
#[tokio::test]
async fn file_below_min_rows_fails() {
    let wanting = |rows| CsvFixture::of(PEOPLE).set(|settings| settings.file.min_rows = Some(rows));
    assert_eq!(wanting(4).people().await.len(), 4);
    let told = wanting(5).told().await;
    assert_eq!(told, ("incomplete", "the file has 4 rows, but `min_rows` is 5".to_owned()));
}

/// A file older than the maximum age is refused.
#[tokio::test]
async fn file_older_than_max_age_refused() {
    let drop = CsvFixture::of(PEOPLE).set(|settings| settings.file.max_age = Some(Duration::from_hours(26)));
    assert_eq!(drop.people().await.len(), 4);
    let file = File::options().write(true).open(drop.beside("people.csv")).expect("the file");
    file.set_modified(SystemTime::now() - Duration::from_hours(30)).expect("a time");
    let told = drop.told().await;
    assert_eq!(
        told,
        ("too_old", "the file is too old: it was written 30 h ago, and `max_age` is 26 h".to_owned())
    );
}

/// A file is read only if its done file exists and is not older.
#[tokio::test]
async fn file_requires_current_done_file() {
    let drop = CsvFixture::of(PEOPLE);
    let done = drop.beside("people.done");
    let drop = drop.set(|settings| settings.file.done_file = Some(done.clone()));
    let error = drop.error().await;
    assert_eq!((error.kind(), error.is_transient()), ("incomplete", true));
    let written = File::create(&done).expect("the done file");
    assert_eq!(drop.people().await.len(), 4);
    written.set_modified(SystemTime::now() - Duration::from_mins(1)).expect("a time");
    assert!(drop.told().await.1.contains("older than the file"));
}

/// An error names the path if the file is missing or is not a file.
#[tokio::test]
async fn missing_file_or_directory_is_named() {
    let drop = CsvFixture::of(PEOPLE);
    let folder = drop.beside("people.csv");
    fs::remove_file(&folder).expect("removed");
    assert_eq!(drop.told().await, ("unreadable", "the file could not be read".to_owned()));
    fs::create_dir(&folder).expect("a folder");
    assert_eq!(drop.told().await, ("unreadable", "this is not a regular file".to_owned()));
}

/// A file of many rows, and what happens to it once some of them have been read.
async fn disturbed(happens: impl FnOnce(&CsvFixture, File)) -> ConnectorError {
    let row = |id: usize| format!("{id},p{id}@corp.example,Person {id},Sales\n");
    let content: String =
        PEOPLE.split_inclusive('\n').take(1).map(str::to_owned).chain((0..60_000).map(row)).collect();
    let drop = CsvFixture::of(&content);
    let context = single_attempt();
    let file = File::options().append(true).open(drop.beside("people.csv")).expect("the file");
    let writer = async {
        while context.progress.get() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(context.progress.get() < 60_000, "the file was read before it could be disturbed");
        happens(&drop, file);
    };
    let (outcome, ()) = tokio::join!(drop.connector.read(&drop.attributes, &context), writer);
    outcome.expect_err("disturbed")
}

/// A file that is written, touched, truncated or replaced during reading does not give a reading.
#[tokio::test]
async fn file_changed_while_reading_is_not_a_reading() {
    let errors = [
        disturbed(|_, mut file| file.write_all(b"x,x@corp.example,X,Sales\n").expect("written")).await,
        disturbed(|_, mut file| file.write_all(b"x,x@cor").expect("written")).await,
        disturbed(|_, file| file.set_modified(SystemTime::UNIX_EPOCH).expect("touched")).await,
        disturbed(|_, file| file.set_len(file.metadata().expect("a size").len() / 2).expect("cut")).await,
        disturbed(|drop, _| {
            fs::write(drop.beside("next.csv"), PEOPLE).expect("written");
            fs::rename(drop.beside("next.csv"), drop.beside("people.csv")).expect("replaced");
        })
        .await,
        disturbed(|drop, _| fs::remove_file(drop.beside("people.csv")).expect("removed")).await,
    ];
    for error in errors {
        assert!(error.to_string().ends_with("the file changed while it was read"), "{error}");
        assert_eq!((error.kind(), error.is_transient()), ("incomplete", true));
    }
}

#[tokio::test]
async fn a_cancelled_reading_ends() {
    let drop = CsvFixture::of(PEOPLE);
    let context = single_attempt();
    context.cancel.cancel();
    let error = drop.connector.read(&drop.attributes, &context).await.expect_err("cancelled");
    assert_eq!(error.kind(), "cancelled");
}

/// A file that is completed in time is read on the second attempt.
#[tokio::test]
async fn unfinished_file_is_read_on_retry() {
    let drop = CsvFixture::of("");
    let context = with_attempts(3);
    let finish = async {
        tokio::task::yield_now().await;
        fs::write(drop.beside("people.csv"), PEOPLE).expect("finished");
    };
    let (outcome, ()) = tokio::join!(drop.connector.read(&drop.attributes, &context), finish);
    assert_eq!(outcome.expect("read").people().len(), 4);
}

#[tokio::test]
async fn one_person_is_found_by_address_whatever_the_case() {
    let drop = CsvFixture::of(PEOPLE);
    let found =
        drop.connector.find("GRACE@corp.example ", &drop.attributes, &single_attempt()).await.expect("asked");
    assert_eq!((external_ids(&found), found.first(0, Attribute::DEPARTMENT)), (vec!["2".to_owned()], "HR"));
    let found =
        drop.connector.find("nobody@corp.example", &drop.attributes, &single_attempt()).await.expect("asked");
    assert!(found.is_empty());
}

/// `check` shows each step and stops at the first one that fails.
#[tokio::test]
async fn check_stops_at_first_failing_step() {
    let walk = async |drop: CsvFixture| {
        let steps = drop.connector.check(&drop.attributes, &single_attempt()).await;
        (steps.iter().map(|step| (step.name, step.outcome.is_ok())).collect::<Vec<_>>(), steps)
    };
    let (names, steps) = walk(CsvFixture::of(PEOPLE)).await;
    assert_eq!(names, [("open", true), ("columns", true), ("read", true), ("attributes", true)]);
    let words = steps[3].outcome.as_ref().expect("it works");
    assert!(words.contains("of 4 people: id 4") && words.contains("`1` Ada Lovelace"), "{words}");
    assert_eq!(walk(CsvFixture::of("")).await.0, [("open", false)]);
    assert_eq!(walk(CsvFixture::of("a,b\n1,2\n")).await.0, [("open", true), ("columns", false)]);
    let cut = CsvFixture::of(PEOPLE.trim_end());
    assert_eq!(walk(cut).await.0, [("open", true), ("columns", true), ("read", false)]);
}
