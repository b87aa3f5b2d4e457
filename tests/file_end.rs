//! Files without a line break at their end: whole only by a proof of the export.

use std::fs;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::csv_file::CsvFixture;
use crate::support::external_ids;

const WHOLE: &str = "employee_id;work_email;full_name;department\n1;ada@corp.example;Ada;Sales\n\
                     2;emmy@corp.example;Emmy;Research";

/// The ends of files without a line break behind the last row, and with the Ctrl-Z of DOS.
const ENDS: [&str; 3] = ["", "\u{1a}", "\r\n\u{1a}"];

/// A digest or a file that the export creates at the end proves that a file is whole.
#[tokio::test]
async fn file_without_last_line_break_is_whole_by_its_proof() {
    for end in ENDS {
        let folder = TempDir::new().expect("a folder");
        let content = format!("{WHOLE}{end}");
        let (digest, done) = (folder.path().join("people.sha256"), folder.path().join("people.done"));
        fs::write(&digest, format!("{:x}", Sha256::digest(&content))).expect("written");
        let fixture = || CsvFixture::of(&content);
        let proven = fixture().set(|settings| settings.file.sha256_file = Some(digest.clone()));
        assert_eq!(external_ids(&proven.people().await), ["1", "2"], "{end:?}");
        let proven = fixture().set(|settings| settings.file.done_file = Some(done.clone()));
        fs::write(&done, "").expect("written");
        let people = proven.people().await;
        assert_eq!(external_ids(&people), ["1", "2"], "{end:?}");
        let department = people.first(1, rollcall_model::attributes::Attribute::DEPARTMENT);
        assert_eq!(department, "Research", "{end:?}");
    }
}

/// Without a proof such a file may be truncated: the error names what proves the end.
#[tokio::test]
async fn file_without_last_line_break_is_refused_without_proof() {
    for end in ENDS {
        let content = format!("{WHOLE}{end}");
        let fixture = CsvFixture::of(&content).set(|settings| settings.file.min_rows = Some(2));
        let error = fixture.error().await;
        assert_eq!(error.kind(), "incomplete");
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains("`sha256_file`") && hint.contains("`done_file`"), "{hint}");
        let folder = TempDir::new().expect("a folder");
        let digest = folder.path().join("people.sha256");
        fs::write(&digest, format!("{:x}", Sha256::digest(WHOLE.repeat(2)))).expect("written");
        let wrong = CsvFixture::of(&content).set(|settings| settings.file.sha256_file = Some(digest));
        assert_eq!(wrong.told().await.1, "the last line has no line break: the file is truncated");
    }
}
